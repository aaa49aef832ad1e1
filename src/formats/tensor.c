#include "formats/tensor.h"

#include <stdio.h>
#include <string.h>

#include "base/half.h"

size_t s2_tensor_count(const s2_tensor *t)
{
	size_t n = 1;
	for (int i = 0; i < t->rank; i++)
		n *= t->dims[i];
	return n;
}

int s2_tensor_is_contiguous(const s2_tensor *t)
{
	size_t expected = 1;
	if (s2_tensor_count(t) == 0)
		return 1;
	for (int i = t->rank - 1; i >= 0; i--) {
		if (t->dims[i] != 1 && t->strides[i] != (ptrdiff_t)expected)
			return 0;
		expected *= t->dims[i];
	}
	return 1;
}

/* A run of n elements, `step` bytes apart, to float32. The memcpy is a load at any alignment. */
#define DEFINE_RUN(name, type, expression)                                                \
	static void name(float *out, const unsigned char *in, size_t n, ptrdiff_t step)   \
	{                                                                                 \
		for (size_t i = 0; i < n; i++, in += step) {                              \
			type x;                                                           \
			memcpy(&x, in, sizeof x);                                         \
			out[i] = (expression);                                            \
		}                                                                         \
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

/* The last dimension is a run; the others turn like an odometer. */
void s2_tensor_to_f32(const s2_tensor *t, float *out)
{
	size_t count = s2_tensor_count(t), at[S2_MAX_RANK] = {0};
	ptrdiff_t size = (ptrdiff_t)s2_dtype_size(t->dtype), offset = 0;
	run_function *run = runs[t->dtype];
	if (s2_tensor_is_contiguous(t)) {
		run(out, t->data, count, size);
		return;
	}
	int last = t->rank - 1; /* not contiguous: has a dimension */
	for (size_t done = 0; done < count; done += t->dims[last]) {
		run(out + done, t->data + offset * size, t->dims[last], t->strides[last] * size);
		for (int i = last - 1; i >= 0; i--) {
			offset += t->strides[i];
			if (++at[i] < t->dims[i])
				break;
			offset -= t->strides[i] * (ptrdiff_t)t->dims[i];
			at[i] = 0;
		}
	}
}

const char *s2_tensor_shape_text(const s2_tensor *t, char *buf, size_t size)
{
	size_t used = 0;
	if (size == 0)
		return buf;
	buf[0] = 0;
	for (int i = 0; i < t->rank; i++) {
		int n = snprintf(buf + used, size - used, "%s%zu", i ? ", " : "[", t->dims[i]);
		if (n < 0 || (size_t)n >= size - used)
			return buf;
		used += (size_t)n;
	}
	snprintf(buf + used, size - used, "%s", t->rank ? "]" : "[]");
	return buf;
}
