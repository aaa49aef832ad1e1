#include "layers/subsample.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "math/ops.h"

/* ---- binding ---- */

typedef struct conv_weights {
	s2_weight w;
	const float *b;
} conv_weights;

static int bind_conv(conv_weights *out, const s2_binder *b, const char *name, int rank, const size_t *dims,
		     s2st_error *err)
{
	s2_bind_row rows[] = {
		{"weight", offsetof(conv_weights, w), rank, {0}, 0},
		{"bias", offsetof(conv_weights, b), 1, {dims[0]}, S2_BIND_F32},
	};
	memcpy(rows[0].dims, dims, (size_t)rank * sizeof *dims);
	return s2_bind(b, out, rows, 2, name, err);
}

/* Layer i has c_in inputs and, for the GLU, twice the channels that the next layer reads. */
static int bind_conv1d(s2_conv1d *out, const s2_binder *b, const char *name, size_t c_in, size_t glu_out,
		       size_t stride, s2st_error *err)
{
	char weight[160];
	size_t dims[3];
	snprintf(weight, sizeof weight, "%sweight", name);
	S2_TRY(s2_bind_shape(b->ckpt, weight, 3, dims, err));
	/* An even kernel gives one frame more than fairseq's own length formula, which then fails there too. */
	if (dims[2] % 2 == 0)
		return s2_fail(err, S2ST_EMODEL, "%s: tensor %s: expected an odd kernel, found %zu",
			       s2_checkpoint_path(b->ckpt), weight, dims[2]);
	if (glu_out == S2_ANY && dims[0] % 2)
		return s2_fail(err, S2ST_EMODEL, "%s: tensor %s: expected an even number of channels, found %zu",
			       s2_checkpoint_path(b->ckpt), weight, dims[0]);
	*out = (s2_conv1d){.c_in = c_in == S2_ANY ? dims[1] : c_in,
			   .c_out = glu_out == S2_ANY ? dims[0] : 2 * glu_out,
			   .k = dims[2],
			   .stride = stride,
			   .pad = dims[2] / 2,
			   .dilation = 1,
			   .groups = 1};
	const s2_bind_row bias = {"bias", 0, 1, {out->c_out}, S2_BIND_F32};
	S2_TRY(s2_bind_conv1d(b, out, name, -1, false, err));
	return s2_bind(b, &out->bias, &bias, 1, name, err);
}

int s2_subsample_bind_stack(s2_subsample *out, const s2_binder *b, const char *stack, size_t c_in, size_t dim,
			    size_t stride, s2st_error *err)
{
	*out = (s2_subsample){.dim = dim, .n_convs = s2_bind_count(b->ckpt, stack, "weight")};
	if (out->n_convs == 0 || out->n_convs > S2_MAX_SUBSAMPLE)
		return s2_fail(err, S2ST_EMODEL, "%s: expected 1 to %d convolutions named %sN.weight, found %zu",
			       s2_checkpoint_path(b->ckpt), S2_MAX_SUBSAMPLE, stack, out->n_convs);
	for (size_t i = 0; i < out->n_convs; i++) {
		char name[128];
		size_t glu_out = i + 1 == out->n_convs ? dim : S2_ANY;
		snprintf(name, sizeof name, "%s%zu.", stack, i);
		S2_TRY(bind_conv1d(&out->convs[i], b, name, c_in, glu_out, stride, err));
		c_in = out->convs[i].c_out / 2;
	}
	out->n_feat = out->convs[0].c_in;
	return 0;
}

static int bind_conv2d(s2_conv2d *out, const s2_binder *b, const char *prefix, int i, size_t c_out, size_t c_in,
		       s2st_error *err)
{
	char name[128];
	conv_weights w = {0};
	const size_t dims[4] = {c_out, c_in, 3, 3};
	snprintf(name, sizeof name, "%sconv.%d.", prefix, i);
	S2_TRY(bind_conv(&w, b, name, 4, dims, err));
	*out = (s2_conv2d){.w = w.w.data,
			   .dtype = w.w.dtype,
			   .bias = w.b,
			   .c_in = c_in,
			   .c_out = c_out,
			   .k = 3,
			   .stride = 2,
			   .pad = 1};
	memcpy(out->strides, w.w.strides, sizeof out->strides);
	return 0;
}

static size_t halved(size_t n)
{
	return (n - 1) / 2 + 1;
}

static int bind_2d(s2_subsample *s, const s2_binder *b, size_t n_feat, const char *prefix, s2st_error *err)
{
	char name[128];
	size_t dims[4], flat;
	s->two_d = true;
	s->n_convs = 2;
	s->n_feat = n_feat;
	snprintf(name, sizeof name, "%sconv.0.weight", prefix);
	S2_TRY(s2_bind_shape(b->ckpt, name, 4, dims, err));
	S2_TRY(bind_conv2d(&s->convs2[0], b, prefix, 0, dims[0], 1, err));
	S2_TRY(bind_conv2d(&s->convs2[1], b, prefix, 2, dims[0], dims[0], err));
	if (!s2_mul(dims[0], halved(halved(n_feat)), &flat))
		return s2_fail_mem(err, name);
	const s2_bind_row rows[] = {S2_ROWS_LINEAR(s2_subsample, out, "out", s->dim, flat)};
	return s2_bind(b, s, rows, 2, prefix, err);
}

int s2_subsample_bind(s2_subsample *out, const s2_binder *b, size_t n_feat, size_t dim, const char *prefix,
		      s2st_error *err)
{
	char stack[128], one[128];
	snprintf(stack, sizeof stack, "%sconv_layers.", prefix);
	snprintf(one, sizeof one, "%sconv.0.weight", prefix);
	*out = (s2_subsample){.dim = dim};
	if (s2_bind_count(b->ckpt, stack, "weight") == 0 && s2_checkpoint_tensor(b->ckpt, one))
		return bind_2d(out, b, n_feat, prefix, err);
	return s2_subsample_bind_stack(out, b, stack, S2_ANY, dim, 2, err);
}

/* ---- forward ---- */

size_t s2_subsample_len(const s2_subsample *s, size_t frames)
{
	for (size_t i = 0; i < s->n_convs && frames; i++)
		frames = s->two_d ? halved(frames) : s2_conv1d_out_len(&s->convs[i], frames);
	return frames;
}

static int forward_1d(const s2_exec *x, const s2_subsample *s, float *out, const float *in, size_t frames,
		      s2st_error *err)
{
	for (size_t i = 0; i < s->n_convs; i++) {
		const s2_conv1d *c = &s->convs[i];
		size_t len = s2_conv1d_out_len(c, frames);
		float *wide, *narrow = out;
		S2_ALLOC(wide, x->scratch, len, c->c_out, err);
		if (i + 1 < s->n_convs)
			S2_ALLOC(narrow, x->scratch, len, c->c_out / 2, err);
		s2_conv1d_forward(x, wide, c->c_out, in, frames, c, NULL);
		s2_glu(x, narrow, wide, len, c->c_out / 2);
		in = narrow;
		frames = len;
	}
	return 0;
}

/* The frames are an image of one channel, [frames, n_feat]; row t of the linear's input is [channel][bin] at time t. */
static int forward_2d(const s2_exec *x, const s2_subsample *s, float *out, const float *in, size_t frames,
		      s2st_error *err)
{
	size_t c = s->convs2[0].c_out, h1 = halved(frames), w1 = halved(s->n_feat), h = halved(h1), w = halved(w1);
	float *first, *second, *flat;
	size_t bins, bins1;
	if (!s2_mul(c, w, &bins) || !s2_mul(c, w1, &bins1))
		return s2_fail_mem(err, "convolutions");
	S2_ALLOC(first, x->scratch, h1, bins1, err);
	S2_ALLOC(second, x->scratch, h, bins, err);
	S2_ALLOC(flat, x->scratch, h, bins, err);
	S2_TRY(s2_conv2d_forward(x, first, in, frames, s->n_feat, &s->convs2[0], S2_ACT_RELU, err));
	S2_TRY(s2_conv2d_forward(x, second, first, h1, w1, &s->convs2[1], S2_ACT_RELU, err));
	for (size_t t = 0; t < h; t++)
		for (size_t i = 0; i < c; i++)
			memcpy(flat + t * bins + i * w, second + (i * h + t) * w, w * sizeof *flat);
	s2_linear_forward(x, out, s->dim, flat, h, &s->out, NULL);
	return 0;
}

int s2_subsample_forward(const s2_exec *x, const s2_subsample *s, float *out, const float *in, size_t frames,
			 s2st_error *err)
{
	s2_mark mark = s2_arena_mark(x->scratch);
	int rc = s->two_d ? forward_2d(x, s, out, in, frames, err) : forward_1d(x, s, out, in, frames, err);
	s2_arena_reset(x->scratch, mark);
	return rc;
}
