/* Kaldi-compatible log-mel filter bank as torchaudio.compliance.kaldi.fbank computes it with fairseq's arguments
 * (audio_utils.py: 80 bins, 25 ms / 10 ms, samples scaled by 2^15, dither 0, povey window, preemphasis 0.97,
 * remove_dc_offset, snip_edges, low 20 Hz, high Nyquist, power spectrum, no energy), and CMVN.  Layer: audio. */
#ifndef S2_AUDIO_FBANK_H
#define S2_AUDIO_FBANK_H

#include "base/arena.h"

typedef struct s2_fbank s2_fbank; /* FFT, window, mel weights: immutable, shared by threads */

S2ST_CHECK int s2_fbank_new(s2_fbank **out, int sample_rate, int n_bins, s2st_error *err);
/* The same with samples multiplied by `scale` instead of 2^15. 80 bins and a scale of 1 are the log-mel features of
 * GSLM (textless_nlp/gslm/speech2unit/pretrained/logmel_feature_reader.py). */
S2ST_CHECK int s2_fbank_new_scaled(s2_fbank **out, int sample_rate, int n_bins, float scale, s2st_error *err);
void s2_fbank_free(s2_fbank *f);

size_t s2_fbank_frames(const s2_fbank *f, size_t n_samples); /* 1 + (n - 400) / 160 at 16 kHz; 0: too short */
size_t s2_fbank_bins(const s2_fbank *f);
/* out [frames, n_bins]; samples [n] in [-1, 1). Scratch comes from `scratch` and is given back. No frame at all
 * (n below one window) is not an error here: nothing is written. */
S2ST_CHECK int s2_fbank_compute(const s2_fbank *f, float *out, const float *samples, size_t n, s2_arena *scratch,
				s2st_error *err);

/* utterance_cmvn.py:30-41: per bin (x - mean) / sqrt(max(E[x^2] - mean^2, 1e-10)); in place. */
void s2_utterance_cmvn(float *feat, size_t frames, size_t bins, bool norm_means, bool norm_vars);
/* global_cmvn.py: (x - mean[bin]) / std[bin]. */
void s2_global_cmvn(float *feat, size_t frames, size_t bins, const float *mean, const float *std);

#endif
