#include "layers/conformer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "math/ops.h"

/* ---- weights ---- */

typedef struct tensors {
	s2_conformer_layer layer;
	s2_weight pointwise1, depthwise, pointwise2; /* with a dimension for the kernel */
	const float *w, *b, *mean, *var;             /* batch norm */
} tensors;

#define L(field) layer.field
#define ROWS_LINEAR(field, name, n_out, n_in) S2_ROWS_LINEAR(tensors, L(field), name, n_out, n_in)
#define ROWS_NORM(field, name, dim)           S2_ROWS_NORM(tensors, L(field), name, dim)

static int bind_rows(tensors *t, const s2_binder *b, const s2_conformer_config *c, const char *prefix, s2st_error *err)
{
	const size_t d = c->dim, f = c->ffn;
	const s2_bind_row rows[] = {
		ROWS_NORM(ffn1.norm, "ffn1.layer_norm", d),
		ROWS_LINEAR(ffn1.w1, "ffn1.w_1", f, d),
		ROWS_LINEAR(ffn1.w2, "ffn1.w_2", d, f),
		ROWS_NORM(ffn2.norm, "ffn2.layer_norm", d),
		ROWS_LINEAR(ffn2.w1, "ffn2.w_1", f, d),
		ROWS_LINEAR(ffn2.w2, "ffn2.w_2", d, f),
		ROWS_NORM(self_norm, "self_attn_layer_norm", d),
		ROWS_LINEAR(q, "self_attn.linear_q", d, d),
		ROWS_LINEAR(k, "self_attn.linear_k", d, d),
		ROWS_LINEAR(v, "self_attn.linear_v", d, d),
		ROWS_LINEAR(out, "self_attn.linear_out", d, d),
		ROWS_NORM(conv_norm, "conv_module.layer_norm", d),
		{"conv_module.pointwise_conv1.weight", offsetof(tensors, pointwise1), 3, {2 * d, d, 1}, 0},
		{"conv_module.depthwise_conv.weight", offsetof(tensors, depthwise), 3, {d, 1, c->kernel}, 0},
		{"conv_module.pointwise_conv2.weight", offsetof(tensors, pointwise2), 3, {d, d, 1}, 0},
		{"conv_module.batch_norm.weight", offsetof(tensors, w), 1, {d}, S2_BIND_F32},
		{"conv_module.batch_norm.bias", offsetof(tensors, b), 1, {d}, S2_BIND_F32},
		{"conv_module.batch_norm.running_mean", offsetof(tensors, mean), 1, {d}, S2_BIND_F32},
		{"conv_module.batch_norm.running_var", offsetof(tensors, var), 1, {d}, S2_BIND_F32},
		ROWS_NORM(final_norm, "final_layer_norm", d),
	};
	const s2_bind_row relative[] = {
		{"self_attn.linear_pos.weight", offsetof(tensors, L(pos.w)), 2, {d, d}, 0},
		{"self_attn.pos_bias_u", offsetof(tensors, L(u)), 2, {c->heads, d / c->heads}, S2_BIND_F32},
		{"self_attn.pos_bias_v", offsetof(tensors, L(v_bias)), 2, {c->heads, d / c->heads}, S2_BIND_F32},
	};
	S2_TRY(s2_bind(b, t, rows, sizeof rows / sizeof *rows, prefix, err));
	return c->rotary ? 0 : s2_bind(b, t, relative, sizeof relative / sizeof *relative, prefix, err);
}

/* A convolution of one frame is a linear. */
static s2_linear linear_of(s2_weight w)
{
	w.rank = 2;
	return (s2_linear){.w = w};
}

static int bind_layer(s2_conformer_layer *out, const s2_binder *b, const s2_conformer_config *c, const char *prefix,
		      s2st_error *err)
{
	const size_t d = c->dim;
	tensors t = {0};
	float *scale, *shift;
	S2_TRY(bind_rows(&t, b, c, prefix, err));
	*out = t.layer;
	out->pointwise1 = linear_of(t.pointwise1);
	out->pointwise2 = linear_of(t.pointwise2);
	const ptrdiff_t *strides = t.depthwise.strides;
	out->depthwise = (s2_conv1d){.w = t.depthwise.data, .dtype = t.depthwise.dtype, .c_in = d, .c_out = d,
				     .strides = {strides[0], strides[1], strides[2]}, .k = c->kernel,
				     .stride = 1, .pad = c->kernel / 2, .dilation = 1, .groups = d};
	S2_ALLOC(scale, b->arena, d, 1, err);
	S2_ALLOC(shift, b->arena, d, 1, err);
	if (!s2_fold_batch_norm(scale, shift, t.w, t.b, t.mean, t.var, d))
		return s2_fail(err, S2ST_EMODEL, "%s: tensor %sconv_module.batch_norm.running_var: expected variances",
			       s2_checkpoint_path(b->ckpt), prefix);
	out->scale = scale;
	out->shift = shift;
	return 0;
}

int s2_conformer_bind(s2_conformer_layer **out, const s2_binder *b, const s2_conformer_config *c, size_t n,
		      const char *prefix, s2st_error *err)
{
	S2_ZALLOC(*out, b->arena, n, 1, err);
	for (size_t i = 0; i < n; i++) {
		char name[160];
		snprintf(name, sizeof name, "%s%zu.", prefix, i);
		S2_TRY(bind_layer(&(*out)[i], b, c, name, err));
	}
	return 0;
}

/* ---- positions ---- */

size_t s2_conformer_positions_size(const s2_conformer_config *c, size_t t)
{
	return c->rotary ? 2 * t * (c->dim / c->heads) : (2 * t - 1) * c->dim;
}

/* Sines and cosines of one distance, in turns (espnet's RelPositionalEncoding). */
static void sinusoid(float *row, double distance, size_t dim)
{
	for (size_t i = 0; i < dim; i += 2) {
		const float step = expf((float)i * (float)-(log(10000.0) / (double)dim));
		row[i] = sinf((float)distance * step);
		if (i + 1 < dim)
			row[i + 1] = cosf((float)distance * step);
	}
}

void s2_conformer_positions(float *out, const s2_conformer_config *c, size_t t)
{
	const size_t hd = c->dim / c->heads, half = hd / 2;
	if (!c->rotary) {
		for (size_t i = 0; i < 2 * t - 1; i++)
			sinusoid(out + i * c->dim, (double)t - 1 - (double)i, c->dim);
		return;
	}
	float *sines = out + t * hd;
	for (size_t i = 0; i < t; i++)
		for (size_t j = 0; j < half; j++) {
			const float frequency = 1 / powf(10000.0f, (float)(2 * j) / (float)hd);
			const float angle = (float)i * frequency;
			out[i * hd + j] = out[i * hd + half + j] = cosf(angle);
			sines[i * hd + j] = sines[i * hd + half + j] = sinf(angle);
		}
}

/* Each head's slice of each row of in [t, dim] turned by its frame: x cos + (-second half, first half) sin. */
static void rotate(float *out, const float *in, const s2_conformer_config *c, size_t t, const float *positions)
{
	const size_t hd = c->dim / c->heads, half = hd / 2;
	for (size_t i = 0; i < t; i++) {
		const float *cosine = positions + i * hd, *sine = positions + (t + i) * hd;
		for (size_t at = i * c->dim; at < (i + 1) * c->dim; at += hd)
			for (size_t j = 0; j < half; j++) {
				const float a = in[at + j], b = in[at + half + j];
				out[at + j] = a * cosine[j] - b * sine[j];
				out[at + half + j] = b * cosine[half + j] + a * sine[half + j];
			}
	}
}

/* ---- forward ---- */

/* h += w2(swish(w1(norm(h)))) / 2 */
static int half_feed(const s2_exec *x, const s2_conformer_config *c, const s2_half_feed *f, float *h, size_t t,
		     s2st_error *err)
{
	float *in, *inner;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(in, x->scratch, t, c->dim, err);
	S2_ALLOC(inner, x->scratch, t, c->ffn, err);
	s2_norm_forward(x, in, h, t, c->dim, &f->norm);
	s2_linear_forward(x, inner, c->ffn, in, t, &f->w1, &(s2_epilogue){.act = S2_ACT_SWISH});
	s2_linear_forward(x, h, c->dim, inner, t, &f->w2,
			  &(s2_epilogue){.scale = 0.5f, .residual = h, .ld_residual = c->dim});
	s2_arena_reset(x->scratch, mark);
	return 0;
}

/* out = (q + bias) / sqrt(head_dim) by rows */
static void biased(float *out, const float *q, const float *bias, size_t t, size_t dim, float scale)
{
	for (size_t i = 0; i < t; i++)
		for (size_t j = 0; j < dim; j++)
			out[i * dim + j] = (q[i * dim + j] + bias[j]) * scale;
}

static int attend(const s2_exec *x, const s2_conformer_config *c, const s2_conformer_layer *l, float *h, size_t t,
		  const float *positions, s2st_error *err)
{
	const size_t d = c->dim;
	const size_t hd = d / c->heads;
	const float scale = 1 / sqrtf((float)hd);
	float *in, *turned, *q, *k, *v, *qv = NULL, *p = NULL;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(in, x->scratch, t, d, err);
	S2_ALLOC(turned, x->scratch, t, d, err);
	S2_ALLOC(q, x->scratch, t, d, err);
	S2_ALLOC(k, x->scratch, t, d, err);
	S2_ALLOC(v, x->scratch, t, d, err);
	s2_norm_forward(x, in, h, t, d, &l->self_norm);
	s2_linear_forward(x, v, d, in, t, &l->v, NULL);
	if (c->rotary) {
		rotate(turned, in, c, t, positions);
		s2_linear_forward(x, q, d, turned, t, &l->q, &(s2_epilogue){.scale = scale});
		s2_linear_forward(x, k, d, turned, t, &l->k, NULL);
	} else {
		S2_ALLOC(qv, x->scratch, t, d, err);
		S2_ALLOC(p, x->scratch, 2 * t - 1, d, err);
		s2_linear_forward(x, turned, d, in, t, &l->q, NULL);
		s2_linear_forward(x, k, d, in, t, &l->k, NULL);
		s2_linear_forward(x, p, d, positions, 2 * t - 1, &l->pos, NULL);
		biased(q, turned, l->u, t, d, scale);
		biased(qv, turned, l->v_bias, t, d, scale);
	}
	const s2_attention_args args = {
		.q = q, .k = k, .v = v, .ld_q = d, .ld_k = d, .ld_v = d, .ld_out = d, .n_q = t, .n_k = t,
		.heads = c->heads, .head_dim = hd, .distance_q = qv, .distance_k = p, .ld_distance = d,
		.narrow = l->k.w.packed != NULL,
	};
	S2_TRY(s2_attention(x, in, &args, err));
	s2_linear_forward(x, h, d, in, t, &l->out, &(s2_epilogue){.residual = h, .ld_residual = d});
	s2_arena_reset(x->scratch, mark);
	return 0;
}

static int convolve(const s2_exec *x, const s2_conformer_config *c, const s2_conformer_layer *l, float *h, size_t t,
		    s2st_error *err)
{
	const size_t d = c->dim;
	float *in, *wide;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(in, x->scratch, t, d, err);
	S2_ALLOC(wide, x->scratch, t, 2 * d, err);
	s2_norm_forward(x, in, h, t, d, &l->conv_norm);
	s2_linear_forward(x, wide, 2 * d, in, t, &l->pointwise1, NULL);
	s2_glu(x, in, wide, t, d);
	s2_conv1d_forward(x, wide, d, in, t, &l->depthwise, NULL);
	s2_affine_channels(x, wide, t, d, l->scale, l->shift);
	s2_activate(x, wide, t * d, S2_ACT_SWISH);
	s2_linear_forward(x, h, d, wide, t, &l->pointwise2, &(s2_epilogue){.residual = h, .ld_residual = d});
	s2_arena_reset(x->scratch, mark);
	return 0;
}

int s2_conformer_forward(const s2_exec *x, const s2_conformer_config *c, const s2_conformer_layer *l, float *h,
			 size_t t, const float *positions, s2st_error *err)
{
	S2_TRY(half_feed(x, c, &l->ffn1, h, t, err));
	S2_TRY(attend(x, c, l, h, t, positions, err));
	S2_TRY(convolve(x, c, l, h, t, err));
	S2_TRY(half_feed(x, c, &l->ffn2, h, t, err));
	s2_norm_forward(x, h, h, t, c->dim, &l->final_norm);
	return 0;
}
