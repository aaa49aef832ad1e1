/* Unit lines: what s2ut-generate and s2u-quantize print, what vocode reads, and fairseq-generate's lines.
 *
 *   name|3 1 4            GSLM's quantize_with_kmeans.py; the name may hold anything but a line end, units no '|'
 *   3 1 4                 generate_waveform_from_code.py
 *   D-7<tab>-0.5<tab>3 1  fairseq_cli/generate.py; its S-, T-, H-, P-, A-, I-, E- lines and the closing
 *                         "Generate SUBSET with beam=B: ..." hold nothing more
 * Layer: text. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

typedef struct span {
	const char *s;
	size_t n;
} span;

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

static span strip(span s)
{
	while (s.n && is_space(s.s[0])) {
		s.s++;
		s.n--;
	}
	while (s.n && is_space(s.s[s.n - 1]))
		s.n--;
	return s;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool starts_with(span s, const char *text)
{
	const size_t n = strlen(text);
	return s.n >= n && memcmp(s.s, text, n) == 0;
}

/* "D-7<tab>": the letter, and in `rest` what follows the tab; 0: no such line. */
static char fairseq_letter(span line, int64_t *sample, span *rest)
{
	size_t i = 2;
	int64_t number = 0;
	if (line.n < 4 || line.s[1] != '-' || !memchr("STHDPAIE", line.s[0], 8) || !is_digit(line.s[2]))
		return 0;
	for (; i < line.n && is_digit(line.s[i]); i++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, line.s[i] - '0', &number))
			return 0;
	if (line.s[0] == 'E') /* E-7_0: step 0 */
		while (i < line.n && (is_digit(line.s[i]) || line.s[i] == '_'))
			i++;
	if (i >= line.n || line.s[i] != '\t')
		return 0;
	*sample = number;
	*rest = (span){line.s + i + 1, line.n - i - 1};
	return line.s[0];
}

static int parse_unit(int32_t *out, span token)
{
	int64_t x = 0;
	const bool negative = token.s[0] == '-';
	size_t i = negative ? 1 : 0;
	if (i == token.n)
		return -1;
	for (; i < token.n; i++) {
		if (!is_digit(token.s[i]))
			return -1;
		x = x * 10 + (token.s[i] - '0');
		if (x > INT32_MAX)
			return -1;
	}
	*out = (int32_t)(negative ? -x : x);
	return 0;
}

static int parse_units(s2st_unit_line *out, span text, s2st_error *err)
{
	text = strip(text);
	if (text.n == 0)
		return s2_fail(err, S2ST_EINPUT, "the line has no units");
	out->units = reallocarray(NULL, text.n / 2 + 1, sizeof *out->units);
	if (!out->units)
		return s2_fail_mem(err, "units of a line");
	for (size_t i = 0; i < text.n;) {
		span token = {text.s + i, 0};
		while (i + token.n < text.n && !is_space(token.s[token.n]))
			token.n++;
		if (parse_unit(&out->units[out->n], token) < 0)
			return s2_fail(err, S2ST_EINPUT, "expected a unit number, found '%.*s' in place %zu",
				       (int)(token.n < 40 ? token.n : 40), token.s, out->n + 1);
		out->n++;
		for (i += token.n; i < text.n && is_space(text.s[i]);)
			i++;
	}
	return 1;
}

static int set_name(s2st_unit_line *out, span name, s2st_error *err)
{
	if (name.n == 0)
		return s2_fail(err, S2ST_EINPUT, "the name before '|' is empty");
	if (memchr(name.s, 0, name.n))
		return s2_fail(err, S2ST_EINPUT, "the name before '|' holds a NUL byte");
	out->name = malloc(name.n + 1);
	if (!out->name)
		return s2_fail_mem(err, "name of a line");
	memcpy(out->name, name.s, name.n);
	out->name[name.n] = 0;
	return S2ST_OK;
}

static int parse_line(s2st_unit_line *out, span line, s2st_error *err)
{
	const span whole = line;
	span rest = line;
	int64_t sample;
	line = strip(line);
	const char letter = fairseq_letter(line, &sample, &rest);
	const char *bar = memrchr(line.s, '|', line.n);
	if (letter == 'D') {
		const char *tab = memchr(rest.s, '\t', rest.n), *end = rest.s + rest.n;
		const char *units = tab ? tab : end; /* without a second tab there is only a score */
		out->sample = sample;
		return parse_units(out, (span){units, (size_t)(end - units)}, err);
	}
	if (letter || (starts_with(line, "Generate ") && memmem(line.s, line.n, " with beam=", 11)))
		return 0;
	if (!bar)
		return parse_units(out, line, err);
	S2_TRY(set_name(out, (span){whole.s, (size_t)(bar - whole.s)}, err)); /* a file's, blanks and all */
	return parse_units(out, (span){bar + 1, line.n - (size_t)(bar + 1 - line.s)}, err);
}

int s2st_unit_line_parse(s2st_unit_line *out, const char *line, size_t n, s2st_error *err)
{
	*out = (s2st_unit_line){.sample = -1};
	int rc = parse_line(out, (span){line, n}, err);
	if (rc <= 0)
		s2st_unit_line_free(out);
	return rc;
}

void s2st_unit_line_free(s2st_unit_line *l)
{
	free(l->name);
	free(l->units);
	*l = (s2st_unit_line){.sample = -1};
}
