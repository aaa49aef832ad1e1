/* One CPU's inner loops behind one table. The other .c files of this folder hold the order of work, these its
 * arithmetic.
 *
 * Layer: math, private to it. kernels_scalar.c, kernels_avx2.c and kernels_avx512.c each define the same few vector
 * primitives and include the same bodies (kernels_gemm_impl.h, kernels_rows_impl.h).
 *
 * What makes results the same bytes everywhere:
 *   - an element of a matrix product is one chain of fused multiply-adds, whatever tile it falls into;
 *   - a function of one element (exp, erf, ...) is the same vector code for whole vectors and for tails;
 *   - a sum over a row goes into 16 lanes (element i into lane i % 16) that are added up in one fixed tree.
 * So AVX2 and AVX-512 agree bit by bit. The scalar table does too where the compiler's target has a fast fmaf;
 * elsewhere (x86-64 without FMA) it multiplies and adds with two roundings and differs in the last bits. */
#ifndef S2_MATH_KERNELS_H
#define S2_MATH_KERNELS_H

#include "base/half.h"
#include "math/ops.h"
#include "math/short_conv.h"
#include "math/step_attention.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum {
	S2_MAX_MR = 14, /* rows and columns of the largest tile of any CPU */
	S2_MAX_NR = 32,
};

/* acc [rows, nr] += left [rows, taps*c] · panel [taps*c, nr], k ascending. */
typedef struct s2_tile {
	const float *a;       /* element (i, j, k) of the left operand is a[i*row + j*tap + k] */
	size_t row, tap;
	size_t taps, c;
	const float *panel;   /* packed, 64-byte aligned */
	float *acc;           /* 64-byte aligned; columns past `cols` may or may not be computed */
	size_t rows, cols;    /* 1..mr, 1..nr */
	bool resume;          /* acc holds the chain so far; false: it starts at zero */
} s2_tile;

/* A finished tile on its way out: out = act(acc + bias) * scale + residual. */
typedef struct s2_finish {
	float *out;
	size_t ldo;
	const float *acc;     /* [rows, nr] */
	size_t rows, cols;
	const float *bias;    /* [cols] or NULL */
	const float *residual; /* or NULL */
	size_t ld_residual;
	s2_act act;
	float slope, scale;   /* 1: none */
} s2_finish;

/* The past of one hypothesis: keys, or values, of one head in slots of blocks (step_attention.h), `dim` apart. */
typedef struct s2_past {
	float *const *blocks;
	size_t at;            /* slot 0 of this head in each block */
	const int32_t *place; /* [n] block * S2_PAST_SLOTS + slot */
	size_t n;
} s2_past;

/* Where a tile of a short convolution goes: row i = leaky(y_i * scale + bias, slope) +
 * residual[i]. */
typedef struct s2_short_out {
	float *const *rows;           /* [S2_SHORT_ROWS]; NULL: not wanted */
	const float *const *residual; /* [S2_SHORT_ROWS] */
	const float *scale, *bias;    /* of each channel */
	float slope;
	size_t width, next; /* the values' channels lie in groups of `width`, `next` floats apart */
} s2_short_out;

/* What the values q of a run of the left operand mean: (q - zero) * scale; int16: without a zero; bf16: not used. */
typedef struct s2_run {
	float scale;
	int32_t zero;
} s2_run;

/* acc [rows, cols] = left [rows, taps * words] · panel, in words of two bfloat16, four int8 (packed.h) or two int16
 * (short_conv.h). */
typedef struct s2_reduced_tile {
	const uint32_t *a; /* word (i, j, k) of the left operand is a[i*row + j*tap + k] */
	size_t row, tap;
	size_t taps, words;
	const uint32_t *panel; /* word (j, k) of column n is panel[(j*words + k)*S2_PANEL + n] */
	float *acc;            /* element (i, n) is acc[i*ld_acc + n]; columns past `cols` may be computed, too */
	size_t ld_acc;
	size_t rows, cols; /* 1..mr, 1..nr */
	/* int8 and int16: of the left operand's run (i, j). */
	const s2_run *runs; /* runs[i*run_row + j*run_tap] */
	size_t run_row, run_tap;
	const float *w_scale; /* of column n; int16: may be NULL */
	const int32_t *w_sum; /* int8: of the weights of tap j and column n, w_sum[j*S2_PANEL + n] */
} s2_reduced_tile;

/* int16: the largest magnitude of a converted run, and below which a run counts as zero: its scale could not be
 * inverted. */
#define S2_INT16_TOP  4095
#define S2_INT16_TINY 0x1p-100f

/* To nearest even, for |x| < 2^15: with 1.5 * 2^23 added, the integer is in the low bits. */
static inline uint32_t s2_int16_of(float x)
{
	return s2_bits_of_f32(x + 0x1.8p23f) & 0xffff;
}

typedef struct s2_reduced_kernels {
	size_t mr, nr; /* S2_PANEL is a multiple of nr; nr is at most the nr of the table that it stands in */
	/* Words of a run of n floats. Channels past n in the last word may hold any finite value: their weights are
	 * zero. Words of zeros and the run {0, 0} mean zeros. int16: magnitudes up to S2_INT16_TOP. */
	s2_run (*convert)(uint32_t *out, const float *in, size_t n);
	void (*tile)(const s2_reduced_tile *t);
} s2_reduced_kernels;

struct s2_kernels {
	const char *name;
	size_t mr, nr;
	void (*tile)(const s2_tile *t);
	void (*finish)(const s2_finish *f);
	/* panel [k, nr] from the right operand's element n*sn + i*sc, n < cols, i < k; other columns become zero. */
	void (*pack)(float *panel, const void *w, s2_dtype dtype, ptrdiff_t sn, ptrdiff_t sc, size_t cols, size_t k);

	/* The tile of a plain weight (sc 1; float32, float16 or bfloat16) without packing: element k of column n is
	 * element n*sn + k of b->w; t->panel is unused and t->taps is 1. */
	void (*direct)(const s2_tile *t, const s2_right *b);

	void (*activate)(float *out, const float *in, size_t n, s2_act act, float slope);
	void (*glu)(float *out, const float *a, const float *b, size_t n); /* a * sigmoid(b) */
	void (*add_scaled)(float *out, const float *in, size_t n, float scale);
	void (*scale)(float *data, size_t n, float scale);
	/* leaky(data / by), 0 <= slope <= 1 */
	void (*divide_leaky)(float *data, size_t n, float by, float slope);
	void (*layer_norm)(float *out, const float *in, const float *weight, const float *bias, size_t n, float eps);
	/* Up to 16 channels of in [rows, ld] normalised over rows. */
	void (*channel_norm)(float *out, const float *in, const float *weight, const float *bias, size_t rows,
			     size_t ld, size_t n, float eps);
	void (*softmax)(float *row, size_t n);
	/* As int16 words: a row's shares add up to `most` or less, but for rounding, and the largest has up to 15 bits;
	 * zeros up to a multiple of 16, for which the row has room. `words` may be `row`, which is spent. */
	s2_run (*softmax_words)(uint32_t *words, float *row, size_t n, float most);
	void (*log_softmax)(float *row, size_t n);
	void (*past_scores)(float *scores, const float *q, const s2_past *past, size_t dim); /* q · step p, p < n */
	void (*past_values)(float *out, const float *weights, const s2_past *past, size_t dim);

	/* A tile of a short convolution, `channels` a multiple of 16. In: values[p*ld + channel] at the rule's points
	 * of leaky(rows[0 .. points]). Out: the other way. */
	void (*short_in)(float *values, size_t ld, const float *const *rows, size_t channels, const s2_short_rule *r,
			 float slope);
	/* In, as int16 words [p*ld + channel/2]: the rows are divided by the largest magnitude of them all, which is
	 * the scale that is returned, before the rule's factors: a point's add up to less than 2^15. */
	s2_run (*short_words)(uint32_t *values, size_t ld, const float *const *rows, size_t channels,
			      const s2_short_rule *r, float slope);
	void (*short_out)(const s2_short_out *o, const float *values, size_t ld, size_t channels,
			  const s2_short_rule *r);

	const s2_reduced_kernels *bf16, *int8, *int16;
};

extern const s2_kernels s2_kernels_scalar;
extern const s2_reduced_kernels s2_bf16_scalar, s2_int8_scalar, s2_int16_scalar;
#if defined(__x86_64__)
/* AVX-512 comes without instructions for reduced precision, with those for integers (VNNI), with both (BF16). */
extern const s2_kernels s2_kernels_avx2, s2_kernels_avx512, s2_kernels_avx512_vnni, s2_kernels_avx512_bf16;
extern const s2_reduced_kernels s2_bf16_avx2, s2_bf16_avx512, s2_int8_avx2, s2_int8_avx512, s2_int16_avx2,
	s2_int16_avx512;
#endif

#endif
