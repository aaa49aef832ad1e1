/* The convolutional feature extractor, in tiles of frames so that memory does not grow with the file. */
#include <math.h>

#include "base/size.h"
#include "math/conv.h"
#include "math/ops.h"
#include "models/encoder.h"

enum {
	TILE_FRAMES = 256,  /* frames of the last conv that are made at one time */
	STATS_FRAMES = 8192, /* frames of the first conv between two additions to its channel sums */
	CHANNEL_BLOCK = 64,
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

typedef struct channel_sums {
	double *sum, *square; /* [channels] */
	const float *rows;    /* [n, channels] */
	size_t n, channels;
} channel_sums;

static void add_channels(void *arg, size_t block, int worker)
{
	(void)worker;
	channel_sums *s = arg;
	size_t from = block * CHANNEL_BLOCK, to = s2_min(from + CHANNEL_BLOCK, s->channels);
	for (size_t t = 0; t < s->n; t++) {
		const float *row = s->rows + t * s->channels;
		for (size_t c = from; c < to; c++) {
			s->sum[c] += (double)row[c];
			s->square[c] += (double)row[c] * (double)row[c];
		}
	}
}

/* y = x * scale[c] + shift[c] is the group norm of this input (torch.nn.GroupNorm(C, C), eps 1e-5). */
static int group_norm_affine(const s2_exec *x, const s2_encoder *m, const float *samples, size_t n, float *scale,
			     float *shift, s2st_error *err)
{
	const s2_conv1d *conv = &m->weights.conv[0].conv;
	const s2_norm *norm = &m->weights.conv[0].norm;
	size_t channels = conv->c_out, frames = s2_conv1d_out_len(conv, n);
	s2_mark mark = s2_arena_mark(x->scratch);
	float *rows;
	channel_sums s = {.channels = channels};
	S2_ALLOC(rows, x->scratch, s2_min(frames, STATS_FRAMES), channels, err);
	S2_ZALLOC(s.sum, x->scratch, channels, 1, err);
	S2_ZALLOC(s.square, x->scratch, channels, 1, err);
	s.rows = rows;
	for (size_t from = 0; from < frames; from += s.n) {
		s.n = s2_min(STATS_FRAMES, frames - from);
		s2_conv1d_forward(x, rows, channels, samples + from * conv->stride,
				  (s.n - 1) * conv->stride + conv->k, conv, NULL);
		s2_pool_run(x->pool, (channels + CHANNEL_BLOCK - 1) / CHANNEL_BLOCK, add_channels, &s);
	}
	for (size_t c = 0; c < channels; c++) {
		double mean = s.sum[c] / (double)frames;
		double var = fmax(s.square[c] / (double)frames - mean * mean, 0);
		double r = (double)norm->w[c] / sqrt(var + 1e-5);
		scale[c] = (float)r;
		shift[c] = (float)((double)norm->b[c] - mean * r);
	}
	s2_arena_reset(x->scratch, mark);
	return 0;
}

/* ---- one tile ---- */

typedef struct tile {
	const s2_encoder *m;
	const float *scale, *shift; /* group norm of the first conv; NULL: layer norms */
	float *buf[2];              /* outputs of even and odd convs */
} tile;

typedef struct affine_rows {
	float *rows;
	const float *scale, *shift;
	size_t n, channels;
} affine_rows;

enum { AFFINE_ROWS = 256 };

static void scale_rows(void *arg, size_t block, int worker)
{
	(void)worker;
	affine_rows *a = arg;
	for (size_t t = block * AFFINE_ROWS; t < s2_min(a->n, (block + 1) * AFFINE_ROWS); t++) {
		float *row = a->rows + t * a->channels;
		for (size_t c = 0; c < a->channels; c++)
			row[c] = row[c] * a->scale[c] + a->shift[c];
	}
}

static void conv_norm_gelu(const s2_exec *x, const tile *t, size_t i, float *out, const float *in, size_t len)
{
	const s2_conv1d *conv = &t->m->weights.conv[i].conv;
	const s2_norm *norm = &t->m->weights.conv[i].norm;
	size_t n = s2_conv1d_out_len(conv, len), channels = conv->c_out;
	if (!norm->w) {
		s2_conv1d_forward(x, out, channels, in, len, conv, &(s2_epilogue){.act = S2_ACT_GELU});
		return;
	}
	s2_conv1d_forward(x, out, channels, in, len, conv, NULL);
	if (t->scale) {
		affine_rows a = {out, t->scale, t->shift, n, channels};
		s2_pool_run(x->pool, (n + AFFINE_ROWS - 1) / AFFINE_ROWS, scale_rows, &a);
	} else {
		s2_norm_forward(x, out, out, n, channels, norm);
	}
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
	if (!c->conv_layer_norm) {
		float *scale, *shift;
		S2_ALLOC(scale, x->scratch, c->conv[0].c_out, 1, err);
		S2_ALLOC(shift, x->scratch, c->conv[0].c_out, 1, err);
		S2_TRY(group_norm_affine(x, m, samples, n, scale, shift, err));
		t.scale = scale;
		t.shift = shift;
	}
	size_t largest = (s2_min(frames, TILE_FRAMES) - 1) * hop + least;
	for (size_t i = 0; i < 2; i++)
		S2_ALLOC(t.buf[i], x->scratch, tile_floats(c, largest, i), 1, err);
	for (size_t from = 0; from < frames; from += TILE_FRAMES) {
		size_t count = s2_min(TILE_FRAMES, frames - from);
		run_tile(x, &t, out + from * channels, samples + from * hop, (count - 1) * hop + least);
	}
	s2_arena_reset(x->scratch, mark);
	return 0;
}
