#include "models/laser.h"

#include <string.h>

#include "models/kind.h"

static const float OUTPUT_SCALE = 0.01f; /* wav2vec2_laser.py */

int s2_laser_check(const s2_encoder *m, s2st_error *err)
{
	S2_TRY(s2_expect_kind(m->ckpt, S2_KIND_LASER, err));
	if (!m->config.head)
		return s2_fail(err, S2ST_EMODEL, "%s: expected tensor w2v_encoder.proj.weight, found none",
			       s2_checkpoint_path(m->ckpt));
	return S2ST_OK;
}

int s2_laser_embed(const s2_exec *x, const s2_encoder *m, float *out, const float *samples, size_t n, s2st_error *err)
{
	const size_t dim = m->config.n_vocab;
	size_t frames;
	float *projected;
	S2_TRY(s2_encoder_need_frames(&m->config, n, &frames, err));
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(projected, x->scratch, frames, dim, err);
	S2_TRY(s2_encoder_logits(x, m, projected, samples, n, err));
	memcpy(out, projected, dim * sizeof *out);
	for (size_t t = 1; t < frames; t++)
		for (size_t i = 0; i < dim; i++)
			if (projected[t * dim + i] > out[i])
				out[i] = projected[t * dim + i];
	for (size_t i = 0; i < dim; i++) /* a positive factor keeps the order: scaling after the maximum is the same */
		out[i] *= OUTPUT_SCALE;
	s2_arena_reset(x->scratch, mark);
	return S2ST_OK;
}
