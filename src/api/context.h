/* Inside of s2st_context.  Layer: api. */
#ifndef S2_API_CONTEXT_H
#define S2_API_CONTEXT_H

#include "math/exec.h"

struct s2st_context {
	s2_pool *pool;
	const s2_kernels *kernels;
};

#endif
