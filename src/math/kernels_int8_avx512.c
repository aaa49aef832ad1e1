/* int8 products with vpdpbusd. */
#if defined(__x86_64__)
#define VD_DOT "vpdpbusd"
#include "math/kernels_integer_avx512_impl.h"
/* needs the above */
#include "math/kernels_convert_impl.h"

static inline __mmask16 lanes(size_t n) { return (__mmask16)(n < 16 ? (1u << n) - 1 : 0xffff); }

static s2_run convert(uint32_t *out, const float *in, size_t n)
{
	__m512 low = _mm512_setzero_ps(), high = low, check = low;
	for (size_t i = 0; i < n; i += 16) {
		const __m512 x = _mm512_maskz_loadu_ps(lanes(n - i), in + i);
		low = _mm512_min_ps(x, low); /* the second where one is NaN */
		high = _mm512_max_ps(x, high);
		check = _mm512_fmadd_ps(x, _mm512_setzero_ps(), check); /* NaN where a value is not finite */
	}
	float by;
	const bool finite = _mm512_cmp_ps_mask(check, check, _CMP_UNORD_Q) == 0;
	const s2_run run = s2_int8_run(_mm512_reduce_min_ps(low), _mm512_reduce_max_ps(high), finite, &by);
	if (!(by > 0)) {
		memset(out, 0, (n + 3) / 4 * sizeof *out);
		return run;
	}
	for (size_t i = 0; i < n; i += 16) {
		const __m512 x = _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes(n - i), in + i), _mm512_set1_ps(by));
		const __m512i q = _mm512_add_epi32(_mm512_cvtps_epi32(x), _mm512_set1_epi32(run.zero));
		_mm_mask_storeu_epi8((unsigned char *)out + i, lanes((n - i + 3) / 4 * 4), _mm512_cvtusepi32_epi8(q));
	}
	return run;
}

const s2_reduced_kernels s2_int8_avx512 = {
	.mr = MR, .nr = NR, .convert = convert, .tile = tile};
#else
typedef int s2_no_int8_avx512; /* a translation unit is never empty */
#endif
