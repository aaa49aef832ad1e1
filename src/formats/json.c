#include "formats/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { MAX_DEPTH = 64 };
static const size_t max_file = (size_t)64 << 20;

static int convert(s2_value **out, s2_arena *a, json_t *j, int depth, const char *name, s2st_error *err);

static int convert_array(s2_value *v, s2_arena *a, const json_t *j, int depth, const char *name, s2st_error *err)
{
	for (size_t i = 0; i < json_array_size(j); i++) {
		s2_value *item;
		S2_TRY(convert(&item, a, json_array_get(j, i), depth + 1, name, err));
		if (s2_value_append(a, v, item) < 0)
			return s2_fail_mem(err, name);
	}
	return S2ST_OK;
}

static int convert_object(s2_value *v, s2_arena *a, json_t *j, int depth, const char *name, s2st_error *err)
{
	for (void *at = json_object_iter(j); at; at = json_object_iter_next(j, at)) { /* in the order of the text */
		const char *text = json_object_iter_key(at);
		s2_value *key = s2_value_new_str(a, text, strlen(text)), *val;
		S2_TRY(convert(&val, a, json_object_iter_value(at), depth + 1, name, err));
		if (!key || s2_value_put(a, v, key, val) < 0)
			return s2_fail_mem(err, name);
	}
	return S2ST_OK;
}

static int convert(s2_value **out, s2_arena *a, json_t *j, int depth, const char *name, s2st_error *err)
{
	static const s2_vkind kinds[] = {
		[JSON_OBJECT] = S2_V_DICT, [JSON_ARRAY] = S2_V_LIST, [JSON_STRING] = S2_V_STR,
		[JSON_INTEGER] = S2_V_INT, [JSON_REAL] = S2_V_FLOAT, [JSON_TRUE] = S2_V_BOOL,
		[JSON_FALSE] = S2_V_BOOL,  [JSON_NULL] = S2_V_NONE,
	};
	if (depth > MAX_DEPTH)
		return s2_fail(err, S2ST_EFORMAT, "%s: JSON nested more than %d deep", name, MAX_DEPTH);
	if (json_is_string(j))
		*out = s2_value_new_str(a, json_string_value(j), json_string_length(j));
	else
		*out = s2_value_new(a, kinds[json_typeof(j)]);
	if (!*out)
		return s2_fail_mem(err, name);
	switch (json_typeof(j)) {
	case JSON_OBJECT: return convert_object(*out, a, j, depth, name, err);
	case JSON_ARRAY: return convert_array(*out, a, j, depth, name, err);
	case JSON_INTEGER: (*out)->u.i = json_integer_value(j); break;
	case JSON_REAL: (*out)->u.f = json_real_value(j); break;
	case JSON_TRUE: (*out)->u.b = true; break;
	default: break;
	}
	return S2ST_OK;
}

int s2_json_parse(s2_value **out, s2_arena *a, const char *text, size_t n, const char *name, s2st_error *err)
{
	json_error_t why;
	json_t *j = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (!j)
		return s2_fail(err, S2ST_EFORMAT, "%s: not JSON: line %d, column %d: %s", name, why.line, why.column,
			       why.text);
	int rc = convert(out, a, j, 0, name, err);
	json_decref(j);
	return rc;
}

int s2_json_read(s2_value **out, s2_arena *a, const char *path, s2st_error *err)
{
	char *text;
	size_t n;
	S2_TRY(s2_read_file(&text, &n, path, max_file, err));
	int rc = s2_json_parse(out, a, text, n, path, err);
	free(text);
	return rc;
}
