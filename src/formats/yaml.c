/* YAML by libyaml's events. Plain scalars become what PyYAML's safe loader makes of them (yaml/resolver.py and
 * constructor.py: YAML 1.1, where "yes" is true, "010" is 8 and "1e-4" is a string); dates stay strings. */
#include <errno.h>
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/file.h"
#include "base/index.h"
#include "base/size.h"
#include "formats/json.h"

enum {
	MAX_DEPTH = 64,
	MAX_NODES = 1000000, /* as a text without aliases would have them */
	MAX_NUMBER = 80,     /* characters */
};
static const size_t max_file = (size_t)64 << 20;

/* The implicit resolvers of PyYAML, as POSIX extended expressions. */
static const char int_pattern[] =
	"^[-+]?(0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(:[0-5]?[0-9])+)$";
static const char float_pattern[] =
	"^([-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+][0-9]+)?|\\.[0-9][0-9_]*([eE][-+][0-9]+)?|"
	"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN))$";

typedef struct anchor {
	s2_value *v;  /* NULL: still being read */
	size_t nodes; /* of the value, written out */
} anchor;

typedef struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	s2_arena *arena;
	const char *name;
	s2st_error *err;
	regex_t is_int, is_float;
	s2_index *by_anchor; /* to anchors; names lie in the arena */
	anchor *anchors;
	size_t n_anchors, cap_anchors;
	size_t nodes; /* of the document so far, aliases written out */
} reader;

static int fail(reader *r, const char *what)
{
	return s2_fail(r->err, S2ST_EFORMAT, "%s: YAML line %zu: %s", r->name, r->event.start_mark.line + 1, what);
}

static int next_event(reader *r)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = yaml_parser_parse(&r->parser, &r->event);
	if (!r->has_event)
		return s2_fail(r->err, S2ST_EFORMAT, "%s: not YAML: line %zu: %s", r->name,
			       r->parser.problem_mark.line + 1, r->parser.problem ? r->parser.problem : "malformed");
	return S2ST_OK;
}

static int count_nodes(reader *r, size_t n)
{
	r->nodes += n;
	return r->nodes <= MAX_NODES ? S2ST_OK : fail(r, "more values than a configuration holds (an alias bomb?)");
}

static int new_value(reader *r, s2_vkind kind, s2_value **out)
{
	*out = s2_value_new(r->arena, kind);
	return *out ? S2ST_OK : s2_fail_mem(r->err, r->name);
}

/* ---- scalars ------------------------------------------------------------------------------------------------- */

static bool is_one_of(const char *s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(s, words[i]) == 0)
			return true;
	return false;
}

static bool is_null(const char *s)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};
	return is_one_of(s, words, sizeof words / sizeof *words);
}

static bool is_bool(const char *s, bool *out)
{
	static const char *const yes[] = {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
	static const char *const no[] = {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
	*out = is_one_of(s, yes, sizeof yes / sizeof *yes);
	return *out || is_one_of(s, no, sizeof no / sizeof *no);
}

/* "3:25:45" has base 60. Each part is a number as `part` reads it; the last may have a fraction. */
static double sexagesimal(const char *s)
{
	double total = 0;
	for (;;) {
		char *end;
		total = total * 60 + strtod(s, &end);
		if (*end != ':')
			return total;
		s = end + 1;
	}
}

/* `s` without underscores and sign. */
static bool read_int(const char *s, bool negative, int64_t *out)
{
	int base = s[0] != '0' ? 10 : s[1] == 'b' ? 2 : s[1] == 'x' ? 16 : 8;
	char *end;
	if (strchr(s, ':')) {
		double total = sexagesimal(s);
		if (!(total < 0x1p53))
			return false;
		*out = (int64_t)(negative ? -total : total);
		return true;
	}
	if (base == 2 || base == 16)
		s += 2;
	errno = 0;
	unsigned long long u = strtoull(s, &end, base);
	*out = negative ? (int64_t)(0 - u) : (int64_t)u;
	return errno == 0 && end != s && *end == 0 && u <= (unsigned long long)INT64_MAX + negative;
}

static bool read_float(const char *s, bool negative, double *out)
{
	if (s[0] == '.' && strchr("iInN", s[1]))
		*out = strchr("iI", s[1]) ? INFINITY : NAN;
	else if (!isfinite(*out = sexagesimal(s)))
		return false;
	*out = negative ? -*out : *out;
	return true;
}

static int number(reader *r, const char *text, bool whole, s2_value *v)
{
	char clean[MAX_NUMBER + 1];
	size_t n = 0;
	bool negative = text[0] == '-', ok;
	for (const char *s = text + (text[0] == '-' || text[0] == '+'); *s; s++)
		if (*s != '_')
			clean[n++] = *s;
	clean[n] = 0;
	v->kind = whole ? S2_V_INT : S2_V_FLOAT;
	ok = whole ? read_int(clean, negative, &v->u.i) : read_float(clean, negative, &v->u.f);
	return ok ? S2ST_OK : fail(r, "number out of range");
}

/* The value of a plain scalar; false in *matched: a string. */
static int plain(reader *r, const char *s, size_t n, s2_value *v, bool *matched)
{
	bool b;
	*matched = true;
	if (strlen(s) != n) {
		*matched = false; /* holds a NUL */
	} else if (is_null(s)) {
		v->kind = S2_V_NONE;
	} else if (is_bool(s, &b)) {
		v->kind = S2_V_BOOL;
		v->u.b = b;
	} else if (n <= MAX_NUMBER && regexec(&r->is_int, s, 0, NULL, 0) == 0) {
		return number(r, s, true, v);
	} else if (n <= MAX_NUMBER && regexec(&r->is_float, s, 0, NULL, 0) == 0) {
		return number(r, s, false, v);
	} else {
		*matched = false;
	}
	return S2ST_OK;
}

/* The kind that a tag asks for; false: no core tag. */
static bool kind_of_tag(const char *tag, s2_vkind *out)
{
	static const struct {
		const char *name;
		s2_vkind kind;
	} tags[] = {
		{YAML_STR_TAG, S2_V_STR},     {YAML_NULL_TAG, S2_V_NONE},
		{YAML_BOOL_TAG, S2_V_BOOL},   {YAML_INT_TAG, S2_V_INT},
		{YAML_FLOAT_TAG, S2_V_FLOAT}, {YAML_SEQ_TAG, S2_V_LIST},
		{YAML_MAP_TAG, S2_V_DICT},    {"!", S2_V_STR},
	};
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		if (strcmp(tag, tags[i].name) == 0) {
			*out = tags[i].kind;
			return true;
		}
	return false;
}

static int check_tag(reader *r, const yaml_char_t *tag, s2_vkind *wanted)
{
	if (kind_of_tag((const char *)tag, wanted))
		return S2ST_OK;
	return s2_fail(r->err, S2ST_EFORMAT, "%s: YAML line %zu: tag %.100s is not supported", r->name,
		       r->event.start_mark.line + 1, (const char *)tag);
}

static int read_scalar(reader *r, s2_value *v)
{
	const char *text = (const char *)r->event.data.scalar.value;
	const yaml_char_t *tag = r->event.data.scalar.tag;
	size_t n = r->event.data.scalar.length;
	bool matched = false;
	s2_vkind wanted = S2_V_STR;
	if (tag)
		S2_TRY(check_tag(r, tag, &wanted));
	if (tag ? wanted != S2_V_STR : r->event.data.scalar.plain_implicit)
		S2_TRY(plain(r, text, n, v, &matched));
	if (matched && tag && wanted == S2_V_FLOAT && v->kind == S2_V_INT) { /* !!float 3 */
		v->kind = S2_V_FLOAT;
		v->u.f = (double)v->u.i;
	}
	if (tag && wanted != S2_V_STR && (!matched || v->kind != wanted))
		return fail(r, "the value does not fit its tag");
	if (matched)
		return S2ST_OK;
	v->kind = S2_V_STR;
	v->u.str.s = s2_arena_strndup(r->arena, text, n);
	v->u.str.len = n;
	return v->u.str.s ? S2ST_OK : s2_fail_mem(r->err, r->name);
}

/* ---- mappings ------------------------------------------------------------------------------------------------ */

/* Is the key among the `seen`? Its position in *at. A key that is no string is told apart by a mark before its text. */
static bool find_key(const s2_index *seen, const s2_value *key, char *text, size_t size, size_t *at)
{
	if (key->kind == S2_V_STR)
		return s2_index_get(seen, key->u.str.s, key->u.str.len, at);
	if (key->kind == S2_V_INT)
		snprintf(text, size, "\1%lld", (long long)key->u.i);
	else if (key->kind == S2_V_FLOAT)
		snprintf(text, size, "\1%a", key->u.f);
	else
		snprintf(text, size, "\1%s", key->kind == S2_V_NONE ? "null" : key->u.b ? "true" : "false");
	return s2_index_get(seen, text, strlen(text), at);
}

/* A dict that grows with each key once. */
typedef struct builder {
	s2_value *dict;
	s2_index *seen;
} builder;

static int put(reader *r, builder *b, s2_value *key, s2_value *val, bool replace)
{
	char text[64];
	size_t at;
	if (find_key(b->seen, key, text, sizeof text, &at)) {
		if (!replace)
			return s2_fail(r->err, S2ST_EFORMAT, "%s: YAML line %zu: key \"%.80s\" is there twice", r->name,
				       r->event.start_mark.line + 1, key->kind == S2_V_STR ? key->u.str.s : text + 1);
		b->dict->u.dict.at[at].val = val;
		return S2ST_OK;
	}
	bool is_str = key->kind == S2_V_STR;
	const char *name = is_str ? key->u.str.s : s2_arena_strndup(r->arena, text, strlen(text));
	size_t len = is_str ? key->u.str.len : strlen(text);
	if (!name || s2_index_put(b->seen, name, len, b->dict->u.dict.n) < 0 ||
	    s2_value_put(r->arena, b->dict, key, val) < 0)
		return s2_fail_mem(r->err, r->name);
	return S2ST_OK;
}

static int put_all(reader *r, builder *b, const s2_value *from)
{
	for (size_t i = 0; i < from->u.dict.n; i++)
		S2_TRY(put(r, b, from->u.dict.at[i].key, from->u.dict.at[i].val, true));
	return S2ST_OK;
}

/* "<<: mapping" or "<<: [mapping, ...]": members that the mapping at hand does not have itself; of several, the first
 * counts, so they are put in reverse. */
static int merge(reader *r, builder *b, const s2_value *from)
{
	if (from->kind == S2_V_DICT)
		return put_all(r, b, from);
	bool valid = from->kind == S2_V_LIST;
	for (size_t i = 0; valid && i < from->u.list.n; i++)
		valid = from->u.list.at[i]->kind == S2_V_DICT;
	if (!valid)
		return fail(r, "expected a mapping, or a list of mappings, after \"<<\"");
	for (size_t i = from->u.list.n; i-- > 0;)
		S2_TRY(put_all(r, b, from->u.list.at[i]));
	return S2ST_OK;
}

static int read_node(reader *r, int depth, s2_value **out);

static int read_members(reader *r, int depth, builder *own, builder *merged)
{
	for (;;) {
		s2_value *key, *val;
		S2_TRY(next_event(r));
		if (r->event.type == YAML_MAPPING_END_EVENT)
			return S2ST_OK;
		bool is_merge = r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.plain_implicit &&
				!r->event.data.scalar.tag &&
				strcmp((const char *)r->event.data.scalar.value, "<<") == 0;
		S2_TRY(read_node(r, depth + 1, &key));
		if (key->kind > S2_V_STR)
			return fail(r, "a key that is no scalar");
		S2_TRY(next_event(r));
		S2_TRY(read_node(r, depth + 1, &val));
		if (is_merge)
			S2_TRY(merge(r, merged, val));
		else
			S2_TRY(put(r, own, key, val, false));
	}
}

static int read_mapping(reader *r, int depth, s2_value *v)
{
	s2_value *merged_dict = NULL;
	builder own = {v, s2_index_new()}, merged = {NULL, s2_index_new()};
	int rc = own.seen && merged.seen ? new_value(r, S2_V_DICT, &merged_dict) : s2_fail_mem(r->err, r->name);
	merged.dict = merged_dict;
	if (rc == S2ST_OK)
		rc = read_members(r, depth, &own, &merged);
	if (rc == S2ST_OK && merged.dict->u.dict.n > 0) {
		rc = put_all(r, &merged, v);
		v->u.dict = merged.dict->u.dict;
	}
	s2_index_free(own.seen);
	s2_index_free(merged.seen);
	return rc;
}

/* ---- nodes --------------------------------------------------------------------------------------------------- */

static int read_sequence(reader *r, int depth, s2_value *v)
{
	for (;;) {
		s2_value *item;
		S2_TRY(next_event(r));
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return S2ST_OK;
		S2_TRY(read_node(r, depth + 1, &item));
		if (s2_value_append(r->arena, v, item) < 0)
			return s2_fail_mem(r->err, r->name);
	}
}

/* An anchor's name is noted before its node is read, so that an alias inside is seen to be a circle. */
static int new_anchor(reader *r, const yaml_char_t *text, size_t *out)
{
	size_t len = strlen((const char *)text);
	const char *name = s2_arena_strndup(r->arena, (const char *)text, len);
	if (r->n_anchors == r->cap_anchors) {
		size_t cap = s2_max(16, 2 * r->cap_anchors);
		anchor *anchors = realloc(r->anchors, cap * sizeof *anchors);
		if (!anchors)
			return s2_fail_mem(r->err, r->name);
		r->anchors = anchors;
		r->cap_anchors = cap;
	}
	*out = r->n_anchors++;
	r->anchors[*out] = (anchor){0};
	return name && s2_index_put(r->by_anchor, name, len, *out) == 0 ? S2ST_OK : s2_fail_mem(r->err, r->name);
}

static int read_alias(reader *r, s2_value **out)
{
	const char *name = (const char *)r->event.data.alias.anchor;
	size_t at;
	if (!s2_index_get(r->by_anchor, name, strlen(name), &at))
		return fail(r, "an alias to no anchor");
	if (!r->anchors[at].v)
		return fail(r, "an alias inside its own anchor");
	*out = r->anchors[at].v;
	return count_nodes(r, r->anchors[at].nodes);
}

static int read_collection(reader *r, int depth, const yaml_char_t *tag, s2_vkind kind, s2_value *v)
{
	s2_vkind wanted = kind;
	if (tag)
		S2_TRY(check_tag(r, tag, &wanted));
	if (wanted != kind && !(tag && strcmp((const char *)tag, "!") == 0))
		return fail(r, "the value does not fit its tag");
	v->kind = kind;
	return kind == S2_V_LIST ? read_sequence(r, depth, v) : read_mapping(r, depth, v);
}

/* The node whose first event is at hand; afterwards its last one is. */
static int read_node(reader *r, int depth, s2_value **out)
{
	const yaml_char_t *name = NULL;
	size_t before = r->nodes, at = 0;
	int rc;
	if (depth > MAX_DEPTH)
		return fail(r, "nested more than 64 deep");
	if (r->event.type == YAML_ALIAS_EVENT)
		return read_alias(r, out);
	S2_TRY(count_nodes(r, 1));
	S2_TRY(new_value(r, S2_V_NONE, out));
	switch (r->event.type) {
	case YAML_SCALAR_EVENT: name = r->event.data.scalar.anchor; break;
	case YAML_SEQUENCE_START_EVENT: name = r->event.data.sequence_start.anchor; break;
	case YAML_MAPPING_START_EVENT: name = r->event.data.mapping_start.anchor; break;
	default: return fail(r, "unexpected event");
	}
	bool anchored = name != NULL;
	if (anchored)
		S2_TRY(new_anchor(r, name, &at));
	if (r->event.type == YAML_SCALAR_EVENT)
		rc = read_scalar(r, *out);
	else if (r->event.type == YAML_SEQUENCE_START_EVENT)
		rc = read_collection(r, depth, r->event.data.sequence_start.tag, S2_V_LIST, *out);
	else
		rc = read_collection(r, depth, r->event.data.mapping_start.tag, S2_V_DICT, *out);
	if (anchored)
		r->anchors[at] = (anchor){*out, r->nodes - before};
	return rc;
}

/* ---- documents ----------------------------------------------------------------------------------------------- */

static int read_stream(reader *r, s2_value **out)
{
	S2_TRY(next_event(r)); /* the stream starts */
	S2_TRY(next_event(r));
	if (r->event.type == YAML_STREAM_END_EVENT)
		return new_value(r, S2_V_NONE, out); /* an empty file */
	S2_TRY(next_event(r)); /* after the document's start */
	S2_TRY(read_node(r, 0, out));
	S2_TRY(next_event(r));
	S2_TRY(next_event(r));
	return r->event.type == YAML_STREAM_END_EVENT ? S2ST_OK : fail(r, "more than one document");
}

int s2_yaml_parse(s2_value **out, s2_arena *a, const char *text, size_t n, const char *name, s2st_error *err)
{
	reader r = {.arena = a, .name = name, .err = err};
	bool ints = regcomp(&r.is_int, int_pattern, REG_EXTENDED | REG_NOSUB) == 0;
	bool floats = regcomp(&r.is_float, float_pattern, REG_EXTENDED | REG_NOSUB) == 0;
	bool parser = yaml_parser_initialize(&r.parser);
	int rc;
	r.by_anchor = s2_index_new();
	if (ints && floats && parser && r.by_anchor) {
		yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
		rc = read_stream(&r, out);
	} else {
		rc = s2_fail_mem(err, name);
	}
	if (r.has_event)
		yaml_event_delete(&r.event);
	if (parser)
		yaml_parser_delete(&r.parser);
	if (ints)
		regfree(&r.is_int);
	if (floats)
		regfree(&r.is_float);
	s2_index_free(r.by_anchor);
	free(r.anchors);
	return rc;
}

int s2_yaml_read(s2_value **out, s2_arena *a, const char *path, s2st_error *err)
{
	char *text;
	size_t n;
	S2_TRY(s2_read_file(&text, &n, path, max_file, err));
	int rc = s2_yaml_parse(out, a, text, n, path, err);
	free(text);
	return rc;
}
