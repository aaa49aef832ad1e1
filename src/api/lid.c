/* s2st_lid_* of the public header over models/lid.h. */
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "models/lid.h"

struct s2st_lid {
	const s2st_context *ctx;
	s2_lid *model;
};

struct s2st_lid_session {
	const s2st_lid *m;
	s2_exec x;
	float *log_probs;    /* [n] languages */
	s2st_guess *guesses; /* [n] */
};

int s2st_lid_open(s2st_lid **out, s2st_context *ctx, const s2st_lid_files *files, s2st_error *err)
{
	*out = NULL;
	s2st_lid *m = calloc(1, sizeof *m);
	if (!m)
		return s2_fail_mem(err, "model");
	m->ctx = ctx;
	int rc = s2_lid_open(&m->model, files->model, files->dict, ctx->precision, err);
	if (rc < 0)
		s2st_lid_free(m);
	else
		*out = m;
	return rc;
}

void s2st_lid_free(s2st_lid *m)
{
	if (!m)
		return;
	s2_lid_free(m->model);
	free(m);
}

void s2st_lid_get_info(const s2st_lid *m, s2st_lid_info *out)
{
	const s2_encoder_config *c = &m->model->net->config;
	*out = (s2st_lid_info){
		.kind = c->kind,
		.n_languages = (int)m->model->n,
		.sample_rate = c->sample_rate,
		.normalize = c->normalize,
	};
}

int s2st_lid_session_new(s2st_lid_session **out, const s2st_lid *m, s2st_error *err)
{
	*out = NULL;
	s2st_lid_session *s = calloc(1, sizeof *s);
	if (!s)
		return s2_fail_mem(err, "session");
	s->m = m;
	s->log_probs = calloc(m->model->n, sizeof *s->log_probs);
	s->guesses = calloc(m->model->n, sizeof *s->guesses);
	int rc = s->log_probs && s->guesses ? s2_exec_init(&s->x, m->ctx->pool, m->ctx->kernels, err)
					    : s2_fail_mem(err, "session");
	if (rc < 0)
		s2st_lid_session_free(s);
	else
		*out = s;
	return rc;
}

void s2st_lid_session_free(s2st_lid_session *s)
{
	if (!s)
		return;
	s2_exec_free(&s->x);
	free(s->log_probs);
	free(s->guesses);
	free(s);
}

/* Likeliest first; equally likely ones by name, so that the order is always the same. */
static int by_likelihood(const void *a, const void *b)
{
	const s2st_guess *p = a, *q = b;
	if (p->log_prob != q->log_prob)
		return p->log_prob > q->log_prob ? -1 : 1;
	return strcmp(p->language, q->language);
}

int s2st_identify(s2st_lid_session *s, const float *samples, size_t n, const s2st_guess **out, s2st_error *err)
{
	const s2_lid *m = s->m->model;
	s2_mark mark = s2_arena_mark(s->x.scratch);
	*out = NULL;
	S2_TRY(s2_check_samples(samples, n, err));
	int rc = s2_lid_run(&s->x, m, s->log_probs, samples, n, err);
	s2_arena_reset(s->x.scratch, mark); /* after a failure too */
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < m->n; i++)
		s->guesses[i] = (s2st_guess){m->labels[i], s->log_probs[i]};
	qsort(s->guesses, m->n, sizeof *s->guesses, by_likelihood);
	*out = s->guesses;
	return S2ST_OK;
}
