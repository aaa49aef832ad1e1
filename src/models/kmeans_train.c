#include "models/kmeans_train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum { COLUMNS = 64, MAX_CLUSTERS = 1 << 20, MAX_BATCH = 1 << 24 };

s2st_kmeans_options s2st_kmeans_defaults(void)
{
	return (s2st_kmeans_options){
		.n_clusters = 100,
		.batch_size = 10000,
		.n_init = 20,
		.max_iter = 100,
		.max_no_improvement = 100,
		.fraction = 1,
	};
}

/* ---- setting up ---- */

static int check_options(const s2_kmeans_trainer *t, s2st_error *err)
{
	const s2st_kmeans_options *o = &t->opt;
	if (o->n_clusters < 1 || o->n_clusters > MAX_CLUSTERS || o->batch_size < 1 || o->batch_size > MAX_BATCH ||
	    o->n_init < 1 || o->max_iter < 1 || o->max_no_improvement < 0 || !(o->tol >= 0) ||
	    !(o->reassignment_ratio >= 0 && o->reassignment_ratio <= 1) || !(o->fraction > 0 && o->fraction <= 1))
		return s2_fail(err, S2ST_EINPUT, "k-means: an option is out of its range");
	if (t->rows.n < (size_t)o->n_clusters)
		return s2_fail(err, S2ST_EINPUT, "k-means: expected at least as many rows as clusters, %d, found %zu",
			       o->n_clusters, t->rows.n);
	return S2ST_OK;
}

static int allocate(s2_kmeans_trainer *t, s2st_error *err)
{
	const size_t n = s2_max(t->batch, t->init_size);
	size_t floats;
	if (!s2_mul(n, t->dim, &floats))
		return s2_fail_mem(err, "k-means training");
	t->sample = reallocarray(NULL, floats, sizeof *t->sample);
	t->which = reallocarray(NULL, n, sizeof *t->which);
	t->labels = reallocarray(NULL, n, sizeof *t->labels);
	t->dist = reallocarray(NULL, n, sizeof *t->dist);
	t->centroids = calloc(t->k, t->dim * sizeof *t->centroids);
	t->counts = calloc(t->k, sizeof *t->counts);
	return t->sample && t->which && t->labels && t->dist && t->centroids && t->counts
		       ? S2ST_OK
		       : s2_fail_mem(err, "k-means training");
}

static int hash_features(uint64_t *out, const char *const *files, size_t n, s2st_error *err)
{
	*out = S2ST_HASH_START;
	for (size_t i = 0; i < n; i++) {
		s2st_stamp stamp;
		S2_TRY(s2st_stamp_get(&stamp, files[i], S2ST_STAMP_SAMPLED, err));
		*out = s2st_hash(*out, &stamp.hash, sizeof stamp.hash);
	}
	return S2ST_OK;
}

int s2_kmeans_trainer_init(s2_kmeans_trainer *t, const char *const *files, size_t n, const s2st_kmeans_options *opt,
			   s2_pool *pool, const s2_kernels *kernels, s2st_error *err)
{
	*t = (s2_kmeans_trainer){.opt = *opt, .smoothed = -1, .best = INFINITY};
	S2_TRY(s2_exec_init(&t->x, pool, kernels, err));
	S2_TRY(s2_rows_open(&t->rows, files, n, err));
	S2_TRY(hash_features(&t->features, files, n, err));
	if (opt->fraction < 1)
		S2_TRY(s2_rows_draw(&t->rows, opt->seed, opt->fraction, err));
	S2_TRY(check_options(t, err));
	t->k = (size_t)opt->n_clusters;
	t->dim = t->rows.dim;
	t->batch = s2_min((size_t)opt->batch_size, t->rows.n);
	t->init_size = 3 * t->batch < t->k ? 3 * t->k : 3 * t->batch;
	t->init_size = s2_min(t->init_size, t->rows.n);
	t->n_steps = s2_max((size_t)opt->max_iter * t->rows.n / t->batch, 1);
	s2_random_seed(&t->random, opt->seed);
	return allocate(t, err);
}

void s2_kmeans_trainer_free(s2_kmeans_trainer *t)
{
	s2_rows_close(&t->rows);
	s2_exec_free(&t->x);
	free(t->sample);
	free(t->which);
	free(t->labels);
	free(t->dist);
	free(t->centroids);
	free(t->counts);
}

/* ---- rows ---- */

/* n rows drawn with replacement into t->sample. */
static void draw(s2_kmeans_trainer *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		t->which[i] = s2_random_below(&t->random, (uint32_t)t->rows.n);
	s2_rows_gather(&t->rows, t->sample, t->which, 0, n, t->x.pool);
}

int s2_kmeans_trainer_assign(s2_kmeans_trainer *t, const float *centroids, const float *rows, size_t n, double *inertia,
			     s2st_error *err)
{
	s2_mark mark = s2_arena_mark(t->x.scratch);
	float *norms;
	S2_ALLOC(norms, t->x.scratch, t->k, 1, err);
	for (size_t i = 0; i < t->k; i++) {
		double sum = 0;
		for (size_t c = 0; c < t->dim; c++)
			sum += (double)centroids[i * t->dim + c] * (double)centroids[i * t->dim + c];
		norms[i] = (float)sum;
	}
	const s2_kmeans m = {.k = t->k, .dim = t->dim, .centroids = centroids, .norms = norms};
	S2_TRY(s2_kmeans_assign(&t->x, &m, t->labels, t->dist, rows, n, err));
	s2_arena_reset(t->x.scratch, mark);
	*inertia = 0;
	for (size_t i = 0; i < n; i++)
		*inertia += (double)t->dist[i];
	return isfinite(*inertia) ? S2ST_OK
				  : s2_fail(err, S2ST_EINPUT, "the features hold values that are not finite");
}

/* The tolerance is relative to the mean variance of a column; over a sample, which is the whole where that is small. */
static void set_tolerance(s2_kmeans_trainer *t)
{
	const size_t n = t->init_size;
	double total = 0;
	for (size_t c = 0; c < t->dim; c++) {
		double sum = 0, square = 0;
		for (size_t i = 0; i < n; i++)
			sum += (double)t->sample[i * t->dim + c];
		const double mean = sum / (double)n;
		for (size_t i = 0; i < n; i++) {
			const double d = (double)t->sample[i * t->dim + c] - mean;
			square += d * d;
		}
		total += square / (double)n;
	}
	t->tol = t->opt.tol * total / (double)t->dim;
}

static int find_start(s2_kmeans_trainer *t, s2st_error *err)
{
	double least = INFINITY, inertia;
	float *valid, *trial;
	s2_mark mark = s2_arena_mark(t->x.scratch);
	S2_ALLOC(valid, t->x.scratch, t->init_size, t->dim, err);
	S2_ALLOC(trial, t->x.scratch, t->k, t->dim, err);
	draw(t, t->init_size);
	memcpy(valid, t->sample, t->init_size * t->dim * sizeof *valid);
	set_tolerance(t);
	for (int i = 0; i < t->opt.n_init; i++) {
		draw(t, t->init_size);
		S2_TRY(s2_kmeans_plusplus(t, trial, t->sample, t->init_size, err));
		S2_TRY(s2_kmeans_trainer_assign(t, trial, valid, t->init_size, &inertia, err));
		if (inertia < least) {
			least = inertia;
			memcpy(t->centroids, trial, t->k * t->dim * sizeof *trial);
		}
	}
	s2_arena_reset(t->x.scratch, mark);
	t->started = true;
	return S2ST_OK;
}

/* ---- a step ---- */

typedef struct update {
	s2_kmeans_trainer *t;
	const size_t *added; /* [k] rows of the batch */
	double *sums;        /* [k, dim] */
	double *moved;       /* [blocks] squared movement of these columns */
} update;

/* Columns of one block: the old mean weighs as many rows as made it. */
static void update_columns(void *arg, size_t block, int worker)
{
	(void)worker;
	const update *u = arg;
	s2_kmeans_trainer *t = u->t;
	const size_t from = block * COLUMNS, to = s2_min(from + COLUMNS, t->dim), dim = t->dim;
	for (size_t k = 0; k < t->k; k++)
		for (size_t c = from; c < to; c++)
			u->sums[k * dim + c] = (double)t->centroids[k * dim + c] * t->counts[k];
	for (size_t i = 0; i < t->batch; i++) {
		double *sum = u->sums + (size_t)t->labels[i] * dim;
		for (size_t c = from; c < to; c++)
			sum[c] += (double)t->sample[i * dim + c];
	}
	double moved = 0;
	for (size_t k = 0; k < t->k; k++) {
		const double weight = t->counts[k] + (double)u->added[k];
		if (u->added[k] == 0)
			continue;
		for (size_t c = from; c < to; c++) {
			const float now = (float)(u->sums[k * dim + c] / weight);
			const double d = (double)now - (double)t->centroids[k * dim + c];
			moved += d * d;
			t->centroids[k * dim + c] = now;
		}
	}
	u->moved[block] = moved;
}

static int update_centroids(s2_kmeans_trainer *t, double *moved, s2st_error *err)
{
	const size_t blocks = (t->dim + COLUMNS - 1) / COLUMNS;
	s2_mark mark = s2_arena_mark(t->x.scratch);
	size_t *added;
	update u = {.t = t};
	S2_ZALLOC(added, t->x.scratch, t->k, 1, err);
	S2_ALLOC(u.sums, t->x.scratch, t->k, t->dim, err);
	S2_ALLOC(u.moved, t->x.scratch, blocks, 1, err);
	u.added = added;
	for (size_t i = 0; i < t->batch; i++)
		added[t->labels[i]]++;
	s2_pool_run(t->x.pool, blocks, update_columns, &u);
	*moved = 0;
	for (size_t i = 0; i < blocks; i++)
		*moved += u.moved[i];
	for (size_t k = 0; k < t->k; k++)
		t->counts[k] += (double)added[k];
	s2_arena_reset(t->x.scratch, mark);
	return S2ST_OK;
}

static int by_count(const void *a, const void *b)
{
	const double x = **(const double *const *)a, y = **(const double *const *)b;
	const double *const *pa = a, *const *pb = b;
	if (x != y)
		return x < y ? -1 : 1;
	return *pa < *pb ? -1 : *pa > *pb;
}

/* Sets rarely used centroids to rows of the batch, no row twice, at most as many as half the batch. */
static int reassign(s2_kmeans_trainer *t, s2st_error *err)
{
	s2_mark mark = s2_arena_mark(t->x.scratch);
	const double **order;
	double most = 0, least = INFINITY;
	size_t n = 0;
	S2_ALLOC(order, t->x.scratch, t->k, 1, err);
	for (size_t k = 0; k < t->k; k++) {
		order[k] = &t->counts[k];
		most = fmax(most, t->counts[k]);
	}
	qsort(order, t->k, sizeof *order, by_count);
	while (n < t->k && n < t->batch / 2 && *order[n] < t->opt.reassignment_ratio * most)
		n++;
	if (n < t->k)
		least = *order[n];
	for (size_t i = 0; i < t->batch; i++) /* the first n of a shuffled batch; its labels have served */
		t->labels[i] = (int32_t)i;
	for (size_t i = 0; i < n; i++) {
		const size_t j = i + s2_random_below(&t->random, (uint32_t)(t->batch - i));
		const int32_t row = t->labels[j];
		const size_t k = (size_t)(order[i] - t->counts);
		t->labels[j] = t->labels[i];
		memcpy(t->centroids + k * t->dim, t->sample + (size_t)row * t->dim, t->dim * sizeof *t->centroids);
	}
	for (size_t i = 0; i < n; i++)
		t->counts[order[i] - t->counts] = least;
	s2_arena_reset(t->x.scratch, mark);
	return S2ST_OK;
}

/* Is it time to look for centroids that are rarely used? */
static bool is_due(s2_kmeans_trainer *t)
{
	bool empty = false;
	t->since_reassigned += t->batch;
	for (size_t k = 0; k < t->k; k++)
		empty |= t->counts[k] == 0;
	if (!empty && t->since_reassigned < 10 * t->k)
		return false;
	t->since_reassigned = 0;
	return true;
}

/* The first batch says how good the start was, not the training. */
static void note_inertia(s2_kmeans_trainer *t, double moved)
{
	if (t->step == 1)
		return;
	const double alpha = fmin(2.0 * (double)t->batch / ((double)t->rows.n + 1), 1);
	t->smoothed = t->smoothed < 0 ? t->inertia : t->smoothed * (1 - alpha) + t->inertia * alpha;
	t->no_improvement++;
	if (t->smoothed < t->best) {
		t->best = t->smoothed;
		t->no_improvement = 0;
	}
	t->ended_by_tol = t->tol > 0 && moved <= t->tol;
}

int s2_kmeans_trainer_step(s2_kmeans_trainer *t, s2st_error *err)
{
	double moved;
	if (s2_kmeans_trainer_end(t))
		return 0;
	if (!t->started)
		S2_TRY(find_start(t, err));
	draw(t, t->batch);
	S2_TRY(s2_kmeans_trainer_assign(t, t->centroids, t->sample, t->batch, &t->inertia, err));
	t->inertia /= (double)t->batch;
	const bool due = is_due(t);
	S2_TRY(update_centroids(t, &moved, err));
	if (due && t->opt.reassignment_ratio > 0)
		S2_TRY(reassign(t, err));
	t->step++;
	note_inertia(t, moved);
	return !s2_kmeans_trainer_end(t);
}

const char *s2_kmeans_trainer_end(const s2_kmeans_trainer *t)
{
	if (t->ended_by_tol)
		return "the centroids have come to rest";
	if (t->opt.max_no_improvement > 0 && t->no_improvement >= (size_t)t->opt.max_no_improvement)
		return "the inertia has stopped to fall";
	return t->step >= t->n_steps ? "all steps are done" : NULL;
}

int s2_kmeans_trainer_inertia(s2_kmeans_trainer *t, double *out, s2st_error *err)
{
	double sum = 0, part;
	for (size_t from = 0; from < t->rows.n; from += t->batch) {
		const size_t n = s2_min(t->batch, t->rows.n - from);
		s2_rows_gather(&t->rows, t->sample, NULL, from, n, t->x.pool);
		S2_TRY(s2_kmeans_trainer_assign(t, t->centroids, t->sample, n, &part, err));
		sum += part;
	}
	*out = sum / (double)t->rows.n;
	return S2ST_OK;
}
