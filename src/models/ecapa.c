#include "models/ecapa.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "math/ops.h"

/* ---- weights ---- */

typedef struct norm_tensors {
	const float *w, *b, *mean, *var;
} norm_tensors;

static int bind_batch_norm(s2_batch_norm *out, const s2_binder *b, const char *prefix, size_t n, s2st_error *err)
{
	const s2_bind_row rows[] = {
		{"weight", offsetof(norm_tensors, w), 1, {n}, S2_BIND_F32},
		{"bias", offsetof(norm_tensors, b), 1, {n}, S2_BIND_F32},
		{"running_mean", offsetof(norm_tensors, mean), 1, {n}, S2_BIND_F32},
		{"running_var", offsetof(norm_tensors, var), 1, {n}, S2_BIND_F32},
	};
	norm_tensors got = {0};
	float *scale, *shift;
	S2_TRY(s2_bind(b, &got, rows, 4, prefix, err));
	S2_ALLOC(scale, b->arena, n, 1, err);
	S2_ALLOC(shift, b->arena, n, 1, err);
	if (!s2_fold_batch_norm(scale, shift, got.w, got.b, got.mean, got.var, n))
		return s2_fail(err, S2ST_EMODEL, "%s: tensor %srunning_var: expected variances",
			       s2_checkpoint_path(b->ckpt), prefix);
	*out = (s2_batch_norm){scale, shift};
	return 0;
}

typedef struct conv_tensors {
	s2_weight w;
	const float *b;
} conv_tensors;

/* `same` convolution of any number of outputs. */
static int bind_conv(s2_conv1d *out, const s2_binder *b, const char *prefix, size_t c_in, size_t dilation,
		     s2st_error *err)
{
	conv_tensors got = {0};
	const s2_bind_row weight = {"weight", offsetof(conv_tensors, w), 3, {S2_ANY, c_in, S2_ANY}, 0};
	S2_TRY(s2_bind(b, &got, &weight, 1, prefix, err));
	const s2_bind_row bias = {"bias", offsetof(conv_tensors, b), 1, {got.w.dims[0]}, S2_BIND_F32};
	S2_TRY(s2_bind(b, &got, &bias, 1, prefix, err));
	const size_t k = got.w.dims[2];
	if (k % 2 == 0 || k > 1 << 10)
		return s2_fail(err, S2ST_EMODEL, "%s: tensor %sweight: expected an odd kernel, found %zu",
			       s2_checkpoint_path(b->ckpt), prefix, k);
	*out = (s2_conv1d){.w = got.w.data, .dtype = got.w.dtype, .bias = got.b, .c_in = c_in, .c_out = got.w.dims[0],
			   .strides = {got.w.strides[0], got.w.strides[1], got.w.strides[2]}, .k = k, .stride = 1,
			   .pad = (k - 1) / 2 * dilation, .dilation = dilation, .groups = 1};
	return 0;
}

/* A convolution and the batch norm after its ReLU. */
static int bind_tdnn(s2_tdnn *out, const s2_binder *b, const char *conv, const char *norm, size_t c_in, size_t c_out,
		     size_t dilation, s2st_error *err)
{
	S2_TRY(bind_conv(&out->conv, b, conv, c_in, dilation, err));
	if (c_out != S2_ANY && out->conv.c_out != c_out)
		return s2_fail(err, S2ST_EMODEL, "%s: tensor %sweight: expected %zu outputs, found %zu",
			       s2_checkpoint_path(b->ckpt), conv, c_out, out->conv.c_out);
	return bind_batch_norm(&out->norm, b, norm, out->conv.c_out, err);
}

static int bind_linear(s2_linear *out, const s2_binder *b, const char *prefix, size_t n_out, size_t n_in,
		       s2st_error *err)
{
	const s2_bind_row weight = {"weight", offsetof(s2_linear, w), 2, {n_out, n_in}, 0};
	S2_TRY(s2_bind(b, out, &weight, 1, prefix, err));
	const s2_bind_row bias = {"bias", offsetof(s2_linear, b), 1, {out->w.dims[0]}, S2_BIND_F32};
	return s2_bind(b, out, &bias, 1, prefix, err);
}

static int bind_block(s2_res2_block *out, const s2_binder *b, size_t i, size_t c, s2st_error *err)
{
	enum { NAME = 96 };
	char conv[NAME], norm[NAME];
	const size_t width = c / S2_ECAPA_SCALE;
	snprintf(conv, NAME, "layer%zu.Conv1dReluBn1.conv.", i + 2);
	snprintf(norm, NAME, "layer%zu.Conv1dReluBn1.bn.", i + 2);
	S2_TRY(bind_tdnn(&out->in, b, conv, norm, c, c, 1, err));
	for (size_t j = 0; j < S2_ECAPA_SCALE - 1; j++) {
		snprintf(conv, NAME, "layer%zu.Res2Conv1dReluBn.convs.%zu.", i + 2, j);
		snprintf(norm, NAME, "layer%zu.Res2Conv1dReluBn.bns.%zu.", i + 2, j);
		S2_TRY(bind_tdnn(&out->parts[j], b, conv, norm, width, width, i + 2, err));
	}
	snprintf(conv, NAME, "layer%zu.Conv1dReluBn2.conv.", i + 2);
	snprintf(norm, NAME, "layer%zu.Conv1dReluBn2.bn.", i + 2);
	S2_TRY(bind_tdnn(&out->out, b, conv, norm, c, c, 1, err));
	snprintf(conv, NAME, "layer%zu.SE_Connect.linear1.", i + 2);
	S2_TRY(bind_linear(&out->squeeze, b, conv, S2_ANY, c, err));
	snprintf(conv, NAME, "layer%zu.SE_Connect.linear2.", i + 2);
	return bind_linear(&out->excite, b, conv, c, out->squeeze.w.dims[0], err);
}

static int bind_layer_weights(s2_ecapa *m, const s2_binder *b, s2st_error *err)
{
	const size_t n = m->net->config.n_layers + 1;
	struct {
		const float *learned;
	} got = {NULL};
	const s2_bind_row row = {"feature_weight", 0, 1, {n}, S2_BIND_F32};
	float *weights;
	S2_TRY(s2_bind(b, &got, &row, 1, "", err));
	S2_ALLOC(weights, b->arena, n, 1, err);
	s2_encoder_mix_weights(weights, got.learned, n);
	m->layer_weights = weights;
	return 0;
}

static int bind(s2_ecapa *m, const s2_binder *b, s2st_error *err)
{
	S2_TRY(bind_layer_weights(m, b, err));
	S2_TRY(bind_tdnn(&m->first, b, "layer1.conv.", "layer1.bn.", m->net->config.layer.dim, S2_ANY, 1, err));
	m->channels = m->first.conv.c_out;
	if (m->channels % S2_ECAPA_SCALE != 0)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: tensor layer1.conv.weight: expected a multiple of %d outputs, found %zu",
			       s2_checkpoint_path(b->ckpt), S2_ECAPA_SCALE, m->channels);
	for (size_t i = 0; i < S2_ECAPA_BLOCKS; i++)
		S2_TRY(bind_block(&m->blocks[i], b, i, m->channels, err));
	S2_TRY(bind_conv(&m->merge, b, "conv.", S2_ECAPA_BLOCKS * m->channels, 1, err));
	m->merged = m->merge.c_out;
	S2_TRY(bind_conv(&m->attend, b, "pooling.linear1.", m->merged, 1, err));
	S2_TRY(bind_conv(&m->score, b, "pooling.linear2.", m->attend.c_out, 1, err));
	if (m->score.c_out != m->merged)
		return s2_fail(err, S2ST_EMODEL, "%s: tensor pooling.linear2.weight: expected %zu outputs, found %zu",
			       s2_checkpoint_path(b->ckpt), m->merged, m->score.c_out);
	S2_TRY(bind_batch_norm(&m->pooled_norm, b, "bn.", 2 * m->merged, err));
	S2_TRY(bind_linear(&m->out, b, "linear.", S2_ANY, 2 * m->merged, err));
	m->dim = m->out.w.dims[0];
	return 0;
}

int s2_ecapa_open(s2_ecapa **out, const s2_encoder *net, s2st_error *err)
{
	*out = NULL;
	s2_ecapa *m = calloc(1, sizeof *m);
	if (!m)
		return s2_fail_mem(err, "speaker encoder");
	m->net = net;
	m->arena = s2_arena_new();
	const s2_binder b = {.ckpt = net->ckpt, .arena = m->arena, .precision = net->precision};
	int rc = m->arena ? bind(m, &b, err) : s2_fail_mem(err, "speaker encoder");
	if (rc < 0)
		s2_ecapa_free(m);
	else
		*out = m;
	return rc;
}

void s2_ecapa_free(s2_ecapa *m)
{
	if (!m)
		return;
	s2_arena_free(m->arena);
	free(m);
}

/* ---- forward ---- */

static void run_tdnn(const s2_exec *x, float *out, const float *in, size_t t, const s2_tdnn *l)
{
	s2_conv1d_forward(x, out, l->conv.c_out, in, t, &l->conv, &(s2_epilogue){.act = S2_ACT_RELU});
	s2_affine_channels(x, out, t, l->conv.c_out, l->norm.scale, l->norm.shift);
}

/* Columns of width `w` from `at` on of rows [t, c], to or from a matrix of their own. */
static void take_columns(float *out, const float *rows, size_t t, size_t c, size_t at, size_t w)
{
	for (size_t i = 0; i < t; i++)
		memcpy(out + i * w, rows + i * c + at, w * sizeof *out);
}

static void put_columns(float *rows, const float *in, size_t t, size_t c, size_t at, size_t w)
{
	for (size_t i = 0; i < t; i++)
		memcpy(rows + i * c + at, in + i * w, w * sizeof *in);
}

/* Res2: part i goes through its convolution together with what part i-1 gave; the last one stays as it is. h [t, c], in
 * place. */
static int run_parts(const s2_exec *x, const s2_res2_block *b, float *h, size_t t, size_t c, s2st_error *err)
{
	const size_t w = c / S2_ECAPA_SCALE;
	float *in, *out;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(in, x->scratch, t, w, err);
	S2_ALLOC(out, x->scratch, t, w, err);
	for (size_t i = 0; i < S2_ECAPA_SCALE - 1; i++) {
		take_columns(in, h, t, c, i * w, w);
		if (i > 0)
			s2_add_scaled(x, in, out, t * w, 1);
		run_tdnn(x, out, in, t, &b->parts[i]);
		put_columns(h, out, t, c, i * w, w);
	}
	s2_arena_reset(x->scratch, mark);
	return 0;
}

/* Squeeze and excite: each channel of h [t, c] times a gate that the means of all channels give. */
static int run_gates(const s2_exec *x, const s2_res2_block *b, float *h, size_t t, size_t c, s2st_error *err)
{
	const size_t inner = b->squeeze.w.dims[0];
	float *mean, *small, *gate;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(mean, x->scratch, c, 1, err);
	S2_ALLOC(small, x->scratch, inner, 1, err);
	S2_ALLOC(gate, x->scratch, c, 1, err);
	S2_TRY(s2_mean_rows(x, mean, h, t, c, err));
	s2_linear_forward(x, small, inner, mean, 1, &b->squeeze, &(s2_epilogue){.act = S2_ACT_RELU});
	s2_linear_forward(x, gate, c, small, 1, &b->excite, NULL);
	for (size_t i = 0; i < c; i++)
		gate[i] = 1 / (1 + expf(-gate[i]));
	s2_affine_channels(x, h, t, c, gate, NULL);
	s2_arena_reset(x->scratch, mark);
	return 0;
}

/* out [t, c] = h + gates(conv(parts(conv(h)))) */
static int run_block(const s2_exec *x, const s2_res2_block *b, float *out, const float *h, size_t t, size_t c,
		     s2st_error *err)
{
	float *inner;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(inner, x->scratch, t, c, err);
	run_tdnn(x, inner, h, t, &b->in);
	S2_TRY(run_parts(x, b, inner, t, c, err));
	run_tdnn(x, out, inner, t, &b->out);
	S2_TRY(run_gates(x, b, out, t, c, err));
	s2_add_scaled(x, out, h, t * c, 1);
	s2_arena_reset(x->scratch, mark);
	return 0;
}

/* Mean and deviation of channel i of h [t, e] under the softmax over time of its scores. */
static void pool_channel(float *mean, float *deviation, const float *h, const float *scores, size_t t, size_t e)
{
	double top = -INFINITY, sum = 0, first = 0, second = 0;
	for (size_t k = 0; k < t; k++)
		top = fmax(top, (double)scores[k * e]);
	for (size_t k = 0; k < t; k++) {
		const double weight = exp((double)scores[k * e] - top), v = (double)h[k * e];
		sum += weight;
		first += weight * v;
		second += weight * v * v;
	}
	first /= sum;
	*mean = (float)first;
	*deviation = (float)sqrt(fmax(second / sum - first * first, 1e-9));
}

static int pool(const s2_exec *x, const s2_ecapa *m, float *out, const float *h, size_t t, s2st_error *err)
{
	const size_t e = m->merged, inner = m->attend.c_out;
	float *hidden, *scores;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(hidden, x->scratch, t, inner, err);
	S2_ALLOC(scores, x->scratch, t, e, err);
	s2_conv1d_forward(x, hidden, inner, h, t, &m->attend, &(s2_epilogue){.act = S2_ACT_TANH});
	s2_conv1d_forward(x, scores, e, hidden, t, &m->score, NULL);
	for (size_t i = 0; i < e; i++)
		pool_channel(&out[i], &out[e + i], h + i, scores + i, t, e);
	s2_arena_reset(x->scratch, mark);
	return 0;
}

/* The network after the encoder, from its features [t, d]. */
static int run_head(const s2_exec *x, const s2_ecapa *m, float *out, const float *features, size_t t, s2st_error *err)
{
	const size_t c = m->channels, e = m->merged;
	float *h, *next, *side, *merged, *pooled;
	S2_ALLOC(h, x->scratch, t, c, err);
	S2_ALLOC(next, x->scratch, t, c, err);
	S2_ALLOC(side, x->scratch, t, S2_ECAPA_BLOCKS * c, err);
	S2_ALLOC(merged, x->scratch, t, e, err);
	S2_ALLOC(pooled, x->scratch, 2, e, err);
	run_tdnn(x, h, features, t, &m->first);
	for (size_t i = 0; i < S2_ECAPA_BLOCKS; i++) {
		S2_TRY(run_block(x, &m->blocks[i], next, h, t, c, err));
		put_columns(side, next, t, S2_ECAPA_BLOCKS * c, i * c, c);
		float *last = h;
		h = next;
		next = last;
	}
	s2_conv1d_forward(x, merged, e, side, t, &m->merge, &(s2_epilogue){.act = S2_ACT_RELU});
	S2_TRY(pool(x, m, pooled, merged, t, err));
	s2_affine_channels(x, pooled, 1, 2 * e, m->pooled_norm.scale, m->pooled_norm.shift);
	s2_linear_forward(x, out, m->dim, pooled, 1, &m->out, NULL);
	return 0;
}

int s2_ecapa_embed(const s2_exec *x, const s2_ecapa *m, float *out, const float *samples, size_t n, s2st_error *err)
{
	const size_t dim = m->net->config.layer.dim;
	size_t t;
	float *features;
	S2_TRY(s2_encoder_need_frames(&m->net->config, n, &t, err));
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(features, x->scratch, t, dim, err);
	S2_TRY(s2_encoder_input(x, m->net, &samples, n, err));
	S2_TRY(s2_encoder_mix(x, m->net, features, samples, n, m->layer_weights, err));
	for (size_t i = 0; i < t * dim; i++)
		features[i] += 1e-6f;
	s2_channel_norm(x, features, features, NULL, NULL, t, dim, 1e-5f);
	S2_TRY(run_head(x, m, out, features, t, err));
	s2_arena_reset(x->scratch, mark);
	return 0;
}
