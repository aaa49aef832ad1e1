#include "bench/machine.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/pool.h"

enum { SQUARE = 2048, STREAM_BYTES = 256 << 20, PARTS = 64, LANES = 32 };

typedef void blas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
			const float *b, int ldb, float beta, float *c, int ldc);

struct bench_machine {
	s2_pool *pool;
	int threads;
	bool cpu;
	blas_sgemm *sgemm;
	float *a, *b, *c; /* [SQUARE, SQUARE] */
	uint64_t *bytes;  /* [STREAM_BYTES / 8] */
	uint64_t sums[PARTS];
};

double bench_now(bool cpu, int threads)
{
	struct timespec t;
	clock_gettime(cpu ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec + 1e-9 * (double)t.tv_nsec) / (cpu ? threads : 1);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double bench_median(double *values, size_t n)
{
	qsort(values, n, sizeof *values, by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void load_blas(bench_machine *m)
{
	void *lib = dlopen("libopenblas.so.0", RTLD_NOW);
	if (!lib)
		return;
	void (*set_threads)(int);
	*(void **)&set_threads = dlsym(lib, "openblas_set_num_threads");
	*(void **)&m->sgemm = dlsym(lib, "cblas_sgemm");
	if (set_threads)
		set_threads(m->threads);
}

bench_machine *bench_machine_new(int threads, bool cpu)
{
	s2st_error err = {.text = "out of memory"};
	bench_machine *m = calloc(1, sizeof *m);
	float **squares[] = {&m->a, &m->b, &m->c};
	bool ok = m && s2_pool_new(&m->pool, threads, &err) == 0;
	for (int i = 0; ok && i < 3; i++) {
		ok = (*squares[i] = aligned_alloc(64, sizeof(float) * SQUARE * SQUARE)) != NULL;
		for (size_t j = 0; ok && j < (size_t)SQUARE * SQUARE; j++)
			(*squares[i])[j] = (float)(j % 1009) / 1009 - 0.5f;
	}
	ok = ok && (m->bytes = aligned_alloc(64, STREAM_BYTES));
	if (!ok) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	memset(m->bytes, 1, STREAM_BYTES);
	m->threads = threads;
	m->cpu = cpu;
	load_blas(m);
	return m;
}

void bench_machine_free(bench_machine *m)
{
	s2_pool_free(m->pool);
	free(m->a);
	free(m->b);
	free(m->c);
	free(m->bytes);
	free(m);
}

double bench_sgemm(bench_machine *m)
{
	if (!m->sgemm)
		return 0;
	double start = bench_now(m->cpu, m->threads);
	m->sgemm(101, 111, 112, SQUARE, SQUARE, SQUARE, 1, m->a, SQUARE, m->b, SQUARE, 0, m->c, SQUARE);
	return 2e-9 * SQUARE * SQUARE * SQUARE / (bench_now(m->cpu, m->threads) - start);
}

static void read_part(void *arg, size_t i, int worker)
{
	(void)worker;
	bench_machine *m = arg;
	const size_t n = STREAM_BYTES / 8 / PARTS;
	const uint64_t *at = m->bytes + i * n;
	uint64_t sums[LANES] = {0}; /* vectors of independent sums: only memory is waited for */
	for (size_t j = 0; j < n; j += LANES)
		for (size_t l = 0; l < LANES; l++)
			sums[l] += at[j + l];
	for (size_t l = 0; l < LANES; l++)
		m->sums[i] += sums[l];
}

double bench_stream(bench_machine *m)
{
	double start = bench_now(m->cpu, m->threads);
	s2_pool_run(m->pool, PARTS, read_part, m);
	return 1e-9 * STREAM_BYTES / (bench_now(m->cpu, m->threads) - start);
}
