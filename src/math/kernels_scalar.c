/* Portable kernels in the compiler's generic vectors: SSE2 on x86-64, NEON on aarch64, scalar code elsewhere. Where the
 * target has a fast fmaf, results are those of the AVX2 and AVX-512 kernels; elsewhere multiply and add round twice. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/size.h"
#include "math/kernels.h"

#define KERNEL(name) name##_scalar
#define EACH_ROW_COUNT(X) X(1) X(2) X(3) X(4) X(5)
enum { MR = 5, VF_LEN = 4 };

/* ---- vf, four lanes ---------------------------------------------------------------------------------------------- */

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));
typedef uint32_t vu __attribute__((vector_size(16)));

static inline vf vf_load(const void *p)
{
	vf v;
	memcpy(&v, p, sizeof v);
	return v;
}
static inline void vf_store(float *p, vf v) { memcpy(p, &v, sizeof v); }
static inline vf vf_set1(float x) { return (vf){x, x, x, x}; }
static inline vf vf_fma(vf a, vf b, vf c)
{
#ifdef __FP_FAST_FMAF
	for (int i = 0; i < 4; i++)
		c[i] = __builtin_fmaf(a[i], b[i], c[i]);
	return c;
#else
	return a * b + c;
#endif
}
static inline vf vf_select(vi mask, vf yes, vf no) { return (vf)((mask & (vi)yes) | (~mask & (vi)no)); }

static inline vf vf_load_f16(const void *p)
{
	uint16_t h[4];
	memcpy(h, p, sizeof h);
	return (vf){s2_f16_to_f32(h[0]), s2_f16_to_f32(h[1]), s2_f16_to_f32(h[2]), s2_f16_to_f32(h[3])};
}
static inline vf vf_load_bf16(const void *p)
{
	uint16_t h[4];
	memcpy(h, p, sizeof h);
	return (vf){s2_bf16_to_f32(h[0]), s2_bf16_to_f32(h[1]), s2_bf16_to_f32(h[2]), s2_bf16_to_f32(h[3])};
}

/* 4 x 4 in place */
static ALWAYS_INLINE void vf_transpose(vf *a)
{
	vf b[4];
	for (int i = 0; i < 4; i++)
		b[i] = (vf){a[0][i], a[1][i], a[2][i], a[3][i]};
	memcpy(a, b, sizeof b);
}

/* ---- v16: four quarters ------------------------------------------------------------------------------------------ */

typedef struct v16 {
	vf q[4];
} v16;

#define V16_EACH(expression)                \
	do {                                \
		v16 r_;                     \
		for (size_t i = 0; i < 4; i++) \
			r_.q[i] = (expression); \
		return r_;                  \
	} while (0)

static inline v16 v16_set1(float x) { V16_EACH(vf_set1(x)); }
static inline v16 v16_load(const float *p) { V16_EACH(vf_load(p + 4 * i)); }
static inline void v16_store(float *p, v16 v) { memcpy(p, &v, sizeof v); }
/* To nearest even, as int16, which they fit. */
static inline void v16_store_int16(void *p, v16 v)
{
	int16_t all[16];
	for (int i = 0; i < 16; i++)
		all[i] = (int16_t)rintf(v.q[i / 4][i % 4]);
	memcpy(p, all, sizeof all);
}
static inline v16 v16_load_part(const float *p, size_t n, float x)
{
	v16 v = v16_set1(x);
	memcpy(&v, p, n * sizeof *p);
	return v;
}
static inline void v16_store_part(float *p, v16 v, size_t n) { memcpy(p, &v, n * sizeof *p); }
static inline v16 v16_add(v16 a, v16 b) { V16_EACH(a.q[i] + b.q[i]); }
static inline v16 v16_sub(v16 a, v16 b) { V16_EACH(a.q[i] - b.q[i]); }
static inline v16 v16_mul(v16 a, v16 b) { V16_EACH(a.q[i] * b.q[i]); }
static inline v16 v16_div(v16 a, v16 b) { V16_EACH(a.q[i] / b.q[i]); }
static inline v16 v16_fma(v16 a, v16 b, v16 c) { V16_EACH(vf_fma(a.q[i], b.q[i], c.q[i])); }
static inline v16 v16_max(v16 a, v16 b) { V16_EACH(vf_select(a.q[i] > b.q[i], a.q[i], b.q[i])); }
static inline v16 v16_min(v16 a, v16 b) { V16_EACH(vf_select(a.q[i] < b.q[i], a.q[i], b.q[i])); }
static inline v16 v16_abs(v16 a) { V16_EACH((vf)((vi)a.q[i] & INT32_MAX)); }
static inline v16 v16_copysign(v16 a, v16 s) { V16_EACH((vf)((vi)a.q[i] | ((vi)s.q[i] & INT32_MIN))); } /* a >= 0 */
static inline v16 v16_select_lt(v16 a, v16 b, v16 yes, v16 no)
{
	V16_EACH(vf_select(a.q[i] < b.q[i], yes.q[i], no.q[i]));
}
/* a * 2^n for whole n in [-150, 128], rounded once: of two factors that are in range the first multiplies exactly.
 * Adding 1.5 * 2^23 leaves n in the low bits. */
static inline vf ldexp4(vf a, vf n)
{
	vi whole = (vi)(n + 0x1.8p23f) - 0x4b400000, half = whole >> 1;
	vf first = (vf)((vu)(half + 127) << 23), second = (vf)((vu)(whole - half + 127) << 23);
	return a * first * second;
}
static inline v16 v16_ldexp(v16 a, v16 n) { V16_EACH(ldexp4(a.q[i], n.q[i])); }
/* Lane i with i + 8, then + 4, + 2, + 1. */
static inline float v16_sum(v16 v)
{
	vf s = (v.q[0] + v.q[2]) + (v.q[1] + v.q[3]);
	return (s[0] + s[2]) + (s[1] + s[3]);
}
static inline v16 v16_sums(const v16 *v) /* of 16 vectors */
{
	float sums[16];
	for (int i = 0; i < 16; i++)
		sums[i] = v16_sum(v[i]);
	return v16_load(sums);
}
static inline float v16_top(v16 v)
{
	float top = v.q[0][0];
	for (int i = 1; i < 16; i++)
		top = v.q[i / 4][i % 4] > top ? v.q[i / 4][i % 4] : top;
	return top;
}

/* ---- d16: sixteen float64 lanes ---------------------------------------------------------------------------------- */

typedef struct d16 {
	double d[16];
} d16;

static inline d16 d16_zero(void) { return (d16){{0}}; }
static inline d16 d16_add(d16 s, v16 v)
{
	for (int i = 0; i < 16; i++)
		s.d[i] += (double)v.q[i / 4][i % 4];
	return s;
}
static inline d16 d16_add_square(d16 s, v16 v) /* the square is exact: fused or not, the same sum */
{
	for (int i = 0; i < 16; i++)
		s.d[i] += (double)v.q[i / 4][i % 4] * (double)v.q[i / 4][i % 4];
	return s;
}
static inline void d16_store(double *p, d16 d) { memcpy(p, &d, sizeof d); }

#include "math/kernels_rows_impl.h"
/* needs the above */
#include "math/kernels_gemm_impl.h"
#include "math/kernels_short_impl.h"

#define TABLE         s2_kernels_scalar
#define TABLE_NAME    "scalar"
#define BF16_KERNELS  s2_bf16_scalar
#define INT8_KERNELS  s2_int8_scalar
#define INT16_KERNELS s2_int16_scalar
#include "math/kernels_table_impl.h"
