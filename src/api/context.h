/* Inside of s2st_context, and what all sessions check.  Layer: api. */
#ifndef S2_API_CONTEXT_H
#define S2_API_CONTEXT_H

#include "math/exec.h"

struct s2st_context {
	s2_pool *pool;
	const s2_kernels *kernels;
	s2st_precision precision; /* of the models that are opened */
};

/* Samples that are no finite numbers are refused. */
S2ST_CHECK int s2_check_samples(const float *samples, size_t n, s2st_error *err);

#endif
