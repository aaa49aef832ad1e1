/* Zip archives that stay mapped while slices of them are read (s2st_archives of the public header).
 *
 * Layer: audio. A few are kept, the one that was used longest ago gives way. Each take looks at the file, so an archive
 * that was replaced under a running job is mapped anew; slices taken before keep the old one. */
#ifndef S2_AUDIO_ARCHIVES_H
#define S2_AUDIO_ARCHIVES_H

#include "base/file.h"

typedef struct s2_archive s2_archive;

/* For about `n` bytes of it: what many takes have read is let out of the process again. `a` NULL, or all its places
 * taken by slices in use: an archive of the caller's own. */
S2ST_CHECK int s2_archive_take(s2_archive **out, s2st_archives *a, const char *path, size_t n, s2st_error *err);
void s2_archive_give(s2st_archives *a, s2_archive *archive); /* `archive` NULL: nothing to do */
const s2_map *s2_archive_map(const s2_archive *archive);
/* How many times a file was mapped, for tests. */
size_t s2_archives_opened(s2st_archives *a);

#endif
