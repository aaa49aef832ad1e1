/* What a pipe holds, kept in memory under a file descriptor, so that it can be sought in and read again.
 *
 * Layer: audio. */
#ifndef S2_AUDIO_SPOOL_H
#define S2_AUDIO_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* 4 GiB: no RIFF file is longer. */
#define S2_SPOOL_LIMIT ((size_t)4 << 30)

/* Copies `head` [n_head] and all of `fd` from where it stands into an anonymous file, which ends with its last
 * descriptor. Returns the descriptor, at offset 0; `name` is for messages. */
S2ST_CHECK int s2_spool(int fd, const void *head, size_t n_head, const char *name, s2st_error *err);

/* The path under which this process can open the spooled file anew ("/proc/self/fd/7"). */
#define S2_SPOOL_PATH_SIZE 40
void s2_spool_path(char path[S2_SPOOL_PATH_SIZE], int fd);
/* Does `path` lead to a spooled stdin? Messages then say "stdin". */
bool s2_is_spool_path(const char *path);

#endif
