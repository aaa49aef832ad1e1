#include "formats/tensor.h"

#include <stdio.h>
#include <string.h>

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

/* The last dimension is a run; the others turn like an odometer. */
void s2_tensor_to_f32(const s2_tensor *t, float *out)
{
	size_t count = s2_tensor_count(t), at[S2_MAX_RANK] = {0};
	ptrdiff_t size = (ptrdiff_t)s2_dtype_size(t->dtype), offset = 0;
	if (s2_tensor_is_contiguous(t)) {
		s2_to_f32(out, t->data, t->dtype, count);
		return;
	}
	int last = t->rank - 1; /* not contiguous: has a dimension */
	for (size_t done = 0; done < count; done += t->dims[last]) {
		s2_to_f32_strided(out + done, t->data + offset * size, t->dtype, t->strides[last], t->dims[last]);
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
