/* The text normalisers of the field: fairseq's cleaners (ust branch, examples/speech_matrix/data_helper/cleaners.py),
 * Whisper's basic normaliser (whisper/normalizers/basic.py), and the Hokkien post-processing of ASR-BLEU
 * (examples/speech_to_speech/asr_bleu/compute_asr_bleu.py). Quirks are kept where noted: scores rest on them. */
#include <stdlib.h>
#include <string.h>

#include "text/expand.h"

typedef enum number_words { NUMBERS_EN = S2_EN, NUMBERS_ES = S2_ES, NUMBERS_FR = S2_FR, NUMBERS_NONE } number_words;

typedef struct method {
	const char *name;
	int (*run)(s2st_normalizer *n, s2st_error *err);
} method;

struct s2st_normalizer {
	const method *method;
	number_words numbers;
	bool is_english;
	s2_chars text, spare;
	char *out;
	size_t out_cap;
};

/* ---- steps: rewrite n->text by way of n->spare ---- */

static void begin(s2st_normalizer *n)
{
	s2_chars_clear(&n->spare);
}

static void end(s2st_normalizer *n)
{
	n->spare.failed |= n->text.failed;
	s2_chars_swap(&n->text, &n->spare);
}

static void lower(s2st_normalizer *n)
{
	s2_chars_lower(&n->text, &n->spare);
	s2_chars_swap(&n->text, &n->spare);
}

/* \s+ becomes one space, also at the ends. */
static void collapse_spaces(s2st_normalizer *n)
{
	begin(n);
	for (size_t i = 0; i < n->text.n; i++) {
		if (!s2_is_space(n->text.c[i]))
			s2_chars_put(&n->spare, n->text.c[i]);
		else if (i == 0 || !s2_is_space(n->text.c[i - 1]))
			s2_chars_put(&n->spare, ' ');
	}
	end(n);
}

enum { RIGHT_QUOTE = 0x2019 };

/* ` and ’ become '; ’ before a space goes. */
static void plain_apostrophes(s2st_normalizer *n)
{
	begin(n);
	for (size_t i = 0; i < n->text.n; i++) {
		uint32_t c = n->text.c[i];
		if (c == RIGHT_QUOTE && i + 1 < n->text.n && n->text.c[i + 1] == ' ')
			continue;
		s2_chars_put(&n->spare, c == '`' || c == RIGHT_QUOTE ? '\'' : c);
	}
	end(n);
}

/* str.isupper() */
static bool is_upper_word(s2_word w)
{
	bool any = false;
	for (size_t i = 0; i < w.n; i++) {
		if (s2_is_lower(w.c[i]) || s2_is_title(w.c[i]))
			return false;
		any = any || s2_is_upper(w.c[i]);
	}
	return any;
}

/* "NATO" becomes "N A T O". */
static void spell_capitals(s2st_normalizer *n)
{
	s2_word w;
	begin(n);
	for (size_t at = 0; s2_next_word(&n->text, &at, &w);) {
		bool letters = is_upper_word(w);
		if (n->spare.n > 0)
			s2_chars_put(&n->spare, ' ');
		for (size_t i = 0; i < w.n; i++) {
			if (letters && i > 0)
				s2_chars_put(&n->spare, ' ');
			s2_chars_put(&n->spare, w.c[i]);
		}
	}
	end(n);
}

/* Drops what stands in () or []. As in the original, text before a bracket that is never closed appears twice, and a
 * bracket closed before it opens keeps the next pair. */
static void drop_brackets(s2st_normalizer *n)
{
	const s2_chars *s = &n->text;
	ptrdiff_t depth = 0;
	size_t start = 0;
	begin(n);
	for (size_t i = 0; i < s->n; i++) {
		uint32_t c = s->c[i];
		if (c == '(' || c == '[') {
			if (depth == 0 && i > start)
				s2_chars_append(&n->spare, s->c + start, i - start);
			depth++;
		} else if (c == ')' || c == ']') {
			depth--;
			if (depth == 0)
				start = i + 1;
		}
	}
	if (s->n > start)
		s2_chars_append(&n->spare, s->c + start, s->n - start);
	end(n);
	s2_chars_strip(&n->text);
}

/* English titles and the like, in lower case, with their full stop. */
static void expand_abbreviations(s2st_normalizer *n)
{
	static const char *const table[][2] = {
		{"mrs.", "misess"},   {"mr.", "mister"},    {"dr.", "doctor"},     {"st.", "saint"},
		{"co.", "company"},   {"jr.", "junior"},    {"maj.", "major"},     {"gen.", "general"},
		{"drs.", "doctors"},  {"rev.", "reverend"}, {"lt.", "lieutenant"}, {"hon.", "honorable"},
		{"sgt.", "sergeant"}, {"capt.", "captain"}, {"esq.", "esquire"},   {"ltd.", "limited"},
		{"col.", "colonel"},  {"ft.", "fort"},
	};
	begin(n);
	for (size_t i = 0; i < n->text.n;) {
		size_t k = 0, rows = sizeof table / sizeof *table;
		if (i > 0 && s2_is_word(n->text.c[i - 1]))
			k = rows;
		while (k < rows && s2_chars_match(&n->text, i, table[k][0]) == 0)
			k++;
		if (k < rows) {
			s2_chars_append_utf8(&n->spare, table[k][1]);
			i += strlen(table[k][0]);
		} else {
			s2_chars_put(&n->spare, n->text.c[i++]);
		}
	}
	end(n);
}

static bool is_one_of(uint32_t c, const uint32_t *set, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (set[i] == c)
			return true;
	return false;
}

/* - / – · — • */
static bool is_joining_mark(uint32_t c)
{
	static const uint32_t set[] = {'-', '/', 0x2013, 0xb7, 0x2014, 0x2022};
	return is_one_of(c, set, sizeof set / sizeof *set);
}

/* ASCII punctuation but the apostrophe, and ¡ ¨ « ° ³ º » ¿ ‘ “ ” … ♪ ♫ ˆ ᵉ ™ ， ʾ ˚ */
static bool is_dropped_mark(uint32_t c)
{
	static const uint32_t set[] = {0xa1,   0xa8,   0xab,   0xb0,   0xb3,  0xba,   0xbb,   0xbf,   0x2018, 0x201c,
				       0x201d, 0x2026, 0x266a, 0x266b, 0x2c6, 0x1d49, 0x2122, 0xff0c, 0x2be,  0x2da};
	if (c < 0x80)
		return c > ' ' && c < 0x7f && c != '\'' && (c == '_' || !s2_is_word(c));
	return is_one_of(c, set, sizeof set / sizeof *set);
}

static void drop_punctuation(s2st_normalizer *n)
{
	begin(n);
	for (size_t i = 0; i < n->text.n; i++) {
		uint32_t c = n->text.c[i];
		if (is_joining_mark(c))
			s2_chars_put(&n->spare, ' ');
		else if (!is_dropped_mark(c))
			s2_chars_put(&n->spare, c);
	}
	end(n);
}

static bool is_ascii_in(uint32_t c, const char *set)
{
	return c < 0x80 && c && strchr(set, (int)c);
}

/* From an opening character to the next closing one, if there is one and at least `least` characters lie between. */
static void drop_between(s2st_normalizer *n, const char *open, const char *close, size_t least)
{
	const s2_chars *s = &n->text;
	size_t next_close = 0;
	begin(n);
	for (size_t i = 0; i < s->n;) {
		while (next_close < s->n && (next_close <= i || !is_ascii_in(s->c[next_close], close)))
			next_close++;
		if (is_ascii_in(s->c[i], open) && next_close < s->n && next_close - i - 1 >= least)
			i = next_close + 1;
		else
			s2_chars_put(&n->spare, s->c[i++]);
	}
	end(n);
}

/* ---- the normalisers ---- */

static int run_none(s2st_normalizer *n, s2st_error *err)
{
	(void)n, (void)err;
	return S2ST_OK;
}

static int run_speech_matrix(s2st_normalizer *n, s2st_error *err)
{
	(void)err;
	plain_apostrophes(n);
	spell_capitals(n);
	lower(n);
	drop_brackets(n);
	if (n->numbers != NUMBERS_NONE)
		s2_expand_numbers(&n->text, &n->spare, (s2_language)n->numbers);
	if (n->is_english)
		expand_abbreviations(n);
	drop_punctuation(n);
	collapse_spaces(n);
	s2_chars_strip(&n->text);
	return S2ST_OK;
}

/* Whatever the language, numbers and titles are English. */
static int run_fisher(s2st_normalizer *n, s2st_error *err)
{
	(void)err;
	lower(n);
	s2_expand_numbers(&n->text, &n->spare, S2_EN);
	expand_abbreviations(n);
	drop_punctuation(n);
	collapse_spaces(n);
	return S2ST_OK;
}

static int run_whisper_basic(s2st_normalizer *n, s2st_error *err)
{
	lower(n);
	drop_between(n, "<[", ">]", 0);
	drop_between(n, "(", ")", 1);
	S2_TRY(s2_chars_normalize(&n->text, true, err));
	for (size_t i = 0; i < n->text.n; i++) {
		uint32_t c = n->text.c[i];
		if (s2_is_mark(c) || s2_is_symbol(c) || s2_is_punctuation(c))
			n->text.c[i] = ' ';
	}
	lower(n);
	collapse_spaces(n);
	return S2ST_OK;
}

/* Tâi-lô initials and finals joined to syllables, which end in a tone number; the empty initial is dropped. */
static int run_hokkien(s2st_normalizer *n, s2st_error *err)
{
	(void)err;
	s2_word w;
	bool fresh = false; /* the next piece starts a syllable that is not the first */
	begin(n);
	for (size_t at = 0; s2_next_word(&n->text, &at, &w);) {
		size_t start = at - w.n;
		if (w.n == 8 &&
		    (s2_chars_match(&n->text, start, "NULLINIT") || s2_chars_match(&n->text, start, "nullinit")))
			continue;
		if (fresh)
			s2_chars_put(&n->spare, ' ');
		s2_chars_append(&n->spare, w.c, w.n);
		fresh = s2_is_number(w.c[w.n - 1]);
	}
	end(n);
	return S2ST_OK;
}

static const method methods[] = {{"none", run_none},
				 {"speech_matrix", run_speech_matrix},
				 {"fisher", run_fisher},
				 {"whisper_basic", run_whisper_basic},
				 {"hokkien", run_hokkien}};

static int set_up(s2st_normalizer *n, const char *name, const char *language, s2st_error *err)
{
	static const char *const spelled[] = {[NUMBERS_EN] = "en", [NUMBERS_ES] = "es", [NUMBERS_FR] = "fr"};
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strcmp(methods[i].name, name) == 0)
			n->method = &methods[i];
	if (!n->method)
		return s2_fail(
			err, S2ST_EINPUT,
			"normalizer \"%s\" is unknown: expected none, speech_matrix, fisher, whisper_basic or hokkien",
			name);
	n->numbers = NUMBERS_EN;
	while (language && n->numbers < NUMBERS_NONE && strcmp(language, spelled[n->numbers]) != 0)
		n->numbers++;
	n->is_english = n->numbers == NUMBERS_EN;
	return S2ST_OK;
}

int s2st_normalizer_new(s2st_normalizer **out, const char *name, const char *language, s2st_error *err)
{
	*out = NULL;
	s2st_normalizer *n = calloc(1, sizeof *n);
	if (!n)
		return s2_fail_mem(err, "a normalizer");
	int rc = set_up(n, name, language, err);
	if (rc < 0)
		s2st_normalizer_free(n);
	else
		*out = n;
	return rc;
}

void s2st_normalizer_free(s2st_normalizer *n)
{
	if (!n)
		return;
	s2_chars_free(&n->text);
	s2_chars_free(&n->spare);
	free(n->out);
	free(n);
}

int s2st_normalizer_run(s2st_normalizer *n, const char *text, const char **out, s2st_error *err)
{
	n->text.failed = n->spare.failed = false;
	S2_TRY(s2_chars_decode(&n->text, text, strlen(text), err));
	S2_TRY(n->method->run(n, err));
	S2_TRY(s2_chars_encode(&n->text, &n->out, &n->out_cap, err));
	*out = n->out;
	return S2ST_OK;
}
