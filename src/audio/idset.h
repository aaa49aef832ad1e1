/* The ids seen so far, to find the one that comes twice.
 *
 * Layer: audio. Keeps 64-bit hashes, 16 bytes an id, so a million rows cost 16 to 32 MiB; two different ids are taken
 * for one with a probability of 3e-8 in a million. */
#ifndef S2_AUDIO_IDSET_H
#define S2_AUDIO_IDSET_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct s2_idset {
	struct s2_idset_slot *slots; /* [cap], cap a power of two; at most half are taken */
	size_t n, cap;
} s2_idset;

/* 1: new, and now remembered with `row`; 0: seen before, in *earlier; < 0: error. */
S2ST_CHECK int s2_idset_add(s2_idset *set, const char *id, size_t row, size_t *earlier, s2st_error *err);
/* The same by a hash that the caller has made: remembers or replaces; finds. */
S2ST_CHECK int s2_idset_put(s2_idset *set, uint64_t hash, size_t row, s2st_error *err);
bool s2_idset_get(const s2_idset *set, uint64_t hash, size_t *row);
void s2_idset_free(s2_idset *set);

#endif
