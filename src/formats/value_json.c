/* Trees as JSON text. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/utf8.h"
#include "formats/value.h"

enum { MAX_DEPTH = 64, MAX_KEY = 1000 };

typedef struct text {
	char *s;
	size_t n, cap, limit;
	bool failed; /* out of memory; everything after is dropped */
} text;

static void put(text *t, const char *s, size_t n)
{
	if (!t->failed && n >= t->cap - t->n) {
		size_t cap = s2_max(2 * t->cap, t->n + n + 1);
		char *bigger = realloc(t->s, cap);
		t->failed = bigger == NULL;
		if (bigger) {
			t->s = bigger;
			t->cap = cap;
		}
	}
	if (t->failed)
		return;
	memcpy(t->s + t->n, s, n);
	t->n += n;
	t->s[t->n] = 0;
}

__attribute__((format(printf, 2, 3))) static void putf(text *t, const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	if (n > 0)
		put(t, buf, s2_min((size_t)n, sizeof buf - 1));
}

static bool full(const text *t)
{
	return t->failed || t->n >= t->limit;
}

/* Quoted and escaped; bytes that are not UTF-8 become U+FFFD. Cut after `most` bytes. */
static void put_string(text *t, const char *s, size_t n, size_t most)
{
	put(t, "\"", 1);
	for (size_t i = 0; i < n;) {
		uint32_t cp = 0;
		size_t len = s2_utf8_next(s + i, n - i, &cp);
		if (i >= most || t->failed) {
			put(t, "...", 3);
			break;
		}
		if (len == 0)
			put(t, "\xef\xbf\xbd", 3);
		else if (cp == '"' || cp == '\\')
			putf(t, "\\%c", (char)cp);
		else if (cp < 0x20 || cp == 0x7f)
			putf(t, "\\u%04x", (unsigned)cp);
		else
			put(t, s + i, len);
		i += s2_max(len, 1);
	}
	put(t, "\"", 1);
}

/* The shortest of three forms that reads back the same. */
static void put_float(text *t, double f)
{
	char buf[40];
	if (isnan(f) || isinf(f)) {
		putf(t, "\"%s\"", isnan(f) ? "NaN" : f > 0 ? "Infinity" : "-Infinity");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(buf, sizeof buf, "%.*g", digits, f);
		if (strtod(buf, NULL) == f)
			break;
	}
	putf(t, "%s%s", buf, strpbrk(buf, ".e") ? "" : ".0");
}

static size_t room(const text *t)
{
	return full(t) ? 0 : t->limit - t->n;
}

static void put_value(text *t, const s2_value *v, int depth);

static void put_key(text *t, const s2_value *key)
{
	if (key->kind == S2_V_STR)
		put_string(t, key->u.str.s, key->u.str.len, MAX_KEY); /* not by room: two cut keys would be one */
	else if (key->kind == S2_V_INT)
		putf(t, "\"%lld\"", (long long)key->u.i);
	else if (key->kind == S2_V_BOOL || key->kind == S2_V_NONE)
		putf(t, "\"%s\"", key->kind == S2_V_NONE ? "null" : key->u.b ? "true" : "false");
	else
		put_string(t, s2_value_kind_name(key), strlen(s2_value_kind_name(key)), MAX_KEY);
	put(t, ": ", 2);
}

/* The members of an open object; `first` says that nothing stands in it yet. */
static void put_members(text *t, const s2_pair *pairs, size_t n, bool first, int depth)
{
	for (size_t i = 0; i < n; i++) {
		if (!first)
			put(t, ", ", 2);
		first = false;
		if (full(t)) {
			put(t, "\"...\": \"...\"", 12);
			return;
		}
		put_key(t, pairs[i].key);
		put_value(t, pairs[i].val, depth + 1);
	}
}

static void put_list(text *t, const s2_value *v, int depth)
{
	put(t, "[", 1);
	for (size_t i = 0; i < v->u.list.n; i++) {
		if (i > 0)
			put(t, ", ", 2);
		if (full(t)) {
			put(t, "\"...\"", 5);
			break;
		}
		put_value(t, v->u.list.at[i], depth + 1);
	}
	put(t, "]", 1);
}

static void put_object(text *t, const s2_value *v, int depth)
{
	const s2_pair *pairs;
	size_t n = s2_value_pairs(v, &pairs);
	const s2_value *args = v->u.obj.args, *items = v->u.obj.items;
	bool config = strncmp(v->u.obj.cls, "omegaconf.", 10) == 0; /* only what it holds is of interest */
	put(t, "{", 1);
	if (!config) {
		put(t, "\"__class__\": ", 13);
		put_string(t, v->u.obj.cls, strlen(v->u.obj.cls), MAX_KEY);
		if (s2_value_len(args) > 0) {
			put(t, ", \"__args__\": ", 14);
			put_value(t, args, depth + 1);
		}
		if (items && items->kind != S2_V_DICT) {
			put(t, ", \"__items__\": ", 15);
			put_value(t, items, depth + 1);
		}
	}
	put_members(t, pairs, n, config, depth);
	put(t, "}", 1);
}

static void put_tensor(text *t, const s2_tensor *x)
{
	putf(t, "{\"dtype\": \"%s\", \"shape\": [", s2_dtype_name(x->dtype));
	for (int i = 0; i < x->rank; i++)
		putf(t, "%s%zu", i ? ", " : "", x->dims[i]);
	put(t, "]}", 2);
}

static void put_value(text *t, const s2_value *v, int depth)
{
	v = s2_value_unwrap(v);
	if (depth > MAX_DEPTH) {
		put(t, "\"...\"", 5);
		return;
	}
	switch (v ? v->kind : S2_V_NONE) {
	case S2_V_NONE: put(t, "null", 4); break;
	case S2_V_BOOL: putf(t, "%s", v->u.b ? "true" : "false"); break;
	case S2_V_INT: putf(t, "%lld", (long long)v->u.i); break;
	case S2_V_FLOAT: put_float(t, v->u.f); break;
	case S2_V_STR: put_string(t, v->u.str.s, v->u.str.len, room(t)); break;
	case S2_V_BYTES: putf(t, "\"<%zu bytes>\"", v->u.str.len); break;
	case S2_V_LIST:
	case S2_V_TUPLE:
	case S2_V_SET: put_list(t, v, depth); break;
	case S2_V_DICT:
		put(t, "{", 1);
		put_members(t, v->u.dict.at, v->u.dict.n, true, depth);
		put(t, "}", 1);
		break;
	case S2_V_OBJECT: put_object(t, v, depth); break;
	case S2_V_TENSOR:
	case S2_V_ARRAY: put_tensor(t, v->u.tensor); break;
	}
}

char *s2_value_to_json(const s2_value *v, size_t max_bytes)
{
	text t = {.limit = max_bytes};
	put(&t, "", 0);
	put_value(&t, v, 0);
	if (t.failed) {
		free(t.s);
		return NULL;
	}
	return t.s;
}
