/* int8 products with vpdpbusd: 14 x 32 tile. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "math/kernels.h"
#include "math/kernels_convert_impl.h"
#include "math/packed.h"

#define EACH_ROW_COUNT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
enum { MR = 14, VN = 16 };

typedef __m512i vd, vd_word, vd_words;

static inline vd_words vd_load_words(const void *p) { return _mm512_loadu_si512(p); }
static inline vd_word vd_set1(uint32_t word) { return _mm512_set1_epi32((int)word); }
/* _mm512_dpbusd_epi32(sums, a, b), but gcc 12 moves the sums from register to register around the intrinsic and runs
 * out of them, which costs 40 % of the speed. */
static inline vd vd_dot(vd sums, vd_word a, vd_words b)
{
	__asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(a), "v"(b));
	return sums;
}
static inline vd vd_times(vd_words a, int32_t b) { return _mm512_mullo_epi32(a, _mm512_set1_epi32(b)); }
static inline void vd_add(float *acc, vd sums, float scale)
{
	const __m512 v = _mm512_cvtepi32_ps(sums);
	_mm512_storeu_ps(acc, _mm512_fmadd_ps(v, _mm512_set1_ps(scale), _mm512_loadu_ps(acc)));
}
static inline void vd_scale(float *acc, const float *by)
{
	_mm512_storeu_ps(acc, _mm512_mul_ps(_mm512_loadu_ps(acc), _mm512_loadu_ps(by)));
}

#include "math/kernels_int8_impl.h"

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
