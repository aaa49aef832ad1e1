/* Sessions of an S2UT model: samples -> filter bank -> encoder, and decoding of given tokens. The search is in
 * s2ut_search.c.
 *
 * All memory of a call, results included, lies in the session, whose next call empties it. */
#include <stdlib.h>
#include <string.h>

#include "api/s2ut.h"
#include "search/stacked.h"

static int open_parts(s2st_s2ut_session *s, s2st_error *err)
{
	S2_TRY(s2_exec_init(&s->x, s->m->ctx->pool, s->m->ctx->kernels, err));
	s->results = s2_arena_new();
	if (!s->results)
		return s2_fail_mem(err, "session");
	s->empty = s2_arena_mark(s->x.scratch);
	s->no_results = s2_arena_mark(s->results);
	return s2_s2ut_decoder_init(&s->decoder, &s->m->net, &s->x, err);
}

int s2st_s2ut_session_new(s2st_s2ut_session **out, const s2st_s2ut *m, s2st_error *err)
{
	*out = NULL;
	s2st_s2ut_session *s = calloc(1, sizeof *s);
	if (!s)
		return s2_fail_mem(err, "session");
	s->m = m;
	int rc = open_parts(s, err);
	if (rc < 0) {
		s2st_s2ut_session_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void s2st_s2ut_session_free(s2st_s2ut_session *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_seats; i++)
		s2_arena_free(s->seats[i].memory);
	free(s->seats);
	s2_s2ut_decoder_free(&s->decoder);
	s2_arena_free(s->results);
	s2_exec_free(&s->x);
	free(s);
}

void s2_s2ut_begin(s2st_s2ut_session *s)
{
	s2_arena_reset(s->x.scratch, s->empty);
	s2_arena_reset(s->results, s->no_results);
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

int s2_s2ut_encode_samples(s2st_s2ut_session *s, const float *samples, size_t n, const float *speaker, s2st_matrix *out,
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
	s2_s2ut_begin(s);
	S2_TRY(compute_features(s, samples, n, &feat, &frames, err));
	*out = (s2st_matrix){feat, frames, s->m->data.n_bins};
	return 0;
}

int s2st_s2ut_encode(s2st_s2ut_session *s, const float *samples, size_t n, const float *speaker, s2st_matrix *out,
		     s2st_error *err)
{
	size_t frames;
	s2st_matrix enc;
	s2_s2ut_begin(s);
	S2_TRY(s2_s2ut_encode_samples(s, samples, n, speaker, &enc, &frames, err));
	*out = enc;
	return 0;
}

/* ---- stacked units: a step's tokens as one number and back ---- */

/* Digits in base V - 4, most significant first; a number below 4 is a special symbol and stands for a step of nothing
 * else. */
void s2_s2ut_unpack(const s2_s2ut_config *c, int64_t token, int32_t *tokens)
{
	int64_t base = (int64_t)c->vocab - S2_UNK - 1, rest = token - S2_UNK - 1;
	for (size_t i = c->units_per_step; i-- > 0; rest /= base)
		tokens[i] = (int32_t)(token <= S2_UNK ? token : rest % base + S2_UNK + 1);
}

size_t s2_s2ut_code_units(const s2_s2ut_config *c)
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
		s2_s2ut_unpack(c,
			       i ? s2_pack_units(tokens + 1 + (i - 1) * r, r, c->vocab, s2_s2ut_code_units(c))
				 : tokens[0],
			       out);
}

/* Mean over the heads of one step, out [n]. */
static void mean_of_heads(float *out, const float *weights, size_t heads, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float sum = 0;
		for (size_t h = 0; h < heads; h++)
			sum += weights[h * n + i];
		out[i] = sum / (float)heads;
	}
}

/* log_probs [steps, r, vocab]; attention [steps, enc->rows], NULL: not wanted. */
static int force(s2st_s2ut_session *s, const s2st_matrix *enc, const int32_t *tokens, size_t steps, float *log_probs,
		 float *attention, s2st_error *err)
{
	const s2_s2ut_config *c = &s->m->net.cfg;
	size_t r = c->units_per_step, heads = c->decoder.heads;
	float *weights = NULL;
	int32_t *step;
	s2_cache sentence;
	S2_ALLOC(step, s->x.scratch, r, 1, err);
	if (attention)
		S2_ALLOC(weights, s->x.scratch, heads, enc->rows, err);
	S2_TRY(s2_s2ut_decoder_enter(&s->decoder, &sentence, s->x.scratch, enc->data, enc->rows, 1, steps, err));
	sentence.cross_weights = weights;
	int rc = 0;
	for (size_t i = 0; i < steps && rc >= 0; i++) {
		forced_step(c, tokens, i, step);
		rc = s2_s2ut_decoder_step(&s->decoder, &(s2_s2ut_input){&sentence, step, NULL, 1}, 1, 1,
					  log_probs + i * r * c->vocab, err);
		if (rc >= 0 && attention)
			mean_of_heads(attention + i * enc->rows, weights, heads, enc->rows);
	}
	s2_cache_release(&sentence);
	return rc;
}

/* `attention` NULL: not wanted. */
static int force_samples(s2st_s2ut_session *s, const float *samples, size_t n, const float *speaker,
			 const int32_t *tokens, size_t n_tokens, s2st_matrix *log_probs, s2st_matrix *attention,
			 s2st_error *err)
{
	const s2_s2ut_config *c = &s->m->net.cfg;
	size_t frames, r = c->units_per_step;
	s2st_matrix enc;
	float *probs, *looks = NULL;
	S2_TRY(check_forced(c, tokens, n_tokens, err));
	s2_s2ut_begin(s);
	S2_TRY(s2_s2ut_encode_samples(s, samples, n, speaker, &enc, &frames, err));
	size_t steps = 1 + (n_tokens - 1) / r;
	S2_ALLOC(probs, s->x.scratch, steps * r, c->vocab, err);
	if (attention)
		S2_ALLOC(looks, s->x.scratch, steps, enc.rows, err);
	S2_TRY(force(s, &enc, tokens, steps, probs, looks, err));
	*log_probs = (s2st_matrix){probs, steps * r, c->vocab};
	if (attention)
		*attention = (s2st_matrix){looks, steps, enc.rows};
	return 0;
}

int s2st_s2ut_force(s2st_s2ut_session *s, const float *samples, size_t n, const float *speaker, const int32_t *tokens,
		    size_t n_tokens, s2st_matrix *out, s2st_error *err)
{
	return force_samples(s, samples, n, speaker, tokens, n_tokens, out, NULL, err);
}

int s2st_s2ut_attention(s2st_s2ut_session *s, const float *samples, size_t n, const float *speaker, int32_t first,
			const int32_t *tokens, size_t n_tokens, s2st_matrix *out, s2st_error *err)
{
	const size_t r = s->m->net.cfg.units_per_step;
	if (n_tokens < r || n_tokens % r)
		return s2_fail(err, S2ST_EINPUT, "attention: expected %zu tokens a step, found %zu in all", r,
			       n_tokens);
	s2st_matrix log_probs;
	int32_t *input = reallocarray(NULL, 1 + n_tokens - r, sizeof *input);
	if (!input)
		return s2_fail_mem(err, "attention");
	input[0] = first; /* each step is given what the one before chose */
	memcpy(input + 1, tokens, (n_tokens - r) * sizeof *input);
	const int rc = force_samples(s, samples, n, speaker, input, 1 + n_tokens - r, &log_probs, out, err);
	free(input);
	return rc;
}
