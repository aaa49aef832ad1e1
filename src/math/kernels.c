#include "math/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

static bool always(void)
{
	return true;
}

#if defined(__x86_64__)
/* Older compilers' __builtin_cpu_supports does not know f16c. */
static bool has_f16c(void)
{
	unsigned a, b, c, d;
	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}

static bool has_avx512(void)
{
	return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static bool has_avx512_vnni(void)
{
	return has_avx512() && __builtin_cpu_supports("avx512vnni");
}

static bool has_avx512_bf16(void)
{
	return has_avx512_vnni() && __builtin_cpu_supports("avx512bf16");
}
#endif

/* Best first. */
static const struct {
	const s2_kernels *kernels;
	bool (*supported)(void);
} tables[] = {
#if defined(__x86_64__)
	{&s2_kernels_avx512_bf16, has_avx512_bf16},
	{&s2_kernels_avx512_vnni, has_avx512_vnni},
	{&s2_kernels_avx512, has_avx512},
	{&s2_kernels_avx2, has_avx2},
#endif
	{&s2_kernels_scalar, always},
};
enum { N_TABLES = sizeof tables / sizeof *tables };

int s2_kernels_find(const s2_kernels **out, const char *isa, s2st_error *err)
{
	*out = NULL;
	if (!isa)
		isa = getenv("S2ST_ISA");
	char list[64] = ""; /* room for all names */
	int used = 0;
	for (size_t i = 0; i < N_TABLES; i++) {
		if (!tables[i].supported())
			continue;
		const char *name = tables[i].kernels->name;
		if (!isa || !*isa || strcmp(isa, name) == 0) {
			*out = tables[i].kernels;
			return S2ST_OK;
		}
		used += snprintf(list + used, sizeof list - (size_t)used, "%s%s", used ? ", " : "", name);
	}
	return s2_fail(err, S2ST_EINPUT, "CPU kernels \"%s\" are unknown or not supported by this CPU; it has %s", isa,
		       list);
}

const char *s2_kernels_name(const s2_kernels *k)
{
	return k->name;
}
