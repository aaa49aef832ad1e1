/* Mean and variance normalisation in numpy's arithmetic: float32 sums, added up frame by frame. */
#include <math.h>

#include "audio/fbank.h"
#include "base/size.h"

enum { BLOCK = 16 }; /* bins at a time: one cache line of each frame */

static void normalise_block(float *feat, size_t frames, size_t bins, size_t width, bool norm_means, bool norm_vars)
{
	float mean[BLOCK] = {0}, std[BLOCK] = {0}, n = (float)frames;
	for (size_t t = 0; t < frames; t++) {
		const float *x = feat + t * bins;
		for (size_t b = 0; b < width; b++) {
			mean[b] += x[b];
			std[b] += x[b] * x[b];
		}
	}
	for (size_t b = 0; b < width; b++) {
		mean[b] /= n;
		std[b] = norm_vars ? sqrtf(fmaxf(std[b] / n - mean[b] * mean[b], 1e-10f)) : 1.0f;
		if (!norm_means)
			mean[b] = 0;
	}
	for (size_t t = 0; t < frames; t++) {
		float *x = feat + t * bins;
		for (size_t b = 0; b < width; b++)
			x[b] = (x[b] - mean[b]) / std[b];
	}
}

void s2_utterance_cmvn(float *feat, size_t frames, size_t bins, bool norm_means, bool norm_vars)
{
	for (size_t b = 0; b < bins && frames > 0; b += BLOCK)
		normalise_block(feat + b, frames, bins, s2_min(BLOCK, bins - b), norm_means, norm_vars);
}

void s2_global_cmvn(float *feat, size_t frames, size_t bins, const float *mean, const float *std)
{
	for (size_t t = 0; t < frames; t++)
		for (size_t b = 0; b < bins; b++)
			feat[t * bins + b] = (feat[t * bins + b] - mean[b]) / std[b];
}
