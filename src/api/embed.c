/* s2st_embedder_* of the public header over models/laser.h and models/ecapa.h. */
#include <stdlib.h>

#include "api/context.h"
#include "models/ecapa.h"
#include "models/kind.h"
#include "models/laser.h"

struct s2st_embedder {
	const s2st_context *ctx;
	s2_encoder *net;
	s2_ecapa *speaker; /* NULL: SpeechLASER */
};

struct s2st_embedder_session {
	const s2st_embedder *m;
	s2_exec x;
	float *vector; /* [dim] */
};

static int open_parts(s2st_embedder *m, const char *model, s2st_error *err)
{
	S2_TRY(s2_encoder_open(&m->net, model, m->ctx->precision, err));
	return s2_model_kind(m->net->ckpt) == S2_KIND_SPEAKER ? s2_ecapa_open(&m->speaker, m->net, err)
							      : s2_laser_check(m->net, err);
}

static size_t dim_of(const s2st_embedder *m)
{
	return m->speaker ? m->speaker->dim : m->net->config.n_vocab;
}

int s2st_embedder_open(s2st_embedder **out, s2st_context *ctx, const char *model, s2st_error *err)
{
	*out = NULL;
	s2st_embedder *m = calloc(1, sizeof *m);
	if (!m)
		return s2_fail_mem(err, "model");
	m->ctx = ctx;
	int rc = open_parts(m, model, err);
	if (rc < 0)
		s2st_embedder_free(m);
	else
		*out = m;
	return rc;
}

void s2st_embedder_free(s2st_embedder *m)
{
	if (!m)
		return;
	s2_ecapa_free(m->speaker);
	s2_encoder_free(m->net);
	free(m);
}

void s2st_embedder_get_info(const s2st_embedder *m, s2st_embedder_info *out)
{
	const s2_encoder_config *c = &m->net->config;
	*out = (s2st_embedder_info){
		.kind = m->speaker ? s2_kind_name(S2_KIND_SPEAKER) : c->kind,
		.dim = (int)dim_of(m),
		.sample_rate = c->sample_rate,
		.normalize = c->normalize,
	};
}

static int fill(s2st_embedder_session *s, s2st_error *err)
{
	S2_TRY(s2_exec_init(&s->x, s->m->ctx->pool, s->m->ctx->kernels, err));
	s->vector = reallocarray(NULL, dim_of(s->m), sizeof *s->vector);
	return s->vector ? S2ST_OK : s2_fail_mem(err, "session");
}

int s2st_embedder_session_new(s2st_embedder_session **out, const s2st_embedder *m, s2st_error *err)
{
	*out = NULL;
	s2st_embedder_session *s = calloc(1, sizeof *s);
	if (!s)
		return s2_fail_mem(err, "session");
	s->m = m;
	int rc = fill(s, err);
	if (rc < 0)
		s2st_embedder_session_free(s);
	else
		*out = s;
	return rc;
}

void s2st_embedder_session_free(s2st_embedder_session *s)
{
	if (!s)
		return;
	s2_exec_free(&s->x);
	free(s->vector);
	free(s);
}

int s2st_embed(s2st_embedder_session *s, const float *samples, size_t n, const float **out, s2st_error *err)
{
	s2_mark mark = s2_arena_mark(s->x.scratch);
	S2_TRY(s2_check_samples(samples, n, err));
	int rc = s->m->speaker ? s2_ecapa_embed(&s->x, s->m->speaker, s->vector, samples, n, err)
			       : s2_laser_embed(&s->x, s->m->net, s->vector, samples, n, err);
	s2_arena_reset(s->x.scratch, mark); /* after a failure too */
	*out = rc == S2ST_OK ? s->vector : NULL;
	return rc;
}
