/* The convolutional feature extractor, in tiles of frames so that memory does not grow with the file. */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "math/conv.h"
#include "math/ops.h"
#include "models/encoder.h"

enum {
	/* Frames of the last conv that are made at one time: few enough for the L3 cache to hold the first conv's
	 * output, and what released models' other convs make for them fills whole blocks of the short form. */
	TILE_FRAMES = 125,
};

size_t s2_encoder_hop(const s2_encoder_config *c)
{
	size_t hop = 1;
	for (size_t i = 0; i < c->n_conv; i++)
		hop *= c->conv[i].stride;
	return hop;
}

size_t s2_encoder_frames(const s2_encoder_config *c, size_t n)
{
	for (size_t i = 0; i < c->n_conv; i++) {
		if (n < c->conv[i].k)
			return 0;
		n = (n - c->conv[i].k) / c->conv[i].stride + 1;
	}
	return n;
}

size_t s2_encoder_min_samples(const s2_encoder_config *c)
{
	size_t n = 1;
	for (size_t i = c->n_conv; i-- > 0;)
		n = (n - 1) * c->conv[i].stride + c->conv[i].k;
	return n;
}

int s2_encoder_need_frames(const s2_encoder_config *c, size_t n, size_t *frames, s2st_error *err)
{
	*frames = s2_encoder_frames(c, n);
	if (*frames > 0)
		return 0;
	return s2_fail(err, S2ST_EINPUT, "the audio is too short: expected at least %zu samples at %d Hz, found %zu",
		       s2_encoder_min_samples(c), c->sample_rate, n);
}

void s2_encoder_normalize(float *samples, size_t n)
{
	double sum = 0, square = 0;
	for (size_t i = 0; i < n; i++)
		sum += (double)samples[i];
	double mean = sum / (double)n;
	for (size_t i = 0; i < n; i++)
		square += ((double)samples[i] - mean) * ((double)samples[i] - mean);
	double scale = 1 / sqrt(square / (double)n + 1e-5);
	for (size_t i = 0; i < n; i++)
		samples[i] = (float)(((double)samples[i] - mean) * scale);
}

/* ---- group norm after the first conv: statistics over the whole input, one group a channel ---- */

/* Mean [k] and covariance [k, k] of the k samples under the first conv's window, over all frames. */
static void window_statistics(double *mean, double *cov, const float *samples, size_t frames, size_t k, size_t stride)
{
	double level = 0; /* taken off, so that squares of a large mean do not swallow the signal */
	for (size_t t = 0; t < frames * stride; t++)
		level += (double)samples[t];
	level /= (double)(frames * stride);
	memset(mean, 0, k * sizeof *mean);
	memset(cov, 0, k * k * sizeof *cov);
	for (size_t t = 0; t < frames; t++)
		for (size_t i = 0; i < k; i++) {
			const float *at = samples + t * stride;
			const double x = (double)at[i] - level;
			mean[i] += x;
			for (size_t j = 0; j <= i; j++)
				cov[i * k + j] += x * ((double)at[j] - level);
		}
	for (size_t i = 0; i < k; i++)
		mean[i] /= (double)frames;
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j <= i; j++) {
			cov[i * k + j] = cov[i * k + j] / (double)frames - mean[i] * mean[j];
			cov[j * k + i] = cov[i * k + j];
		}
	for (size_t i = 0; i < k; i++)
		mean[i] += level;
}

/* The first conv and its group norm of this input (torch.nn.GroupNorm(C, C), eps 1e-5) as one conv: the outputs' mean
 * and variance are w·mean and wᵀ·cov·w of the window's samples, so the conv is run once. A bias drops out. */
static int fold_group_norm(const s2_exec *x, const s2_encoder *m, const float *samples, size_t n, s2_conv1d *out,
			   s2st_error *err)
{
	const s2_conv1d *conv = &m->weights.conv[0].conv;
	const s2_norm *norm = &m->weights.conv[0].norm;
	const ptrdiff_t size = (ptrdiff_t)s2_dtype_size(conv->dtype);
	const size_t k = conv->k;
	double *mean, *cov;
	float *w, *bias;
	S2_ALLOC(w, x->scratch, conv->c_out, k, err);
	S2_ALLOC(bias, x->scratch, conv->c_out, 1, err);
	S2_ALLOC(mean, x->scratch, k, 1, err);
	S2_ALLOC(cov, x->scratch, k, k, err);
	window_statistics(mean, cov, samples, s2_conv1d_out_len(conv, n), k, conv->stride);
	for (size_t c = 0; c < conv->c_out; c++) {
		float *row = w + c * k;
		double mu = 0, var = 0;
		s2_to_f32_strided(row, (const char *)conv->w + (ptrdiff_t)c * conv->strides[0] * size, conv->dtype,
				  conv->strides[2], k);
		for (size_t i = 0; i < k; i++) {
			mu += (double)row[i] * mean[i];
			for (size_t j = 0; j < k; j++)
				var += (double)row[i] * (double)row[j] * cov[i * k + j];
		}
		const double r = (double)norm->w[c] / sqrt(fmax(var, 0) + 1e-5);
		bias[c] = (float)((double)norm->b[c] - mu * r);
		for (size_t i = 0; i < k; i++)
			row[i] = (float)((double)row[i] * r);
	}
	*out = *conv;
	out->w = w;
	out->dtype = S2_F32;
	out->strides[0] = (ptrdiff_t)k;
	out->strides[1] = (ptrdiff_t)k;
	out->strides[2] = 1;
	out->bias = bias;
	return 0;
}

/* ---- one convolution ---- */

void s2_encoder_convolve(const s2_exec *x, const s2_conv1d *c, const s2_short_conv *fast, float *out, const float *in,
			 size_t len, bool gelu, float *work)
{
	const s2_short_signal io = {.out = out,
				    .end = s2_conv1d_out_len(c, len),
				    .in = in,
				    .in_end = len,
				    .in_slope = 1,
				    .out_slope = 1,
				    .gelu = gelu};
	if (fast)
		s2_short_conv_forward(x, fast, &io, work);
	else
		s2_conv1d_forward(x, out, c->c_out, in, len, c,
				  &(s2_epilogue){.act = gelu ? S2_ACT_GELU : S2_ACT_NONE});
}

/* ---- one tile ---- */

typedef struct tile {
	const s2_encoder *m;
	s2_conv1d first; /* with its group norm; w NULL: layer norms */
	float *buf[2];   /* outputs of even and odd convs */
	float *work;     /* of short forms */
} tile;

static void conv_norm_gelu(const s2_exec *x, const tile *t, size_t i, float *out, const float *in, size_t len)
{
	const bool folded = i == 0 && t->first.w;
	const s2_conv1d *conv = folded ? &t->first : &t->m->weights.conv[i].conv;
	const s2_norm *norm = &t->m->weights.conv[i].norm;
	const bool gelu = !norm->w || folded; /* at once */
	size_t n = s2_conv1d_out_len(conv, len), channels = conv->c_out;
	s2_encoder_convolve(x, conv, t->m->weights.conv[i].fast, out, in, len, gelu, t->work);
	if (gelu)
		return;
	s2_norm_forward(x, out, out, n, channels, norm);
	s2_activate(x, out, n * channels, S2_ACT_GELU);
}

/* Samples of `frames` frames go through all convs; the last writes to `out`. */
static void run_tile(const s2_exec *x, const tile *t, float *out, const float *samples, size_t n)
{
	const s2_encoder_config *c = &t->m->config;
	const float *in = samples;
	for (size_t i = 0; i < c->n_conv; i++) {
		float *to = i + 1 == c->n_conv ? out : t->buf[i % 2];
		conv_norm_gelu(x, t, i, to, in, n);
		n = s2_conv1d_out_len(&t->m->weights.conv[i].conv, n);
		in = to;
	}
}

/* Floats that the convs of one parity write for a tile that reads n samples. */
static size_t tile_floats(const s2_encoder_config *c, size_t n, size_t parity)
{
	size_t most = 0;
	for (size_t i = 0; i + 1 < c->n_conv; i++) {
		n = (n - c->conv[i].k) / c->conv[i].stride + 1;
		if (i % 2 == parity)
			most = s2_max(most, n * c->conv[i].c_out);
	}
	return most;
}

/* Of the convolutions that have a short form. */
static size_t work_floats(const s2_encoder *m)
{
	size_t most = 0;
	for (size_t i = 0; i < m->config.n_conv; i++)
		if (m->weights.conv[i].fast)
			most = s2_max(most, s2_short_conv_work(m->weights.conv[i].fast));
	return most;
}

int s2_encoder_conv(const s2_exec *x, const s2_encoder *m, float *out, const float *samples, size_t n, s2st_error *err)
{
	const s2_encoder_config *c = &m->config;
	size_t frames = s2_encoder_frames(c, n), hop = s2_encoder_hop(c), least = s2_encoder_min_samples(c);
	size_t channels = c->conv[c->n_conv - 1].c_out;
	if (frames == 0)
		return s2_fail(err, S2ST_EINPUT, "audio is too short: expected at least %zu samples, found %zu", least,
			       n);
	s2_mark mark = s2_arena_mark(x->scratch);
	tile t = {.m = m};
	if (!c->conv_layer_norm)
		S2_TRY(fold_group_norm(x, m, samples, n, &t.first, err));
	size_t largest = (s2_min(frames, TILE_FRAMES) - 1) * hop + least;
	for (size_t i = 0; i < 2; i++)
		S2_ALLOC(t.buf[i], x->scratch, tile_floats(c, largest, i), 1, err);
	S2_ALLOC(t.work, x->scratch, work_floats(m), 1, err);
	for (size_t from = 0; from < frames; from += TILE_FRAMES) {
		size_t count = s2_min(TILE_FRAMES, frames - from);
		run_tile(x, &t, out + from * channels, samples + from * hop, (count - 1) * hop + least);
	}
	s2_arena_reset(x->scratch, mark);
	return 0;
}
