/* Numbers, strings, units and errors as text. */
#include "cli.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void cli_error_text(s2st_error *err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
}

/* repr(float): scientific below 1e-4 and from 1e16 on, else plain digits with at least one after the point. */
const char *cli_python_float(char buf[CLI_REAL_SIZE], double x)
{
	if (isnan(x))
		snprintf(buf, CLI_REAL_SIZE, "nan");
	if (isinf(x))
		snprintf(buf, CLI_REAL_SIZE, x > 0 ? "inf" : "-inf");
	if (!isfinite(x))
		return buf;
	bool scientific = x != 0 && (fabs(x) < 1e-4 || fabs(x) >= 1e16);
	for (int decimals = 0; decimals <= 24; decimals++) {
		if (scientific)
			snprintf(buf, CLI_REAL_SIZE, "%.*e", decimals, x);
		else
			snprintf(buf, CLI_REAL_SIZE, "%.*f", decimals + 1, x);
		if (strtod(buf, NULL) == x)
			break;
	}
	return buf;
}

void cli_json_real(FILE *f, double x)
{
	char buf[CLI_REAL_SIZE];
	const bool narrow = (double)(float)x == x;
	if (!isfinite(x)) {
		fputs("null", f);
		return;
	}
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(buf, sizeof buf, "%.*g", digits, x);
		if (narrow ? strtof(buf, NULL) == (float)x : strtod(buf, NULL) == x)
			break;
	}
	fputs(buf, f);
}

/* Bytes of the UTF-8 character at s (well-formed as Unicode's table 3-7 says), 0: none. */
static size_t utf8_length(const unsigned char *s)
{
	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	size_t n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

void cli_json_string(FILE *f, const char *text)
{
	if (!text) {
		fputs("null", f);
		return;
	}
	fputc('"', f);
	for (const unsigned char *s = (const unsigned char *)text; *s;) {
		size_t n = utf8_length(s);
		if (n == 0)
			fputs("\\ufffd", f);
		else if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(f, "\\u%04x", *s);
		else
			fwrite(s, 1, n, f);
		s += n ? n : 1;
	}
	fputc('"', f);
}

void cli_json_ints(FILE *f, const int32_t *at, size_t n)
{
	fputc('[', f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%d", i ? ", " : "", at[i]);
	fputc(']', f);
}

void cli_json_reals(FILE *f, const float *at, size_t n)
{
	fputc('[', f);
	for (size_t i = 0; i < n; i++) {
		if (i)
			fputs(", ", f);
		cli_json_real(f, (double)at[i]);
	}
	fputc(']', f);
}

void cli_unit_line(FILE *f, const char *id, const int32_t *units, size_t n)
{
	fprintf(f, "%s|", id);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%d", i ? " " : "", units[i]);
	fputc('\n', f);
}

int cli_parse_ids(int32_t **out, size_t *n, const char *text, s2st_error *err)
{
	*n = 0;
	*out = calloc(strlen(text) / 2 + 1, sizeof **out);
	if (!*out)
		return cli_fail_memory(err);
	const char *p = text + strspn(text, ", \t");
	while (*p) {
		char *end;
		errno = 0;
		long x = strtol(p, &end, 10);
		if (end == p || errno || x < 0 || x > INT32_MAX || (*end && !strchr(", \t", *end)))
			return cli_fail(err, S2ST_EINPUT, "expected token ids, found '%.*s'", (int)strcspn(p, ", \t"),
					p);
		(*out)[(*n)++] = (int32_t)x;
		p = end + strspn(end, ", \t");
	}
	return *n ? S2ST_OK : cli_fail(err, S2ST_EINPUT, "expected token ids, found none");
}
