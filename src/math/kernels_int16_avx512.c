/* int16 products with vpdpwssd. */
#if defined(__x86_64__)
#define VD_DOT "vpdpwssd"
#include "math/kernels_integer_avx512.h"

const s2_reduced_kernels s2_int16_avx512 = {.mr = MR, .nr = NR, .tile = tile};
#else
typedef int s2_no_int16_avx512; /* a translation unit is never empty */
#endif
