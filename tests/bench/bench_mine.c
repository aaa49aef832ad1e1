/* Speed and memory of exact mining: two sets of random embeddings, searched both ways through the public interface, in
 * turns with this machine's sgemm. Every similarity counts once, as 2 * dim operations; scaling, the lists and reading
 * the files count as nothing.
 *
 *   bench_mine [--rows N] [--dim N] [--threads N] [--cpu]
 *
 * The sets lie in $TMPDIR (4 * rows * dim bytes each). --cpu counts CPU time instead of the wall's, which says more
 * where other programs share the machine. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/random.h"
#include "bench/machine.h"
#include "s2st.h"

enum { BESIDE = 8 }; /* a product of the machine after so many steps */

static s2st_error err;

static void must(int status)
{
	if (status < 0) {
		fprintf(stderr, "bench_mine: %s\n", err.text);
		exit(1);
	}
}

static char *path_of(const char *folder, const char *name)
{
	char *path;
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		exit(1);
	return path;
}

/* NAME.npy and NAME.ids of uniform random rows. */
static void write_set(const char *npy, const char *ids, size_t rows, size_t dim, uint64_t seed)
{
	s2_random dice;
	s2st_npy_rows *w;
	FILE *f = fopen(ids, "w");
	float *row = malloc(dim * sizeof *row);
	if (!f || !row)
		exit(1);
	s2_random_seed(&dice, seed);
	must(s2st_npy_rows_open(&w, npy, dim, &err));
	for (size_t i = 0; i < rows; i++) {
		for (size_t j = 0; j < dim; j++)
			row[j] = (float)(s2_random_double(&dice) - 0.5);
		must(s2st_npy_rows_add(w, row, 1, &err));
		fprintf(f, "%zu\n", i);
	}
	must(s2st_npy_rows_commit(w, &err));
	if (fclose(f) != 0)
		exit(1);
	free(row);
}

typedef struct options {
	int rows, dim, threads;
	bool cpu;
} options;

static void search(const options *o, const char *source, const char *target)
{
	s2st_context *ctx;
	s2st_embeddings *a, *b;
	s2st_miner *m;
	struct rusage use;
	double seconds = 0, beside[INT16_MAX / BESIDE];
	size_t n_beside = 0, steps = 0;
	int rc = 1;
	const s2st_mine_options mining = s2st_mine_defaults();
	must(s2st_context_new(&ctx, &(s2st_context_options){.threads = o->threads}, &err));
	bench_machine *machine = bench_machine_new(o->threads, o->cpu);
	must(s2st_embeddings_open(&a, source, &err));
	must(s2st_embeddings_open(&b, target, &err));
	double start = bench_now(o->cpu, o->threads);
	must(s2st_miner_new(&m, ctx, a, b, &mining, &err));
	while (rc > 0) {
		rc = s2st_miner_step(m, &err);
		must(rc);
		seconds += bench_now(o->cpu, o->threads) - start;
		if (steps++ % BESIDE == 0 && n_beside < sizeof beside / sizeof *beside)
			beside[n_beside++] = bench_sgemm(machine);
		start = bench_now(o->cpu, o->threads);
	}
	getrusage(RUSAGE_SELF, &use);
	const double rate = 2e-9 * o->rows * (double)o->rows * o->dim / seconds, peak = bench_median(beside, n_beside);
	printf("%d x %d x %d, %d threads, %s: %.1f s, %.1f GFLOP/s", o->rows, o->rows, o->dim, o->threads,
	       s2st_context_isa(ctx), seconds, rate);
	if (peak > 0)
		printf(", %.0f %% of sgemm (%.1f)", 100 * rate / peak, peak);
	printf(", %.0f MB at most\n", 1024e-6 * (double)use.ru_maxrss);
	s2st_miner_free(m);
	s2st_embeddings_free(a);
	s2st_embeddings_free(b);
	bench_machine_free(machine);
	s2st_context_free(ctx);
}

static int number(const char *text)
{
	char *end;
	const long x = strtol(text, &end, 10);
	if (end == text || *end || x < 1 || x > INT_MAX) {
		fprintf(stderr, "bench_mine: expected a number from 1, found '%s'\n", text);
		exit(2);
	}
	return (int)x;
}

int main(int argc, char **argv)
{
	static const struct option known[] = {{"rows", required_argument, NULL, 'r'},
					      {"dim", required_argument, NULL, 'd'},
					      {"threads", required_argument, NULL, 't'},
					      {"cpu", no_argument, NULL, 'c'},
					      {NULL, 0, NULL, 0}};
	options o = {.rows = 10000, .dim = 1024, .threads = 1};
	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		switch (c) {
		case 'r': o.rows = number(optarg); break;
		case 'd': o.dim = number(optarg); break;
		case 't': o.threads = number(optarg); break;
		case 'c': o.cpu = true; break;
		default: return 2;
		}
	}
	const char *tmp = getenv("TMPDIR");
	char *folder = path_of(tmp ? tmp : "/tmp", "bench-mine-XXXXXX");
	if (!mkdtemp(folder)) {
		perror(folder);
		return 1;
	}
	static const char *const names[] = {"a.npy", "a.ids", "b.npy", "b.ids"};
	char *files[4];
	for (size_t i = 0; i < 4; i++)
		files[i] = path_of(folder, names[i]);
	write_set(files[0], files[1], (size_t)o.rows, (size_t)o.dim, 1);
	write_set(files[2], files[3], (size_t)o.rows, (size_t)o.dim, 2);
	search(&o, files[0], files[2]);
	for (size_t i = 0; i < 4; i++) {
		unlink(files[i]);
		free(files[i]);
	}
	rmdir(folder);
	free(folder);
	return 0;
}
