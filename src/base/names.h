/* Which names have been seen before: the inside of s2st_names.
 *
 * Layer: base. A table of 64-bit hashes, 16 bytes each, which grows where it lies: 1 to 1.5 million names take 32 MiB
 * and never more on the way. */
#ifndef S2_BASE_NAMES_H
#define S2_BASE_NAMES_H

#include "base/status.h"

struct s2st_names {
	struct s2_name_slot *slots; /* [cap], cap a power of two; at most three quarters are taken */
	size_t n, cap;
};

/* By a hash that the caller has made: remembers or replaces; finds. A zeroed struct is empty. */
S2ST_CHECK int s2_names_put(s2st_names *names, uint64_t hash, size_t number, s2st_error *err);
bool s2_names_get(const s2st_names *names, uint64_t hash, size_t *number);
/* Forgets all. */
void s2_names_clear(s2st_names *names);

#endif
