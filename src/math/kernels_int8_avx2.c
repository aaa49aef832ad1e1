/* int8 products without VNNI. vpmaddubsw would add two products in 16 bits, where they do not fit: bytes become 16-bit
 * integers first, whose products vpmaddwd adds in 32 bits. 4 x 16 tile. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "math/kernels.h"
#include "math/kernels_convert_impl.h"
#include "math/packed.h"

#define EACH_ROW_COUNT(X) X(1) X(2) X(3) X(4)
enum { MR = 4, VN = 8 };

typedef __m256i vd, vd_word, vd_words;

static inline vd_words vd_load_words(const void *p) { return _mm256_loadu_si256(p); }
static inline vd_word vd_set1(uint32_t word) { return _mm256_set1_epi32((int)word); }
/* Bytes 0 and 2, 1 and 3 of each word: the left operand's are unsigned, the weights' signed. */
static inline vd vd_dot(vd sums, vd_word a, vd_words b)
{
	const __m256i a02 = _mm256_and_si256(a, _mm256_set1_epi16(0xff)), a13 = _mm256_srli_epi16(a, 8);
	const __m256i b02 = _mm256_srai_epi16(_mm256_slli_epi16(b, 8), 8), b13 = _mm256_srai_epi16(b, 8);
	sums = _mm256_add_epi32(sums, _mm256_madd_epi16(a02, b02));
	return _mm256_add_epi32(sums, _mm256_madd_epi16(a13, b13));
}
static inline vd vd_times(vd_words a, int32_t b) { return _mm256_mullo_epi32(a, _mm256_set1_epi32(b)); }
static inline void vd_add(float *acc, vd sums, float scale)
{
	const __m256 v = _mm256_cvtepi32_ps(sums);
	_mm256_storeu_ps(acc, _mm256_fmadd_ps(v, _mm256_set1_ps(scale), _mm256_loadu_ps(acc)));
}
static inline void vd_scale(float *acc, const float *by)
{
	_mm256_storeu_ps(acc, _mm256_mul_ps(_mm256_loadu_ps(acc), _mm256_loadu_ps(by)));
}

#include "math/kernels_int8_impl.h"

const s2_reduced_kernels s2_int8_avx2 = {
	.mr = MR, .nr = NR, .convert = s2_words_int8, .tile = tile};
#else
typedef int s2_no_int8_avx2; /* a translation unit is never empty */
#endif
