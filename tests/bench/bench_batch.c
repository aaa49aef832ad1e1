/* S2UT inputs decoded together: what each costs in batches of 1 to 32 on the full-size model (full_models.h), 10 s of
 * audio to STEPS units with a beam of 10, beside OpenBLAS's product in the same run.
 *
 *   bench_batch [--cpu] [--precision P] [--batch N] [--repeat N] [THREADS [STEPS [MODEL.pt]]]
 *
 * 1 thread, 50 steps; the model is made where it is missing.
 *
 * One session, as each worker of the tools has. Times are of an input and without the encoder's, which is timed alone;
 * GFLOP/s count the decoder's weights only, not its attention. --cpu: CPU time, for machines that others use too. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/full_models.h"
#include "bench/machine.h"
#include "s2st.h"

enum { RATE = 16000, SECONDS = 10, BEAM = 10, MOST = 32, MOST_REPEATS = 99 };

static s2st_error err;

static void must(int status)
{
	if (status < 0) {
		fprintf(stderr, "bench_batch: %s\n", err.text);
		exit(1);
	}
}

static float *noise(size_t n)
{
	float *a = malloc(n * sizeof *a);
	uint32_t x = 1;
	if (!a)
		exit(1);
	for (size_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		a[i] = (float)(x >> 8) / 16777216 - 0.5f;
	}
	return a;
}

/* Seconds that n inputs take; all begin at other places of the noise. */
static double decode(s2st_s2ut_session *s, const float *a, size_t n, int steps, bool cpu, int threads)
{
	static s2st_s2ut_item items[MOST];
	s2st_search_options o = s2st_search_defaults();
	o.beam = BEAM;
	o.max_len_b = o.min_len = steps;
	o.batch = (int)n;
	for (size_t i = 0; i < n; i++)
		items[i] = (s2st_s2ut_item){.samples = a + i * 100, .n = (size_t)RATE * SECONDS};
	double start = bench_now(cpu, threads);
	must(s2st_s2ut_generate_batch(s, items, n, &o, &err));
	for (size_t i = 0; i < n; i++)
		must(items[i].status);
	return bench_now(cpu, threads) - start;
}

static double encode(s2st_s2ut_session *s, const float *a, bool cpu, int threads)
{
	s2st_matrix out;
	double start = bench_now(cpu, threads);
	must(s2st_s2ut_encode(s, a, (size_t)RATE * SECONDS, NULL, &out, &err));
	return bench_now(cpu, threads) - start;
}

/* Medians of `repeat` runs, each beside the product. */
static void measure(s2st_s2ut_session *s, bench_machine *m, const float *a, size_t n, int steps, bool cpu, int threads,
		    size_t repeat)
{
	double taken[MOST_REPEATS], rate[MOST_REPEATS];
	for (size_t r = 0; r < repeat; r++) {
		taken[r] = decode(s, a, n, steps, cpu, threads) / (double)n - encode(s, a, cpu, threads);
		rate[r] = bench_sgemm(m);
	}
	double t = bench_median(taken, repeat), peak = bench_median(rate, repeat), step = t / (steps + 1);
	double gflops = 2e-9 / sizeof(float) * BEAM * s2ut_step_bytes(0, 0, 0) / step;
	printf("batch of %2zu: %7.3f s an input, %6.2f ms a step, %6.1f GFLOP/s", n, t, 1e3 * step, gflops);
	if (peak > 0)
		printf(", %3.0f %% of sgemm's %.1f", 100 * gflops / peak, peak);
	printf("\n");
	fflush(stdout);
}

static void usage(void)
{
	fprintf(stderr, "usage: bench_batch [--cpu] [--precision fp32|bf16|int8] [--batch N] "
			"[--repeat N] [THREADS [STEPS [MODEL.pt]]]\n");
	exit(2);
}

static int number(const char *text)
{
	long n = strtol(text, NULL, 10);
	if (n < 1 || n > 1 << 20)
		usage();
	return (int)n;
}

static s2st_precision precision_of(const char *name)
{
	s2st_precision p = S2ST_FP32;
	while (p < S2ST_N_PRECISIONS && strcmp(name, s2st_precision_name(p)) != 0)
		p++;
	if (p == S2ST_N_PRECISIONS)
		usage();
	return p;
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{"cpu", 0, NULL, 'c'}, {"precision", 1, NULL, 'p'}, {"batch", 1, NULL, 'b'},
		{"repeat", 1, NULL, 'r'}, {NULL, 0, NULL, 0}};
	s2st_context_options o = {0};
	bool cpu = false;
	size_t only = 0;
	size_t repeat = 3;
	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (c == 'c')
			cpu = true;
		else if (c == 'p')
			o.precision = precision_of(optarg);
		else if (c == 'b')
			only = (size_t)number(optarg);
		else if (c == 'r')
			repeat = (size_t)number(optarg);
		else
			usage();
	}
	argv += optind;
	o.threads = argv[0] ? number(argv[0]) : 1;
	const int steps = argv[0] && argv[1] ? number(argv[1]) : 50;
	const char *path = argv[0] && argv[1] && argv[2] ? argv[2] : "bench_s2ut.pt";
	if (only > MOST || repeat > MOST_REPEATS)
		usage();
	if (access(path, F_OK) != 0)
		make_s2ut(path);
	s2st_context *ctx;
	s2st_s2ut *model;
	s2st_s2ut_session *session;
	must(s2st_context_new(&ctx, &o, &err));
	must(s2st_s2ut_open(&model, ctx, &(s2st_s2ut_files){.model = path}, &err));
	must(s2st_s2ut_session_new(&session, model, &err));
	bench_machine *m = bench_machine_new(o.threads, cpu);
	float *a = noise((size_t)RATE * (SECONDS + 1));
	for (size_t n = only ? only : 1; n <= (only ? only : MOST); n *= 2)
		measure(session, m, a, n, steps, cpu, o.threads, repeat);
	free(a);
	bench_machine_free(m);
	s2st_s2ut_session_free(session);
	s2st_s2ut_free(model);
	s2st_context_free(ctx);
	return 0;
}
