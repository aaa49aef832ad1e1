/* s2st_names_*: open addressing with linear probing. */
#include "base/names.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 1024 };

struct s2_name_slot {
	uint64_t hash; /* 0: free */
	size_t number;
};

static struct s2_name_slot *find(const s2st_names *names, uint64_t hash)
{
	size_t i = (size_t)hash & (names->cap - 1);
	while (names->slots[i].hash && names->slots[i].hash != hash)
		i = (i + 1) & (names->cap - 1);
	return &names->slots[i];
}

/* Doubles the table where it lies: a second one beside it would be half of the memory. Slots are moved in their order,
 * from behind a free one on, so that all between a name's first place and its slot have been moved before it; what the
 * search for its new slot steps over stays there. */
static int grow(s2st_names *names, s2st_error *err)
{
	const size_t before = names->cap, cap = before ? 2 * before : FIRST_CAP;
	struct s2_name_slot *slots = reallocarray(names->slots, cap, sizeof *slots);
	if (!slots)
		return s2_fail_mem(err, "names");
	memset(slots + before, 0, (cap - before) * sizeof *slots);
	names->slots = slots;
	names->cap = cap;
	size_t start = 0;
	while (start < before && slots[start].hash)
		start++;
	for (size_t i = 0; i < before; i++) {
		struct s2_name_slot *from = &slots[(start + i) & (before - 1)], moved = *from;
		from->hash = 0;
		if (moved.hash)
			*find(names, moved.hash) = moved;
	}
	return S2ST_OK;
}

int s2_names_put(s2st_names *names, uint64_t hash, size_t number, s2st_error *err)
{
	if (4 * (names->n + 1) > 3 * names->cap)
		S2_TRY(grow(names, err));
	hash += hash == 0;
	struct s2_name_slot *slot = find(names, hash);
	names->n += slot->hash == 0;
	*slot = (struct s2_name_slot){hash, number};
	return S2ST_OK;
}

bool s2_names_get(const s2st_names *names, uint64_t hash, size_t *number)
{
	const struct s2_name_slot *slot = names->cap ? find(names, hash + (hash == 0)) : NULL;
	if (!slot || !slot->hash)
		return false;
	*number = slot->number;
	return true;
}

void s2_names_clear(s2st_names *names)
{
	free(names->slots);
	*names = (s2st_names){0};
}

/* ---- the public face ---- */

int s2st_names_new(s2st_names **out, s2st_error *err)
{
	*out = calloc(1, sizeof **out);
	return *out ? S2ST_OK : s2_fail_mem(err, "names");
}

static uint64_t hash_of(const char *name, size_t n)
{
	return s2st_hash(S2ST_HASH_START, name, n);
}

int s2st_names_add(s2st_names *names, const char *name, size_t n, size_t number, size_t *earlier, s2st_error *err)
{
	const uint64_t hash = hash_of(name, n);
	if (s2_names_get(names, hash, earlier))
		return 0;
	S2_TRY(s2_names_put(names, hash, number, err));
	return 1;
}

bool s2st_names_find(const s2st_names *names, const char *name, size_t n, size_t *number)
{
	return s2_names_get(names, hash_of(name, n), number);
}

void s2st_names_free(s2st_names *names)
{
	if (!names)
		return;
	s2_names_clear(names);
	free(names);
}
