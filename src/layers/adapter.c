#include "layers/adapter.h"

/* fairseq keeps several adapters in one tensor: of the one there is, the matrix. */
static void drop_first_dim(s2_weight *w)
{
	for (int i = 1; i < w->rank; i++) {
		w->dims[i - 1] = w->dims[i];
		w->strides[i - 1] = w->strides[i];
	}
	w->rank--;
}

static int bind_fairseq(s2_adapter *out, const s2_binder *b, const char *prefix, size_t dim, s2st_error *err)
{
	const s2_bind_row first = {"W_a", offsetof(s2_adapter, down.w), 3, {1, S2_ANY, dim}, 0};
	S2_TRY(s2_bind(b, out, &first, 1, prefix, err));
	const size_t inner = out->down.w.dims[1];
	const s2_bind_row rows[] = {
		{"b_a", offsetof(s2_adapter, down.b), 2, {1, inner}, S2_BIND_F32},
		{"W_b", offsetof(s2_adapter, up.w), 3, {1, dim, inner}, 0},
		{"b_b", offsetof(s2_adapter, up.b), 2, {1, dim}, S2_BIND_F32},
		{"ln_W", offsetof(s2_adapter, norm.w), 2, {1, dim}, S2_BIND_F32},
		{"ln_b", offsetof(s2_adapter, norm.b), 2, {1, dim}, S2_BIND_F32},
	};
	S2_TRY(s2_bind(b, out, rows, sizeof rows / sizeof *rows, prefix, err));
	drop_first_dim(&out->down.w);
	drop_first_dim(&out->up.w);
	return 0;
}

static int bind_hf(s2_adapter *out, const s2_binder *b, const char *prefix, size_t dim, s2st_error *err)
{
	const s2_bind_row first = {"linear_1.weight", offsetof(s2_adapter, down.w), 2, {S2_ANY, dim}, 0};
	S2_TRY(s2_bind(b, out, &first, 1, prefix, err));
	const size_t inner = out->down.w.dims[0];
	const s2_bind_row rows[] = {
		{"linear_1.bias", offsetof(s2_adapter, down.b), 1, {inner}, S2_BIND_F32},
		S2_ROWS_LINEAR(s2_adapter, up, "linear_2", dim, inner),
		S2_ROWS_NORM(s2_adapter, norm, "norm", dim),
	};
	return s2_bind(b, out, rows, sizeof rows / sizeof *rows, prefix, err);
}

int s2_adapter_bind(s2_adapter *out, const s2_binder *b, const char *prefix, size_t dim, bool hf, s2st_error *err)
{
	return hf ? bind_hf(out, b, prefix, dim, err) : bind_fairseq(out, b, prefix, dim, err);
}

int s2_adapter_forward(const s2_exec *x, const s2_adapter *a, s2_act act, float *h, size_t rows, s2st_error *err)
{
	const size_t inner = a->down.w.dims[0], dim = a->up.w.dims[0];
	float *normed, *small;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(normed, x->scratch, rows, dim, err);
	S2_ALLOC(small, x->scratch, rows, inner, err);
	s2_norm_forward(x, normed, h, rows, dim, &a->norm);
	s2_linear_forward(x, small, inner, normed, rows, &a->down, &(s2_epilogue){.act = act});
	s2_linear_forward(x, h, dim, small, rows, &a->up, &(s2_epilogue){.residual = h, .ld_residual = dim});
	s2_arena_reset(x->scratch, mark);
	return 0;
}
