/* What incremental decoders remember: keys and values of their hypotheses' pasts, and of the encoder's outputs.
 *
 * Layer: layers. Hypotheses of a beam are rows, of one sentence or of several that are decoded together. Keys and
 * values of a token lie in a slot of one of the sentence's blocks; each hypothesis has a list of such places, oldest
 * first. When the search keeps some hypotheses and drops others only lists are copied, and slots that no list names any
 * more are used again: memory follows the number of different tokens in the live hypotheses, not beam * steps.
 *
 *   store     blocks of all sentences, handed out and taken back; block [n_layers][s2_past_block_floats()]
 *   sentence  past [rows_cap, max_steps]: row r's step p lies in slot past[r][p] % S2_PAST_SLOTS of block
 *             past[r][p] / S2_PAST_SLOTS. Which slot a token gets follows from the sentence's own search alone. */
#ifndef S2_LAYERS_CACHE_H
#define S2_LAYERS_CACHE_H

#include <stdint.h>

#include "base/arena.h"
#include "math/step_attention.h"

typedef struct s2_past_store {
	s2_arena *memory;
	s2_step_heads heads;
	size_t n_layers, layer_floats;
	size_t n_blocks; /* made so far */
	float **unused;  /* [n_unused] of them, room for all */
	size_t n_unused, cap_unused;
} s2_past_store;

S2ST_CHECK int s2_past_store_init(s2_past_store *s, size_t n_layers, size_t heads, size_t dim, s2st_error *err);
void s2_past_store_free(s2_past_store *s);

/* One sentence. */
typedef struct s2_cache {
	s2_past_store *store;
	size_t rows_cap, max_steps, source_len;
	size_t rows, n_steps; /* of the newest step; steps so far, it included */
	int32_t *past, *next_past;
	float **blocks;       /* [n_blocks]; NULL: empty */
	uint32_t *live;       /* [n_blocks] a bit for each slot */
	size_t n_blocks;
	float **cross;        /* [n_layers] a block of the source; NULL without cross attention */
	float *cross_weights; /* [heads, rows, source_len] the last layer's, out; NULL: not wanted */
} s2_cache;

/* All memory but the store's is taken from `a` at once; source_len 0: a decoder without cross attention. `x`: whose
 * kernels will read it. */
S2ST_CHECK int s2_cache_init(s2_cache *c, const s2_exec *x, s2_past_store *store, s2_arena *a, size_t rows_cap,
			     size_t max_steps, size_t source_len, s2st_error *err);
/* Gives the store's blocks back. */
void s2_cache_release(s2_cache *c);

/* Begins a step of `rows` hypotheses. Row r continues row parent[r] of the step before; parent NULL: row r itself. */
S2ST_CHECK int s2_cache_advance(s2_cache *c, const int32_t *parent, size_t rows, s2st_error *err);

/* Keys and values [rows, dim] of the newest tokens in one layer. */
void s2_cache_put(const s2_cache *c, size_t layer, const float *k, const float *v);

/* The sentences of one step: their hypotheses follow one another as rows of the step's matrices. */
typedef struct s2_cache_batch {
	s2_past_store *store;
	s2_cache *const *sentences; /* [n] */
	size_t n, rows;
} s2_cache_batch;

#endif
