/* The unit decoder, one step for all hypotheses of a sentence. */
#include <string.h>

#include "math/ops.h"
#include "models/s2ut.h"

int s2_s2ut_decoder_init(s2_s2ut_decoder *d, const s2_s2ut *m, const s2_exec *x, const float *enc, size_t enc_len,
			 size_t rows, size_t max_steps, s2st_error *err)
{
	const s2_s2ut_config *c = &m->cfg;
	size_t r = c->units_per_step;
	if (max_steps > c->max_target_positions)
		max_steps = c->max_target_positions;
	*d = (s2_s2ut_decoder){.m = m, .x = x};
	S2_TRY(s2_cache_init(&d->cache, x->scratch, c->decoder_layers, c->decoder.dim, rows, max_steps, enc_len, err));
	S2_ALLOC(d->h, x->scratch, rows, c->decoder.dim, err);
	S2_ALLOC(d->wide, x->scratch, rows, r * c->embed_dim, err);
	S2_ALLOC(d->embedded, x->scratch, rows, c->embed_dim, err);
	S2_ALLOC(d->features, x->scratch, rows, c->output_dim, err);
	S2_ALLOC(d->stacked, x->scratch, rows, r * c->output_dim, err);
	S2_ALLOC(d->position, x->scratch, c->decoder.dim, 1, err);
	for (size_t i = 0; i < c->decoder_layers; i++)
		s2_transformer_cross(x, &m->w.decoder[i], &d->cache, i, enc);
	return 0;
}

/* d->h [rows, dim]: embedded tokens, scaled, with their position. */
static void embed(s2_s2ut_decoder *d, const int32_t *tokens, size_t rows)
{
	const s2_s2ut_config *c = &d->m->cfg;
	const s2_s2ut_weights *w = &d->m->w;
	size_t r = c->units_per_step, step = d->cache.n_steps - 1, dim = c->decoder.dim;
	float *to = w->project_in.w.data ? d->embedded : d->h;
	float *rows_out = r > 1 ? d->wide : to;
	for (size_t i = 0; i < rows * r; i++)
		s2_embedding_row(rows_out + i * c->embed_dim, &w->embed, (size_t)tokens[i]);
	if (r > 1)
		s2_linear_forward(d->x, to, c->embed_dim, d->wide, rows, &w->stack_in, NULL);
	s2_scale(d->x, to, rows * c->embed_dim, c->decoder_scale);
	if (w->project_in.w.data)
		s2_linear_forward(d->x, d->h, dim, to, rows, &w->project_in, NULL);
	if (c->token_positions) {
		if (c->learned_positions)
			s2_embedding_row(d->position, &w->positions, S2_FIRST_POSITION + step);
		else
			s2_sinusoid(d->position, S2_FIRST_POSITION + step, dim);
		for (size_t i = 0; i < rows; i++)
			s2_add_scaled(d->x, d->h + i * dim, d->position, dim, 1);
	}
	if (w->embed_norm.w)
		s2_norm_forward(d->x, d->h, d->h, rows, dim, &w->embed_norm);
}

static void project(s2_s2ut_decoder *d, size_t rows, float temperature, float *log_probs)
{
	const s2_s2ut_config *c = &d->m->cfg;
	const s2_s2ut_weights *w = &d->m->w;
	const float *f = d->h;
	size_t n = rows * c->units_per_step;
	if (w->decoder_norm.w)
		s2_norm_forward(d->x, d->h, d->h, rows, c->decoder.dim, &w->decoder_norm);
	if (w->project_out.w.data) {
		s2_linear_forward(d->x, d->features, c->output_dim, f, rows, &w->project_out, NULL);
		f = d->features;
	}
	if (c->units_per_step > 1) {
		s2_linear_forward(d->x, d->stacked, c->units_per_step * c->output_dim, f, rows, &w->stack_out, NULL);
		f = d->stacked;
	}
	s2_linear_forward(d->x, log_probs, c->vocab, f, n, &w->output, NULL);
	for (size_t i = 0; temperature != 1 && i < n * c->vocab; i++)
		log_probs[i] /= temperature;
	s2_log_softmax(d->x, log_probs, n, c->vocab);
}

int s2_s2ut_decoder_step(s2_s2ut_decoder *d, const int32_t *tokens, const int32_t *parent, size_t rows,
			 float temperature, float *log_probs, s2st_error *err)
{
	const s2_s2ut_config *c = &d->m->cfg;
	for (size_t i = 0; i < rows * c->units_per_step; i++)
		if (tokens[i] < 0 || (size_t)tokens[i] >= c->vocab)
			return s2_fail(err, S2ST_EINPUT, "token %d is outside the dictionary of %zu", (int)tokens[i],
				       c->vocab);
	S2_TRY(s2_cache_advance(&d->cache, parent, rows, err));
	embed(d, tokens, rows);
	for (size_t i = 0; i < c->decoder_layers; i++)
		S2_TRY(s2_transformer_step(d->x, &c->decoder, &d->m->w.decoder[i], &d->cache, i, d->h, err));
	project(d, rows, temperature, log_probs);
	return 0;
}
