/* Convolutions with fewer multiplications: Toom and Cook's way, known for images as Winograd's.
 *
 * Layer: math. ROWS = 6 neighbouring outputs and up to 7 taps are polynomials of 6 + taps - 1 coefficients, known by
 * their values at as many points. So a tile of the signal is taken to its values (transform in), each point is a matrix
 * product over the channels, and the products are taken back (transform out): 8, 12 or 22 multiplications where 6
 * outputs of 3, 7 or 11 taps need 18, 42 and 66. More taps are chunks of 6: a chunk reads the next tile, which has been
 * transformed for its own sake. With a dilation every d-th row is a signal of its own. Three taps at stride 2 are two
 * over the even rows, a convolution of stride 1, and one over the odd rows, a plain product that is added: 13
 * multiplications where 6 outputs need 18.
 *
 * Rounding is a few hundred times that of a direct sum: some 105 dB below the signal. What a row rounds to depends on
 * its place in its tile, so the tiles lie at multiples of 6 * dilation rows of the whole signal, whoever asks for which
 * rows: s2_short_conv_inputs() says what a range of outputs reads.
 *
 * In reduced precision the values and the weights at the points are int16, their products and sums exact integers. The
 * interpolation makes of an operand's rounding ten to a hundred times as much, which leaves some 45 dB of a vocoder's
 * signal with 16 bits; with bfloat16's 8, or int8's, a direct sum would take more multiplications than they save.
 *   value    of a tile at a point: the tile's rows over the largest magnitude among them, and the point's factors
 *            scaled to add up to 2^14
 *   weight   of an output at a point: over a scale for each output and a fixed one for each point, so that the
 *            magnitudes of a chain add up to less than 2^17: sums fit an int32 whatever the signal is
 * The points' scales are in the rule, the tile's is in the product's, the output's joins its bias.
 *
 * Lavin and Gray, arxiv.org/abs/1509.09308; points as Barabasz et al., arxiv.org/abs/1803.10986, choose them. */
#ifndef S2_MATH_SHORT_CONV_H
#define S2_MATH_SHORT_CONV_H

#include "math/conv.h"

enum { S2_SHORT_ROWS = 6, S2_SHORT_PAIRS = 5, S2_SHORT_POINTS = 12 };

/* Points a, -a for each pair, then 0, then infinity, where it has these. */
typedef struct s2_short_rule {
	size_t taps, pairs, points;
	bool zero;
	/* Values at a point from the rows of a tile: a pair's are (even rows) + and - (odd rows). */
	float in[S2_SHORT_PAIRS + 2][S2_SHORT_POINTS];
	float out[S2_SHORT_PAIRS][S2_SHORT_ROWS]; /* a^i */
	float out_zero, out_top;                  /* 1: of row 0 and of the last one */
} s2_short_rule;

typedef struct s2_short_conv {
	s2_short_rule rule;
	size_t c_in, c_out, stride, pad, dilation, groups;
	size_t chunks;       /* of rule.taps taps */
	size_t width;        /* of a panel of output channels: as the widest kernels like theirs */
	const float *points; /* [rule.points, c_out / width, chunks, c_in / groups, width]; NULL: */
	const uint32_t *words; /* int16, two channels each: [rule.points, c_out / width, chunks, c_in / groups / 2,
				 * S2_PANEL] */
	const float *odd; /* the tap of the odd rows [c_out / width, c_in, width]; NULL: stride 1, or */
	s2_packed *odd_packed; /* the same in bf16; NULL: it is float32, or stride 1 */
	const float *scale, *bias; /* [c_out] */
} s2_short_conv;

/* Worth it, by its shape alone: whole vectors of channels, and at stride 1 3 to 128 taps, at stride 2 3 of them, but
 * not in int8: its direct sum takes half the time that int16 would. */
bool s2_short_conv_suits(const s2_conv1d *c, s2st_precision precision);
/* The same convolution in memory of `a`; weight and bias are not looked at afterwards. Any reduced precision makes it
 * one of int16. A weight that is not finite is an error there, which does not name the tensor. */
S2ST_CHECK int s2_short_conv_new(const s2_short_conv **out, const s2_conv1d *c, s2st_precision precision, s2_arena *a,
				 s2st_error *err);

/* Rows [*from, *to) of a signal of `len` rows that outputs [first, end) read, all of them zero outside [0, len). */
void s2_short_conv_inputs(const s2_short_conv *c, size_t first, size_t end, size_t len, size_t *from, size_t *to);
size_t s2_short_conv_reach(const s2_short_conv *c); /* most rows before `first` or after `end`, at stride 1 */
size_t s2_short_conv_work(const s2_short_conv *c);  /* floats */

/* out = act(conv(leaky(in)) + bias) + residual, act: leaky or GELU; slopes from 0 to 1, 1: none. */
typedef struct s2_short_signal {
	float *out; /* rows [first, end) [c_out] */
	size_t first, end;
	const float *in; /* rows [in_first, in_end) [c_in]; at least what s2_short_conv_inputs() says */
	size_t in_first, in_end;
	const float *residual; /* rows [first, end), not with GELU; at stride 1 it may be `out`; NULL: none */
	float in_slope, out_slope;
	bool gelu; /* in place of out_slope */
} s2_short_signal;
/* short_int16.c: turns a rule and what was made of it, [..] as c->points, into int16. Memory of `a`. */
S2ST_CHECK int s2_short_narrow(s2_short_conv *c, const float *points, s2_arena *a, s2st_error *err);

void s2_short_conv_forward(const s2_exec *x, const s2_short_conv *c, const s2_short_signal *s, float *work);

#endif
