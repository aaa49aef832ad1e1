/* The transformer layer of every network here: encoders (whole sequences) and decoders (one step for a beam of rows).
 *
 *   pre-norm    x += out(attend(norm(x)));   x += cross(norm(x));   x += fc2(act(fc1(norm(x))))
 *   post-norm   x = norm(x + out(attend(x))); x = norm(x + cross(x)); x = norm(x + fc2(act(fc1(x))))
 *
 * Layer: layers. Equals fairseq's TransformerEncoderLayer and TransformerDecoderLayer (modules/transformer_layer.py,
 * modules/multihead_attention.py) and TransformerSentenceEncoderLayer of wav2vec 2.0, dropout off. Tensor names are
 * theirs: self_attn.{q,k,v,out}_proj, self_attn_layer_norm, encoder_attn.*, encoder_attn_layer_norm, fc1, fc2,
 * final_layer_norm; of WavLM self_attn.{relative_attention_bias,grep_linear,grep_a}. A layer with moe_layer.gate has a
 * mixture of experts (moe.h) in place of fc1 and fc2. */
#ifndef S2_LAYERS_TRANSFORMER_H
#define S2_LAYERS_TRANSFORMER_H

#include "layers/cache.h"
#include "layers/linear.h"
#include "layers/moe.h"

enum { S2_FIRST_POSITION = 2 }; /* fairseq counts positions from padding_idx + 1 */

typedef struct s2_transformer_config {
	size_t dim, ffn, heads;
	size_t cross_dim; /* width of the encoder output attended to; 0: no cross attention */
	bool pre_norm;
	s2_act act;
	bool top1;      /* a mixture asks one expert for a token, not two */
	size_t buckets; /* of distances that the first layer has a bias for (layers/distance.h); 0: none */
	bool gated;     /* each layer's queries scale that bias (WavLM) */
	bool adapted;   /* layers hold an adapter_layer, which is not bound here (layers/adapter.h) */
} s2_transformer_config;

typedef struct s2_attention_weights {
	s2_linear q, k, v, out; /* [dim, dim]; k and v of cross attention [dim, cross_dim] */
} s2_attention_weights;

typedef struct s2_transformer_layer {
	s2_attention_weights self, cross;
	s2_norm self_norm, cross_norm, final_norm;
	s2_linear fc1, fc2; /* [ffn, dim], [dim, ffn]; not bound where there is a mixture of experts */
	s2_moe moe;
	const float *distances; /* [buckets, heads], of a stack's first layer */
	s2_linear gate;         /* [8, head_dim] */
	const float *gate_scale; /* [heads] */
} s2_transformer_layer;

/* n layers "PREFIX0." .. into an array in the binder's arena. A tensor inside a layer that is not one of its own
 * (NormFormer scales, adapters) changes what the layer computes, so it is refused by name. */
S2ST_CHECK int s2_transformer_bind(s2_transformer_layer **out, const s2_binder *b, const s2_transformer_config *c,
				   size_t n, const char *prefix, s2st_error *err);

/* One layer over a whole sequence h [t, dim], in place. bias: NULL or [heads, 2t - 1], what distances add to the
 * attention scores (s2_distance_bias). */
S2ST_CHECK int s2_transformer_forward(const s2_exec *x, const s2_transformer_config *c, const s2_transformer_layer *l,
				      float *h, size_t t, const float *bias, s2st_error *err);

/* Keys and values of the encoder output enc [sentence->source_len, cross_dim] for layer `i` of a decoder, once a
 * sentence. */
S2ST_CHECK int s2_transformer_cross(const s2_exec *x, const s2_transformer_layer *l, const s2_cache *sentence, size_t i,
				    const float *enc, s2st_error *err);

/* Layer `i` of a decoder for the newest step of each sentence (s2_cache_advance): h [batch->rows, dim], in place. A row
 * has the same bytes whatever else is in the batch. */
S2ST_CHECK int s2_transformer_step(const s2_exec *x, const s2_transformer_config *c, const s2_transformer_layer *l,
				   const s2_cache_batch *batch, size_t i, float *h, s2st_error *err);

/* fairseq's activation_fn by name; -1: not one that is known here. */
int s2_activation(const char *name);

#endif
