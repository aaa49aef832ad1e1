/* AVX-512 (F, BW, DQ, VL) kernels: 14 x 32 tile, 28 accumulators of 32 registers. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "math/kernels.h"

#define KERNEL(name) name##_avx512
#define EACH_ROW_COUNT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
enum { MR = 14, VF_LEN = 16 };

/* ---- vf, the native vector of the matrix product, is v16 here ---------------------------------------------------- */

typedef __m512 vf, v16;

static inline vf vf_load(const void *p) { return _mm512_loadu_ps(p); }
static inline void vf_store(float *p, vf v) { _mm512_storeu_ps(p, v); }
static inline vf vf_set1(float x) { return _mm512_set1_ps(x); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }

static inline vf vf_load_f16(const void *p) { return _mm512_cvtph_ps(_mm256_loadu_si256(p)); }
static inline vf vf_load_bf16(const void *p)
{
	return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(p)), 16));
}

/* 16 x 16 in place: 32-bit, 64-bit, then 128-bit lanes change places. */
static ALWAYS_INLINE void vf_transpose(vf *a)
{
	vf b[16];
	for (int i = 0; i < 16; i += 2) {
		b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
		b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
	}
	for (int i = 0; i < 16; i += 4)
		for (int j = 0; j < 2; j++) {
			__m512d lo = _mm512_castps_pd(b[i + j]), hi = _mm512_castps_pd(b[i + j + 2]);
			a[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(lo, hi));
			a[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(lo, hi));
		}
	for (int j = 0; j < 4; j++) /* a[4g + j]: rows 4g..4g+3, columns j, 4 + j, 8 + j, 12 + j */
		for (int g = 0; g < 2; g++) {
			b[8 * g + j] = _mm512_shuffle_f32x4(a[8 * g + j], a[8 * g + 4 + j], 0x88);
			b[8 * g + 4 + j] = _mm512_shuffle_f32x4(a[8 * g + j], a[8 * g + 4 + j], 0xdd);
		}
	for (int j = 0; j < 4; j++) {
		a[j] = _mm512_shuffle_f32x4(b[j], b[8 + j], 0x88);
		a[j + 8] = _mm512_shuffle_f32x4(b[j], b[8 + j], 0xdd);
		a[j + 4] = _mm512_shuffle_f32x4(b[4 + j], b[12 + j], 0x88);
		a[j + 12] = _mm512_shuffle_f32x4(b[4 + j], b[12 + j], 0xdd);
	}
}

/* ---- v16 --------------------------------------------------------------------------------------------------------- */

static inline __mmask16 lanes(size_t n) { return (__mmask16)((1u << n) - 1); } /* n < 16 */
static inline v16 v16_set1(float x) { return _mm512_set1_ps(x); }
static inline v16 v16_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v16_store(float *p, v16 v) { _mm512_storeu_ps(p, v); }
/* To nearest even, as int16, which they fit. */
static inline void v16_store_int16(void *p, v16 v)
{
	_mm256_storeu_si256(p, _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(v)));
}
static inline v16 v16_load_part(const float *p, size_t n, float x)
{
	return _mm512_mask_loadu_ps(_mm512_set1_ps(x), lanes(n), p);
}
static inline void v16_store_part(float *p, v16 v, size_t n) { _mm512_mask_storeu_ps(p, lanes(n), v); }
static inline v16 v16_add(v16 a, v16 b) { return _mm512_add_ps(a, b); }
static inline v16 v16_sub(v16 a, v16 b) { return _mm512_sub_ps(a, b); }
static inline v16 v16_mul(v16 a, v16 b) { return _mm512_mul_ps(a, b); }
static inline v16 v16_div(v16 a, v16 b) { return _mm512_div_ps(a, b); }
static inline v16 v16_fma(v16 a, v16 b, v16 c) { return _mm512_fmadd_ps(a, b, c); }
static inline v16 v16_max(v16 a, v16 b) { return _mm512_max_ps(a, b); }
static inline v16 v16_min(v16 a, v16 b) { return _mm512_min_ps(a, b); }
static inline v16 v16_abs(v16 a) { return _mm512_abs_ps(a); }
static inline v16 v16_copysign(v16 a, v16 sign)
{
	return _mm512_or_ps(a, _mm512_and_ps(sign, _mm512_set1_ps(-0.0f))); /* a >= 0 */
}
static inline v16 v16_select_lt(v16 a, v16 b, v16 yes, v16 no)
{
	return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}
/* a * 2^n for whole n in [-150, 128], rounded once */
static inline v16 v16_ldexp(v16 a, v16 n) { return _mm512_scalef_ps(a, n); }
/* Lane i with i + 8, then + 4, + 2, + 1. */
static inline float v16_sum(v16 v)
{
	__m256 a = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
	__m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
	b = _mm_add_ps(b, _mm_movehl_ps(b, b));
	return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}
/* v16_sum of 16 vectors, in the same tree: in every round half as many lanes are left of each, and twice as many of
 * them share a vector. Vectors whose numbers are 4 apart meet first, so that the sums end in order. */
static ALWAYS_INLINE v16 v16_sums(const v16 *v)
{
	v16 four[4], two[2];
	for (int g = 0; g < 4; g++) {
		const v16 a = v[g], b = v[g + 4], c = v[g + 8], d = v[g + 12];
		const v16 ab = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
		const v16 cd = _mm512_add_ps(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xee));
		four[g] = _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
	}
	for (size_t g = 0; g < 2; g++) {
		const __m512d a = _mm512_castps_pd(four[2 * g]), b = _mm512_castps_pd(four[2 * g + 1]);
		two[g] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)),
				       _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
	}
	return _mm512_add_ps(_mm512_shuffle_ps(two[0], two[1], 0x88), _mm512_shuffle_ps(two[0], two[1], 0xdd));
}
static inline float v16_top(v16 v) { return _mm512_reduce_max_ps(v); }

/* ---- d16: sixteen float64 lanes ---------------------------------------------------------------------------------- */

typedef struct d16 {
	__m512d lo, hi;
} d16;

static inline d16 d16_zero(void) { return (d16){_mm512_setzero_pd(), _mm512_setzero_pd()}; }
static inline d16 d16_of(v16 v)
{
	return (d16){_mm512_cvtps_pd(_mm512_castps512_ps256(v)), _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1))};
}
static inline d16 d16_add(d16 s, v16 v)
{
	d16 d = d16_of(v);
	return (d16){_mm512_add_pd(s.lo, d.lo), _mm512_add_pd(s.hi, d.hi)};
}
static inline d16 d16_add_square(d16 s, v16 v)
{
	d16 d = d16_of(v);
	return (d16){_mm512_fmadd_pd(d.lo, d.lo, s.lo), _mm512_fmadd_pd(d.hi, d.hi, s.hi)};
}
static inline void d16_store(double *p, d16 d)
{
	_mm512_storeu_pd(p, d.lo);
	_mm512_storeu_pd(p + 8, d.hi);
}

#include "math/kernels_rows_impl.h"
/* needs the above */
#include "math/kernels_gemm_impl.h"
#include "math/kernels_short_impl.h"

#define TABLE         s2_kernels_avx512
#define TABLE_NAME    "avx512"
#define BF16_KERNELS  s2_bf16_avx2
#define INT8_KERNELS  s2_int8_avx2
#define INT16_KERNELS s2_int16_avx2
#include "math/kernels_table_impl.h"

#define TABLE         s2_kernels_avx512_vnni
#define TABLE_NAME    "avx512-vnni"
#define BF16_KERNELS  s2_bf16_avx2
#define INT8_KERNELS  s2_int8_avx512
#define INT16_KERNELS s2_int16_avx512
#include "math/kernels_table_impl.h"

#define TABLE         s2_kernels_avx512_bf16
#define TABLE_NAME    "avx512-bf16"
#define BF16_KERNELS  s2_bf16_avx512
#define INT8_KERNELS  s2_int8_avx512
#define INT16_KERNELS s2_int16_avx512
#include "math/kernels_table_impl.h"
#else
typedef int s2_no_avx512; /* a translation unit is never empty */
#endif
