/* Running an S2UT model: samples -> filter bank -> encoder -> search -> units.
 *
 * All memory of a call, results included, lies in the session's scratch arena, which the next call empties. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/s2ut.h"
#include "base/size.h"
#include "search/stacked.h"

struct s2st_s2ut_session {
	const s2st_s2ut *m;
	s2_exec x;
	s2_mark empty;
};

int s2st_s2ut_session_new(s2st_s2ut_session **out, const s2st_s2ut *m, s2st_error *err)
{
	*out = NULL;
	s2st_s2ut_session *s = calloc(1, sizeof *s);
	if (!s)
		return s2_fail_mem(err, "session");
	s->m = m;
	int rc = s2_exec_init(&s->x, m->ctx->pool, m->ctx->kernels, err);
	if (rc < 0) {
		s2st_s2ut_session_free(s);
		return rc;
	}
	s->empty = s2_arena_mark(s->x.scratch);
	*out = s;
	return 0;
}

void s2st_s2ut_session_free(s2st_s2ut_session *s)
{
	if (!s)
		return;
	s2_exec_free(&s->x);
	free(s);
}

/* ---- features and encoder ---- */

/* An XM transformer's input: the samples themselves, [n, 1]. */
static int prepare_samples(s2st_s2ut_session *s, const float *samples, size_t n, float **out, s2st_error *err)
{
	size_t least = s2_encoder_min_samples(&s->m->net.xm.speech.config), limit = s->m->net.cfg.max_source_positions;
	if (n < least)
		return s2_fail(err, S2ST_EINPUT, "the audio is too short: expected at least %zu samples, found %zu",
			       least, n);
	if (n > limit)
		return s2_fail(err, S2ST_EINPUT,
			       "the audio is too long: the model takes at most %zu samples (max_source_positions), "
			       "found %zu",
			       limit, n);
	S2_ALLOC(*out, s->x.scratch, n, 1, err);
	memcpy(*out, samples, n * sizeof **out);
	if (s->m->standardize)
		s2_encoder_normalize(*out, n);
	return 0;
}

static int compute_features(s2st_s2ut_session *s, const float *samples, size_t n, float **feat, size_t *frames,
			    s2st_error *err)
{
	const s2st_s2ut *m = s->m;
	size_t limit = m->net.cfg.max_source_positions;
	s2_arena_reset(s->x.scratch, s->empty);
	S2_TRY(s2_check_samples(samples, n, err));
	*frames = m->data.waveform ? n : s2_fbank_frames(m->fbank, n);
	if (m->data.waveform)
		return prepare_samples(s, samples, n, feat, err);
	if (*frames == 0)
		return s2_fail(err, S2ST_EINPUT,
			       "the audio is too short: expected at least 400 samples (25 ms) at 16 kHz, found %zu", n);
	if (*frames > limit)
		return s2_fail(err, S2ST_EINPUT,
			       "the audio is too long: the model takes at most %zu frames of 10 ms "
			       "(max_source_positions), found %zu",
			       limit, *frames);
	S2_ALLOC(*feat, s->x.scratch, *frames, m->data.n_bins, err);
	S2_TRY(s2_fbank_compute(m->fbank, *feat, samples, n, s->x.scratch, err));
	s2_data_config_apply(&m->data, *feat, *frames);
	return 0;
}

static int encode(s2st_s2ut_session *s, const float *samples, size_t n, const float *speaker, s2st_matrix *out,
		  size_t *frames, s2st_error *err)
{
	const s2_s2ut_config *c = &s->m->net.cfg;
	float *feat, *enc;
	if (c->speaker_dim && !speaker)
		return s2_fail(err, S2ST_EINPUT, "%s: expected a speaker vector of %zu values, found none",
			       s2_checkpoint_path(s->m->ckpt), c->speaker_dim);
	S2_TRY(compute_features(s, samples, n, &feat, frames, err));
	S2_TRY(s2_s2ut_encode(&s->m->net, &s->x, feat, *frames, speaker, &enc, &out->rows, err));
	out->data = enc;
	out->cols = c->encoder.dim;
	return 0;
}

int s2st_s2ut_features(s2st_s2ut_session *s, const float *samples, size_t n, s2st_matrix *out, s2st_error *err)
{
	float *feat;
	size_t frames;
	S2_TRY(compute_features(s, samples, n, &feat, &frames, err));
	*out = (s2st_matrix){feat, frames, s->m->data.n_bins};
	return 0;
}

int s2st_s2ut_encode(s2st_s2ut_session *s, const float *samples, size_t n, const float *speaker, s2st_matrix *out,
		     s2st_error *err)
{
	size_t frames;
	s2st_matrix enc;
	S2_TRY(encode(s, samples, n, speaker, &enc, &frames, err));
	*out = enc;
	return 0;
}

/* ---- stacked units: a step's tokens as one number and back ---- */

/* StackedEmbedding.forward: digits in base V - 4, most significant first; a number below 4 is a special symbol and
 * stands for a step of nothing else. */
static void unpack_units(const s2_s2ut_config *c, int64_t token, int32_t *tokens)
{
	int64_t base = (int64_t)c->vocab - S2_UNK - 1, rest = token - S2_UNK - 1;
	for (size_t i = c->units_per_step; i-- > 0; rest /= base)
		tokens[i] = (int32_t)(token <= S2_UNK ? token : rest % base + S2_UNK + 1);
}

static size_t n_code_units(const s2_s2ut_config *c)
{
	return c->code_size ? c->code_size : c->vocab - S2_UNK - 1;
}

/* ---- forced decoding ---- */

static int check_forced(const s2_s2ut_config *c, const int32_t *tokens, size_t n, s2st_error *err)
{
	size_t r = c->units_per_step, steps = n ? 1 + (n - 1) / r : 0;
	if (n == 0 || (n - 1) % r)
		return s2_fail(err, S2ST_EINPUT, "forced decoding: expected one token and then %zu a step, found %zu",
			       r, n);
	if (steps > c->max_target_positions)
		return s2_fail(err, S2ST_EINPUT, "forced decoding: expected at most %zu steps, found %zu",
			       c->max_target_positions, steps);
	for (size_t i = 0; i < n; i++)
		if (tokens[i] < 0 || (size_t)tokens[i] >= c->vocab || tokens[i] == S2_PAD)
			return s2_fail(
				err, S2ST_EINPUT,
				"forced decoding: expected token ids below %zu other than %d (padding), found %d",
				c->vocab, S2_PAD, (int)tokens[i]);
	return 0;
}

/* Tokens of step i as the decoder wants them. */
static void forced_step(const s2_s2ut_config *c, const int32_t *tokens, size_t i, int32_t *out)
{
	size_t r = c->units_per_step;
	if (r == 1)
		out[0] = tokens[i];
	else
		unpack_units(c, i ? s2_pack_units(tokens + 1 + (i - 1) * r, r, c->vocab, n_code_units(c)) : tokens[0],
			     out);
}

int s2st_s2ut_force(s2st_s2ut_session *s, const float *samples, size_t n, const float *speaker, const int32_t *tokens,
		    size_t n_tokens, s2st_matrix *out, s2st_error *err)
{
	const s2_s2ut_config *c = &s->m->net.cfg;
	size_t frames, r = c->units_per_step;
	s2st_matrix enc;
	s2_s2ut_decoder d;
	float *log_probs;
	int32_t *step;
	S2_TRY(check_forced(c, tokens, n_tokens, err));
	S2_TRY(encode(s, samples, n, speaker, &enc, &frames, err));
	size_t steps = 1 + (n_tokens - 1) / r;
	S2_ALLOC(log_probs, s->x.scratch, steps * r, c->vocab, err);
	S2_ALLOC(step, s->x.scratch, r, 1, err);
	S2_TRY(s2_s2ut_decoder_init(&d, &s->m->net, &s->x, enc.data, enc.rows, 1, steps, err));
	for (size_t i = 0; i < steps; i++) {
		forced_step(c, tokens, i, step);
		S2_TRY(s2_s2ut_decoder_step(&d, step, NULL, 1, 1, log_probs + i * r * c->vocab, err));
	}
	*out = (s2st_matrix){log_probs, steps * r, c->vocab};
	return 0;
}

/* ---- search ---- */

s2st_search_options s2st_search_defaults(void)
{
	return (s2st_search_options){
		.beam = 5, .nbest = 1, .max_len_b = 200, .min_len = 1, .lenpen = 1, .temperature = 1};
}

s2st_search_options s2st_s2ut_search_defaults(const s2st_s2ut *m)
{
	s2st_search_options o = s2st_search_defaults();
	if (m->net.cfg.waveform) {
		o.beam = 10;
		o.max_len_a = 1.0 / 320;
	}
	return o;
}

static int check_options(const s2st_search_options *o, s2st_error *err)
{
	if (o->beam < 1 || o->nbest < 1 || o->nbest > o->beam)
		return s2_fail(err, S2ST_EINPUT, "search: expected 1 <= nbest <= beam, found nbest %d and beam %d",
			       o->nbest, o->beam);
	if (!(o->max_len_a >= 0 && o->max_len_a < INFINITY) || o->max_len_b < 0 || o->min_len < 0)
		return s2_fail(err, S2ST_EINPUT,
			       "search: expected max_len_a, max_len_b and min_len of 0 or more, found %g, %d and %d",
			       o->max_len_a, o->max_len_b, o->min_len);
	return 0;
}

/* min(int(a * src_len + b), max_decoder_positions - 1), with the utterance's own length. */
static size_t longest_output(const s2_s2ut_config *c, const s2st_search_options *o, size_t frames)
{
	double asked = floor(o->max_len_a * (double)frames + o->max_len_b);
	size_t most = c->max_target_positions - 1;
	return asked < (double)most ? (size_t)asked : most;
}

static int beam_step(void *self, size_t step, const int32_t *tokens, const int32_t *parent, size_t rows,
		     float temperature, float *log_probs, s2st_error *err)
{
	(void)step;
	return s2_s2ut_decoder_step(self, tokens, parent, rows, temperature, log_probs, err);
}

static int search_beam(s2st_s2ut_session *s, const s2st_search_options *o, const s2st_matrix *enc, size_t frames,
		       s2_beam_hyp **hyps, size_t *n, s2st_error *err)
{
	const s2_s2ut_config *c = &s->m->net.cfg;
	int32_t first = s->m->first_token, prefix = s->m->first_output;
	if (o->prefix)
		S2_TRY(s2_s2ut_token(s->m, o->prefix, s->m->data.lang_tag_first ? &first : &prefix, err));
	if (first == S2_ASK || prefix == S2_ASK)
		return s2_fail(err, S2ST_EINPUT,
			       "%s: speaks several languages: expected a prefix that names one, found none",
			       s2_checkpoint_path(s->m->ckpt));
	size_t max_len = longest_output(c, o, frames), beam = s2_min((size_t)o->beam, c->vocab - 1);
	if ((size_t)o->min_len > max_len)
		return s2_fail(err, S2ST_EINPUT, "search: min_len %d is above the longest output, %zu tokens",
			       o->min_len, max_len);
	s2_s2ut_decoder d;
	S2_TRY(s2_s2ut_decoder_init(&d, &s->m->net, &s->x, enc->data, enc->rows, beam, max_len + 1, err));
	const s2_beam_decoder decoder = {.self = &d,
					 .vocab = c->vocab,
					 .bos = first,
					 .pad = S2_PAD,
					 .eos = s->m->eos,
					 .unk = S2_UNK,
					 .step = beam_step};
	const s2_beam_options opt = {
		.beam = o->beam,
		.nbest = o->nbest,
		.max_len = max_len,
		.min_len = (size_t)o->min_len,
		.lenpen = o->lenpen,
		.unkpen = o->unkpen,
		.temperature = o->temperature,
		.normalize = true,
		.no_repeat_ngram = o->no_repeat_ngram,
		.prefix = &prefix,
		.n_prefix = prefix != S2_FREE,
	};
	return s2_beam_search(&decoder, &opt, s->x.scratch, s->x.scratch, hyps, n, err);
}

static int stacked_step(void *self, size_t step, int64_t token, float *log_probs, s2st_error *err)
{
	s2_s2ut_decoder *d = self;
	int32_t tokens[S2_MAX_UNITS_PER_STEP];
	(void)step;
	unpack_units(&d->m->cfg, token, tokens);
	return s2_s2ut_decoder_step(d, tokens, NULL, 1, 1, log_probs, err);
}

static int search_stacked(s2st_s2ut_session *s, const s2st_matrix *enc, s2_beam_hyp **hyps, size_t *n, s2st_error *err)
{
	const s2_s2ut_config *c = &s->m->net.cfg;
	s2_s2ut_decoder d;
	S2_TRY(s2_s2ut_decoder_init(&d, &s->m->net, &s->x, enc->data, enc->rows, 1, c->max_target_positions, err));
	const s2_stacked_decoder decoder = {
		.self = &d,
		.vocab = c->vocab,
		.n_units = n_code_units(c),
		.units_per_step = c->units_per_step,
		.pad = S2_PAD,
		.eos = S2_EOS,
		.unk = S2_UNK,
		.step = stacked_step,
	};
	S2_ZALLOC(*hyps, s->x.scratch, 1, 1, err);
	*n = 1;
	return s2_stacked_search(&decoder, c->max_target_positions, s->x.scratch, s->x.scratch, *hyps, err);
}

/* Units are the tokens with numeric symbols: language tags and </s> are not spoken. */
static int publish(const s2st_s2ut_session *s, s2st_hypothesis *to, const s2_beam_hyp *h, s2st_error *err)
{
	int32_t *units;
	size_t n_units = 0;
	S2_ALLOC(units, s->x.scratch, h->n, 1, err);
	for (size_t i = 0; i < h->n; i++) {
		int32_t unit = s2_dict_unit(s->m->dict, (size_t)h->tokens[i]);
		if (unit >= 0)
			units[n_units++] = unit;
	}
	*to = (s2st_hypothesis){.tokens = h->tokens,
				.n_tokens = h->n,
				.units = units,
				.n_units = n_units,
				.positional_scores = h->positional_scores,
				.score = (double)h->score,
				.hit_max_len = h->hit_max_len};
	return 0;
}

int s2st_s2ut_generate(s2st_s2ut_session *s, const float *samples, size_t n, const s2st_search_options *opt,
		       s2st_nbest *out, s2st_error *err)
{
	const s2st_search_options o = opt ? *opt : s2st_s2ut_search_defaults(s->m);
	s2st_matrix enc;
	size_t frames, n_hyps;
	s2_beam_hyp *hyps;
	s2st_hypothesis *published;
	S2_TRY(check_options(&o, err));
	S2_TRY(encode(s, samples, n, o.speaker, &enc, &frames, err));
	if (s->m->net.cfg.units_per_step > 1)
		S2_TRY(search_stacked(s, &enc, &hyps, &n_hyps, err));
	else
		S2_TRY(search_beam(s, &o, &enc, frames, &hyps, &n_hyps, err));
	S2_ALLOC(published, s->x.scratch, n_hyps, 1, err);
	for (size_t i = 0; i < n_hyps; i++)
		S2_TRY(publish(s, &published[i], &hyps[i], err));
	*out = (s2st_nbest){published, n_hyps};
	return 0;
}
