/* torch.nn.Linear, LayerNorm and Embedding over weights where they lie.  Layer: layers. */
#ifndef S2_LAYERS_LINEAR_H
#define S2_LAYERS_LINEAR_H

#include "layers/bind.h"

typedef struct s2_linear {
	s2_weight w;    /* [out, in] */
	const float *b; /* [out]; NULL: none */
} s2_linear;

typedef struct s2_norm {
	const float *w, *b; /* [dim]; w NULL: the network has no such norm */
} s2_norm;

/* Rows of a binding table for a linear with bias, one without, and a norm at `field` of `type`. */
#define S2_ROWS_LINEAR(type, field, name, n_out, n_in)                                                                 \
	{name ".weight", offsetof(type, field.w), 2, {n_out, n_in}, S2_BIND_PACK},                                     \
	{                                                                                                              \
		name ".bias", offsetof(type, field.b), 1, {n_out}, S2_BIND_F32                                         \
	}
#define S2_ROW_LINEAR_NO_BIAS(type, field, name, n_out, n_in)                                                          \
	{                                                                                                              \
		name ".weight", offsetof(type, field.w), 2, {n_out, n_in}, S2_BIND_PACK                                \
	}
#define S2_ROWS_NORM(type, field, name, dim)                                                                           \
	{name ".weight", offsetof(type, field.w), 1, {dim}, S2_BIND_F32},                                              \
	{                                                                                                              \
		name ".bias", offsetof(type, field.b), 1, {dim}, S2_BIND_F32                                           \
	}

/* out [rows, out] (ldo apart) = e(in [rows, in] · wᵀ); `in` is contiguous. e (or NULL) without its bias: it is the
 * layer's. */
void s2_linear_forward(const s2_exec *x, float *out, size_t ldo, const float *in, size_t rows, const s2_linear *l,
		       const s2_epilogue *e);

/* The same of rows that are ld apart. */
void s2_linear_rows(const s2_exec *x, float *out, size_t ldo, const float *in, size_t ld, size_t rows,
		    const s2_linear *l, const s2_epilogue *e);

/* out may be in; eps is torch's 1e-5. */
void s2_norm_forward(const s2_exec *x, float *out, const float *in, size_t rows, size_t dim, const s2_norm *n);

/* torch.nn.BatchNorm1d in evaluation as y = x * scale + shift by channel, all [n]. false: no variances. */
bool s2_fold_batch_norm(float *scale, float *shift, const float *w, const float *b, const float *mean, const float *var,
			size_t n);

/* Row `row` of an embedding [n, dim] into out [dim]. */
void s2_embedding_row(float *out, const s2_weight *w, size_t row);

#endif
