#include "layers/cache.h"

#include <string.h>

#include "base/size.h"

int s2_cache_init(s2_cache *c, s2_arena *a, size_t n_layers, size_t dim, size_t rows_cap, size_t max_steps,
		  size_t source_len, s2st_error *err)
{
	size_t step_floats;
	*c = (s2_cache){.n_layers = n_layers,
			.dim = dim,
			.rows_cap = rows_cap,
			.max_steps = max_steps,
			.source_len = source_len};
	if (rows_cap == 0 || rows_cap > INT32_MAX || !s2_mul(rows_cap, dim, &step_floats))
		return s2_fail(err, S2ST_EINPUT, "a beam of %zu is not possible", rows_cap);
	S2_ALLOC(c->slot, a, rows_cap, max_steps, err);
	S2_ALLOC(c->next_slot, a, rows_cap, max_steps, err);
	S2_ZALLOC(c->layers, a, n_layers, 1, err);
	for (size_t i = 0; i < n_layers; i++) {
		s2_layer_cache *l = &c->layers[i];
		S2_ALLOC(l->k, a, max_steps, step_floats, err);
		S2_ALLOC(l->v, a, max_steps, step_floats, err);
		if (source_len == 0)
			continue;
		S2_ALLOC(l->cross_k, a, source_len, dim, err);
		S2_ALLOC(l->cross_v, a, source_len, dim, err);
	}
	return 0;
}

int s2_cache_advance(s2_cache *c, const int32_t *parent, size_t rows, s2st_error *err)
{
	if (rows == 0 || rows > c->rows_cap || c->n_steps >= c->max_steps)
		return s2_fail(err, S2ST_EINTERNAL, "decoder step %zu of %zu rows does not fit a cache of %zu x %zu",
			       c->n_steps, rows, c->max_steps, c->rows_cap);
	for (size_t r = 0; r < rows; r++) {
		size_t from = parent ? (size_t)parent[r] : r;
		if (c->n_steps > 0 && from >= c->rows)
			return s2_fail(err, S2ST_EINTERNAL, "hypothesis %zu continues row %zu of %zu", r, from,
				       c->rows);
		int32_t *slot = c->next_slot + r * c->max_steps;
		memcpy(slot, c->slot + from * c->max_steps, c->n_steps * sizeof *slot);
		slot[c->n_steps] = (int32_t)r;
	}
	int32_t *old = c->slot;
	c->slot = c->next_slot;
	c->next_slot = old;
	c->rows = rows;
	c->n_steps++;
	return 0;
}
