#include "models/encoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/size.h"
#include "formats/json.h"
#include "math/ops.h"

/* ---- open ---- */

static char *existing(const char *dir, const char *name)
{
	char *path = s2_path_join(dir, name);
	struct stat st;
	if (path && stat(path, &st) == 0)
		return path;
	free(path);
	return NULL;
}

static int read_optional_json(s2_value **out, s2_arena *a, const char *dir, const char *name, s2st_error *err)
{
	char *path = existing(dir, name);
	*out = NULL;
	int rc = path ? s2_json_read(out, a, path, err) : 0;
	free(path);
	return rc;
}

static int open_hf_weights(s2_encoder *m, const char *dir, s2st_error *err)
{
	char *path = existing(dir, "model.safetensors");
	if (!path)
		path = existing(dir, "pytorch_model.bin");
	if (!path)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: expected model.safetensors or pytorch_model.bin in the folder, found neither", dir);
	int rc = s2_checkpoint_open(&m->ckpt, path, err);
	free(path);
	return rc;
}

static int open_hf(s2_encoder *m, const char *dir, s2st_error *err)
{
	s2_value *json, *preprocessor;
	S2_TRY(read_optional_json(&json, m->arena, dir, "config.json", err));
	if (!json)
		return s2_fail(err, S2ST_EMODEL, "%s: expected config.json in the folder, found none", dir);
	S2_TRY(read_optional_json(&preprocessor, m->arena, dir, "preprocessor_config.json", err));
	S2_TRY(open_hf_weights(m, dir, err));
	return s2_encoder_config_hf(&m->config, m->ckpt, json, preprocessor, dir, m->arena, err);
}

static int open_fairseq(s2_encoder *m, const char *path, s2st_error *err)
{
	S2_TRY(s2_checkpoint_open(&m->ckpt, path, err));
	return s2_encoder_config_fairseq(&m->config, m->ckpt, NULL, m->arena, err);
}

static int open_into(s2_encoder *m, const char *path, s2st_precision precision, s2st_error *err)
{
	struct stat st;
	bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	m->precision = precision;
	m->arena = s2_arena_new();
	if (!m->arena)
		return s2_fail_mem(err, path);
	S2_TRY(folder ? open_hf(m, path, err) : open_fairseq(m, path, err));
	s2_binder b = {.ckpt = m->ckpt, .arena = m->arena, .precision = precision};
	return s2_encoder_bind(&m->weights, &m->config, &b, err);
}

int s2_encoder_open(s2_encoder **out, const char *path, s2st_precision precision, s2st_error *err)
{
	*out = NULL;
	s2_encoder *m = calloc(1, sizeof *m);
	if (!m)
		return s2_fail_mem(err, path);
	int rc = open_into(m, path, precision, err);
	if (rc < 0)
		s2_encoder_free(m);
	else
		*out = m;
	return rc;
}

void s2_encoder_free(s2_encoder *m)
{
	if (!m)
		return;
	s2_checkpoint_close(m->ckpt);
	s2_arena_free(m->arena);
	free(m);
}

/* ---- forward ---- */

/* h = projection(layer_norm(conv)) [frames, dim]; the norm runs in place. */
static void project(const s2_exec *x, const s2_encoder *m, float *h, float *conv, size_t frames)
{
	const s2_encoder_config *c = &m->config;
	size_t channels = c->conv[c->n_conv - 1].c_out;
	if (c->has_feature_norm)
		s2_norm_forward(x, conv, conv, frames, channels, &m->weights.feature_norm);
	if (c->has_projection)
		s2_linear_forward(x, h, c->layer.dim, conv, frames, &m->weights.projection, NULL);
	else
		memcpy(h, conv, frames * channels * sizeof *h);
}

/* h += GELU(pos_conv(h)). The conv is `same`: an even kernel makes one frame too many at the end, which SamePad drops
 * and we do not compute. */
static int add_positions(const s2_exec *x, const s2_encoder *m, float *h, size_t frames, s2st_error *err)
{
	const s2_conv1d *convs = m->weights.pos_convs;
	const s2_short_conv **fast = m->weights.pos_fast; /* all of one shape */
	size_t dim = m->config.layer.dim;
	s2_mark mark = s2_arena_mark(x->scratch);
	float *out, *in, *work = NULL;
	S2_ALLOC(out, x->scratch, s2_conv1d_out_len(convs, frames), dim, err);
	if (fast[0])
		S2_ALLOC(work, x->scratch, s2_short_conv_work(fast[0]), 1, err);
	if (m->config.pos_depth == 0) {
		s2_encoder_convolve(x, convs, fast[0], out, h, frames, true, work);
	} else {
		S2_ALLOC(in, x->scratch, frames, dim, err);
		memcpy(in, h, frames * dim * sizeof *in);
		for (size_t i = 0; i < m->config.pos_depth; i++) {
			s2_encoder_convolve(x, &convs[i], fast[i], out, in, frames, false, work);
			s2_layer_norm(x, in, out, NULL, NULL, frames, dim, 1e-5f);
			s2_activate(x, in, frames * dim, S2_ACT_GELU);
		}
		out = in;
	}
	s2_add_scaled(x, h, out, frames * dim, 1);
	s2_arena_reset(x->scratch, mark);
	return 0;
}

/* What all layers know of distances: what they add to attention scores, [heads, 2 frames - 1] (NULL: nothing), or a
 * conformer's positions. */
static int distance_bias(const s2_exec *x, const s2_encoder *m, float **bias, size_t frames, s2st_error *err)
{
	const s2_encoder_config *c = &m->config;
	*bias = NULL;
	if (m->weights.conformers) {
		S2_ALLOC(*bias, x->scratch, s2_conformer_positions_size(&c->conformer, frames), 1, err);
		s2_conformer_positions(*bias, &c->conformer, frames);
		return 0;
	}
	if (c->distances.n == 0)
		return 0;
	S2_ALLOC(*bias, x->scratch, c->layer.heads, 2 * frames - 1, err);
	s2_distance_bias(*bias, &c->distances, m->weights.layers[0].distances, c->layer.heads, frames);
	return 0;
}

/* What the first layer reads: h [frames, dim]. */
static int embed(const s2_exec *x, const s2_encoder *m, float *h, const float *samples, size_t n, size_t frames,
		 s2st_error *err)
{
	const s2_encoder_config *c = &m->config;
	s2_mark mark = s2_arena_mark(x->scratch);
	float *conv;
	S2_ALLOC(conv, x->scratch, frames, c->conv[c->n_conv - 1].c_out, err);
	S2_TRY(s2_encoder_conv(x, m, conv, samples, n, err));
	project(x, m, h, conv, frames);
	if (!m->weights.conformers)
		S2_TRY(add_positions(x, m, h, frames, err));
	if (!c->layer.pre_norm)
		s2_norm_forward(x, h, h, frames, c->layer.dim, &m->weights.norm);
	s2_arena_reset(x->scratch, mark);
	return 0;
}

static int run_layer(const s2_exec *x, const s2_encoder *m, size_t i, float *h, size_t frames, const float *bias,
		     s2st_error *err)
{
	const s2_encoder_config *c = &m->config;
	if (m->weights.conformers)
		return s2_conformer_forward(x, &c->conformer, &m->weights.conformers[i], h, frames, bias, err);
	S2_TRY(s2_transformer_forward(x, &c->layer, &m->weights.layers[i], h, frames, bias, err));
	if (m->weights.adapters)
		S2_TRY(s2_adapter_forward(x, &m->weights.adapters[i], c->adapter_act, h, frames, err));
	return 0;
}

int s2_encoder_features(const s2_exec *x, const s2_encoder *m, float *out, const float *samples, size_t n, size_t layer,
			bool final, s2st_error *err)
{
	const s2_encoder_config *c = &m->config;
	size_t frames = s2_encoder_frames(c, n);
	if (layer < 1 || layer > c->n_layers)
		return s2_fail(err, S2ST_EINPUT, "layer: expected 1 to %zu, found %zu", c->n_layers, layer);
	s2_mark mark = s2_arena_mark(x->scratch);
	float *bias;
	S2_TRY(embed(x, m, out, samples, n, frames, err));
	S2_TRY(distance_bias(x, m, &bias, frames, err));
	for (size_t i = 0; i < layer; i++)
		S2_TRY(run_layer(x, m, i, out, frames, bias, err));
	if (c->layer.pre_norm && final)
		s2_norm_forward(x, out, out, frames, c->layer.dim, &m->weights.norm);
	s2_arena_reset(x->scratch, mark);
	return 0;
}

int s2_encoder_mix(const s2_exec *x, const s2_encoder *m, float *out, const float *samples, size_t n,
		   const float *weights, s2st_error *err)
{
	const s2_encoder_config *c = &m->config;
	const size_t frames = s2_encoder_frames(c, n), count = frames * c->layer.dim;
	s2_mark mark = s2_arena_mark(x->scratch);
	float *bias, *h;
	S2_ALLOC(h, x->scratch, frames, c->layer.dim, err);
	S2_TRY(embed(x, m, h, samples, n, frames, err));
	S2_TRY(distance_bias(x, m, &bias, frames, err));
	memcpy(out, h, count * sizeof *out);
	s2_scale(x, out, count, weights[0]);
	for (size_t i = 0; i < c->n_layers; i++) {
		S2_TRY(run_layer(x, m, i, h, frames, bias, err));
		if (c->layer.pre_norm && i + 1 == c->n_layers)
			s2_norm_forward(x, h, h, frames, c->layer.dim, &m->weights.norm);
		s2_add_scaled(x, out, h, count, weights[i + 1]);
	}
	s2_arena_reset(x->scratch, mark);
	return 0;
}

void s2_encoder_mix_weights(float *out, const float *learned, size_t n)
{
	double sum = 0, top = -INFINITY;
	for (size_t i = 0; i < n; i++)
		top = fmax(top, (double)learned[i]);
	for (size_t i = 0; i < n; i++)
		sum += exp((double)learned[i] - top);
	for (size_t i = 0; i < n; i++)
		out[i] = (float)(exp((double)learned[i] - top) / sum);
}

int s2_encoder_input(const s2_exec *x, const s2_encoder *m, const float **samples, size_t n, s2st_error *err)
{
	float *copy;
	if (!m->config.normalize)
		return 0;
	S2_ALLOC(copy, x->scratch, n, 1, err);
	memcpy(copy, *samples, n * sizeof *copy);
	s2_encoder_normalize(copy, n);
	*samples = copy;
	return 0;
}

void s2_encoder_head(const s2_exec *x, const s2_encoder *m, float *out, const float *features, size_t frames)
{
	s2_linear_forward(x, out, m->config.n_vocab, features, frames, &m->weights.head, NULL);
}

int s2_encoder_logits(const s2_exec *x, const s2_encoder *m, float *out, const float *samples, size_t n,
		      s2st_error *err)
{
	const s2_encoder_config *c = &m->config;
	const size_t frames = s2_encoder_frames(c, n);
	float *h;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(h, x->scratch, frames, c->layer.dim, err);
	S2_TRY(s2_encoder_input(x, m, &samples, n, err));
	S2_TRY(s2_encoder_features(x, m, h, samples, n, c->n_layers, true, err));
	s2_encoder_head(x, m, out, h, frames);
	s2_arena_reset(x->scratch, mark);
	return S2ST_OK;
}
