/* Languages of an encoder with adapters: which there are, and a model of one of them that shares the trunk. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/near.h"
#include "base/size.h"
#include "models/encoder.h"

/* ---- which there are ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int put(s2_languages *l, const char *name, size_t len, s2_arena *a, s2st_error *err)
{
	if (l->n == l->cap) {
		const char **more;
		l->cap = l->cap ? 2 * l->cap : 64;
		S2_ALLOC(more, a, l->cap, 1, err);
		if (l->n)
			memcpy(more, l->names, l->n * sizeof *more);
		l->names = more;
	}
	l->names[l->n] = s2_arena_strndup(a, name, len);
	return l->names[l->n++] ? S2ST_OK : s2_fail_mem(err, name);
}

static void sort(s2_languages *l)
{
	size_t kept = 0;
	if (l->n)
		qsort(l->names, l->n, sizeof *l->names, by_name);
	for (size_t i = 0; i < l->n; i++) /* both .safetensors and .bin may be there */
		if (kept == 0 || strcmp(l->names[i], l->names[kept - 1]) != 0)
			l->names[kept++] = l->names[i];
	l->n = kept;
}

/* fairseq: the checkpoint's `adapter`, a dict by language. */
static int of_checkpoint(s2_languages *l, const s2_checkpoint *ckpt, s2_arena *a, s2st_error *err)
{
	const s2_pair *pairs;
	const size_t n = s2_value_pairs(s2_value_get(s2_checkpoint_root(ckpt), "adapter"), &pairs);
	for (size_t i = 0; i < n; i++)
		if (pairs[i].key->kind == S2_V_STR)
			S2_TRY(put(l, pairs[i].key->u.str.s, strlen(pairs[i].key->u.str.s), a, err));
	return S2ST_OK;
}

static const char *const adapter_suffixes[] = {".safetensors", ".bin"};
static const char adapter_stem[] = "adapter.";

/* Hugging Face: a file "adapter.LANG.safetensors" each. */
static int of_folder(s2_languages *l, const char *dir, s2_arena *a, s2st_error *err)
{
	const size_t stem = sizeof adapter_stem - 1;
	int rc = S2ST_OK;
	DIR *d = opendir(dir);
	if (!d)
		return s2_fail(err, S2ST_EIO, "%s: %s", dir, strerror(errno));
	for (const struct dirent *e; rc == S2ST_OK && (e = readdir(d));) {
		const size_t len = strlen(e->d_name);
		for (size_t i = 0; i < 2 && rc == S2ST_OK && strncmp(e->d_name, adapter_stem, stem) == 0; i++) {
			const size_t tail = strlen(adapter_suffixes[i]);
			if (len > stem + tail && strcmp(e->d_name + len - tail, adapter_suffixes[i]) == 0)
				rc = put(l, e->d_name + stem, len - stem - tail, a, err);
		}
	}
	closedir(d);
	return rc;
}

int s2_languages_find(s2_languages *l, const s2_encoder *m, s2_arena *a, s2st_error *err)
{
	const char *file = s2_checkpoint_path(m->ckpt);
	*l = (s2_languages){0};
	if (m->config.layout == S2_LAYOUT_FAIRSEQ) {
		S2_TRY(of_checkpoint(l, m->ckpt, a, err));
	} else {
		char *dir = s2_path_beside(file, "");
		int rc = dir ? of_folder(l, dir, a, err) : s2_fail_mem(err, file);
		free(dir);
		if (rc < 0)
			return rc;
	}
	sort(l);
	return S2ST_OK;
}

static int refuse_language(const s2_languages *l, const char *language, const char *model, s2st_error *err)
{
	char near[200];
	enum { FEW = 12 };
	if (l->n == 0)
		return s2_fail(err, S2ST_EMODEL, "%s: expected adapters of languages, found none", model);
	s2_near_names(near, sizeof near, language, l->names, l->n);
	const char *lead = near[0] ? "; near names: " : "";
	if (!near[0] && l->n <= FEW) {
		size_t used = 0;
		lead = ", but ";
		for (size_t i = 0; i < l->n && used < sizeof near; i++)
			used += (size_t)snprintf(near + used, sizeof near - used, "%s%s", i ? ", " : "", l->names[i]);
	}
	return s2_fail(err, S2ST_EINPUT, "%s: no adapter speaks \"%.40s\"%s%s (%zu languages)", model, language, lead,
		       near, l->n);
}

/* ---- a model of one ---- */

static int open_adapter_file(s2_encoder *m, const char *language, s2st_error *err)
{
	char name[128], *path = NULL;
	struct stat st;
	bool found = false;
	for (size_t i = 0; i < 2 && !found; i++) {
		free(path);
		snprintf(name, sizeof name, "%s%s%s", adapter_stem, language, adapter_suffixes[i]);
		path = s2_path_beside(s2_checkpoint_path(m->trunk->ckpt), name);
		if (!path)
			return s2_fail_mem(err, name);
		found = stat(path, &st) == 0;
	}
	int rc = s2_checkpoint_open(&m->ckpt, path, err);
	free(path);
	return rc;
}

static int open_adapter(s2_encoder *m, const char *language, s2st_error *err)
{
	const s2_checkpoint *trunk = m->trunk->ckpt;
	if (m->config.layout == S2_LAYOUT_HF)
		return open_adapter_file(m, language, err);
	const s2_value *all = s2_value_get(s2_checkpoint_root(trunk), "adapter");
	return s2_checkpoint_part(&m->ckpt, trunk, s2_value_get(all, language), err);
}

static int open_language(s2_encoder *m, const s2_encoder *trunk, const char *language, s2st_error *err)
{
	s2_languages all;
	m->trunk = trunk;
	m->config = trunk->config;
	m->weights = trunk->weights;
	m->precision = trunk->precision;
	m->arena = s2_arena_new();
	if (!m->arena)
		return s2_fail_mem(err, language);
	S2_TRY(s2_languages_find(&all, trunk, m->arena, err));
	for (size_t i = 0; i < all.n; i++)
		if (strcmp(all.names[i], language) == 0)
			m->language = all.names[i];
	if (!m->language)
		return refuse_language(&all, language, s2_checkpoint_path(trunk->ckpt), err);
	S2_TRY(open_adapter(m, language, err));
	const s2_binder b = {.ckpt = m->ckpt, .arena = m->arena, .precision = m->precision};
	return s2_encoder_bind_language(m, &b, err);
}

int s2_encoder_open_language(s2_encoder **out, const s2_encoder *trunk, const char *language, s2st_error *err)
{
	*out = NULL;
	s2_encoder *m = calloc(1, sizeof *m);
	if (!m)
		return s2_fail_mem(err, language);
	int rc = open_language(m, trunk, language, err);
	if (rc < 0)
		s2_encoder_free(m);
	else
		*out = m;
	return rc;
}
