#include "text/sentences.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/size.h"
#include "base/utf8.h"
#include "text/chars.h"

enum { MAX_COLUMNS = 16 };
static const size_t max_file = (size_t)1 << 30;

typedef struct row {
	const char *id; /* NULL: none */
	size_t line;
} row;

struct s2st_sentences {
	s2_arena *arena;
	size_t n_columns;
	row *rows;          /* [n] */
	const char **texts; /* [n, n_columns] */
	size_t n, cap;
};

typedef struct reader {
	s2st_sentences *s;
	const char *name;
	size_t line;
	bool table;
	size_t at[MAX_COLUMNS], id; /* which fields the columns are; id SIZE_MAX: there is none */
	s2_chars chars;
	char *utf8; /* [utf8_cap] */
	size_t utf8_cap;
	s2st_error *err;
} reader;

/* ---- one line --------------------------------------------------------------------------------------------------- */

/* Field `index` of a line [n]: where it starts, and its length. False: the line has fewer. */
static bool field(const char *line, size_t n, size_t index, const char **out, size_t *out_n)
{
	const char *end = line + n, *tab;
	for (; index > 0; index--) {
		tab = memchr(line, '\t', (size_t)(end - line));
		if (!tab)
			return false;
		line = tab + 1;
	}
	tab = memchr(line, '\t', (size_t)(end - line));
	*out = line;
	*out_n = (size_t)((tab ? tab : end) - line);
	return true;
}

static int keep(reader *r, const char *text, size_t n, const char **out)
{
	*out = s2_arena_strndup(r->s->arena, text, n);
	return *out ? S2ST_OK : s2_fail_mem(r->err, r->name);
}

static int keep_stripped(reader *r, const char *text, size_t n, const char **out)
{
	S2_TRY(s2_chars_decode(&r->chars, text, n, r->err));
	s2_chars_strip(&r->chars);
	S2_TRY(s2_chars_encode(&r->chars, &r->utf8, &r->utf8_cap, r->err));
	return keep(r, r->utf8, strlen(r->utf8), out);
}

static int grow(reader *r)
{
	s2st_sentences *s = r->s;
	size_t cap, n_texts;
	if (s->n < s->cap)
		return S2ST_OK;
	cap = s->cap ? 2 * s->cap : 256;
	row *rows = reallocarray(s->rows, cap, sizeof *rows);
	if (!rows)
		return s2_fail_mem(r->err, r->name);
	s->rows = rows;
	if (!s2_mul(cap, s->n_columns, &n_texts))
		return s2_fail_mem(r->err, r->name);
	const char **texts = reallocarray(s->texts, n_texts, sizeof *texts);
	if (!texts)
		return s2_fail_mem(r->err, r->name);
	s->texts = texts;
	s->cap = cap;
	return S2ST_OK;
}

static int add_line(reader *r, const char *line, size_t n)
{
	s2st_sentences *s = r->s;
	const char *text;
	size_t len;
	S2_TRY(grow(r));
	row *new = &s->rows[s->n];
	*new = (row){.line = r->line};
	for (size_t i = 0; i < s->n_columns; i++) {
		text = line;
		len = n;
		if (r->table && !field(line, n, r->at[i], &text, &len))
			return s2_fail(r->err, S2ST_EFORMAT, "expected at least %zu columns, found fewer",
				       r->at[i] + 1);
		S2_TRY(keep_stripped(r, text, len, &s->texts[s->n * s->n_columns + i]));
	}
	if (r->id != SIZE_MAX) {
		if (!field(line, n, r->id, &text, &len) || len == 0)
			return s2_fail(r->err, S2ST_EFORMAT, "column id is empty");
		S2_TRY(keep(r, text, len, &new->id));
	}
	s->n++;
	return S2ST_OK;
}

/* ---- the header of a table -------------------------------------------------------------------------------------- */

static size_t find_column(const char *header, size_t n, const char *name, size_t name_n)
{
	const char *text;
	size_t len;
	for (size_t i = 0; field(header, n, i, &text, &len); i++)
		if (len == name_n && memcmp(text, name, len) == 0)
			return i;
	return SIZE_MAX;
}

static int read_header(reader *r, const char *header, size_t n, const char *columns)
{
	r->id = find_column(header, n, "id", 2);
	r->s->n_columns = 0;
	for (const char *name = columns;; name++) {
		const size_t len = strcspn(name, ",");
		const size_t at = find_column(header, n, name, len);
		if (at == SIZE_MAX)
			return s2_fail(r->err, S2ST_EFORMAT, "expected a column \"%.*s\", found \"%.*s\"",
				       (int)s2_min(len, 80), name, (int)s2_min(n, 300), header);
		if (r->s->n_columns == MAX_COLUMNS)
			return s2_fail(r->err, S2ST_EINPUT, "expected at most %d columns", MAX_COLUMNS);
		r->at[r->s->n_columns++] = at;
		name += len;
		if (!*name)
			return S2ST_OK;
	}
}

/* ---- a file ----------------------------------------------------------------------------------------------------- */

static int check_utf8(const char *line, size_t n, s2st_error *err)
{
	uint32_t c;
	for (size_t i = 0, len; i < n; i += len)
		if (!(len = s2_utf8_next(line + i, n - i, &c)) || c == 0)
			return s2_fail(err, S2ST_EFORMAT, "byte %zu is not valid UTF-8 text", i + 1);
	return S2ST_OK;
}

/* What is done with one line, without its end. */
static int take_line(reader *r, const char *line, size_t n, const char *columns)
{
	S2_TRY(check_utf8(line, n, r->err));
	if (n && line[n - 1] == '\r')
		n--;
	if (columns && r->line == 1)
		return read_header(r, line, n, columns);
	if (r->table && n == 0)
		return S2ST_OK;
	return add_line(r, line, n);
}

static int read_lines(reader *r, const char *text, size_t n, const char *columns)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t at = n >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
	while (at < n) {
		const char *end = memchr(text + at, '\n', n - at);
		const size_t len = end ? (size_t)(end - text) - at : n - at;
		r->line++;
		int rc = take_line(r, text + at, len, columns);
		if (rc < 0)
			return s2_fail_prefix(r->err, rc, "%s: line %zu", r->name, r->line);
		at += len + 1;
	}
	if (r->s->n == 0)
		return s2_fail(r->err, S2ST_EFORMAT, "%s: expected sentences, the file has none", r->name);
	return S2ST_OK;
}

int s2_sentences_parse(s2st_sentences **out, const char *text, size_t n, const char *columns, const char *name,
		       s2st_error *err)
{
	*out = NULL;
	s2st_sentences *s = calloc(1, sizeof *s);
	if (!s)
		return s2_fail_mem(err, name);
	s->n_columns = 1;
	s->arena = s2_arena_new();
	reader r = {.s = s, .name = name, .table = columns != NULL, .id = SIZE_MAX, .err = err};
	int rc = s->arena ? read_lines(&r, text, n, columns) : s2_fail_mem(err, name);
	s2_chars_free(&r.chars);
	free(r.utf8);
	if (rc < 0)
		s2st_sentences_free(s);
	else
		*out = s;
	return rc;
}

int s2st_sentences_read(s2st_sentences **out, const char *path, const char *columns, s2st_error *err)
{
	char *text;
	size_t n;
	*out = NULL;
	S2_TRY(s2_read_file(&text, &n, path, max_file, err));
	int rc = s2_sentences_parse(out, text, n, columns, path, err);
	free(text);
	return rc;
}

void s2st_sentences_free(s2st_sentences *s)
{
	if (!s)
		return;
	s2_arena_free(s->arena);
	free(s->rows);
	free(s->texts);
	free(s);
}

size_t s2st_sentences_count(const s2st_sentences *s)
{
	return s->n;
}

size_t s2st_sentences_columns(const s2st_sentences *s)
{
	return s->n_columns;
}

const char *const *s2st_sentences_texts(const s2st_sentences *s, size_t i)
{
	return s->texts + i * s->n_columns;
}

const char *s2st_sentences_id(const s2st_sentences *s, size_t i)
{
	return s->rows[i].id;
}

size_t s2st_sentences_line(const s2st_sentences *s, size_t i)
{
	return s->rows[i].line;
}
