#include "text/numbers.h"

#include <stdio.h>
#include <string.h>

#define THOUSAND ((s2_number)1000)
#define MILLION ((s2_number)1000000)

static s2_number power_of_1000(int exponent)
{
	s2_number p = 1;
	while (exponent-- > 0)
		p *= THOUSAND;
	return p;
}

bool s2_number_parse(const uint32_t *digits, size_t n, s2_number *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		*out = *out * 10 + (digits[i] - '0');
		if (*out >= power_of_1000(12))
			return false;
	}
	return true;
}

/* ---- English: groups of three digits ---- */

static const char *const en_small[] = {"",         "one",     "two",     "three",     "four",     "five",    "six",
				       "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
				       "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
static const char *const en_tens[] = {"",      "",      "twenty",  "thirty", "forty",
				      "fifty", "sixty", "seventy", "eighty", "ninety"};
static const char *const en_powers[] = {"",
					" thousand",
					" million",
					" billion",
					" trillion",
					" quadrillion",
					" quintillion",
					" sextillion",
					" septillion",
					" octillion",
					" nonillion",
					" decillion"};

static void spell_group_en(s2_chars *out, unsigned group, bool use_and)
{
	unsigned hundreds = group / 100, rest = group % 100;
	if (hundreds) {
		s2_chars_append_utf8(out, en_small[hundreds]);
		s2_chars_append_utf8(out, " hundred");
		if (rest)
			s2_chars_append_utf8(out, use_and ? " and " : " ");
	}
	if (rest < 20) {
		s2_chars_append_utf8(out, en_small[rest]);
		return;
	}
	s2_chars_append_utf8(out, en_tens[rest / 10]);
	if (rest % 10) {
		s2_chars_append_utf8(out, "-");
		s2_chars_append_utf8(out, en_small[rest % 10]);
	}
}

static void spell_en(s2_chars *out, s2_number value, bool use_and)
{
	bool first = true;
	if (value == 0)
		s2_chars_append_utf8(out, "zero");
	for (int power = 11; power >= 0; power--) {
		unsigned group = (unsigned)(value / power_of_1000(power) % THOUSAND);
		if (group == 0)
			continue;
		if (!first && power == 0 && group < 100)
			s2_chars_append_utf8(out, use_and ? " and " : " ");
		else if (!first)
			s2_chars_append_utf8(out, ", ");
		spell_group_en(out, group, use_and);
		s2_chars_append_utf8(out, en_powers[power]);
		first = false;
	}
}

static bool ends_with(const s2_chars *s, const char *ascii)
{
	size_t n = strlen(ascii);
	if (n > s->n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s->c[s->n - n + i] != (unsigned char)ascii[i])
			return false;
	return true;
}

static void spell_ordinal_en(s2_chars *out, s2_number value)
{
	static const char *const ends[][2] = {{"ty", "tieth"},    {"one", "first"},     {"two", "second"},
					      {"three", "third"}, {"five", "fifth"},    {"eight", "eighth"},
					      {"nine", "ninth"},  {"twelve", "twelfth"}};
	spell_en(out, value, true);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (!out->failed && ends_with(out, ends[i][0])) {
			out->n -= strlen(ends[i][0]);
			s2_chars_append_utf8(out, ends[i][1]);
			return;
		}
	s2_chars_append_utf8(out, "th");
}

/* ---- Spanish and French: named numbers ("cards"), merged two at a time ---- */

typedef struct card {
	int power; /* of 1000 that `value` is multiplied with */
	unsigned value;
	const char *word;
} card;

typedef struct phrase {
	char text[768]; /* the longest number has some 550 bytes */
	s2_number value;
} phrase;

typedef void merge(phrase *left, const char *right_text, s2_number right);

static const card es_cards[] = {
	{8, 1, "cuatrillón"},  {6, 1, "trillón"},      {4, 1, "billón"},        {2, 1, "millón"},
	{1, 1, "mil"},         {0, 100, "cien"},       {0, 90, "noventa"},      {0, 80, "ochenta"},
	{0, 70, "setenta"},    {0, 60, "sesenta"},     {0, 50, "cincuenta"},    {0, 40, "cuarenta"},
	{0, 30, "treinta"},    {0, 29, "veintinueve"}, {0, 28, "veintiocho"},   {0, 27, "veintisiete"},
	{0, 26, "veintiséis"}, {0, 25, "veinticinco"}, {0, 24, "veinticuatro"}, {0, 23, "veintitrés"},
	{0, 22, "veintidós"},  {0, 21, "veintiuno"},   {0, 20, "veinte"},       {0, 19, "diecinueve"},
	{0, 18, "dieciocho"},  {0, 17, "diecisiete"},  {0, 16, "dieciséis"},    {0, 15, "quince"},
	{0, 14, "catorce"},    {0, 13, "trece"},       {0, 12, "doce"},         {0, 11, "once"},
	{0, 10, "diez"},       {0, 9, "nueve"},        {0, 8, "ocho"},          {0, 7, "siete"},
	{0, 6, "seis"},        {0, 5, "cinco"},        {0, 4, "cuatro"},        {0, 3, "tres"},
	{0, 2, "dos"},         {0, 1, "uno"},
};

static const card fr_cards[] = {
	{11, 1, "quintilliard"},
	{10, 1, "quintillion"},
	{9, 1, "quadrilliard"},
	{8, 1, "quadrillion"},
	{7, 1, "trilliard"},
	{6, 1, "trillion"},
	{5, 1, "billiard"},
	{4, 1, "billion"},
	{3, 1, "milliard"},
	{2, 1, "million"},
	{1, 1, "mille"},
	{0, 100, "cent"},
	{0, 80, "quatre-vingts"},
	{0, 60, "soixante"},
	{0, 50, "cinquante"},
	{0, 40, "quarante"},
	{0, 30, "trente"},
	{0, 20, "vingt"},
	{0, 19, "dix-neuf"},
	{0, 18, "dix-huit"},
	{0, 17, "dix-sept"},
	{0, 16, "seize"},
	{0, 15, "quinze"},
	{0, 14, "quatorze"},
	{0, 13, "treize"},
	{0, 12, "douze"},
	{0, 11, "onze"},
	{0, 10, "dix"},
	{0, 9, "neuf"},
	{0, 8, "huit"},
	{0, 7, "sept"},
	{0, 6, "six"},
	{0, 5, "cinq"},
	{0, 4, "quatre"},
	{0, 3, "trois"},
	{0, 2, "deux"},
	{0, 1, "un"},
};

/* left = "left joint right"; value is the merged number. */
static void join(phrase *left, const char *joint, const char *right, s2_number value)
{
	size_t n = strlen(left->text);
	snprintf(left->text + n, sizeof left->text - n, "%s%s", joint, right);
	left->value = value;
}

static void set(phrase *p, const char *text, s2_number value)
{
	snprintf(p->text, sizeof p->text, "%s", text);
	p->value = value;
}

static void merge_es(phrase *left, const char *right_text, s2_number right)
{
	s2_number n = left->value;
	if (n == 1 && right < MILLION) {
		set(left, right_text, right);
		return;
	}
	if (n == 1)
		set(left, "un", 1);
	else if (n == 100 && right % THOUSAND != 0)
		join(left, "to", "", n);
	if (right < n) {
		join(left, n < 100 ? " y " : " ", right_text, n + right);
	} else if (right == 100) {
		static const char *const irregular[] = {[5] = "quinien", [7] = "sete", [9] = "nove"};
		if (n == 5 || n == 7 || n == 9)
			set(left, irregular[n], n);
		join(left, n == 5 ? "" : right_text, "tos", n * right);
	} else {
		join(left, " ", right_text, n * right);
		if (n > 1 && right % MILLION == 0) { /* millón, millones */
			left->text[strlen(left->text) - strlen("ón")] = 0;
			join(left, "ones", "", n * right);
		}
	}
}

static bool ends_in_s(const char *text)
{
	size_t n = strlen(text);
	return n > 0 && text[n - 1] == 's';
}

static void merge_fr(phrase *left, const char *right_text, s2_number right)
{
	s2_number n = left->value;
	const char *plural = "";
	if (n == 1 && right < MILLION) {
		set(left, right_text, right);
		return;
	}
	if (n != 1) {
		if ((n % 100 == 80 || (n % 100 == 0 && n < 1000)) && right < MILLION && ends_in_s(left->text))
			left->text[strlen(left->text) - 1] = 0;
		if (n < 1000 && right != 1000 && right % 100 == 0 && !ends_in_s(right_text))
			plural = "s";
	}
	if (right < n && n < 100)
		join(left, right % 10 == 1 && n != 80 ? " et " : "-", right_text, n + right);
	else
		join(left, " ", right_text, right > n ? n * right : n + right);
	join(left, plural, "", left->value);
}

/* value = times * card + rest, and so on down. Depth: each level leaves a smaller card, so at most one a card. */
static void spell_cards(phrase *out, const card *cards, size_t n, merge *merge_pair, s2_number value)
{
	while (power_of_1000(cards->power) * cards->value > value)
		cards++, n--;
	s2_number unit = power_of_1000(cards->power) * cards->value;
	s2_number times = value / unit, rest = value % unit;
	if (times == 1)
		set(out, cards[n - 1].word, 1);
	else
		spell_cards(out, cards + 1, n - 1, merge_pair, times);
	merge_pair(out, cards->word, unit);
	if (rest) {
		phrase right = {.value = 0};
		spell_cards(&right, cards + 1, n - 1, merge_pair, rest);
		merge_pair(out, right.text, rest);
	}
}
#define SPELL_CARDS(out, cards, merge_pair, value)                                                                     \
	spell_cards((out), (cards), sizeof(cards) / sizeof *(cards), (merge_pair), (value))

static void spell_es(phrase *out, s2_number value)
{
	set(out, "cero", 0);
	if (value)
		SPELL_CARDS(out, es_cards, merge_es, value);
}

static void spell_fr(phrase *out, s2_number value)
{
	set(out, "zéro", 0);
	if (value)
		SPELL_CARDS(out, fr_cards, merge_fr, value);
}

static void spell_ordinal_fr(phrase *out, s2_number value)
{
	if (value == 1) {
		set(out, "premier", 1);
		return;
	}
	spell_fr(out, value);
	size_t n = strlen(out->text);
	char *last = out->text + n - 1;
	if (n >= 4 && strcmp(last - 3, "neuf") == 0)
		*last = 'v';
	else if (n >= 4 && strcmp(last - 3, "cinq") == 0)
		join(out, "u", "", value);
	else if (*last == 'e')
		*last = 0;
	join(out, "ième", "", value);
}

/* Up to 1000 by units, tens and hundreds, above by powers of 1000 with the cardinal before them. */
static void spell_ordinal_es(s2_chars *out, s2_number value)
{
	static const char *const units[] = {"",      "primero", "segundo", "tercero", "cuarto", "quinto",
					    "sexto", "séptimo", "octavo",  "noveno",  "décimo"};
	static const char *const tens[] = {
		"",           "décimo",       "vigésimo",   "trigésimo",  "quadragésimo", "quincuagésimo",
		"sexagésimo", "septuagésimo", "octogésimo", "nonagésimo", "centésimo"};
	static const char *const hundreds[] = {"",
					       "centésimo",
					       "ducentésimo",
					       "tricentésimo",
					       "cuadrigentésimo",
					       "quingentésimo",
					       "sexcentésimo",
					       "septigentésimo",
					       "octigentésimo",
					       "noningentésimo",
					       "milésimo"};
	static const char *const powers[] = {
		"", "milésimo", "millonésimo", "billonésimo", "trillonésimo", "cuadrillonésimo"};
	while (value > 0) {
		s2_number rest = 0;
		if (value <= 10) {
			s2_chars_append_utf8(out, units[value]);
		} else if (value <= 12) {
			s2_chars_append_utf8(out, "décimo");
			s2_chars_append_utf8(out, units[value - 10]);
		} else if (value <= 100) {
			s2_chars_append_utf8(out, tens[value / 10]);
			rest = value % 10;
		} else if (value <= 1000) {
			s2_chars_append_utf8(out, hundreds[value / 100]);
			rest = value % 100;
		} else {
			int power = 1;
			while (power < 5 && value >= power_of_1000(power + 1))
				power++;
			s2_number times = value / power_of_1000(power);
			phrase p = {.value = 0};
			spell_es(&p, times);
			if (times != 1)
				s2_chars_append_utf8(out, p.text);
			s2_chars_append_utf8(out, powers[power]);
			rest = value % power_of_1000(power);
		}
		if (rest)
			s2_chars_append_utf8(out, " ");
		value = rest;
	}
}

/* ---- by language ---- */

static s2_number limit(s2_language language)
{
	return power_of_1000(language == S2_ES ? 9 : 12);
}

bool s2_spell_cardinal(s2_chars *out, s2_language language, s2_number value, bool use_and)
{
	phrase p = {.value = 0};
	if (value >= limit(language))
		return false;
	if (language == S2_EN) {
		spell_en(out, value, use_and);
		return true;
	}
	if (language == S2_ES)
		spell_es(&p, value);
	else
		spell_fr(&p, value);
	s2_chars_append_utf8(out, p.text);
	return true;
}

bool s2_spell_ordinal(s2_chars *out, s2_language language, s2_number value)
{
	phrase p = {.value = 0};
	if (value >= limit(language))
		return false;
	if (language == S2_EN) {
		spell_ordinal_en(out, value);
	} else if (language == S2_FR) {
		spell_ordinal_fr(&p, value);
		s2_chars_append_utf8(out, p.text);
	} else if (value < power_of_1000(6)) {
		spell_ordinal_es(out, value);
	} else {
		spell_es(&p, value);
		s2_chars_append_utf8(out, p.text);
	}
	return true;
}
