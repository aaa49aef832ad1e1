/* What the tests of src/math share: each ISA of this CPU in turn, filled buffers, chains as the kernels promise. */
#ifndef S2_TESTS_MATH_TEST_H
#define S2_TESTS_MATH_TEST_H

#include "base/half.h"
#include "math/exec.h"
#include "math/ops.h"
#include "test.h"

static const char *const math_isas[] = {"scalar", "avx2", "avx512", "avx512-vnni", "avx512-bf16"};
enum { N_ISAS = 3, N_ALL_ISAS = 5 }; /* those that differ in float32, and all */

/* False (and says so once) when this CPU or this build lacks the ISA. */
static inline bool math_open(s2_exec *x, s2_pool **pool, const char *isa, int threads)
{
	s2st_error err;
	const s2_kernels *k;
	if (s2_kernels_find(&k, isa, &err) < 0) {
		if (threads == 1)
			fprintf(stderr, "not tested here: %s\n", isa);
		return false;
	}
	*pool = NULL;
	if (threads > 1)
		REQUIRE_OK(s2_pool_new(pool, threads, &err));
	REQUIRE_OK(s2_exec_init(x, *pool, k, &err));
	return true;
}

static inline void math_close(s2_exec *x, s2_pool *pool)
{
	s2_exec_free(x);
	s2_pool_free(pool);
}

static inline float *math_alloc(size_t n)
{
	float *p = malloc((n ? n : 1) * sizeof *p);
	REQUIRE(p != NULL);
	return p;
}

static inline float *math_random(size_t n, uint64_t *seed)
{
	float *p = math_alloc(n);
	for (size_t i = 0; i < n; i++)
		p[i] = test_randf(seed);
	return p;
}

/* Is this ISA's multiply-add fused? */
static inline bool math_fused(const s2_exec *x)
{
#ifdef __FP_FAST_FMAF
	(void)x;
	return true;
#else
	return strcmp(s2_kernels_name(x->k), "scalar") != 0;
#endif
}

static inline float math_fma(bool fused, float a, float b, float c)
{
	return fused ? fmaf(a, b, c) : a * b + c;
}

static inline bool math_same(const float *a, const float *b, size_t n)
{
	return memcmp(a, b, n * sizeof *a) == 0;
}

#endif
