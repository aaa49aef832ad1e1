#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *s2st_version(void)
{
	return S2ST_VERSION;
}

const char *s2st_status_name(int status)
{
	switch (status) {
	case S2ST_OK: return "ok";
	case S2ST_EIO: return "cannot read or write a file";
	case S2ST_EFORMAT: return "malformed file";
	case S2ST_EMODEL: return "model cannot be used";
	case S2ST_EINPUT: return "input cannot be processed";
	case S2ST_EMEM: return "out of memory";
	case S2ST_EINTERNAL: return "internal error";
	default: return "unknown status";
	}
}

/* A message may quote bytes of a hostile file: keep it one printable line. Terminals obey U+0080 to U+009F too. */
static void make_printable(char *s)
{
	for (; *s; s++) {
		const bool is_c1 = *s == '\xc2' && (unsigned char)s[1] >= 0x80 && (unsigned char)s[1] < 0xa0;
		if ((unsigned char)*s < 0x20 || *s == 0x7f || is_c1)
			*s = '?';
		if (is_c1)
			*++s = '?';
	}
}

void s2_error_text(s2st_error *err, const char *fmt, ...)
{
	if (!err)
		return;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	make_printable(err->text);
}

void s2_error_prefix(s2st_error *err, const char *fmt, ...)
{
	if (!err)
		return;
	char head[512], tail[sizeof err->text];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(head, sizeof head, fmt, ap);
	va_end(ap);
	memcpy(tail, err->text, sizeof tail);
	tail[sizeof tail - 1] = 0;
	snprintf(err->text, sizeof err->text, "%s: %.500s", head, tail);
	make_printable(err->text);
}

const char *s2st_precision_name(s2st_precision p)
{
	static const char *const names[S2ST_N_PRECISIONS] = {"fp32", "bf16", "int8"};
	return (unsigned)p < S2ST_N_PRECISIONS ? names[p] : "unknown";
}
