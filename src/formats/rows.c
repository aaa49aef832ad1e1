#include "formats/rows.h"

#include "base/size.h"

enum { TASK_ROWS = 64 };

static int open_file(s2_rows *r, const char *path, s2st_error *err)
{
	s2_rows_file *f = &r->files[r->n_files];
	char shape[64];
	S2_TRY(s2_map_open(&f->map, path, err));
	r->n_files++; /* the map is closed with the rest from here on */
	S2_TRY(s2_npy_parse(&f->t, r->arena, f->map.bytes, f->map.size, f->map.path, err));
	if (f->t.rank != 2 || f->t.dims[1] == 0)
		return s2_fail(err, S2ST_EINPUT, "%s: expected rows of features [n, dim], found %s", path,
			       s2_tensor_shape_text(&f->t, shape, sizeof shape));
	if (f->t.dtype != S2_F32 && f->t.dtype != S2_F16 && f->t.dtype != S2_F64)
		return s2_fail(err, S2ST_EINPUT, "%s: expected numbers with a fraction, found %s", path,
			       s2_dtype_name(f->t.dtype));
	if (!s2_tensor_is_contiguous(&f->t))
		return s2_fail(err, S2ST_EINPUT, "%s: expected an array in C order, found Fortran order", path);
	if (r->n_files > 1 && f->t.dims[1] != r->dim)
		return s2_fail(err, S2ST_EINPUT, "%s: expected rows of %zu values as in %s, found %zu", path, r->dim,
			       r->files[0].map.path, f->t.dims[1]);
	r->dim = f->t.dims[1];
	f->first = r->n;
	if (!s2_add(r->n, f->t.dims[0], &r->n) || r->n > UINT32_MAX)
		return s2_fail(err, S2ST_EINPUT, "%s: expected at most %u rows in all", path, UINT32_MAX);
	return S2ST_OK;
}

int s2_rows_open(s2_rows *r, const char *const *paths, size_t n, s2st_error *err)
{
	*r = (s2_rows){.arena = s2_arena_new()};
	if (!r->arena)
		return s2_fail_mem(err, "feature files");
	S2_ZALLOC(r->files, r->arena, n, 1, err);
	for (size_t i = 0; i < n; i++)
		S2_TRY(open_file(r, paths[i], err));
	return r->n ? S2ST_OK
		    : s2_fail(err, S2ST_EINPUT, "%s%s: expected rows of features, found none", n ? paths[0] : "",
			      n > 1 ? " and the files after it" : "");
}

int s2_rows_draw(s2_rows *r, uint64_t seed, double fraction, s2st_error *err)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		n += s2st_is_drawn(seed, i, fraction);
	if (n == 0)
		return s2_fail(err, S2ST_EINPUT, "a fraction of %g of %zu rows: expected rows, found none", fraction,
			       r->n);
	S2_ALLOC(r->drawn, r->arena, n, 1, err);
	n = 0;
	for (size_t i = 0; i < r->n; i++)
		if (s2st_is_drawn(seed, i, fraction))
			r->drawn[n++] = (uint32_t)i;
	r->n = n;
	return S2ST_OK;
}

void s2_rows_close(s2_rows *r)
{
	for (size_t i = 0; i < r->n_files; i++)
		s2_map_close(&r->files[i].map);
	s2_arena_free(r->arena);
	*r = (s2_rows){0};
}

typedef struct gather {
	const s2_rows *r;
	float *out;
	const uint32_t *which;
	size_t first, n;
} gather;

/* The last file that starts at or before row `i`. */
static const s2_rows_file *file_of(const s2_rows *r, size_t i)
{
	size_t low = 0, high = r->n_files;
	while (high - low > 1) {
		const size_t middle = low + (high - low) / 2;
		if (r->files[middle].first <= i)
			low = middle;
		else
			high = middle;
	}
	return &r->files[low];
}

static void gather_some(void *arg, size_t block, int worker)
{
	(void)worker;
	const gather *g = arg;
	const size_t dim = g->r->dim;
	for (size_t i = block * TASK_ROWS; i < s2_min(g->n, (block + 1) * TASK_ROWS); i++) {
		const size_t number = g->which ? g->which[i] : g->first + i;
		const size_t row = g->r->drawn ? g->r->drawn[number] : number;
		const s2_rows_file *f = file_of(g->r, row);
		const size_t offset = (row - f->first) * dim * s2_dtype_size(f->t.dtype);
		s2_to_f32(g->out + i * dim, f->t.data + offset, f->t.dtype, dim);
	}
}

void s2_rows_gather(const s2_rows *r, float *out, const uint32_t *which, size_t first, size_t n, s2_pool *pool)
{
	gather g = {r, out, which, first, n};
	s2_pool_run(pool, (n + TASK_ROWS - 1) / TASK_ROWS, gather_some, &g);
}

const char *s2_rows_locate(const s2_rows *r, size_t i, size_t *at)
{
	const size_t row = r->drawn ? r->drawn[i] : i;
	const s2_rows_file *f = file_of(r, row);
	*at = row - f->first;
	return f->map.path;
}
