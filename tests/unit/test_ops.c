/* Norms, activations and softmax against float64, and their bytes across positions, threads and CPUs. */
#include "math/ops.h"

#include "base/size.h"
#include "unit/math_test.h"

static const size_t sizes[] = {1, 2, 3, 5, 7, 13, 15, 16, 17, 31, 33, 63, 65, 100, 257, 1000};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

/* ---- functions of one element ------------------------------------------------------------------------------------ */

/* Distance in units of the last place of a float32 near `want`. */
static double ulps(float got, double want)
{
	float w = (float)want;
	if (isnan(got) || isnan(w) || isinf(got) || isinf(w))
		return (isnan(got) && isnan(w)) || got == w ? 0 : INFINITY;
	double step = (double)nextafterf(fabsf(w), INFINITY) - (double)fabsf(w);
	return fabs((double)got - want) / step;
}

static double exact_act(s2_act act, double x)
{
	switch (act) {
	case S2_ACT_RELU:
		return x > 0 ? x : x != x ? x : 0;
	case S2_ACT_TANH:
		return tanh(x);
	case S2_ACT_GELU:
		return x / 2 * (1 + erf(x * sqrt(0.5)));
	case S2_ACT_SWISH:
		return x / (1 + exp(-x));
	default:
		return x;
	}
}

/* Floats of every size and both signs: a walk over the bit patterns, with all specials. */
static float *all_sizes(size_t *n)
{
	static const float special[] = {0.0f,   -0.0f,  1.0f,   -1.0f,    0.625f,    -0.625f, 4.0f,   -4.0f,
					87.5f,  -87.5f, 88.8f,  -88.8f,   104.0f,    -104.0f, 1e-45f, -1e-45f,
					1e-38f, 3e38f,  -3e38f, INFINITY, -INFINITY, NAN};
	size_t n_special = sizeof special / sizeof *special, count = 0;
	float *x = math_alloc(400000);
	for (uint32_t bits = 1; bits < 0x7f800000u; bits += 11003) {
		float v = s2_f32_of_bits(bits);
		x[count++] = v;
		x[count++] = -v;
	}
	memcpy(x + count, special, sizeof special);
	*n = count + n_special;
	REQUIRE(*n <= 400000);
	return x;
}

static void test_activations(const s2_exec *x)
{
	/* Either bound will do: GELU loses digits towards zero, swish is 0 where e^-x overflows, as in torch. */
	static const struct {
		s2_act act;
		double ulps, absolute;
	} cases[] = {
		{S2_ACT_NONE, 0, 0},	   {S2_ACT_RELU, 0, 0},	      {S2_ACT_TANH, 2, 0},
		{S2_ACT_GELU, 2.5, 2e-7}, {S2_ACT_SWISH, 3, 1e-35},
	};
	size_t n;
	float *in = all_sizes(&n), *out = math_alloc(n);
	for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
		memcpy(out, in, n * sizeof *in);
		s2_activate(x, out, n, cases[c].act);
		double worst = 0;
		float at = 0;
		for (size_t i = 0; i < n; i++) {
			double want = exact_act(cases[c].act, (double)in[i]), d = ulps(out[i], want);
			if (isinf(in[i]) && in[i] < 0 && cases[c].act >= S2_ACT_GELU && cases[c].act != S2_ACT_TANH)
				continue; /* -inf * 0 is NaN, in torch too; checked below */
			if (fabs((double)out[i] - want) <= cases[c].absolute)
				continue;
			if (d > worst) {
				worst = d;
				at = in[i];
			}
		}
		if (worst > cases[c].ulps)
			fprintf(stderr, "%s: act %d: %g ulp at %a\n", s2_kernels_name(x->k), (int)cases[c].act, worst,
				(double)at);
		CHECK(worst <= cases[c].ulps);
	}
	free(in);
	free(out);
}

static void test_activation_extremes(const s2_exec *x)
{
	float v[] = {-INFINITY, INFINITY, NAN, -200, 200};
	float t[5], g[5], s[5];
	memcpy(t, v, sizeof v);
	memcpy(g, v, sizeof v);
	memcpy(s, v, sizeof v);
	s2_activate(x, t, 5, S2_ACT_TANH);
	s2_activate(x, g, 5, S2_ACT_GELU);
	s2_activate(x, s, 5, S2_ACT_SWISH);
	CHECK(t[0] == -1 && t[1] == 1 && isnan(t[2]) && t[3] == -1 && t[4] == 1);
	CHECK(isnan(g[0]) && g[1] == INFINITY && isnan(g[2]) && g[3] == 0 && g[4] == 200);
	CHECK(isnan(s[0]) && s[1] == INFINITY && isnan(s[2]) && s[3] == 0 && s[4] == 200);
}

/* e^x through the softmax of [x, 0]: exp(x) / (exp(x) + 1); and the logistic function through glu. */
static void test_exp_by_softmax(const s2_exec *x)
{
	for (int i = 0; i <= 2100; i++) {
		float row[2] = {-0.05f * (float)i, 0}, gated, in[2] = {1, row[0]};
		double e = exp((double)row[0]);
		s2_softmax(x, row, 1, 2);
		CHECK(ulps(row[0], e / (e + 1)) <= 2.5);
		s2_glu(x, &gated, in, 1, 1);
		CHECK(ulps(gated, e / (e + 1)) <= 2.5 ||
		      fabs((double)gated - e) < 0x1p-126); /* 0 where e^-x overflows */
	}
}

/* A value's bytes do not depend on where it stands, nor (with fused multiply-add) on the CPU. */
static void test_position(const s2_exec *x, const s2_exec *other)
{
	uint64_t seed = 1;
	float *in = math_random(300, &seed), *whole = math_alloc(300), *part = math_alloc(300);
	for (size_t i = 0; i < 300; i++)
		in[i] *= 10;
	for (int act = S2_ACT_RELU; act <= S2_ACT_SWISH; act++) {
		memcpy(whole, in, 300 * sizeof *in);
		s2_activate(x, whole, 300, (s2_act)act);
		for (size_t from = 0; from < 40; from++) {
			size_t n = 1 + from * 5;
			memcpy(part, in + from, n * sizeof *in);
			s2_activate(x, part, n, (s2_act)act);
			CHECK(math_same(part, whole + from, n));
		}
		if (other) {
			memcpy(part, in, 300 * sizeof *in);
			s2_activate(other, part, 300, (s2_act)act);
			CHECK(math_same(part, whole, 300));
		}
	}
	free(in);
	free(whole);
	free(part);
}

static void test_simple(const s2_exec *x)
{
	uint64_t seed = 2;
	for (size_t s = 0; s < N_SIZES; s++) {
		size_t n = sizes[s];
		float *a = math_random(n, &seed), *b = math_random(2 * n, &seed), *out = math_alloc(n),
		      *sum = math_alloc(n);
		s2_leaky_relu(x, out, a, n, 0.1f);
		memcpy(sum, b, n * sizeof *sum);
		s2_add_scaled(x, sum, a, n, 0.3f);
		for (size_t i = 0; i < n; i++) {
			CHECK(out[i] == (a[i] < 0 ? a[i] * 0.1f : a[i]));
			CHECK(sum[i] == math_fma(math_fused(x), a[i], 0.3f, b[i]));
		}
		s2_glu(x, out, b, 1, n);
		for (size_t i = 0; i < n; i++)
			CHECK(ulps(out[i], (double)b[i] / (1 + exp(-(double)b[n + i]))) <= 3);
		s2_scale(x, sum, n, 4);
		for (size_t i = 0; i < n; i++)
			CHECK(sum[i] == 4 * math_fma(math_fused(x), a[i], 0.3f, b[i]));
		s2_divide_leaky(x, sum, n, 3, 0.1f);
		for (size_t i = 0; i < n; i++) {
			const float mean = 4 * math_fma(math_fused(x), a[i], 0.3f, b[i]) / 3;
			CHECK(sum[i] == (mean < 0 ? mean * 0.1f : mean));
		}
		free(a);
		free(b);
		free(out);
		free(sum);
	}
	float special[3] = {-INFINITY, NAN, -0.0f};
	s2_leaky_relu(x, special, special, 3, 0.1f);
	CHECK(special[0] == -INFINITY && isnan(special[1]) && special[2] == 0);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static void exact_norm(double *out, const float *in, size_t n, size_t step, double eps)
{
	double mean = 0, var = 0;
	for (size_t i = 0; i < n; i++)
		mean += (double)in[i * step];
	mean /= (double)n;
	for (size_t i = 0; i < n; i++)
		var += ((double)in[i * step] - mean) * ((double)in[i * step] - mean);
	var /= (double)n;
	for (size_t i = 0; i < n; i++)
		out[i] = ((double)in[i * step] - mean) / sqrt(var + eps);
}

static void test_layer_norm(const s2_exec *x)
{
	static const float offsets[] = {0, 3, -100};
	uint64_t seed = 3;
	for (size_t s = 0; s < N_SIZES; s++)
		for (size_t o = 0; o < 3; o++) {
			size_t n = sizes[s], rows = 3;
			float *in = math_random(rows * n, &seed), *w = math_random(n, &seed),
			      *b = math_random(n, &seed);
			float *out = math_alloc(rows * n), *plain = math_alloc(rows * n);
			double *want = malloc(n * sizeof *want);
			REQUIRE(want != NULL);
			for (size_t i = 0; i < rows * n; i++)
				in[i] += offsets[o];
			s2_layer_norm(x, plain, in, NULL, NULL, rows, n, 1e-5f);
			s2_layer_norm(x, out, in, w, b, rows, n, 1e-5f);
			double tolerance = 1e-6 * (1 + fabs((double)offsets[o])); /* x - mean loses what |x| has more */
			size_t wrong = 0;
			for (size_t r = 0; r < rows; r++) {
				exact_norm(want, in + r * n, n, 1, (double)1e-5f);
				for (size_t i = 0; i < n && n > 1; i++) {
					double v = want[i] * (double)w[i] + (double)b[i];
					wrong += !(fabs((double)plain[r * n + i] - want[i]) <=
						   tolerance * (1 + fabs(want[i])));
					wrong += !(fabs((double)out[r * n + i] - v) <= tolerance * (1 + fabs(want[i])));
				}
			}
			CHECK_INT(wrong, 0);
			s2_layer_norm(x, in, in, w, b, rows, n, 1e-5f); /* in place */
			CHECK(math_same(in, out, rows * n));
			free(in);
			free(w);
			free(b);
			free(out);
			free(plain);
			free(want);
		}
}

static void test_channel_norm(const s2_exec *x)
{
	static const size_t shapes[][2] = {{1, 5}, {2, 16}, {50, 17}, {333, 40}, {7, 1}};
	uint64_t seed = 4;
	for (size_t s = 0; s < 5; s++) {
		size_t rows = shapes[s][0], cols = shapes[s][1], wrong = 0;
		float *in = math_random(rows * cols, &seed), *w = math_random(cols, &seed),
		      *b = math_random(cols, &seed);
		float *out = math_alloc(rows * cols);
		double *want = malloc(rows * sizeof *want);
		REQUIRE(want != NULL);
		s2_channel_norm(x, out, in, w, b, rows, cols, 1e-5f);
		for (size_t c = 0; c < cols; c++) {
			exact_norm(want, in + c, rows, cols, (double)1e-5f);
			for (size_t t = 0; t < rows; t++)
				wrong += !(fabs((double)out[t * cols + c] - (want[t] * (double)w[c] + (double)b[c])) <=
					   1e-6 * (1 + fabs(want[t])));
		}
		CHECK_INT(wrong, 0);
		free(in);
		free(w);
		free(b);
		free(out);
		free(want);
	}
}

static void test_softmax(const s2_exec *x)
{
	uint64_t seed = 5;
	for (size_t s = 0; s < N_SIZES; s++) {
		size_t n = sizes[s], wrong = 0;
		float *in = math_random(n, &seed), *soft = math_alloc(n), *logs = math_alloc(n);
		double sum = 0, top = -INFINITY;
		for (size_t i = 0; i < n; i++) {
			in[i] = i % 5 == 4 ? -INFINITY : in[i] * 20 + 50;
			top = fmax(top, (double)in[i]);
			sum += exp((double)in[i]);
		}
		memcpy(soft, in, n * sizeof *in);
		memcpy(logs, in, n * sizeof *in);
		s2_softmax(x, soft, 1, n);
		s2_log_softmax(x, logs, 1, n);
		for (size_t i = 0; i < n; i++) {
			double p = exp((double)in[i]) / sum;
			double tolerance = (16 + 2 * fabs((double)in[i] - top)) *
					   0x1p-24; /* x - top is rounded, the logarithm twice */
			wrong += isinf(in[i]) ? soft[i] != 0 || logs[i] != -INFINITY
					      : !(fabs((double)soft[i] - p) <= tolerance * p) ||
							!(fabs((double)logs[i] - log(p)) <= tolerance);
		}
		CHECK_INT(wrong, 0);
		free(in);
		free(soft);
		free(logs);
	}
	float none[20], poisoned[20] = {1, 2, NAN};
	for (size_t i = 0; i < 20; i++)
		none[i] = -INFINITY;
	s2_softmax(x, none, 1, 20);
	s2_softmax(x, poisoned, 1, 20);
	for (size_t i = 0; i < 20; i++)
		CHECK(isnan(none[i]) && isnan(poisoned[i]));
	float steep[3] = {3e38f, -3e38f, 0};
	s2_softmax(x, steep, 1, 3);
	CHECK(steep[0] == 1 && steep[1] == 0 && steep[2] == 0);
}

static void test_sinusoid(void)
{
	float out[9];
	s2_sinusoid(out, 7, 9);
	for (int i = 0; i < 4; i++) {
		double angle = 7 * pow(10000, -i / 3.0);
		CHECK(fabs((double)out[i] - sin(angle)) < 1e-6);
		CHECK(fabs((double)out[4 + i] - cos(angle)) < 1e-6);
	}
	CHECK(out[8] == 0);
}

/* ---- threads and CPUs -------------------------------------------------------------------------------------------- */

/* Every operation once, on data large enough to be shared out; the results one after the other in `out`. */
static size_t everything(const s2_exec *x, float *out)
{
	enum { ROWS = 301, COLS = 207, N = ROWS * COLS };
	uint64_t seed = 6;
	float *in = math_random(2 * N, &seed), *w = math_random(COLS, &seed), *b = math_random(COLS, &seed);
	for (size_t i = 0; i < 2 * N; i++)
		in[i] *= 8;
	s2_layer_norm(x, out, in, w, b, ROWS, COLS, 1e-5f);
	s2_channel_norm(x, out + N, in, w, b, ROWS, COLS, 1e-5f);
	for (size_t i = 2; i < 6; i++)
		memcpy(out + i * N, in, N * sizeof *in);
	s2_activate(x, out + 2 * N, N, S2_ACT_GELU);
	s2_softmax(x, out + 3 * N, ROWS, COLS);
	s2_log_softmax(x, out + 4 * N, ROWS, COLS);
	s2_add_scaled(x, out + 5 * N, in + N, N, 0.7f);
	s2_leaky_relu(x, out + 6 * N, in, N, 0.2f);
	s2_glu(x, out + 7 * N, in, ROWS, COLS);
	free(in);
	free(w);
	free(b);
	return (size_t)8 * N;
}

static void test_determinism(void)
{
	static const int threads[] = {1, 2, 3, 5};
	size_t n = 8 * 301 * 207;
	float *out[N_ISAS] = {NULL}, *again = math_alloc(n);
	bool fused[N_ISAS] = {false};
	for (size_t i = 0; i < N_ISAS; i++)
		for (size_t t = 0; t < 4; t++) {
			s2_exec x;
			s2_pool *pool;
			if (!math_open(&x, &pool, math_isas[i], threads[t]))
				break;
			if (t == 0)
				out[i] = math_alloc(n);
			fused[i] = math_fused(&x);
			CHECK_INT(everything(&x, t ? again : out[i]), n);
			CHECK(t == 0 || math_same(out[i], again, n));
			math_close(&x, pool);
		}
	for (size_t i = 0; i < N_ISAS; i++)
		for (size_t j = 0; j < i; j++)
			CHECK(!out[i] || !out[j] || fused[i] != fused[j] || math_same(out[i], out[j], n));
	for (size_t i = 0; i < N_ISAS; i++)
		free(out[i]);
	free(again);
}

int main(void)
{
	s2_exec first = {0};
	s2_pool *first_pool = NULL;
	for (size_t i = 0; i < N_ISAS; i++) {
		s2_exec x;
		s2_pool *pool;
		if (!math_open(&x, &pool, math_isas[i], 1))
			continue;
		test_activations(&x);
		test_activation_extremes(&x);
		test_exp_by_softmax(&x);
		test_position(&x, first.k && math_fused(&x) == math_fused(&first) ? &first : NULL);
		test_simple(&x);
		test_layer_norm(&x);
		test_channel_norm(&x);
		test_softmax(&x);
		if (!first.k && math_fused(&x))
			first = x;
		else
			math_close(&x, pool);
	}
	math_close(&first, first_pool);
	test_sinusoid();
	test_determinism();
	return TEST_RESULT();
}
