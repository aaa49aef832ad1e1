/* The encoder side of an XM transformer: a wav2vec 2.0 encoder and what leads from it to a text-like decoder.
 *
 *   samples [n], normalised
 *     └ wav2vec 2.0 (encoder.h), last layer and its norm   [T, d]
 *     └ w2v_encoder.proj (→ w2v_proj_ln)                   [T, d']   --encoder-proj
 *     └ length adaptor (layers/adaptor.h)                  [T', d']
 *
 * Layer: models. fairseq models/speech_to_text/xm_transformer.py (Wav2VecEncoderWithAdaptor) and
 * models/wav2vec/wav2vec2_asr.py (Wav2VecEncoder). Released files have lost the configuration of their encoder (the
 * model was built from a copy of its arguments), so it is derived from the tensors. */
#ifndef S2_MODELS_XM_H
#define S2_MODELS_XM_H

#include "layers/adaptor.h"
#include "models/encoder.h"

typedef struct s2_xm {
	s2_encoder speech;  /* config and weights; checkpoint and arena are the binder's */
	s2_linear proj;     /* [d', d]; w.data NULL: none */
	s2_norm proj_norm;  /* w NULL: none */
	s2_adaptor adaptor; /* dim 0: none */
	size_t dim;         /* of the output, d' */
} s2_xm;

/* `w2v`: the encoder's configuration (keys of fairseq's Wav2Vec2Config), where the user gave one; it goes before what
 * the checkpoint says and has to agree with the tensors. NULL: none. */
S2ST_CHECK int s2_xm_bind(s2_xm *out, const s2_binder *b, const s2_value *w2v, s2st_error *err);

/* out [*len, dim] in memory of x->scratch from normalised samples [n]. */
S2ST_CHECK int s2_xm_encode(const s2_xm *m, const s2_exec *x, const float *samples, size_t n, float **out, size_t *len,
			    s2st_error *err);

#endif
