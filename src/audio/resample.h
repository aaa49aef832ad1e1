/* Sample rate conversion of one channel, block by block: libsoxr's HQ recipe (20 bits, linear phase).
 *
 * Layer: audio. The output does not depend on how the input is cut into blocks. */
#ifndef S2_AUDIO_RESAMPLE_H
#define S2_AUDIO_RESAMPLE_H

#include <stddef.h>

#include "base/status.h"

typedef struct s2_resampler s2_resampler;

S2ST_CHECK int s2_resampler_new(s2_resampler **out, int from_rate, int to_rate, s2st_error *err);
void s2_resampler_free(s2_resampler *r);

/* Takes up to `n_in` samples (`in` NULL: there are no more) and gives up to `n_out`. Call again with what is left of
 * the input until all is used, and at the end with NULL until *made is 0. */
S2ST_CHECK int s2_resampler_run(s2_resampler *r, const float *in, size_t n_in, size_t *used, float *out, size_t n_out,
				size_t *made, s2st_error *err);

#endif
