/* A small network after each transformer layer that speaks one language (MMS): x += up(act(down(norm(x)))).
 *
 * Layer: layers. Equals fairseq's ADP_SentenceEncoderLayer with AdapterFast of one adapter (models/wav2vec/wav2vec2.py)
 * and Hugging Face's Wav2Vec2AttnAdapterLayer. */
#ifndef S2_LAYERS_ADAPTER_H
#define S2_LAYERS_ADAPTER_H

#include "layers/linear.h"

typedef struct s2_adapter {
	s2_norm norm;
	s2_linear down, up; /* [inner, dim], [dim, inner] */
} s2_adapter;

/* Tensors "PREFIXW_a", ... of fairseq, with a dimension of 1 in front, or with `hf` "PREFIXlinear_1.weight", ... */
S2ST_CHECK int s2_adapter_bind(s2_adapter *out, const s2_binder *b, const char *prefix, size_t dim, bool hf,
			       s2st_error *err);
/* h [rows, dim], in place. */
S2ST_CHECK int s2_adapter_forward(const s2_exec *x, const s2_adapter *a, s2_act act, float *h, size_t rows,
				  s2st_error *err);

#endif
