/* Which rows of a list belong to one of several parts. */
#include <math.h>

#include "base/status.h"

void s2st_shard_range(size_t total, int shard, int n_shards, size_t *begin, size_t *end)
{
	*begin = 0;
	*end = total;
	if (n_shards <= 1)
		return;
	/* nearbyint rounds halves to even, as Python's round does; the order of operations is the reference's too. */
	const double part = (double)total / n_shards;
	*begin = (size_t)nearbyint(part * shard);
	*end = shard + 1 == n_shards ? total : (size_t)nearbyint(part * (shard + 1));
}
