/* A mixture of experts in place of a transformer layer's feed-forward part (GShard, https://arxiv.org/abs/2006.16668).
 *
 *   p = softmax(x · wgᵀ) over the experts
 *   top 2   y = (p_a · expert_a(x) + p_b · expert_b(x)) / (p_a + p_b)     a, b: the two likeliest, in this order
 *   top 1   y = p_a · expert_a(x)
 *   expert(x) = fc2(act(fc1(x)))
 *
 * Layer: layers. Equals fairseq's MOELayer (modules/moe/{moe_layer,top2gate,top1gate}.py) but for what makes its
 * evaluation depend on chance or on who shares a batch: the second expert is the likeliest that remains, without Gumbel
 * noise or sampling, and no token is dropped when an expert has many. Weights lie where the file has them, so an expert
 * that is never asked is never read. */
#ifndef S2_LAYERS_MOE_H
#define S2_LAYERS_MOE_H

#include "layers/linear.h"

typedef struct s2_expert {
	s2_linear fc1, fc2; /* [ffn, dim], [dim, ffn] */
} s2_expert;

typedef struct s2_moe {
	size_t n_experts, dim, ffn; /* n_experts 0: the layer has none */
	s2_linear gate;             /* [n_experts, dim] */
	s2_expert *experts;
} s2_moe;

/* Tensors "PREFIXmoe_layer.gate.wg.weight" and "PREFIXmoe_layer.experts.N."; without the former n_experts is 0. */
S2ST_CHECK int s2_moe_bind(s2_moe *out, const s2_binder *b, size_t dim, const char *prefix, s2st_error *err);

/* Does a mixture have a tensor of this name, "moe_layer. ..."? */
bool s2_moe_knows(const char *name);

/* h [rows, dim] += mixture(in [rows, dim]). `top`: experts a row, 1 or 2. */
S2ST_CHECK int s2_moe_forward(const s2_exec *x, const s2_moe *m, size_t top, s2_act act, float *h, const float *in,
			      size_t rows, s2st_error *err);

#endif
