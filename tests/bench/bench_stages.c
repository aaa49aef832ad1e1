/* Speed of whole stages on models of full size with random weights (full_models.h), against what this machine can do.
 *
 *   bench_stages [--stage NAME]... [--threads N]... [--repeat N] [--cpu] [--json] [--keep DIR]
 *
 * Stages: hubert (base to layer 11, 1000 centroids, 20 s), ctc (wav2vec 2.0 large, 20 s), s2ut-encoder (10 s), s2ut
 * (10 s to 200 units, beam 10), vocoder (500 units), demo (the demo pack, one file, from exec to exit), layers (HuBERT
 * base to each of its layers, 20 s). Default: all, on one thread and on all cores.
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
	int n_wanted, threads[16], n_threads, repeat;
	bool cpu, json;
} options;

typedef struct result {
	double seconds, sgemm; /* of a run; GFLOP/s of the product beside it */
	double step, stream;   /* of a decoder: seconds, GB/s of reading memory */
	double megabytes;      /* most memory held, file pages that were touched included */
} result;

static double timed(const stage *s, work *w, int steps, bool cpu)
{
	w->steps = steps;
	double start = bench_now(cpu, w->threads);
	s->run(w);
	return bench_now(cpu, w->threads) - start;
}

static void measure(result *r, const stage *s, int threads, const options *o)
{
	double took[MAX_REPEAT], sgemm[MAX_REPEAT], stream[MAX_REPEAT], step[MAX_REPEAT];
	const bool cpu = o->cpu && (s->open || s->layer); /* another process's time is not ours */
	work w;
	stage_open(&w, s, threads);
	bench_machine *m = bench_machine_new(threads, cpu);
	bench_sgemm(m);
	s->run(&w);
	for (int i = 0; i < o->repeat; i++) {
		sgemm[i] = bench_sgemm(m);
		took[i] = timed(s, &w, s->steps, cpu);
		if (s->steps) { /* what the second half of the steps costs more than the first */
			step[i] = (took[i] - timed(s, &w, s->steps / 2, cpu)) / (s->steps - s->steps / 2);
			stream[i] = bench_stream(m);
		}
	}
	const size_t n = (size_t)o->repeat;
	r->seconds = bench_median(took, n);
	r->sgemm = bench_median(sgemm, n);
	r->step = s->steps ? bench_median(step, n) : 0;
	r->stream = s->steps ? bench_median(stream, n) : 0;
	bench_machine_free(m);
	stage_close(&w);
}

/* Runs `what` in a process of its own; its memory is not this one's. */
static void apart(result *r, const stage *s, int threads, const options *o, bool memory)
{
	int ends[2], status;
	struct rusage use;
	pid_t child = pipe(ends) == 0 ? fork() : -1;
	if (child == 0) {
		result own = {0};
		if (memory) {
			work w;
			stage_open(&w, s, threads);
			s->run(&w);
			stage_close(&w);
		} else {
			measure(&own, s, threads, o);
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
	if (memory)
		r->megabytes = 1024e-6 * (double)use.ru_maxrss;
}

static void print_text(const stage *s, int threads, const result *r)
{
	printf("%-48s %2d thread%s %8.3f s  x %6.1f real time", s->what, threads, threads > 1 ? "s" : " ", r->seconds,
	       s->seconds / r->seconds);
	if (s->work) {
		double rate = 2e-9 * s->work() / r->seconds;
		printf("  %6.1f GFLOP/s", rate);
		if (r->sgemm > 0)
			printf(", %3.0f %% of sgemm's %.1f", 100 * rate / r->sgemm, r->sgemm);
	}
	if (s->steps) {
		double bytes = 1e-9 * s2ut_step_bytes(BEAM, (size_t)s->steps * 3 / 4, FBANK_FRAMES);
		printf("  step %.2f ms, %.1f GB/s, %3.0f %% of reading's %.1f", 1e3 * r->step, bytes / r->step,
		       100 * bytes / r->step / r->stream, r->stream);
	}
	if (r->megabytes > 0)
		printf("  %.0f MB", r->megabytes);
	printf("\n");
	fflush(stdout);
}

static void print_json(const stage *s, int threads, const result *r)
{
	printf("{\"stage\": \"%s\", \"layer\": %d, \"threads\": %d, \"seconds\": %.6f, \"x_real_time\": %.3f", s->name,
	       s->layer, threads, r->seconds, s->seconds / r->seconds);
	if (s->work)
		printf(", \"gflops\": %.3f, \"sgemm_gflops\": %.3f", 2e-9 * s->work() / r->seconds, r->sgemm);
	if (s->steps)
		printf(", \"step_seconds\": %.6f, \"step_bytes\": %.0f, \"stream_gb\": %.3f", r->step,
		       s2ut_step_bytes(BEAM, (size_t)s->steps * 3 / 4, FBANK_FRAMES), r->stream);
	if (r->megabytes > 0)
		printf(", \"peak_mb\": %.1f", r->megabytes);
	printf("}\n");
	fflush(stdout);
}

static void bench(const stage *s, const options *o, bool memory)
{
	s->make();
	for (int i = 0; i < o->n_threads; i++) {
		result r = {0};
		apart(&r, s, o->threads[i], o, false);
		if (memory)
			apart(&r, s, o->threads[i], o, true);
		(o->json ? print_json : print_text)(s, o->threads[i], &r);
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
	fprintf(stderr, "usage: bench_stages [--stage hubert|ctc|s2ut-encoder|s2ut|vocoder|demo|layers]... "
			"[--threads N]... [--repeat N] [--cpu] [--json] [--keep DIR]\n");
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

static const char *parse(options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{"stage", 1, NULL, 's'}, {"threads", 1, NULL, 't'}, {"repeat", 1, NULL, 'r'}, {"cpu", 0, NULL, 'c'},
		{"json", 0, NULL, 'j'},  {"keep", 1, NULL, 'k'},    {NULL, 0, NULL, 0}};
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
	stage_folder(keep);
	for (int i = 0; i < N_STAGES; i++)
		if (wanted(&o, stages[i].name))
			bench(&stages[i], &o, true);
	if (wanted(&o, "layers"))
		bench_layers(&o);
	return 0;
}
