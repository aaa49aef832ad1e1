/* Checkpoints of the sizes that the field has released, with random weights, in fairseq's own formats: to measure with.
 *
 * The functions beside them count what the networks have to do. */
#ifndef S2_TESTS_BENCH_FULL_MODELS_H
#define S2_TESTS_BENCH_FULL_MODELS_H

#include <stdbool.h>
#include <stddef.h>

/* HuBERT base, or wav2vec 2.0 large (layer norms, `normalize`) with a CTC head over 32 letters. */
void make_encoder(const char *path, bool large);
/* Multiply-adds for n samples up to `layer`, attention included; with `head`, the CTC projection too. */
double encoder_work(bool large, size_t n, size_t layer, bool head);

/* S2UT: 12 encoder and 6 decoder layers, d 512, FFN 2048, 8 heads, 1000 units. */
void make_s2ut(const char *path);
double s2ut_encoder_work(size_t fbank_frames);
/* Of one step of the decoder at `past` steps: bytes of the weights, and of the keys and values of `beam` hypotheses. */
double s2ut_step_bytes(size_t beam, size_t past, size_t fbank_frames);

/* Unit HiFi-GAN: 512 channels, rates 5 4 4 2 2, kernels 3 7 11, 1000 units, no duration predictor. */
void make_vocoder(const char *path, const char *config_path);
double vocoder_work(size_t units); /* as direct convolutions */

#endif
