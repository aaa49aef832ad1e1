#include "layers/linear.h"

#include <assert.h>
#include <math.h>

#include "math/ops.h"

void s2_linear_rows(const s2_exec *x, float *out, size_t ldo, const float *in, size_t ld, size_t rows,
		    const s2_linear *l, const s2_epilogue *e)
{
	s2_epilogue own = e ? *e : (s2_epilogue){0};
	own.bias = l->b;
	s2_left a = s2_left_matrix(in, rows, l->w.dims[1], ld);
	s2_right b = s2_right_weight(&l->w);
	s2_gemm(x, out, ldo, rows, l->w.dims[0], &a, &b, &own);
}

void s2_linear_forward(const s2_exec *x, float *out, size_t ldo, const float *in, size_t rows, const s2_linear *l,
		       const s2_epilogue *e)
{
	s2_linear_rows(x, out, ldo, in, l->w.dims[1], rows, l, e);
}

void s2_norm_forward(const s2_exec *x, float *out, const float *in, size_t rows, size_t dim, const s2_norm *n)
{
	s2_layer_norm(x, out, in, n->w, n->b, rows, dim, 1e-5f);
}

bool s2_fold_batch_norm(float *scale, float *shift, const float *w, const float *b, const float *mean, const float *var,
			size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const double s = (double)w[i] / sqrt((double)var[i] + 1e-5);
		if (!isfinite(s))
			return false;
		scale[i] = (float)s;
		shift[i] = (float)((double)b[i] - (double)mean[i] * s);
	}
	return true;
}

void s2_embedding_row(float *out, const s2_weight *w, size_t row)
{
	assert(w->rank == 2 && row < w->dims[0]);
	size_t size = s2_dtype_size(w->dtype);
	const char *at = (const char *)w->data + (ptrdiff_t)row * w->strides[0] * (ptrdiff_t)size;
	if (w->strides[1] == 1) {
		s2_to_f32(out, at, w->dtype, w->dims[1]);
		return;
	}
	for (size_t i = 0; i < w->dims[1]; i++)
		s2_to_f32(&out[i], at + (ptrdiff_t)i * w->strides[1] * (ptrdiff_t)size, w->dtype, 1);
}
