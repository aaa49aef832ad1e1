/* AVX2 + FMA + F16C kernels: 6 x 16 tile, 12 accumulators of 16 registers. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "math/kernels.h"

#define KERNEL(name) name##_avx2
#define EACH_ROW_COUNT(X) X(1) X(2) X(3) X(4) X(5) X(6)
enum { MR = 6, VF_LEN = 8 };

/* ---- vf, the native vector of the matrix product ----------------------------------------------------------------- */

typedef __m256 vf;

static inline vf vf_load(const void *p) { return _mm256_loadu_ps(p); }
static inline void vf_store(float *p, vf v) { _mm256_storeu_ps(p, v); }
static inline vf vf_set1(float x) { return _mm256_set1_ps(x); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }

static inline vf vf_load_f16(const void *p) { return _mm256_cvtph_ps(_mm_loadu_si128(p)); }
static inline vf vf_load_bf16(const void *p)
{
	return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(p)), 16));
}

/* 8 x 8 in place: 32-bit, 64-bit, then 128-bit lanes change places. */
static ALWAYS_INLINE void vf_transpose(vf *a)
{
	vf b[8];
	for (int i = 0; i < 8; i += 2) {
		b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
		b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
	}
	for (int i = 0; i < 8; i += 4)
		for (int j = 0; j < 2; j++) {
			a[i + 2 * j] = _mm256_shuffle_ps(b[i + j], b[i + j + 2], 0x44);
			a[i + 2 * j + 1] = _mm256_shuffle_ps(b[i + j], b[i + j + 2], 0xee);
		}
	for (int j = 0; j < 4; j++) { /* a[4g + j]: rows 4g..4g+3, columns j, 4 + j */
		vf lo = a[j], hi = a[4 + j];
		a[j] = _mm256_permute2f128_ps(lo, hi, 0x20);
		a[4 + j] = _mm256_permute2f128_ps(lo, hi, 0x31);
	}
}

/* ---- v16: two halves --------------------------------------------------------------------------------------------- */

typedef struct v16 {
	__m256 lo, hi;
} v16;

#define V16(lo, hi) ((v16){(lo), (hi)})

/* The first n of 8 lanes, n from 0 to 8 (and beyond: all). */
static inline __m256i lanes(size_t n)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline v16 v16_set1(float x) { return V16(_mm256_set1_ps(x), _mm256_set1_ps(x)); }
static inline v16 v16_load(const float *p) { return V16(_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)); }
static inline void v16_store(float *p, v16 v)
{
	_mm256_storeu_ps(p, v.lo);
	_mm256_storeu_ps(p + 8, v.hi);
}
/* To nearest even, as int16, which they fit. */
static inline void v16_store_int16(void *p, v16 v)
{
	const __m256i packed = _mm256_packs_epi32(_mm256_cvtps_epi32(v.lo), _mm256_cvtps_epi32(v.hi));
	_mm256_storeu_si256(p, _mm256_permute4x64_epi64(packed, 0xd8));
}
static inline v16 v16_load_part(const float *p, size_t n, float x)
{
	__m256i lo = lanes(n), hi = lanes(n < 8 ? 0 : n - 8);
	__m256 fill = _mm256_set1_ps(x);
	__m256 a = _mm256_maskload_ps(p, lo), b = _mm256_maskload_ps(n < 8 ? p : p + 8, hi);
	return V16(_mm256_blendv_ps(fill, a, _mm256_castsi256_ps(lo)),
		   _mm256_blendv_ps(fill, b, _mm256_castsi256_ps(hi)));
}
static inline void v16_store_part(float *p, v16 v, size_t n)
{
	_mm256_maskstore_ps(p, lanes(n), v.lo);
	if (n > 8)
		_mm256_maskstore_ps(p + 8, lanes(n - 8), v.hi);
}
static inline v16 v16_add(v16 a, v16 b) { return V16(_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)); }
static inline v16 v16_sub(v16 a, v16 b) { return V16(_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)); }
static inline v16 v16_mul(v16 a, v16 b) { return V16(_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)); }
static inline v16 v16_div(v16 a, v16 b) { return V16(_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)); }
static inline v16 v16_max(v16 a, v16 b) { return V16(_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)); }
static inline v16 v16_min(v16 a, v16 b) { return V16(_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)); }
static inline v16 v16_fma(v16 a, v16 b, v16 c)
{
	return V16(_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi));
}
static inline v16 v16_abs(v16 a)
{
	__m256 sign = _mm256_set1_ps(-0.0f);
	return V16(_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi));
}
static inline v16 v16_copysign(v16 a, v16 s) /* a >= 0 */
{
	__m256 sign = _mm256_set1_ps(-0.0f);
	return V16(_mm256_or_ps(a.lo, _mm256_and_ps(s.lo, sign)), _mm256_or_ps(a.hi, _mm256_and_ps(s.hi, sign)));
}
static inline v16 v16_select_lt(v16 a, v16 b, v16 yes, v16 no)
{
	return V16(_mm256_blendv_ps(no.lo, yes.lo, _mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ)),
		   _mm256_blendv_ps(no.hi, yes.hi, _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ)));
}
/* a * 2^n for whole n in [-150, 128], rounded once: of two factors that are in range the first multiplies exactly */
static inline __m256 pow2(__m256i n)
{
	return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
static inline __m256 ldexp8(__m256 a, __m256 n)
{
	__m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
	return _mm256_mul_ps(_mm256_mul_ps(a, pow2(half)), pow2(_mm256_sub_epi32(whole, half)));
}
static inline v16 v16_ldexp(v16 a, v16 n) { return V16(ldexp8(a.lo, n.lo), ldexp8(a.hi, n.hi)); }
/* Lane i with i + 8, then + 4, + 2, + 1. */
static inline float v16_sum(v16 v)
{
	__m256 a = _mm256_add_ps(v.lo, v.hi);
	__m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
	b = _mm_add_ps(b, _mm_movehl_ps(b, b));
	return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
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
	__m256 a = _mm256_max_ps(v.lo, v.hi);
	__m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
	b = _mm_max_ps(b, _mm_movehl_ps(b, b));
	return _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
}

/* ---- d16: sixteen float64 lanes ---------------------------------------------------------------------------------- */

typedef struct d16 {
	__m256d q[4];
} d16;

static inline d16 d16_zero(void)
{
	__m256d z = _mm256_setzero_pd();
	return (d16){{z, z, z, z}};
}
static inline d16 d16_of(v16 v)
{
	return (d16){{_mm256_cvtps_pd(_mm256_castps256_ps128(v.lo)), _mm256_cvtps_pd(_mm256_extractf128_ps(v.lo, 1)),
		      _mm256_cvtps_pd(_mm256_castps256_ps128(v.hi)), _mm256_cvtps_pd(_mm256_extractf128_ps(v.hi, 1))}};
}
static inline d16 d16_add(d16 s, v16 v)
{
	d16 d = d16_of(v);
	for (int i = 0; i < 4; i++)
		s.q[i] = _mm256_add_pd(s.q[i], d.q[i]);
	return s;
}
static inline d16 d16_add_square(d16 s, v16 v)
{
	d16 d = d16_of(v);
	for (int i = 0; i < 4; i++)
		s.q[i] = _mm256_fmadd_pd(d.q[i], d.q[i], s.q[i]);
	return s;
}
static inline void d16_store(double *p, d16 d)
{
	for (size_t i = 0; i < 4; i++)
		_mm256_storeu_pd(p + 4 * i, d.q[i]);
}

#include "math/kernels_rows_impl.h"
/* needs the above */
#include "math/kernels_gemm_impl.h"
#include "math/kernels_short_impl.h"

#define TABLE         s2_kernels_avx2
#define TABLE_NAME    "avx2"
#define BF16_KERNELS  s2_bf16_avx2
#define INT8_KERNELS  s2_int8_avx2
#define INT16_KERNELS s2_int16_avx2
#include "math/kernels_table_impl.h"
#else
typedef int s2_no_avx2; /* a translation unit is never empty */
#endif
