/* Arrays of the golden cases. Each call returns malloc'ed elements in C order and fills dims [S2_MAX_RANK] and rank;
 * a file that is missing or of another type stops the program. */
#ifndef S2_TESTS_NPY_H
#define S2_TESTS_NPY_H

#include "formats/npy.h"
#include "test.h"

static inline s2_tensor test_npy_open(s2_arena *arena, const char *path, size_t *dims, int *rank)
{
	s2st_error err = {""};
	s2_tensor t;
	REQUIRE(arena);
	REQUIRE_OK(s2_npy_read(&t, arena, path, &err));
	memcpy(dims, t.dims, sizeof t.dims);
	*rank = t.rank;
	return t;
}

static inline float *test_npy_f32(const char *path, size_t *dims, int *rank)
{
	s2_arena *arena = s2_arena_new();
	s2_tensor t = test_npy_open(arena, path, dims, rank);
	size_t n = s2_tensor_count(&t);
	float *out = malloc(n * sizeof *out + 1);
	REQUIRE(out && t.dtype == S2_F32);
	s2_tensor_to_f32(&t, out);
	s2_arena_free(arena);
	return out;
}

/* int32, or int64 whose values fit. */
static inline int32_t *test_npy_i32(const char *path, size_t *dims, int *rank)
{
	s2_arena *arena = s2_arena_new();
	s2_tensor t = test_npy_open(arena, path, dims, rank);
	size_t n = s2_tensor_count(&t);
	int32_t *out = malloc(n * sizeof *out + 1);
	REQUIRE(out && (t.dtype == S2_I32 || t.dtype == S2_I64) && s2_tensor_is_contiguous(&t));
	for (size_t i = 0; i < n; i++) {
		int64_t wide = 0;
		if (t.dtype == S2_I64)
			memcpy(&wide, t.data + 8 * i, 8);
		else
			memcpy(&out[i], t.data + 4 * i, 4);
		if (t.dtype == S2_I64) {
			REQUIRE(wide >= INT32_MIN && wide <= INT32_MAX);
			out[i] = (int32_t)wide;
		}
	}
	s2_arena_free(arena);
	return out;
}

#endif
