#include "formats/value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum {
	MAX_WRAPPERS = 16, /* omegaconf nodes and interpolations around one leaf */
	MAX_PARENTS = 64,
};

/* ---- making -------------------------------------------------------------------------------------------------- */

s2_value *s2_value_new(s2_arena *a, s2_vkind kind)
{
	s2_value *v = s2_arena_zalloc(a, 1, 1, sizeof *v);
	if (v)
		v->kind = kind;
	return v;
}

s2_value *s2_value_new_str(s2_arena *a, const char *s, size_t len)
{
	s2_value *v = s2_value_new(a, S2_V_STR);
	if (!v || !(v->u.str.s = s2_arena_strndup(a, s, len)))
		return NULL;
	v->u.str.len = len;
	return v;
}

/* Room for one more element; old storage stays in the arena, at most as much again as the new. */
static void *grown(s2_arena *a, void *at, size_t n, size_t *cap, size_t elem)
{
	if (n < *cap)
		return at;
	size_t wanted = s2_max(4, *cap * 2);
	void *bigger = s2_arena_alloc(a, wanted, 1, elem);
	if (bigger && n)
		memcpy(bigger, at, n * elem);
	if (bigger)
		*cap = wanted;
	return bigger;
}

int s2_value_append(s2_arena *a, s2_value *list, s2_value *item)
{
	void *at = grown(a, list->u.list.at, list->u.list.n, &list->u.list.cap, sizeof *list->u.list.at);
	if (!at)
		return -1;
	list->u.list.at = at;
	list->u.list.at[list->u.list.n++] = item;
	return 0;
}

int s2_value_put(s2_arena *a, s2_value *dict, s2_value *key, s2_value *val)
{
	void *at = grown(a, dict->u.dict.at, dict->u.dict.n, &dict->u.dict.cap, sizeof *dict->u.dict.at);
	if (!at)
		return -1;
	dict->u.dict.at = at;
	dict->u.dict.at[dict->u.dict.n++] = (s2_pair){key, val};
	return 0;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

const char *s2_value_kind_name(const s2_value *v)
{
	static const char *const names[] = {
		[S2_V_NONE] = "None",	 [S2_V_BOOL] = "a bool",    [S2_V_INT] = "an integer",
		[S2_V_FLOAT] = "a number", [S2_V_STR] = "a string",   [S2_V_BYTES] = "bytes",
		[S2_V_LIST] = "a list",	 [S2_V_TUPLE] = "a tuple",  [S2_V_SET] = "a set",
		[S2_V_DICT] = "a dict",	 [S2_V_TENSOR] = "a tensor", [S2_V_ARRAY] = "an array",
	};
	if (!v)
		return "nothing";
	return v->kind == S2_V_OBJECT ? v->u.obj.cls : names[v->kind];
}

static bool is_str(const s2_value *v, const char *s)
{
	return v && v->kind == S2_V_STR && v->u.str.len == strlen(s) && memcmp(v->u.str.s, s, v->u.str.len) == 0;
}

static const s2_value *dict_get(const s2_value *dict, const char *key)
{
	if (!dict || dict->kind != S2_V_DICT)
		return NULL;
	for (size_t i = dict->u.dict.n; i-- > 0;)
		if (is_str(dict->u.dict.at[i].key, key))
			return dict->u.dict.at[i].val;
	return NULL;
}

/* An object's attributes: its state, or with __slots__ a tuple (dict or None, dict of slots). */
static const s2_value *attributes(const s2_value *obj)
{
	const s2_value *state = obj->u.obj.state;
	if (state && state->kind == S2_V_TUPLE && state->u.list.n == 2)
		state = state->u.list.at[state->u.list.at[0]->kind == S2_V_DICT ? 0 : 1];
	return state && state->kind == S2_V_DICT ? state : NULL;
}

static const s2_value *attribute(const s2_value *v, const char *key)
{
	return v && v->kind == S2_V_OBJECT ? dict_get(attributes(v), key) : NULL;
}

/* The dict behind a mapping: itself, omegaconf's content, a Namespace's attributes, the items of a dict subclass. */
static const s2_value *mapping(const s2_value *v)
{
	if (!v || v->kind != S2_V_OBJECT)
		return v && v->kind == S2_V_DICT ? v : NULL;
	const s2_value *content = dict_get(attributes(v), "_content"), *items = v->u.obj.items;
	if (content && content->kind == S2_V_DICT)
		return content;
	return items && items->kind == S2_V_DICT ? items : attributes(v);
}

/* Walks "a.b.c" from v; `step` finds a member. */
static const s2_value *walk(const s2_value *v, const char *dotted,
			    const s2_value *(*step)(const s2_value *, const char *))
{
	char key[256];
	while (v) {
		size_t n = strcspn(dotted, ".");
		if (n >= sizeof key)
			return NULL;
		memcpy(key, dotted, n);
		key[n] = 0;
		v = step(v, key);
		if (!dotted[n])
			break;
		dotted += n + 1;
	}
	return v;
}

static const s2_value *plain_member(const s2_value *v, const char *key)
{
	return dict_get(mapping(v), key);
}

/* "${a.b.c}" in the leaf of `node`: a path from the root of the tree, which the `_parent`s lead to. The walk follows
 * no other interpolation, so it ends whatever a file says. */
static const s2_value *interpolate(const s2_value *node, const s2_value *leaf)
{
	char path[256];
	const char *s = leaf->u.str.s;
	size_t n = leaf->u.str.len;
	if (n < 4 || n - 3 >= sizeof path || memcmp(s, "${", 2) != 0 || s[n - 1] != '}')
		return leaf;
	memcpy(path, s + 2, n - 3);
	path[n - 3] = 0;
	for (int i = 0; i < MAX_PARENTS; i++) {
		const s2_value *parent = attribute(node, "_parent");
		if (!parent || parent->kind != S2_V_OBJECT)
			break;
		node = parent;
	}
	const s2_value *found = walk(node, path, plain_member);
	return found ? found : leaf;
}

const s2_value *s2_value_unwrap(const s2_value *v)
{
	const s2_value *leaf = v; /* where interpolations run in a circle: one of their texts */
	for (int i = 0; i < MAX_WRAPPERS; i++) {
		const s2_value *inner = attribute(v, "_val");
		if (!inner)
			inner = attribute(v, "_content");
		if (!inner ||
		    inner->kind == S2_V_DICT) /* a DictConfig stays one: its members find their root through it */
			return v;
		leaf = inner;
		v = inner->kind == S2_V_STR ? interpolate(v, inner) : inner;
		if (v == inner && v->kind != S2_V_OBJECT)
			return v;
	}
	return leaf;
}

const s2_value *s2_value_get(const s2_value *v, const char *key)
{
	return s2_value_unwrap(plain_member(s2_value_unwrap(v), key));
}

const s2_value *s2_value_path(const s2_value *v, const char *dotted)
{
	return walk(v, dotted, s2_value_get);
}

/* The list behind a sequence: list, tuple or set itself, or what a list subclass holds. */
static const s2_value *sequence(const s2_value *v)
{
	v = s2_value_unwrap(v);
	if (v && v->kind == S2_V_OBJECT)
		v = v->u.obj.items;
	return v && (v->kind == S2_V_LIST || v->kind == S2_V_TUPLE || v->kind == S2_V_SET) ? v : NULL;
}

size_t s2_value_len(const s2_value *v)
{
	const s2_value *list = sequence(v);
	return list ? list->u.list.n : 0;
}

const s2_value *s2_value_at(const s2_value *v, size_t i)
{
	const s2_value *list = sequence(v);
	return list && i < list->u.list.n ? s2_value_unwrap(list->u.list.at[i]) : NULL;
}

size_t s2_value_pairs(const s2_value *v, const s2_pair **out)
{
	const s2_value *dict = mapping(s2_value_unwrap(v));
	*out = dict ? dict->u.dict.at : NULL;
	return dict ? dict->u.dict.n : 0;
}

/* ---- typed reads --------------------------------------------------------------------------------------------- */

static const s2_value *present(const s2_value *v, const char *key)
{
	const s2_value *member = s2_value_get(v, key);
	return member && member->kind != S2_V_NONE ? member : NULL;
}

static int wrong_kind(const s2_value *found, const char *key, const char *expected, const char *file, s2st_error *err)
{
	if (found->kind == S2_V_STR)
		return s2_fail(err, S2ST_EMODEL, "%s: %s: expected %s, found \"%.80s\"", file, key, expected,
			       found->u.str.s);
	return s2_fail(err, S2ST_EMODEL, "%s: %s: expected %s, found %s", file, key, expected,
		       s2_value_kind_name(found));
}

static bool whole_number(double f)
{
	return f == floor(f) && f >= -0x1p62 && f <= 0x1p62;
}

static bool str_to_int(const s2_value *v, int64_t *out)
{
	char *end;
	errno = 0;
	long long i = strtoll(v->u.str.s, &end, 10);
	*out = i;
	return errno == 0 && end != v->u.str.s && *end == 0;
}

static bool str_to_float(const s2_value *v, double *out)
{
	char *end;
	*out = strtod(v->u.str.s, &end);
	return end != v->u.str.s && *end == 0 && !isnan(*out);
}

int s2_value_get_int(const s2_value *v, const char *key, int64_t def, int64_t *out, const char *file, s2st_error *err)
{
	const s2_value *m = present(v, key);
	if (!m)
		*out = def;
	else if (m->kind == S2_V_INT)
		*out = m->u.i;
	else if (m->kind == S2_V_BOOL)
		*out = m->u.b;
	else if (m->kind == S2_V_FLOAT && whole_number(m->u.f))
		*out = (int64_t)m->u.f;
	else if (m->kind != S2_V_STR || !str_to_int(m, out))
		return wrong_kind(m, key, "an integer", file, err);
	return S2ST_OK;
}

int s2_value_get_float(const s2_value *v, const char *key, double def, double *out, const char *file, s2st_error *err)
{
	const s2_value *m = present(v, key);
	if (!m)
		*out = def;
	else if (m->kind == S2_V_FLOAT)
		*out = m->u.f;
	else if (m->kind == S2_V_INT)
		*out = (double)m->u.i;
	else if (m->kind == S2_V_BOOL)
		*out = m->u.b;
	else if (m->kind != S2_V_STR || !str_to_float(m, out))
		return wrong_kind(m, key, "a number", file, err);
	return S2ST_OK;
}

int s2_value_get_bool(const s2_value *v, const char *key, bool def, bool *out, const char *file, s2st_error *err)
{
	const s2_value *m = present(v, key);
	if (!m)
		*out = def;
	else if (m->kind == S2_V_BOOL)
		*out = m->u.b;
	else if (m->kind == S2_V_INT && (m->u.i == 0 || m->u.i == 1))
		*out = m->u.i == 1;
	else if (is_str(m, "True") || is_str(m, "true") || is_str(m, "1"))
		*out = true;
	else if (is_str(m, "False") || is_str(m, "false") || is_str(m, "0"))
		*out = false;
	else
		return wrong_kind(m, key, "a bool", file, err);
	return S2ST_OK;
}

const char *s2_value_get_str(const s2_value *v, const char *key, const char *def)
{
	const s2_value *m = s2_value_get(v, key);
	return m && m->kind == S2_V_STR ? m->u.str.s : def;
}
