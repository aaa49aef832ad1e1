#include "audio/idset.h"

#include <stdlib.h>
#include <string.h>

struct s2_idset_slot {
	uint64_t hash; /* 0: free */
	size_t row;
};

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

int s2_idset_put(s2_idset *set, uint64_t hash, size_t row, s2st_error *err)
{
	if (2 * (set->n + 1) > set->cap)
		S2_TRY(grow(set, err));
	hash += hash == 0;
	struct s2_idset_slot *slot = find(set, hash);
	set->n += slot->hash == 0;
	*slot = (struct s2_idset_slot){hash, row};
	return S2ST_OK;
}

bool s2_idset_get(const s2_idset *set, uint64_t hash, size_t *row)
{
	const struct s2_idset_slot *slot = set->cap ? find(set, hash + (hash == 0)) : NULL;
	if (!slot || !slot->hash)
		return false;
	*row = slot->row;
	return true;
}

int s2_idset_add(s2_idset *set, const char *id, size_t row, size_t *earlier, s2st_error *err)
{
	const uint64_t hash = s2st_hash(S2ST_HASH_START, id, strlen(id));
	if (s2_idset_get(set, hash, earlier))
		return 0;
	S2_TRY(s2_idset_put(set, hash, row, err));
	return 1;
}

void s2_idset_free(s2_idset *set)
{
	free(set->slots);
	*set = (s2_idset){0};
}
