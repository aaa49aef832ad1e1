/* Language identification: an encoder, its frames' mean, and a small head.
 *
 *   samples [n]
 *     └ encoder.h: normalise, conv stack, transformer layers, final norm    [t, d]
 *     └ mean over time                                                      [d]
 *     └ linear → activation                                                 [latent]
 *     └ projection → log-softmax                                            [languages]
 *
 * Layer: models. Equals fairseq's wav2vec_classification with mean pooling (models/wav2vec/wav2vec2_classification.py,
 * which MMS uses) and Hugging Face's Wav2Vec2ForSequenceClassification, for one utterance without padding. They take
 * the mean after the linear: the same but for rounding, and t times the work. */
#ifndef S2_MODELS_LID_H
#define S2_MODELS_LID_H

#include "models/encoder.h"

typedef struct s2_lid {
	s2_encoder *net;
	s2_arena *arena;
	s2_linear latent, projection;
	s2_act act;
	const float *layer_weights; /* [n_layers + 1]: Hugging Face's use_weighted_layer_sum; NULL: the last layer */
	const char **labels;        /* [n] */
	size_t n;
} s2_lid;

/* `path` as for s2_encoder_open; `dict`: dict.lang.txt of a fairseq model, NULL: beside it. Hugging Face's config.json
 * names the languages. */
S2ST_CHECK int s2_lid_open(s2_lid **out, const char *path, const char *dict, s2st_precision precision,
			   s2st_error *err);
void s2_lid_free(s2_lid *m);

/* Natural log of the probabilities, out [m->n] in caller's memory, for samples as a file has them. */
S2ST_CHECK int s2_lid_run(const s2_exec *x, const s2_lid *m, float *out, const float *samples, size_t n,
			  s2st_error *err);

#endif
