/* bfloat16 products without instructions for them: a word's halves become two float32, multiplied and added one after
 * the other, the second first. 4 x 16 tile. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "math/kernels.h"
#include "math/kernels_convert_impl.h"
#include "math/packed.h"

#define EACH_ROW_COUNT(X) X(1) X(2) X(3) X(4)
enum { MR = 4, VN = 8 };

typedef __m256 vd;
typedef __m256i vd_word, vd_words;

static inline vd vd_zero(void) { return _mm256_setzero_ps(); }
static inline void vd_store(float *p, vd v) { _mm256_storeu_ps(p, v); }
static inline vd_words vd_load_words(const void *p) { return _mm256_loadu_si256(p); }
static inline vd_word vd_set1(uint32_t word) { return _mm256_set1_epi32((int)word); }
static inline vd second(vd_words v)
{
	return _mm256_castsi256_ps(_mm256_and_si256(v, _mm256_set1_epi32((int)0xffff0000)));
}
static inline vd first(vd_words v) { return _mm256_castsi256_ps(_mm256_slli_epi32(v, 16)); }
static inline vd vd_dot(vd sums, vd_word a, vd_words b)
{
	return _mm256_fmadd_ps(first(a), first(b), _mm256_fmadd_ps(second(a), second(b), sums));
}

#include "math/kernels_bf16_impl.h"

const s2_reduced_kernels s2_bf16_avx2 = {.mr = MR, .nr = NR, .convert = s2_words_bf16, .tile = tile};
#else
typedef int s2_no_bf16_avx2; /* a translation unit is never empty */
#endif
