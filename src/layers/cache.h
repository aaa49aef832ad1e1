/* What incremental decoders remember: keys and values of their hypotheses' pasts, and of the encoder's outputs.
 *
 * Layer: layers. Hypotheses of a beam are rows, of one sentence or of several that are decoded together. Keys and
 * values of a token are a row of the store; each hypothesis has a list of such rows, oldest first. When the search
 * keeps some hypotheses and drops others only lists are copied. Rows that no list names any more are used again, so
 * memory follows the number of different tokens in the live hypotheses, not beam * steps.
 *
 *   store     rows of all sentences, in chunks that never move:
 *             chunk [n_layers, 2 (k, v), heads, S2_PAST_CHUNK, dim / heads]; a head's rows lie together
 *   sentence  past [rows_cap, max_steps]: row r's step p lies in store row past[r][p] */
#ifndef S2_LAYERS_CACHE_H
#define S2_LAYERS_CACHE_H

#include <stdint.h>

#include "base/arena.h"

typedef struct s2_past_store {
	s2_arena *memory;
	size_t n_layers, heads, dim;
	float **chunks;
	size_t n_chunks, cap_chunks;
	int32_t *unused; /* [n_unused] rows */
	size_t n_unused;
	bool *named; /* of each row; false between calls */
} s2_past_store;

S2ST_CHECK int s2_past_store_init(s2_past_store *s, size_t n_layers, size_t heads, size_t dim, s2st_error *err);
void s2_past_store_free(s2_past_store *s);
/* Key and value [dim] of a row in one layer. */
void s2_past_store_put(s2_past_store *s, size_t layer, int32_t row, const float *k, const float *v);

typedef struct s2_cross_cache {
	float *k, *v; /* [source_len, dim] */
} s2_cross_cache;

/* One sentence. */
typedef struct s2_cache {
	s2_past_store *store;
	size_t rows_cap, max_steps, source_len;
	size_t rows, n_steps; /* of the newest step; steps so far, it included */
	int32_t *past, *next_past;
	int32_t *held; /* [n_held] rows of the store */
	size_t n_held;
	s2_cross_cache *cross; /* [n_layers]; NULL without cross attention */
	float *cross_weights;  /* [heads, rows, source_len] the last layer's, out; NULL: not wanted */
} s2_cache;

/* All memory but the store's is taken from `a` at once; source_len 0: a decoder without cross attention. */
S2ST_CHECK int s2_cache_init(s2_cache *c, s2_past_store *store, s2_arena *a, size_t rows_cap, size_t max_steps,
			     size_t source_len, s2st_error *err);
/* Gives the store's rows back. */
void s2_cache_release(s2_cache *c);

/* Begins a step of `rows` hypotheses. Row r continues row parent[r] of the step before; parent NULL: row r itself. */
S2ST_CHECK int s2_cache_advance(s2_cache *c, const int32_t *parent, size_t rows, s2st_error *err);

/* The sentences of one step: their hypotheses follow one another as rows of the step's matrices. */
typedef struct s2_cache_batch {
	s2_past_store *store;
	s2_cache *const *sentences; /* [n] */
	size_t n, rows;
} s2_cache_batch;

#endif
