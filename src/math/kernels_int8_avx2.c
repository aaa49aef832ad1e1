/* int8 products without VNNI. vpmaddubsw would add two products in 16 bits, where they do not fit: bytes become 16-bit
 * integers first, whose products vpmaddwd adds in 32 bits. */
#if defined(__x86_64__)
#include "math/kernels_integer_avx2_impl.h"
/* needs the above */
#include "math/kernels_convert_impl.h"

/* Bytes 0 and 2, 1 and 3 of each word: the left operand's are unsigned, the weights' signed. */
static inline vd vd_dot(vd sums, vd_word a, vd_words b)
{
	const __m256i a02 = _mm256_and_si256(a, _mm256_set1_epi16(0xff)), a13 = _mm256_srli_epi16(a, 8);
	const __m256i b02 = _mm256_srai_epi16(_mm256_slli_epi16(b, 8), 8), b13 = _mm256_srai_epi16(b, 8);
	sums = _mm256_add_epi32(sums, _mm256_madd_epi16(a02, b02));
	return _mm256_add_epi32(sums, _mm256_madd_epi16(a13, b13));
}

#include "math/kernels_integer_impl.h"

const s2_reduced_kernels s2_int8_avx2 = {
	.mr = MR, .nr = NR, .convert = s2_words_int8, .tile = tile};
#else
typedef int s2_no_int8_avx2; /* a translation unit is never empty */
#endif
