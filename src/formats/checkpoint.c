#include "formats/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/index.h"
#include "formats/pickle.h"
#include "formats/ranks.h"
#include "formats/safetensors.h"
#include "formats/sniff.h"
#include "formats/tar.h"
#include "formats/torchlegacy.h"
#include "formats/torchzip.h"

enum { MAX_DEPTH = 200 }; /* of the tree: real ones stay below 20 */

static const char *const optimizer_keys[] = {"last_optimizer_state", "optimizer", "optimizer_state", "optimizer_states",
					     "opt_state", "optim"};
static const char *const state_keys[] = {"model", "generator", "state_dict", "net", "Distiller"};

struct s2_checkpoint {
	s2_map map; /* not used by s2_checkpoint_parse */
	char *name;
	const char *container;
	s2_arena *arena;
	s2_torchzip *zip;
	s2_torchlegacy *legacy;
	const s2_value *root;
	bool has_optimizer;
	s2_tensor *tensors;
	size_t n_tensors;
	s2_index *by_name;
	s2_checkpoint **parts; /* [n_parts] rank files: their experts are among `tensors` */
	size_t n_parts;
};

/* ---- the tree ------------------------------------------------------------------------------------------------ */

/* Takes the optimizer's state out of the tree before anybody looks for its storages. */
static void drop_optimizer(s2_checkpoint *c, s2_value *root)
{
	size_t kept = 0;
	if (root->kind != S2_V_DICT)
		return;
	for (size_t i = 0; i < root->u.dict.n; i++) {
		const s2_pair *p = &root->u.dict.at[i];
		bool drop = false;
		for (size_t k = 0; k < sizeof optimizer_keys / sizeof *optimizer_keys && p->key->kind == S2_V_STR; k++)
			drop = drop || strcmp(p->key->u.str.s, optimizer_keys[k]) == 0;
		if (drop)
			c->has_optimizer = c->has_optimizer || p->val->kind != S2_V_NONE;
		else
			root->u.dict.at[kept++] = *p;
	}
	root->u.dict.n = kept;
}

typedef struct walk {
	s2_checkpoint *c;
	s2_find_storage *find;
	void *arg;
	s2st_error *err;
} walk;

static int resolve(const walk *w, s2_value *v, const s2_value *key, int depth);

static int resolve_tensor(const walk *w, s2_value *v, const s2_value *key)
{
	char what[300];
	snprintf(what, sizeof what, "%.120s: tensor %.150s", w->c->name,
		 key && key->kind == S2_V_STR ? key->u.str.s : "?");
	return s2_lazy_resolve(v->u.tensor, w->find, w->arg, what, w->err);
}

static int resolve_list(const walk *w, const s2_value *v, const s2_value *key, int depth)
{
	for (size_t i = 0; i < v->u.list.n; i++)
		S2_TRY(resolve(w, v->u.list.at[i], key, depth));
	return S2ST_OK;
}

static int resolve_dict(const walk *w, const s2_value *v, int depth)
{
	for (size_t i = 0; i < v->u.dict.n; i++)
		S2_TRY(resolve(w, v->u.dict.at[i].val, v->u.dict.at[i].key, depth));
	return S2ST_OK;
}

/* Depth first; `seen` makes a node that many share, or that holds itself, one visit. `key` names it in messages. */
static int resolve(const walk *w, s2_value *v, const s2_value *key, int depth)
{
	if (!v || v->kind < S2_V_LIST || v->seen)
		return S2ST_OK;
	if (depth >= MAX_DEPTH)
		return s2_fail(w->err, S2ST_EFORMAT, "%s: objects nested more than %d deep", w->c->name, MAX_DEPTH);
	v->seen = true;
	switch (v->kind) {
	case S2_V_TENSOR: return resolve_tensor(w, v, key);
	case S2_V_DICT: return resolve_dict(w, v, depth + 1);
	case S2_V_OBJECT:
		S2_TRY(resolve(w, v->u.obj.args, key, depth + 1));
		S2_TRY(resolve(w, v->u.obj.state, key, depth + 1));
		return resolve(w, v->u.obj.items, key, depth + 1);
	case S2_V_LIST:
	case S2_V_TUPLE:
	case S2_V_SET: return resolve_list(w, v, key, depth + 1);
	default: return S2ST_OK;
	}
}

/* ---- the state dict ------------------------------------------------------------------------------------------ */

static const s2_tensor *tensor_of(const s2_pair *p)
{
	bool is = p->key->kind == S2_V_STR && (p->val->kind == S2_V_TENSOR || p->val->kind == S2_V_ARRAY);
	return is ? p->val->u.tensor : NULL;
}

static size_t count_tensors(const s2_pair *pairs, size_t n)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += tensor_of(&pairs[i]) != NULL;
	return count;
}

static const s2_pair *find_state_dict(const s2_value *root, size_t *n)
{
	const s2_pair *pairs;
	for (size_t i = 0; i < sizeof state_keys / sizeof *state_keys; i++) {
		*n = s2_value_pairs(s2_value_get(root, state_keys[i]), &pairs);
		if (count_tensors(pairs, *n) > 0)
			return pairs;
	}
	*n = s2_value_pairs(root, &pairs);
	return pairs;
}

/* Copies, because one tensor may have two names (tied weights). */
static int list_tensors(s2_checkpoint *c, s2st_error *err)
{
	size_t n;
	const s2_pair *pairs = find_state_dict(c->root, &n);
	c->tensors = s2_arena_zalloc(c->arena, count_tensors(pairs, n), 1, sizeof *c->tensors);
	if (!c->tensors)
		return s2_fail_mem(err, c->name);
	for (size_t i = 0; i < n; i++)
		if (tensor_of(&pairs[i])) {
			c->tensors[c->n_tensors] = *tensor_of(&pairs[i]);
			c->tensors[c->n_tensors++].name = pairs[i].key->u.str.s;
		}
	return S2ST_OK;
}

static int index_tensors(s2_checkpoint *c, s2st_error *err)
{
	c->by_name = s2_index_new();
	if (!c->by_name)
		return s2_fail_mem(err, c->name);
	for (size_t i = 0; i < c->n_tensors; i++)
		if (s2_index_put(c->by_name, c->tensors[i].name, strlen(c->tensors[i].name), i) < 0)
			return s2_fail_mem(err, c->name);
	return S2ST_OK;
}

/* ---- containers ---------------------------------------------------------------------------------------------- */

static int finish_pickled(s2_checkpoint *c, s2_value *root, s2_find_storage *find, void *arg, s2st_error *err)
{
	walk w = {c, find, arg, err};
	c->root = root;
	drop_optimizer(c, root);
	S2_TRY(resolve(&w, root, NULL, 0));
	return list_tensors(c, err);
}

static int read_zip(s2_checkpoint *c, const unsigned char *bytes, size_t n, s2st_error *err)
{
	s2_pickle p;
	c->container = "torch zip";
	S2_TRY(s2_torchzip_open(&c->zip, bytes, n, c->name, err));
	S2_TRY(s2_torchzip_pickle(c->zip, c->arena, &p, err));
	return finish_pickled(c, p.root, s2_torchzip_storage, c->zip, err);
}

static int read_legacy(s2_checkpoint *c, const unsigned char *bytes, size_t n, s2st_error *err)
{
	s2_value *root;
	c->container = "torch legacy";
	S2_TRY(s2_torchlegacy_open(&c->legacy, &root, c->arena, bytes, n, c->name, err));
	return finish_pickled(c, root, s2_torchlegacy_storage, c->legacy, err);
}

static int read_one(s2_checkpoint *c, const unsigned char *bytes, size_t n, s2st_error *err)
{
	if (n >= 4 && memcmp(bytes, "PK\3\4", 4) == 0) {
		S2_TRY(read_zip(c, bytes, n, err));
	} else if (s2_torchlegacy_is(bytes, n)) {
		S2_TRY(read_legacy(c, bytes, n, err));
	} else if (s2_safetensors_is(bytes, n)) {
		c->container = "safetensors";
		S2_TRY(s2_safetensors_read(&c->tensors, &c->n_tensors, c->arena, bytes, n, c->name, err));
	} else {
		return s2_sniff_fail(bytes, n, c->name, err);
	}
	return index_tensors(c, err);
}

/* ---- rank files: experts of the same model ------------------------------------------------------------------- */

/* The shared file's tensors and, under the whole's names, those of all parts. */
static int merge_parts(s2_checkpoint *c, s2st_error *err)
{
	size_t n = c->n_tensors;
	s2_tensor *all;
	for (size_t i = 0; i < c->n_parts; i++)
		n += c->parts[i]->n_tensors;
	S2_ALLOC(all, c->arena, n, 1, err);
	if (c->n_tensors)
		memcpy(all, c->tensors, c->n_tensors * sizeof *all);
	n = c->n_tensors;
	for (size_t i = 0; i < c->n_parts; i++) {
		for (size_t j = 0; j < c->parts[i]->n_tensors; j++) {
			all[n] = c->parts[i]->tensors[j];
			S2_TRY(s2_ranks_rename(&all[n].name, c->arena, c->parts[i], i, all[n].name, err));
			n += all[n].name != NULL;
		}
		c->has_optimizer = c->has_optimizer || c->parts[i]->has_optimizer;
	}
	c->tensors = all;
	c->n_tensors = n;
	s2_index_free(c->by_name);
	return index_tensors(c, err);
}

static int finish_parts(s2_checkpoint *c, s2st_error *err)
{
	S2_TRY(s2_ranks_check(c, c->parts, c->n_parts, err));
	return merge_parts(c, err);
}

static int open_ranks(s2_checkpoint *c, const char *path, s2st_error *err)
{
	char **paths;
	size_t n;
	if (!s2_ranks_wanted(c))
		return S2ST_OK;
	S2_TRY(s2_ranks_find(&paths, &n, c->arena, path, err));
	S2_ZALLOC(c->parts, c->arena, n, 1, err);
	for (; c->n_parts < n; c->n_parts++)
		S2_TRY(s2_checkpoint_open(&c->parts[c->n_parts], paths[c->n_parts], err));
	return finish_parts(c, err);
}

/* Where in a tar's list rank `rank` of `shared` is (-1: the shared file itself); NULL: nowhere. */
static const s2_tar_member *find_member(const s2_tar_member *at, size_t n, const s2_tar_member *shared, int64_t rank)
{
	for (size_t i = 0; i < n; i++) {
		s2_rank_name name, whole;
		if (!s2_rank_name_parse(&name, at[i].name) || name.rank != rank)
			continue;
		if (!shared)
			return &at[i];
		if (s2_rank_name_parse(&whole, shared->name) && whole.stem == name.stem &&
		    strncmp(shared->name, at[i].name, name.stem) == 0)
			return &at[i];
	}
	return NULL;
}

static s2_checkpoint *new_checkpoint(const char *name)
{
	s2_checkpoint *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->name = strdup(name);
	c->arena = s2_arena_new();
	if (c->name && c->arena)
		return c;
	s2_checkpoint_close(c);
	return NULL;
}

static int parse_part(s2_checkpoint *c, const s2_tar_member *m, s2st_error *err)
{
	size_t size = strlen(c->name) + strlen(m->name) + 2;
	char *name;
	S2_ALLOC(name, c->arena, size, 1, err);
	snprintf(name, size, "%s:%s", c->name, m->name);
	s2_checkpoint *part = c->parts[c->n_parts] = new_checkpoint(name);
	if (!part)
		return s2_fail_mem(err, name);
	c->n_parts++;
	return read_one(part, m->bytes, m->n, err);
}

static int read_tar(s2_checkpoint *c, const unsigned char *bytes, size_t n, s2st_error *err)
{
	s2_tar_member *members;
	size_t n_members;
	S2_TRY(s2_tar_list(&members, &n_members, c->arena, bytes, n, c->name, err));
	const s2_tar_member *shared = find_member(members, n_members, NULL, -1), *m;
	if (!shared)
		return s2_sniff_fail(bytes, n, c->name, err);
	S2_TRY(read_one(c, shared->bytes, shared->n, err));
	if (!s2_ranks_wanted(c))
		return S2ST_OK;
	S2_ZALLOC(c->parts, c->arena, n_members, 1, err);
	for (int64_t rank = 0; (m = find_member(members, n_members, shared, rank)); rank++)
		S2_TRY(parse_part(c, m, err));
	if (c->n_parts == 0)
		return s2_fail(err, S2ST_EMODEL, "%s: expected the experts of %s in rank files, found no -rank-0",
			       c->name, shared->name);
	return finish_parts(c, err);
}

static int read_any(s2_checkpoint *c, const unsigned char *bytes, size_t n, s2st_error *err)
{
	return s2_tar_is(bytes, n) ? read_tar(c, bytes, n, err) : read_one(c, bytes, n, err);
}

/* ---- life cycle ---------------------------------------------------------------------------------------------- */

static int finish(s2_checkpoint **out, s2_checkpoint *c, int rc)
{
	if (rc < 0)
		s2_checkpoint_close(c);
	else
		*out = c;
	return rc;
}

int s2_checkpoint_parse(s2_checkpoint **out, const unsigned char *bytes, size_t n, const char *name, s2st_error *err)
{
	*out = NULL;
	s2_checkpoint *c = new_checkpoint(name);
	if (!c)
		return s2_fail_mem(err, name);
	return finish(out, c, read_any(c, bytes, n, err));
}

int s2_checkpoint_open(s2_checkpoint **out, const char *path, s2st_error *err)
{
	*out = NULL;
	s2_checkpoint *c = new_checkpoint(path);
	if (!c)
		return s2_fail_mem(err, path);
	int rc = s2_map_open(&c->map, path, err);
	if (rc == S2ST_OK)
		rc = read_any(c, c->map.bytes, c->map.size, err);
	if (rc == S2ST_OK && c->n_parts == 0)
		rc = open_ranks(c, path, err);
	if (rc == S2ST_OK) /* a look at an entry's header brought in 64 KB around it */
		s2_map_forget(&c->map);
	return finish(out, c, rc);
}

int s2_checkpoint_part(s2_checkpoint **out, const s2_checkpoint *c, const s2_value *part, s2st_error *err)
{
	*out = NULL;
	s2_checkpoint *own = new_checkpoint(c->name);
	if (!own)
		return s2_fail_mem(err, c->name);
	own->container = c->container;
	own->root = part;
	int rc = list_tensors(own, err);
	if (rc == S2ST_OK)
		rc = index_tensors(own, err);
	return finish(out, own, rc);
}

void s2_checkpoint_forget(const s2_checkpoint *c)
{
	if (c->map.bytes)
		s2_map_forget(&c->map);
}

void s2_checkpoint_close(s2_checkpoint *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_parts; i++)
		s2_checkpoint_close(c->parts[i]);
	s2_index_free(c->by_name);
	s2_torchzip_close(c->zip);
	s2_torchlegacy_close(c->legacy);
	s2_arena_free(c->arena);
	s2_map_close(&c->map);
	free(c->name);
	free(c);
}

size_t s2_checkpoint_n_ranks(const s2_checkpoint *c)
{
	return c->n_parts;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

const char *s2_checkpoint_path(const s2_checkpoint *c)
{
	return c->name;
}

const char *s2_checkpoint_container(const s2_checkpoint *c)
{
	return c->container;
}

const s2_value *s2_checkpoint_root(const s2_checkpoint *c)
{
	return c->root;
}

const s2_value *s2_checkpoint_config(const s2_checkpoint *c, const char *section)
{
	const s2_value *cfg = s2_value_get(c->root, "cfg"), *args = s2_value_get(c->root, "args");
	if (cfg && cfg->kind != S2_V_NONE)
		return section ? s2_value_get(cfg, section) : cfg;
	return args && args->kind != S2_V_NONE ? args : NULL;
}

size_t s2_checkpoint_n_tensors(const s2_checkpoint *c)
{
	return c->n_tensors;
}

const s2_tensor *s2_checkpoint_tensor_at(const s2_checkpoint *c, size_t i)
{
	return i < c->n_tensors ? &c->tensors[i] : NULL;
}

const s2_tensor *s2_checkpoint_tensor(const s2_checkpoint *c, const char *name)
{
	size_t i;
	return s2_index_get(c->by_name, name, strlen(name), &i) ? &c->tensors[i] : NULL;
}

bool s2_checkpoint_has_optimizer(const s2_checkpoint *c)
{
	return c->has_optimizer;
}
