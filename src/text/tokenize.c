#include "text/tokenize.h"

#include <string.h>

/* A pass reads `s`, writes `spare` and swaps them: each stands for one regular expression of the original, which sees
 * the spaces that those before it put in. */

static void begin_pass(s2_chars *spare)
{
	s2_chars_clear(spare);
}

static void end_pass(s2_chars *s, s2_chars *spare)
{
	spare->failed |= s->failed;
	s2_chars_swap(s, spare);
}

static void put_spaced(s2_chars *out, uint32_t c)
{
	s2_chars_put(out, ' ');
	s2_chars_put(out, c);
	s2_chars_put(out, ' ');
}

/* Every character of a kind becomes " c ". */
static void space_out(s2_chars *s, s2_chars *spare, bool (*is_kind)(uint32_t))
{
	begin_pass(spare);
	for (size_t i = 0; i < s->n; i++) {
		if (is_kind(s->c[i]))
			put_spaced(spare, s->c[i]);
		else
			s2_chars_put(spare, s->c[i]);
	}
	end_pass(s, spare);
}

/* (first)(second) becomes "1 2 " or " 1 2", left to right, without overlap. */
static void space_pairs(s2_chars *s, s2_chars *spare, bool (*first)(uint32_t), bool (*second)(uint32_t),
			bool space_before)
{
	begin_pass(spare);
	size_t i = 0;
	while (i + 1 < s->n) {
		if (!first(s->c[i]) || !second(s->c[i + 1])) {
			s2_chars_put(spare, s->c[i++]);
			continue;
		}
		if (space_before)
			s2_chars_put(spare, ' ');
		s2_chars_put(spare, s->c[i]);
		s2_chars_put(spare, ' ');
		s2_chars_put(spare, s->c[i + 1]);
		if (!space_before)
			s2_chars_put(spare, ' ');
		i += 2;
	}
	if (i < s->n)
		s2_chars_put(spare, s->c[i]);
	end_pass(s, spare);
}

/* ---- 13a: mteval-v13a of WMT ---- */

static bool is_ascii_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_not_ascii_digit(uint32_t c)
{
	return !is_ascii_digit(c);
}

static bool is_stop(uint32_t c)
{
	return c == '.' || c == ',';
}

static bool is_dash(uint32_t c)
{
	return c == '-';
}

/* ASCII punctuation and symbols but ' , - . */
static bool is_western_mark(uint32_t c)
{
	return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') ||
	       (c >= ':' && c <= '@') || c == '/';
}

static void split_western(s2_chars *s, s2_chars *spare)
{
	space_out(s, spare, is_western_mark);
	space_pairs(s, spare, is_not_ascii_digit, is_stop, false);
	space_pairs(s, spare, is_stop, is_not_ascii_digit, true);
	space_pairs(s, spare, is_ascii_digit, is_dash, false);
}

static void replace(s2_chars *s, s2_chars *spare, const char *from, const char *to)
{
	s2_chars_replace(s, spare, from, to);
	s2_chars_swap(s, spare);
}

static bool contains(const s2_chars *s, uint32_t c)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->c[i] == c)
			return true;
	return false;
}

static void tokenize_13a(s2_chars *s, s2_chars *spare)
{
	if (contains(s, '<'))
		replace(s, spare, "<skipped>", "");
	if (contains(s, '\n')) {
		replace(s, spare, "-\n", "");
		replace(s, spare, "\n", " ");
	}
	if (contains(s, '&')) {
		replace(s, spare, "&quot;", "\"");
		replace(s, spare, "&amp;", "&");
		replace(s, spare, "&lt;", "<");
		replace(s, spare, "&gt;", ">");
	}
	begin_pass(spare);
	s2_chars_put(spare, ' ');
	s2_chars_append(spare, s->c, s->n);
	s2_chars_put(spare, ' ');
	end_pass(s, spare);
	split_western(s, spare);
}

/* ---- zh ---- */

/* The original writes its two supplementary ranges as 5-digit escapes, which Python reads as 4 digits and a character:
 * 2001-2a6d (dashes, quotes, currency, arrows) counts as Chinese, the supplementary planes do not. */
static bool is_chinese(uint32_t c)
{
	static const uint32_t ranges[][2] = {
		{0x2001, 0x2a6d}, {0x2e80, 0x2eff}, {0x2f00, 0x2fdf}, {0x2ff0, 0x2fff}, {0x3000, 0x303f},
		{0x3100, 0x312f}, {0x31a0, 0x31bf}, {0x31c0, 0x31ef}, {0x3200, 0x33ff}, {0x3400, 0x4db5},
		{0x4e00, 0x9fbb}, {0xf900, 0xfa2d}, {0xfa30, 0xfa6a}, {0xfa70, 0xfad9}, {0xfe10, 0xfe1f},
		{0xfe30, 0xfe4f}, {0xff00, 0xffef},
	};
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

static void tokenize_zh(s2_chars *s, s2_chars *spare)
{
	s2_chars_strip(s);
	space_out(s, spare, is_chinese);
	split_western(s, spare);
}

/* ---- intl: mteval-v14 with Unicode categories ---- */

static bool is_not_number(uint32_t c)
{
	return !s2_is_number(c);
}

static void tokenize_intl(s2_chars *s, s2_chars *spare)
{
	space_pairs(s, spare, is_not_number, s2_is_punctuation, false);
	space_pairs(s, spare, s2_is_punctuation, is_not_number, true);
	space_out(s, spare, s2_is_symbol);
}

/* ---- char, none ---- */

static bool is_any(uint32_t c)
{
	(void)c;
	return true;
}

static void tokenize_char(s2_chars *s, s2_chars *spare)
{
	space_out(s, spare, is_any);
}

static void tokenize_none(s2_chars *s, s2_chars *spare)
{
	(void)s, (void)spare;
}

int s2_tokenizer_find(s2_tokenizer **out, const char *name, s2st_error *err)
{
	static const struct {
		const char *name;
		s2_tokenizer *run;
	} table[] = {{"13a", tokenize_13a},
		     {"none", tokenize_none},
		     {"char", tokenize_char},
		     {"intl", tokenize_intl},
		     {"zh", tokenize_zh}};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strcmp(table[i].name, name) == 0) {
			*out = table[i].run;
			return S2ST_OK;
		}
	return s2_fail(err, S2ST_EINPUT, "tokenizer \"%s\" is unknown: expected 13a, none, char, intl or zh", name);
}
