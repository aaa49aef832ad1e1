#include "formats/dict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/index.h"
#include "base/size.h"
#include "base/utf8.h"

enum { N_SPECIAL = 4 };
static const char *const special[N_SPECIAL] = {
	[S2_BOS] = "<s>", [S2_PAD] = "<pad>", [S2_EOS] = "</s>", [S2_UNK] = "<unk>"};
static const size_t max_file = (size_t)256 << 20;
static const size_t max_units = 10000000;

struct s2_dict {
	s2_arena *arena;
	const char **symbols; /* [n] */
	int32_t *units;	      /* [n] */
	size_t n, cap;
	s2_index *by_symbol;
};

/* ---- building ------------------------------------------------------------------------------------------------ */

static int new_dict(s2_dict **out, const char *name, s2st_error *err)
{
	s2_dict *d = calloc(1, sizeof *d);
	*out = d;
	if (!d)
		return s2_fail_mem(err, name);
	d->arena = s2_arena_new();
	d->by_symbol = s2_index_new();
	return d->arena && d->by_symbol ? S2ST_OK : s2_fail_mem(err, name);
}

static int reserve(s2_dict *d)
{
	if (d->n < d->cap)
		return 0;
	size_t cap = s2_max(256, 2 * d->cap);
	const char **symbols = realloc(d->symbols, cap * sizeof *symbols);
	if (!symbols)
		return -1;
	d->symbols = symbols;
	int32_t *units = realloc(d->units, cap * sizeof *units);
	if (!units)
		return -1;
	d->units = units;
	d->cap = cap;
	return 0;
}

/* The unit that a symbol of digits stands for; -1: none. */
static int32_t unit_of(const char *s, size_t n)
{
	int64_t unit = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		unit = unit * 10 + (s[i] - '0');
		if (unit > INT32_MAX)
			return -1;
	}
	return n ? (int32_t)unit : -1;
}

/* A symbol that is there already gets a second id, and the name goes to the new one, as with fairseq's overwrite. */
static int add(s2_dict *d, const char *symbol, size_t len, const char *name, s2st_error *err)
{
	char *copy = s2_arena_strndup(d->arena, symbol, len);
	if (!copy || reserve(d) < 0 || s2_index_put(d->by_symbol, copy, len, d->n) < 0)
		return s2_fail_mem(err, name);
	d->symbols[d->n] = copy;
	d->units[d->n++] = unit_of(symbol, len);
	return S2ST_OK;
}

static int add_special(s2_dict *d, const char *name, s2st_error *err)
{
	for (int i = 0; i < N_SPECIAL; i++)
		S2_TRY(add(d, special[i], strlen(special[i]), name, err));
	return S2ST_OK;
}

static int finish(s2_dict **out, s2_dict *d, int rc)
{
	if (rc < 0)
		s2_dict_free(d);
	*out = rc < 0 ? NULL : d;
	return rc;
}

/* ---- dict.txt ------------------------------------------------------------------------------------------------ */

typedef struct line {
	const char *text;
	size_t n, number;
	const char *name;
	s2st_error *err;
} line;

static int fail_line(const line *l, const char *what)
{
	return s2_fail(l->err, S2ST_EFORMAT, "%s: line %zu: %s", l->name, l->number, what);
}

/* Splits off what follows the last space, as Python's rsplit(" ", 1). */
static bool split_last(const char *s, size_t *n, const char **field, size_t *field_n)
{
	size_t at = *n;
	while (at > 0 && s[at - 1] != ' ')
		at--;
	if (at == 0)
		return false;
	*field = s + at;
	*field_n = *n - at;
	*n = at - 1;
	return true;
}

static bool is_count(const char *s, size_t n)
{
	size_t i = n && (s[0] == '-' || s[0] == '+');
	if (i == n)
		return false;
	for (; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

static bool is_utf8(const char *s, size_t n)
{
	uint32_t cp;
	for (size_t i = 0, len; i < n; i += len)
		if (!(len = s2_utf8_next(s + i, n - i, &cp)))
			return false;
	return true;
}

static int add_line(s2_dict *d, line *l)
{
	static const char overwrite_mark[] = "#fairseq:overwrite";
	const char *field;
	size_t field_n, seen;
	while (l->n > 0 && strchr(" \t\r\f\v", l->text[l->n - 1]) && l->text[l->n - 1])
		l->n--;
	if (!split_last(l->text, &l->n, &field, &field_n))
		return fail_line(l, "expected \"symbol count\"");
	bool overwrite = field_n == sizeof overwrite_mark - 1 && memcmp(field, overwrite_mark, field_n) == 0;
	if (overwrite && !split_last(l->text, &l->n, &field, &field_n))
		return fail_line(l, "expected \"symbol count #fairseq:overwrite\"");
	if (!is_count(field, field_n))
		return s2_fail(l->err, S2ST_EFORMAT,
			       "%s: line %zu: expected a count after the last space, found \"%.*s\"", l->name,
			       l->number, (int)s2_min(field_n, 40), field);
	if (memchr(l->text, 0, l->n) || !is_utf8(l->text, l->n))
		return fail_line(l, "symbol is not UTF-8 text");
	if (!overwrite && s2_index_get(d->by_symbol, l->text, l->n, &seen))
		return s2_fail(l->err, S2ST_EFORMAT,
			       "%s: line %zu: \"%.*s\" is there twice; add #fairseq:overwrite at the end "
			       "of the line if the later one counts",
			       l->name, l->number, (int)s2_min(l->n, 80), l->text);
	return add(d, l->text, l->n, l->name, l->err);
}

static int add_text(s2_dict *d, const char *text, size_t n, const char *name, s2st_error *err)
{
	line l = {.name = name, .err = err};
	S2_TRY(add_special(d, name, err));
	for (size_t at = 0; at < n;) {
		const char *end = memchr(text + at, '\n', n - at);
		l.text = text + at;
		l.n = end ? (size_t)(end - l.text) : n - at;
		l.number++;
		at += l.n + 1;
		S2_TRY(add_line(d, &l));
	}
	return S2ST_OK;
}

int s2_dict_parse(s2_dict **out, const char *text, size_t n, const char *name, s2st_error *err)
{
	s2_dict *d;
	int rc = new_dict(&d, name, err);
	if (rc == S2ST_OK)
		rc = add_text(d, text, n, name, err);
	return finish(out, d, rc);
}

int s2_dict_read(s2_dict **out, const char *path, s2st_error *err)
{
	char *text;
	size_t n;
	*out = NULL;
	S2_TRY(s2_read_file(&text, &n, path, max_file, err));
	int rc = s2_dict_parse(out, text, n, path, err);
	free(text);
	return rc;
}

/* ---- other sources ------------------------------------------------------------------------------------------- */

static int add_pickled(s2_dict *d, const s2_value *pickled, const char *name, s2st_error *err)
{
	static const char *const keys[N_SPECIAL] = {"bos_index", "pad_index", "eos_index", "unk_index"};
	const s2_value *symbols = s2_value_get(pickled, "symbols");
	if (!symbols || symbols->kind != S2_V_LIST)
		return s2_fail(err, S2ST_EMODEL, "%s: expected a dictionary with symbols, found %s", name,
			       s2_value_kind_name(pickled));
	for (int i = 0; i < N_SPECIAL; i++) {
		int64_t at;
		S2_TRY(s2_value_get_int(pickled, keys[i], i, &at, name, err));
		if (at != i)
			return s2_fail(err, S2ST_EMODEL, "%s: dictionary: expected %s %d, found %lld", name, keys[i], i,
				       (long long)at);
	}
	for (size_t i = 0; i < symbols->u.list.n; i++) {
		const s2_value *s = symbols->u.list.at[i];
		if (s->kind != S2_V_STR || memchr(s->u.str.s, 0, s->u.str.len))
			return s2_fail(err, S2ST_EMODEL, "%s: dictionary: symbol %zu is %s", name, i,
				       s2_value_kind_name(s));
		S2_TRY(add(d, s->u.str.s, s->u.str.len, name, err));
	}
	if (d->n < N_SPECIAL)
		return s2_fail(err, S2ST_EMODEL, "%s: dictionary of only %zu symbols", name, d->n);
	return S2ST_OK;
}

int s2_dict_from_value(s2_dict **out, const s2_value *pickled, const char *name, s2st_error *err)
{
	s2_dict *d;
	int rc = new_dict(&d, name, err);
	if (rc == S2ST_OK)
		rc = add_pickled(d, pickled, name, err);
	return finish(out, d, rc);
}

static int add_units(s2_dict *d, size_t k, s2st_error *err)
{
	char symbol[24];
	if (k > max_units)
		return s2_fail(err, S2ST_EMODEL, "dictionary: expected at most %zu units, found %zu", max_units, k);
	S2_TRY(add_special(d, "dictionary", err));
	for (size_t i = 0; i < k; i++) {
		int n = snprintf(symbol, sizeof symbol, "%zu", i);
		S2_TRY(add(d, symbol, (size_t)n, "dictionary", err));
	}
	return S2ST_OK;
}

int s2_dict_units(s2_dict **out, size_t k, s2st_error *err)
{
	s2_dict *d;
	int rc = new_dict(&d, "dictionary", err);
	if (rc == S2ST_OK)
		rc = add_units(d, k, err);
	return finish(out, d, rc);
}

void s2_dict_free(s2_dict *d)
{
	if (!d)
		return;
	s2_index_free(d->by_symbol);
	s2_arena_free(d->arena);
	free(d->symbols);
	free(d->units);
	free(d);
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

size_t s2_dict_size(const s2_dict *d)
{
	return d->n;
}

const char *s2_dict_symbol(const s2_dict *d, size_t id)
{
	return id < d->n ? d->symbols[id] : NULL;
}

int64_t s2_dict_index(const s2_dict *d, const char *symbol)
{
	size_t id;
	return s2_index_get(d->by_symbol, symbol, strlen(symbol), &id) ? (int64_t)id : -1;
}

int32_t s2_dict_unit(const s2_dict *d, size_t id)
{
	return id < d->n ? d->units[id] : -1;
}
