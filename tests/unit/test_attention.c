/* Attention over whole sequences and over a step's past, against the formula in float64. */
#include "base/size.h"
#include "math/ops.h"
#include "unit/math_test.h"

/* out [hd] = softmax(q · k_p + gate bias_p) v_p over p < n; rows of k and v by index. */
typedef struct view {
	const float *rows;
	size_t ld, rows_cap;
	const int32_t *slot; /* or NULL */
} view;

static const float *row_of(const view *v, size_t p)
{
	return v->rows + (p * v->rows_cap + (v->slot ? (size_t)v->slot[p] : 0)) * v->ld;
}

static void exact_attention(double *out, const float *q, view k, view v, const float *bias, float gate, size_t n,
			    size_t hd)
{
	double *p = malloc(n * sizeof *p), top = -INFINITY, sum = 0;
	REQUIRE(p != NULL);
	for (size_t i = 0; i < n; i++) {
		p[i] = bias ? (double)bias[i] * (double)gate : 0;
		for (size_t d = 0; d < hd; d++)
			p[i] += (double)q[d] * (double)row_of(&k, i)[d];
		top = fmax(top, p[i]);
	}
	for (size_t i = 0; i < n; i++)
		sum += p[i] = exp(p[i] - top);
	for (size_t d = 0; d < hd; d++) {
		out[d] = 0;
		for (size_t i = 0; i < n; i++)
			out[d] += p[i] / sum * (double)row_of(&v, i)[d];
	}
	free(p);
}

/* Values lie in [-1, 1) and weights add up to 1; scores of hd products carry their own rounding into the weights. */
static double slack(size_t n, size_t hd)
{
	return 8 * (sqrt((double)n) + (double)hd) * 0x1p-24;
}

static void check_attention(const s2_exec *x, size_t n_q, size_t n_k, size_t heads, size_t hd, bool with_bias,
			    bool with_gate, uint64_t *seed)
{
	s2st_error err;
	size_t width = heads * hd, ld = width + 3;
	float *q = math_random(n_q * ld, seed), *k = math_random(n_k * ld, seed), *v = math_random(n_k * ld, seed);
	const size_t span = n_q + n_k - 1;
	float *bias = math_random(heads * span, seed), *gate = math_random(n_q * heads, seed);
	float *out = math_random(n_q * ld, seed);
	double *want = malloc(hd * sizeof *want);
	REQUIRE(want != NULL);
	if (with_bias && n_k > 1)
		for (size_t i = 0; i < heads; i++)
			bias[i * span + i % span] = -INFINITY; /* a distance that is masked */
	for (size_t i = 0; i < n_q * heads; i++)
		gate[i] += 2;
	s2_attention_args a = {.q = q,
			       .k = k,
			       .v = v,
			       .ld_q = ld,
			       .ld_k = ld,
			       .ld_v = ld,
			       .ld_out = ld,
			       .n_q = n_q,
			       .n_k = n_k,
			       .heads = heads,
			       .head_dim = hd,
			       .bias = with_bias ? bias : NULL,
			       .gate = with_gate ? gate : NULL};
	REQUIRE_OK(s2_attention(x, out, &a, &err));
	size_t wrong = 0;
	for (size_t i = 0; i < n_q; i++)
		for (size_t h = 0; h < heads; h++) {
			exact_attention(want, q + i * ld + h * hd, (view){k + h * hd, ld, 1, NULL},
					(view){v + h * hd, ld, 1, NULL},
					with_bias ? bias + h * span + n_q - 1 - i : NULL,
					with_gate ? gate[i * heads + h] : 1, n_k, hd);
			for (size_t d = 0; d < hd; d++)
				wrong += !(fabs((double)out[i * ld + h * hd + d] - want[d]) <= slack(n_k, hd));
		}
	if (wrong)
		fprintf(stderr, "%s: attention %zu x %zu, %zu heads of %zu\n", s2_kernels_name(x->k), n_q, n_k, heads,
			hd);
	CHECK_INT(wrong, 0);
	free(q);
	free(k);
	free(v);
	free(bias);
	free(gate);
	free(out);
	free(want);
}

static void test_attention(const s2_exec *x)
{
	static const size_t counts[] = {1, 2, 7, 33, 65, 168};
	uint64_t seed = 1;
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 6; j++)
			check_attention(x, counts[i], counts[j], 1 + i % 3,
					(size_t[]){5, 16, 24, 64, 80, 1}[(i + j) % 6], (i + j) % 2, j % 2, &seed);
	check_attention(x, 5, 1000, 2, 64, true, true, &seed);
	check_attention(x, 200, 300, 2, 16, true, true, &seed); /* several blocks of queries */
}

typedef struct step_case {
	s2_step_attention_args a;
	float *q, *k, *v;
	int32_t *slot;
} step_case;

static step_case make_step(size_t rows, size_t rows_cap, size_t n_steps, size_t heads, size_t hd, bool own,
			   uint64_t *seed)
{
	step_case c = {0};
	size_t ld = heads * hd + 5, ld_slot = n_steps + 2;
	c.q = math_random(rows * heads * hd, seed);
	c.k = math_random(n_steps * rows_cap * ld, seed);
	c.v = math_random(n_steps * rows_cap * ld, seed);
	c.slot = malloc(rows * ld_slot * sizeof *c.slot);
	REQUIRE(c.slot != NULL);
	for (size_t i = 0; i < rows * ld_slot; i++)
		c.slot[i] = (int32_t)(test_rand(seed) % rows_cap);
	c.a = (s2_step_attention_args){.q = c.q,
				       .k_cache = c.k,
				       .v_cache = c.v,
				       .ld = ld,
				       .rows_cap = rows_cap,
				       .slot = own ? c.slot : NULL,
				       .ld_slot = ld_slot,
				       .rows = rows,
				       .n_steps = n_steps,
				       .heads = heads,
				       .head_dim = hd};
	return c;
}

static void drop_step(step_case *c)
{
	free(c->q);
	free(c->k);
	free(c->v);
	free(c->slot);
}

static void check_step(const s2_exec *x, step_case c)
{
	s2st_error err;
	const s2_step_attention_args *a = &c.a;
	size_t width = a->heads * a->head_dim, wrong = 0;
	float *out = math_alloc(a->rows * width), *alone = math_alloc(width);
	double *want = malloc(a->head_dim * sizeof *want);
	REQUIRE(want != NULL);
	REQUIRE_OK(s2_step_attention(x, out, a, &err));
	for (size_t r = 0; r < a->rows; r++) {
		const int32_t *slot = a->slot ? a->slot + r * a->ld_slot : NULL;
		for (size_t h = 0; h < a->heads; h++) {
			size_t at = h * a->head_dim;
			exact_attention(want, a->q + r * width + at, (view){a->k_cache + at, a->ld, a->rows_cap, slot},
					(view){a->v_cache + at, a->ld, a->rows_cap, slot}, NULL, 1, a->n_steps,
					a->head_dim);
			for (size_t d = 0; d < a->head_dim; d++)
				wrong += !(fabs((double)out[r * width + at + d] - want[d]) <=
					   slack(a->n_steps, a->head_dim));
		}
		s2_step_attention_args one = *a; /* the same row in a batch of its own */
		one.q += r * width;
		one.slot = slot;
		one.rows = 1;
		REQUIRE_OK(s2_step_attention(x, alone, &one, &err));
		CHECK(math_same(alone, out + r * width, width));
	}
	CHECK_INT(wrong, 0);
	free(out);
	free(alone);
	free(want);
	drop_step(&c);
}

static void test_step(const s2_exec *x)
{
	uint64_t seed = 2;
	static const size_t steps[] = {1, 2, 17, 100, 300};
	for (size_t i = 0; i < 5; i++)
		for (int own = 0; own < 2; own++) {
			check_step(x, make_step(1 + i * 2, 4 + i, steps[i], 1 + i, (size_t[]){64, 5, 16, 31, 48}[i],
						own, &seed));
			check_step(x, make_step(5, own ? 7 : 1, steps[i], 4, 64, own, &seed));
		}
}

/* The same bytes for any number of threads, and on AVX2 as on AVX-512. */
static void test_determinism(void)
{
	static const int threads[] = {1, 2, 3, 5};
	enum { N_Q = 150, N_K = 170, HEADS = 3, HD = 40, WIDTH = HEADS * HD };
	s2st_error err;
	uint64_t seed = 3;
	float *q = math_random((size_t)N_Q * WIDTH, &seed), *kv = math_random((size_t)N_K * WIDTH, &seed),
	      *reference[2] = {NULL, NULL};
	step_case own = make_step(6, 9, 333, 8, 64, true, &seed), shared = make_step(6, 1, 333, 8, 64, false, &seed);
	size_t step_n = (size_t)6 * 8 * 64, n = (size_t)N_Q * WIDTH + 2 * step_n;
	float *out = math_alloc(n);
	s2_attention_args a = {.q = q, .k = kv, .v = kv, .ld_q = WIDTH, .ld_k = WIDTH, .ld_v = WIDTH, .ld_out = WIDTH,
			       .n_q = N_Q, .n_k = N_K, .heads = HEADS, .head_dim = HD};
	for (size_t i = 0; i < N_ISAS; i++)
		for (size_t t = 0; t < 4; t++) {
			s2_exec x;
			s2_pool *pool;
			if (!math_open(&x, &pool, math_isas[i], threads[t]))
				break;
			REQUIRE_OK(s2_attention(&x, out, &a, &err));
			REQUIRE_OK(s2_step_attention(&x, out + N_Q * WIDTH, &own.a, &err));
			REQUIRE_OK(s2_step_attention(&x, out + N_Q * WIDTH + step_n, &shared.a, &err));
			float **ref = &reference[math_fused(&x)];
			if (*ref) {
				CHECK(math_same(*ref, out, n));
			} else {
				*ref = math_alloc(n);
				memcpy(*ref, out, n * sizeof *out);
			}
			math_close(&x, pool);
		}
	free(q);
	free(kv);
	free(reference[0]);
	free(reference[1]);
	free(out);
	drop_step(&own);
	drop_step(&shared);
}

int main(void)
{
	for (size_t i = 0; i < N_ISAS; i++) {
		s2_exec x;
		s2_pool *pool;
		if (!math_open(&x, &pool, math_isas[i], 1))
			continue;
		test_attention(&x);
		test_step(&x);
		math_close(&x, pool);
	}
	test_determinism();
	return TEST_RESULT();
}
