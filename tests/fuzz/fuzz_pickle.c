/* Pickles: whatever the bytes, a tree that prints as JSON, or a sentence. Tensors never reach out of their storage. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/dict.h"
#include "formats/json.h"
#include "formats/pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Gives every storage the same 64 bytes. */
static int find(void *arg, const s2_storage *s, const unsigned char **bytes, size_t *n, s2st_error *err)
{
	(void)s;
	(void)err;
	*bytes = arg;
	*n = 64;
	return S2ST_OK;
}

static void touch_tensor(s2_tensor *t, unsigned char *bytes)
{
	s2st_error err;
	if (s2_lazy_resolve(t, find, bytes, "w", &err) < 0 || s2_tensor_count(t) > 10000)
		return;
	float *out = malloc(s2_tensor_count(t) * sizeof *out + 1);
	if (!out)
		abort();
	s2_tensor_to_f32(t, out);
	free(out);
}

static void touch(s2_value *v, unsigned char *bytes)
{
	if (v->kind == S2_V_TENSOR)
		touch_tensor(v->u.tensor, bytes);
	for (size_t i = 0; (v->kind == S2_V_LIST || v->kind == S2_V_TUPLE) && i < v->u.list.n; i++)
		if (v->u.list.at[i]->kind == S2_V_TENSOR)
			touch_tensor(v->u.list.at[i]->u.tensor, bytes);
}

/* What we print, we can read, but for what Python allows and our JSON reader does not. */
static void check_text(const s2_value *v, s2_arena *arena)
{
	char *text = s2_value_to_json(v, 2000);
	if (!text || strlen(text) > 200000)
		abort();
	s2_value *again;
	s2st_error err;
	if (s2_json_parse(&again, arena, text, strlen(text), "text", &err) < 0 && !strstr(err.text, "nested") &&
	    !strstr(err.text, "duplicate") && !strstr(err.text, "\\u0000") && !strstr(err.text, "NUL"))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2_pickle p;
	s2_arena *arena = s2_arena_new();
	unsigned char *bytes = malloc(64); /* of its own, so that a read beyond is seen */
	if (!arena || !bytes)
		abort();
	memset(bytes, 1, 64);
	int rc = s2_pickle_read(&p, arena, data, n, &(s2_pickle_options){.name = "p"}, &err);
	if (rc < 0 && (!err.text[0] || rc != S2ST_EFORMAT))
		abort();
	if (rc == S2ST_OK) {
		s2_dict *d;
		touch(p.root, bytes);
		check_text(p.root, arena);
		if (s2_dict_from_value(&d, p.root, "p", &err) == S2ST_OK)
			s2_dict_free(d);
	}
	free(bytes);
	s2_arena_free(arena);
	return 0;
}
