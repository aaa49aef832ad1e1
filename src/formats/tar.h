/* tar archives in memory: ustar, with GNU's and pax's long names.
 *
 * Layer: formats. Members are used where they lie. What is no regular file (folders, links, devices) is passed over:
 * nothing in an archive makes us open another file. */
#ifndef S2_FORMATS_TAR_H
#define S2_FORMATS_TAR_H

#include <stdbool.h>

#include "base/arena.h"

typedef struct s2_tar_member {
	const char *name; /* as in the archive, in the arena */
	const unsigned char *bytes;
	size_t n;
} s2_tar_member;

bool s2_tar_is(const unsigned char *bytes, size_t n);

/* All regular files of the archive bytes [n]; `name` is for messages. */
S2ST_CHECK int s2_tar_list(s2_tar_member **out, size_t *n_out, s2_arena *a, const unsigned char *bytes, size_t n,
			   const char *name, s2st_error *err);

#endif
