/* Sizes of an S2UT model: read off the tensors, checked against what the config says. */
#include "models/s2ut.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "models/kind.h"

/* Room for any model there is, and a bound on what a hostile file can make us allocate. */
enum { MAX_DIM = 1 << 16, MAX_FFN = 1 << 20, MAX_VOCAB = 1 << 24, MAX_LAYERS = 1000, MAX_POSITIONS = 1 << 20 };

typedef struct source {
	const s2_checkpoint *c;
	const s2_value *model, *task;
	const char *file;
	s2st_error *err;
} source;

static bool has(const source *s, const char *tensor)
{
	return s2_checkpoint_tensor(s->c, tensor) != NULL;
}

/* The section that holds `key`: Namespaces of the command line carry a model's keys in both. */
static const s2_value *section(const source *s, const char *key)
{
	const s2_value *v = s2_value_get(s->model, key);
	return v && s2_value_unwrap(v)->kind != S2_V_NONE ? s->model : s->task;
}

/* A whole number from 1 to `most`, or `def` where the config has none. */
static int get_size(const source *s, const char *key, size_t def, size_t most, size_t *out)
{
	int64_t v;
	S2_TRY(s2_value_get_int(section(s, key), key, (int64_t)def, &v, s->file, s->err));
	if (v < 1 || (uint64_t)v > most)
		return s2_fail(s->err, S2ST_EMODEL, "%s: %s: expected 1 to %zu, found %lld", s->file, key, most,
			       (long long)v);
	*out = (size_t)v;
	return 0;
}

static int get_bool(const source *s, const char *key, bool def, bool *out)
{
	return s2_value_get_bool(section(s, key), key, def, out, s->file, s->err);
}

/* What the config says of `key`, if it does, must be what the tensors have. */
static int agree(const source *s, const char *key, size_t tensors)
{
	int64_t said;
	S2_TRY(s2_value_get_int(section(s, key), key, (int64_t)tensors, &said, s->file, s->err));
	if (said < 0 || (uint64_t)said != tensors)
		return s2_fail(s->err, S2ST_EMODEL,
			       "%s: %s: expected %lld as the config says, found %zu in the tensors", s->file, key,
			       (long long)said, tensors);
	return 0;
}

static int agree_bool(const source *s, const char *key, bool tensors, const char *tensor)
{
	bool said;
	S2_TRY(get_bool(s, key, tensors, &said));
	if (said != tensors)
		return s2_fail(s->err, S2ST_EMODEL, "%s: the config says %s = %s, but tensor %s is %s", s->file, key,
			       said ? "true" : "false", tensor, tensors ? "there" : "missing");
	return 0;
}

static int refuse(const source *s)
{
	static const char *const tensors[] = {"decoder.quant_noise.weight", "decoder.adaptive_softmax.head.weight"};
	for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
		if (has(s, tensors[i]))
			return s2_fail(s->err, S2ST_EMODEL, "%s: tensor %s is of a decoder that is not supported",
				       s->file, tensors[i]);
	bool mixed;
	S2_TRY(get_bool(s, "cross_self_attention", false, &mixed));
	if (mixed)
		return s2_fail(s->err, S2ST_EMODEL, "%s: cross_self_attention is not supported", s->file);
	return 0;
}

/* Width, FFN and depth of the stack "PREFIXN.", config keys "SIDE_embed_dim", ... */
static int read_stack(const source *s, s2_transformer_config *t, size_t *layers, const char *prefix, const char *side,
		      size_t default_heads)
{
	char name[128], key[64];
	size_t dims[2];
	size_t dense = s2_bind_count(s->c, prefix, "fc1.weight");
	size_t mixtures = s2_bind_count(s->c, prefix, "moe_layer.gate.wg.weight");
	*layers = s2_max(dense, mixtures);
	snprintf(name, sizeof name, "%s0.fc1.weight", prefix);
	for (size_t i = 0; i < dense && !has(s, name); i++)
		snprintf(name, sizeof name, "%s%zu.fc1.weight", prefix, i);
	if (mixtures && !dense)
		snprintf(name, sizeof name, "%s0.moe_layer.experts.0.fc1.weight", prefix);
	S2_TRY(s2_bind_shape(s->c, name, 2, dims, s->err));
	t->ffn = dims[0];
	t->dim = dims[1];
	if (t->dim < 4 || t->dim > MAX_DIM || t->ffn > MAX_FFN || *layers > MAX_LAYERS)
		return s2_fail(s->err, S2ST_EMODEL, "%s: a stack of %zu layers of width %zu and %zu is not plausible",
			       s->file, *layers, t->dim, t->ffn);
	snprintf(key, sizeof key, "%s_embed_dim", side);
	S2_TRY(agree(s, key, t->dim));
	snprintf(key, sizeof key, "%s_ffn_embed_dim", side);
	S2_TRY(agree(s, key, t->ffn));
	snprintf(key, sizeof key, "%s_layers", side);
	S2_TRY(agree(s, key, *layers));
	snprintf(key, sizeof key, "%s_attention_heads", side);
	S2_TRY(get_size(s, key, default_heads, t->dim, &t->heads));
	if (t->dim % t->heads)
		return s2_fail(s->err, S2ST_EMODEL, "%s: %s: expected a divisor of %zu, found %zu", s->file, key,
			       t->dim, t->heads);
	return 0;
}

static int read_activation(const source *s, const char *def, s2_act *out)
{
	const char *name = s2_value_get_str(section(s, "activation_fn"), "activation_fn", def);
	int act = s2_activation(name);
	if (act < 0)
		return s2_fail(s->err, S2ST_EMODEL, "%s: activation_fn %s is not supported", s->file, name);
	*out = (s2_act)act;
	return 0;
}

/* "5,5" against the kernels that are there. */
static int check_kernels(const source *s, size_t n)
{
	const char *said = s2_value_get_str(section(s, "conv_kernel_sizes"), "conv_kernel_sizes", NULL);
	if (!said)
		return 0;
	const char *p = said;
	for (size_t i = 0; i < n; i++) {
		char name[96], *end;
		size_t dims[3];
		snprintf(name, sizeof name, "encoder.subsample.conv_layers.%zu.weight", i);
		S2_TRY(s2_bind_shape(s->c, name, 3, dims, s->err));
		long k = strtol(p, &end, 10);
		if (end == p || k < 0 || (size_t)k != dims[2] || *end != (i + 1 < n ? ',' : '\0'))
			return s2_fail(s->err, S2ST_EMODEL,
				       "%s: conv_kernel_sizes: expected \"%.32s\" as the config says, found %zu "
				       "convolutions, number %zu with kernel %zu",
				       s->file, said, n, i, dims[2]);
		p = end + 1;
	}
	return 0;
}

/* Width of a frame, and do the convolutions fit the config? */
static int read_front(const source *s, size_t *n_feat)
{
	size_t bins, channels, dims[4], n = s2_bind_count(s->c, "encoder.subsample.conv_layers.", "weight");
	const char *said = s2_value_get_str(section(s, "conv_version"), "conv_version", NULL);
	if (said && (strcmp(said, "convtransformer") == 0) != (n == 0))
		return s2_fail(s->err, S2ST_EMODEL, "%s: conv_version: expected %.32s as the config says, found %s",
			       s->file, said, n ? "one-dimensional convolutions" : "no one-dimensional convolution");
	S2_TRY(get_size(s, "input_feat_per_channel", 80, MAX_DIM, &bins));
	S2_TRY(get_size(s, "input_channels", 1, MAX_DIM, &channels));
	*n_feat = bins * channels;
	if (n == 0) {
		S2_TRY(s2_bind_shape(s->c, "encoder.subsample.conv.0.weight", 4, dims, s->err));
		return agree(s, "conv_out_channels", dims[0]);
	}
	S2_TRY(s2_bind_shape(s->c, "encoder.subsample.conv_layers.0.weight", 3, dims, s->err));
	if (dims[1] != *n_feat)
		return s2_fail(s->err, S2ST_EMODEL,
			       "%s: tensor encoder.subsample.conv_layers.0.weight: expected %zu inputs "
			       "(input_feat_per_channel %zu, input_channels %zu), found %zu",
			       s->file, *n_feat, bins, channels, dims[1]);
	if (n > 1)
		S2_TRY(agree(s, "conv_channels", dims[0]));
	return check_kernels(s, n);
}

static int read_encoder(const source *s, s2_s2ut_config *out, size_t default_heads)
{
	s2_transformer_config *t = &out->encoder;
	S2_TRY(read_stack(s, t, &out->encoder_layers, "encoder.transformer_layers.", "encoder", default_heads));
	S2_TRY(read_front(s, &out->n_feat));
	t->pre_norm = has(s, "encoder.layer_norm.weight");
	S2_TRY(agree_bool(s, "encoder_normalize_before", t->pre_norm, "encoder.layer_norm.weight"));
	if (has(s, "encoder.spk_emb_proj.weight")) {
		size_t dims[2];
		S2_TRY(s2_bind_shape(s->c, "encoder.spk_emb_proj.weight", 2, dims, s->err));
		if (dims[1] <= t->dim)
			return s2_fail(
				s->err, S2ST_EMODEL,
				"%s: tensor encoder.spk_emb_proj.weight: expected more than %zu inputs, found %zu",
				s->file, t->dim, dims[1]);
		out->speaker_dim = dims[1] - t->dim;
		S2_TRY(agree(s, "speaker_embed_dim", out->speaker_dim));
	}
	S2_TRY(agree_bool(s, "target_speaker_embed", out->speaker_dim > 0, "encoder.spk_emb_proj.weight"));
	return get_size(s, "max_source_positions", 6000, MAX_POSITIONS, &out->max_source_positions);
}

/* Embedding, output projection and how many units a step has. */
static int read_units(const source *s, s2_s2ut_config *out)
{
	size_t embed[2], output[2], stacked[2] = {0};
	bool own_output = has(s, "decoder.output_projection.weight"), tied;
	const char *stack = "decoder.out_proj_n_frames.weight";
	S2_TRY(s2_bind_shape(s->c, "decoder.embed_tokens.weight", 2, embed, s->err));
	memcpy(output, embed, sizeof output);
	if (own_output)
		S2_TRY(s2_bind_shape(s->c, "decoder.output_projection.weight", 2, output, s->err));
	S2_TRY(get_bool(s, "share_decoder_input_output_embed", !own_output, &tied));
	if (!own_output && !tied)
		return s2_fail(s->err, S2ST_EMODEL,
			       "%s: tensor decoder.output_projection.weight: expected [%zu, *], "
			       "found none, and share_decoder_input_output_embed is false",
			       s->file, embed[0]);
	out->vocab = embed[0];
	out->embed_dim = embed[1];
	out->output_dim = output[1];
	out->units_per_step = 1;
	if (out->vocab < 5 || out->vocab > MAX_VOCAB || out->embed_dim > MAX_DIM || out->output_dim > MAX_DIM)
		return s2_fail(s->err, S2ST_EMODEL,
			       "%s: tensor decoder.embed_tokens.weight: [%zu, %zu] is not plausible", s->file, embed[0],
			       embed[1]);
	if (has(s, stack)) {
		S2_TRY(s2_bind_shape(s->c, stack, 2, stacked, s->err));
		if (stacked[0] % output[1] || stacked[0] / output[1] > S2_MAX_UNITS_PER_STEP)
			return s2_fail(s->err, S2ST_EMODEL, "%s: tensor %s: expected a multiple of %zu rows, found %zu",
				       s->file, stack, output[1], stacked[0]);
		out->units_per_step = stacked[0] / output[1];
	}
	S2_TRY(agree(s, "n_frames_per_step", out->units_per_step));
	return agree(s, "decoder_output_dim", out->output_dim);
}

static int read_positions(const source *s, s2_s2ut_config *out)
{
	const char *name = "decoder.embed_positions.weight";
	bool none;
	S2_TRY(get_bool(s, "no_token_positional_embeddings", false, &none));
	out->token_positions = !none;
	out->learned_positions = has(s, name);
	size_t most = 1024;
	if (out->learned_positions) {
		size_t dims[2];
		S2_TRY(s2_bind_shape(s->c, name, 2, dims, s->err));
		if (dims[0] < 3 || dims[0] > MAX_POSITIONS)
			return s2_fail(s->err, S2ST_EMODEL, "%s: tensor %s: %zu positions are not plausible", s->file,
				       name, dims[0]);
		most = dims[0] - 2;
		S2_TRY(agree(s, "max_target_positions", most));
	}
	if (!none)
		S2_TRY(agree_bool(s, "decoder_learned_pos", out->learned_positions, name));
	return get_size(s, "max_target_positions", most, MAX_POSITIONS, &out->max_target_positions);
}

/* The encoder side of an XM transformer says itself what it is. */
static int read_waveform(const source *s, const s2_xm *xm, s2_s2ut_config *out)
{
	/* The default of fairseq's tasks counts filter-bank frames of 10 ms; a model of samples that was trained with
	 * it was trained without a limit that made sense. */
	enum { TASK_DEFAULT = 6000, SAMPLES_A_FRAME = 160 };
	out->waveform = true;
	out->n_feat = 1;
	out->encoder.dim = xm->dim;
	out->encoder_layers = xm->speech.config.n_layers;
	S2_TRY(get_size(s, "max_source_positions", TASK_DEFAULT, INT32_MAX, &out->max_source_positions));
	if (out->max_source_positions <= TASK_DEFAULT)
		out->max_source_positions *= SAMPLES_A_FRAME;
	return 0;
}

static int read_decoder(const source *s, size_t default_heads, s2_s2ut_config *out)
{
	s2_transformer_config *t = &out->decoder;
	const char *norm = "decoder.layer_norm.weight";
	bool bare; /* pre-norm without the norm at the end */
	S2_TRY(read_stack(s, t, &out->decoder_layers, "decoder.layers.", "decoder", default_heads));
	t->cross_dim = out->encoder.dim;
	S2_TRY(get_bool(s, "moe_top1_expert", false, &t->top1));
	S2_TRY(get_bool(s, "no_decoder_final_norm", false, &bare));
	if (bare)
		S2_TRY(get_bool(s, "decoder_normalize_before", true, &t->pre_norm));
	else
		t->pre_norm = has(s, norm);
	if (!bare)
		S2_TRY(agree_bool(s, "decoder_normalize_before", t->pre_norm, norm));
	S2_TRY(agree_bool(s, "layernorm_embedding", has(s, "decoder.layernorm_embedding.weight"),
			  "decoder.layernorm_embedding.weight"));
	S2_TRY(read_units(s, out));
	return read_positions(s, out);
}

int s2_s2ut_configure(s2_s2ut_config *out, const s2_xm *xm, const s2_checkpoint *c, s2st_error *err)
{
	source s = {c, s2_checkpoint_config(c, "model"), s2_checkpoint_config(c, "task"), s2_checkpoint_path(c), err};
	*out = (s2_s2ut_config){0};
	if (!s.model)
		return s2_fail(err, S2ST_EMODEL, "%s: expected a config (cfg.model or args), found none", s.file);
	const char *arch = s2_model_arch(c);
	bool fisher = arch && strcmp(arch, "s2ut_transformer_fisher") == 0, unscaled;
	out->arch = xm ? "xm_transformer" : fisher ? "s2ut_transformer_fisher" : "s2ut_transformer";
	S2_TRY(refuse(&s));
	S2_TRY(xm ? read_waveform(&s, xm, out) : read_encoder(&s, out, fisher ? 4 : 8));
	S2_TRY(read_decoder(&s, xm ? 16 : 8, out));
	S2_TRY(read_activation(&s, xm ? "gelu" : "relu", &out->encoder.act));
	out->decoder.act = out->encoder.act;
	S2_TRY(get_bool(&s, "no_scale_embedding", false, &unscaled));
	out->encoder_scale = unscaled ? 1 : (float)sqrt((double)out->encoder.dim);
	out->decoder_scale = unscaled ? 1 : (float)sqrt((double)out->decoder.dim);
	const s2_value *code = s2_value_get(section(&s, "target_code_size"), "target_code_size");
	return code && s2_value_unwrap(code)->kind != S2_V_NONE
		       ? get_size(&s, "target_code_size", 1, MAX_VOCAB, &out->code_size)
		       : 0;
}
