#include "models/xm.h"

#include <string.h>

#include "math/ops.h"

enum { MAX_DIM = 1 << 16 };

/* ---- weights ---- */

static int bind_projection(s2_xm *m, const s2_binder *b, s2st_error *err)
{
	size_t dims[2], d = m->speech.config.layer.dim;
	m->dim = d;
	if (!s2_checkpoint_tensor(b->ckpt, "encoder.w2v_encoder.proj.weight"))
		return 0;
	S2_TRY(s2_bind_shape(b->ckpt, "encoder.w2v_encoder.proj.weight", 2, dims, err));
	if (dims[0] > MAX_DIM)
		return s2_fail(err, S2ST_EMODEL, "%s: tensor encoder.w2v_encoder.proj.weight: a width of %zu is not "
			       "plausible", s2_checkpoint_path(b->ckpt), dims[0]);
	m->dim = dims[0];
	const s2_bind_row rows[] = {S2_ROWS_LINEAR(s2_xm, proj, "w2v_encoder.proj", m->dim, d)};
	const s2_bind_row norm[] = {
		{"w2v_proj_ln.weight", offsetof(s2_xm, proj_norm.w), 1, {m->dim}, S2_BIND_F32 | S2_BIND_OPTIONAL},
		{"w2v_proj_ln.bias", offsetof(s2_xm, proj_norm.b), 1, {m->dim}, S2_BIND_F32 | S2_BIND_OPTIONAL},
	};
	S2_TRY(s2_bind(b, m, rows, 2, "encoder.", err));
	return s2_bind(b, m, norm, 2, "encoder.", err);
}

static int bind_adaptor(s2_xm *m, const s2_binder *b, s2st_error *err)
{
	const s2_value *model = s2_checkpoint_config(b->ckpt, "model");
	const char *file = s2_checkpoint_path(b->ckpt);
	int64_t stride, layers;
	size_t found = s2_bind_count(b->ckpt, "encoder.adaptor.layers.", "weight");
	S2_TRY(s2_value_get_int(model, "adaptor_n_layers", (int64_t)found, &layers, file, err));
	if (layers < 0 || (uint64_t)layers != found)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: adaptor_n_layers: expected %lld as the config says, found %zu in the tensors", file,
			       (long long)layers, found);
	S2_TRY(s2_value_get_int(model, "adaptor_stride", 2, &stride, file, err));
	if (stride < 1 || stride > 1024)
		return s2_fail(err, S2ST_EMODEL, "%s: adaptor_stride: expected 1 to 1024, found %lld", file,
			       (long long)stride);
	return found ? s2_adaptor_bind(&m->adaptor, b, m->dim, (size_t)stride, "encoder.adaptor.", err) : 0;
}

int s2_xm_bind(s2_xm *out, const s2_binder *b, const s2_value *w2v, s2st_error *err)
{
	s2_encoder *e = &out->speech;
	memset(out, 0, sizeof *out);
	S2_TRY(s2_encoder_config_fairseq(&e->config, b->ckpt, w2v, b->arena, err));
	S2_TRY(s2_encoder_bind(&e->weights, &e->config, b, err));
	S2_TRY(bind_projection(out, b, err));
	return bind_adaptor(out, b, err);
}

/* ---- forward ---- */

int s2_xm_encode(const s2_xm *m, const s2_exec *x, const float *samples, size_t n, float **out, size_t *len,
		 s2st_error *err)
{
	const s2_encoder_config *c = &m->speech.config;
	size_t t = s2_encoder_frames(c, n), t_out = m->adaptor.dim ? s2_adaptor_len(&m->adaptor, t) : t;
	float *result, *h, *projected;
	S2_ALLOC(result, x->scratch, t_out, m->dim, err);
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(h, x->scratch, t, c->layer.dim, err);
	S2_TRY(s2_encoder_features(x, &m->speech, h, samples, n, c->n_layers, true, err));
	if (m->proj.w.data) {
		S2_ALLOC(projected, x->scratch, t, m->dim, err);
		s2_linear_forward(x, projected, m->dim, h, t, &m->proj, NULL);
		h = projected;
	}
	if (m->proj_norm.w)
		s2_norm_forward(x, h, h, t, m->dim, &m->proj_norm);
	if (m->adaptor.dim)
		S2_TRY(s2_adaptor_forward(x, &m->adaptor, result, h, t, err));
	else
		memcpy(result, h, t * m->dim * sizeof *result);
	s2_arena_reset(x->scratch, mark);
	*out = result;
	*len = t_out;
	return 0;
}
