/* Speed of the unit HiFi-GAN at the size of the released ones, random weights.
 *
 *   bench_vocoder [UNITS [TILE_FRAMES [TILE_FLOATS]]]     default 500 units (10 s), the library's own tiles
 *
 * One line for each number of threads: median of five runs, times real time, useful operations a second (rows that
 * tiles compute twice do not count), the same for a second of one core's own time (what a busy machine leaves
 * comparable), scratch memory held. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "math/kernels.h"
#include "models/vocoder.h"
#include "test.h"

static s2st_error err;

static const s2_vocoder_config released = {
	.n_units = 1000,
	.embedding_dim = 128,
	.in_dim = 128,
	.channels = 512,
	.n_stages = 5,
	.rate = {5, 4, 4, 2, 2},
	.kernel = {11, 8, 8, 4, 4},
	.n_kernels = 3,
	.res_kernel = {3, 7, 11},
	.n_dilations = {3, 3, 3},
	.dilation = {{1, 3, 5}, {1, 3, 5}, {1, 3, 5}},
	.hop = 320,
	.sample_rate = 16000,
};

static float *random_floats(s2_arena *a, size_t n, double gain)
{
	static uint64_t seed = 1;
	float *w = s2_arena_alloc(a, n, 1, sizeof *w);
	REQUIRE(w);
	for (size_t i = 0; i < n; i++)
		w[i] = test_randf(&seed) * (float)gain;
	return w;
}

/* As a folded weight lies: [c_out][k][c_in]. */
static s2_conv1d random_conv(s2_arena *a, size_t c_in, size_t c_out, size_t k, size_t dilation)
{
	return (s2_conv1d){
		.w = random_floats(a, c_in * c_out * k, 1 / sqrt((double)(c_in * k))),
		.dtype = S2_F32,
		.strides = {(ptrdiff_t)(c_in * k), 1, (ptrdiff_t)c_in},
		.bias = random_floats(a, c_out, 0.05),
		.c_in = c_in,
		.c_out = c_out,
		.k = k,
		.stride = 1,
		.pad = (k - 1) * dilation / 2,
		.dilation = dilation,
		.groups = 1,
	};
}

static s2_conv1d random_up(s2_arena *a, size_t c_in, size_t k, size_t rate)
{
	s2_conv1d c = random_conv(a, c_in, c_in / 2, k, 1);
	ptrdiff_t out = c.strides[0];
	c.strides[0] = c.strides[1];
	c.strides[1] = out;
	c.stride = rate;
	c.pad = (k - rate) / 2;
	return c;
}

static void shorten(s2_vocoder_pair *p, s2_arena *a)
{
	const s2_conv1d *const convs[2] = {&p->first, &p->second};
	for (int i = 0; i < 2; i++)
		if (s2_short_conv_suits(convs[i], S2ST_FP32))
			REQUIRE_OK(s2_short_conv_new(&p->fast[i], convs[i], S2ST_FP32, a, &err));
}

/* Multiply-adds a sample. */
static double random_vocoder(s2_vocoder *v)
{
	const s2_vocoder_config *c = &released;
	*v = (s2_vocoder){.cfg = *c, .name = "random", .arena = s2_arena_new()};
	REQUIRE(v->arena);
	v->dict = (s2_weight){.data = random_floats(v->arena, c->n_units * c->embedding_dim, 1),
			      .dtype = S2_F32,
			      .rank = 2,
			      .dims = {c->n_units, c->embedding_dim},
			      .strides = {(ptrdiff_t)c->embedding_dim, 1}};
	v->pre = random_conv(v->arena, c->in_dim, c->channels, 7, 1);
	double work = (double)(c->in_dim * c->channels * 7);
	size_t rows = 1; /* a frame */
	for (size_t i = 0; i < c->n_stages; i++) {
		s2_vocoder_stage *s = &v->stages[i];
		s->up = random_up(v->arena, c->channels >> i, c->kernel[i], c->rate[i]);
		work += (double)(rows * s->up.c_in * s->up.c_out * s->up.k);
		rows *= c->rate[i];
		s->n_blocks = c->n_kernels;
		for (size_t j = 0; j < s->n_blocks; j++) {
			s2_vocoder_block *b = &s->blocks[j];
			const size_t ch = s->up.c_out, k = c->res_kernel[j];
			b->n_pairs = c->n_dilations[j];
			for (size_t m = 0; m < b->n_pairs; m++) {
				b->pairs[m].first = random_conv(v->arena, ch, ch, k, c->dilation[j][m]);
				b->pairs[m].second = random_conv(v->arena, ch, ch, k, 1);
				shorten(&b->pairs[m], v->arena);
				work += (double)(rows * 2 * ch * ch * k);
			}
		}
		s2_vocoder_stage_finish(s);
	}
	v->post = random_conv(v->arena, c->channels >> c->n_stages, 1, 7, 1);
	return work / (double)rows + (double)(v->post.c_in * v->post.k);
}

static double now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	enum { RUNS = 5 };
	const size_t n = argc > 1 ? (size_t)atol(argv[1]) : 500;
	s2_vocoder v;
	const double work = random_vocoder(&v);
	uint64_t seed = 4;
	int32_t *units = malloc(n * sizeof *units);
	const s2_kernels *k;
	REQUIRE(units && n > 0);
	REQUIRE_OK(s2_kernels_find(&k, NULL, &err));
	for (size_t i = 0; i < n; i++)
		units[i] = (int32_t)(test_rand(&seed) % v.cfg.n_units);
	for (int threads = 1; threads <= 2; threads++) {
		s2_pool *pool;
		s2_vocoder_state s;
		s2st_waveform w = {0};
		double took[RUNS], cpu = now(CLOCK_PROCESS_CPUTIME_ID);
		REQUIRE_OK(s2_pool_new(&pool, threads, &err));
		REQUIRE_OK(s2_vocoder_state_init(&s, &v, pool, k, &err));
		if (argc > 2)
			s.tiles.frames = (size_t)atol(argv[2]);
		if (argc > 3)
			s.tiles.floats = (size_t)atol(argv[3]);
		for (int i = 0; i < RUNS; i++) {
			const double start = now(CLOCK_MONOTONIC);
			REQUIRE_OK(s2_vocoder_run(&s, units, n, &(s2st_vocode_options){0}, &w, &err));
			took[i] = now(CLOCK_MONOTONIC) - start;
		}
		cpu = (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / RUNS;
		qsort(took, RUNS, sizeof *took, by_value);
		const double t = took[RUNS / 2], samples = (double)w.n, gflop = 2e-9 * work * samples;
		printf("%s, %d thread%s: %.3f s, %.1f x real time, %.1f GFLOP/s, %.1f a core, %.1f MB scratch\n",
		       s2_kernels_name(k), threads, threads > 1 ? "s" : "", t, samples / w.sample_rate / t, gflop / t,
		       gflop / cpu, 1e-6 * (double)(s2_arena_bytes(s.x.scratch)));
		s2_vocoder_state_free(&s);
		s2_pool_free(pool);
	}
	free(units);
	s2_arena_free(v.arena);
	return 0;
}
