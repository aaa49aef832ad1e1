/* s2st_vocoder_* of the public header over models/vocoder.h. */
#include "models/vocoder.h"

#include <stdlib.h>

#include "api/context.h"

struct s2st_vocoder {
	const s2st_context *ctx;
	s2_vocoder net;
};

struct s2st_vocoder_session {
	s2_vocoder_state state;
};

int s2st_vocoder_open(s2st_vocoder **out, s2st_context *ctx, const char *model, const char *config, s2st_error *err)
{
	*out = NULL;
	s2st_vocoder *v = calloc(1, sizeof *v);
	if (!v)
		return s2_fail_mem(err, model);
	v->ctx = ctx;
	const int rc = s2_vocoder_open(&v->net, model, config, ctx->precision, err);
	if (rc < 0) {
		s2st_vocoder_free(v);
		return rc;
	}
	*out = v;
	return S2ST_OK;
}

void s2st_vocoder_free(s2st_vocoder *v)
{
	if (!v)
		return;
	s2_vocoder_free(&v->net);
	free(v);
}

void s2st_vocoder_get_info(const s2st_vocoder *v, s2st_vocoder_info *out)
{
	const s2_vocoder_config *c = &v->net.cfg;
	*out = (s2st_vocoder_info){
		.n_units = (int)c->n_units,
		.n_speakers = c->multispkr && !c->embedder ? (int)c->n_speakers : 0,
		.speaker_dim = c->multispkr && c->embedder ? (int)c->embedder_dim : 0,
		.n_styles = c->multistyle ? (int)c->n_styles : 0,
		.has_duration_predictor = c->has_durations,
		.has_f0 = c->f0,
		.n_f0_bins = c->f0 ? (int)c->n_f0_bins : 0,
		.feature_dim = (int)c->feature_dim,
		.sample_rate = c->sample_rate,
		.hop = (int)c->hop,
	};
}

int s2st_vocoder_session_new(s2st_vocoder_session **out, const s2st_vocoder *v, s2st_error *err)
{
	*out = NULL;
	s2st_vocoder_session *s = calloc(1, sizeof *s);
	if (!s)
		return s2_fail_mem(err, "a vocoder session");
	const int rc = s2_vocoder_state_init(&s->state, &v->net, v->ctx->pool, v->ctx->kernels, err);
	if (rc < 0) {
		s2st_vocoder_session_free(s);
		return rc;
	}
	*out = s;
	return S2ST_OK;
}

void s2st_vocoder_session_free(s2st_vocoder_session *s)
{
	if (!s)
		return;
	s2_vocoder_state_free(&s->state);
	free(s);
}

int s2st_vocoder_run(s2st_vocoder_session *s, const int32_t *units, size_t n, const s2st_vocode_options *opt,
		     s2st_waveform *out, s2st_error *err)
{
	const s2st_vocode_options none = {0};
	return s2_vocoder_run(&s->state, units, n, opt ? opt : &none, out, err);
}
