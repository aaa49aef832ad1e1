#include "models/feature_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/spool.h"
#include "base/size.h"

enum {
	RECIPE_FRAMES = 6000, /* a minute at a time where there is no network */
	RECIPE_HOP = 160,
	RECIPE_WINDOW = 400,
	MFCC_CONTEXT = 4, /* frames on each side that two differences over five frames look at */
};

static const double NORM_EPS = 1e-5; /* of F.layer_norm */

/* ---- memory ---- */

static bool has_network(const s2_feature_reader *r)
{
	return r->e->type == S2ST_FEATURE_NETWORK;
}

static size_t context(const s2_feature_reader *r)
{
	return r->e->type == S2ST_FEATURE_MFCC ? MFCC_CONTEXT : 0;
}

static int allocate(s2_feature_reader *r, s2st_error *err)
{
	const size_t recipe = RECIPE_FRAMES + 2 * context(r);
	r->cap_samples = has_network(r) ? S2_CHUNK_SAMPLES : (recipe - 1) * RECIPE_HOP + RECIPE_WINDOW;
	r->cap_rows = has_network(r) ? s2_encoder_frames(&r->e->net->config, r->cap_samples) : recipe;
	r->samples = reallocarray(NULL, r->cap_samples, sizeof *r->samples);
	r->features = reallocarray(NULL, s2_max(r->cap_rows, 1), r->e->dim * sizeof *r->features);
	return r->samples && r->features ? S2ST_OK : s2_fail_mem(err, "features");
}

int s2_feature_reader_init(s2_feature_reader *r, const s2_extractor *e, size_t layer, s2_pool *pool,
			   const s2_kernels *kernels, s2st_error *err)
{
	*r = (s2_feature_reader){.e = e, .layer = layer, .spool = -1};
	S2_TRY(s2_exec_init(&r->x, pool, kernels, err));
	S2_TRY(s2st_archives_new(&r->archives, err));
	return allocate(r, err);
}

static void close_file(s2_feature_reader *r)
{
	s2_audio_close(r->stream);
	r->stream = NULL;
	if (r->spool >= 0)
		close(r->spool);
	r->spool = -1;
}

void s2_feature_reader_free(s2_feature_reader *r)
{
	close_file(r);
	s2st_archives_free(r->archives);
	free(r->samples);
	free(r->features);
	free(r->mix);
	s2_exec_free(&r->x);
}

int s2_feature_reader_mix(s2_feature_reader *r, const float *learned, size_t n, s2st_error *err)
{
	const size_t want = has_network(r) ? r->e->n_layers + 1 : 0;
	if (n != want || n == 0)
		return s2_fail(err, S2ST_EINPUT,
			       "layer weights: expected %zu (for the first layer's input and %zu layers), found %zu",
			       want, r->e->n_layers, n);
	for (size_t i = 0; i < n; i++)
		if (!isfinite(learned[i]))
			return s2_fail(err, S2ST_EINPUT, "layer weights: expected finite numbers, found %g at %zu",
				       (double)learned[i], i);
	free(r->mix);
	r->mix = reallocarray(NULL, n, sizeof *r->mix);
	if (!r->mix)
		return s2_fail_mem(err, "layer weights");
	s2_encoder_mix_weights(r->mix, learned, n);
	return S2ST_OK;
}

/* ---- opening ---- */

static int open_stream(s2_feature_reader *r, const char *path, int channel, s2st_error *err)
{
	S2_TRY(s2_audio_open(&r->stream, r->archives, path, r->e->sample_rate, err));
	return s2_audio_pick_channel(r->stream, channel, err);
}

/* Fills what is free of r->samples. */
static int fill(s2_feature_reader *r, s2st_error *err)
{
	size_t n, room = r->cap_samples - r->n_samples;
	S2_TRY(s2_audio_next(r->stream, r->samples + r->n_samples, room, &n, err));
	r->n_samples += n;
	r->n_read += n;
	r->at_end = n < room;
	return S2ST_OK;
}

/* Mean and variance of all that is read, block by block: sums of squares around each block's own mean, put together as
 * Chan, Golub and LeVeque do, lose nothing to a mean far from zero. */
typedef struct moments {
	double n, mean, square;
} moments;

static void add_moments(moments *m, const float *x, size_t n)
{
	double sum = 0, square = 0;
	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		sum += (double)x[i];
	const double mean = sum / (double)n, delta = mean - m->mean, total = m->n + (double)n;
	for (size_t i = 0; i < n; i++)
		square += ((double)x[i] - mean) * ((double)x[i] - mean);
	m->square += square + delta * delta * m->n * (double)n / total;
	m->mean += delta * (double)n / total;
	m->n = total;
}

/* Leaves the first chunk in r->samples. */
static int measure(s2_feature_reader *r, const char *path, int channel, s2st_error *err)
{
	moments m = {0};
	S2_TRY(fill(r, err));
	add_moments(&m, r->samples, r->n_samples);
	if (!r->at_end) {
		while (!r->at_end) {
			r->n_samples = 0;
			S2_TRY(fill(r, err));
			add_moments(&m, r->samples, r->n_samples);
		}
		s2_audio_close(r->stream);
		r->stream = NULL;
		S2_TRY(open_stream(r, path, channel, err));
		r->n_samples = r->n_read = 0;
		S2_TRY(fill(r, err));
	}
	r->mean = m.mean;
	r->scale = 1 / sqrt(m.square / m.n + NORM_EPS);
	return S2ST_OK;
}

static int open_path(s2_feature_reader *r, const char *path, int channel, s2st_error *err)
{
	char spooled[S2_SPOOL_PATH_SIZE];
	const bool normalize = has_network(r) && r->e->net->config.normalize;
	if (strcmp(path, "-") == 0) { /* read twice, maybe */
		S2_TRY(r->spool = s2_spool(STDIN_FILENO, NULL, 0, "stdin", err));
		s2_spool_path(spooled, r->spool);
		path = spooled;
	}
	S2_TRY(open_stream(r, path, channel, err));
	r->source_rate = s2_audio_source_rate(r->stream);
	r->source_channels = s2_audio_source_channels(r->stream);
	return normalize ? measure(r, path, channel, err) : fill(r, err);
}

int s2_feature_reader_open(s2_feature_reader *r, const char *path, int channel, s2st_error *err)
{
	close_file(r);
	r->n_samples = r->n_read = r->n_dropped = 0;
	r->lead = r->frames = 0;
	r->at_end = false;
	r->mean = 0;
	r->scale = 1;
	int rc = open_path(r, path, channel, err);
	if (rc < 0)
		close_file(r);
	return rc;
}

/* ---- blocks ---- */

/* One chunk, in place. */
static int network_block(s2_feature_reader *r, s2_frames *out, s2st_error *err)
{
	const s2_encoder *m = r->e->net;
	const size_t n = r->n_samples, frames = s2_encoder_frames(&m->config, n);
	r->n_samples = 0;
	if (frames == 0) {
		r->n_dropped = n;
		return S2ST_OK;
	}
	if (m->config.normalize)
		for (size_t i = 0; i < n; i++)
			r->samples[i] = (float)(((double)r->samples[i] - r->mean) * r->scale);
	S2_TRY(r->mix ? s2_encoder_mix(&r->x, m, r->features, r->samples, n, r->mix, err)
		      : s2_encoder_features(&r->x, m, r->features, r->samples, n, r->layer, false, err));
	*out = (s2_frames){r->features, frames};
	return S2ST_OK;
}

static size_t recipe_frames(const s2_feature_reader *r, size_t n)
{
	return r->e->mfcc ? s2_mfcc_frames(r->e->mfcc, n) : s2_fbank_frames(r->e->fbank, n);
}

/* All frames that the samples hold, without those that served as context only. The last ones of the buffer stay in it
 * as context of the next block. */
static int recipe_block(s2_feature_reader *r, s2_frames *out, s2st_error *err)
{
	const size_t n = r->n_samples, frames = recipe_frames(r, n), after = r->at_end ? 0 : context(r);
	if (frames <= r->lead + after) {
		r->n_samples = 0;
		return S2ST_OK;
	}
	S2_TRY(r->e->mfcc ? s2_mfcc_compute(r->e->mfcc, r->features, r->samples, n, r->x.scratch, err)
			  : s2_fbank_compute(r->e->fbank, r->features, r->samples, n, r->x.scratch, err));
	*out = (s2_frames){r->features + r->lead * r->e->dim, frames - r->lead - after};
	const size_t end = frames - after, kept = s2_min(context(r), end), drop = (end - kept) * RECIPE_HOP;
	r->lead = kept;
	r->n_samples = r->at_end ? 0 : n - drop;
	memmove(r->samples, r->samples + drop, r->n_samples * sizeof *r->samples);
	return S2ST_OK;
}

static int too_short(const s2_feature_reader *r, s2st_error *err)
{
	const size_t least = has_network(r) ? s2_encoder_min_samples(&r->e->net->config) : RECIPE_WINDOW;
	return s2_fail(err, S2ST_EINPUT, "audio is too short: expected at least %zu samples, found %zu", least,
		       r->n_read);
}

int s2_feature_reader_next(s2_feature_reader *r, s2_frames *out, s2st_error *err)
{
	*out = (s2_frames){0};
	if (!r->stream)
		return 0;
	if (!r->at_end && r->n_samples < r->cap_samples)
		S2_TRY(fill(r, err));
	if (r->n_samples > 0)
		S2_TRY(has_network(r) ? network_block(r, out, err) : recipe_block(r, out, err));
	if (out->n > 0) {
		r->frames += out->n;
		return 1;
	}
	close_file(r);
	return r->frames > 0 ? 0 : too_short(r, err);
}
