/* SHA-256 (FIPS 180-4), to compare the files of a pack with what its card promises.  Layer: base. */
#ifndef S2_BASE_SHA256_H
#define S2_BASE_SHA256_H

#include <stddef.h>

#include "base/status.h"

enum { S2_SHA256_TEXT = S2ST_HASH_SIZE };

void s2_sha256(char out[S2_SHA256_TEXT], const void *bytes, size_t n);
/* Of a regular file, which may be empty. */
S2ST_CHECK int s2_sha256_file(char out[S2_SHA256_TEXT], const char *path, s2st_error *err);

#endif
