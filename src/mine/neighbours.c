#include "mine/neighbours.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/size.h"
#include "math/gemm.h"

enum { TASK_ROWS = 32, TASK_COLS = 128, CHUNK = 64 };

static size_t tasks(size_t n, size_t size)
{
	return (n + size - 1) / size;
}

/* ---- rows of length 1 ------------------------------------------------------------------------------------------- */

typedef struct scaling {
	float *rows, *scale; /* of the first row at hand */
	size_t n, dim, first;
	_Atomic size_t bad; /* lowest row that is not finite */
} scaling;

static void measure_some(void *arg, size_t task, int worker)
{
	(void)worker;
	scaling *s = arg;
	for (size_t i = task * TASK_ROWS; i < s2_min(s->n, (task + 1) * TASK_ROWS); i++) {
		double square = 0;
		for (size_t j = 0; j < s->dim; j++)
			square += (double)s->rows[i * s->dim + j] * (double)s->rows[i * s->dim + j];
		s->scale[i] = square > 0 ? (float)(1 / sqrt(square)) : 0;
		size_t bad = atomic_load(&s->bad);
		while (!isfinite(square) && s->first + i < bad)
			if (atomic_compare_exchange_weak(&s->bad, &bad, s->first + i))
				break;
	}
}

int s2_row_scales(float *scale, const s2_rows *r, float *buffer, size_t block, s2_pool *pool, s2st_error *err)
{
	scaling s = {.rows = buffer, .dim = r->dim, .bad = SIZE_MAX};
	for (s.first = 0; s.first < r->n && s.bad == SIZE_MAX; s.first += block) {
		s.n = s2_min(block, r->n - s.first);
		s.scale = scale + s.first;
		s2_rows_gather(r, buffer, NULL, s.first, s.n, pool);
		s2_pool_run(pool, tasks(s.n, TASK_ROWS), measure_some, &s);
	}
	const size_t bad = s.bad;
	if (bad == SIZE_MAX)
		return S2ST_OK;
	size_t at;
	const char *name = s2_rows_locate(r, bad, &at);
	return s2_fail(err, S2ST_EINPUT, "%s: row %zu holds a value that is not finite", name, at);
}

static void scale_some(void *arg, size_t task, int worker)
{
	(void)worker;
	const scaling *s = arg;
	for (size_t i = task * TASK_ROWS; i < s2_min(s->n, (task + 1) * TASK_ROWS); i++)
		for (size_t j = 0; j < s->dim; j++)
			s->rows[i * s->dim + j] *= s->scale[i];
}

void s2_scaled_rows(float *out, const s2_rows *r, const float *scale, size_t first, size_t n, s2_pool *pool)
{
	float factors[S2_NEIGHBOURS_BLOCK];
	for (size_t from = 0; from < n; from += S2_NEIGHBOURS_BLOCK) {
		scaling s = {.rows = out + from * r->dim, .scale = factors, .dim = r->dim};
		s.n = s2_min(n - from, S2_NEIGHBOURS_BLOCK);
		memcpy(factors, scale + first + from, s.n * sizeof *factors);
		s2_rows_gather(r, s.rows, NULL, first + from, s.n, pool);
		s2_pool_run(pool, tasks(s.n, TASK_ROWS), scale_some, &s);
	}
}

/* ---- lists ------------------------------------------------------------------------------------------------------ */

int s2_neighbours_new(s2_neighbours *l, s2_arena *a, size_t n, size_t k, s2st_error *err)
{
	*l = (s2_neighbours){.n = n, .k = k};
	S2_ALLOC(l->similarity, a, n, k, err);
	S2_ALLOC(l->row, a, n, k, err);
	S2_ALLOC(l->least, a, n, 1, err);
	for (size_t i = 0; i < n * k; i++)
		l->similarity[i] = -INFINITY;
	for (size_t i = 0; i < n; i++)
		l->least[i] = -INFINITY;
	memset(l->row, 0, n * k * sizeof *l->row);
	return S2ST_OK;
}

void s2_neighbours_offer(s2_neighbours *l, size_t i, float similarity, uint32_t row)
{
	float *list = l->similarity + i * l->k;
	uint32_t *rows = l->row + i * l->k;
	size_t at = l->k - 1;
	for (; at > 0 && list[at - 1] < similarity; at--) {
		list[at] = list[at - 1];
		rows[at] = rows[at - 1];
	}
	list[at] = similarity;
	rows[at] = row;
	l->least[i] = list[l->k - 1];
}

typedef struct offers {
	s2_neighbour_search *s;
	size_t first_source, n_source, first_target, n_target;
} offers;

/* Few similarities get into a list: chunks are passed over by a comparison that the compiler turns into vectors. */
static bool any_above(const float *sim, size_t n, float least)
{
	unsigned any = 0;
	for (size_t j = 0; j < n; j++)
		any |= sim[j] > least;
	return any;
}

static bool any_above_each(const float *sim, size_t n, const float *least)
{
	unsigned any = 0;
	for (size_t j = 0; j < n; j++)
		any |= sim[j] > least[j];
	return any;
}

static void offer_targets(void *arg, size_t task, int worker)
{
	(void)worker;
	const offers *o = arg;
	s2_neighbours *l = &o->s->forward;
	for (size_t i = task * TASK_ROWS; i < s2_min(o->n_source, (task + 1) * TASK_ROWS); i++) {
		const float *sim = o->s->sim + i * o->s->block;
		const size_t row = o->first_source + i;
		for (size_t from = 0, n; from < o->n_target; from += n) {
			n = s2_min(CHUNK, o->n_target - from);
			if (!any_above(sim + from, n, l->least[row]))
				continue;
			for (size_t j = from; j < from + n; j++)
				if (sim[j] > l->least[row])
					s2_neighbours_offer(l, row, sim[j], (uint32_t)(o->first_target + j));
		}
	}
}

static void offer_sources(void *arg, size_t task, int worker)
{
	(void)worker;
	const offers *o = arg;
	s2_neighbours *l = &o->s->backward;
	const size_t end = s2_min(o->n_target, (task + 1) * TASK_COLS);
	const float *least = l->least + o->first_target;
	for (size_t i = 0; i < o->n_source; i++) {
		const float *sim = o->s->sim + i * o->s->block;
		for (size_t from = task * TASK_COLS, n; from < end; from += n) {
			n = s2_min(CHUNK, end - from);
			if (!any_above_each(sim + from, n, least + from))
				continue;
			for (size_t j = from; j < from + n; j++)
				if (sim[j] > least[j])
					s2_neighbours_offer(l, o->first_target + j, sim[j],
							    (uint32_t)(o->first_source + i));
		}
	}
}

/* ---- the search ------------------------------------------------------------------------------------------------- */

static int allocate(s2_neighbour_search *s, size_t k, s2st_error *err)
{
	const size_t n = s->source->n, m = s->target->n, dim = s->source->dim;
	s->arena = s2_arena_new();
	if (!s->arena)
		return s2_fail_mem(err, "neighbours");
	S2_ALLOC(s->source_scale, s->arena, n, 1, err);
	S2_ALLOC(s->target_scale, s->arena, m, 1, err);
	S2_ALLOC(s->source_rows, s->arena, s->block, dim, err);
	S2_ALLOC(s->target_rows, s->arena, s->block, dim, err);
	S2_ALLOC(s->sim, s->arena, s->block, s->block, err);
	S2_TRY(s2_neighbours_new(&s->forward, s->arena, n, s2_min(k, m), err));
	return s2_neighbours_new(&s->backward, s->arena, m, s2_min(k, n), err);
}

int s2_neighbours_check(const s2_rows *source, const s2_rows *target, size_t k, s2st_error *err)
{
	if (source->dim != target->dim)
		return s2_fail(err, S2ST_EINPUT, "%s: expected rows of %zu values as in %s, found %zu",
			       target->files[0].map.path, source->dim, source->files[0].map.path, target->dim);
	if (k < 1 || k > S2_NEIGHBOURS_MAX)
		return s2_fail(err, S2ST_EINPUT, "neighbours: expected 1 to %d, found %zu", S2_NEIGHBOURS_MAX, k);
	return S2ST_OK;
}

int s2_neighbours_init(s2_neighbour_search *s, const s2_exec *x, const s2_rows *source, const s2_rows *target, size_t k,
		       size_t block, s2st_error *err)
{
	*s = (s2_neighbour_search){.x = x, .source = source, .target = target};
	s->block = block ? block : S2_NEIGHBOURS_BLOCK;
	S2_TRY(s2_neighbours_check(source, target, k, err));
	S2_TRY(allocate(s, k, err));
	S2_TRY(s2_row_scales(s->source_scale, source, s->source_rows, s->block, x->pool, err));
	return s2_row_scales(s->target_scale, target, s->target_rows, s->block, x->pool, err);
}

void s2_neighbours_free(s2_neighbour_search *s)
{
	s2_arena_free(s->arena);
	*s = (s2_neighbour_search){0};
}

int s2_neighbours_step(s2_neighbour_search *s)
{
	s2_pool *pool = s->x->pool;
	const size_t dim = s->source->dim;
	offers o = {.s = s, .first_source = s->done, .n_source = s2_min(s->block, s->source->n - s->done)};
	s2_scaled_rows(s->source_rows, s->source, s->source_scale, o.first_source, o.n_source, pool);
	const s2_left left = s2_left_matrix(s->source_rows, o.n_source, dim, dim);
	const s2_right right = s2_right_f32(s->target_rows, dim);
	for (; o.first_target < s->target->n; o.first_target += o.n_target) {
		o.n_target = s2_min(s->block, s->target->n - o.first_target);
		s2_scaled_rows(s->target_rows, s->target, s->target_scale, o.first_target, o.n_target, pool);
		s2_gemm(s->x, s->sim, s->block, o.n_source, o.n_target, &left, &right, NULL);
		s2_pool_run(pool, tasks(o.n_source, TASK_ROWS), offer_targets, &o);
		s2_pool_run(pool, tasks(o.n_target, TASK_COLS), offer_sources, &o);
	}
	s->done += o.n_source;
	return s->done < s->source->n;
}
