/* bfloat16 products with vdpbf16ps: 14 x 32 tile. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "math/kernels.h"
#include "math/packed.h"

#define EACH_ROW_COUNT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
enum { MR = 14, VN = 16 };

typedef __m512 vd;
typedef __m512i vd_word, vd_words;

static inline vd vd_zero(void) { return _mm512_setzero_ps(); }
static inline void vd_store(float *p, vd v) { _mm512_storeu_ps(p, v); }
static inline vd_words vd_load_words(const void *p) { return _mm512_loadu_si512(p); }
static inline vd_word vd_set1(uint32_t word) { return _mm512_set1_epi32((int)word); }
static inline vd vd_dot(vd sums, vd_word a, vd_words b) { return _mm512_dpbf16_ps(sums, (__m512bh)a, (__m512bh)b); }

#include "math/kernels_bf16_impl.h"

static s2_run convert(uint32_t *out, const float *in, size_t n)
{
	size_t i = 0;
	for (; i + 32 <= n; i += 32) {
		const __m512bh v = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(in + i + 16), _mm512_loadu_ps(in + i));
		_mm512_storeu_si512(out + i / 2, (__m512i)v);
	}
	for (; i < n; i += 16) {
		const __mmask16 lanes = (__mmask16)(n - i < 16 ? (1u << (n - i)) - 1 : 0xffff);
		const __m256i v = (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(lanes, in + i));
		_mm256_mask_storeu_epi32(out + i / 2, (__mmask8)((1u << ((n - i < 16 ? n - i : 16) + 1) / 2) - 1), v);
	}
	return (s2_run){1, 0};
}

const s2_reduced_kernels s2_bf16_avx512 = {.mr = MR, .nr = NR, .convert = convert, .tile = tile};
#else
typedef int s2_no_bf16_avx512; /* a translation unit is never empty */
#endif
