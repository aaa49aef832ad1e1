/* Weights of convolutions, as they lie or converted.  Layer: layers. */
#include <string.h>

#include "layers/bind.h"

static int bind_weight(const s2_binder *b, s2_conv1d *c, const char *prefix, int norm_dim, bool transposed,
		       s2st_error *err)
{
	s2_weight w;
	const size_t out = c->c_out, in = c->c_in / c->groups;
	const size_t dims[3] = {transposed ? in : out, transposed ? out : in, c->k};
	const s2_bind_row plain = {"weight", 0, 3, {dims[0], dims[1], dims[2]}, 0};
	if (norm_dim >= 0)
		S2_TRY(s2_bind_weight_norm(b, &w, prefix, dims, norm_dim, transposed ? 0 : 1, err));
	else
		S2_TRY(s2_bind(b, &w, &plain, 1, prefix, err));
	c->w = w.data;
	c->dtype = w.dtype;
	memcpy(c->strides, w.strides, sizeof c->strides);
	return S2ST_OK;
}

int s2_bind_conv1d(const s2_binder *b, s2_conv1d *c, const char *prefix, int norm_dim, bool transposed, s2st_error *err)
{
	if (b->precision == S2ST_FP32 || !s2_packs(c->c_out / c->groups, c->c_in / c->groups))
		return bind_weight(b, c, prefix, norm_dim, transposed, err);
	s2_binder passing = *b; /* a weight that weight norm was folded into is of no use once it is converted */
	passing.arena = s2_arena_new();
	if (!passing.arena)
		return s2_fail_mem(err, prefix);
	int rc = bind_weight(&passing, c, prefix, norm_dim, transposed, err);
	if (rc >= 0) {
		rc = s2_conv1d_pack(c, b->arena, b->precision, transposed, err);
		if (rc < 0)
			rc = s2_fail_prefix(err, rc, "%s: convolution %s", s2_checkpoint_path(b->ckpt), prefix);
	}
	c->w = NULL;
	s2_arena_free(passing.arena);
	s2_checkpoint_forget(b->ckpt);
	return rc;
}

int s2_bind_bias(const s2_binder *b, const float **out, const char *prefix, size_t n, s2st_error *err)
{
	const s2_bind_row row = {"bias", 0, 1, {n}, S2_BIND_F32};
	return s2_bind(b, out, &row, 1, prefix, err);
}

int s2_bind_short_conv(const s2_binder *b, s2_conv1d *c, const s2_short_conv **fast, const char *prefix, int norm_dim,
		       bool bias, s2st_error *err)
{
	*fast = NULL;
	if (!s2_short_conv_suits(c, b->precision)) {
		S2_TRY(s2_bind_conv1d(b, c, prefix, norm_dim, false, err));
		return bias ? s2_bind_bias(b, &c->bias, prefix, c->c_out, err) : S2ST_OK;
	}
	s2_binder passing = *b;
	passing.arena = s2_arena_new();
	if (!passing.arena)
		return s2_fail_mem(err, prefix);
	int rc = bind_weight(&passing, c, prefix, norm_dim, false, err);
	if (rc >= 0 && bias)
		rc = s2_bind_bias(&passing, &c->bias, prefix, c->c_out, err);
	if (rc >= 0) {
		rc = s2_short_conv_new(fast, c, b->precision, b->arena, err);
		if (rc == S2ST_EMODEL)
			rc = s2_fail_prefix(err, rc, "%s: convolution %s", s2_checkpoint_path(b->ckpt), prefix);
	}
	c->w = NULL;
	c->bias = NULL;
	s2_arena_free(passing.arena);
	s2_checkpoint_forget(b->ckpt);
	return rc;
}
