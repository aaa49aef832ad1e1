/* What an incremental decoder remembers of one sentence: keys and values of its own past, and of the encoder's
 * output.
 *
 * Layer: layers. Hypotheses of a beam are rows. When the search keeps some and drops others, no key or value moves:
 * each row has a list of slots that says in which row of every past step its own history lies.
 *
 *   step p, rows 0 .. rows_cap-1:   k [max_steps, rows_cap, dim]      slot [rows_cap, max_steps]
 *   row r's history: k[0][slot[r][0]], k[1][slot[r][1]], ... */
#ifndef S2_LAYERS_CACHE_H
#define S2_LAYERS_CACHE_H

#include <stdint.h>

#include "base/arena.h"

typedef struct s2_layer_cache {
	float *k, *v;             /* [max_steps, rows_cap, dim] */
	float *cross_k, *cross_v; /* [source_len, dim]; NULL without cross attention */
} s2_layer_cache;

typedef struct s2_cache {
	size_t n_layers, dim, rows_cap, max_steps, source_len;
	size_t rows, n_steps; /* of the newest step; steps so far, it included */
	int32_t *slot, *next_slot;
	s2_layer_cache *layers;
} s2_cache;

/* All memory is taken from `a` at once; source_len 0: a decoder without cross attention. */
S2ST_CHECK int s2_cache_init(s2_cache *c, s2_arena *a, size_t n_layers, size_t dim, size_t rows_cap, size_t max_steps,
			     size_t source_len, s2st_error *err);

/* Begins a step of `rows` hypotheses. Row r continues row parent[r] of the step before; parent NULL: row r itself. */
S2ST_CHECK int s2_cache_advance(s2_cache *c, const int32_t *parent, size_t rows, s2st_error *err);

#endif
