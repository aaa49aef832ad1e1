#include "audio/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/spool.h"
#include "base/size.h"

enum { FIRST_SIZE = 65536 };

int s2_lines_open(s2_lines *out, int fd, const char *name, s2st_error *err)
{
	*out = (s2_lines){.fd = fd, .name = strdup(name), .buf = malloc(FIRST_SIZE), .cap = FIRST_SIZE};
	out->origin = lseek(fd, 0, SEEK_CUR);
	if (out->name && out->buf)
		return S2ST_OK;
	free(out->name);
	free(out->buf);
	close(fd);
	*out = (s2_lines){0};
	return s2_fail_mem(err, name);
}

void s2_lines_close(s2_lines *l)
{
	if (!l->name)
		return;
	close(l->fd);
	s2_gzip_free(l->gzip);
	free(l->buf);
	free(l->name);
	*l = (s2_lines){0};
}

static int read_plain(s2_lines *l, size_t cap, size_t *n, s2st_error *err)
{
	ssize_t got;
	do
		got = read(l->fd, l->buf + l->end, cap);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return s2_fail(err, S2ST_EIO, "%s: cannot read: %s", l->name, strerror(errno));
	*n = (size_t)got;
	return S2ST_OK;
}

/* A compressed pipe is kept in memory, small as it is: what stands behind its first bytes could not be handed on. */
static int keep_pipe(s2_lines *l, size_t n, s2st_error *err)
{
	const int spool = s2_spool(l->fd, l->buf, n, l->name, err);
	if (spool < 0)
		return spool;
	close(l->fd);
	l->fd = spool;
	l->origin = 0;
	return S2ST_OK;
}

/* Reads the first bytes, no more than a new buffer holds or zlib takes: text goes to the buffer, gzip to zlib. */
static int begin(s2_lines *l, size_t *n, s2st_error *err)
{
	size_t got = 1;
	for (*n = 0; *n < 2 && got > 0; *n += got, l->end += got)
		S2_TRY(read_plain(l, FIRST_SIZE - 1 - *n, &got, err));
	l->end = 0;
	l->begun = true;
	if (!s2_is_gzip(l->buf, *n))
		return S2ST_OK;
	if (l->origin < 0) {
		S2_TRY(keep_pipe(l, *n, err));
		*n = 0;
	}
	S2_TRY(s2_gzip_new(&l->gzip, l->buf, *n, err));
	*n = 0;
	return S2ST_OK;
}

/* Reads once, behind what is there; makes room first. One byte stays free, to end a last line that has no end. */
static int fill(s2_lines *l, s2st_error *err)
{
	if (l->start > 0) {
		memmove(l->buf, l->buf + l->start, l->end - l->start);
		l->end -= l->start;
		l->start = 0;
	}
	if (l->end + 1 == l->cap) {
		if (l->cap >= S2_LINE_LIMIT)
			return s2_fail(err, S2ST_EFORMAT, "%s:%zu: expected a line of at most %zu bytes, found more",
				       l->name, l->number + 1, S2_LINE_LIMIT);
		char *more = realloc(l->buf, 2 * l->cap);
		if (!more)
			return s2_fail_mem(err, l->name);
		l->buf = more;
		l->cap *= 2;
	}
	size_t n = 0;
	if (!l->begun)
		S2_TRY(begin(l, &n, err));
	if (n == 0 && !l->gzip)
		S2_TRY(read_plain(l, l->cap - l->end - 1, &n, err));
	else if (n == 0 && s2_gzip_read(l->gzip, l->fd, l->buf + l->end, l->cap - l->end - 1, &n, err) < 0)
		return s2_fail_prefix(err, S2ST_EFORMAT, "%s:%zu", l->name, l->number + 1);
	l->at_end = n == 0;
	l->end += n;
	return S2ST_OK;
}

int s2_lines_peek(s2_lines *l, size_t want, const char **bytes, size_t *n, s2st_error *err)
{
	while (l->end - l->start < want && !l->at_end)
		S2_TRY(fill(l, err));
	*bytes = l->buf + l->start;
	*n = s2_min(want, l->end - l->start);
	return S2ST_OK;
}

static int give(s2_lines *l, size_t size, char **line, s2st_error *err)
{
	char *s = l->buf + l->start;
	l->number++;
	if (memchr(s, 0, size))
		return s2_fail(err, S2ST_EFORMAT, "%s:%zu: expected text, found a NUL byte", l->name, l->number);
	if (size > 0 && s[size - 1] == '\r')
		size--;
	s[size] = 0;
	if (l->number == 1 && strncmp(s, "\xef\xbb\xbf", 3) == 0)
		s += 3;
	*line = s;
	return 1;
}

int s2_lines_next(s2_lines *l, char **line, s2st_error *err)
{
	size_t searched = 0; /* bytes behind start without a line end */
	for (;;) {
		size_t held = l->end - l->start;
		char *from = l->buf + l->start, *newline = memchr(from + searched, '\n', held - searched);
		if (newline) {
			size_t size = (size_t)(newline - from);
			int rc = give(l, size, line, err);
			l->start += size + 1;
			return rc;
		}
		if (l->at_end)
			break;
		searched = held;
		S2_TRY(fill(l, err));
	}
	if (l->start == l->end)
		return 0;
	int rc = give(l, l->end - l->start, line, err);
	l->start = l->end;
	return rc;
}

bool s2_lines_rewindable(const s2_lines *l)
{
	return l->origin >= 0;
}

int s2_lines_rewind(s2_lines *l, s2st_error *err)
{
	if (lseek(l->fd, l->origin, SEEK_SET) < 0)
		return s2_fail(err, S2ST_EIO, "%s: cannot rewind: %s", l->name, strerror(errno));
	s2_gzip_free(l->gzip);
	l->gzip = NULL;
	l->start = l->end = l->number = 0;
	l->at_end = l->begun = false;
	return S2ST_OK;
}
