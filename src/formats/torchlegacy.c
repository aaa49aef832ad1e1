#include "formats/torchlegacy.h"

#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "base/size.h"

enum { PROTOCOL_VERSION = 1001 };
static const unsigned char magic[10] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

typedef struct place {
	size_t at; /* of the element count; 0: not in the file */
	size_t n, elem;
} place;

struct s2_torchlegacy {
	const unsigned char *bytes;
	size_t n;
	const char *name;
	place *places; /* one for each key */
	s2_index *by_key; /* to places; keys lie in the arena of the tree */
};

/* The magic number is written as LONG1 by every protocol; 4 and 5 put a frame before it. */
bool s2_torchlegacy_is(const unsigned char *bytes, size_t n)
{
	if (n < 2 || bytes[0] != 0x80)
		return false;
	size_t at = n > 2 && bytes[2] == 0x95 ? 11 : 2;
	return n >= at + 12 && bytes[at] == 0x8a && bytes[at + 1] == 10 && memcmp(bytes + at + 2, magic, 10) == 0;
}

/* The next pickle of the stream. */
static int next(s2_pickle *out, s2_arena *a, const unsigned char *bytes, size_t n, size_t *at, const char *name,
		s2st_error *err)
{
	S2_TRY(s2_pickle_read(out, a, bytes + *at, n - *at, &(s2_pickle_options){.name = name}, err));
	*at += out->end;
	return S2ST_OK;
}

static int check_system(const s2_value *protocol, const s2_value *system, const char *name, s2st_error *err)
{
	const s2_value *little = s2_value_get(system, "little_endian");
	if (protocol->kind != S2_V_INT || protocol->u.i != PROTOCOL_VERSION)
		return s2_fail(err, S2ST_EFORMAT, "%s: legacy torch container: expected protocol version %d", name,
			       PROTOCOL_VERSION);
	if (!little || little->kind != S2_V_BOOL)
		return s2_fail(err, S2ST_EFORMAT, "%s: legacy torch container without sys_info", name);
	if (!little->u.b)
		return s2_fail(err, S2ST_EFORMAT, "%s: byte order: expected little, found big", name);
	return S2ST_OK;
}

/* What the persistent ids say of each storage: positions in `places` by key. The first to name a key counts. */
static int note_storages(s2_torchlegacy *l, const s2_value *storages, const char *name, s2st_error *err)
{
	size_t n = 0, seen;
	l->places = calloc(storages->u.list.n + 1, sizeof *l->places);
	l->by_key = s2_index_new();
	if (!l->places || !l->by_key)
		return s2_fail_mem(err, name);
	for (size_t i = 0; i < storages->u.list.n; i++) {
		s2_storage s;
		S2_TRY(s2_storage_parse(&s, storages->u.list.at[i], name, err));
		if (s2_index_get(l->by_key, s.key, s.key_len, &seen))
			continue;
		l->places[n] = (place){.n = s.n, .elem = s.elem};
		if (s2_index_put(l->by_key, s.key, s.key_len, n++) < 0)
			return s2_fail_mem(err, name);
	}
	return S2ST_OK;
}

/* The storages lie in the order of the list of keys, from `at` on. */
static int place_storages(s2_torchlegacy *l, const s2_value *keys, size_t at, const char *name, s2st_error *err)
{
	if (keys->kind != S2_V_LIST)
		return s2_fail(err, S2ST_EFORMAT, "%s: legacy torch container without a list of storages", name);
	for (size_t i = 0; i < keys->u.list.n; i++) {
		const s2_value *key = keys->u.list.at[i];
		size_t which, bytes;
		if (key->kind != S2_V_STR || !s2_index_get(l->by_key, key->u.str.s, key->u.str.len, &which))
			return s2_fail(err, S2ST_EFORMAT, "%s: storage %zu belongs to no tensor", name, i);
		place *p = &l->places[which];
		p->at = at;
		if (!s2_mul(p->n, p->elem, &bytes) || !s2_add(at, 8, &at) || !s2_add(at, bytes, &at))
			return s2_fail(err, S2ST_EFORMAT, "%s: sizes of the storages overflow", name);
		if (at > l->n)
			return s2_fail(err, S2ST_EFORMAT,
				       "%s: truncated in storage %zu of %zu: expected %zu bytes, found %zu", name,
				       i + 1, keys->u.list.n, at, l->n);
	}
	return S2ST_OK;
}

static int read_stream(s2_torchlegacy *l, s2_value **root, s2_arena *a, const char *name, s2st_error *err)
{
	s2_pickle number, protocol, system, object, keys;
	size_t at = 0;
	S2_TRY(next(&number, a, l->bytes, l->n, &at, name, err));
	S2_TRY(next(&protocol, a, l->bytes, l->n, &at, name, err));
	S2_TRY(next(&system, a, l->bytes, l->n, &at, name, err));
	S2_TRY(check_system(protocol.root, system.root, name, err));
	S2_TRY(next(&object, a, l->bytes, l->n, &at, name, err));
	S2_TRY(next(&keys, a, l->bytes, l->n, &at, name, err));
	S2_TRY(note_storages(l, object.storages, name, err));
	S2_TRY(place_storages(l, keys.root, at, name, err));
	*root = object.root;
	return S2ST_OK;
}

int s2_torchlegacy_open(s2_torchlegacy **out, s2_value **root, s2_arena *a, const unsigned char *bytes, size_t n,
			const char *name, s2st_error *err)
{
	*out = NULL;
	s2_torchlegacy *l = calloc(1, sizeof *l);
	if (!l)
		return s2_fail_mem(err, name);
	l->bytes = bytes;
	l->n = n;
	l->name = name;
	int rc = read_stream(l, root, a, name, err);
	if (rc < 0) {
		s2_torchlegacy_close(l);
		return rc;
	}
	*out = l;
	return S2ST_OK;
}

void s2_torchlegacy_close(s2_torchlegacy *l)
{
	if (!l)
		return;
	s2_index_free(l->by_key);
	free(l->places);
	free(l);
}

int s2_torchlegacy_storage(void *arg, const s2_storage *storage, const unsigned char **bytes, size_t *n,
			   s2st_error *err)
{
	const s2_torchlegacy *l = arg;
	size_t which;
	uint64_t count = 0;
	if (!s2_index_get(l->by_key, storage->key, storage->key_len, &which) || l->places[which].at == 0)
		return s2_fail(err, S2ST_EFORMAT, "%s: the container has no storage %.40s", l->name, storage->key);
	const place *p = &l->places[which];
	for (int i = 7; i >= 0; i--)
		count = count << 8 | l->bytes[p->at + (size_t)i];
	if (count != p->n)
		return s2_fail(err, S2ST_EFORMAT, "%s: storage %.40s: expected %zu elements, found %llu", l->name,
			       storage->key, p->n, (unsigned long long)count);
	*bytes = l->bytes + p->at + 8;
	*n = p->n * p->elem;
	return S2ST_OK;
}
