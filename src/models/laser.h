/* SpeechLASER: speech to one vector in the space where sentences of the same meaning lie close, in any language.
 *
 *   samples [n]
 *     └ encoder.h: normalise, conv stack, transformer layers, final norm    [t, d]
 *     └ proj                                                                [t, 1024]
 *     └ × 0.01 → maximum over time                                          [1024]
 *
 * Layer: models. Equals fairseq models/wav2vec/wav2vec2_laser.py for one utterance without padding. */
#ifndef S2_MODELS_LASER_H
#define S2_MODELS_LASER_H

#include "models/encoder.h"

/* Is this a SpeechLASER encoder? Its n_vocab is the width of its embeddings then. */
S2ST_CHECK int s2_laser_check(const s2_encoder *m, s2st_error *err);

/* out [n_vocab], caller's memory, from samples as a file has them. */
S2ST_CHECK int s2_laser_embed(const s2_exec *x, const s2_encoder *m, float *out, const float *samples, size_t n,
			      s2st_error *err);

#endif
