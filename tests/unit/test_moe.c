/* A mixture of experts against its formula, row by row in double precision: one and two experts a row, rows that share
 * experts, experts without rows, any number of threads; and grouped products against single ones, in each precision. */
#include "layers/moe.h"

#include "math/ops.h"
#include "math/packed.h"
#include "test.h"

enum { DIM = 24, FFN = 150, EXPERTS = 5, ROWS = 33 };

static s2st_error err;
static uint64_t seed = 5;

typedef struct mixture {
	float gate[EXPERTS * DIM], fc1[EXPERTS][FFN * DIM], b1[EXPERTS][FFN], fc2[EXPERTS][DIM * FFN], b2[EXPERTS][DIM];
	s2_expert experts[EXPERTS];
	s2_moe moe;
} mixture;

static void fill(float *out, size_t n, float scale)
{
	for (size_t i = 0; i < n; i++)
		out[i] = scale * test_randf(&seed);
}

static s2_linear linear(const float *w, const float *b, size_t n_out, size_t n_in)
{
	return (s2_linear){.w = {.data = w, .dtype = S2_F32, .rank = 2, .dims = {n_out, n_in},
				 .strides = {(ptrdiff_t)n_in, 1}},
			   .b = b};
}

static void make(mixture *m)
{
	fill(m->gate, EXPERTS * DIM, 1);
	for (size_t e = 0; e < EXPERTS; e++) {
		fill(m->fc1[e], FFN * DIM, 0.3f);
		fill(m->b1[e], FFN, 0.3f);
		fill(m->fc2[e], DIM * FFN, 0.3f);
		fill(m->b2[e], DIM, 0.3f);
		m->experts[e].fc1 = linear(m->fc1[e], m->b1[e], FFN, DIM);
		m->experts[e].fc2 = linear(m->fc2[e], m->b2[e], DIM, FFN);
	}
	m->moe = (s2_moe){.n_experts = EXPERTS, .dim = DIM, .ffn = FFN, .gate = linear(m->gate, NULL, EXPERTS, DIM),
			  .experts = m->experts};
}

static void add_expert(double *y, const mixture *m, size_t e, const float *x, double weight)
{
	double inner[FFN];
	for (size_t i = 0; i < FFN; i++) {
		inner[i] = m->b1[e][i];
		for (size_t k = 0; k < DIM; k++)
			inner[i] += (double)m->fc1[e][i * DIM + k] * x[k];
		inner[i] = fmax(inner[i], 0);
	}
	for (size_t o = 0; o < DIM; o++) {
		double sum = m->b2[e][o];
		for (size_t i = 0; i < FFN; i++)
			sum += m->fc2[e][o * FFN + i] * inner[i];
		y[o] += weight * sum;
	}
}

/* y += mixture(x); counts who was asked. */
static void naive(double *y, const mixture *m, const float *x, int top, size_t *asked)
{
	double p[EXPERTS], sum = 0;
	size_t first = 0, second = EXPERTS;
	for (size_t e = 0; e < EXPERTS; e++) {
		double logit = 0;
		for (size_t k = 0; k < DIM; k++)
			logit += (double)m->gate[e * DIM + k] * x[k];
		sum += p[e] = exp(logit);
	}
	for (size_t e = 1; e < EXPERTS; e++)
		first = p[e] > p[first] ? e : first;
	for (size_t e = 0; e < EXPERTS; e++)
		if (e != first && (second == EXPERTS || p[e] > p[second]))
			second = e;
	asked[first]++;
	if (top == 1) {
		add_expert(y, m, first, x, p[first] / sum);
		return;
	}
	asked[second]++;
	add_expert(y, m, first, x, p[first] / (p[first] + p[second]));
	add_expert(y, m, second, x, p[second] / (p[first] + p[second]));
}

static void check(const s2_exec *x, const mixture *m, int top, size_t rows, const float *in)
{
	float h[ROWS * DIM];
	size_t asked[EXPERTS] = {0};
	double worst = 0;
	fill(h, rows * DIM, 1);
	double want[ROWS * DIM];
	for (size_t i = 0; i < rows * DIM; i++)
		want[i] = h[i];
	for (size_t r = 0; r < rows; r++)
		naive(want + r * DIM, m, in + r * DIM, top, asked);
	REQUIRE_OK(s2_moe_forward(x, &m->moe, (size_t)top, S2_ACT_RELU, h, in, rows, &err));
	for (size_t i = 0; i < rows * DIM; i++)
		worst = fmax(worst, fabs(h[i] - want[i]));
	CHECK(worst < 2e-5);
}

static void test_formula(s2_exec *x, const mixture *m)
{
	float in[ROWS * DIM];
	fill(in, ROWS * DIM, 1);
	for (int top = 1; top <= 2; top++) {
		check(x, m, top, ROWS, in);
		check(x, m, top, 1, in);
		for (size_t r = 1; r < ROWS; r++) /* all rows alike: the other experts have none */
			memcpy(in + r * DIM, in, DIM * sizeof *in);
		check(x, m, top, ROWS, in);
		fill(in, ROWS * DIM, 1);
	}
	s2_moe one = m->moe;
	float h[DIM] = {0};
	one.n_experts = one.gate.w.dims[0] = 1;
	REQUIRE_OK(s2_moe_forward(x, &one, 2, S2_ACT_RELU, h, in, 1, &err));
	double want[DIM] = {0};
	add_expert(want, m, 0, in, 1);
	for (size_t i = 0; i < DIM; i++)
		CHECK(fabs(h[i] - want[i]) < 2e-5);
}

/* A row's bytes depend neither on the rows beside it nor on threads. */
static void test_same_bytes(s2_exec *alone, s2_exec *crew, const mixture *m)
{
	float in[ROWS * DIM], all[ROWS * DIM], row[DIM];
	fill(in, ROWS * DIM, 1);
	memset(all, 0, sizeof all);
	REQUIRE_OK(s2_moe_forward(crew, &m->moe, 2, S2_ACT_GELU, all, in, ROWS, &err));
	for (size_t r = 0; r < ROWS; r++) {
		memset(row, 0, sizeof row);
		REQUIRE_OK(s2_moe_forward(alone, &m->moe, 2, S2_ACT_GELU, row, in + r * DIM, 1, &err));
		CHECK(memcmp(row, all + r * DIM, sizeof row) == 0);
	}
}

static void pack_linear(s2_linear *l, s2_arena *a, s2st_precision precision)
{
	s2_packed *packed;
	const s2_right right = s2_right_weight(&l->w);
	REQUIRE_OK(s2_pack(&packed, a, precision, &right, l->w.dims[0], 1, l->w.dims[1], &err));
	l->w.packed = packed;
}

static void pack_experts(mixture *m, s2_arena *a, s2st_precision precision)
{
	for (size_t e = 0; e < EXPERTS; e++) {
		pack_linear(&m->experts[e].fc1, a, precision);
		pack_linear(&m->experts[e].fc2, a, precision);
	}
}

/* In reduced precision: near float32, and the same bytes on every CPU that fuses a multiply-add. */
static void test_reduced(const s2_exec *x, const mixture *m, const float *full, const float *in)
{
	static const char *const isas[] = {"avx2", "avx512", "avx512-vnni", "avx512-bf16"};
	float here[ROWS * DIM] = {0}, there[ROWS * DIM];
	REQUIRE_OK(s2_moe_forward(x, &m->moe, 2, S2_ACT_GELU, here, in, ROWS, &err));
	CHECK(memcmp(here, full, sizeof here) != 0);
	CHECK(test_snr(here, full, ROWS * DIM) > 25);
	for (size_t i = 0; strcmp(s2_kernels_name(x->k), "scalar") != 0 && i < sizeof isas / sizeof *isas; i++) {
		s2_exec other;
		const s2_kernels *k;
		if (s2_kernels_find(&k, isas[i], &err) < 0)
			continue; /* a CPU without these kernels */
		REQUIRE_OK(s2_exec_init(&other, NULL, k, &err));
		memset(there, 0, sizeof there);
		REQUIRE_OK(s2_moe_forward(&other, &m->moe, 2, S2_ACT_GELU, there, in, ROWS, &err));
		CHECK(memcmp(here, there, sizeof here) == 0);
		s2_exec_free(&other);
	}
}

static void test_group(const s2_exec *x, const mixture *m)
{
	static float in[ROWS * DIM], out[3][ROWS * FFN], want[ROWS * FFN];
	static const size_t rows[] = {7, 0, 1};
	s2_gemm_item items[3];
	fill(in, ROWS * DIM, 1);
	for (size_t i = 0; i < 3; i++)
		items[i] = (s2_gemm_item){.out = out[i], .ldo = FFN, .m = rows[i], .n = FFN,
					  .a = s2_left_matrix(in + i * DIM, rows[i], DIM, DIM),
					  .b = s2_right_weight(&m->experts[i].fc1.w),
					  .e = {.bias = m->b1[i], .act = S2_ACT_GELU, .residual = m->fc2[i],
						.ld_residual = 0}};
	s2_gemm_group(x, items, 3);
	for (size_t i = 0; i < 3; i++) {
		if (rows[i])
			s2_gemm(x, want, FFN, rows[i], FFN, &items[i].a, &items[i].b, &items[i].e);
		CHECK(memcmp(out[i], want, rows[i] * FFN * sizeof *want) == 0);
	}
}

int main(void)
{
	static mixture m;
	s2_pool *pool;
	const s2_kernels *k;
	s2_exec alone, crew;
	REQUIRE_OK(s2_kernels_find(&k, NULL, &err));
	REQUIRE_OK(s2_pool_new(&pool, 3, &err));
	REQUIRE_OK(s2_exec_init(&alone, NULL, k, &err));
	REQUIRE_OK(s2_exec_init(&crew, pool, k, &err));
	make(&m);
	test_formula(&alone, &m);
	test_formula(&crew, &m);
	float in[ROWS * DIM], full[ROWS * DIM] = {0};
	fill(in, ROWS * DIM, 1);
	REQUIRE_OK(s2_moe_forward(&alone, &m.moe, 2, S2_ACT_GELU, full, in, ROWS, &err));
	for (s2st_precision p = S2ST_FP32; p < S2ST_N_PRECISIONS; p++) {
		s2_arena *weights = s2_arena_new();
		REQUIRE(weights != NULL);
		pack_experts(&m, weights, p);
		test_same_bytes(&alone, &crew, &m);
		test_group(&crew, &m);
		if (p != S2ST_FP32)
			test_reduced(&crew, &m, full, in);
		s2_arena_free(weights);
	}
	s2_exec_free(&alone);
	s2_exec_free(&crew);
	s2_pool_free(pool);
	return TEST_RESULT();
}
