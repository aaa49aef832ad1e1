/* The other kernels of a network: norms, activations, softmax, attention, positions.
 *
 * Layer: math. Out first, then inputs, then sizes; all matrices are C order [rows, cols] float32, channels last.
 * Rows are independent and computed the same way whatever their number. `x` supplies threads where a call is large. */
#ifndef S2_MATH_OPS_H
#define S2_MATH_OPS_H

#include "math/gemm.h"

/* torch.nn.LayerNorm over the last dim. out may be in. */
void s2_layer_norm(const s2_exec *x, float *out, const float *in, const float *weight, const float *bias, size_t rows,
		   size_t cols, float eps);
/* torch.nn.GroupNorm(C, C) over time (HuBERT base extractor): each channel of [rows, cols] normalised over rows. */
void s2_channel_norm(const s2_exec *x, float *out, const float *in, const float *weight, const float *bias, size_t rows,
		     size_t cols, float eps);

void s2_activate(const s2_exec *x, float *data, size_t n, s2_act act);
void s2_leaky_relu(const s2_exec *x, float *out, const float *in, size_t n, float slope); /* out may be in */
/* in [rows, 2*cols], out [rows, cols] = a * sigmoid(b) */
void s2_glu(const s2_exec *x, float *out, const float *in, size_t rows, size_t cols);
void s2_add_scaled(const s2_exec *x, float *out, const float *in, size_t n, float scale); /* out += scale * in */
void s2_scale(const s2_exec *x, float *data, size_t n, float scale);
/* leaky(data / by), slope from 0 to 1: of a sum of `by` signals the mean. */
void s2_divide_leaky(const s2_exec *x, float *data, size_t n, float by, float slope);
/* rows [rows, cols] in place: each column times its scale, plus its shift (NULL: none). */
void s2_affine_channels(const s2_exec *x, float *data, size_t rows, size_t cols, const float *scale,
			const float *shift);
/* out [cols], the mean of in [rows, cols] over the rows, summed in float64. */
S2ST_CHECK int s2_mean_rows(const s2_exec *x, float *out, const float *in, size_t rows, size_t cols, s2st_error *err);

/* Row-wise, in place; the maximum is subtracted first. A row of -inf becomes NaN as in torch. */
void s2_softmax(const s2_exec *x, float *data, size_t rows, size_t cols);
void s2_log_softmax(const s2_exec *x, float *data, size_t rows, size_t cols);

/* fairseq SinusoidalPositionalEmbedding (modules/sinusoidal_positional_embedding.py): one position, into out [dim]. */
void s2_sinusoid(float *out, size_t position, size_t dim);

/* Multi-head attention over projected q [n_q, heads*hd], k and v [n_k, heads*hd] with row strides: out [n_q, heads*hd].
 * q is already scaled by hd^-0.5 (fairseq scales after the projection and its bias). Scores are never held for more
 * than a block of rows.
 * bias: NULL, or what the distance from query to key adds to their score, [heads, n_q + n_k - 1]: key j for query i at
 * j - i + n_q - 1 of its head. gate: NULL, or [n_q, heads], which multiplies it.
 * narrow: products in int16 where they fit (attention_int16.h), for networks in reduced precision.
 * distance_q, distance_k: NULL, or what is multiplied instead (Transformer-XL): queries as q, and a key for each
 * distance, n_q + n_k - 1 rows in the order of the bias; rows of both are ld_distance apart. */
typedef struct s2_attention_args {
	const float *q, *k, *v;
	size_t ld_q, ld_k, ld_v, ld_out;
	size_t n_q, n_k, heads, head_dim;
	const float *bias, *gate;
	const float *distance_q, *distance_k;
	size_t ld_distance;
	bool narrow;
} s2_attention_args;
S2ST_CHECK int s2_attention(const s2_exec *x, float *out, const s2_attention_args *a, s2st_error *err);

#endif
