#include "models/data_config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/fbank.h"
#include "base/file.h"
#include "formats/json.h"
#include "formats/npz.h"

typedef struct reader {
	s2_data_config *out;
	s2_arena *a;
	const s2_value *yaml;
	const char *path;
	s2st_error *err;
} reader;

static int describe(s2_data_config *c, s2_arena *a, const char *tail, s2st_error *err)
{
	char text[256];
	size_t used = c->waveform ? (size_t)snprintf(text, sizeof text, "samples, normalised over the utterance")
				  : (size_t)snprintf(text, sizeof text, "%zu-bin filter bank", c->n_bins);
	for (size_t i = 0; i < c->n_transforms && used < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, ", %s",
					 c->transforms[i].mean ? "global_cmvn" : "utterance_cmvn");
	if (used < sizeof text)
		snprintf(text + used, sizeof text - used, "%s", tail);
	c->text = s2_arena_strndup(a, text, strlen(text));
	return c->text ? 0 : s2_fail_mem(err, "data config");
}

int s2_data_config_default(s2_data_config *out, s2_arena *a, bool waveform, size_t n_bins, s2st_error *err)
{
	*out = (s2_data_config){
		.waveform = waveform, .n_bins = n_bins, .channels = 1, .n_transforms = waveform ? 0 : 1};
	out->transforms[0] = (s2_transform){.norm_means = true, .norm_vars = true};
	return describe(out, a, " (no config.yaml: the usual defaults)", err);
}

/* ---- reading ---- */

/* "NAME" in the folder of config.yaml, in the arena. A path is cut to its last part: configs travel with their folder,
 * and the folders that they were trained in do not. */
static int beside(const reader *r, const char **out, const char *name)
{
	char *path = s2_path_beside(r->path, s2_path_base(name));
	*out = path ? s2_arena_strndup(r->a, path, strlen(path)) : NULL;
	free(path);
	return *out ? 0 : s2_fail_mem(r->err, name);
}

static int read_size(const reader *r, const char *key, int64_t def, size_t *out)
{
	int64_t v;
	S2_TRY(s2_value_get_int(r->yaml, key, def, &v, r->path, r->err));
	if (v < 1 || v > 4096)
		return s2_fail(r->err, S2ST_EMODEL, "%s: %s: expected 1 to 4096, found %lld", r->path, key,
			       (long long)v);
	*out = (size_t)v;
	return 0;
}

static int add_utterance_cmvn(const reader *r, s2_transform *t)
{
	const s2_value *own = s2_value_get(r->yaml, "utterance_cmvn");
	S2_TRY(s2_value_get_bool(own, "norm_means", true, &t->norm_means, r->path, r->err));
	return s2_value_get_bool(own, "norm_vars", true, &t->norm_vars, r->path, r->err);
}

static int read_stats(const reader *r, const float **out, const char *npz, const char *name, bool positive)
{
	s2_tensor t;
	float *values;
	size_t n = r->out->n_bins;
	S2_TRY(s2_npz_read(&t, r->a, npz, name, r->err));
	if (t.rank != 1 || t.dims[0] != n)
		return s2_fail(r->err, S2ST_EMODEL, "%s: %s: expected one value for each of %zu bins", npz, name, n);
	S2_ALLOC(values, r->a, n, 1, r->err);
	s2_tensor_to_f32(&t, values);
	for (size_t i = 0; i < n; i++)
		if (!isfinite(values[i]) || (positive && values[i] <= 0))
			return s2_fail(r->err, S2ST_EMODEL, "%s: %s: expected %s numbers, found %g", npz, name,
				       positive ? "positive" : "finite", (double)values[i]);
	*out = values;
	return 0;
}

static int add_global_cmvn(const reader *r, s2_transform *t)
{
	const char *npz = s2_value_get_str(s2_value_get(r->yaml, "global_cmvn"), "stats_npz_path", NULL);
	if (!npz)
		return s2_fail(r->err, S2ST_EMODEL, "%s: global_cmvn: expected stats_npz_path, found none", r->path);
	S2_TRY(beside(r, &npz, npz));
	S2_TRY(read_stats(r, &t->mean, npz, "mean", false));
	return read_stats(r, &t->std, npz, "std", true);
}

static int add_transform(const reader *r, const s2_value *name)
{
	s2_data_config *c = r->out;
	if (!name || name->kind != S2_V_STR)
		return s2_fail(r->err, S2ST_EMODEL, "%s: feature_transforms: expected names, found %s", r->path,
			       s2_value_kind_name(name));
	if (c->n_transforms == S2_MAX_TRANSFORMS)
		return s2_fail(r->err, S2ST_EMODEL, "%s: feature_transforms: expected at most %d", r->path,
			       S2_MAX_TRANSFORMS);
	s2_transform *t = &c->transforms[c->n_transforms++];
	if (strcmp(name->u.str.s, "utterance_cmvn") == 0)
		return add_utterance_cmvn(r, t);
	if (strcmp(name->u.str.s, "global_cmvn") == 0)
		return add_global_cmvn(r, t);
	return s2_fail(r->err, S2ST_EMODEL, "%s: feature transform \"%.64s\" at evaluation time is not supported",
		       r->path, name->u.str.s);
}

/* The transforms for evaluation under `key`; a split with null counts as absent. */
static int add_transforms(const reader *r, const char *key)
{
	static const char *const splits[] = {"test", "_eval", "*"};
	const s2_value *by_split = s2_value_get(r->yaml, key), *list = NULL;
	for (size_t i = 0; !list && i < sizeof splits / sizeof *splits; i++) {
		list = s2_value_get(by_split, splits[i]);
		if (list && list->kind == S2_V_NONE)
			list = NULL;
	}
	if (list && list->kind != S2_V_LIST)
		return s2_fail(r->err, S2ST_EMODEL, "%s: %s: expected a list, found %s", r->path, key,
			       s2_value_kind_name(list));
	for (size_t i = 0; i < s2_value_len(list); i++)
		S2_TRY(add_transform(r, s2_value_at(list, i)));
	return 0;
}

/* Samples, or frames of a filter bank and what is done to them. */
static int read_input(const reader *r)
{
	enum { SAMPLE_RATE = 16000 };
	s2_data_config *c = r->out;
	int64_t rate;
	S2_TRY(s2_value_get_bool(r->yaml, "use_audio_input", false, &c->waveform, r->path, r->err));
	S2_TRY(read_size(r, "input_feat_per_channel", 80, &c->n_bins));
	S2_TRY(read_size(r, "input_channels", 1, &c->channels));
	/* "transforms" is the older name; where both are, the newer list comes after (data_cfg.py). */
	S2_TRY(add_transforms(r, "transforms"));
	S2_TRY(add_transforms(r, "feature_transforms"));
	if (!c->waveform)
		return 0;
	if (c->n_transforms)
		return s2_fail(r->err, S2ST_EMODEL,
			       "%s: feature transforms belong to filter banks, and use_audio_input asks for samples",
			       r->path);
	S2_TRY(s2_value_get_int(r->yaml, "use_sample_rate", SAMPLE_RATE, &rate, r->path, r->err));
	if (rate != SAMPLE_RATE)
		return s2_fail(r->err, S2ST_EMODEL, "%s: use_sample_rate: expected %d, found %lld", r->path,
			       SAMPLE_RATE, (long long)rate);
	c->n_bins = 1;
	return 0;
}

static int read_config(const reader *r)
{
	s2_data_config *c = r->out;
	if (r->yaml->kind != S2_V_DICT)
		return s2_fail(r->err, S2ST_EFORMAT, "%s: expected keys and values, found %s", r->path,
			       s2_value_kind_name(r->yaml));
	S2_TRY(read_input(r));
	S2_TRY(s2_value_get_bool(r->yaml, "prepend_tgt_lang_tag_as_bos", false, &c->lang_tag_first, r->path, r->err));
	S2_TRY(s2_value_get_bool(r->yaml, "prepend_tgt_lang_tag", false, &c->lang_tag_forced, r->path, r->err));
	c->eos = s2_value_get_str(r->yaml, "eos_token", NULL);
	const char *vocab = s2_value_get_str(r->yaml, "vocab_filename", NULL);
	if (vocab)
		S2_TRY(beside(r, &c->vocab, vocab));
	else if (c->lang_tag_first)
		return s2_fail(
			r->err, S2ST_EMODEL,
			"%s: prepend_tgt_lang_tag_as_bos needs a dictionary: expected vocab_filename, found none",
			r->path);
	return describe(c, r->a, "", r->err);
}

int s2_data_config_read(s2_data_config *out, s2_arena *a, const char *path, s2st_error *err)
{
	s2_value *yaml;
	*out = (s2_data_config){0};
	S2_TRY(s2_yaml_read(&yaml, a, path, err));
	return read_config(&(reader){out, a, yaml, path, err});
}

void s2_data_config_apply(const s2_data_config *c, float *feat, size_t frames)
{
	for (size_t i = 0; i < c->n_transforms; i++) {
		const s2_transform *t = &c->transforms[i];
		if (t->mean)
			s2_global_cmvn(feat, frames, c->n_bins, t->mean, t->std);
		else
			s2_utterance_cmvn(feat, frames, c->n_bins, t->norm_means, t->norm_vars);
	}
}
