/* Element types of stored tensors.  Layer: base. */
#ifndef S2_BASE_DTYPE_H
#define S2_BASE_DTYPE_H

#include <stddef.h>

typedef enum s2_dtype {
	S2_F32, S2_F16, S2_BF16, S2_F64, S2_I64, S2_I32, S2_I16, S2_I8, S2_U8, S2_BOOL,
	S2_N_DTYPES
} s2_dtype;

size_t s2_dtype_size(s2_dtype t);
const char *s2_dtype_name(s2_dtype t); /* "float32", "float16", "bfloat16", ... */

/* n elements of any alignment and dtype to float32, `stride` elements apart (s2_to_f32: 1). */
void s2_to_f32(float *out, const void *in, s2_dtype dtype, size_t n);
void s2_to_f32_strided(float *out, const void *in, s2_dtype dtype, ptrdiff_t stride, size_t n);

#endif
