#include "base/dtype.h"

#include <stdint.h>
#include <string.h>

#include "base/half.h"

static const struct {
	size_t size;
	const char *name;
} table[S2_N_DTYPES] = {
	[S2_F32] = {4, "float32"}, [S2_F16] = {2, "float16"}, [S2_BF16] = {2, "bfloat16"}, [S2_F64] = {8, "float64"},
	[S2_I64] = {8, "int64"},   [S2_I32] = {4, "int32"},   [S2_I16] = {2, "int16"},     [S2_I8] = {1, "int8"},
	[S2_U8] = {1, "uint8"},	   [S2_BOOL] = {1, "bool"},
};

size_t s2_dtype_size(s2_dtype t)
{
	return table[t].size;
}

const char *s2_dtype_name(s2_dtype t)
{
	return table[t].name;
}

/* A run of n elements, `step` bytes apart, to float32. The memcpy is a load at any alignment. */
#define DEFINE_RUN(name, type, expression)                                              \
	static void name(float *out, const unsigned char *in, size_t n, ptrdiff_t step) \
	{                                                                               \
		for (size_t i = 0; i < n; i++, in += step) {                            \
			type x;                                                         \
			memcpy(&x, in, sizeof x);                                       \
			out[i] = (expression);                                          \
		}                                                                       \
	}

DEFINE_RUN(run_f32, float, x)
DEFINE_RUN(run_f16, uint16_t, s2_f16_to_f32(x))
DEFINE_RUN(run_bf16, uint16_t, s2_bf16_to_f32(x))
DEFINE_RUN(run_f64, double, (float)x)
DEFINE_RUN(run_i64, int64_t, (float)x)
DEFINE_RUN(run_i32, int32_t, (float)x)
DEFINE_RUN(run_i16, int16_t, (float)x)
DEFINE_RUN(run_i8, int8_t, (float)x)
DEFINE_RUN(run_u8, uint8_t, (float)x)
DEFINE_RUN(run_bool, uint8_t, x ? 1.0f : 0.0f)

typedef void run_function(float *out, const unsigned char *in, size_t n, ptrdiff_t step);

static run_function *const runs[S2_N_DTYPES] = {
	[S2_F32] = run_f32, [S2_F16] = run_f16, [S2_BF16] = run_bf16, [S2_F64] = run_f64, [S2_I64] = run_i64,
	[S2_I32] = run_i32, [S2_I16] = run_i16, [S2_I8] = run_i8,     [S2_U8] = run_u8,	  [S2_BOOL] = run_bool,
};

void s2_to_f32_strided(float *out, const void *in, s2_dtype dtype, ptrdiff_t stride, size_t n)
{
	runs[dtype](out, in, n, stride * (ptrdiff_t)table[dtype].size);
}

/* The step is a constant here, so that the compiler makes vector loops of the common types. */
void s2_to_f32(float *out, const void *in, s2_dtype dtype, size_t n)
{
	if (dtype == S2_F16)
		run_f16(out, in, n, sizeof(uint16_t));
	else if (dtype == S2_BF16)
		run_bf16(out, in, n, sizeof(uint16_t));
	else if (dtype == S2_F32)
		memcpy(out, in, n * sizeof *out);
	else
		s2_to_f32_strided(out, in, dtype, 1, n);
}
