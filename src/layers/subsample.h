/* The strided convolutions that shorten a sequence: between filter-bank frames and the encoder, and in an XM
 * transformer's length adaptor.
 *
 *   Conv1dSubsampler   n x [Conv1d k, stride s, pad k/2 -> GLU over channels]
 *   Conv2dSubsampler   2 x [Conv2d 3x3, stride 2, pad 1 -> ReLU] -> [T, C * bins] -> Linear    (convtransformer)
 *   Each convolution makes floor((L - 1) / s) + 1 frames of L; s is 2 but in adaptors that say otherwise.
 *
 * Layer: layers. fairseq models/speech_to_text/modules/convolution.py. Everything is derived from the tensors. */
#ifndef S2_LAYERS_SUBSAMPLE_H
#define S2_LAYERS_SUBSAMPLE_H

#include "layers/linear.h"

enum { S2_MAX_SUBSAMPLE = 8 };

typedef struct s2_subsample {
	size_t n_feat, dim; /* width of a frame, width of the output */
	size_t n_convs;
	bool two_d;
	s2_conv1d convs[S2_MAX_SUBSAMPLE]; /* [channels] -> 2 x [channels] */
	s2_conv2d convs2[2];
	s2_linear out; /* [dim, C * bins]; two_d only */
} s2_subsample;

/* Tensors "PREFIXconv_layers.N." or "PREFIXconv.N." and "PREFIXout."; `dim` is what the encoder takes. The 1-D form
 * says itself how wide a frame is; the 2-D form takes it from `n_feat`. */
S2ST_CHECK int s2_subsample_bind(s2_subsample *out, const s2_binder *b, size_t n_feat, size_t dim, const char *prefix,
				 s2st_error *err);

/* The 1-D form alone: tensors "STACKN.weight" and "STACKN.bias", `c_in` channels (S2_ANY: as the first one says) to
 * `dim`. */
S2ST_CHECK int s2_subsample_bind_stack(s2_subsample *out, const s2_binder *b, const char *stack, size_t c_in,
				       size_t dim, size_t stride, s2st_error *err);

size_t s2_subsample_len(const s2_subsample *s, size_t frames);

/* out [s2_subsample_len(frames), dim], in [frames, n_feat]. */
S2ST_CHECK int s2_subsample_forward(const s2_exec *x, const s2_subsample *s, float *out, const float *in, size_t frames,
				    s2st_error *err);

#endif
