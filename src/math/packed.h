/* Weights in reduced precision: converted once, when a model is opened, into the order in which the kernels read them.
 *
 * Layer: math. A converted weight stands beside its original in an s2_right; s2_gemm takes it where it is there, so
 * layers and networks compute as they always do. Everything between the products (sums, bias, activation, norms,
 * softmax) stays float32. Convolutions that have a short form (short_conv.h) and attention over whole sequences
 * (attention_int16.h) multiply in int16.
 *
 *   bf16   weights and left operand rounded to bfloat16 (to nearest even); products and sums in float32: each element
 *          is one chain of fused multiply-adds over pairs of k, the second of a pair first, which is what vdpbf16ps
 *          does. Numbers below 2^-126 count as zero.
 *   int8   weights q * scale[n], -127 <= q <= 127, one scale for each output; left operand (q - zero) * scale,
 *          0 <= q <= 255, with a zero and a scale for each position of the signal (each row of a matrix), from its
 *          lowest to its highest value: after a ReLU or GELU that is twice as fine as a symmetric range. Products and
 *          sums of a tap are exact integers; taps are added in float32.
 *
 * So results are the same bytes for any number of threads, rows and tiles, and on every CPU that has a fused
 * multiply-add (bf16: but for sums below 2^-126). */
#ifndef S2_MATH_PACKED_H
#define S2_MATH_PACKED_H

#include "base/arena.h"
#include "math/gemm.h"

/* Panels are 32 columns wide on every CPU. */
enum { S2_PANEL = 32 };

/* Words hold `per_word` neighbouring channels of one output and tap: two bfloat16, or four int8. */
struct s2_packed {
	s2st_precision precision;
	size_t n, taps, c; /* of the product; c is rounded up to whole words, with zeros */
	size_t words;      /* of a tap: ceil(c / per_word) */
	uint32_t *panels;  /* [ceil(n / 32)][taps][words][32] */
	float *scale;      /* int8: [n], rounded up to whole panels */
	int32_t *sum;      /* int8: [ceil(n / 32)][taps][32], of a tap's weights */
};

/* Is a product of n outputs over `taps` runs of `c` worth it? Very narrow ones (the first convolution over samples, the
 * last to a single channel) are bound by memory and would fill words with zeros: they stay float32. */
bool s2_packs(size_t n, size_t c);

/* *out <- the weight b of a product, in memory of `a`; NULL for fp32 and for what s2_packs() leaves alone. A weight
 * that is not finite, or too large for the kernels' working memory, is an error that does not name the tensor. */
S2ST_CHECK int s2_pack(s2_packed **out, s2_arena *a, s2st_precision precision, const s2_right *b, size_t n, size_t taps,
		       size_t c, s2st_error *err);

/* Outputs [from, from + n) of a weight, as a weight: `from` is a multiple of S2_PANEL. */
s2_packed s2_packed_columns(const s2_packed *w, size_t from, size_t n);

/* s2_gemm with b->packed and without `accumulate`, by `threads` workers whose working memory is pack[0..]. */
void s2_gemm_packed(const s2_exec *x, float *const *pack, size_t threads, float *out, size_t ldo, size_t m, size_t n,
		    const s2_left *a, const s2_packed *w, const s2_epilogue *e);

#endif
