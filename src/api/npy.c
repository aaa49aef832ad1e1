/* s2st_npy_read: an array of the user's (a speaker vector, an f0 curve, an attention matrix) as float32. */
#include <stdlib.h>

#include "formats/npy.h"

/* `rank` 0: any. */
static int read_array(float **out, size_t dims[2], int rank, const char *path, s2st_error *err)
{
	s2_tensor t;
	*out = NULL;
	dims[0] = dims[1] = 0;
	s2_arena *a = s2_arena_new();
	if (!a)
		return s2_fail_mem(err, path);
	int rc = s2_npy_read(&t, a, path, err);
	if (rc == S2ST_OK && rank && t.rank != rank)
		rc = s2_fail(err, S2ST_EFORMAT, "%s: expected %d dimensions, found %d", path, rank, t.rank);
	if (rc == S2ST_OK) {
		const size_t count = s2_tensor_count(&t);
		float *values = reallocarray(NULL, count ? count : 1, sizeof *values);
		if (values) {
			s2_tensor_to_f32(&t, values);
			*out = values;
			dims[0] = rank ? t.dims[0] : count;
			dims[1] = rank ? t.dims[1] : 1;
		} else {
			rc = s2_fail_mem(err, path);
		}
	}
	s2_arena_free(a);
	return rc;
}

int s2st_npy_read(float **out, size_t *n, const char *path, s2st_error *err)
{
	size_t dims[2];
	const int rc = read_array(out, dims, 0, path, err);
	*n = dims[0];
	return rc;
}

int s2st_npy_read_matrix(float **out, size_t *rows, size_t *cols, const char *path, s2st_error *err)
{
	size_t dims[2];
	const int rc = read_array(out, dims, 2, path, err);
	*rows = dims[0];
	*cols = dims[1];
	return rc;
}
