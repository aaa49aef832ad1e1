/* The conformer layer of wav2vec 2.0 encoders: attention between two half feed-forwards, then a convolution over time.
 *
 *   x += ffn1(x) / 2;  x += attend(norm(x));  x += conv(x);  x += ffn2(x) / 2;  x = final_norm(x)
 *
 *   ffn    norm → w_1 → swish → w_2
 *   conv   norm → pointwise → GLU → depthwise → batch norm → swish → pointwise
 *
 * Positions: relative (Transformer-XL: (q + u) · k + (q + v) · p(i - j), rel_pos), or rotary (rope): what queries and
 * keys are made from is turned, before their projections, as the reference does it.
 *
 * Layer: layers. Equals fairseq modules/conformer_layer.py with espnet_multihead_attention.py, dropout off. Attention
 * is s2_attention, norms and linears are those of every network here. */
#ifndef S2_LAYERS_CONFORMER_H
#define S2_LAYERS_CONFORMER_H

#include "layers/linear.h"

typedef struct s2_conformer_config {
	size_t dim, ffn, heads, kernel; /* kernel of the depthwise convolution */
	bool rotary;                    /* else relative */
} s2_conformer_config;

typedef struct s2_half_feed {
	s2_norm norm;
	s2_linear w1, w2;
} s2_half_feed;

typedef struct s2_conformer_layer {
	s2_half_feed ffn1, ffn2;
	s2_norm self_norm, conv_norm, final_norm;
	s2_linear q, k, v, out;
	s2_linear pos;      /* [dim, dim], no bias */
	const float *u, *v_bias; /* [dim]: by head */
	s2_linear pointwise1, pointwise2; /* [2 dim, dim], [dim, dim], no bias */
	s2_conv1d depthwise;
	const float *scale, *shift; /* batch norm */
} s2_conformer_layer;

/* n layers "PREFIX0." .. into an array in the binder's arena. */
S2ST_CHECK int s2_conformer_bind(s2_conformer_layer **out, const s2_binder *b, const s2_conformer_config *c, size_t n,
				 const char *prefix, s2st_error *err);

/* What all layers know of the positions of t frames, into out (s2_conformer_positions_size floats): relative: sinusoids
 * [2t - 1, dim] of distances t-1 .. -(t-1); rotary: cosines and sines [t, head_dim] each. */
size_t s2_conformer_positions_size(const s2_conformer_config *c, size_t t);
void s2_conformer_positions(float *out, const s2_conformer_config *c, size_t t);

/* h [t, dim], in place. */
S2ST_CHECK int s2_conformer_forward(const s2_exec *x, const s2_conformer_config *c, const s2_conformer_layer *l,
				    float *h, size_t t, const float *positions, s2st_error *err);

#endif
