/* Lines of JSON as the tools print them (s2st_records of the public header). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "audio/lines.h"
#include "formats/json.h"

struct s2st_records {
	s2_lines lines;
	s2_arena *arena; /* of the current object */
	s2_mark empty;
	s2_value *object; /* NULL: before the first, after the last */
};

int s2st_records_open(s2st_records **out, const char *path, s2st_error *err)
{
	*out = NULL;
	s2st_records *r = calloc(1, sizeof *r);
	if (r)
		r->arena = s2_arena_new();
	if (!r || !r->arena) {
		s2st_records_free(r);
		return s2_fail_mem(err, path);
	}
	r->empty = s2_arena_mark(r->arena);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const int rc = fd < 0 ? s2_fail(err, S2ST_EIO, "%s: cannot open: %s", path, strerror(errno))
			      : s2_lines_open(&r->lines, fd, path, err);
	if (rc < 0) {
		s2st_records_free(r);
		return rc;
	}
	*out = r;
	return S2ST_OK;
}

void s2st_records_free(s2st_records *r)
{
	if (!r)
		return;
	s2_lines_close(&r->lines);
	s2_arena_free(r->arena);
	free(r);
}

int s2st_records_next(s2st_records *r, s2st_error *err)
{
	char *line, where[512];
	int rc;
	s2_arena_reset(r->arena, r->empty);
	r->object = NULL;
	do
		rc = s2_lines_next(&r->lines, &line, err);
	while (rc == 1 && !line[strspn(line, " \t")]);
	if (rc != 1)
		return rc;
	snprintf(where, sizeof where, "%s:%zu", r->lines.name, r->lines.number);
	S2_TRY(s2_json_parse(&r->object, r->arena, line, strlen(line), where, err));
	if (r->object->kind != S2_V_DICT) {
		rc = s2_fail(err, S2ST_EFORMAT, "%s: expected a JSON object, found %s", where,
			     s2_value_kind_name(r->object));
		r->object = NULL;
	}
	return rc;
}

const char *s2st_records_text(const s2st_records *r, const char *key)
{
	return s2_value_get_str(r->object, key, NULL);
}

bool s2st_records_number(const s2st_records *r, const char *key, double *out)
{
	const s2_value *v = s2_value_get(r->object, key);
	if (!v || (v->kind != S2_V_INT && v->kind != S2_V_FLOAT))
		return false;
	*out = v->kind == S2_V_INT ? (double)v->u.i : v->u.f;
	return true;
}

int s2st_records_ints(s2st_records *r, const char *key, const int32_t **out, size_t *n, s2st_error *err)
{
	const s2_value *list = s2_value_get(r->object, key);
	int32_t *ints;
	*out = NULL;
	*n = s2_value_len(list);
	if (!list || list->kind == S2_V_NONE)
		return S2ST_OK;
	S2_ALLOC(ints, r->arena, *n, 1, err);
	for (size_t i = 0; i < *n; i++) {
		const s2_value *v = s2_value_at(list, i);
		if (v->kind != S2_V_INT || v->u.i < INT32_MIN || v->u.i > INT32_MAX)
			return s2_fail(err, S2ST_EFORMAT, "%s:%zu: %s: expected whole numbers, found %s", r->lines.name,
				       r->lines.number, key, s2_value_kind_name(v));
		ints[i] = (int32_t)v->u.i;
	}
	*out = ints;
	return S2ST_OK;
}
