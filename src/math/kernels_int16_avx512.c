/* int16 products with vpdpwssd. */
#if defined(__x86_64__)
#define VD_DOT "vpdpwssd"
#include "math/kernels_integer_avx512_impl.h"
/* needs the above */
#include "math/kernels_convert_impl.h"

const s2_reduced_kernels s2_int16_avx512 = {.mr = MR, .nr = NR, .convert = s2_words_int16, .tile = tile};
#else
typedef int s2_no_int16_avx512; /* a translation unit is never empty */
#endif
