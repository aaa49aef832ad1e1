/* Weights of an encoder by table, under fairseq's names or Hugging Face's. */
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "models/encoder.h"

/* The names of one layout. %zu is the number of the conv. */
typedef struct names {
	const char *conv, *conv_norm_first, *conv_norm_each;
	const char *feature_norm, *projection, *pos_conv, *pos_stack, *norm, *layers, *adapter;
	const s2_rename *rename; /* fairseq's names inside a transformer layer to this layout's */
} names;

static const s2_rename hf_layer_names[] = {
	{"self_attn_layer_norm.", "layer_norm."},
	{"self_attn.relative_attention_bias.", "attention.rel_attn_embed."},
	{"self_attn.grep_linear.", "attention.gru_rel_pos_linear."},
	{"self_attn.grep_a", "attention.gru_rel_pos_const"},
	{"self_attn.", "attention."},
	{"fc1.", "feed_forward.intermediate_dense."},
	{"fc2.", "feed_forward.output_dense."},
	{NULL, NULL},
};

static const names layouts[] = {
	[S2_LAYOUT_FAIRSEQ] = {"feature_extractor.conv_layers.%zu.0.", "feature_extractor.conv_layers.%zu.2.",
			       "feature_extractor.conv_layers.%zu.2.1.", "layer_norm.", "post_extract_proj.",
			       "encoder.pos_conv.0.", "encoder.pos_conv.%zu.0.", "encoder.layer_norm.",
			       "encoder.layers.", "encoder.layers.%zu.adapter_layer.", NULL},
	[S2_LAYOUT_HF] = {"feature_extractor.conv_layers.%zu.conv.", "feature_extractor.conv_layers.%zu.layer_norm.",
			  "feature_extractor.conv_layers.%zu.layer_norm.", "feature_projection.layer_norm.",
			  "feature_projection.projection.", "encoder.pos_conv_embed.conv.",
			  "encoder.pos_conv_embed.layers.%zu.conv.", "encoder.layer_norm.",
			  "encoder.layers.", "encoder.layers.%zu.adapter_layer.", hf_layer_names},
};

enum { NAME_SIZE = 256 };

static const char *full_name(char buf[NAME_SIZE], const s2_encoder_config *c, const char *fmt, size_t i)
{
	char tail[128];
	snprintf(tail, sizeof tail, fmt, i);
	snprintf(buf, NAME_SIZE, "%s%s", c->prefix, tail);
	return buf;
}

static int bind_norm(s2_norm *out, const s2_binder *b, const char *prefix, size_t dim, s2st_error *err)
{
	const s2_bind_row rows[] = {
		{"weight", offsetof(s2_norm, w), 1, {dim}, S2_BIND_F32},
		{"bias", offsetof(s2_norm, b), 1, {dim}, S2_BIND_F32},
	};
	return s2_bind(b, out, rows, 2, prefix, err);
}

static int bind_linear(s2_linear *out, const s2_binder *b, const char *prefix, size_t n_out, size_t n_in,
		       s2st_error *err)
{
	const s2_bind_row rows[] = {
		{"weight", offsetof(s2_linear, w), 2, {n_out, n_in}, S2_BIND_PACK},
		{"bias", offsetof(s2_linear, b), 1, {n_out}, S2_BIND_F32},
	};
	return s2_bind(b, out, rows, 2, prefix, err);
}

/* The first convolution reads one channel: it is too narrow for reduced precision and always float32. */
static int bind_convs(s2_encoder_weights *w, const s2_encoder_config *c, const s2_binder *b, const names *n,
		      s2st_error *err)
{
	for (size_t i = 0; i < c->n_conv; i++) {
		char name[NAME_SIZE];
		s2_conv1d *conv = &w->conv[i].conv;
		*conv = (s2_conv1d){.c_in = c->conv[i].c_in, .c_out = c->conv[i].c_out, .k = c->conv[i].k,
				    .stride = c->conv[i].stride, .dilation = 1, .groups = 1};
		full_name(name, c, n->conv, i);
		S2_TRY(s2_bind_short_conv(b, conv, &w->conv[i].fast, name, -1, c->conv_bias, err));
		if (conv->w)
			S2_TRY(s2_conv1d_settle(conv, b->arena, err));
		const char *norm = c->conv_layer_norm ? n->conv_norm_each : i == 0 ? n->conv_norm_first : NULL;
		if (norm)
			S2_TRY(bind_norm(&w->conv[i].norm, b, full_name(name, c, norm, i), conv->c_out, err));
	}
	return 0;
}

static int bind_positions(s2_encoder_weights *w, const s2_encoder_config *c, const s2_binder *b, const names *n,
			  s2st_error *err)
{
	char name[NAME_SIZE];
	const size_t dim = c->layer.dim, depth = s2_max(c->pos_depth, 1);
	S2_ZALLOC(w->pos_convs, b->arena, depth, 1, err);
	S2_ZALLOC(w->pos_fast, b->arena, depth, 1, err);
	for (size_t i = 0; i < depth; i++) {
		s2_conv1d *conv = &w->pos_convs[i];
		*conv = (s2_conv1d){.c_in = dim, .c_out = dim, .k = c->pos_kernel, .stride = 1,
				    .pad = c->pos_kernel / 2, .dilation = 1, .groups = c->pos_groups};
		full_name(name, c, c->pos_depth ? n->pos_stack : n->pos_conv, i);
		S2_TRY(s2_bind_short_conv(b, conv, &w->pos_fast[i], name, 2, true, err)); /* weight norm, or plain */
	}
	return 0;
}

static int bind_adapters(s2_encoder_weights *w, const s2_encoder_config *c, const s2_binder *b, s2st_error *err)
{
	char name[NAME_SIZE];
	S2_ZALLOC(w->adapters, b->arena, c->n_layers, 1, err);
	for (size_t i = 0; i < c->n_layers; i++)
		S2_TRY(s2_adapter_bind(&w->adapters[i], b, full_name(name, c, layouts[c->layout].adapter, i),
				       c->layer.dim, c->layout == S2_LAYOUT_HF, err));
	return 0;
}

int s2_encoder_bind_language(s2_encoder *m, const s2_binder *b, s2st_error *err)
{
	s2_encoder_config *c = &m->config;
	char name[NAME_SIZE];
	size_t dims[2];
	if (!c->head)
		return s2_fail(err, S2ST_EMODEL, "%s: expected a model with a CTC head, found none",
			       s2_checkpoint_path(m->trunk->ckpt));
	snprintf(name, sizeof name, "%sweight", c->head);
	S2_TRY(s2_bind_shape(b->ckpt, name, 2, dims, err));
	c->n_vocab = dims[0];
	S2_TRY(bind_adapters(&m->weights, c, b, err));
	return bind_linear(&m->weights.head, b, c->head, c->n_vocab, c->layer.dim, err);
}

int s2_encoder_bind(s2_encoder_weights *w, const s2_encoder_config *c, const s2_binder *b, s2st_error *err)
{
	const names *n = &layouts[c->layout];
	size_t channels = c->conv[c->n_conv - 1].c_out, dim = c->layer.dim;
	char name[NAME_SIZE];
	S2_TRY(bind_convs(w, c, b, n, err));
	if (c->has_feature_norm)
		S2_TRY(bind_norm(&w->feature_norm, b, full_name(name, c, n->feature_norm, 0), channels, err));
	if (c->has_projection)
		S2_TRY(bind_linear(&w->projection, b, full_name(name, c, n->projection, 0), dim, channels, err));
	else if (channels != dim)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: expected tensor %s%sweight (%zu channels into width %zu), found none",
			       s2_checkpoint_path(b->ckpt), c->prefix, n->projection, channels, dim);
	if (c->conformer.dim == 0)
		S2_TRY(bind_positions(w, c, b, n, err));
	S2_TRY(bind_norm(&w->norm, b, full_name(name, c, n->norm, 0), dim, err));
	s2_binder layers = *b;
	layers.rename = n->rename;
	full_name(name, c, n->layers, 0);
	S2_TRY(c->conformer.dim ? s2_conformer_bind(&w->conformers, &layers, &c->conformer, c->n_layers, name, err)
				: s2_transformer_bind(&w->layers, &layers, &c->layer, c->n_layers, name, err));
	if (c->layer.adapted)
		S2_TRY(bind_adapters(w, c, b, err));
	if (c->head)
		S2_TRY(bind_linear(&w->head, b, c->head, c->n_vocab, dim, err));
	return 0;
}
