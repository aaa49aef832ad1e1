#include "layers/cache.h"

#include <string.h>

#include "base/size.h"
#include "math/ops.h"

enum { SWEEP = 16 }; /* steps between two searches for rows that nobody names any more */

/* ---- store ---- */

int s2_past_store_init(s2_past_store *s, size_t n_layers, size_t heads, size_t dim, s2st_error *err)
{
	*s = (s2_past_store){.memory = s2_arena_new(), .n_layers = n_layers, .heads = heads, .dim = dim};
	return s->memory ? S2ST_OK : s2_fail_mem(err, "decoder cache");
}

void s2_past_store_free(s2_past_store *s)
{
	s2_arena_free(s->memory);
	*s = (s2_past_store){0};
}

/* Room for more chunks. Called when all rows are in use, so there is nothing to copy but the chunks themselves. */
static int widen(s2_past_store *s, s2st_error *err)
{
	size_t cap = s->cap_chunks ? 2 * s->cap_chunks : 16;
	float **chunks;
	if (cap > INT32_MAX / S2_PAST_CHUNK)
		return s2_fail(err, S2ST_EMEM, "a decoder cache of %zu rows is not possible", cap * S2_PAST_CHUNK);
	S2_ALLOC(chunks, s->memory, cap, 1, err);
	S2_ALLOC(s->unused, s->memory, cap, S2_PAST_CHUNK, err);
	S2_ZALLOC(s->named, s->memory, cap, S2_PAST_CHUNK, err);
	if (s->n_chunks)
		memcpy(chunks, s->chunks, s->n_chunks * sizeof(*chunks));
	s->chunks = chunks;
	s->cap_chunks = cap;
	return 0;
}

static int grow(s2_past_store *s, s2st_error *err)
{
	size_t floats;
	if (s->n_chunks == s->cap_chunks)
		S2_TRY(widen(s, err));
	if (!s2_mul((size_t)2 * S2_PAST_CHUNK, s->dim, &floats))
		return s2_fail_mem(err, "decoder cache");
	S2_ALLOC(s->chunks[s->n_chunks], s->memory, s->n_layers, floats, err);
	s->n_chunks++;
	for (size_t i = 1; i <= S2_PAST_CHUNK; i++)
		s->unused[s->n_unused++] = (int32_t)(s->n_chunks * S2_PAST_CHUNK - i);
	return 0;
}

void s2_past_store_put(s2_past_store *s, size_t layer, int32_t row, const float *k, const float *v)
{
	const size_t plane = S2_PAST_CHUNK * s->dim, hd = s->dim / s->heads, i = (size_t)row % S2_PAST_CHUNK;
	float *to = s->chunks[(size_t)row / S2_PAST_CHUNK] + 2 * layer * plane + i * hd;
	for (size_t h = 0; h < s->heads; h++, to += S2_PAST_CHUNK * hd, k += hd, v += hd) {
		memcpy(to, k, hd * sizeof *to);
		memcpy(to + plane, v, hd * sizeof *to);
	}
}

/* ---- one sentence ---- */

int s2_cache_init(s2_cache *c, s2_past_store *store, s2_arena *a, size_t rows_cap, size_t max_steps, size_t source_len,
		  s2st_error *err)
{
	*c = (s2_cache){.store = store, .rows_cap = rows_cap, .max_steps = max_steps, .source_len = source_len};
	if (rows_cap == 0 || rows_cap > INT32_MAX)
		return s2_fail(err, S2ST_EINPUT, "a beam of %zu is not possible", rows_cap);
	S2_ALLOC(c->past, a, rows_cap, max_steps, err);
	S2_ALLOC(c->next_past, a, rows_cap, max_steps, err);
	S2_ALLOC(c->held, a, rows_cap, max_steps, err);
	if (source_len == 0)
		return 0;
	S2_ALLOC(c->cross, a, store->n_layers, 1, err);
	for (size_t i = 0; i < store->n_layers; i++) {
		S2_ALLOC(c->cross[i].k, a, source_len, store->dim, err);
		S2_ALLOC(c->cross[i].v, a, source_len, store->dim, err);
	}
	return 0;
}

void s2_cache_release(s2_cache *c)
{
	for (size_t i = 0; i < c->n_held; i++)
		c->store->unused[c->store->n_unused++] = c->held[i];
	c->n_held = 0;
}

/* Gives back what no hypothesis has in its past. */
static void sweep(s2_cache *c)
{
	s2_past_store *s = c->store;
	size_t kept = 0;
	for (size_t r = 0; r < c->rows; r++)
		for (size_t p = 0; p < c->n_steps; p++)
			s->named[c->past[r * c->max_steps + p]] = true;
	for (size_t i = 0; i < c->n_held; i++) {
		int32_t row = c->held[i];
		if (s->named[row])
			c->held[kept++] = row;
		else
			s->unused[s->n_unused++] = row;
		s->named[row] = false;
	}
	c->n_held = kept;
}

static int take_row(s2_cache *c, int32_t *row, s2st_error *err)
{
	s2_past_store *s = c->store;
	if (s->n_unused == 0)
		S2_TRY(grow(s, err));
	*row = s->unused[--s->n_unused];
	c->held[c->n_held++] = *row;
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
		int32_t *past = c->next_past + r * c->max_steps;
		memcpy(past, c->past + from * c->max_steps, c->n_steps * sizeof *past);
		S2_TRY(take_row(c, &past[c->n_steps], err));
	}
	int32_t *old = c->past;
	c->past = c->next_past;
	c->next_past = old;
	c->rows = rows;
	c->n_steps++;
	if (c->n_steps % SWEEP == 0)
		sweep(c);
	return 0;
}
