/* Compressed data: gzip, read and written piece by piece; whole zlib and gzip streams in memory.
 *
 * Layer: base; nothing else knows zlib. gzip members that follow one another are one text, as for gzip -d. */
#ifndef S2_BASE_GZIP_H
#define S2_BASE_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

typedef struct s2_gzip s2_gzip;

bool s2_is_gzip(const void *head, size_t n);

/* `head` [n_head]: compressed bytes that were read before, copied; at most 64 KiB. */
S2ST_CHECK int s2_gzip_new(s2_gzip **out, const void *head, size_t n_head, s2st_error *err);
void s2_gzip_free(s2_gzip *z);
/* The next bytes of the text, reading more of `fd` as needed: at least one and at most `cap`, 0 at the end. A stream
 * that is cut short or damaged is an error, whose sentence leaves the name to the caller. */
S2ST_CHECK int s2_gzip_read(s2_gzip *z, int fd, void *out, size_t cap, size_t *n, s2st_error *err);

/* A stream that compresses what it is given into `to`, which stays open when it is closed; closing ends the gzip
 * stream. The same text gives the same bytes: no name, no time. NULL: out of memory. */
FILE *s2_gzip_onto(FILE *to);

/* Length of the zlib or gzip stream `in` [n] when inflated, at most `cap`; with `out` [cap] its bytes too. */
S2ST_CHECK int s2_inflate(const unsigned char *in, size_t n, unsigned char *out, size_t cap, size_t *length,
			  const char *name, s2st_error *err);

#endif
