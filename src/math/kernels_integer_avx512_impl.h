/* Vectors of int32 sums with VNNI's instructions; included by kernels_int8_avx512.c and kernels_int16_avx512.c. 14 x 32
 * tile. */
#include <immintrin.h>
#include <string.h>

#include "math/kernels.h"
#include "math/packed.h"

#define EACH_ROW_COUNT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
enum { MR = 14, VN = 16 };

typedef __m512i vd, vd_word, vd_words;

static inline vd vd_zero(void) { return _mm512_setzero_si512(); }
static inline vd_words vd_load_words(const void *p) { return _mm512_loadu_si512(p); }
static inline vd_word vd_set1(uint32_t word) { return _mm512_set1_epi32((int)word); }
/* _mm512_dpbusd_epi32(sums, a, b) and the like, but gcc 12 moves the sums from register to register around the
 * intrinsic and runs out of them, which costs 40 % of the speed. */
static inline vd vd_dot(vd sums, vd_word a, vd_words b)
{
	__asm__(VD_DOT " %2, %1, %0" : "+v"(sums) : "v"(a), "v"(b));
	return sums;
}
static inline vd vd_times(vd_words a, int32_t b) { return _mm512_mullo_epi32(a, _mm512_set1_epi32(b)); }
static inline void vd_put(float *acc, vd sums, float scale)
{
	_mm512_storeu_ps(acc, _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_set1_ps(scale)));
}
static inline void vd_add(float *acc, vd sums, float scale)
{
	const __m512 v = _mm512_cvtepi32_ps(sums);
	_mm512_storeu_ps(acc, _mm512_fmadd_ps(v, _mm512_set1_ps(scale), _mm512_loadu_ps(acc)));
}
static inline void vd_scale(float *acc, const float *by)
{
	_mm512_storeu_ps(acc, _mm512_mul_ps(_mm512_loadu_ps(acc), _mm512_loadu_ps(by)));
}

#include "math/kernels_integer_impl.h"
