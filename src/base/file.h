/* Files: read-only mappings, whole small files, and the one writer behind every output.
 *
 * Layer: base. The writer's functions are the s2st_writer_* of the public header and two more below. */
#ifndef S2_BASE_FILE_H
#define S2_BASE_FILE_H

#include <stddef.h>

#include "base/status.h"

/* A read-only private mapping. Pages come in as they are touched; nothing is copied. */
typedef struct s2_map {
	const unsigned char *bytes;
	size_t size;
	char *path; /* as given, for messages */
} s2_map;

/* Fails on folders, devices, pipes and empty files, naming them. */
S2ST_CHECK int s2_map_open(s2_map *out, const char *path, s2st_error *err);
void s2_map_close(s2_map *m);
/* Asks for `n` bytes from `offset` on to be in memory soon. */
void s2_map_ahead(const s2_map *m, size_t offset, size_t n);
/* Lets go of the pages that were touched so far; whoever touches them again gets them back. */
void s2_map_forget(const s2_map *m);

/* Whole file (at most `limit` bytes) with a closing NUL; free() it. */
S2ST_CHECK int s2_read_file(char **out, size_t *n, const char *path, size_t limit, s2st_error *err);

/* Bytes of a file that was written before: put others in their place; drop all from `size` on. Pipes and devices
 * cannot. */
S2ST_CHECK int s2_writer_rewrite(s2st_writer *w, size_t offset, const void *data, size_t n, s2st_error *err);
S2ST_CHECK int s2_writer_truncate(s2st_writer *w, size_t size, s2st_error *err);

/* Path of `name` in the folder of `beside`, in a malloc'ed string (NULL: out of memory). */
char *s2_path_beside(const char *beside, const char *name);
char *s2_path_join(const char *dir, const char *name);
const char *s2_path_base(const char *path); /* after the last '/' */

#endif
