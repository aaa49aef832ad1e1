#include "base/random.h"

#include <stddef.h>

/* ---- SeedSequence (numpy/random/bit_generator.pyx; after O'Neill's seed_seq_fe) ---- */

enum { POOL = 4 };

static uint32_t mix_shift(uint32_t x)
{
	return x ^ x >> 16;
}

static uint32_t hash_step(uint32_t value, uint32_t *hash, uint32_t multiplier)
{
	value ^= *hash;
	*hash *= multiplier;
	return mix_shift(value * *hash);
}

static void fill_pool(uint32_t pool[POOL], uint64_t seed)
{
	const uint32_t entropy[POOL] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
	uint32_t hash = 0x43b0d7e5;
	for (size_t i = 0; i < POOL; i++)
		pool[i] = hash_step(entropy[i], &hash, 0x931e8875);
	for (size_t from = 0; from < POOL; from++)
		for (size_t to = 0; to < POOL; to++)
			if (from != to) {
				uint32_t hashed = hash_step(pool[from], &hash, 0x931e8875);
				pool[to] = mix_shift(0xca01f9ddu * pool[to] - 0x4973f715u * hashed);
			}
}

/* ---- PCG64 ---- */

static void step(s2_random *r)
{
	const unsigned __int128 multiplier = (unsigned __int128)0x2360ed051fc65da4u << 64 | 0x4385df649fccf645u;
	r->state = r->state * multiplier + r->increment;
}

void s2_random_seed(s2_random *r, uint64_t seed)
{
	uint32_t pool[POOL], hash = 0x8b51f9dd;
	uint64_t words[4];
	fill_pool(pool, seed);
	for (size_t i = 0; i < 4; i++) {
		uint64_t low = hash_step(pool[2 * i % POOL], &hash, 0x58f38ded);
		uint64_t high = hash_step(pool[(2 * i + 1) % POOL], &hash, 0x58f38ded);
		words[i] = high << 32 | low;
	}
	*r = (s2_random){.increment = ((unsigned __int128)words[2] << 64 | words[3]) << 1 | 1};
	step(r);
	r->state += (unsigned __int128)words[0] << 64 | words[1];
	step(r);
}

static uint64_t next64(s2_random *r)
{
	step(r);
	uint64_t x = (uint64_t)(r->state >> 64) ^ (uint64_t)r->state;
	unsigned turn = (unsigned)(r->state >> 122);
	return x >> turn | x << (-turn & 63);
}

static uint32_t next32(s2_random *r)
{
	r->has_kept = !r->has_kept;
	if (!r->has_kept)
		return r->kept;
	uint64_t x = next64(r);
	r->kept = (uint32_t)(x >> 32);
	return (uint32_t)x;
}

uint32_t s2_random_below(s2_random *r, uint32_t n)
{
	if (n <= 1)
		return 0;
	uint64_t product = (uint64_t)next32(r) * n;
	uint32_t threshold = -n % n; /* 2^32 mod n: rejecting below it leaves each number equally many draws */
	while ((uint32_t)product < threshold)
		product = (uint64_t)next32(r) * n;
	return (uint32_t)(product >> 32);
}

double s2_random_double(s2_random *r)
{
	return (double)(next64(r) >> 11) * 0x1p-53;
}
