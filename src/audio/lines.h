/* Lines of a file or a pipe, one in memory at a time.
 *
 * Layer: audio. Line ends are LF or CRLF, a byte order mark is dropped. A NUL and a line that no list of files has
 * (S2_LINE_LIMIT) are errors that name the line. What begins as gzip does is read through zlib; should it be cut short,
 * the lines before are given out first. */
#ifndef S2_AUDIO_LINES_H
#define S2_AUDIO_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/gzip.h"
#include "base/status.h"

#define S2_LINE_LIMIT ((size_t)16 << 20)

typedef struct s2_lines {
	int fd;
	off_t origin; /* where fd stood at first; -1: a pipe */
	bool begun;   /* the first bytes have told whether it is gzip */
	s2_gzip *gzip; /* NULL: plain text */
	char *name;   /* for messages */
	char *buf;    /* [cap]; bytes start..end are read and not yet given out */
	size_t start, end, cap;
	bool at_end;   /* nothing more comes from fd */
	size_t number; /* of the line last given out; the first is 1 */
} s2_lines;

/* Takes `fd`, also on failure. */
S2ST_CHECK int s2_lines_open(s2_lines *out, int fd, const char *name, s2st_error *err);
void s2_lines_close(s2_lines *l); /* a zeroed or closed one too */

/* 1: *line [NUL-terminated, without its end], until the next call; 0: no more; < 0: error. */
S2ST_CHECK int s2_lines_next(s2_lines *l, char **line, s2st_error *err);
/* The next bytes, which stay unread: `want` of them, or fewer at the end. */
S2ST_CHECK int s2_lines_peek(s2_lines *l, size_t want, const char **bytes, size_t *n, s2st_error *err);
/* Can the lines be read twice? */
bool s2_lines_rewindable(const s2_lines *l);
/* Starts again at the first line. */
S2ST_CHECK int s2_lines_rewind(s2_lines *l, s2st_error *err);

#endif
