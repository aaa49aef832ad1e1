/* The length adaptor between a speech encoder and a text-like decoder: fewer frames of the same width.
 *
 *   x [T, d]
 *     └ layer norm                               --adaptor-layernorm
 *     └ norm(x + 0.5 * down(relu(up(x))))        --adaptor-proj
 *     └ n x [Conv1d k, stride s -> GLU]          T -> floor((T - 1) / s) + 1 each
 *     └ norm(x + 0.5 * down(relu(up(x))))        --adaptor-proj
 *
 * Layer: layers. Equals Conv1dAdaptor of fairseq models/speech_to_text/xm_transformer.py for one utterance without
 * padding. Which parts there are is told by the tensors. */
#ifndef S2_LAYERS_ADAPTOR_H
#define S2_LAYERS_ADAPTOR_H

#include "layers/subsample.h"

typedef struct s2_adaptor_half {
	s2_linear up, down; /* [n, d], [d, n]; up.w.data NULL: the adaptor has none */
	s2_norm norm;
} s2_adaptor_half;

typedef struct s2_adaptor {
	size_t dim;
	s2_norm norm; /* w NULL: none */
	s2_adaptor_half before, after;
	s2_subsample convs;
} s2_adaptor;

/* Tensors "PREFIXlayers.N.", "PREFIXproj.0.", ... */
S2ST_CHECK int s2_adaptor_bind(s2_adaptor *out, const s2_binder *b, size_t dim, size_t stride, const char *prefix,
			       s2st_error *err);

size_t s2_adaptor_len(const s2_adaptor *a, size_t frames);

/* out [s2_adaptor_len(frames), dim]; h [frames, dim] is overwritten. */
S2ST_CHECK int s2_adaptor_forward(const s2_exec *x, const s2_adaptor *a, float *out, float *h, size_t frames,
				  s2st_error *err);

#endif
