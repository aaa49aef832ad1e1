/* Hyper-parameters of an encoder: what the checkpoint's config says, and what only its tensors tell. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/encoder.h"

/* Strides of every released model of the family (320 samples a frame), for files whose config is lost. */
static const size_t usual_strides[] = {5, 2, 2, 2, 2, 2, 2};

typedef struct source {
	const s2_checkpoint *ckpt;
	const char *file;
	const s2_value *model; /* keys of Wav2Vec2Config / HubertConfig, or HF's config.json; NULL: lost */
	s2_arena *arena;
} source;

/* ---- where the tensors are ---- */

static const char *find_prefix(const s2_checkpoint *ckpt, const char *tail, s2_arena *a)
{
	for (size_t i = 0; i < s2_checkpoint_n_tensors(ckpt); i++) {
		const char *name = s2_checkpoint_tensor_at(ckpt, i)->name, *at = strstr(name, tail);
		if (at && (at == name || at[-1] == '.') && at[strlen(tail)] == 0)
			return s2_arena_strndup(a, name, (size_t)(at - name));
	}
	return NULL;
}

static const s2_tensor *tensor_of(const source *s, const char *prefix, const char *fmt, size_t i)
{
	char tail[96], name[256];
	snprintf(tail, sizeof tail, fmt, i);
	snprintf(name, sizeof name, "%s%s", prefix, tail);
	return s2_checkpoint_tensor(s->ckpt, name);
}

static bool has(const source *s, const char *prefix, const char *name)
{
	return tensor_of(s, prefix, name, 0) != NULL;
}

/* ---- the conv stack ---- */

/* Reads one "(channels, kernel, stride)"; returns the text after it, NULL when there is none. */
static const char *parse_triple(const char *at, size_t triple[3])
{
	at = strchr(at, '(');
	if (!at)
		return NULL;
	for (int i = 0; i < 3; i++) {
		char *end;
		at++;
		unsigned long v = strtoul(at, &end, 10);
		while (*end == ' ')
			end++;
		if (end == at || v == 0 || v > 1 << 20 || *end != (i < 2 ? ',' : ')'))
			return NULL;
		triple[i] = v;
		at = end;
	}
	return at + 1;
}

/* "[(512,10,5)] + [(512,3,2)] * 4 + [(512,2,2)]*2": the only Python that fairseq evaluates here, read without
 * evaluating. Writes each conv's stride; returns how many convs the text lists, 0 when it is not of this form. */
static size_t parse_conv_layers(const char *text, size_t strides[S2_ENCODER_MAX_CONV])
{
	size_t n = 0, group = 0, triple[3];
	for (const char *at = text; *at;) {
		if (*at == '(') {
			at = parse_triple(at, triple);
			if (!at || n == S2_ENCODER_MAX_CONV)
				return 0;
			strides[n++] = triple[2];
			group++;
		} else if (*at == '[') {
			group = 0;
			at++;
		} else if (*at == '*') {
			char *end;
			unsigned long times = strtoul(at + 1, &end, 10);
			if (end == at + 1 || times == 0 || group == 0 || times > S2_ENCODER_MAX_CONV ||
			    n + group * (times - 1) > S2_ENCODER_MAX_CONV)
				return 0;
			for (size_t i = 0; i < group * (times - 1); i++, n++)
				strides[n] = strides[n - group];
			at = end;
		} else if (strchr("] +,", *at)) {
			at++;
		} else {
			return 0;
		}
	}
	return n;
}

static int conv_strides(const source *s, s2_encoder_config *c, s2st_error *err)
{
	size_t strides[S2_ENCODER_MAX_CONV], n = 0;
	const char *text = s2_value_get_str(s->model, "conv_feature_layers", NULL);
	const s2_value *list = s2_value_get(s->model, "conv_stride");
	if (list) {
		n = s2_value_len(list);
		for (size_t i = 0; i < n && i < S2_ENCODER_MAX_CONV; i++) {
			const s2_value *v = s2_value_at(list, i);
			if (v->kind != S2_V_INT || v->u.i < 1 || v->u.i > 1 << 20)
				return s2_fail(err, S2ST_EMODEL, "%s: conv_stride: expected positive integers",
					       s->file);
			strides[i] = (size_t)v->u.i;
		}
	} else if (text) {
		n = parse_conv_layers(text, strides);
		if (n == 0)
			return s2_fail(err, S2ST_EMODEL, "%s: conv_feature_layers: cannot read \"%.80s\"", s->file,
				       text);
	} else {
		n = sizeof usual_strides / sizeof *usual_strides;
		memcpy(strides, usual_strides, sizeof usual_strides);
	}
	if (n != c->n_conv)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: expected %zu convolutions from the config, found %zu in the tensors", s->file, n,
			       c->n_conv);
	for (size_t i = 0; i < n; i++)
		c->conv[i].stride = strides[i];
	return 0;
}

static int conv_shapes(const source *s, s2_encoder_config *c, const char *fmt, s2st_error *err)
{
	const s2_tensor *w;
	size_t c_in = 1;
	for (c->n_conv = 0; (w = tensor_of(s, c->prefix, fmt, c->n_conv)); c->n_conv++) {
		if (c->n_conv == S2_ENCODER_MAX_CONV)
			return s2_fail(err, S2ST_EMODEL, "%s: expected at most %d convolutions", s->file,
				       S2_ENCODER_MAX_CONV);
		if (w->rank != 3 || w->dims[1] != c_in || w->dims[0] == 0 || w->dims[2] == 0 || w->dims[2] > 1 << 16) {
			char shape[96];
			return s2_fail(err, S2ST_EMODEL, "%s: tensor %s: expected [channels, %zu, kernel], found %s",
				       s->file, w->name, c_in, s2_tensor_shape_text(w, shape, sizeof shape));
		}
		c->conv[c->n_conv].c_in = c_in;
		c_in = c->conv[c->n_conv].c_out = w->dims[0];
		c->conv[c->n_conv].k = w->dims[2];
	}
	return conv_strides(s, c, err);
}

/* ---- the transformer ---- */

/* One convolution with weight norm, or without it a stack of them ("... %zu ..." in `stack`, data2vec). */
static int positions(const source *s, s2_encoder_config *c, const char *stem, const char *stack, s2st_error *err)
{
	static const char *const tails[] = {"weight_v", "parametrizations.weight.original1", "weight"};
	const s2_tensor *w = tensor_of(s, c->prefix, stack, 0);
	for (c->pos_depth = 0; tensor_of(s, c->prefix, stack, c->pos_depth); c->pos_depth++)
		continue;
	for (size_t i = 0; !w && i < sizeof tails / sizeof *tails; i++) {
		char name[96];
		snprintf(name, sizeof name, "%s%s", stem, tails[i]);
		w = tensor_of(s, c->prefix, name, 0);
	}
	if (!w)
		return s2_fail(err, S2ST_EMODEL, "%s: expected a positional convolution %s%sweight_v, found none",
			       s->file, c->prefix, stem);
	if (w->rank != 3 || w->dims[1] == 0 || w->dims[0] % w->dims[1] != 0 || w->dims[2] == 0) {
		char shape[96];
		return s2_fail(err, S2ST_EMODEL, "%s: tensor %s: expected [dim, dim / groups, kernel], found %s",
			       s->file, w->name, s2_tensor_shape_text(w, shape, sizeof shape));
	}
	c->pos_groups = w->dims[0] / w->dims[1];
	c->pos_kernel = w->dims[2];
	return 0;
}

/* A config value that the tensors tell too: they must agree. */
static int agree(const source *s, const char *key, size_t found, s2st_error *err)
{
	int64_t v;
	S2_TRY(s2_value_get_int(s->model, key, (int64_t)found, &v, s->file, err));
	if (v != (int64_t)found)
		return s2_fail(err, S2ST_EMODEL, "%s: %s: expected %lld from the config, found %zu in the tensors",
			       s->file, key, (long long)v, found);
	return 0;
}

typedef struct keys {
	const char *dim, *ffn, *layers, *heads, *act, *pre_norm, *max_distance;
	const char *fc1, *norm; /* tensor names */
	const char *stack, *stack_tail, *pos, *pos_stack, *buckets, *gate, *adapter;
} keys;

static const keys fairseq_keys = {
	.dim = "encoder_embed_dim", .ffn = "encoder_ffn_embed_dim", .layers = "encoder_layers",
	.heads = "encoder_attention_heads", .act = "activation_fn", .pre_norm = "layer_norm_first",
	.max_distance = "max_distance",
	.fc1 = "encoder.layers.0.fc1.weight", .norm = "encoder.layer_norm.weight",
	.stack = "encoder.layers.", .stack_tail = "fc1.weight", .pos = "encoder.pos_conv.0.",
	.pos_stack = "encoder.pos_conv.%zu.0.weight",
	.buckets = "encoder.layers.0.self_attn.relative_attention_bias.weight",
	.gate = "encoder.layers.0.self_attn.grep_linear.weight",
	.adapter = "encoder.layers.0.adapter_layer.W_a",
};
static const keys hf_keys = {
	.dim = "hidden_size", .ffn = "intermediate_size", .layers = "num_hidden_layers", .heads = "num_attention_heads",
	.act = "hidden_act", .pre_norm = "do_stable_layer_norm", .max_distance = "max_bucket_distance",
	.fc1 = "encoder.layers.0.feed_forward.intermediate_dense.weight", .norm = "encoder.layer_norm.weight",
	.stack = "encoder.layers.", .stack_tail = "feed_forward.intermediate_dense.weight",
	.pos = "encoder.pos_conv_embed.conv.", .pos_stack = "encoder.pos_conv_embed.layers.%zu.conv.weight",
	.buckets = "encoder.layers.0.attention.rel_attn_embed.weight",
	.gate = "encoder.layers.0.attention.gru_rel_pos_linear.weight",
	.adapter = "encoder.layers.0.adapter_layer.linear_1.weight",
};

/* WavLM: the tensors tell how many buckets there are, the config how far they reach (800 in the released models). */
static int distances(const source *s, s2_encoder_config *c, const keys *k, s2st_error *err)
{
	char name[160];
	size_t dims[2];
	int64_t reach;
	if (!has(s, c->prefix, k->buckets))
		return 0;
	snprintf(name, sizeof name, "%s%s", c->prefix, k->buckets);
	S2_TRY(s2_bind_shape(s->ckpt, name, 2, dims, err));
	S2_TRY(agree(s, "num_buckets", dims[0], err));
	S2_TRY(s2_value_get_int(s->model, k->max_distance, 800, &reach, s->file, err));
	c->layer.buckets = dims[0];
	c->layer.gated = has(s, c->prefix, k->gate);
	c->distances = (s2_distance_buckets){dims[0], reach < 0 ? 0 : (size_t)reach};
	if (!s2_distance_possible(&c->distances))
		return s2_fail(err, S2ST_EMODEL,
			       "%s: %s: expected distances that %zu buckets can tell apart, found %lld", s->file,
			       k->max_distance, dims[0], (long long)reach);
	return 0;
}

static int activation(const source *s, s2_act *out, const char *key, const char *usual, s2st_error *err)
{
	const char *name = s2_value_get_str(s->model, key, usual);
	int act = s2_activation(name);
	if (act < 0)
		return s2_fail(err, S2ST_EMODEL, "%s: %s: \"%.40s\" is not supported", s->file, key, name);
	*out = (s2_act)act;
	return 0;
}

/* Heads of files whose config is lost: 64 values a head up to width 1024; beyond (XLS-R 1B has 80 a head, 2B 120), and
 * for widths that are no multiple of 64, as many as the positional convolution has groups. */
static int64_t usual_heads(const s2_encoder_config *c)
{
	size_t dim = c->layer.dim;
	return (int64_t)(dim % 64 == 0 && dim <= 1024 ? dim / 64 : c->pos_groups);
}

/* fairseq's conformer layers, of which the tensors tell all but the heads of rotary ones. */
static const keys conformer_keys = {
	.dim = "encoder_embed_dim", .ffn = "encoder_ffn_embed_dim", .layers = "encoder_layers",
	.fc1 = "encoder.layers.0.ffn1.w_1.weight", .stack = "encoder.layers.", .stack_tail = "ffn1.w_1.weight",
};

static int conformer(const source *s, s2_encoder_config *c, s2st_error *err)
{
	static const char bias[] = "encoder.layers.0.self_attn.pos_bias_u";
	const bool relative = has(s, c->prefix, bias);
	char name[160];
	size_t dims[2] = {c->layer.dim / 64}, kernel[3];
	int64_t heads;
	bool pre_norm;
	snprintf(name, sizeof name, "%s%s", c->prefix, bias);
	if (relative)
		S2_TRY(s2_bind_shape(s->ckpt, name, 2, dims, err));
	snprintf(name, sizeof name, "%sencoder.layers.0.conv_module.depthwise_conv.weight", c->prefix);
	S2_TRY(s2_bind_shape(s->ckpt, name, 3, kernel, err));
	S2_TRY(s2_value_get_int(s->model, "encoder_attention_heads", (int64_t)dims[0], &heads, s->file, err));
	if (heads < 1 || c->layer.dim % (2 * (size_t)heads) != 0)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: encoder_attention_heads: expected a divisor of half of %zu, found %lld%s", s->file,
			       c->layer.dim, (long long)heads,
			       s->model ? "" : " (a guess: the file has no configuration of its encoder)");
	S2_TRY(s2_value_get_bool(s->model, "layer_norm_first", c->conv_layer_norm, &pre_norm, s->file, err));
	c->layer.heads = (size_t)heads;
	c->layer.pre_norm = pre_norm;
	c->conformer = (s2_conformer_config){c->layer.dim, c->layer.ffn, (size_t)heads, kernel[2], .rotary = !relative};
	if (kernel[2] % 2 == 0 || kernel[2] > 1 << 12)
		return s2_fail(err, S2ST_EMODEL, "%s: tensor %s: expected an odd kernel, found %zu", s->file, name,
			       kernel[2]);
	return 0;
}

static int transformer(const source *s, s2_encoder_config *c, const keys *k, s2st_error *err)
{
	if (has(s, c->prefix, conformer_keys.fc1))
		k = &conformer_keys;
	char stem[160];
	size_t dims[2];
	snprintf(stem, sizeof stem, "%s%s", c->prefix, k->fc1);
	S2_TRY(s2_bind_shape(s->ckpt, stem, 2, dims, err));
	c->layer.ffn = dims[0];
	c->layer.dim = dims[1];
	snprintf(stem, sizeof stem, "%s%s", c->prefix, k->stack);
	c->n_layers = s2_bind_count(s->ckpt, stem, k->stack_tail);
	S2_TRY(agree(s, k->dim, c->layer.dim, err));
	S2_TRY(agree(s, k->ffn, c->layer.ffn, err));
	S2_TRY(agree(s, k->layers, c->n_layers, err));

	if (k == &conformer_keys)
		return conformer(s, c, err);
	int64_t heads;
	bool pre_norm;
	S2_TRY(positions(s, c, k->pos, k->pos_stack, err));
	S2_TRY(s2_value_get_int(s->model, k->heads, usual_heads(c), &heads, s->file, err));
	if (heads < 1 || c->layer.dim % (size_t)heads != 0)
		return s2_fail(err, S2ST_EMODEL, "%s: %s: expected a divisor of %zu, found %lld", s->file, k->heads,
			       c->layer.dim, (long long)heads);
	c->layer.heads = (size_t)heads;
	/* data2vec is post-norm whatever its extractor; Hugging Face's config of it does not say so. */
	S2_TRY(s2_value_get_bool(s->model, k->pre_norm, c->conv_layer_norm && c->pos_depth == 0, &pre_norm, s->file,
				 err));
	c->layer.pre_norm = pre_norm;
	S2_TRY(activation(s, &c->layer.act, k->act, "gelu", err));
	c->layer.adapted = has(s, c->prefix, k->adapter);
	S2_TRY(activation(s, &c->adapter_act, "adp_act_fn", "relu", err));
	return distances(s, c, k, err);
}

static int finish(const source *s, s2_encoder_config *c, bool normalize_says, bool normalize, s2st_error *err)
{
	/* Released models whose config is lost: the layer-norm extractor goes with normalised input (large, XLSR). */
	c->normalize = normalize_says ? normalize : c->conv_layer_norm;
	c->sample_rate = 16000;
	c->n_vocab = 0;
	if (c->head) {
		char name[160];
		size_t dims[2];
		snprintf(name, sizeof name, "%sweight", c->head);
		S2_TRY(s2_bind_shape(s->ckpt, name, 2, dims, err));
		c->n_vocab = dims[0];
	}
	return 0;
}

/* ---- fairseq ---- */

/* The encoder's own config: of a fine-tuned model it is kept under w2v_args (wav2vec2_asr.py:419). */
static const s2_value *encoder_section(const s2_value *model)
{
	const s2_value *inner = s2_value_get(model, "w2v_args");
	if (!inner || s2_value_unwrap(inner)->kind == S2_V_NONE)
		return s2_value_get(model, "encoder_layers") ? model : NULL;
	const s2_value *nested = s2_value_get(inner, "model");
	return nested ? nested : inner;
}

static int fairseq_normalize(const s2_value *task, const s2_value *model, const char *file, bool *says, bool *value,
			     s2st_error *err)
{
	const s2_value *from = s2_value_get(task, "normalize") ? task : model;
	*says = s2_value_get(from, "normalize") != NULL;
	return s2_value_get_bool(from, "normalize", false, value, file, err);
}

static const char *fairseq_head(const source *s, const char *prefix)
{
	if (strcmp(prefix, "w2v_encoder.w2v_model.") == 0 && has(s, "", "w2v_encoder.proj.weight"))
		return "w2v_encoder.proj.";
	return NULL;
}

int s2_encoder_config_fairseq(s2_encoder_config *c, const s2_checkpoint *ckpt, const s2_value *w2v, s2_arena *a,
			      s2st_error *err)
{
	const s2_value *model = s2_checkpoint_config(ckpt, "model"), *task = s2_checkpoint_config(ckpt, "task");
	if (!model) /* {"cfg", "model"}, where cfg is the model's alone (WavLM) */
		model = s2_checkpoint_config(ckpt, NULL);
	source s = {ckpt, s2_checkpoint_path(ckpt), w2v ? w2v : encoder_section(model), a};
	bool says, normalize;
	*c = (s2_encoder_config){.layout = S2_LAYOUT_FAIRSEQ};
	c->prefix = find_prefix(ckpt, "feature_extractor.conv_layers.0.0.weight", a);
	if (!c->prefix)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: expected a wav2vec 2.0 or HuBERT model (tensor "
			       "feature_extractor.conv_layers.0.0.weight), found none",
			       s.file);
	const char *nameless = has(&s, c->prefix, fairseq_keys.gate) ? "wavlm" : "hubert";
	c->kind = s2_value_get_str(model, "_name", s2_value_get_str(model, "arch", nameless));
	c->conv_layer_norm = has(&s, c->prefix, "feature_extractor.conv_layers.0.2.1.weight");
	c->conv_bias = has(&s, c->prefix, "feature_extractor.conv_layers.0.0.bias");
	c->has_feature_norm = !s2_value_get(s2_checkpoint_root(ckpt), "Distiller"); /* s3prl's DistilHuBERT */
	c->has_projection = has(&s, c->prefix, "post_extract_proj.weight");
	c->head = fairseq_head(&s, c->prefix);
	S2_TRY(conv_shapes(&s, c, "feature_extractor.conv_layers.%zu.0.weight", err));
	S2_TRY(transformer(&s, c, &fairseq_keys, err));
	S2_TRY(fairseq_normalize(task, model, s.file, &says, &normalize, err));
	return finish(&s, c, says, normalize, err);
}

/* ---- Hugging Face ---- */

int s2_encoder_config_hf(s2_encoder_config *c, const s2_checkpoint *ckpt, const s2_value *json,
			 const s2_value *preprocessor, const char *json_name, s2_arena *a, s2st_error *err)
{
	source s = {ckpt, json_name, json, a};
	bool normalize;
	*c = (s2_encoder_config){.layout = S2_LAYOUT_HF};
	c->prefix = find_prefix(ckpt, "feature_extractor.conv_layers.0.conv.weight", a);
	if (!c->prefix)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: expected a wav2vec 2.0 or HuBERT model (tensor "
			       "feature_extractor.conv_layers.0.conv.weight), found none",
			       s2_checkpoint_path(ckpt));
	c->kind = s2_value_get_str(json, "model_type", "wav2vec2");
	c->conv_layer_norm = has(&s, c->prefix, "feature_extractor.conv_layers.1.layer_norm.weight");
	c->conv_bias = has(&s, c->prefix, "feature_extractor.conv_layers.0.conv.bias");
	S2_TRY(s2_value_get_bool(json, "feat_proj_layer_norm", true, &c->has_feature_norm, json_name, err));
	c->has_projection = true;
	c->head = has(&s, "", "lm_head.weight") ? "lm_head." : NULL;
	S2_TRY(conv_shapes(&s, c, "feature_extractor.conv_layers.%zu.conv.weight", err));
	S2_TRY(transformer(&s, c, &hf_keys, err));
	S2_TRY(s2_value_get_bool(preprocessor, "do_normalize", c->conv_layer_norm, &normalize, json_name, err));
	return finish(&s, c, true, normalize, err);
}
