/* Speed of the kernels on one thread (or $S2ST_THREADS): median and best in GFLOP/s, and OpenBLAS beside it where its
 * library can be loaded. Convolutions are compared with a plain product of the same m, n and k, its im2col not counted.
 * The best says more where other programs share the machine.
 *
 * With a precision the same in bf16 or int8 stands beside the products, and in the last columns how many times float32
 * that is.
 *
 *   bench_math [PART OF A NAME [bf16|int8]] */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "math/conv.h"
#include "math/ops.h"
#include "math/step_attention.h"
#include "math/packed.h"

enum { REPEATS = 15 };

static clockid_t watch = CLOCK_MONOTONIC;

static double now(void)
{
	struct timespec t;
	clock_gettime(watch, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

typedef struct timing {
	double median, best; /* seconds of one call */
} timing;

/* REPEATS runs of at least 20 ms. */
static timing measure(void (*work)(void *), void *arg)
{
	double times[REPEATS], start = now();
	work(arg);
	size_t calls = (size_t)(0.02 / (now() - start + 1e-9)) + 1;
	for (int r = 0; r < REPEATS; r++) {
		start = now();
		for (size_t i = 0; i < calls; i++)
			work(arg);
		times[r] = (now() - start) / (double)calls;
	}
	qsort(times, REPEATS, sizeof *times, compare);
	return (timing){times[REPEATS / 2], times[0]};
}

static float *fill(size_t n)
{
	float *p = aligned_alloc(64, (n * sizeof *p + 63) / 64 * 64); /* as tensors lie in files and arenas */
	if (!p)
		exit(1);
	for (size_t i = 0; i < n; i++)
		p[i] = (float)((i * 2654435761u >> 7) % 1000) / 1000 - 0.5f;
	return p;
}

/* ---- the other side ---------------------------------------------------------------------------------------------- */

typedef void blas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
			const float *b, int ldb, float beta, float *c, int ldc);
static blas_sgemm *sgemm;

static void load_blas(int threads)
{
	void *lib = dlopen("libopenblas.so.0", RTLD_NOW);
	if (!lib)
		return;
	void (*set_threads)(int);
	*(void **)&set_threads = dlsym(lib, "openblas_set_num_threads");
	*(void **)&sgemm = dlsym(lib, "cblas_sgemm");
	if (set_threads)
		set_threads(threads);
}

/* ---- products and convolutions ----------------------------------------------------------------------------------- */

typedef struct product {
	const s2_exec *x;
	float *in, *w, *out;
	size_t m, n, k;
	s2_left a;
	s2_right b;
} product;

static void ours(void *arg)
{
	product *p = arg;
	s2_gemm(p->x, p->out, p->n, p->m, p->n, &p->a, &p->b, NULL);
}

static void theirs(void *arg)
{
	product *p = arg;
	int m = (int)p->m, n = (int)p->n, k = (int)p->k;
	sgemm(101, 111, 112, m, n, k, 1, p->in, k, p->w, k, 0, p->out, n);
}

static const char *wanted;
static s2st_precision precision;

/* The product once more, reduced; `a` is what it took in float32. */
static void report_reduced(product *p, double flops, timing a)
{
	s2st_error err;
	s2_arena *arena = s2_arena_new();
	s2_packed *packed;
	if (!arena || s2_pack(&packed, arena, precision, &p->b, p->n, p->a.taps, p->a.c, &err) < 0)
		exit(1);
	p->b.packed = packed;
	timing b = measure(ours, p);
	p->b.packed = NULL;
	printf(" %8.1f %8.1f  %5.2f %5.2f", flops / b.median, flops / b.best, a.median / b.median, a.best / b.best);
	s2_arena_free(arena);
}

static void report(const char *name, product *p)
{
	if (!strstr(name, wanted))
		return;
	double flops = 2e-9 * (double)p->m * (double)p->n * (double)p->k;
	timing a = measure(ours, p);
	printf("%-44s %8.1f %8.1f", name, flops / a.median, flops / a.best);
	if (precision != S2ST_FP32) {
		report_reduced(p, flops, a);
	} else if (sgemm) {
		free(p->in); /* the explicit left matrix may be larger than the signal */
		p->in = fill(p->m * p->k);
		timing b = measure(theirs, p);
		printf(" %8.1f %8.1f  %5.2f %5.2f", flops / b.median, flops / b.best, b.median / a.median,
		       b.best / a.best);
	}
	printf("\n");
	fflush(stdout);
}

static void drop(product *p)
{
	free(p->in);
	free(p->w);
	free(p->out);
}

static void bench_matrix(const s2_exec *x, const char *what, size_t m, size_t n, size_t k)
{
	char name[80];
	snprintf(name, sizeof name, "%s m %zu n %zu k %zu", what, m, n, k);
	product p = {.x = x, .m = m, .n = n, .k = k, .in = fill(m * k), .w = fill(n * k), .out = fill(m * n)};
	p.a = s2_left_matrix(p.in, m, k, k);
	p.b = s2_right_f32(p.w, k);
	report(name, &p);
	drop(&p);
}

/* Padding (k-1)/2 * dilation when the stride is 1, none otherwise; the weight in torch's layout. */
static void bench_conv(const s2_exec *x, const char *what, size_t c_in, size_t c_out, size_t k, size_t stride,
		       size_t dilation, size_t m)
{
	char name[80];
	snprintf(name, sizeof name, "%s %zu -> %zu k %zu/%zu T %zu", what, c_in, c_out, k, dilation, m);
	size_t pad = stride == 1 ? (k - 1) / 2 * dilation : 0,
	       len = (m - 1) * stride + (k - 1) * dilation + 1 - 2 * pad;
	product p = {.x = x, .m = m, .n = c_out, .k = k * c_in, .in = fill(len * c_in), .w = fill(c_out * c_in * k)};
	p.out = fill(m * c_out);
	p.a = (s2_left){p.in, len, c_in, k, c_in, stride, dilation, (ptrdiff_t)pad};
	p.b = (s2_right){.w = p.w, .dtype = S2_F32, .sn = (ptrdiff_t)(c_in * k), .st = 1, .sc = (ptrdiff_t)k};
	report(name, &p);
	drop(&p);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

typedef struct rows {
	const s2_exec *x;
	float *in, *out;
	size_t n, cols;
	int what;
} rows;

static const char *const row_names[] = {"gelu",    "tanh",	  "swish",      "leaky relu",
					"softmax", "log softmax", "layer norm", "add scaled"};

static void run_rows(void *arg)
{
	rows *r = arg;
	static const s2_act acts[] = {S2_ACT_GELU, S2_ACT_TANH, S2_ACT_SWISH};
	memcpy(r->out, r->in, r->n * sizeof *r->in);
	switch (r->what) {
	case 0: case 1: case 2:
		s2_activate(r->x, r->out, r->n, acts[r->what]);
		break;
	case 3:
		s2_leaky_relu(r->x, r->out, r->in, r->n, 0.1f);
		break;
	case 4:
		s2_softmax(r->x, r->out, r->n / r->cols, r->cols);
		break;
	case 5:
		s2_log_softmax(r->x, r->out, r->n / r->cols, r->cols);
		break;
	case 6:
		s2_layer_norm(r->x, r->out, r->in, NULL, NULL, r->n / r->cols, r->cols, 1e-5f);
		break;
	default:
		s2_add_scaled(r->x, r->out, r->in, r->n, 0.5f);
	}
}

static void bench_rows(const s2_exec *x)
{
	rows r = {.x = x, .n = 1 << 16, .cols = 512};
	r.in = fill(r.n);
	r.out = fill(r.n);
	for (r.what = 0; r.what < (int)(sizeof row_names / sizeof *row_names); r.what++)
		if (strstr(row_names[r.what], wanted))
			printf("%-44s %8.2f ns an element (copy included)\n", row_names[r.what],
			       1e9 * measure(run_rows, &r).best / (double)r.n);
	free(r.in);
	free(r.out);
}

/* ---- attention --------------------------------------------------------------------------------------------------- */

typedef struct attend {
	const s2_exec *x;
	s2_attention_args a;
	s2_step_attention_args s;
	float *out;
} attend;

static void run_attention(void *arg)
{
	attend *t = arg;
	s2st_error err;
	if (s2_attention(t->x, t->out, &t->a, &err) < 0)
		exit(1);
}

static void run_step(void *arg)
{
	attend *t = arg;
	s2st_error err;
	if (s2_step_attention(t->x, t->out, &t->s, &err) < 0)
		exit(1);
}

static void bench_attention(const s2_exec *x)
{
	enum { N = 1000, HEADS = 12, HD = 64, W = HEADS * HD, ROWS = 10, STEPS = 100, SOURCE = 300 };
	size_t n = (size_t)N * W;
	float *q = fill(n), *k = fill(n), *v = fill(n), *out = fill(n);
	const s2_step_heads heads = {HEADS, HD};
	float *blocks[ROWS * STEPS / S2_PAST_SLOTS + 1], *source = fill(s2_source_block_floats(x, heads, SOURCE));
	int32_t past[ROWS * STEPS];
	uint32_t live[sizeof blocks / sizeof *blocks];
	for (int i = 0; i < ROWS * STEPS; i++)
		past[i] = i / STEPS + i % STEPS * ROWS; /* nothing in common */
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
		blocks[i] = fill(s2_past_block_floats(heads));
	memset(live, 0xff, sizeof live);
	attend t = {.x = x, .out = out};
	t.a = (s2_attention_args){.q = q,
				  .k = k,
				  .v = v,
				  .ld_q = W,
				  .ld_k = W,
				  .ld_v = W,
				  .ld_out = W,
				  .n_q = N,
				  .n_k = N,
				  .heads = HEADS,
				  .head_dim = HD};
	s2_step_keys keys = {.rows = ROWS,
			     .n = STEPS,
			     .past = past,
			     .ld_past = STEPS,
			     .blocks = blocks,
			     .live = live,
			     .n_blocks = sizeof blocks / sizeof *blocks};
	t.s = (s2_step_attention_args){.q = q, .sentences = &keys, .n_sentences = 1, .h = heads};
	if (strstr("attention", wanted)) {
		printf("%-44s %8.1f\n", "attention 1000 x 1000, 12 heads of 64",
		       4e-9 * N * N * W / measure(run_attention, &t).best);
		printf("%-44s %8.1f us\n", "step attention 10 rows x 100 steps", 1e6 * measure(run_step, &t).best);
		keys = (s2_step_keys){.rows = ROWS, .n = SOURCE, .source = source};
		printf("%-44s %8.1f us\n", "cross attention 10 rows x 300 keys", 1e6 * measure(run_step, &t).best);
	}
	free(q);
	free(k);
	free(v);
	free(out);
	free(source);
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
		free(blocks[i]);
}

int main(int argc, char **argv)
{
	s2st_error err;
	s2_pool *pool = NULL;
	const s2_kernels *k;
	s2_exec x;
	const char *env = getenv("S2ST_THREADS");
	int threads = env ? (int)strtol(env, NULL, 10) : 1;
	wanted = argc > 1 ? argv[1] : "";
	while (argc > 2 && precision < S2ST_N_PRECISIONS && strcmp(argv[2], s2st_precision_name(precision)) != 0)
		precision++;
	if (precision == S2ST_N_PRECISIONS)
		return 2;
	if (s2_kernels_find(&k, NULL, &err) < 0 || s2_pool_new(&pool, threads, &err) < 0 ||
	    s2_exec_init(&x, pool, k, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	load_blas(threads);
	if (threads == 1)
		watch = CLOCK_THREAD_CPUTIME_ID; /* leaves out what other programs take */
	printf("%s, %d threads\n%-44s %8s %8s %8s %8s  %s\n", s2_kernels_name(k), threads, "GFLOP/s", "median", "best",
	       precision == S2ST_FP32 ? "OpenBLAS" : argv[2], "best", "ratios");
	bench_matrix(&x, "square", 256, 256, 256);
	bench_matrix(&x, "square", 1024, 1024, 1024);
	bench_matrix(&x, "encoder fc1", 1000, 3072, 768);
	bench_matrix(&x, "encoder fc2", 1000, 768, 3072);
	bench_matrix(&x, "encoder q", 1000, 768, 768);
	bench_conv(&x, "extractor 0", 1, 512, 10, 5, 1, 16000);
	bench_conv(&x, "extractor", 512, 512, 3, 2, 1, 4000);
	bench_conv(&x, "vocoder", 512, 512, 3, 1, 1, 400);
	bench_conv(&x, "vocoder", 128, 512, 7, 1, 1, 150);
	bench_conv(&x, "vocoder", 256, 256, 7, 1, 3, 250);
	bench_conv(&x, "vocoder", 256, 256, 11, 1, 5, 750);
	bench_conv(&x, "vocoder", 256, 256, 3, 1, 1, 4000);
	bench_conv(&x, "vocoder", 256, 256, 11, 1, 5, 4000);
	bench_conv(&x, "vocoder", 128, 128, 7, 1, 3, 16000);
	bench_conv(&x, "vocoder", 64, 64, 3, 1, 1, 40000);
	bench_conv(&x, "vocoder", 64, 64, 11, 1, 5, 40000);
	bench_conv(&x, "vocoder", 32, 32, 3, 1, 1, 80000);
	bench_conv(&x, "vocoder", 32, 32, 7, 1, 3, 80000);
	bench_conv(&x, "vocoder", 32, 32, 11, 1, 5, 80000);
	bench_conv(&x, "vocoder", 16, 16, 7, 1, 3, 80000);
	bench_conv(&x, "conv_post", 32, 1, 7, 1, 1, 80000);
	bench_conv(&x, "conv_post", 16, 1, 7, 1, 1, 80000);
	bench_matrix(&x, "decode", 1, 2048, 512);
	bench_matrix(&x, "decode", 5, 2048, 512);
	bench_matrix(&x, "decode", 10, 2048, 512);
	bench_matrix(&x, "decode", 10, 512, 2048);
	bench_matrix(&x, "decode", 20, 512, 512);
	bench_matrix(&x, "decode from memory", 5, 32768, 1024);
	bench_matrix(&x, "decode from memory", 10, 32768, 512);
	bench_matrix(&x, "decode from memory", 10, 8192, 2048);
	bench_rows(&x);
	bench_attention(&x);
	s2_exec_free(&x);
	s2_pool_free(pool);
	return 0;
}
