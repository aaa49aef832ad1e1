#include "text/expand.h"

#include <string.h>

/* Each pass stands for one regular expression of the original, in its order; what an earlier pass wrote, a later one
 * sees. */

typedef struct vocabulary {
	const char *percent, *pounds, *point, *dollars, *cent, *cents, *dollar;
	const char *ordinal_ends[5]; /* in the order in which the original tries them */
} vocabulary;

static const vocabulary words[] = {
	[S2_EN] = {"percent", "pounds", "point", "dollars", "cent", "cents", "dollar", {"st", "nd", "rd", "th"}},
	[S2_ES] =
		{"por ciento", "libras", "punto", "dolares", "centavo", "centavos", "dólar", {"ero", "ro", "do", "to"}},
	[S2_FR] = {"pour cent", "livres", "virgule", "dollars", "cent", "centimes", "dollar", {"er", "ème"}},
};

typedef struct span {
	const uint32_t *c;
	size_t n;
} span;

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool digit_at(const s2_chars *s, size_t at)
{
	return at < s->n && is_digit(s->c[at]);
}

/* End of the digits and characters of `others` from `at` on. */
static size_t run_end(const s2_chars *s, size_t at, const char *others)
{
	while (at < s->n && (is_digit(s->c[at]) || (s->c[at] < 0x80 && s->c[at] && strchr(others, (int)s->c[at]))))
		at++;
	return at;
}

/* The run, cut after its last digit; n 0: it has none. */
static span run_to_digit(const s2_chars *s, size_t at, const char *others)
{
	size_t end = run_end(s, at, others);
	while (end > at && !is_digit(s->c[end - 1]))
		end--;
	return (span){s->c + at, end - at};
}

static void put_word(s2_chars *out, const char *utf8)
{
	s2_chars_put(out, ' ');
	s2_chars_append_utf8(out, utf8);
}

static void put_without(s2_chars *out, span run, uint32_t unwanted)
{
	for (size_t i = 0; i < run.n; i++)
		if (run.c[i] != unwanted)
			s2_chars_put(out, run.c[i]);
}

static size_t count(span run, uint32_t c)
{
	size_t n = 0;
	for (size_t i = 0; i < run.n; i++)
		n += run.c[i] == c;
	return n;
}

/* ---- the passes: read `s`, write `out` ---- */

/* Drops `separator` between digits, unless a run has more than `most` of them. */
static void join_digits(const s2_chars *s, s2_chars *out, const char *separator, size_t most)
{
	uint32_t c = (unsigned char)*separator;
	for (size_t i = 0; i < s->n;) {
		if (!is_digit(s->c[i])) {
			s2_chars_put(out, s->c[i++]);
			continue;
		}
		span run = run_to_digit(s, i, separator);
		if (count(run, c) > most)
			s2_chars_append(out, run.c, run.n);
		else
			put_without(out, run, c);
		i += run.n;
	}
}

/* "20 000" is one number; digits with many spaces between them are a sequence and stay. */
static void join_spaced(const s2_chars *s, s2_chars *out, s2_language language)
{
	(void)language;
	join_digits(s, out, " ", 3);
}

static void drop_commas(const s2_chars *s, s2_chars *out, s2_language language)
{
	(void)language;
	join_digits(s, out, ",", SIZE_MAX);
}

static void name_percent(const s2_chars *s, s2_chars *out, s2_language language)
{
	for (size_t i = 0; i < s->n;) {
		size_t end = run_end(s, i, ".,"), sign = end;
		if (end == i) {
			s2_chars_put(out, s->c[i++]);
			continue;
		}
		while (sign < s->n && s->c[sign] == ' ')
			sign++;
		bool is_percent = is_digit(s->c[end - 1]) && sign < s->n && s->c[sign] == '%';
		for (; i < end; i++)
			s2_chars_put(out, is_percent && s->c[i] == ',' ? '.' : s->c[i]);
		if (is_percent) {
			put_word(out, words[language].percent);
			i = sign + 1;
		}
	}
}

static void name_pounds(const s2_chars *s, s2_chars *out, s2_language language)
{
	for (size_t i = 0; i < s->n;) {
		span run = s->c[i] == 0xa3 ? run_to_digit(s, i + 1, ",") : (span){NULL, 0};
		if (run.n == 0) {
			s2_chars_put(out, s->c[i++]);
			continue;
		}
		s2_chars_append(out, run.c, run.n);
		put_word(out, words[language].pounds);
		i += 1 + run.n;
	}
}

/* A whole number without its leading zeros and separators; empty: it is 0. */
static span trim_number(span run)
{
	while (run.n > 0 && (run.c[0] == '0' || run.c[0] == ','))
		run.c++, run.n--;
	return run;
}

static bool is_one(span number)
{
	return number.n == 1 && number.c[0] == '1';
}

/* "$2.50" counts the digits after the point as cents, "$1" is plural, as in the original. */
static void name_amount(s2_chars *out, span run, s2_language language)
{
	const vocabulary *w = &words[language];
	size_t whole = 0;
	while (whole < run.n && run.c[whole] != '.')
		whole++;
	span dollars = trim_number((span){run.c, whole}), cents = {NULL, 0};
	if (whole < run.n)
		cents = trim_number((span){run.c + whole + 1, run.n - whole - 1});
	if (count(run, '.') > 1) { /* no amount that we know */
		s2_chars_append(out, run.c, run.n);
		put_word(out, w->dollars);
		return;
	}
	if (dollars.n > 0) {
		put_without(out, dollars, ',');
		put_word(out, is_one(dollars) && cents.n > 0 ? w->dollar : w->dollars);
		if (cents.n > 0)
			s2_chars_append_utf8(out, ", ");
	}
	if (cents.n > 0) {
		put_without(out, cents, ',');
		put_word(out, is_one(cents) ? w->cent : w->cents);
	} else if (dollars.n == 0) {
		s2_spell_cardinal(out, language, 0, false);
		put_word(out, w->dollars);
	}
}

static void name_dollars(const s2_chars *s, s2_chars *out, s2_language language)
{
	for (size_t i = 0; i < s->n;) {
		span run = s->c[i] == '$' ? run_to_digit(s, i + 1, ".,") : (span){NULL, 0};
		if (run.n == 0) {
			s2_chars_put(out, s->c[i++]);
			continue;
		}
		name_amount(out, run, language);
		i += 1 + run.n;
	}
}

static void spell_decimals(const s2_chars *s, s2_chars *out, s2_language language)
{
	for (size_t i = 0; i < s->n;) {
		size_t end = run_end(s, i, "");
		if (end == i) {
			s2_chars_put(out, s->c[i++]);
			continue;
		}
		s2_chars_append(out, s->c + i, end - i);
		i = end;
		if (s2_chars_match(s, i, ".") == 0 || !digit_at(s, i + 1))
			continue;
		put_word(out, words[language].point);
		for (i++; digit_at(s, i); i++) {
			s2_chars_put(out, ' ');
			s2_spell_cardinal(out, language, s->c[i] - '0', false);
		}
	}
}

static size_t ordinal_end(const s2_chars *s, size_t at, s2_language language)
{
	size_t n = 0;
	for (const char *const *end = words[language].ordinal_ends; *end && n == 0; end++)
		n = s2_chars_match(s, at, *end);
	return n;
}

static void spell_ordinals(const s2_chars *s, s2_chars *out, s2_language language)
{
	for (size_t i = 0; i < s->n;) {
		size_t end = run_end(s, i, ""), letters = end > i ? ordinal_end(s, end, language) : 0;
		s2_number value;
		if (end == i) {
			s2_chars_put(out, s->c[i++]);
			continue;
		}
		if (letters > 0 && s2_number_parse(s->c + i, end - i, &value) && s2_spell_ordinal(out, language, value))
			end += letters;
		else
			s2_chars_append(out, s->c + i, end - i);
		i = end;
	}
}

/* English years: "nineteen oh five", "nineteen eighty-four", "twenty-one hundred", "two thousand five". */
static void spell_year(s2_chars *out, unsigned year)
{
	unsigned century = year / 100, rest = year % 100;
	if (year == 2000 || (year > 2000 && year < 2010)) {
		s2_chars_append_utf8(out, "two thousand");
		if (rest)
			s2_chars_put(out, ' ');
	} else {
		s2_spell_cardinal(out, S2_EN, century, false);
		s2_chars_append_utf8(out, rest == 0 ? " hundred" : rest < 10 ? " oh " : " ");
	}
	if (rest)
		s2_spell_cardinal(out, S2_EN, rest, false);
}

static bool spell_number(s2_chars *out, s2_number value, s2_language language)
{
	if (language != S2_EN || value <= 1000 || value >= 3000)
		return s2_spell_cardinal(out, language, value, false);
	spell_year(out, (unsigned)value);
	return true;
}

static void spell_whole(const s2_chars *s, s2_chars *out, s2_language language)
{
	for (size_t i = 0; i < s->n;) {
		size_t end = run_end(s, i, "");
		s2_number value;
		if (end == i) {
			s2_chars_put(out, s->c[i++]);
			continue;
		}
		if (!s2_number_parse(s->c + i, end - i, &value) || !spell_number(out, value, language))
			s2_chars_append(out, s->c + i, end - i);
		i = end;
	}
}

void s2_expand_numbers(s2_chars *s, s2_chars *spare, s2_language language)
{
	static void (*const passes[])(const s2_chars *, s2_chars *, s2_language) = {
		join_spaced,  name_percent,   drop_commas,    name_pounds,
		name_dollars, spell_decimals, spell_ordinals, spell_whole,
	};
	for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
		s2_chars_clear(spare);
		passes[i](s, spare, language);
		spare->failed |= s->failed;
		s2_chars_swap(s, spare);
	}
}
