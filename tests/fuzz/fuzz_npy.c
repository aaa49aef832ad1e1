/* .npy: a tensor inside the bytes, or a sentence. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2_tensor t;
	s2_arena *arena = s2_arena_new();
	if (!arena)
		abort();
	int rc = s2_npy_parse(&t, arena, data, n, "n", &err);
	if (rc < 0 && !err.text[0])
		abort();
	if (rc == S2ST_OK && s2_tensor_count(&t) < 100000) {
		float *out = malloc(s2_tensor_count(&t) * sizeof *out + 1);
		if (!out)
			abort();
		s2_tensor_to_f32(&t, out);
		free(out);
	}
	s2_arena_free(arena);
	return 0;
}
