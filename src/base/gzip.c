#include "base/gzip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/size.h"

enum { PIECE = 1 << 16, GZIP_HEADER = 16 };

struct s2_gzip {
	z_stream z;
	bool inside; /* a member has begun and not ended */
	bool begun;  /* there was a member */
	unsigned char piece[PIECE];
};

bool s2_is_gzip(const void *head, size_t n)
{
	return n >= 2 && memcmp(head, "\x1f\x8b", 2) == 0;
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

int s2_gzip_new(s2_gzip **out, const void *head, size_t n_head, s2st_error *err)
{
	*out = NULL;
	s2_gzip *g = calloc(1, sizeof *g);
	if (!g || inflateInit2(&g->z, MAX_WBITS + GZIP_HEADER) != Z_OK) {
		free(g);
		return s2_fail_mem(err, "a gzip stream");
	}
	g->z.next_in = g->piece;
	g->z.avail_in = (uInt)s2_min(n_head, PIECE);
	memcpy(g->piece, head, g->z.avail_in);
	*out = g;
	return S2ST_OK;
}

void s2_gzip_free(s2_gzip *g)
{
	if (!g)
		return;
	inflateEnd(&g->z);
	free(g);
}

static int refill(s2_gzip *g, int fd, s2st_error *err)
{
	ssize_t got;
	do
		got = read(fd, g->piece, PIECE);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return s2_fail(err, S2ST_EIO, "cannot read: %s", strerror(errno));
	g->z.next_in = g->piece;
	g->z.avail_in = (uInt)got;
	return S2ST_OK;
}

int s2_gzip_read(s2_gzip *g, int fd, void *out, size_t cap, size_t *n, s2st_error *err)
{
	*n = 0;
	g->z.next_out = out;
	g->z.avail_out = (uInt)s2_min(cap, PIECE);
	const uInt room = g->z.avail_out;
	while (g->z.avail_out == room) {
		if (g->z.avail_in == 0)
			S2_TRY(refill(g, fd, err));
		if (g->z.avail_in == 0 && !g->inside && g->begun)
			return S2ST_OK;
		if (g->z.avail_in == 0)
			return s2_fail(err, S2ST_EFORMAT, "the gzip stream is cut short");
		g->inside = g->begun = true;
		const int rc = inflate(&g->z, Z_NO_FLUSH);
		if (rc == Z_STREAM_END) {
			g->inside = false;
			inflateReset(&g->z);
		} else if (rc != Z_OK && rc != Z_BUF_ERROR) {
			return s2_fail(err, S2ST_EFORMAT, "the gzip stream is damaged (%s)",
				       g->z.msg ? g->z.msg : zError(rc));
		}
	}
	*n = room - g->z.avail_out;
	return S2ST_OK;
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

typedef struct packer {
	z_stream z;
	FILE *to;
	unsigned char piece[PIECE];
} packer;

/* Compresses what lies in z; 0, or -1 with errno set. */
static int pack(packer *p, int flush)
{
	int rc;
	do {
		p->z.next_out = p->piece;
		p->z.avail_out = PIECE;
		rc = deflate(&p->z, flush);
		const size_t n = PIECE - p->z.avail_out;
		if (fwrite(p->piece, 1, n, p->to) != n)
			return -1;
	} while (p->z.avail_out == 0 || (flush == Z_FINISH && rc != Z_STREAM_END));
	return 0;
}

static ssize_t pack_write(void *cookie, const char *bytes, size_t n)
{
	packer *p = cookie;
	p->z.next_in = (const Bytef *)bytes;
	p->z.avail_in = (uInt)s2_min(n, PIECE);
	const ssize_t taken = p->z.avail_in;
	return pack(p, Z_NO_FLUSH) == 0 ? taken : 0; /* 0: how a cookie says that it failed */
}

static int pack_close(void *cookie)
{
	packer *p = cookie;
	p->z.avail_in = 0;
	const int rc = pack(p, Z_FINISH);
	deflateEnd(&p->z);
	free(p);
	return rc;
}

FILE *s2_gzip_onto(FILE *to)
{
	const cookie_io_functions_t io = {.write = pack_write, .close = pack_close};
	packer *p = calloc(1, sizeof *p);
	if (!p || deflateInit2(&p->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP_HEADER, MAX_MEM_LEVEL,
			       Z_DEFAULT_STRATEGY) != Z_OK) {
		free(p);
		return NULL;
	}
	p->to = to;
	FILE *f = fopencookie(p, "w", io);
	if (!f) {
		deflateEnd(&p->z);
		free(p);
	}
	return f;
}

/* ---- whole streams -------------------------------------------------------------------------------------------- */

int s2_inflate(const unsigned char *in, size_t n, unsigned char *out, size_t cap, size_t *length, const char *name,
	       s2st_error *err)
{
	enum { AUTO_HEADER = 32, MOST = 1 << 30 };
	unsigned char window[1 << 14];
	z_stream z = {0};
	if (inflateInit2(&z, MAX_WBITS + AUTO_HEADER) != Z_OK)
		return s2_fail_mem(err, name);
	int rc = Z_OK;
	z.next_in = in;
	*length = 0;
	while (rc == Z_OK) {
		size_t left = n - (size_t)(z.next_in - in), room = out ? s2_min(cap - *length, MOST) : sizeof window;
		z.avail_in = (uInt)s2_min(left, MOST);
		z.next_out = out ? out + *length : window;
		z.avail_out = (uInt)room;
		rc = inflate(&z, Z_NO_FLUSH);
		*length += room - z.avail_out;
		if (*length > cap)
			break;
	}
	inflateEnd(&z);
	if (*length > cap)
		return s2_fail(err, S2ST_EFORMAT, "%s: expands to more than %zu MB", name, cap >> 20);
	if (rc == Z_BUF_ERROR)
		return s2_fail(err, S2ST_EFORMAT, "%s: truncated: its compressed data ends after %zu bytes", name, n);
	return rc == Z_STREAM_END ? S2ST_OK
				  : s2_fail(err, S2ST_EFORMAT, "%s: its compressed data is damaged", name);
}
