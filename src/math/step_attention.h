/* Attention of one decoder step: each hypothesis attends with its newest token, to the tokens of its past or to the
 * source.
 *
 * Layer: math. Tokens of pasts lie in slots of blocks, [heads][2 (k, v)][S2_PAST_SLOTS][head_dim]: a head's keys and
 * values of a sentence are a few long runs, which are asked for while the head before is at work; memory, not
 * arithmetic, is what a past costs. A source has one block in the order in which the register tile reads it: a head's
 * keys in panels of nr tokens [ceil(n / nr)][head_dim][nr], then its values in panels of nr channels
 * [ceil(head_dim / nr)][n][nr], where nr is the CPU's. */
#ifndef S2_MATH_STEP_ATTENTION_H
#define S2_MATH_STEP_ATTENTION_H

#include <stdint.h>

#include "math/exec.h"

enum { S2_PAST_SLOTS = 32 };

typedef struct s2_step_heads {
	size_t heads, head_dim;
} s2_step_heads;

/* Floats of a block of either kind; 0: too many to count. */
size_t s2_past_block_floats(s2_step_heads h);
size_t s2_source_block_floats(const s2_exec *x, s2_step_heads h, size_t n);

/* Key and value [heads * head_dim] of one token. */
void s2_past_block_put(s2_step_heads h, float *block, size_t slot, const float *k, const float *v);
/* Keys and values [n, heads * head_dim] of a source. */
void s2_source_block_fill(const s2_exec *x, s2_step_heads h, float *block, size_t n, const float *k, const float *v);

typedef struct s2_step_keys { /* of one sentence */
	size_t first, rows;   /* its hypotheses: neighbours in q and out */
	size_t n;             /* tokens that each of them looks at */
	const float *source;  /* NULL: pasts, which are all that follows */
	float *weights;       /* [heads, rows, n] out: what each token of the source gets; NULL: not wanted */
	float *const *blocks; /* [n_blocks]; NULL: none of its tokens is in a past */
	const uint32_t *live; /* [n_blocks] a bit for each slot that is */
	size_t n_blocks;
	size_t at;            /* floats into each block, where this layer's begins */
	const int32_t *past;  /* [rows, ld_past] block * S2_PAST_SLOTS + slot of each token, oldest first */
	size_t ld_past;
} s2_step_keys;

typedef struct s2_step_attention_args {
	const float *q; /* [all rows, heads * head_dim], scaled */
	const s2_step_keys *sentences;
	size_t n_sentences;
	s2_step_heads h;
} s2_step_attention_args;

/* out [all rows, heads * head_dim]. A row's bytes depend on its own query and tokens alone. */
S2ST_CHECK int s2_step_attention(const s2_exec *x, float *out, const s2_step_attention_args *a, s2st_error *err);

#endif
