#include "mine/indexed.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/size.h"
#include "math/gemm.h"

enum {
	BLOCK = S2_NEIGHBOURS_BLOCK,
	OVERSAMPLING = 4,    /* candidates for each neighbour */
	TRAIN_ROWS = 262144, /* at most: 1 GiB of 1024 values */
	ROWS_A_LIST = 39,    /* FAISS wants so many rows for each centroid it learns */
	PQ_ROWS = 256 * ROWS_A_LIST,
	PQ_PARTS = 64,
	MOST_CANDIDATES = S2_NEIGHBOURS_MAX * OVERSAMPLING,
};

/* ---- making an index --------------------------------------------------------------------------------------------- */

/* "IVF<lists>,PQ64": bytes for rows; of few rows, or of a width that has no 64 parts, the rows themselves. */
static void choose_type(char out[64], size_t n, size_t dim)
{
	const size_t root = (size_t)(4 * sqrt((double)n)), most = s2_min(n, TRAIN_ROWS) / ROWS_A_LIST;
	const size_t lists = s2_max(s2_min(root, most), 1);
	if (n >= PQ_ROWS && dim % PQ_PARTS == 0)
		snprintf(out, 64, "IVF%zu,PQ%d", lists, PQ_PARTS);
	else
		snprintf(out, 64, "IVF%zu,Flat", lists);
}

/* Rows spread evenly over the set. */
static int train(s2_indexed_search *s, const s2_rows *r, const float *scale, void *index, s2st_error *err)
{
	const size_t n = s2_min(r->n, TRAIN_ROWS);
	float *rows = s2_mul(n, r->dim, &(size_t){0}) ? reallocarray(NULL, n, r->dim * sizeof *rows) : NULL;
	uint32_t *which = reallocarray(NULL, n, sizeof *which);
	int rc = rows && which ? S2ST_OK : s2_fail_mem(err, "training rows");
	if (rc == S2ST_OK) {
		for (size_t i = 0; i < n; i++)
			which[i] = (uint32_t)((double)i * (double)r->n / (double)n);
		s2_rows_gather(r, rows, which, 0, n, s->x->pool);
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < r->dim; j++)
				rows[i * r->dim + j] *= scale[which[i]];
		rc = s->backend->train(index, rows, n, err);
	}
	free(rows);
	free(which);
	return rc;
}

/* The next block of rows; whose turn is after the last one: 1. */
static int add_block(s2_indexed_search *s, s2st_error *err)
{
	const int set = 1 - s->direction;
	const s2_rows *r = s->sets[set];
	const size_t n = s2_min(BLOCK, r->n - s->added);
	s2_scaled_rows(s->rows, r, s->scale[set], s->added, n, s->x->pool);
	S2_TRY(s->backend->add(s->index, s->rows, n, err));
	s->added += n;
	return s->added == r->n;
}

/* Under its name when it is whole. */
static int save(const s2_indexed_search *s, const void *index, const char *path, s2st_error *err)
{
	char *part;
	if (asprintf(&part, "%s.part", path) < 0)
		return s2_fail_mem(err, path);
	int rc = s->backend->save(index, part, err);
	if (rc == S2ST_OK && rename(part, path) != 0)
		rc = s2_fail(err, S2ST_EIO, "%s: cannot rename to it: %s", path, strerror(errno));
	if (rc < 0)
		remove(part);
	free(part);
	return rc;
}

/* An empty index that knows where its lists are. */
static int begin(s2_indexed_search *s, s2st_error *err)
{
	char usual[64];
	const int set = 1 - s->direction;
	const s2_rows *r = s->sets[set];
	choose_type(usual, r->n, r->dim);
	S2_TRY(s->backend->make(&s->index, r->dim, s->type ? s->type : usual, (int)s->x->threads, err));
	s->making = true;
	s->added = 0;
	return train(s, r, s->scale[set], s->index, err);
}

/* ---- asking it --------------------------------------------------------------------------------------------------- */

/* s->ids [n, candidates] for rows in s->rows. */
static int propose(s2_indexed_search *s, size_t n, s2st_error *err)
{
	const size_t rows = s->sets[1 - s->direction]->n;
	S2_TRY(s->backend->search(s->index, s->rows, n, s->candidates, s->probes, s->ids, err));
	for (size_t i = 0; i < n * s->candidates; i++)
		if (s->ids[i] >= (int64_t)rows)
			return s2_fail(err, S2ST_EFORMAT, "a damaged index: expected rows 0 to %zu, found %lld",
				       rows - 1, (long long)s->ids[i]);
	return S2ST_OK;
}

static float similarity(const s2_indexed_search *s, const float *row, int set, size_t other)
{
	const size_t dim = s->sets[0]->dim;
	float sum = 0;
	s2_rows_gather(s->sets[set], s->other, NULL, other, 1, NULL);
	for (size_t d = 0; d < dim; d++)
		sum += row[d] * s->other[d];
	return sum * s->scale[set][other];
}

/* An index of these very rows finds them, or their equals. */
static int check_rows(s2_indexed_search *s, s2st_error *err)
{
	enum { ASKED = 16 };
	const int set = 1 - s->direction;
	const s2_rows *r = s->sets[set];
	const size_t n = s2_min(r->n, ASKED), dim = r->dim;
	size_t found = 0;
	for (size_t i = 0; i < n; i++)
		s2_scaled_rows(s->rows + i * dim, r, s->scale[set], i * (r->n / n), 1, s->x->pool);
	S2_TRY(propose(s, n, err));
	for (size_t i = 0; i < n; i++) {
		const int64_t *ids = s->ids + i * s->candidates;
		bool is = s->scale[set][i * (r->n / n)] == 0; /* nothing is near a row of zeros */
		for (size_t j = 0; j < s->candidates && !is; j++)
			is = ids[j] >= 0 && similarity(s, s->rows + i * dim, set, (size_t)ids[j]) > 0.999f;
		found += is;
	}
	if (2 * found < n)
		return s2_fail(err, S2ST_EINPUT,
			       "expected an index of the rows of %s, found one of others; remove it to have it made "
			       "anew",
			       r->files[0].map.path);
	return S2ST_OK;
}

static int open_index(s2_indexed_search *s, const char *path, s2st_error *err)
{
	size_t n, dim;
	const s2_rows *r = s->sets[1 - s->direction];
	S2_TRY(s->backend->open(&s->index, path, (int)s->x->threads, err));
	s->backend->size(s->index, &n, &dim);
	if (n != r->n || dim != r->dim)
		return s2_fail(err, S2ST_EINPUT,
			       "expected an index of %zu rows of %zu values, found %zu of %zu; remove it to have it "
			       "made anew",
			       r->n, r->dim, n, dim);
	return check_rows(s, err);
}

static void close_index(s2_indexed_search *s)
{
	if (s->index)
		s->backend->close(s->index);
	s->index = NULL;
	s->making = false;
}

/* A step towards an open index: training one, adding a block to it, opening it. */
static int prepare(s2_indexed_search *s, const char *path, s2st_error *err)
{
	struct stat st;
	if (!s->making)
		return stat(path, &st) == 0 ? open_index(s, path, err) : begin(s, err);
	int rc = add_block(s, err);
	if (rc == 1) {
		rc = save(s, s->index, path, err);
		close_index(s);
	}
	return rc;
}

/* ---- searching --------------------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	const uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;
	return (p > q) - (p < q);
}

/* The candidates of row i of the block: by their number, as the exact search meets them, each with its similarity,
 * which has the same bytes as there (math/gemm.h). */
static void rank_row(void *arg, size_t i, int worker)
{
	s2_indexed_search *s = arg;
	const int set = 1 - s->direction;
	const size_t dim = s->sets[0]->dim;
	s2_neighbours *l = &s->lists[s->direction];
	float *other = s->other + (size_t)worker * s->candidates * dim, sim[MOST_CANDIDATES];
	uint32_t which[MOST_CANDIDATES];
	size_t n = 0;
	for (size_t j = i * s->candidates; j < (i + 1) * s->candidates; j++)
		if (s->ids[j] >= 0)
			which[n++] = (uint32_t)s->ids[j];
	if (n == 0)
		return;
	qsort(which, n, sizeof *which, by_number);
	s2_rows_gather(s->sets[set], other, which, 0, n, NULL);
	for (size_t j = 0; j < n; j++)
		for (size_t d = 0; d < dim; d++)
			other[j * dim + d] *= s->scale[set][which[j]];
	const s2_left left = s2_left_matrix(s->rows + i * dim, 1, dim, dim);
	const s2_right right = s2_right_f32(other, dim);
	s2_gemm_worker(s->x, worker, sim, n, 1, n, &left, &right, NULL);
	for (size_t j = 0; j < n; j++)
		if (sim[j] > l->least[s->done + i])
			s2_neighbours_offer(l, s->done + i, sim[j], which[j]);
}

static int search_block(s2_indexed_search *s, s2st_error *err)
{
	const s2_rows *r = s->sets[s->direction];
	const size_t n = s2_min(BLOCK, r->n - s->done);
	s2_scaled_rows(s->rows, r, s->scale[s->direction], s->done, n, s->x->pool);
	S2_TRY(propose(s, n, err));
	s2_pool_run(s->x->pool, n, rank_row, s);
	s->done += n;
	return S2ST_OK;
}

int s2_indexed_step(s2_indexed_search *s, s2st_error *err)
{
	if (s->direction == 2)
		return 0;
	const bool search = s->index && !s->making;
	char *path = s2_path_join(s->folder, s->direction ? "source.index" : "target.index");
	if (!path)
		return s2_fail_mem(err, s->folder);
	int rc = search ? search_block(s, err) : prepare(s, path, err);
	if (rc < 0)
		rc = s2_fail_prefix(err, rc, "%s", path);
	free(path);
	S2_TRY(rc);
	if (!search || s->done < s->sets[s->direction]->n)
		return 1;
	close_index(s);
	s->done = 0;
	s->direction++;
	return s->direction < 2;
}

/* ---- life cycle -------------------------------------------------------------------------------------------------- */

static int allocate(s2_indexed_search *s, size_t k, s2st_error *err)
{
	const size_t dim = s->sets[0]->dim;
	s->arena = s2_arena_new();
	if (!s->arena)
		return s2_fail_mem(err, "neighbours");
	s->candidates = s2_min(k * OVERSAMPLING, s2_max(s->sets[0]->n, s->sets[1]->n));
	S2_ALLOC(s->rows, s->arena, BLOCK, dim, err);
	S2_ALLOC(s->other, s->arena, s->x->threads * s->candidates, dim, err);
	S2_ALLOC(s->ids, s->arena, BLOCK, s->candidates, err);
	for (int i = 0; i < 2; i++) {
		S2_ALLOC(s->scale[i], s->arena, s->sets[i]->n, 1, err);
		S2_TRY(s2_neighbours_new(&s->lists[i], s->arena, s->sets[i]->n, s2_min(k, s->sets[1 - i]->n), err));
	}
	return S2ST_OK;
}

int s2_indexed_init(s2_indexed_search *s, const s2_exec *x, const s2_rows *source, const s2_rows *target, size_t k,
		    const char *folder, const char *type, int probes, s2st_error *err)
{
	*s = (s2_indexed_search){.x = x, .folder = folder, .type = type, .probes = probes, .sets = {source, target}};
	s->backend = &s2_faiss_backend;
	if (!s->backend)
		return s2_fail(err, S2ST_EINPUT,
			       "%s: this program was built without FAISS, which makes indexes: install libfaiss-dev "
			       "and build it again",
			       folder);
	S2_TRY(s2_neighbours_check(source, target, k, err));
	S2_TRY(allocate(s, k, err));
	for (int i = 0; i < 2; i++)
		S2_TRY(s2_row_scales(s->scale[i], s->sets[i], s->rows, BLOCK, x->pool, err));
	return S2ST_OK;
}

void s2_indexed_free(s2_indexed_search *s)
{
	close_index(s);
	s2_arena_free(s->arena);
	*s = (s2_indexed_search){0};
}
