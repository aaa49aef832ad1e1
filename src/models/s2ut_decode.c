/* The unit decoder, one step for all hypotheses of some sentences. */
#include <string.h>

#include "math/ops.h"
#include "models/s2ut.h"

int s2_s2ut_decoder_init(s2_s2ut_decoder *d, const s2_s2ut *m, const s2_exec *x, s2st_error *err)
{
	*d = (s2_s2ut_decoder){.m = m, .x = x};
	return s2_past_store_init(&d->store, m->cfg.decoder_layers, m->cfg.decoder.heads, m->cfg.decoder.dim, err);
}

void s2_s2ut_decoder_free(s2_s2ut_decoder *d)
{
	s2_past_store_free(&d->store);
}

int s2_s2ut_decoder_enter(s2_s2ut_decoder *d, s2_cache *sentence, s2_arena *a, const float *enc, size_t enc_len,
			  size_t rows, size_t max_steps, s2st_error *err)
{
	const s2_s2ut_config *c = &d->m->cfg;
	if (max_steps > c->max_target_positions)
		max_steps = c->max_target_positions;
	S2_TRY(s2_cache_init(sentence, d->x, &d->store, a, rows, max_steps, enc_len, err));
	for (size_t i = 0; i < c->decoder_layers; i++)
		S2_TRY(s2_transformer_cross(d->x, &d->m->w.decoder[i], sentence, i, enc, err));
	return 0;
}

/* ---- one step ---- */

typedef struct step {
	const s2_s2ut *m;
	const s2_exec *x;
	const s2_s2ut_input *in;
	s2_cache_batch batch;
	float *h; /* [batch.rows, d'] */
} step;

/* Positions of the newest tokens. */
static int add_positions(const step *t, s2st_error *err)
{
	const s2_s2ut_config *c = &t->m->cfg;
	size_t dim = c->decoder.dim;
	float *position, *h = t->h;
	S2_ALLOC(position, t->x->scratch, dim, 1, err);
	for (size_t s = 0; s < t->batch.n; s++) {
		const s2_cache *sentence = t->batch.sentences[s];
		size_t at = S2_FIRST_POSITION + sentence->n_steps - 1;
		if (c->learned_positions)
			s2_embedding_row(position, &t->m->w.positions, at);
		else
			s2_sinusoid(position, at, dim);
		for (size_t r = 0; r < sentence->rows; r++, h += dim)
			s2_add_scaled(t->x, h, position, dim, 1);
	}
	return 0;
}

/* t->h: embedded tokens, scaled, with their positions. */
static int embed(const step *t, s2st_error *err)
{
	const s2_s2ut_config *c = &t->m->cfg;
	const s2_s2ut_weights *w = &t->m->w;
	size_t r = c->units_per_step, rows = t->batch.rows, dim = c->decoder.dim;
	float *embedded = t->h, *wide;
	if (w->project_in.w.data)
		S2_ALLOC(embedded, t->x->scratch, rows, c->embed_dim, err);
	wide = embedded;
	if (r > 1)
		S2_ALLOC(wide, t->x->scratch, rows, r * c->embed_dim, err);
	for (size_t s = 0, at = 0; s < t->batch.n; s++)
		for (size_t i = 0; i < t->in[s].rows * r; i++, at++)
			s2_embedding_row(wide + at * c->embed_dim, &w->embed, (size_t)t->in[s].tokens[i]);
	if (r > 1)
		s2_linear_forward(t->x, embedded, c->embed_dim, wide, rows, &w->stack_in, NULL);
	s2_scale(t->x, embedded, rows * c->embed_dim, c->decoder_scale);
	if (w->project_in.w.data)
		s2_linear_forward(t->x, t->h, dim, embedded, rows, &w->project_in, NULL);
	if (c->token_positions)
		S2_TRY(add_positions(t, err));
	if (w->embed_norm.w)
		s2_norm_forward(t->x, t->h, t->h, rows, dim, &w->embed_norm);
	return 0;
}

static int project(const step *t, float temperature, float *log_probs, s2st_error *err)
{
	const s2_s2ut_config *c = &t->m->cfg;
	const s2_s2ut_weights *w = &t->m->w;
	size_t rows = t->batch.rows, r = c->units_per_step, n = rows * r;
	float *f = t->h, *features, *stacked;
	if (w->decoder_norm.w)
		s2_norm_forward(t->x, f, f, rows, c->decoder.dim, &w->decoder_norm);
	if (w->project_out.w.data) {
		S2_ALLOC(features, t->x->scratch, rows, c->output_dim, err);
		s2_linear_forward(t->x, features, c->output_dim, f, rows, &w->project_out, NULL);
		f = features;
	}
	if (r > 1) {
		S2_ALLOC(stacked, t->x->scratch, rows, r * c->output_dim, err);
		s2_linear_forward(t->x, stacked, r * c->output_dim, f, rows, &w->stack_out, NULL);
		f = stacked;
	}
	s2_linear_forward(t->x, log_probs, c->vocab, f, n, &w->output, NULL);
	for (size_t i = 0; temperature != 1 && i < n * c->vocab; i++)
		log_probs[i] /= temperature;
	s2_log_softmax(t->x, log_probs, n, c->vocab);
	return 0;
}

static int check_tokens(const s2_s2ut_config *c, const s2_s2ut_input *in, s2st_error *err)
{
	for (size_t i = 0; i < in->rows * c->units_per_step; i++)
		if (in->tokens[i] < 0 || (size_t)in->tokens[i] >= c->vocab)
			return s2_fail(err, S2ST_EINPUT, "token %d is outside the dictionary of %zu",
				       (int)in->tokens[i], c->vocab);
	return 0;
}

/* All sentences one step on. */
static int gather(s2_s2ut_decoder *d, step *t, size_t n, s2st_error *err)
{
	s2_cache **sentences;
	S2_ALLOC(sentences, d->x->scratch, n, 1, err);
	t->batch = (s2_cache_batch){.store = &d->store, .sentences = sentences, .n = n};
	for (size_t s = 0; s < n; s++) {
		S2_TRY(check_tokens(&d->m->cfg, &t->in[s], err));
		S2_TRY(s2_cache_advance(t->in[s].sentence, t->in[s].parent, t->in[s].rows, err));
		sentences[s] = t->in[s].sentence;
		t->batch.rows += t->in[s].rows;
	}
	S2_ALLOC(t->h, d->x->scratch, t->batch.rows, d->m->cfg.decoder.dim, err);
	return 0;
}

int s2_s2ut_decoder_step(s2_s2ut_decoder *d, const s2_s2ut_input *in, size_t n, float temperature, float *log_probs,
			 s2st_error *err)
{
	const s2_s2ut_config *c = &d->m->cfg;
	step t = {.m = d->m, .x = d->x, .in = in};
	s2_mark mark = s2_arena_mark(d->x->scratch);
	S2_TRY(gather(d, &t, n, err));
	S2_TRY(embed(&t, err));
	for (size_t i = 0; i < c->decoder_layers; i++)
		S2_TRY(s2_transformer_step(d->x, &c->decoder, &d->m->w.decoder[i], &t.batch, i, t.h, err));
	S2_TRY(project(&t, temperature, log_probs, err));
	s2_arena_reset(d->x->scratch, mark);
	return 0;
}
