#include "audio/mfcc.h"

#include <math.h>
#include <stdlib.h>

#include "audio/fbank.h"
#include "audio/torchmath.h"

enum { N_MEL = 23, N_CEPSTRA = 13 };
static const double LIFTER = 22.0;

struct s2_mfcc {
	s2_fbank *fbank;
	float cosines[N_CEPSTRA][N_MEL]; /* orthonormal DCT-II */
	float lifter[N_CEPSTRA];
};

int s2_mfcc_new(s2_mfcc **out, int sample_rate, s2st_error *err)
{
	*out = NULL;
	s2_mfcc *m = calloc(1, sizeof *m);
	if (!m)
		return s2_fail_mem(err, "MFCC");
	int rc = s2_fbank_new_scaled(&m->fbank, sample_rate, N_MEL, 1.0f, err);
	if (rc < 0) {
		s2_mfcc_free(m);
		return rc;
	}
	for (int k = 0; k < N_CEPSTRA; k++) {
		for (int b = 0; b < N_MEL; b++) {
			float angle = (float)(M_PI / N_MEL) * ((float)b + 0.5f) * (float)k;
			m->cosines[k][b] = (float)sqrt(2.0 / N_MEL) * s2_torch_cos(angle);
			if (k == 0)
				m->cosines[k][b] = (float)sqrt(1.0 / N_MEL);
		}
		m->lifter[k] = 1.0f + (float)(0.5 * LIFTER) * sinf((float)M_PI * (float)k / (float)LIFTER);
	}
	*out = m;
	return S2ST_OK;
}

void s2_mfcc_free(s2_mfcc *m)
{
	if (!m)
		return;
	s2_fbank_free(m->fbank);
	free(m);
}

size_t s2_mfcc_frames(const s2_mfcc *m, size_t n_samples)
{
	return s2_fbank_frames(m->fbank, n_samples);
}

static void cepstra(const s2_mfcc *m, float *out, const float *log_mel)
{
	for (size_t k = 0; k < N_CEPSTRA; k++) {
		float sum = 0;
		for (size_t b = 0; b < N_MEL; b++)
			sum = s2_fma_f32(log_mel[b], m->cosines[k][b], sum);
		out[k] = sum * m->lifter[k];
	}
}

/* The slope of a line through five frames: from `in` to `out`, both columns of [frames, S2_MFCC_DIM]. */
static void slopes(float *out, const float *in, size_t frames)
{
	for (size_t t = 0; t < frames; t++)
		for (size_t k = 0; k < N_CEPSTRA; k++) {
			float sum = 0;
			for (int d = -2; d <= 2; d++) {
				size_t at = d < 0 && t < (size_t)-d ? 0 : t + (size_t)d;
				sum += (float)d * in[(at < frames ? at : frames - 1) * S2_MFCC_DIM + k];
			}
			out[t * S2_MFCC_DIM + k] = sum / 10.0f;
		}
}

int s2_mfcc_compute(const s2_mfcc *m, float *out, const float *samples, size_t n, s2_arena *scratch, s2st_error *err)
{
	size_t frames = s2_mfcc_frames(m, n);
	s2_mark mark = s2_arena_mark(scratch);
	float *log_mel;
	S2_ALLOC(log_mel, scratch, frames, N_MEL, err);
	S2_TRY(s2_fbank_compute(m->fbank, log_mel, samples, n, scratch, err));
	for (size_t t = 0; t < frames; t++)
		cepstra(m, out + t * S2_MFCC_DIM, log_mel + t * N_MEL);
	slopes(out + N_CEPSTRA, out, frames);
	slopes(out + (size_t)2 * N_CEPSTRA, out + N_CEPSTRA, frames);
	s2_arena_reset(scratch, mark);
	return S2ST_OK;
}
