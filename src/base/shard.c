/* Which rows of a list belong to one of several parts, or to a random fraction. */
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

bool s2st_is_drawn(uint64_t seed, uint64_t index, double fraction)
{
	/* splitmix64: an index says by itself whether it is in */
	uint64_t z = (seed << 32 | 0x9e3779b9u) + index * 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return (double)(z >> 11) * 0x1p-53 < fraction;
}
