#include "layers/cache.h"

#include <string.h>

#include "base/size.h"


/* ---- store ---- */

int s2_past_store_init(s2_past_store *s, size_t n_layers, size_t heads, size_t dim, s2st_error *err)
{
	*s = (s2_past_store){.memory = s2_arena_new(), .n_layers = n_layers, .heads = {heads, dim / heads}};
	s->layer_floats = s2_past_block_floats(s->heads);
	if (s->memory && s->layer_floats)
		return S2ST_OK;
	s2_past_store_free(s);
	return s2_fail_mem(err, "decoder cache");
}

void s2_past_store_free(s2_past_store *s)
{
	s2_arena_free(s->memory);
	*s = (s2_past_store){0};
}

static int make_block(s2_past_store *s, float **out, s2st_error *err)
{
	if (s->n_blocks == s->cap_unused) { /* all are in use: there is nothing to copy */
		s->cap_unused = s->cap_unused ? 2 * s->cap_unused : 16;
		S2_ALLOC(s->unused, s->memory, s->cap_unused, 1, err);
	}
	S2_ALLOC(*out, s->memory, s->n_layers, s->layer_floats, err);
	s->n_blocks++;
	return 0;
}

static int take_block(s2_past_store *s, float **out, s2st_error *err)
{
	if (s->n_unused == 0)
		return make_block(s, out, err);
	*out = s->unused[--s->n_unused];
	return 0;
}

/* ---- one sentence ---- */

int s2_cache_init(s2_cache *c, const s2_exec *x, s2_past_store *store, s2_arena *a, size_t rows_cap, size_t max_steps,
		  size_t source_len, s2st_error *err)
{
	size_t most, floats = s2_source_block_floats(x, store->heads, source_len);
	*c = (s2_cache){.store = store, .rows_cap = rows_cap, .max_steps = max_steps, .source_len = source_len};
	if (rows_cap == 0 || rows_cap > INT32_MAX)
		return s2_fail(err, S2ST_EINPUT, "a beam of %zu is not possible", rows_cap);
	if (!s2_mul(rows_cap, max_steps, &most) || most > INT32_MAX || (source_len && floats == 0))
		return s2_fail_mem(err, "decoder cache");
	S2_ALLOC(c->past, a, most, 1, err);
	S2_ALLOC(c->next_past, a, most, 1, err);
	S2_ALLOC(c->blocks, a, most / S2_PAST_SLOTS + 1, 1, err);
	S2_ALLOC(c->live, a, most / S2_PAST_SLOTS + 1, 1, err);
	if (source_len == 0)
		return 0;
	S2_ALLOC(c->cross, a, store->n_layers, 1, err);
	for (size_t i = 0; i < store->n_layers; i++)
		S2_ALLOC(c->cross[i], a, floats, 1, err);
	return 0;
}

static void give_back(s2_cache *c, size_t i)
{
	if (c->blocks[i])
		c->store->unused[c->store->n_unused++] = c->blocks[i];
	c->blocks[i] = NULL;
}

void s2_cache_release(s2_cache *c)
{
	for (size_t i = 0; i < c->n_blocks; i++)
		give_back(c, i);
	c->n_blocks = 0;
}

/* Finds out which slots the lists of `rows` hypotheses name, and gives blocks back that none does. */
static void sweep(s2_cache *c, const int32_t *past, size_t rows)
{
	memset(c->live, 0, c->n_blocks * sizeof *c->live);
	for (size_t r = 0; r < rows; r++, past += c->max_steps)
		for (size_t p = 0; p < c->n_steps; p++)
			c->live[past[p] / S2_PAST_SLOTS] |= 1u << past[p] % S2_PAST_SLOTS;
	for (size_t i = 0; i < c->n_blocks; i++)
		if (!c->live[i])
			give_back(c, i);
}

/* The first slot that is free, in a block that there is, if there is one. */
static int take_slot(s2_cache *c, int32_t *place, s2st_error *err)
{
	size_t i = 0, empty = c->n_blocks;
	for (; i < c->n_blocks && (!c->blocks[i] || c->live[i] == UINT32_MAX); i++)
		if (!c->blocks[i] && empty == c->n_blocks)
			empty = i;
	if (i == c->n_blocks) {
		i = empty;
		S2_TRY(take_block(c->store, &c->blocks[i], err));
		c->live[i] = 0;
		c->n_blocks = s2_max(c->n_blocks, i + 1);
	}
	const int slot = __builtin_ctz(~c->live[i]);
	c->live[i] |= 1u << slot;
	*place = (int32_t)i * S2_PAST_SLOTS + slot;
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
		memcpy(c->next_past + r * c->max_steps, c->past + from * c->max_steps, c->n_steps * sizeof *c->past);
	}
	sweep(c, c->next_past, rows);
	for (size_t r = 0; r < rows; r++)
		S2_TRY(take_slot(c, &c->next_past[r * c->max_steps + c->n_steps], err));
	int32_t *old = c->past;
	c->past = c->next_past;
	c->next_past = old;
	c->rows = rows;
	c->n_steps++;
	return 0;
}

void s2_cache_put(const s2_cache *c, size_t layer, const float *k, const float *v)
{
	const s2_past_store *s = c->store;
	const size_t dim = s->heads.heads * s->heads.head_dim;
	for (size_t r = 0; r < c->rows; r++, k += dim, v += dim) {
		const size_t place = (size_t)c->past[r * c->max_steps + c->n_steps - 1];
		float *block = c->blocks[place / S2_PAST_SLOTS] + layer * s->layer_floats;
		s2_past_block_put(s->heads, block, place % S2_PAST_SLOTS, k, v);
	}
}
