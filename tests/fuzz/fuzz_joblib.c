/* joblib files: a tree whose arrays lie inside the bytes, or a sentence. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/joblib.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void read_array(const s2_value *v)
{
	if (!v || v->kind != S2_V_ARRAY || s2_tensor_count(v->u.tensor) > 100000)
		return;
	float *out = malloc(s2_tensor_count(v->u.tensor) * sizeof *out + 1);
	if (!out)
		abort();
	s2_tensor_to_f32(v->u.tensor, out);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2_value *root;
	s2_arena *arena = s2_arena_new();
	if (!arena)
		abort();
	int rc = s2_joblib_parse(&root, arena, data, n, "n", &err);
	if (rc < 0 && !err.text[0])
		abort();
	if (rc == S2ST_OK) {
		read_array(root);
		read_array(s2_value_get(root, "cluster_centers_"));
		free(s2_value_to_json(root, 1000));
	}
	s2_arena_free(arena);
	return 0;
}
