/* What a kernel needs besides its operands: the crew, scratch memory, and the CPU's kernels.
 *
 * Layer: math. One s2_exec per session. No kernel allocates from anywhere else, keeps state or prints. */
#ifndef S2_MATH_EXEC_H
#define S2_MATH_EXEC_H

#include "base/arena.h"
#include "base/pool.h"

typedef struct s2_kernels s2_kernels; /* kernels.h: per-CPU inner loops behind one table */

typedef struct s2_exec {
	s2_pool *pool;          /* shared; NULL: one thread */
	const s2_kernels *k;
	s2_arena *scratch;      /* mark/reset around each forward call */
	size_t threads;         /* of the pool */
	float **pack;           /* [threads] working memory of the gemm, s2_gemm_pack_floats() each */
} s2_exec;

/* isa NULL: $S2ST_ISA, else the best of this CPU. An unknown or unsupported name is an error that lists what there
 * is. */
S2ST_CHECK int s2_kernels_find(const s2_kernels **out, const char *isa, s2st_error *err);
const char *s2_kernels_name(const s2_kernels *k);

/* Owns scratch and pack. */
S2ST_CHECK int s2_exec_init(s2_exec *x, s2_pool *pool, const s2_kernels *k, s2st_error *err);
void s2_exec_free(s2_exec *x);

#endif
