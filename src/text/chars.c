#include "text/chars.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/size.h"

void s2_chars_free(s2_chars *s)
{
	free(s->c);
	*s = (s2_chars){0};
}

void s2_chars_clear(s2_chars *s)
{
	s->n = 0;
}

static bool reserve(s2_chars *s, size_t more)
{
	size_t need, bytes;
	if (!s2_add(s->n, more, &need))
		return false;
	if (need <= s->cap)
		return true;
	size_t cap = s2_max(need, s2_max(64, s->cap + s->cap / 2));
	if (!s2_mul(cap, sizeof *s->c, &bytes))
		return false;
	uint32_t *c = realloc(s->c, bytes);
	if (!c)
		return false;
	s->c = c;
	s->cap = cap;
	return true;
}

void s2_chars_append(s2_chars *s, const uint32_t *c, size_t n)
{
	if (s->failed || !reserve(s, n)) {
		s->failed = true;
		return;
	}
	if (n > 0)
		memcpy(s->c + s->n, c, n * sizeof *c);
	s->n += n;
}

void s2_chars_put(s2_chars *s, uint32_t c)
{
	if (s->n < s->cap)
		s->c[s->n++] = c;
	else
		s2_chars_append(s, &c, 1);
}

void s2_chars_append_utf8(s2_chars *s, const char *utf8)
{
	const unsigned char *p = (const unsigned char *)utf8;
	while (*p) {
		utf8proc_int32_t c;
		utf8proc_ssize_t step = utf8proc_iterate(p, -1, &c);
		if (step <= 0)
			return;
		s2_chars_put(s, (uint32_t)c);
		p += step;
	}
}

void s2_chars_swap(s2_chars *a, s2_chars *b)
{
	s2_chars t = *a;
	*a = *b;
	*b = t;
}

int s2_chars_check(const s2_chars *s, s2st_error *err)
{
	return s->failed ? s2_fail_mem(err, "text") : S2ST_OK;
}

int s2_chars_decode(s2_chars *s, const char *utf8, size_t n, s2st_error *err)
{
	const unsigned char *bytes = (const unsigned char *)utf8;
	s2_chars_clear(s);
	for (size_t at = 0; at < n;) {
		if (bytes[at] < 0x80) {
			s2_chars_put(s, bytes[at++]);
			continue;
		}
		utf8proc_int32_t c;
		utf8proc_ssize_t step = utf8proc_iterate(bytes + at, (utf8proc_ssize_t)s2_min(n - at, 4), &c);
		if (step <= 0)
			return s2_fail(err, S2ST_EINPUT, "text: byte %zu is not valid UTF-8", at + 1);
		s2_chars_put(s, (uint32_t)c);
		at += (size_t)step;
	}
	return s2_chars_check(s, err);
}

int s2_chars_encode(const s2_chars *s, char **out, size_t *cap, s2st_error *err)
{
	size_t need;
	S2_TRY(s2_chars_check(s, err));
	if (!s2_mul(s->n, 4, &need) || !s2_add(need, 1, &need))
		return s2_fail_mem(err, "text");
	if (!*out || need > *cap) {
		char *grown = realloc(*out, need);
		if (!grown)
			return s2_fail_mem(err, "text");
		*out = grown;
		*cap = need;
	}
	unsigned char *p = (unsigned char *)*out;
	for (size_t i = 0; i < s->n; i++)
		p += utf8proc_encode_char((utf8proc_int32_t)s->c[i], p);
	*p = 0; /* need is at least 1. NOLINT(clang-analyzer-core.NullDereference) */
	return S2ST_OK;
}

/* ---- what a character is ---- */

typedef struct range {
	uint32_t first, last;
} range;

static bool in_ranges(uint32_t c, const range *r, size_t n)
{
	for (size_t i = 0; i < n && r[i].first <= c; i++)
		if (c <= r[i].last)
			return true;
	return false;
}
#define IN_RANGES(c, table) in_ranges((c), (table), sizeof(table) / sizeof *(table))

static utf8proc_category_t category(uint32_t c)
{
	return utf8proc_category((utf8proc_int32_t)c);
}

bool s2_is_space(uint32_t c)
{
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
	return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
	       c == 0x202f || c == 0x205f || c == 0x3000;
}

bool s2_is_punctuation(uint32_t c)
{
	utf8proc_category_t k = category(c);
	return k >= UTF8PROC_CATEGORY_PC && k <= UTF8PROC_CATEGORY_PO;
}

bool s2_is_symbol(uint32_t c)
{
	utf8proc_category_t k = category(c);
	return k >= UTF8PROC_CATEGORY_SM && k <= UTF8PROC_CATEGORY_SO;
}

bool s2_is_number(uint32_t c)
{
	utf8proc_category_t k = category(c);
	return k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO;
}

bool s2_is_mark(uint32_t c)
{
	utf8proc_category_t k = category(c);
	return k >= UTF8PROC_CATEGORY_MN && k <= UTF8PROC_CATEGORY_ME;
}

bool s2_is_nonspacing_mark(uint32_t c)
{
	return category(c) == UTF8PROC_CATEGORY_MN;
}

bool s2_is_word(uint32_t c)
{
	utf8proc_category_t k = category(c);
	return c == '_' || (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO) || s2_is_number(c);
}

/* Other_Uppercase and Other_Lowercase of Unicode's PropList.txt: cased without being Lu or Ll. */
static const range other_upper[] = {
	{0x2160, 0x216f}, {0x24b6, 0x24cf}, {0x1f130, 0x1f149}, {0x1f150, 0x1f169}, {0x1f170, 0x1f189}};
static const range other_lower[] = {{0xaa, 0xaa},       {0xba, 0xba},       {0x2b0, 0x2b8},     {0x2c0, 0x2c1},
				    {0x2e0, 0x2e4},     {0x345, 0x345},     {0x37a, 0x37a},     {0x10fc, 0x10fc},
				    {0x1d2c, 0x1d6a},   {0x1d78, 0x1d78},   {0x1d9b, 0x1dbf},   {0x2071, 0x2071},
				    {0x207f, 0x207f},   {0x2090, 0x209c},   {0x2170, 0x217f},   {0x24d0, 0x24e9},
				    {0x2c7c, 0x2c7d},   {0xa69c, 0xa69d},   {0xa770, 0xa770},   {0xa7f2, 0xa7f4},
				    {0xa7f8, 0xa7f9},   {0xab5c, 0xab5f},   {0xab69, 0xab69},   {0x10780, 0x10780},
				    {0x10783, 0x10785}, {0x10787, 0x107b0}, {0x107b2, 0x107ba}, {0x1e030, 0x1e06d}};

bool s2_is_upper(uint32_t c)
{
	return category(c) == UTF8PROC_CATEGORY_LU || IN_RANGES(c, other_upper);
}

bool s2_is_lower(uint32_t c)
{
	return category(c) == UTF8PROC_CATEGORY_LL || IN_RANGES(c, other_lower);
}

bool s2_is_title(uint32_t c)
{
	return category(c) == UTF8PROC_CATEGORY_LT;
}

/* ---- lower case ---- */

enum { CAPITAL_I_DOT = 0x130, COMBINING_DOT = 0x307, CAPITAL_SIGMA = 0x3a3, FINAL_SIGMA = 0x3c2, SMALL_SIGMA = 0x3c3 };

static bool is_cased(uint32_t c)
{
	return s2_is_upper(c) || s2_is_lower(c) || s2_is_title(c);
}

/* Case_Ignorable: marks, formats, modifiers, and the punctuation that may stand within a word. */
static bool is_case_ignorable(uint32_t c)
{
	static const range within_words[] = {{0x27, 0x27},     {0x2e, 0x2e},     {0x3a, 0x3a},     {0xb7, 0xb7},
					     {0x387, 0x387},   {0x55f, 0x55f},   {0x5f4, 0x5f4},   {0x2018, 0x2019},
					     {0x2024, 0x2024}, {0x2027, 0x2027}, {0xfe13, 0xfe13}, {0xfe52, 0xfe52},
					     {0xfe55, 0xfe55}, {0xff07, 0xff07}, {0xff0e, 0xff0e}, {0xff1a, 0xff1a}};
	utf8proc_category_t k = category(c);
	return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_ME || k == UTF8PROC_CATEGORY_CF ||
	       k == UTF8PROC_CATEGORY_LM || k == UTF8PROC_CATEGORY_SK || IN_RANGES(c, within_words);
}

/* Final_Sigma of Unicode's SpecialCasing.txt: a letter before, none after. */
static bool ends_word(const s2_chars *s, size_t at)
{
	size_t before = at, after = at + 1;
	while (before > 0 && is_case_ignorable(s->c[before - 1]))
		before--;
	if (before == 0 || !is_cased(s->c[before - 1]))
		return false;
	while (after < s->n && is_case_ignorable(s->c[after]))
		after++;
	return after == s->n || !is_cased(s->c[after]);
}

void s2_chars_lower(const s2_chars *in, s2_chars *out)
{
	s2_chars_clear(out);
	for (size_t i = 0; i < in->n; i++) {
		uint32_t c = in->c[i];
		if (c < 0x80) {
			s2_chars_put(out, c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
		} else if (c == CAPITAL_I_DOT) {
			s2_chars_put(out, 'i');
			s2_chars_put(out, COMBINING_DOT);
		} else if (c == CAPITAL_SIGMA) {
			s2_chars_put(out, ends_word(in, i) ? FINAL_SIGMA : SMALL_SIGMA);
		} else {
			s2_chars_put(out, (uint32_t)utf8proc_tolower((utf8proc_int32_t)c));
		}
	}
	out->failed |= in->failed;
}

/* ---- normal forms ---- */

int s2_chars_normalize(s2_chars *s, bool compose, s2st_error *err)
{
	char *utf8 = NULL;
	size_t cap = 0;
	unsigned char *mapped = NULL;
	int rc = s2_chars_encode(s, &utf8, &cap, err);
	if (rc == S2ST_OK) {
		utf8proc_option_t form = compose ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
		utf8proc_ssize_t n = utf8proc_map((unsigned char *)utf8, 0, &mapped,
						  UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPAT | form);
		rc = n < 0 ? s2_fail_mem(err, "text") : s2_chars_decode(s, (char *)mapped, (size_t)n, err);
	}
	free(mapped);
	free(utf8);
	return rc;
}

/* ---- strings ---- */

void s2_chars_rstrip(s2_chars *s)
{
	while (s->n > 0 && s2_is_space(s->c[s->n - 1]))
		s->n--;
}

void s2_chars_strip(s2_chars *s)
{
	size_t first = 0;
	s2_chars_rstrip(s);
	while (first < s->n && s2_is_space(s->c[first]))
		first++;
	if (first > 0)
		memmove(s->c, s->c + first, (s->n - first) * sizeof *s->c);
	s->n -= first;
}

size_t s2_chars_match(const s2_chars *s, size_t at, const char *utf8)
{
	const unsigned char *p = (const unsigned char *)utf8;
	size_t n = 0;
	while (*p) {
		utf8proc_int32_t c;
		utf8proc_ssize_t step = utf8proc_iterate(p, -1, &c);
		if (step <= 0 || at + n >= s->n || s->c[at + n] != (uint32_t)c)
			return 0;
		n++;
		p += step;
	}
	return n;
}

void s2_chars_replace(const s2_chars *in, s2_chars *out, const char *from, const char *to)
{
	s2_chars_clear(out);
	for (size_t i = 0; i < in->n;) {
		size_t length = s2_chars_match(in, i, from);
		if (length > 0) {
			s2_chars_append_utf8(out, to);
			i += length;
		} else {
			s2_chars_put(out, in->c[i++]);
		}
	}
	out->failed |= in->failed;
}

bool s2_next_word(const s2_chars *s, size_t *at, s2_word *word)
{
	size_t first = *at;
	while (first < s->n && s2_is_space(s->c[first]))
		first++;
	size_t end = first;
	while (end < s->n && !s2_is_space(s->c[end]))
		end++;
	*at = end;
	if (end == first)
		return false;
	*word = (s2_word){s->c + first, end - first};
	return true;
}
