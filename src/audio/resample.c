/* The only file that knows libsoxr. */
#include "audio/resample.h"

#include <soxr.h>
#include <stdlib.h>

struct s2_resampler {
	soxr_t soxr;
	int from_rate, to_rate;
};

int s2_resampler_new(s2_resampler **out, int from_rate, int to_rate, s2st_error *err)
{
	*out = NULL;
	s2_resampler *r = calloc(1, sizeof *r);
	if (!r)
		return s2_fail_mem(err, "resampler");
	soxr_error_t why = NULL;
	soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
	r->from_rate = from_rate;
	r->to_rate = to_rate;
	r->soxr = soxr_create(from_rate, to_rate, 1, &why, NULL, &quality, NULL);
	if (!r->soxr) {
		s2_resampler_free(r);
		return s2_fail(err, S2ST_EINPUT, "cannot resample from %d to %d Hz: %s", from_rate, to_rate,
			       soxr_strerror(why));
	}
	*out = r;
	return S2ST_OK;
}

void s2_resampler_free(s2_resampler *r)
{
	if (!r)
		return;
	soxr_delete(r->soxr);
	free(r);
}

int s2_resampler_run(s2_resampler *r, const float *in, size_t n_in, size_t *used, float *out, size_t n_out,
		     size_t *made, s2st_error *err)
{
	soxr_error_t why = soxr_process(r->soxr, in, n_in, used, out, n_out, made);
	if (why)
		return s2_fail(err, S2ST_EINPUT, "cannot resample from %d to %d Hz: %s", r->from_rate, r->to_rate, why);
	return S2ST_OK;
}
