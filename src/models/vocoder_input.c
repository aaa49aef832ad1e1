/* Unit HiFi-GAN: what the generator reads. Units are checked, durations predicted, conditions brought to one length;
 * rows are made when a tile asks for them, so a long input costs a few bytes a unit. */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "math/ops.h"
#include "models/vocoder.h"

/* Samples of one call: 18 hours at 16 kHz. More is a mistake in units or durations, and no wave file could hold it. */
#define MAX_SAMPLES ((size_t)1 << 30)

enum { PREDICT_TILE = 256 }; /* units of a tile of the duration predictor */

/* ---- durations ------------------------------------------------------------------------------------------------ */

/* torch.round is half to even, as rintf in the default mode. What has no int64 becomes 1: x86 converts it to the lowest
 * integer, which the reference then clamps. */
static int32_t frames_of(float log_duration)
{
	const float n = rintf((float)exp((double)log_duration) - 1.0f);
	if (!(n >= 1 && n < 0x1p63f))
		return 1;
	return n < 0x1p30f ? (int32_t)n : 1 << 30;
}

/* Units [first, end) of n, with up to two neighbours on either side (one for each convolution). */
static int predict_tile(s2_vocoder_state *s, const int32_t *units, size_t n, size_t first, size_t end, int32_t *out,
			s2st_error *err)
{
	const s2_vocoder *v = s->v;
	const s2_vocoder_durations *d = &v->durations;
	const size_t e = v->cfg.embedding_dim, h = v->cfg.dur_hidden_dim;
	const size_t in0 = first - s2_min(first, 2), in1 = s2_min(end + 2, n);
	const size_t mid0 = first - s2_min(first, 1), mid1 = s2_min(end + 1, n);
	float *in, *mid, *top, *log_durations;
	S2_ALLOC(in, s->x.scratch, in1 - in0, e, err);
	S2_ALLOC(mid, s->x.scratch, mid1 - mid0, h, err);
	S2_ALLOC(top, s->x.scratch, end - first, h, err);
	S2_ALLOC(log_durations, s->x.scratch, end - first, 1, err);
	for (size_t i = in0; i < in1; i++)
		s2_embedding_row(in + (i - in0) * e, &v->dict, (size_t)units[i]);
	const s2_epilogue relu = {.act = S2_ACT_RELU};
	s2_conv1d_span(&s->x, (s2_span){mid, mid0, mid1}, (s2_span){in, in0, in1}, &d->conv1, &relu);
	s2_norm_forward(&s->x, mid, mid, mid1 - mid0, h, &d->ln1);
	s2_conv1d_span(&s->x, (s2_span){top, first, end}, (s2_span){mid, mid0, mid1}, &d->conv2, &relu);
	s2_norm_forward(&s->x, top, top, end - first, h, &d->ln2);
	s2_linear_forward(&s->x, log_durations, 1, top, end - first, &d->proj, NULL);
	for (size_t i = first; i < end; i++)
		out[i] = frames_of(log_durations[i - first]);
	return 0;
}

int s2_vocoder_predict(s2_vocoder_state *s, const int32_t *units, size_t n, int32_t *out, s2st_error *err)
{
	for (size_t first = 0; first < n; first += PREDICT_TILE) {
		const s2_mark mark = s2_arena_mark(s->x.scratch);
		const int rc = predict_tile(s, units, n, first, s2_min(first + PREDICT_TILE, n), out, err);
		s2_arena_reset(s->x.scratch, mark);
		S2_TRY(rc);
	}
	return 0;
}

/* ---- checks --------------------------------------------------------------------------------------------------- */

static int keep_units(s2_vocoder_input *in, s2_vocoder_state *s, const int32_t *units, size_t n, s2st_error *err)
{
	const s2_vocoder *v = s->v;
	int32_t *kept;
	if (n == 0)
		return s2_fail(err, S2ST_EINPUT, "no units");
	S2_ALLOC(kept, s->input, n, 1, err);
	for (size_t i = 0; i < n; i++) {
		if (units[i] < 0)
			continue; /* vocoder.py drops them: padding of batches */
		if ((size_t)units[i] >= v->cfg.n_units)
			return s2_fail(err, S2ST_EINPUT, "unit %d at position %zu: expected 0 to %zu, the units of %s",
				       units[i], i, v->cfg.n_units - 1, v->name);
		kept[in->n_units++] = units[i];
	}
	if (in->n_units == 0)
		return s2_fail(err, S2ST_EINPUT, "no units: all %zu are negative", n);
	in->units = kept;
	return 0;
}

static int set_durations(s2_vocoder_input *in, s2_vocoder_state *s, const s2st_vocode_options *opt, s2st_error *err)
{
	in->n_frames = in->n_units;
	if (!opt->dur_prediction)
		return 0;
	if (!s->v->cfg.has_durations)
		return s2_fail(err, S2ST_EINPUT, "%s has no duration predictor: it takes one unit for each frame",
			       s->v->name);
	int32_t *durations;
	size_t *ends, total = 0;
	S2_ALLOC(durations, s->input, in->n_units, 1, err);
	S2_ALLOC(ends, s->input, in->n_units, 1, err);
	S2_TRY(s2_vocoder_predict(s, in->units, in->n_units, durations, err));
	for (size_t i = 0; i < in->n_units; i++) {
		total += (size_t)durations[i]; /* 2^30 each: no overflow for any list that fits in memory */
		ends[i] = total;
	}
	in->durations = durations;
	in->ends = ends;
	in->n_frames = total;
	return 0;
}

/* f0 [n_f0] without the values that belong to dropped units: vocoder.py repeats the mask to f0's length. */
static int keep_f0(s2_vocoder_input *in, s2_vocoder_state *s, const int32_t *units, size_t n,
		   const s2st_vocode_options *opt, size_t *n_f0, s2st_error *err)
{
	in->f0 = opt->f0;
	*n_f0 = opt->n_f0;
	if (in->n_units == n)
		return 0;
	const size_t each = opt->n_f0 / n;
	if (each == 0 || opt->n_f0 % n != 0)
		return s2_fail(err, S2ST_EINPUT,
			       "f0: expected a multiple of %zu values, negative units included, found %zu", n,
			       opt->n_f0);
	float *kept, *to;
	S2_ALLOC(kept, s->input, in->n_units, each, err);
	to = kept;
	for (size_t i = 0; i < n; i++)
		if (units[i] >= 0) {
			memcpy(to, opt->f0 + i * each, each * sizeof *to);
			to += each;
		}
	in->f0 = kept;
	*n_f0 = in->n_units * each;
	return 0;
}

static int check_f0(const float *f0, size_t n, size_t n_bins, s2st_error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(f0[i]))
			return s2_fail(err, S2ST_EINPUT, "f0: value %zu: expected a finite number, found %g", i,
				       (double)f0[i]);
		if (n_bins && !(f0[i] > -1 && f0[i] < (float)n_bins)) /* truncated towards zero: torch's .long() */
			return s2_fail(err, S2ST_EINPUT, "f0: value %zu: expected a bin from 0 to %zu, found %g", i,
				       n_bins - 1, (double)f0[i]);
	}
	return 0;
}

/* codehifigan.py: whichever of units and f0 is shorter is repeated to the other's length. */
static int set_f0(s2_vocoder_input *in, s2_vocoder_state *s, const int32_t *units, size_t n,
		  const s2st_vocode_options *opt, s2st_error *err)
{
	const s2_vocoder_config *c = &s->v->cfg;
	size_t n_f0;
	if (!c->f0)
		return opt->f0 ? s2_fail(err, S2ST_EINPUT, "%s takes no f0", s->v->name) : 0;
	if (!opt->f0 || !opt->n_f0)
		return s2_fail(err, S2ST_EINPUT, "f0: expected one value a frame, found none");
	S2_TRY(keep_f0(in, s, units, n, opt, &n_f0, err));
	S2_TRY(check_f0(in->f0, n_f0, c->n_f0_bins, err));
	const size_t frames = in->n_frames, longer = s2_max(frames, n_f0), shorter = s2_min(frames, n_f0);
	if (!shorter || longer % shorter != 0)
		return s2_fail(err, S2ST_EINPUT,
			       "f0: expected a length that divides %zu frames or is a multiple of it, found %zu",
			       frames, n_f0);
	in->repeat = longer / frames;
	in->f0_repeat = longer / n_f0;
	in->n_frames = longer;
	return 0;
}

/* Speaker by number or by vector, style; both hold for the whole call. */
static int set_speaker(s2_vocoder_input *in, s2_vocoder_state *s, const s2st_vocode_options *opt, s2st_error *err)
{
	const s2_vocoder *v = s->v;
	const s2_vocoder_config *c = &v->cfg;
	const size_t e = c->embedding_dim;
	const char *name = v->name;
	float *speaker, *style;
	if (v->speakers.data) {
		if (opt->speaker < 0 || (size_t)opt->speaker >= c->n_speakers)
			return s2_fail(err, S2ST_EINPUT, "speaker %d: expected 0 to %zu, the speakers of %s",
				       opt->speaker, c->n_speakers - 1, name);
		S2_ALLOC(speaker, s->input, e, 1, err);
		s2_embedding_row(speaker, &v->speakers, (size_t)opt->speaker);
		in->speaker = speaker;
	}
	if (opt->speaker_vector && !v->speaker.w.data)
		return s2_fail(err, S2ST_EINPUT, "%s takes no speaker vector", name);
	if (v->speaker.w.data) {
		if (!opt->speaker_vector)
			return s2_fail(err, S2ST_EINPUT, "%s: expected a speaker vector of %zu numbers, found none",
				       name, c->embedder_dim);
		S2_ALLOC(speaker, s->input, e, 1, err);
		s2_linear_forward(&s->x, speaker, e, opt->speaker_vector, 1, &v->speaker, NULL);
		in->speaker = speaker;
	}
	if (v->styles.data) {
		if (opt->style < 0 || (size_t)opt->style >= c->n_styles)
			return s2_fail(err, S2ST_EINPUT, "style %d: expected 0 to %zu, the styles of %s", opt->style,
				       c->n_styles - 1, name);
		S2_ALLOC(style, s->input, e, 1, err);
		s2_embedding_row(style, &v->styles, (size_t)opt->style);
		in->style = style;
	}
	return 0;
}

static int set_features(s2_vocoder_input *in, s2_vocoder_state *s, const s2st_vocode_options *opt, s2st_error *err)
{
	const size_t dim = s->v->cfg.feature_dim;
	if (!dim)
		return opt->features ? s2_fail(err, S2ST_EINPUT, "%s takes no features", s->v->name) : 0;
	if (!opt->features || !opt->n_features)
		return s2_fail(err, S2ST_EINPUT, "%s: expected features of %zu numbers a row, found none", s->v->name,
			       dim);
	if (in->n_frames % opt->n_features != 0)
		return s2_fail(err, S2ST_EINPUT,
			       "features: expected a number of rows that divides %zu frames, found %zu", in->n_frames,
			       opt->n_features);
	in->features = opt->features;
	in->feature_repeat = in->n_frames / opt->n_features;
	return 0;
}

int s2_vocoder_input_init(s2_vocoder_input *in, s2_vocoder_state *s, const int32_t *units, size_t n,
			  const s2st_vocode_options *opt, s2st_error *err)
{
	*in = (s2_vocoder_input){.repeat = 1};
	S2_TRY(keep_units(in, s, units, n, err));
	S2_TRY(set_durations(in, s, opt, err));
	S2_TRY(set_f0(in, s, units, n, opt, err));
	S2_TRY(set_speaker(in, s, opt, err));
	S2_TRY(set_features(in, s, opt, err));
	if (s2_vocoder_out_len(s->v, in->n_frames) > MAX_SAMPLES)
		return s2_fail(err, S2ST_EINPUT, "%zu units ask for %zu frames: expected at most %zu samples",
			       in->n_units, in->n_frames, MAX_SAMPLES);
	return 0;
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

/* The unit that frame `frame` of the units belongs to: the first that ends after it. */
static size_t unit_at(const s2_vocoder_input *in, size_t frame)
{
	if (!in->ends)
		return frame;
	size_t lo = 0, hi = in->n_units - 1;
	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;
		if (in->ends[mid] > frame)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static float *put(float *out, const float *row, size_t n)
{
	memcpy(out, row, n * sizeof *out);
	return out + n;
}

static float *put_row(float *out, const s2_weight *embedding, size_t row)
{
	s2_embedding_row(out, embedding, row);
	return out + embedding->dims[1];
}

void s2_vocoder_input_rows(const s2_vocoder_input *in, const s2_vocoder *v, float *out, size_t first, size_t end)
{
	const s2_vocoder_config *c = &v->cfg;
	const size_t e = c->embedding_dim;
	size_t unit = unit_at(in, first / in->repeat);
	for (size_t i = first; i < end; i++) {
		const size_t frame = i / in->repeat;
		if (in->ends)
			while (in->ends[unit] <= frame)
				unit++;
		else
			unit = frame;
		out = put_row(out, &v->dict, (size_t)in->units[unit]);
		if (c->f0) {
			const float f0 = in->f0[i / in->f0_repeat];
			out = c->n_f0_bins ? put_row(out, &v->f0_bins, (size_t)f0) : put(out, &f0, 1);
		}
		if (in->speaker)
			out = put(out, in->speaker, e);
		if (in->style)
			out = put(out, in->style, e);
		if (in->features)
			out = put(out, in->features + i / in->feature_repeat * c->feature_dim, c->feature_dim);
	}
}
