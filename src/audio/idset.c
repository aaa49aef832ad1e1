#include "audio/idset.h"

#include <stdlib.h>

struct s2_idset_slot {
	uint64_t hash; /* 0: free */
	size_t row;
};

/* FNV-1a with a last mix (its high bits alone are weak for short names). */
static uint64_t hash_of(const char *id)
{
	uint64_t h = 14695981039346656037u;
	for (const unsigned char *p = (const unsigned char *)id; *p; p++)
		h = (h ^ *p) * 1099511628211u;
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
	h ^= h >> 32;
	return h ? h : 1;
}

static struct s2_idset_slot *find(const s2_idset *set, uint64_t hash)
{
	size_t i = (size_t)hash & (set->cap - 1);
	while (set->slots[i].hash && set->slots[i].hash != hash)
		i = (i + 1) & (set->cap - 1);
	return &set->slots[i];
}

static int grow(s2_idset *set, s2st_error *err)
{
	s2_idset more = {.cap = set->cap ? 2 * set->cap : 1024, .n = set->n};
	more.slots = calloc(more.cap, sizeof *more.slots);
	if (!more.slots)
		return s2_fail_mem(err, "ids");
	for (size_t i = 0; i < set->cap; i++)
		if (set->slots[i].hash)
			*find(&more, set->slots[i].hash) = set->slots[i];
	free(set->slots);
	*set = more;
	return S2ST_OK;
}

int s2_idset_add(s2_idset *set, const char *id, size_t row, size_t *earlier, s2st_error *err)
{
	uint64_t hash = hash_of(id);
	if (2 * (set->n + 1) > set->cap)
		S2_TRY(grow(set, err));
	struct s2_idset_slot *slot = find(set, hash);
	if (slot->hash) {
		*earlier = slot->row;
		return 0;
	}
	*slot = (struct s2_idset_slot){hash, row};
	set->n++;
	return 1;
}

void s2_idset_free(s2_idset *set)
{
	free(set->slots);
	*set = (s2_idset){0};
}
