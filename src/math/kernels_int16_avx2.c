/* int16 products without VNNI: vpmaddwd adds the two of a word. */
#if defined(__x86_64__)
#include "math/kernels_integer_avx2_impl.h"
/* needs the above */
#include "math/kernels_convert_impl.h"

static inline vd vd_dot(vd sums, vd_word a, vd_words b) { return _mm256_add_epi32(sums, _mm256_madd_epi16(a, b)); }

#include "math/kernels_integer_impl.h"

const s2_reduced_kernels s2_int16_avx2 = {.mr = MR, .nr = NR, .convert = s2_words_int16, .tile = tile};
#else
typedef int s2_no_int16_avx2; /* a translation unit is never empty */
#endif
