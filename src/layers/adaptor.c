#include "layers/adaptor.h"

#include <stdio.h>

/* ---- weights ---- */

/* One half-step "PREFIXNAME.0", "PREFIXNAME.2" and "PREFIXNAME_ln"; all of it or nothing. */
static int bind_half(s2_adaptor_half *out, const s2_binder *b, size_t dim, const char *prefix, const char *name,
		     s2st_error *err)
{
#define H s2_adaptor_half
	char first[128], part[128];
	size_t dims[2];
	snprintf(first, sizeof first, "%s%s.0.weight", prefix, name);
	if (!s2_checkpoint_tensor(b->ckpt, first))
		return 0;
	S2_TRY(s2_bind_shape(b->ckpt, first, 2, dims, err));
	const s2_bind_row linears[] = {S2_ROWS_LINEAR(H, up, "0", dims[0], dim),
				       S2_ROWS_LINEAR(H, down, "2", dim, dims[0])};
	const s2_bind_row norm[] = {S2_ROWS_NORM(H, norm, "_ln", dim)};
#undef H
	snprintf(part, sizeof part, "%s%s.", prefix, name);
	S2_TRY(s2_bind(b, out, linears, sizeof linears / sizeof *linears, part, err));
	snprintf(part, sizeof part, "%s%s", prefix, name);
	return s2_bind(b, out, norm, sizeof norm / sizeof *norm, part, err);
}

int s2_adaptor_bind(s2_adaptor *out, const s2_binder *b, size_t dim, size_t stride, const char *prefix,
		    s2st_error *err)
{
	char stack[128];
	const s2_bind_row norm[] = {
		{"layernorm.weight", offsetof(s2_adaptor, norm.w), 1, {dim}, S2_BIND_F32 | S2_BIND_OPTIONAL},
		{"layernorm.bias", offsetof(s2_adaptor, norm.b), 1, {dim}, S2_BIND_F32 | S2_BIND_OPTIONAL},
	};
	*out = (s2_adaptor){.dim = dim};
	snprintf(stack, sizeof stack, "%slayers.", prefix);
	S2_TRY(s2_bind(b, out, norm, sizeof norm / sizeof *norm, prefix, err));
	S2_TRY(bind_half(&out->before, b, dim, prefix, "proj", err));
	S2_TRY(bind_half(&out->after, b, dim, prefix, "post_proj", err));
	return s2_subsample_bind_stack(&out->convs, b, stack, dim, dim, stride, err);
}

/* ---- forward ---- */

size_t s2_adaptor_len(const s2_adaptor *a, size_t frames)
{
	return s2_subsample_len(&a->convs, frames);
}

static int half_forward(const s2_exec *x, const s2_adaptor_half *w, float *h, size_t rows, size_t dim, s2st_error *err)
{
	float *inner;
	if (!w->up.w.data)
		return 0;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(inner, x->scratch, rows, w->up.w.dims[0], err);
	s2_linear_forward(x, inner, w->up.w.dims[0], h, rows, &w->up, &(s2_epilogue){.act = S2_ACT_RELU});
	s2_linear_forward(x, h, dim, inner, rows, &w->down,
			  &(s2_epilogue){.scale = 0.5f, .residual = h, .ld_residual = dim});
	s2_norm_forward(x, h, h, rows, dim, &w->norm);
	s2_arena_reset(x->scratch, mark);
	return 0;
}

int s2_adaptor_forward(const s2_exec *x, const s2_adaptor *a, float *out, float *h, size_t frames, s2st_error *err)
{
	if (a->norm.w)
		s2_norm_forward(x, h, h, frames, a->dim, &a->norm);
	S2_TRY(half_forward(x, &a->before, h, frames, a->dim, err));
	S2_TRY(s2_subsample_forward(x, &a->convs, out, h, frames, err));
	return half_forward(x, &a->after, out, s2_adaptor_len(a, frames), a->dim, err);
}
