#include "text/arpa.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/index.h"
#include "base/size.h"
#include "base/utf8.h"

static const float no_unknown = -100; /* log10 p of unknown words in a model without <unk> */

typedef struct gram {
	uint32_t words[S2_ARPA_MAX_ORDER]; /* [n], oldest first */
	uint32_t n;                        /* 0: an empty slot */
	float p, backoff;                  /* log10 */
} gram;

struct s2_arpa {
	s2_arena *arena;
	s2_index *ids;
	const char **words; /* [n_words] */
	size_t n_words, cap_words;
	gram *table; /* [cap] open addressing, at most half full */
	size_t n_grams, cap;
	size_t order;
	uint32_t unknown, begin, end; /* unknown is n_words where the model has none */
	bool has_begin, has_end;
};

/* ---- the table -------------------------------------------------------------------------------------------------- */

static size_t hash_words(const uint32_t *words, size_t n)
{
	uint64_t h = 0x9e3779b97f4a7c15u * (n + 1);
	for (size_t i = 0; i < n; i++) {
		h = (h ^ words[i]) * 0xbf58476d1ce4e5b9u;
		h ^= h >> 29;
	}
	return (size_t)h;
}

static gram *slot_of(gram *table, size_t cap, const uint32_t *words, size_t n)
{
	size_t i = hash_words(words, n) & (cap - 1);
	while (table[i].n && (table[i].n != n || memcmp(table[i].words, words, n * sizeof *words) != 0))
		i = (i + 1) & (cap - 1);
	return &table[i];
}

static const gram *find(const s2_arpa *m, const uint32_t *words, size_t n)
{
	const gram *g = slot_of(m->table, m->cap, words, n);
	return g->n ? g : NULL;
}

static int grow(s2_arpa *m)
{
	const size_t cap = m->cap ? m->cap * 2 : 1024;
	gram *table = calloc(cap, sizeof *table);
	if (!table)
		return -1;
	for (size_t i = 0; i < m->cap; i++)
		if (m->table[i].n)
			*slot_of(table, cap, m->table[i].words, m->table[i].n) = m->table[i];
	free(m->table);
	m->table = table;
	m->cap = cap;
	return 0;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

typedef struct reader {
	s2_arpa *m;
	const char *name;
	const char *at, *end;
	const char *line; /* [n] the current one, without its end */
	size_t n, number;
	size_t said[S2_ARPA_MAX_ORDER + 1]; /* counts of the header */
	s2st_error *err;
} reader;

static bool next_line(reader *r)
{
	if (r->at == r->end)
		return false;
	const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
	r->line = r->at;
	r->n = (size_t)((stop ? stop : r->end) - r->at);
	r->at = stop ? stop + 1 : r->end;
	r->number++;
	while (r->n && isspace((unsigned char)r->line[r->n - 1]))
		r->n--;
	return true;
}

static int fail_line(const reader *r, const char *what)
{
	return s2_fail(r->err, S2ST_EFORMAT, "%s: line %zu: %s, found \"%.*s\"", r->name, r->number, what,
		       (int)s2_min(r->n, 60), r->line);
}

/* The next field of the line after *at: blanks and tabs separate. */
static bool next_field(const reader *r, size_t *at, const char **field, size_t *n)
{
	while (*at < r->n && (r->line[*at] == ' ' || r->line[*at] == '\t'))
		++*at;
	*field = r->line + *at;
	while (*at < r->n && r->line[*at] != ' ' && r->line[*at] != '\t')
		++*at;
	*n = (size_t)(r->line + *at - *field);
	return *n > 0;
}

static bool parse_float(const char *s, size_t n, float *out)
{
	char text[48], *stop;
	if (n == 0 || n >= sizeof text || !strchr("-+.0123456789", s[0]))
		return false;
	memcpy(text, s, n);
	text[n] = 0;
	*out = strtof(text, &stop);
	return *stop == 0 && *out >= -1e30f && *out <= 1e30f;
}

static bool is_line(const reader *r, const char *text)
{
	return r->n == strlen(text) && memcmp(r->line, text, r->n) == 0;
}

static bool parse_number(const char **at, const char *end, size_t *out)
{
	const char *first = *at;
	*out = 0;
	for (; *at < end && isdigit((unsigned char)**at); ++*at)
		if (!s2_mul(*out, 10, out) || !s2_add(*out, (size_t)(**at - '0'), out))
			return false;
	return *at > first;
}

/* "ngram 2=1234" */
static bool parse_count(const reader *r, size_t *order, size_t *count)
{
	static const char head[] = "ngram ";
	const char *at = r->line + sizeof head - 1, *end = r->line + r->n;
	if (r->n < sizeof head || memcmp(r->line, head, sizeof head - 1) != 0)
		return false;
	return parse_number(&at, end, order) && at < end && *at++ == '=' && parse_number(&at, end, count) && at == end;
}

static int read_header(reader *r)
{
	static const char binary[] = "mmap lm http://kheafield.com/code";
	if ((size_t)(r->end - r->at) >= sizeof binary - 1 && memcmp(r->at, binary, sizeof binary - 1) == 0)
		return s2_fail(r->err, S2ST_EFORMAT, "%s: expected the ARPA text of a model, found KenLM's binary form",
			       r->name);
	do {
		if (!next_line(r))
			return s2_fail(r->err, S2ST_EFORMAT, "%s: expected a line \\data\\, found none", r->name);
	} while (!is_line(r, "\\data\\"));
	while (next_line(r) && r->n && r->line[0] != '\\') {
		size_t order, count;
		if (!parse_count(r, &order, &count))
			return fail_line(r, "expected \"ngram N=COUNT\"");
		if (order != r->m->order + 1 || order > S2_ARPA_MAX_ORDER)
			return fail_line(r, "expected the counts of 1-grams to at most 8-grams in order");
		r->said[order] = count;
		r->m->order = order;
	}
	return r->m->order ? S2ST_OK : fail_line(r, "expected counts of n-grams");
}

static int add_word(reader *r, const char *word, size_t n, uint32_t *id)
{
	s2_arpa *m = r->m;
	size_t seen;
	uint32_t c;
	for (size_t i = 0, len; i < n; i += len)
		if (!(len = s2_utf8_next(word + i, n - i, &c)) || c == 0)
			return fail_line(r, "expected a word in UTF-8");
	if (s2_index_get(m->ids, word, n, &seen))
		return fail_line(r, "expected another word, this one is there already");
	if (m->n_words == m->cap_words) {
		const size_t cap = m->cap_words ? 2 * m->cap_words : 256;
		const char **words = reallocarray(m->words, cap, sizeof *words);
		if (!words)
			return s2_fail_mem(r->err, r->name);
		m->words = words;
		m->cap_words = cap;
	}
	char *copy = s2_arena_strndup(m->arena, word, n);
	if (!copy || m->n_words >= UINT32_MAX - 1 || s2_index_put(m->ids, copy, n, m->n_words) < 0)
		return s2_fail_mem(r->err, r->name);
	*id = (uint32_t)m->n_words;
	m->words[m->n_words++] = copy;
	return S2ST_OK;
}

static int put_gram(reader *r, const gram *g)
{
	s2_arpa *m = r->m;
	if (m->n_grams * 2 >= m->cap && grow(m) < 0)
		return s2_fail_mem(r->err, r->name);
	gram *slot = slot_of(m->table, m->cap, g->words, g->n);
	if (slot->n)
		return fail_line(r, "expected another n-gram, this one is there already");
	*slot = *g;
	m->n_grams++;
	return S2ST_OK;
}

/* "log10p w1 ... wN [backoff]" */
static int read_gram(reader *r, size_t order)
{
	gram g = {.n = (uint32_t)order};
	const char *field;
	size_t at = 0, n, seen;
	if (!next_field(r, &at, &field, &n) || !parse_float(field, n, &g.p) || g.p > 0)
		return fail_line(r, "expected a logarithm of a probability");
	for (size_t i = 0; i < order; i++) {
		if (!next_field(r, &at, &field, &n))
			return fail_line(r, "expected more words");
		if (order == 1)
			S2_TRY(add_word(r, field, n, &g.words[0]));
		else if (s2_index_get(r->m->ids, field, n, &seen))
			g.words[i] = (uint32_t)seen;
		else
			return fail_line(r, "expected words that are 1-grams too");
	}
	if (next_field(r, &at, &field, &n) && !parse_float(field, n, &g.backoff))
		return fail_line(r, "expected a back-off weight after the words");
	if (next_field(r, &at, &field, &n))
		return fail_line(r, "expected nothing after the back-off weight");
	return put_gram(r, &g);
}

static int read_section(reader *r, size_t order)
{
	char title[16];
	size_t found = 0;
	snprintf(title, sizeof title, "\\%zu-grams:", order);
	while (r->n == 0 && next_line(r))
		continue;
	if (!is_line(r, title))
		return fail_line(r, "expected the title of the next n-grams");
	while (next_line(r) && r->n && r->line[0] != '\\') {
		S2_TRY(read_gram(r, order));
		found++;
	}
	if (found != r->said[order])
		return s2_fail(r->err, S2ST_EFORMAT, "%s: expected %zu %zu-grams from the header, found %zu", r->name,
			       r->said[order], order, found);
	return S2ST_OK;
}

static bool find_word(const s2_arpa *m, const char *word, uint32_t *id)
{
	size_t at;
	const bool known = s2_index_get(m->ids, word, strlen(word), &at);
	*id = known ? (uint32_t)at : (uint32_t)m->n_words;
	return known;
}

static int read_model(reader *r)
{
	s2_arpa *m = r->m;
	S2_TRY(read_header(r));
	for (size_t order = 1; order <= m->order; order++)
		S2_TRY(read_section(r, order));
	while (r->n == 0 && next_line(r))
		continue;
	if (!is_line(r, "\\end\\"))
		return fail_line(r, "expected \\end\\");
	if (m->n_grams == 0)
		return s2_fail(r->err, S2ST_EFORMAT, "%s: a model without words", r->name);
	find_word(m, "<unk>", &m->unknown);
	m->has_begin = find_word(m, "<s>", &m->begin);
	m->has_end = find_word(m, "</s>", &m->end);
	return S2ST_OK;
}

int s2_arpa_parse(s2_arpa **out, const char *text, size_t n, const char *name, s2st_error *err)
{
	*out = NULL;
	s2_arpa *m = calloc(1, sizeof *m);
	if (!m)
		return s2_fail_mem(err, name);
	m->arena = s2_arena_new();
	m->ids = s2_index_new();
	reader r = {.m = m, .name = name, .at = text, .end = text + n, .line = text, .err = err};
	int rc = m->arena && m->ids ? read_model(&r) : s2_fail_mem(err, name);
	if (rc < 0)
		s2_arpa_free(m);
	else
		*out = m;
	return rc;
}

int s2_arpa_read(s2_arpa **out, const char *path, s2st_error *err)
{
	s2_map map;
	*out = NULL;
	S2_TRY(s2_map_open(&map, path, err));
	int rc = s2_arpa_parse(out, (const char *)map.bytes, map.size, path, err);
	s2_map_close(&map);
	return rc;
}

void s2_arpa_free(s2_arpa *m)
{
	if (!m)
		return;
	s2_index_free(m->ids);
	s2_arena_free(m->arena);
	free(m->words);
	free(m->table);
	free(m);
}

/* ---- queries ---------------------------------------------------------------------------------------------------- */

size_t s2_arpa_order(const s2_arpa *m)
{
	return m->order;
}

size_t s2_arpa_n_words(const s2_arpa *m)
{
	return m->n_words;
}

const char *s2_arpa_word(const s2_arpa *m, size_t id)
{
	return id < m->n_words ? m->words[id] : NULL;
}

uint32_t s2_arpa_find(const s2_arpa *m, const char *word, size_t n)
{
	size_t id;
	return s2_index_get(m->ids, word, n, &id) ? (uint32_t)id : m->unknown;
}

s2_arpa_state s2_arpa_begin(const s2_arpa *m)
{
	s2_arpa_state s = {.n = 0};
	if (m->has_begin && m->order > 1)
		s.words[s.n++] = m->begin;
	return s;
}

/* The longest n-gram that ends in words [n] gives the probability; each longer context costs its back-off weight. */
static double backed_off(const s2_arpa *m, const uint32_t *words, size_t n)
{
	double sum = 0;
	for (size_t from = 0; from < n; from++) {
		const gram *g = find(m, words + from, n - from);
		if (g)
			return sum + (double)g->p;
		const gram *context = from + 1 < n ? find(m, words + from, n - from - 1) : NULL;
		if (context)
			sum += (double)context->backoff;
	}
	return sum + (double)no_unknown;
}

double s2_arpa_score(const s2_arpa *m, const s2_arpa_state *state, uint32_t word, s2_arpa_state *next)
{
	uint32_t words[S2_ARPA_MAX_ORDER];
	const size_t keep = m->order - 1;
	size_t n = state->n;
	memcpy(words, state->words, n * sizeof *words);
	words[n++] = word;
	const double score = backed_off(m, words, n);
	const size_t drop = n > keep ? n - keep : 0;
	next->n = (uint32_t)(n - drop);
	memcpy(next->words, words + drop, next->n * sizeof *words);
	return score;
}

double s2_arpa_end(const s2_arpa *m, const s2_arpa_state *state)
{
	s2_arpa_state ignored;
	return m->has_end ? s2_arpa_score(m, state, m->end, &ignored) : 0;
}
