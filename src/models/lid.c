#include "models/lid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "formats/dict.h"
#include "formats/json.h"
#include "math/ops.h"

/* ---- the head ---- */

/* Tensors of the head under the names that releases have used. */
typedef struct head_names {
	const char *latent, *projection;
} head_names;

static const head_names heads[] = {
	{"pooling_layer.linear.", "pooling_layer.projection."}, /* fairseq */
	{"pool_func.linear.", "pool_func.projection."},         /* fairseq, as MMS was trained */
	{"projector.", "classifier."},                          /* Hugging Face */
};

static int bind_linear(s2_linear *out, const s2_binder *b, const char *prefix, size_t n_in, s2st_error *err)
{
	char name[96];
	size_t dims[2];
	snprintf(name, sizeof name, "%sweight", prefix);
	S2_TRY(s2_bind_shape(b->ckpt, name, 2, dims, err));
	const s2_bind_row rows[] = {
		{"weight", offsetof(s2_linear, w), 2, {dims[0], n_in}, 0},
		{"bias", offsetof(s2_linear, b), 1, {dims[0]}, S2_BIND_F32},
	};
	return s2_bind(b, out, rows, 2, prefix, err);
}

static int bind_head(s2_lid *m, const s2_binder *b, s2st_error *err)
{
	const head_names *h = NULL;
	for (size_t i = 0; !h && i < sizeof heads / sizeof *heads; i++) {
		char name[96];
		snprintf(name, sizeof name, "%sweight", heads[i].projection);
		if (s2_checkpoint_tensor(b->ckpt, name))
			h = &heads[i];
	}
	if (!h)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: expected a classifier of languages (tensor pooling_layer.projection.weight or "
			       "classifier.weight), found none",
			       s2_checkpoint_path(b->ckpt));
	S2_TRY(bind_linear(&m->latent, b, h->latent, m->net->config.layer.dim, err));
	S2_TRY(bind_linear(&m->projection, b, h->projection, m->latent.w.dims[0], err));
	m->n = m->projection.w.dims[0];
	return 0;
}

/* ---- fairseq ---- */

static int check_pooling(const s2_lid *m, const s2_value *config, s2st_error *err)
{
	const char *pooling = s2_value_get_str(config, "pooling", "mean");
	if (strcmp(pooling, "mean") == 0 || strcmp(pooling, "mean_fast") == 0)
		return 0;
	return s2_fail(err, S2ST_EMODEL, "%s: pooling: expected mean, found \"%.40s\"",
		       s2_checkpoint_path(m->net->ckpt), pooling);
}

/* The dictionary has a line a class; its own special symbols are not among them. */
static int read_labels(s2_lid *m, const char *path, s2st_error *err)
{
	s2_dict *d;
	S2_TRY(s2_dict_read(&d, path, err));
	const size_t first = S2_UNK + 1, n = s2_dict_size(d) - first;
	int rc = S2ST_OK;
	if (n != m->n)
		rc = s2_fail(err, S2ST_EMODEL,
			     "%s: expected %zu languages, the rows of the classifier of %s, found %zu", path, m->n,
			     s2_checkpoint_path(m->net->ckpt), n);
	for (size_t i = 0; rc == S2ST_OK && i < n; i++) {
		const char *label = s2_dict_symbol(d, first + i);
		m->labels[i] = s2_arena_strndup(m->arena, label, strlen(label));
		if (!m->labels[i])
			rc = s2_fail_mem(err, path);
	}
	s2_dict_free(d);
	return rc;
}

static int open_fairseq(s2_lid *m, const char *path, const char *dict, s2st_error *err)
{
	const s2_value *config = s2_checkpoint_config(m->net->ckpt, "model");
	const char *act = s2_value_get_str(config, "activation_fn", "gelu");
	const int known = s2_activation(act);
	if (known < 0)
		return s2_fail(err, S2ST_EMODEL, "%s: activation_fn: \"%.40s\" is not supported", path, act);
	m->act = (s2_act)known;
	S2_TRY(check_pooling(m, config, err));
	char *beside = dict ? NULL : s2_path_beside(path, "dict.lang.txt");
	int rc = dict || beside ? read_labels(m, dict ? dict : beside, err) : s2_fail_mem(err, path);
	free(beside);
	return rc;
}

/* ---- Hugging Face ---- */

static int hf_labels(s2_lid *m, const s2_value *config, const char *name, s2st_error *err)
{
	const s2_value *labels = s2_value_get(config, "id2label");
	for (size_t i = 0; i < m->n; i++) {
		char key[24];
		snprintf(key, sizeof key, "%zu", i);
		const char *label = s2_value_get_str(labels, key, NULL);
		if (!label)
			return s2_fail(err, S2ST_EMODEL,
				       "%s: id2label: expected %zu languages, the rows of the classifier, found none "
				       "for %s",
				       name, m->n, key);
		m->labels[i] = label;
	}
	return 0;
}

static int hf_layer_weights(s2_lid *m, const s2_binder *b, const s2_value *config, const char *name, s2st_error *err)
{
	const size_t n = m->net->config.n_layers + 1;
	const s2_bind_row row = {"layer_weights", 0, 1, {n}, S2_BIND_F32};
	struct {
		const float *raw;
	} got = {NULL};
	bool weighted;
	float *weights;
	S2_TRY(s2_value_get_bool(config, "use_weighted_layer_sum", false, &weighted, name, err));
	if (!weighted)
		return 0;
	S2_TRY(s2_bind(b, &got, &row, 1, "", err));
	S2_ALLOC(weights, m->arena, n, 1, err);
	s2_encoder_mix_weights(weights, got.raw, n);
	m->layer_weights = weights;
	return 0;
}

static int open_hf(s2_lid *m, const s2_binder *b, const char *path, s2st_error *err)
{
	s2_value *config;
	char *name = s2_path_join(path, "config.json");
	int rc = name ? s2_json_read(&config, m->arena, name, err) : s2_fail_mem(err, path);
	if (rc == S2ST_OK)
		rc = hf_labels(m, config, name, err);
	if (rc == S2ST_OK)
		rc = hf_layer_weights(m, b, config, name, err);
	free(name);
	return rc;
}

/* ---- open ---- */

static int open_into(s2_lid *m, const char *path, const char *dict, s2st_precision precision, s2st_error *err)
{
	m->arena = s2_arena_new();
	if (!m->arena)
		return s2_fail_mem(err, path);
	S2_TRY(s2_encoder_open(&m->net, path, precision, err));
	const s2_binder b = {.ckpt = m->net->ckpt, .arena = m->arena, .precision = precision};
	S2_TRY(bind_head(m, &b, err));
	S2_ZALLOC(m->labels, m->arena, m->n, 1, err);
	return m->net->config.layout == S2_LAYOUT_HF ? open_hf(m, &b, path, err) : open_fairseq(m, path, dict, err);
}

int s2_lid_open(s2_lid **out, const char *path, const char *dict, s2st_precision precision, s2st_error *err)
{
	*out = NULL;
	s2_lid *m = calloc(1, sizeof *m);
	if (!m)
		return s2_fail_mem(err, path);
	int rc = open_into(m, path, dict, precision, err);
	if (rc < 0)
		s2_lid_free(m);
	else
		*out = m;
	return rc;
}

void s2_lid_free(s2_lid *m)
{
	if (!m)
		return;
	s2_encoder_free(m->net);
	s2_arena_free(m->arena);
	free(m);
}

/* ---- forward ---- */

int s2_lid_run(const s2_exec *x, const s2_lid *m, float *out, const float *samples, size_t n, s2st_error *err)
{
	const s2_encoder_config *c = &m->net->config;
	const size_t dim = c->layer.dim, latent = m->latent.w.dims[0];
	size_t frames;
	float *h, *mean, *inner;
	S2_TRY(s2_encoder_need_frames(c, n, &frames, err));
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(h, x->scratch, frames, dim, err);
	S2_ALLOC(mean, x->scratch, dim, 1, err);
	S2_ALLOC(inner, x->scratch, latent, 1, err);
	S2_TRY(s2_encoder_input(x, m->net, &samples, n, err));
	S2_TRY(m->layer_weights ? s2_encoder_mix(x, m->net, h, samples, n, m->layer_weights, err)
				: s2_encoder_features(x, m->net, h, samples, n, c->n_layers, true, err));
	S2_TRY(s2_mean_rows(x, mean, h, frames, dim, err));
	s2_linear_forward(x, inner, latent, mean, 1, &m->latent, &(s2_epilogue){.act = m->act});
	s2_linear_forward(x, out, m->n, inner, 1, &m->projection, NULL);
	s2_log_softmax(x, out, 1, m->n);
	s2_arena_reset(x->scratch, mark);
	return 0;
}
