/* Short convolutions, in float32 and int16: against the direct sum in float64; the same bytes whatever range is asked
 * for, on any CPU and with any number of threads. */
#include "math/short_conv.h"

#include "unit/math_test.h"

static s2st_error err;

typedef struct signal {
	float *in, *residual, *out; /* [len, c_in], [n, c_out]; residual NULL: none */
	size_t len, n;
	bool gelu; /* in place of leaky */
} signal;

/* As wide as the signal, or a row or two shorter. */
static s2_conv1d shape(size_t c_in, size_t c_out, size_t k, size_t dilation)
{
	return (s2_conv1d){.c_in = c_in,
			   .c_out = c_out,
			   .k = k,
			   .stride = 1,
			   .pad = (k - 1) * dilation / 2,
			   .dilation = dilation,
			   .groups = 1};
}

static void fill(s2_conv1d *c, uint64_t *seed)
{
	const size_t channels = c->c_in / c->groups;
	c->w = math_random(c->c_out * channels * c->k, seed);
	c->dtype = S2_F32;
	c->strides[0] = (ptrdiff_t)(channels * c->k);
	c->strides[1] = (ptrdiff_t)c->k;
	c->strides[2] = 1;
	c->bias = math_random(c->c_out, seed);
}

static double leaky(double x, double slope)
{
	return x < 0 ? x * slope : x;
}

static double direct(const s2_conv1d *c, const signal *s, size_t t, size_t co)
{
	double sum = (double)c->bias[co];
	const size_t channels = c->c_in / c->groups, first = co / (c->c_out / c->groups) * channels;
	const float *w = (const float *)c->w + co * channels * c->k;
	for (size_t j = 0; j < c->k; j++) {
		ptrdiff_t at = (ptrdiff_t)(t * c->stride + j * c->dilation) - (ptrdiff_t)c->pad;
		for (size_t i = 0; at >= 0 && (size_t)at < s->len && i < channels; i++)
			sum += leaky((double)s->in[(size_t)at * c->c_in + first + i], 0.1f) *
			       (double)w[i * c->k + j];
	}
	sum = s->gelu ? sum / 2 * (1 + erf(sum / sqrt(2))) : leaky(sum, 0.25);
	return sum + (s->residual ? (double)s->residual[t * c->c_out + co] : 0);
}

/* Rows [first, end) from a copy of just the rows that they read. */
static void run(const s2_exec *x, const s2_short_conv *c, const signal *s, float *out, size_t first, size_t end)
{
	size_t from, to;
	s2_short_conv_inputs(c, first, end, s->len, &from, &to);
	const size_t reach = s2_short_conv_reach(c);
	CHECK(c->stride > 1 || (from + reach >= first && to <= end + reach));
	CHECK(to <= s->len);
	float *in = math_alloc((to - from) * c->c_in), *work = math_alloc(s2_short_conv_work(c));
	memcpy(in, s->in + from * c->c_in, (to - from) * c->c_in * sizeof *in);
	const s2_short_signal io = {.out = out,
				    .first = first,
				    .end = end,
				    .in = in,
				    .in_first = from,
				    .in_end = to,
				    .residual = s->residual ? s->residual + first * c->c_out : NULL,
				    .in_slope = 0.1f,
				    .out_slope = 0.25f,
				    .gelu = s->gelu};
	s2_short_conv_forward(x, c, &io, work);
	free(in);
	free(work);
}

static void check_ranges(const s2_exec *x, const s2_short_conv *c, const signal *s, const float *whole)
{
	static const size_t cuts[] = {1, 7, 31, 90, 200};
	for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		size_t wrong = 0;
		for (size_t first = 0; first < s->n; first += cuts[i]) {
			size_t end = first + cuts[i] < s->n ? first + cuts[i] : s->n;
			float *part = math_alloc((end - first) * c->c_out);
			run(x, c, s, part, first, end);
			wrong += !math_same(part, whole + first * c->c_out, (end - first) * c->c_out);
			free(part);
		}
		CHECK_INT(wrong, 0);
	}
}

/* `gelu`: with it, and without a residual. */
static void check(s2_conv1d plain, size_t len, bool gelu, s2st_precision precision, uint64_t *seed)
{
	const s2_short_conv *c;
	s2_arena *arena = s2_arena_new();
	const size_t n = s2_conv1d_out_len(&plain, len), size = n * plain.c_out;
	fill(&plain, seed);
	signal s = {math_random(len * plain.c_in, seed), gelu ? NULL : math_random(size, seed), math_alloc(size), len,
		    n, gelu};
	float *want = math_alloc(size), *first = NULL;
	CHECK(s2_short_conv_suits(&plain, precision));
	REQUIRE_OK(s2_short_conv_new(&c, &plain, precision, arena, &err));
	for (size_t i = 0; i < size; i++)
		want[i] = (float)direct(&plain, &s, i / plain.c_out, i % plain.c_out);
	for (int isa = 0; isa < N_ALL_ISAS; isa++)
		for (int threads = 1; threads <= 3; threads++) {
			s2_exec x;
			s2_pool *pool;
			if (!math_open(&x, &pool, math_isas[isa], threads))
				continue;
			run(&x, c, &s, s.out, 0, n);
			CHECK(test_snr(s.out, want, size) > (precision == S2ST_FP32 ? 95 : 40));
			if (threads == 1)
				check_ranges(&x, c, &s, s.out);
			if (math_fused(&x) && first)
				CHECK(math_same(s.out, first, size));
			if (math_fused(&x) && !first) {
				first = math_alloc(size);
				memcpy(first, s.out, size * sizeof *first);
			}
			math_close(&x, pool);
		}
	free((void *)(uintptr_t)plain.w);
	free((void *)(uintptr_t)plain.bias);
	free(s.in);
	free(s.residual);
	free(s.out);
	free(want);
	free(first);
	s2_arena_free(arena);
}

static void check_conv(size_t c_in, size_t c_out, size_t k, size_t dilation, size_t len, uint64_t *seed)
{
	check(shape(c_in, c_out, k, dilation), len, false, S2ST_FP32, seed);
	check(shape(c_in, c_out, k, dilation), len, false, S2ST_BF16, seed);
}

/* int16 at its bounds: signals and weights of one sign and size, whose sums are as large as they get, beside channels
 * of nothing and outputs of nothing. */
static void test_extremes(const s2_exec *x)
{
	enum { C = 256, LEN = 20, K = 7 };
	uint64_t seed = 6;
	s2_conv1d plain = shape(C, 32, K, 1);
	fill(&plain, &seed);
	float *w = (float *)(uintptr_t)plain.w, *in = math_alloc((size_t)LEN * C), *out = math_alloc(LEN * 32);
	s2_arena *arena = s2_arena_new();
	const s2_short_conv *c;
	const float sizes[] = {1e-30f, 1, 3e4f, 1e25f};
	for (size_t co = 0; co < 32; co++)
		for (size_t i = 0; i < (size_t)C * K; i++)
			w[co * C * K + i] = co % 4 == 3 ? 0 : co % 4 == 2 ? (i % K % 2 ? -2.0f : 2.0f) : 2;
	REQUIRE_OK(s2_short_conv_new(&c, &plain, S2ST_INT8, arena, &err));
	float *work = math_alloc(s2_short_conv_work(c));
	for (size_t s = 0; s < 4; s++)
		for (int alternate = 0; alternate < 2; alternate++) {
			for (size_t i = 0; i < (size_t)LEN * C; i++)
				in[i] = i % C == 5 ? 0 : alternate && i / C % 2 ? -sizes[s] : sizes[s];
			const s2_short_signal io = {.out = out, .end = LEN, .in = in, .in_end = LEN, .in_slope = 1,
						    .out_slope = 1};
			s2_short_conv_forward(x, c, &io, work);
			for (size_t i = 0; i < (size_t)LEN * 32; i++) {
				double want = 0;
				for (size_t j = 0; j < K; j++) {
					const size_t t = i / 32 + j - plain.pad;
					for (size_t ci = 0; t < LEN && ci < C; ci++)
						want += (double)in[t * C + ci] * (double)w[i % 32 * C * K + ci * K + j];
				}
				const double most = 2.0 * C * K * (double)sizes[s];
				CHECK(fabs((double)(out[i] - plain.bias[i % 32]) - want) <= 0.1 * most + 1e-6);
			}
		}
	free(w);
	free((void *)(uintptr_t)plain.bias);
	free(in);
	free(out);
	free(work);
	s2_arena_free(arena);
}

/* What is not finite stays visible in the tiles that read it, and only there; a weight like that is refused. */
static void test_not_finite(const s2_exec *x)
{
	enum { C = 16, LEN = 60 };
	static const float strange[] = {NAN, INFINITY, -INFINITY};
	uint64_t seed = 7;
	s2_conv1d plain = shape(C, C, 3, 1);
	fill(&plain, &seed);
	float *w = (float *)(uintptr_t)plain.w, *in = math_random((size_t)LEN * C, &seed), *out = math_alloc(LEN * C);
	s2_arena *arena = s2_arena_new();
	const s2_short_conv *c;
	REQUIRE_OK(s2_short_conv_new(&c, &plain, S2ST_BF16, arena, &err));
	float *work = math_alloc(s2_short_conv_work(c));
	for (size_t s = 0; s < 3; s++) {
		in[25 * C + 3] = strange[s];
		const s2_short_signal io = {.out = out, .end = LEN, .in = in, .in_end = LEN, .in_slope = 0.1f,
					    .out_slope = 1};
		s2_short_conv_forward(x, c, &io, work);
		for (size_t t = 0; t < LEN; t++)
			for (size_t i = 0; i < C; i++)
				CHECK(t >= 24 && t <= 26 ? !isfinite(out[t * C + i])
							 : t >= 18 && t < 30 ? true : isfinite(out[t * C + i]));
	}
	w[5 * C * 3 + 4] = INFINITY;
	CHECK_INT(s2_short_conv_new(&c, &plain, S2ST_INT8, arena, &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "output 5 of a weight is not finite");
	free(w);
	free((void *)(uintptr_t)plain.bias);
	free(in);
	free(out);
	free(work);
	s2_arena_free(arena);
}

/* Three taps at stride 2, as feature extractors have them: without padding, then with. */
static void test_stride_2(uint64_t *seed)
{
	s2_conv1d c = shape(16, 32, 3, 1);
	c.stride = 2;
	for (c.pad = 0; c.pad < 3; c.pad++) {
		for (size_t len = 3; len <= 30; len++)
			check(c, len, len % 2, len % 3 ? S2ST_FP32 : S2ST_BF16, seed);
		check(c, 2100, false, S2ST_FP32, seed); /* several blocks of tiles */
		check(c, 1100, c.pad, S2ST_BF16, seed);
	}
	c = shape(256, 48, 3, 1); /* rows of values lie apart */
	c.stride = 2;
	check(c, 57, true, S2ST_FP32, seed);
	check(c, 57, true, S2ST_BF16, seed);
}

/* Positional convolutions: many taps, few channels in each of many groups, an even kernel. */
static void test_groups(uint64_t *seed)
{
	s2_conv1d c = shape(96, 96, 128, 1);
	c.groups = 2;
	c.pad = 64;
	check(c, 3, true, S2ST_FP32, seed);
	check(c, 601, true, S2ST_FP32, seed);
	check(c, 601, true, S2ST_BF16, seed);
	c = shape(64, 128, 19, 1);
	c.groups = 4;
	check(c, 50, false, S2ST_FP32, seed);
	check(c, 50, false, S2ST_INT8, seed);
}

static void test_suits(void)
{
	const s2_conv1d good = {.c_in = 32, .c_out = 32, .k = 3, .stride = 1, .dilation = 1, .groups = 1};
	s2_conv1d c = good;
	CHECK(s2_short_conv_suits(&c, S2ST_FP32));
	c.groups = 2;
	CHECK(s2_short_conv_suits(&c, S2ST_FP32));
	c.groups = 4;
	CHECK(!s2_short_conv_suits(&c, S2ST_FP32));
	c = good;
	c.c_out = 8;
	CHECK(!s2_short_conv_suits(&c, S2ST_FP32));
	c = good;
	c.k = 1;
	CHECK(!s2_short_conv_suits(&c, S2ST_FP32));
	c.k = 128;
	CHECK(s2_short_conv_suits(&c, S2ST_FP32));
	c.k = 129;
	CHECK(!s2_short_conv_suits(&c, S2ST_FP32));
	c = good;
	c.stride = 2;
	CHECK(s2_short_conv_suits(&c, S2ST_FP32));
	c.k = 2;
	CHECK(!s2_short_conv_suits(&c, S2ST_FP32));
	c.k = 5;
	CHECK(!s2_short_conv_suits(&c, S2ST_FP32));
	c.k = 3;
	c.dilation = 3;
	CHECK(!s2_short_conv_suits(&c, S2ST_FP32));
	c = good;
	c.stride = 3;
	CHECK(!s2_short_conv_suits(&c, S2ST_FP32));
	c = good;
	CHECK(s2_short_conv_suits(&c, S2ST_INT8));
	c.k = 129;
	CHECK(!s2_short_conv_suits(&c, S2ST_INT8));
	c = good;
	c.stride = 2;
	CHECK(s2_short_conv_suits(&c, S2ST_BF16));
	CHECK(!s2_short_conv_suits(&c, S2ST_INT8));
	c = good;
	c.groups = 2;
	CHECK(s2_short_conv_suits(&c, S2ST_BF16));
	c.stride = 2;
	CHECK(!s2_short_conv_suits(&c, S2ST_FP32));
}

int main(void)
{
	uint64_t seed = 5;
	test_suits();
	for (int isa = 0; isa < N_ALL_ISAS; isa++) {
		s2_exec x;
		s2_pool *pool;
		if (!math_open(&x, &pool, math_isas[isa], 1))
			continue;
		test_extremes(&x);
		test_not_finite(&x);
		math_close(&x, pool);
	}
	static const size_t dilations[] = {1, 3, 5};
	for (size_t k = 3; k <= 14; k++)
		for (size_t d = 0; d < 3; d++)
			check_conv(16, 16, k, dilations[d], 95 + 10 * k, &seed);
	check_conv(32, 48, 11, 5, 1300, &seed); /* several blocks of tiles */
	check_conv(48, 16, 7, 1, 700, &seed);
	check_conv(16, 32, 11, 5, 3, &seed); /* shorter than the dilation, than the kernel */
	check_conv(16, 16, 3, 1, 1, &seed);
	test_stride_2(&seed);
	test_groups(&seed);
	return TEST_RESULT();
}
