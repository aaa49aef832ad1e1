/* s2st_npy_read: an array of the user's (a speaker vector, an f0 curve) as float32. */
#include <stdlib.h>

#include "formats/npy.h"

int s2st_npy_read(float **out, size_t *n, const char *path, s2st_error *err)
{
	s2_tensor t;
	*out = NULL;
	*n = 0;
	s2_arena *a = s2_arena_new();
	if (!a)
		return s2_fail_mem(err, path);
	int rc = s2_npy_read(&t, a, path, err);
	if (rc == S2ST_OK) {
		const size_t count = s2_tensor_count(&t);
		float *values = reallocarray(NULL, count ? count : 1, sizeof *values);
		if (values) {
			s2_tensor_to_f32(&t, values);
			*out = values;
			*n = count;
		} else {
			rc = s2_fail_mem(err, path);
		}
	}
	s2_arena_free(a);
	return rc;
}
