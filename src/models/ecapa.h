/* Who speaks: the ECAPA-TDNN over WavLM (or another encoder) of the speaker verification release.
 *
 *   samples [n]
 *     └ encoder.h: sum of all layers by softmax(feature_weight) → + 1e-6 → each channel normalised over time  [t, d]
 *     └ layer1: conv k5 → ReLU → batch norm                                            [t, c]
 *     └ layer2, 3, 4: SE-Res2 blocks, dilation 2, 3, 4; their outputs side by side     [t, 3c]
 *     └ conv k1 → ReLU                                                                 [t, e]
 *     └ mean and deviation over time, weighted by attention of each channel            [2e]
 *     └ batch norm → linear                                                            [256]
 *
 * Layer: models. Equals ECAPA_TDNN_SMALL of microsoft/UniSpeech downstreams/speaker_verification/models/ecapa_tdnn.py
 * in evaluation, one utterance. Two recordings are compared by the cosine of their vectors. */
#ifndef S2_MODELS_ECAPA_H
#define S2_MODELS_ECAPA_H

#include "models/encoder.h"

enum { S2_ECAPA_BLOCKS = 3, S2_ECAPA_SCALE = 8 };

typedef struct s2_batch_norm {
	const float *scale, *shift; /* y = x * scale + shift, by channel */
} s2_batch_norm;

typedef struct s2_tdnn {
	s2_conv1d conv;
	s2_batch_norm norm;
} s2_tdnn;

typedef struct s2_res2_block {
	s2_tdnn in, parts[S2_ECAPA_SCALE - 1], out;
	s2_linear squeeze, excite;
} s2_res2_block;

typedef struct s2_ecapa {
	s2_arena *arena;
	const s2_encoder *net;
	const float *layer_weights; /* [n_layers + 1] */
	s2_tdnn first;
	s2_res2_block blocks[S2_ECAPA_BLOCKS];
	s2_conv1d merge, attend, score; /* attend and score of the pooling */
	s2_batch_norm pooled_norm;
	s2_linear out;
	size_t channels, merged, dim; /* c, e, 256 */
} s2_ecapa;

/* The head in the checkpoint of an encoder that was opened from it, and that has to outlive it. */
S2ST_CHECK int s2_ecapa_open(s2_ecapa **out, const s2_encoder *net, s2st_error *err);
void s2_ecapa_free(s2_ecapa *m);

/* out [m->dim], caller's memory, from samples as a file has them. */
S2ST_CHECK int s2_ecapa_embed(const s2_exec *x, const s2_ecapa *m, float *out, const float *samples, size_t n,
			      s2st_error *err);

#endif
