#include "models/s2ut.h"

#include <string.h>

#include "math/ops.h"
#include "models/kind.h"

/* ---- weights ---- */

#define W s2_s2ut_weights

static int bind_encoder(s2_s2ut_weights *w, const s2_s2ut_config *c, const s2_binder *b, s2st_error *err)
{
	size_t d = c->encoder.dim;
	const s2_bind_row norm[] = {S2_ROWS_NORM(W, encoder_norm, "layer_norm", d)};
	const s2_bind_row speaker[] = {S2_ROWS_LINEAR(W, speaker, "spk_emb_proj", d, d + c->speaker_dim)};
	S2_TRY(s2_subsample_bind(&w->subsample, b, c->n_feat, d, "encoder.subsample.", err));
	S2_TRY(s2_transformer_bind(&w->encoder, b, &c->encoder, c->encoder_layers, "encoder.transformer_layers.", err));
	if (c->encoder.pre_norm)
		S2_TRY(s2_bind(b, w, norm, 2, "encoder.", err));
	return c->speaker_dim ? s2_bind(b, w, speaker, 2, "encoder.", err) : 0;
}

/* Linears that only some models have: present where two widths differ, or where a step has several units. */
static int bind_projections(s2_s2ut_weights *w, const s2_s2ut_config *c, const s2_binder *b, s2st_error *err)
{
	size_t d = c->decoder.dim, r = c->units_per_step;
	const s2_bind_row in[] = {S2_ROW_LINEAR_NO_BIAS(W, project_in, "project_in_dim", d, c->embed_dim)};
	const s2_bind_row out[] = {S2_ROW_LINEAR_NO_BIAS(W, project_out, "project_out_dim", c->output_dim, d)};
	const s2_bind_row stack[] = {
		S2_ROW_LINEAR_NO_BIAS(W, stack_in, "project_in_dim", c->embed_dim, r * c->embed_dim),
		S2_ROW_LINEAR_NO_BIAS(W, stack_out, "out_proj_n_frames", r * c->output_dim, c->output_dim),
	};
	if (r > 1) {
		/* Older checkpoints keep it beside the embedding (upgrade_state_dict_named of
		 * TransformerUnitDecoder). */
		bool inside = s2_checkpoint_tensor(b->ckpt, "decoder.embed_tokens.project_in_dim.weight") != NULL;
		S2_TRY(s2_bind(b, w, stack, 1, inside ? "decoder.embed_tokens." : "decoder.", err));
		S2_TRY(s2_bind(b, w, stack + 1, 1, "decoder.", err));
	}
	if (c->embed_dim != d)
		S2_TRY(s2_bind(b, w, in, 1, "decoder.", err));
	return c->output_dim != d ? s2_bind(b, w, out, 1, "decoder.", err) : 0;
}

static int bind_decoder(s2_s2ut_weights *w, const s2_s2ut_config *c, const s2_binder *b, s2st_error *err)
{
	size_t d = c->decoder.dim;
	bool own_output = s2_checkpoint_tensor(b->ckpt, "decoder.output_projection.weight") != NULL;
	const s2_bind_row rows[] = {
		{"embed_tokens.weight", offsetof(W, embed), 2, {c->vocab, c->embed_dim}, 0},
		{own_output ? "output_projection.weight" : "embed_tokens.weight",
		 offsetof(W, output.w),
		 2,
		 {c->vocab, c->output_dim},
		 S2_BIND_PACK},
		{"output_projection.bias", offsetof(W, output.b), 1, {c->vocab}, S2_BIND_F32 | S2_BIND_OPTIONAL},
		{"layernorm_embedding.weight", offsetof(W, embed_norm.w), 1, {d}, S2_BIND_F32 | S2_BIND_OPTIONAL},
		{"layernorm_embedding.bias", offsetof(W, embed_norm.b), 1, {d}, S2_BIND_F32 | S2_BIND_OPTIONAL},
		{"embed_positions.weight", offsetof(W, positions), 2, {S2_ANY, d}, S2_BIND_OPTIONAL},
		{"layer_norm.weight", offsetof(W, decoder_norm.w), 1, {d}, S2_BIND_F32 | S2_BIND_OPTIONAL},
		{"layer_norm.bias", offsetof(W, decoder_norm.b), 1, {d}, S2_BIND_F32 | S2_BIND_OPTIONAL},
	};
	S2_TRY(s2_bind(b, w, rows, sizeof rows / sizeof *rows, "decoder.", err));
	S2_TRY(bind_projections(w, c, b, err));
	return s2_transformer_bind(&w->decoder, b, &c->decoder, c->decoder_layers, "decoder.layers.", err);
}

#undef W

int s2_s2ut_bind(s2_s2ut *out, const s2_binder *b, const s2_value *w2v, s2st_error *err)
{
	bool xm = s2_model_kind(b->ckpt) == S2_KIND_XM;
	memset(out, 0, sizeof *out);
	if (!xm)
		S2_TRY(s2_expect_kind(b->ckpt, S2_KIND_S2UT, err));
	if (xm)
		S2_TRY(s2_xm_bind(&out->xm, b, w2v, err));
	S2_TRY(s2_s2ut_configure(&out->cfg, xm ? &out->xm : NULL, b->ckpt, err));
	if (!xm)
		S2_TRY(bind_encoder(&out->w, &out->cfg, b, err));
	return bind_decoder(&out->w, &out->cfg, b, err);
}

/* ---- encoder ---- */

/* S2STransformerEncoder.forward: the speaker's vector beside every frame, one linear. */
static int add_speaker(const s2_s2ut *m, const s2_exec *x, float *out, const float *h, size_t t, const float *speaker,
		       s2st_error *err)
{
	size_t d = m->cfg.encoder.dim, n = m->cfg.speaker_dim;
	float *both;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(both, x->scratch, t, d + n, err);
	for (size_t i = 0; i < t; i++) {
		memcpy(both + i * (d + n), h + i * d, d * sizeof *both);
		memcpy(both + i * (d + n) + d, speaker, n * sizeof *both);
	}
	s2_linear_forward(x, out, d, both, t, &m->w.speaker, NULL);
	s2_arena_reset(x->scratch, mark);
	return 0;
}

int s2_s2ut_encode(const s2_s2ut *m, const s2_exec *x, const float *feat, size_t frames, const float *speaker,
		   float **out, size_t *len, s2st_error *err)
{
	const s2_s2ut_config *c = &m->cfg;
	if (c->waveform)
		return s2_xm_encode(&m->xm, x, feat, frames, out, len, err);
	size_t d = c->encoder.dim, t = s2_subsample_len(&m->w.subsample, frames);
	float *h, *position;
	S2_ALLOC(h, x->scratch, t, d, err);
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(position, x->scratch, d, 1, err);
	S2_TRY(s2_subsample_forward(x, &m->w.subsample, h, feat, frames, err));
	s2_scale(x, h, t * d, c->encoder_scale);
	for (size_t i = 0; i < t; i++) {
		s2_sinusoid(position, S2_FIRST_POSITION + i, d);
		s2_add_scaled(x, h + i * d, position, d, 1);
	}
	for (size_t i = 0; i < c->encoder_layers; i++)
		S2_TRY(s2_transformer_forward(x, &c->encoder, &m->w.encoder[i], h, t, NULL, err));
	if (c->encoder.pre_norm)
		s2_norm_forward(x, h, h, t, d, &m->w.encoder_norm);
	if (c->speaker_dim)
		S2_TRY(add_speaker(m, x, h, h, t, speaker, err));
	s2_arena_reset(x->scratch, mark);
	*out = h;
	*len = t;
	return 0;
}
