/* 1-D convolutions over channels-last signals [len, c], as implicit GEMMs.
 *
 * Layer: math. torch.nn.Conv1d and ConvTranspose1d; weights in torch's layout through strides, any float dtype. */
#ifndef S2_MATH_CONV_H
#define S2_MATH_CONV_H

#include "math/packed.h"

typedef struct s2_conv1d {
	const void *w; /* Conv1d [c_out, c_in/groups, k]; transposed [c_in, c_out, k] */
	s2_dtype dtype;
	ptrdiff_t strides[3]; /* of w's three dims, in elements */
	const float *bias;    /* [c_out] or NULL */
	size_t c_in, c_out, k, stride, pad, dilation, groups; /* groups is 1 for transposed */
	/* In reduced precision: [groups], transposed: [stride], one for each phase; and w may be NULL. Else NULL. */
	const s2_packed **packed;
} s2_conv1d;

size_t s2_conv1d_out_len(const s2_conv1d *c, size_t len);           /* 0 when the input is shorter than the kernel */
size_t s2_conv_transpose1d_out_len(const s2_conv1d *c, size_t len); /* (len-1)*stride - 2*pad + k */

/* out [out_len, c_out] (rows ldo >= c_out apart), in [len, c_in] contiguous; e->bias is ignored (c->bias is used).
 * The result may not overlap `in`; e->residual may be out. */
void s2_conv1d_forward(const s2_exec *x, float *out, size_t ldo, const float *in, size_t len, const s2_conv1d *c,
		       const s2_epilogue *e);

/* Rows [first, end) of a signal [.., c]. */
typedef struct s2_span {
	float *x; /* row `first` */
	size_t first, end;
} s2_span;
/* The same for a part of the result, at stride 1: `in` holds all rows within c->pad of out's that the signal has. */
void s2_conv1d_span(const s2_exec *x, s2_span out, s2_span in, const s2_conv1d *c, const s2_epilogue *e);

/* The weight in the order that products add up in, [c_out][k][c_in/groups] float32 in memory of `a`: for convolutions
 * over long signals, whose weight is read time and again. Nothing to do without one. */
S2ST_CHECK int s2_conv1d_settle(s2_conv1d *c, s2_arena *a, s2st_error *err);
/* Phase by phase: each output phase is a short convolution, so no zeros are multiplied and nothing is scattered. */
void s2_conv_transpose1d_forward(const s2_exec *x, float *out, const float *in, size_t len, const s2_conv1d *c);

/* Sets c->packed from c->w, in memory of `a`; see s2_pack(). */
S2ST_CHECK int s2_conv1d_pack(s2_conv1d *c, s2_arena *a, s2st_precision precision, bool transposed, s2st_error *err);

/* torch Conv2d on channels-first [c_in, h, w] -> [c_out, h_out, w_out], square kernel, same stride and padding both
 * ways (fairseq Conv2dSubsampler: k 3, stride 2, pad 1). act is applied. Scratch from x. */
typedef struct s2_conv2d {
	const void *w; /* [c_out, c_in, k, k] */
	s2_dtype dtype;
	ptrdiff_t strides[4];
	const float *bias;
	size_t c_in, c_out, k, stride, pad;
} s2_conv2d;
S2ST_CHECK int s2_conv2d_forward(const s2_exec *x, float *out, const float *in, size_t h, size_t w, const s2_conv2d *c,
				 s2_act act, s2st_error *err);

#endif
