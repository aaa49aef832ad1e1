/* Open addressing with linear probing, at most half full. */
#include "base/index.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct slot {
	const char *key; /* NULL: empty */
	size_t len, value;
	uint64_t hash;
} slot;

struct s2_index {
	slot *slots;
	size_t cap, n; /* cap is a power of two, or 0 */
	uint64_t seed;
};

s2_index *s2_index_new(void)
{
	s2_index *x = calloc(1, sizeof *x);
	/* Where the heap lies differs from run to run, so a file cannot be written to make all its keys collide. */
	if (x)
		x->seed = (uint64_t)(uintptr_t)x * 0x9e3779b97f4a7c15u;
	return x;
}

void s2_index_free(s2_index *x)
{
	if (!x)
		return;
	free(x->slots);
	free(x);
}

/* FNV-1a, and a last mix because the low bits choose the slot. */
static uint64_t hash_of(const s2_index *x, const char *key, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u ^ x->seed;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)key[i]) * 0x100000001b3u;
	return (h ^ h >> 32) * 0x9e3779b97f4a7c15u >> 16;
}

static slot *find(slot *slots, size_t cap, const char *key, size_t len, uint64_t hash)
{
	size_t i = hash & (cap - 1);
	while (slots[i].key && !(slots[i].hash == hash && slots[i].len == len && memcmp(slots[i].key, key, len) == 0))
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

static int grow(s2_index *x)
{
	size_t cap = x->cap ? x->cap * 2 : 64;
	slot *slots = calloc(cap, sizeof *slots);
	if (!slots)
		return -1;
	for (size_t i = 0; i < x->cap; i++)
		if (x->slots[i].key)
			*find(slots, cap, x->slots[i].key, x->slots[i].len, x->slots[i].hash) = x->slots[i];
	free(x->slots);
	x->slots = slots;
	x->cap = cap;
	return 0;
}

int s2_index_put(s2_index *x, const char *key, size_t len, size_t value)
{
	if (2 * (x->n + 1) > x->cap && grow(x) < 0)
		return -1;
	uint64_t hash = hash_of(x, key, len);
	slot *s = find(x->slots, x->cap, key, len, hash);
	x->n += s->key == NULL;
	*s = (slot){key, len, value, hash};
	return 0;
}

bool s2_index_get(const s2_index *x, const char *key, size_t len, size_t *value)
{
	if (x->n == 0)
		return false;
	const slot *s = find(x->slots, x->cap, key, len, hash_of(x, key, len));
	if (s->key)
		*value = s->value;
	return s->key != NULL;
}
