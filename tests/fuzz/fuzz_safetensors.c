/* safetensors: tensors inside the bytes, or a sentence. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The widest values of a tensor, so that a range outside the bytes is found by the sanitizer. */
static void read_ends(const s2_tensor *t)
{
	const size_t size = s2_dtype_size(t->dtype), count = s2_tensor_count(t);
	float value;
	if (count == 0)
		return;
	s2_to_f32(&value, t->data, t->dtype, 1);
	s2_to_f32(&value, t->data + (count - 1) * size, t->dtype, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2_tensor *tensors;
	size_t n_tensors;
	s2_arena *arena = s2_arena_new();
	if (!arena)
		abort();
	int rc = s2_safetensors_is(data, n) ? s2_safetensors_read(&tensors, &n_tensors, arena, data, n, "n", &err)
					    : s2_fail(&err, S2ST_EFORMAT, "something else");
	if (rc < 0 && !err.text[0])
		abort();
	for (size_t i = 0; rc == S2ST_OK && i < n_tensors; i++)
		read_ends(&tensors[i]);
	s2_arena_free(arena);
	return 0;
}
