/* The two products of attention in int16, for networks in reduced precision: exact integers on every CPU, as fast as
 * bfloat16's and with more than its 8 bits, which scores of some size need.
 *
 * Layer: math, private to it.
 *   scores   a query and a key over a scale of their own each, 12 bits and a sign
 *   shares   what softmax gives a query's keys, over a scale that gives them 2^19 together, or 15 bits to the largest
 *   values   over a scale for each channel */
#ifndef S2_MATH_ATTENTION_INT16_H
#define S2_MATH_ATTENTION_INT16_H

#include "math/kernels.h"
#include "math/ops.h"
#include "math/packed.h"

/* Keys and values of all heads, in panels of S2_PANEL keys, or channels. */
typedef struct s2_narrow_keys {
	const s2_attention_args *a;
	size_t k_words, v_words;            /* of a key's channels, of a channel's keys */
	size_t k_panels, v_panels;          /* of a head */
	uint32_t *keys, *values;            /* [heads, panels, words, S2_PANEL] */
	float *key_scales, *value_scales;   /* [heads, panels, S2_PANEL] */
	size_t ld;                          /* from one row of scores to the next, of words to the next */
} s2_narrow_keys;

/* Do the sums fit an int32? */
bool s2_narrow_suits(const s2_attention_args *a);

/* All that *n holds is scratch memory of x. */
S2ST_CHECK int s2_narrow_keys_init(s2_narrow_keys *n, const s2_exec *x, const s2_attention_args *a, s2st_error *err);

/* scores [rows, n->ld] of queries [i, i + rows) of a head. */
void s2_narrow_scores(const s2_exec *x, const s2_narrow_keys *n, float *scores, size_t head, size_t i, size_t rows);
/* Their softmax, and the rows of `out` that it makes of the values. The scores are spent. */
void s2_narrow_values(const s2_exec *x, const s2_narrow_keys *n, float *out, float *scores, size_t head, size_t i,
		      size_t rows);

#endif
