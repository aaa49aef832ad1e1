/* Speed of whole stages on models of full size with random weights (full_models.h), against what this machine can do.
 *
 *   bench_stages [--stage NAME]... [--threads N]... [--precision P]... [--repeat N] [--cpu] [--json] [--keep DIR]
 *
 * Stages: hubert (base to layer 11, 1000 centroids, 20 s), ctc (wav2vec 2.0 large, 20 s), s2ut-encoder (10 s), s2ut
 * (10 s to 200 units, beam 10), s2ut-folder (64 such utterances decoded together), vocoder (500 units), demo (the demo
 * pack, one file, from exec to exit), layers (HuBERT base to each of its layers, 20 s). Default: all, on one thread and
 * on all cores.
 *
 * Precisions: fp32 (default), bf16, int8; a reduced one's runs alternate with float32's, and the ratio is printed (of a
 * decoder: of its step).
 *
 * A stage's runs alternate with a large product of OpenBLAS (and readings of memory for decoding), so that a slow
 * minute of the machine slows both. Medians are printed. --cpu counts CPU time instead of the wall's, which says more
 * where other programs run. Each stage has a process of its own, and one more run in another for its memory. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/full_models.h"
#include "bench/machine.h"
#include "bench/stages.h"

enum { MAX_REPEAT = 99, LAYERS = 12 };

/* ---- measuring -------------------------------------------------------------------------------------------------- */

typedef struct options {
	const char *wanted[16];
	int n_wanted, threads[16], n_threads, n_precisions, repeat;
	s2st_precision precisions[S2ST_N_PRECISIONS];
	bool cpu, json;
} options;

typedef struct result {
	double seconds, sgemm; /* of a run; GFLOP/s of the product beside it */
	double step, stream;   /* of a decoder: seconds, GB/s of reading memory */
	double gain;           /* times faster than float32; 0: float32 itself */
	double megabytes;      /* most memory held, file pages that were touched included */
} result;

static double timed(const stage *s, work *w, int steps, bool cpu)
{
	w->steps = steps;
	double start = bench_now(cpu, w->threads);
	s->run(w);
	return (bench_now(cpu, w->threads) - start) / (s->inputs > 1 ? s->inputs : 1);
}

/* Of a run or, of a decoder's step, what the second half of the steps costs more than the first. */
static double timed_step(const stage *s, work *w, double took, bool cpu)
{
	return s->steps ? (took - timed(s, w, s->steps / 2, cpu)) / (s->steps - s->steps / 2) : took;
}

static void measure(result *r, const stage *s, int threads, s2st_precision precision, const options *o)
{
	double took[MAX_REPEAT], sgemm[MAX_REPEAT], stream[MAX_REPEAT], step[MAX_REPEAT], gain[MAX_REPEAT];
	const bool cpu = o->cpu && (s->open || s->layer); /* another process's time is not ours */
	const bool reduced = precision != S2ST_FP32;
	work w, full;
	stage_open(&w, s, threads, precision);
	bench_machine *m = bench_machine_new(threads, cpu);
	const bool warm_up = s->inputs <= 1; /* a folder is long enough */
	if (s->work)
		bench_sgemm(m);
	if (warm_up)
		s->run(&w);
	if (reduced) {
		stage_open(&full, s, threads, S2ST_FP32);
		if (warm_up)
			s->run(&full);
	}
	for (int i = 0; i < o->repeat; i++) {
		sgemm[i] = s->work ? bench_sgemm(m) : 0; /* OpenBLAS' threads look for work some time longer */
		stream[i] = s->steps ? bench_stream(m) : 0;
		took[i] = timed(s, &w, s->steps, cpu);
		step[i] = timed_step(s, &w, took[i], cpu);
		gain[i] = reduced ? timed_step(s, &full, timed(s, &full, s->steps, cpu), cpu) / step[i] : 0;
	}
	const size_t n = (size_t)o->repeat;
	r->seconds = bench_median(took, n);
	r->sgemm = bench_median(sgemm, n);
	r->step = bench_median(step, n);
	r->stream = bench_median(stream, n);
	r->gain = bench_median(gain, n);
	bench_machine_free(m);
	stage_close(&w);
	if (reduced)
		stage_close(&full);
}

/* Runs `what` in a process of its own; its memory is not this one's. */
static void apart(result *r, const stage *s, int threads, s2st_precision precision, const options *o, bool memory)
{
	int ends[2], status;
	struct rusage use;
	pid_t child = pipe(ends) == 0 ? fork() : -1;
	if (child == 0) {
		result own = {0};
		if (memory) {
			work w;
			stage_open(&w, s, threads, precision);
			s->run(&w);
			stage_close(&w);
		} else {
			measure(&own, s, threads, precision, o);
		}
		_exit(write(ends[1], &own, sizeof own) != sizeof own);
	}
	if (child < 0 || wait4(child, &status, 0, &use) < 0 || status != 0 ||
	    (!memory && read(ends[0], r, sizeof *r) != sizeof *r)) {
		fprintf(stderr, "bench_stages: stage %s failed\n", s->name);
		exit(1);
	}
	close(ends[0]);
	close(ends[1]);
	if (memory || s->inputs > 1)
		r->megabytes = 1024e-6 * (double)use.ru_maxrss;
}

static void print_text(const stage *s, int threads, s2st_precision precision, const result *r)
{
	printf("%-48s %2d thread%s %s %8.3f s  x %6.1f real time", s->what, threads, threads > 1 ? "s" : " ",
	       s2st_precision_name(precision), r->seconds, s->seconds / r->seconds);
	if (s->work) {
		double rate = 2e-9 * s->work() / r->seconds;
		printf("  %6.1f GFLOP/s", rate);
		if (r->sgemm > 0)
			printf(", %3.0f %% of sgemm's %.1f", 100 * rate / r->sgemm, r->sgemm);
	}
	if (s->steps) {
		double bytes = 1e-9 * s2ut_step_bytes(BEAM, (size_t)s->steps * 3 / 4, FBANK_FRAMES);
		printf("  step %.2f ms", 1e3 * r->step);
		if (precision == S2ST_FP32)
			printf(", %.1f GB/s, %3.0f %% of reading's %.1f", bytes / r->step,
			       100 * bytes / r->step / r->stream, r->stream);
	}
	if (r->gain > 0)
		printf("  %.2f x float32", r->gain);
	if (r->megabytes > 0)
		printf("  %.0f MB", r->megabytes);
	printf("\n");
	fflush(stdout);
}

static void print_json(const stage *s, int threads, s2st_precision precision, const result *r)
{
	printf("{\"stage\": \"%s\", \"layer\": %d, \"threads\": %d, \"precision\": \"%s\", \"seconds\": %.6f, "
	       "\"x_real_time\": %.3f",
	       s->name, s->layer, threads, s2st_precision_name(precision), r->seconds, s->seconds / r->seconds);
	if (s->work)
		printf(", \"gflops\": %.3f, \"sgemm_gflops\": %.3f", 2e-9 * s->work() / r->seconds, r->sgemm);
	if (s->steps)
		printf(", \"step_seconds\": %.6f", r->step);
	if (s->steps && precision == S2ST_FP32)
		printf(", \"step_bytes\": %.0f, \"stream_gb\": %.3f",
		       s2ut_step_bytes(BEAM, (size_t)s->steps * 3 / 4, FBANK_FRAMES), r->stream);
	if (r->gain > 0)
		printf(", \"x_fp32\": %.3f", r->gain);
	if (r->megabytes > 0)
		printf(", \"peak_mb\": %.1f", r->megabytes);
	printf("}\n");
	fflush(stdout);
}

static void bench(const stage *s, const options *o, bool memory)
{
	s->make();
	for (int i = 0; i < o->n_threads; i++)
		for (int j = 0; j < o->n_precisions; j++) {
			const s2st_precision p = o->precisions[j];
			result r = {0};
			apart(&r, s, o->threads[i], p, o, false);
			if (memory && s->inputs <= 1)
				apart(&r, s, o->threads[i], p, o, true);
			(o->json ? print_json : print_text)(s, o->threads[i], p, &r);
		}
}

static void bench_layers(const options *o)
{
	for (int layer = 1; layer <= LAYERS; layer++) {
		char what[64];
		snprintf(what, sizeof what, "HuBERT base to layer %d, 20 s", layer);
		const stage s = {.name = "layers",
				 .what = what,
				 .seconds = 20,
				 .make = make_hubert,
				 .run = run_hubert,
				 .layer = layer};
		bench(&s, o, false);
	}
}

/* ---- command line ----------------------------------------------------------------------------------------------- */

static bool wanted(const options *o, const char *name)
{
	for (int i = 0; i < o->n_wanted; i++)
		if (strcmp(o->wanted[i], name) == 0)
			return true;
	return o->n_wanted == 0;
}

static void usage(void)
{
	fprintf(stderr,
		"usage: bench_stages [--stage hubert|ctc|s2ut-encoder|s2ut|s2ut-folder|vocoder|demo|layers]... "
		"[--threads N]... [--precision fp32|bf16|int8]... [--repeat N] [--cpu] [--json] [--keep DIR]\n");
	exit(2);
}

static void check_stages(const options *o)
{
	for (int i = 0; i < o->n_wanted; i++) {
		bool known = strcmp(o->wanted[i], "layers") == 0;
		for (int j = 0; j < N_STAGES; j++)
			known = known || strcmp(o->wanted[i], stages[j].name) == 0;
		if (!known)
			usage();
	}
}

static int number(const char *text, int most)
{
	char *end;
	long n = strtol(text, &end, 10);
	if (*end || n < 1 || n > most)
		usage();
	return (int)n;
}

static void add_precision(options *o, const char *name)
{
	s2st_precision p = S2ST_FP32;
	while (p < S2ST_N_PRECISIONS && strcmp(name, s2st_precision_name(p)) != 0)
		p++;
	if (p == S2ST_N_PRECISIONS || o->n_precisions == S2ST_N_PRECISIONS)
		usage();
	o->precisions[o->n_precisions++] = p;
}

static const char *parse(options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{"stage", 1, NULL, 's'}, {"threads", 1, NULL, 't'}, {"repeat", 1, NULL, 'r'},    {"cpu", 0, NULL, 'c'},
		{"json", 0, NULL, 'j'},  {"keep", 1, NULL, 'k'},    {"precision", 1, NULL, 'p'}, {NULL, 0, NULL, 0}};
	const char *keep = NULL;
	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (c == 's' && o->n_wanted < 16)
			o->wanted[o->n_wanted++] = optarg;
		else if (c == 't' && o->n_threads < 16)
			o->threads[o->n_threads++] = number(optarg, 1024);
		else if (c == 'r')
			o->repeat = number(optarg, MAX_REPEAT);
		else if (c == 'c')
			o->cpu = true;
		else if (c == 'j')
			o->json = true;
		else if (c == 'k')
			keep = optarg;
		else if (c == 'p')
			add_precision(o, optarg);
		else
			usage();
	}
	if (optind < argc)
		usage();
	check_stages(o);
	return keep;
}

int main(int argc, char **argv)
{
	options o = {.repeat = 5};
	const char *keep = parse(&o, argc, argv);
	const int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
	if (o.n_threads == 0) {
		o.threads[o.n_threads++] = 1;
		if (cores > 1)
			o.threads[o.n_threads++] = cores;
	}
	if (o.n_precisions == 0)
		o.precisions[o.n_precisions++] = S2ST_FP32;
	stage_folder(keep);
	for (int i = 0; i < N_STAGES; i++)
		if (wanted(&o, stages[i].name))
			bench(&stages[i], &o, true);
	if (wanted(&o, "layers"))
		bench_layers(&o);
	return 0;
}
