#include "math/exec.h"

#include <stdlib.h>

#include "math/gemm.h"

int s2_exec_init(s2_exec *x, s2_pool *pool, const s2_kernels *k, s2st_error *err)
{
	size_t threads = (size_t)s2_pool_threads(pool);
	*x = (s2_exec){.pool = pool, .k = k, .threads = threads};
	x->scratch = s2_arena_new();
	x->pack = calloc(threads, sizeof *x->pack);
	bool ok = x->scratch && x->pack;
	for (size_t i = 0; ok && i < threads; i++) {
		x->pack[i] = aligned_alloc(64, s2_gemm_pack_floats() * sizeof(float));
		ok = x->pack[i] != NULL;
	}
	if (!ok) {
		s2_exec_free(x);
		return s2_fail_mem(err, "working memory of the kernels");
	}
	return S2ST_OK;
}

void s2_exec_free(s2_exec *x)
{
	if (x->pack)
		for (size_t i = 0; i < x->threads; i++)
			free(x->pack[i]);
	free(x->pack);
	s2_arena_free(x->scratch);
	*x = (s2_exec){0};
}
