#include "api/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_DEPTH = 16,    /* of nested mappings in text */
	MAX_LINES = 20000, /* of a tree: files from strangers can share nodes until the tree is huge */
	FEW_LINES = 40,    /* of a tree without `verbose` */
	MAX_JSON = 64 << 20,
	MAX_LEAF = 160,
};

int s2_report_new(s2_report *r, s2st_error *err)
{
	*r = (s2_report){.arena = s2_arena_new()};
	r->root = r->arena ? s2_value_new(r->arena, S2_V_DICT) : NULL;
	return r->root ? S2ST_OK : s2_fail_mem(err, "a report");
}

void s2_report_free(s2_report *r)
{
	s2_arena_free(r->arena);
}

void s2_report_put(s2_report *r, s2_value *dict, const char *key, s2_value *v)
{
	s2_value *k = s2_value_new_str(r->arena, key, strlen(key));
	if (!dict || !k || !v || s2_value_put(r->arena, dict, k, v) < 0)
		r->failed = true;
}

void s2_report_value(s2_report *r, const char *key, const s2_value *v)
{
	s2_report_put(r, r->root, key, (s2_value *)(uintptr_t)v); /* only read from here on */
}

void s2_report_text(s2_report *r, const char *key, const char *text)
{
	if (text)
		s2_report_put(r, r->root, key, s2_value_new_str(r->arena, text, strlen(text)));
}

void s2_report_format(s2_report *r, const char *key, const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	s2_report_text(r, key, buf);
}

s2_value *s2_report_new_int(s2_report *r, int64_t n)
{
	s2_value *v = s2_value_new(r->arena, S2_V_INT);
	if (v)
		v->u.i = n;
	return v;
}

void s2_report_int(s2_report *r, const char *key, int64_t n)
{
	s2_report_put(r, r->root, key, s2_report_new_int(r, n));
}

void s2_report_bool(s2_report *r, const char *key, bool b)
{
	s2_value *v = s2_value_new(r->arena, S2_V_BOOL);
	if (v)
		v->u.b = b;
	s2_report_put(r, r->root, key, v);
}

s2_value *s2_report_dict(s2_report *r, const char *key)
{
	s2_value *v = s2_value_new(r->arena, S2_V_DICT);
	s2_report_put(r, r->root, key, v);
	return v;
}

void s2_report_tensor(s2_report *r, const char *name, const s2_tensor *t)
{
	const char *dtype = s2_dtype_name(t->dtype);
	s2_value *list = (s2_value *)(uintptr_t)s2_value_get(r->root, "tensors");
	s2_value *row = s2_value_new(r->arena, S2_V_DICT), *shape = s2_value_new(r->arena, S2_V_LIST);
	if (!list) {
		list = s2_value_new(r->arena, S2_V_LIST);
		s2_report_put(r, r->root, "tensors", list);
	}
	s2_report_put(r, row, "name", s2_value_new_str(r->arena, name, strlen(name)));
	s2_report_put(r, row, "dtype", s2_value_new_str(r->arena, dtype, strlen(dtype)));
	s2_report_put(r, row, "shape", shape);
	for (int i = 0; i < t->rank && shape; i++) {
		s2_value *dim = s2_report_new_int(r, (int64_t)t->dims[i]);
		r->failed |= !dim || s2_value_append(r->arena, shape, dim) < 0;
	}
	r->failed |= !list || !row || s2_value_append(r->arena, list, row) < 0;
}

/* ---- as text ---------------------------------------------------------------------------------------------------- */

typedef struct lines {
	FILE *f;
	size_t n, limit, left_out;
	char path[512]; /* of the member being printed: "model.encoder.layers" */
	size_t path_n;
} lines;

/* Names and strings of a stranger's file reach a terminal: no control characters. */
static void print_safe(FILE *f, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const unsigned char c = (unsigned char)s[i];
		fputc(c < 0x20 || c == 0x7f ? '?' : c, f);
	}
}

static void print_leaf(FILE *f, const s2_value *v)
{
	if (v && v->kind == S2_V_STR) {
		print_safe(f, v->u.str.s, v->u.str.len);
		return;
	}
	char *json = s2_value_to_json(v, MAX_LEAF);
	fputs(json ? json : "?", f);
	free(json);
}

static void add_to_path(lines *l, const char *name)
{
	for (const char *p = l->path_n ? "." : ""; *p && l->path_n + 1 < sizeof l->path; p++)
		l->path[l->path_n++] = *p;
	for (; *name && l->path_n + 1 < sizeof l->path; name++)
		l->path[l->path_n++] = *name;
}

/* "  path.to.leaf: value" for every leaf below v. */
static void print_tree(lines *l, const s2_value *v, int depth)
{
	const s2_pair *pairs = NULL;
	v = s2_value_unwrap(v);
	const size_t n = s2_value_pairs(v, &pairs);
	if (n == 0 || depth == MAX_DEPTH) {
		if (l->n == l->limit) {
			l->left_out++;
			return;
		}
		fputs("  ", l->f);
		print_safe(l->f, l->path, l->path_n);
		fputs(": ", l->f);
		print_leaf(l->f, v);
		fputc('\n', l->f);
		l->n++;
		return;
	}
	for (size_t i = 0; i < n && l->left_out < MAX_LINES; i++) {
		const s2_value *key = pairs[i].key;
		const size_t outer = l->path_n;
		char number[24];
		snprintf(number, sizeof number, "%lld", key->kind == S2_V_INT ? (long long)key->u.i : (long long)i);
		add_to_path(l, key->kind == S2_V_STR ? key->u.str.s : number);
		print_tree(l, pairs[i].val, depth + 1);
		l->path_n = outer;
	}
}

static void print_tensors(FILE *f, const s2_value *list)
{
	for (size_t i = 0; i < list->u.list.n; i++) {
		const s2_value *row = list->u.list.at[i];
		const char *name = s2_value_get_str(row, "name", "");
		char *shape = s2_value_to_json(s2_value_get(row, "shape"), MAX_LEAF);
		fprintf(f, "  %-9s %-18s ", s2_value_get_str(row, "dtype", ""), shape ? shape : "?");
		print_safe(f, name, strlen(name));
		fputc('\n', f);
		free(shape);
	}
}

static void print_fact(FILE *f, const char *key, const s2_value *v, bool verbose)
{
	if (v->kind == S2_V_LIST && strcmp(key, "tensors") == 0) {
		fprintf(f, "%s (%zu)\n", key, v->u.list.n);
		print_tensors(f, v);
	} else if (s2_value_pairs(v, &(const s2_pair *){NULL}) > 0) {
		lines l = {.f = f, .limit = verbose ? MAX_LINES : FEW_LINES};
		fprintf(f, "%s\n", key);
		print_tree(&l, v, 0);
		if (l.left_out)
			fprintf(f, "  ... %zu more%s\n", l.left_out, verbose ? "" : ", -v shows them");
	} else {
		fprintf(f, "%-18s ", key);
		print_leaf(f, v);
		fputc('\n', f);
	}
}

static int print_text(const s2_report *r, bool verbose, char **out, s2st_error *err)
{
	size_t n = 0;
	FILE *f = open_memstream(out, &n);
	if (!f)
		return s2_fail_mem(err, "a report");
	for (size_t i = 0; i < r->root->u.dict.n; i++)
		print_fact(f, r->root->u.dict.at[i].key->u.str.s, r->root->u.dict.at[i].val, verbose);
	bool failed = ferror(f) != 0;
	failed |= fclose(f) != 0;
	if (failed) {
		free(*out);
		*out = NULL;
		return s2_fail_mem(err, "a report");
	}
	if (n && (*out)[n - 1] == '\n')
		(*out)[n - 1] = 0;
	return S2ST_OK;
}

int s2_report_print(const s2_report *r, bool json, bool verbose, char **out, s2st_error *err)
{
	*out = NULL;
	if (r->failed)
		return s2_fail_mem(err, "a report");
	if (!json)
		return print_text(r, verbose, out, err);
	*out = s2_value_to_json(r->root, MAX_JSON);
	return *out ? S2ST_OK : s2_fail_mem(err, "a report");
}
