/* Text as code points, and what Python's str says about them: the metrics and cleaners of the field are Python.
 *
 * Layer: text; knows base only. The only file that sees utf8proc is chars.c. */
#ifndef S2_TEXT_CHARS_H
#define S2_TEXT_CHARS_H

#include "base/status.h"

/* A growing string of code points. Zero-initialise it. When memory runs out `failed` stays set and what is put is lost:
 * a chain of transformations is written straight through and checked once, with s2_chars_check. */
typedef struct s2_chars {
	uint32_t *c; /* [n] */
	size_t n, cap;
	bool failed;
} s2_chars;

void s2_chars_free(s2_chars *s);
void s2_chars_clear(s2_chars *s); /* n = 0; `failed` stays */
void s2_chars_put(s2_chars *s, uint32_t c);
void s2_chars_append(s2_chars *s, const uint32_t *c, size_t n);
void s2_chars_append_utf8(s2_chars *s, const char *utf8); /* of our own texts: valid */
void s2_chars_swap(s2_chars *a, s2_chars *b);
int s2_chars_check(const s2_chars *s, s2st_error *err); /* S2ST_EMEM if anything was lost */

/* Replaces what is in `s`. Fails on invalid UTF-8 (surrogates, overlong forms) and says at which byte, from 1. */
S2ST_CHECK int s2_chars_decode(s2_chars *s, const char *utf8, size_t n, s2st_error *err);
/* NUL-terminated, in `out` [*cap], which grows by realloc; `n` without the NUL. */
S2ST_CHECK int s2_chars_encode(const s2_chars *s, char **out, size_t *cap, s2st_error *err);

/* str.isspace, one character: what split(), strip() and \s go by. */
bool s2_is_space(uint32_t c);
/* General categories P*, S*, N*, M*, and Mn. */
bool s2_is_punctuation(uint32_t c);
bool s2_is_symbol(uint32_t c);
bool s2_is_number(uint32_t c);
bool s2_is_mark(uint32_t c);
bool s2_is_nonspacing_mark(uint32_t c);
bool s2_is_word(uint32_t c); /* \w: letters, numbers, _ */
/* str.isupper and str.islower, one character (properties Uppercase and Lowercase; titlecase is neither). */
bool s2_is_upper(uint32_t c);
bool s2_is_lower(uint32_t c);
bool s2_is_title(uint32_t c);

/* str.lower() with its special cases: capital I with dot, final sigma. */
void s2_chars_lower(const s2_chars *in, s2_chars *out);
/* unicodedata.normalize: NFKC (compose) or NFKD, in place. */
S2ST_CHECK int s2_chars_normalize(s2_chars *s, bool compose, s2st_error *err);

/* str.rstrip() and str.strip(), in place. */
void s2_chars_rstrip(s2_chars *s);
void s2_chars_strip(s2_chars *s);
/* Code points of `utf8` (one of our own texts) if they stand at `at`, else 0. */
size_t s2_chars_match(const s2_chars *s, size_t at, const char *utf8);
/* str.replace(), `from` not empty. */
void s2_chars_replace(const s2_chars *in, s2_chars *out, const char *from, const char *to);

/* The next word of str.split() at or after `at`: false if there is none. */
typedef struct s2_word {
	const uint32_t *c;
	size_t n;
} s2_word;
bool s2_next_word(const s2_chars *s, size_t *at, s2_word *word);

#endif
