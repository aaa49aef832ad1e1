/* The matrix product under every linear and convolution: out = epilogue(left · rightᵀ).
 *
 * Layer: math. Each element of `out` is one chain of fused multiply-adds over k in ascending order, whatever the number
 * of rows, threads or blocks: so a row's bytes do not depend on who shares its batch, and AVX2 and AVX-512 agree. (The
 * portable kernels agree with them where the target has a fast fmaf; on x86-64 they round twice a step.)
 * (OpenBLAS gives no such promise: its kernels change with the shape and the thread count. That, packing straight from
 * fp16/strided checkpoint storage, and convolution without im2col are why this is our own.) */
#ifndef S2_MATH_GEMM_H
#define S2_MATH_GEMM_H

#include "base/dtype.h"
#include "math/exec.h"

/* Left operand: row t is `taps` (at least one) runs of `c` consecutive floats. Run j starts at
 * x + (t*stride + j*dilation - pad) * ld and reads as zero where (t*stride + j*dilation - pad) is outside [0, len).
 * So a conv over channels-last [len, c] needs no im2col. A plain matrix [m, k] is s2_left_matrix(). */
typedef struct s2_left {
	const float *x;
	size_t len, ld;
	size_t taps, c;
	size_t stride, dilation;
	ptrdiff_t pad;
} s2_left;

typedef struct s2_packed s2_packed; /* packed.h */

/* Right operand: weight of output n, tap j, channel i is element n*sn + j*st + i*sc of `w` (any alignment). */
typedef struct s2_right {
	const void *w;
	s2_dtype dtype; /* S2_F32, S2_F16, S2_BF16, S2_F64 */
	ptrdiff_t sn, st, sc;
	const s2_packed *packed; /* NULL, or the same weight in reduced precision, which is used instead */
} s2_right;

/* GELU is the erf form (torch.nn.GELU()); LEAKY_RELU takes the epilogue's slope, or s2_leaky_relu's. */
typedef enum s2_act {
	S2_ACT_NONE, S2_ACT_RELU, S2_ACT_GELU, S2_ACT_TANH, S2_ACT_SWISH, S2_ACT_LEAKY_RELU
} s2_act;

typedef struct s2_epilogue {
	const float *bias;     /* [n] or NULL */
	s2_act act;            /* after bias */
	float slope;           /* of LEAKY_RELU */
	float scale;           /* multiplies after act; 0 means 1 */
	const float *residual; /* [m, n] added last, or NULL; may be `out` itself */
	size_t ld_residual;
	bool accumulate;       /* out's old value starts the chain (before bias) */
} s2_epilogue;

static inline s2_left s2_left_matrix(const float *x, size_t m, size_t k, size_t ld)
{
	return (s2_left){.x = x, .len = m, .ld = ld, .taps = 1, .c = k, .stride = 1, .dilation = 1, .pad = 0};
}

/* A good distance between rows of n floats that products will read as their left operand: at a multiple of 1 KiB many
 * of them would share few sets of the L1 cache. */
static inline size_t s2_left_ld(size_t n)
{
	return n % 256 ? n : n + 16;
}

/* Plain float32 [n, k] rows `ld` apart (a torch Linear weight). */
static inline s2_right s2_right_f32(const float *w, size_t ld)
{
	return (s2_right){.w = w, .dtype = S2_F32, .sn = (ptrdiff_t)ld, .st = 0, .sc = 1};
}

/* out [m, n], rows ldo apart. e NULL: plain store. out must not overlap the operands (but see residual). */
void s2_gemm(const s2_exec *x, float *out, size_t ldo, size_t m, size_t n, const s2_left *a, const s2_right *b,
	     const s2_epilogue *e);

/* The same, alone in the caller: for tasks of a pool, which must not start a loop of their own. */
void s2_gemm_worker(const s2_exec *x, int worker, float *out, size_t ldo, size_t m, size_t n, const s2_left *a,
		    const s2_right *b, const s2_epilogue *e);

/* Several products at once, in one parallel loop: the few rows that each of many weights gets. Their outputs must not
 * overlap. */
typedef struct s2_gemm_item {
	float *out;
	size_t ldo, m, n;
	s2_left a;
	s2_right b;
	s2_epilogue e;
} s2_gemm_item;
void s2_gemm_group(const s2_exec *x, const s2_gemm_item *items, size_t n);

size_t s2_gemm_pack_floats(void); /* working memory of one worker, 64-byte aligned */

#endif
