/* Mel-frequency cepstra with their first and second differences, HuBERT's first targets
 * (examples/hubert/simple_kmeans/dump_mfcc_feature.py): torchaudio.compliance.kaldi.mfcc with its defaults (13 cepstra
 * of 23 mel bins, lifter 22, no energy; samples in [-1, 1), not scaled), then torchaudio.functional.compute_deltas
 * twice (5 frames, the outer ones repeated).  Layer: audio. */
#ifndef S2_AUDIO_MFCC_H
#define S2_AUDIO_MFCC_H

#include "base/arena.h"

enum { S2_MFCC_DIM = 39 }; /* 13 cepstra, 13 differences, 13 differences of differences */

typedef struct s2_mfcc s2_mfcc; /* immutable, shared by threads */

S2ST_CHECK int s2_mfcc_new(s2_mfcc **out, int sample_rate, s2st_error *err);
void s2_mfcc_free(s2_mfcc *m);

size_t s2_mfcc_frames(const s2_mfcc *m, size_t n_samples); /* 0: too short */
/* out [frames, S2_MFCC_DIM]; samples [n] in [-1, 1). Scratch comes from `scratch` and is given back. */
S2ST_CHECK int s2_mfcc_compute(const s2_mfcc *m, float *out, const float *samples, size_t n, s2_arena *scratch,
			       s2st_error *err);

#endif
