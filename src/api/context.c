#include "api/context.h"

#include <math.h>
#include <stdlib.h>

int s2st_context_new(s2st_context **out, const s2st_context_options *opt, s2st_error *err)
{
	s2st_context_options o = opt ? *opt : (s2st_context_options){0};
	*out = NULL;
	s2st_context *ctx = calloc(1, sizeof *ctx);
	if (!ctx)
		return s2_fail_mem(err, "context");
	ctx->precision = o.precision;
	int rc = s2_kernels_find(&ctx->kernels, o.isa, err);
	if (rc >= 0 && (unsigned)o.precision >= S2ST_N_PRECISIONS)
		rc = s2_fail(err, S2ST_EINPUT, "precision: expected 0 to %d, found %d", S2ST_N_PRECISIONS - 1,
			     (int)o.precision);
	if (rc >= 0)
		rc = s2_pool_new(&ctx->pool, o.threads, err);
	if (rc < 0) {
		s2st_context_free(ctx);
		return rc;
	}
	*out = ctx;
	return 0;
}

void s2st_context_free(s2st_context *ctx)
{
	if (!ctx)
		return;
	s2_pool_free(ctx->pool);
	free(ctx);
}

const char *s2st_context_isa(const s2st_context *ctx)
{
	return s2_kernels_name(ctx->kernels);
}

void s2st_context_limit(s2st_context *ctx, int threads)
{
	s2_pool_limit(ctx->pool, threads);
}

int s2st_context_threads(const s2st_context *ctx)
{
	return s2_pool_threads(ctx->pool);
}

s2st_precision s2st_context_precision(const s2st_context *ctx)
{
	return ctx->precision;
}

int s2_check_samples(const float *samples, size_t n, s2st_error *err)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(samples[i]))
			return s2_fail(err, S2ST_EINPUT, "sample %zu of the audio is not a finite number", i);
	return S2ST_OK;
}
