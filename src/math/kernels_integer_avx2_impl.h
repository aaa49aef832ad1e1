/* Vectors of int32 sums with AVX2; included by kernels_int8_avx2.c and kernels_int16_avx2.c, which add vd_dot. 4 x 16
 * tile. */
#include <immintrin.h>
#include <string.h>

#include "math/kernels.h"
#include "math/packed.h"

#define EACH_ROW_COUNT(X) X(1) X(2) X(3) X(4)
enum { MR = 4, VN = 8 };

typedef __m256i vd, vd_word, vd_words;

static inline vd vd_zero(void) { return _mm256_setzero_si256(); }
static inline vd_words vd_load_words(const void *p) { return _mm256_loadu_si256(p); }
static inline vd_word vd_set1(uint32_t word) { return _mm256_set1_epi32((int)word); }
static inline vd vd_times(vd_words a, int32_t b) { return _mm256_mullo_epi32(a, _mm256_set1_epi32(b)); }
static inline void vd_put(float *acc, vd sums, float scale)
{
	_mm256_storeu_ps(acc, _mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_set1_ps(scale)));
}
static inline void vd_add(float *acc, vd sums, float scale)
{
	const __m256 v = _mm256_cvtepi32_ps(sums);
	_mm256_storeu_ps(acc, _mm256_fmadd_ps(v, _mm256_set1_ps(scale), _mm256_loadu_ps(acc)));
}
static inline void vd_scale(float *acc, const float *by)
{
	_mm256_storeu_ps(acc, _mm256_mul_ps(_mm256_loadu_ps(acc), _mm256_loadu_ps(by)));
}
