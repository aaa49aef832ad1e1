/* Products in reduced precision against naive twins, byte by byte, on every ISA of this CPU. */
#include "math/packed.h"

#include "base/size.h"
#include "unit/math_test.h"

typedef struct shape {
	size_t m, n, taps, c, stride, dilation;
	ptrdiff_t pad;
} shape;

typedef struct operands {
	shape s;
	s2_left a;
	s2_right b; /* [n, taps, c] float32 */
	float *x, *w, *bias, *residual;
	s2_arena *arena;
} operands;

static s2st_error err;

static operands make(shape s, s2st_precision precision, uint64_t *seed)
{
	operands o = {.s = s, .arena = s2_arena_new()};
	REQUIRE(o.arena);
	const ptrdiff_t last = (ptrdiff_t)((s.m - 1) * s.stride + (s.taps - 1) * s.dilation) - s.pad;
	const size_t len = last + 1 - s.pad < 1 ? 1 : (size_t)(last + 1 - s.pad);
	o.x = math_random(len * s.c, seed);
	for (size_t i = 0; i < len * s.c; i += 7) /* rows of very different size, and some zeros */
		o.x[i] *= i % 2 ? 0 : (float)(1 + i / s.c % 50);
	o.w = math_random(s.n * s.taps * s.c, seed);
	o.bias = math_random(s.n, seed);
	o.residual = math_random(s.m * s.n, seed);
	o.a = (s2_left){o.x, len, s.c, s.taps, s.c, s.stride, s.dilation, s.pad};
	s2_right plain = {.w = o.w,
			  .dtype = S2_F32,
			  .sn = (ptrdiff_t)(s.taps * s.c),
			  .st = (ptrdiff_t)s.c,
			  .sc = 1};
	s2_packed *packed;
	REQUIRE_OK(s2_pack(&packed, o.arena, precision, &plain, s.n, s.taps, s.c, &err));
	REQUIRE(packed);
	o.b = plain;
	o.b.packed = packed;
	return o;
}

static void drop(operands *o)
{
	free(o->x);
	free(o->w);
	free(o->bias);
	free(o->residual);
	s2_arena_free(o->arena);
}

static const float *left_run(const operands *o, size_t t, size_t j)
{
	static const float zeros[4096];
	const ptrdiff_t at = (ptrdiff_t)(t * o->a.stride + j * o->a.dilation) - o->a.pad;
	return at < 0 || (size_t)at >= o->a.len ? zeros : o->x + (size_t)at * o->a.ld;
}

static float top_of(const float *x, size_t n)
{
	float top = 0;
	for (size_t i = 0; i < n; i++)
		top = fmaxf(top, fabsf(x[i]));
	return top;
}

static int quantised(float x, float top)
{
	return top > 0 ? (int)rintf(x * (127 / top)) : 0;
}

/* ---- the twins: element (i, n) before bias ---- */

static float naive_bf16(const operands *o, bool fused, size_t i, size_t n)
{
	float sum = 0;
	for (size_t j = 0; j < o->s.taps; j++) {
		const float *a = left_run(o, i, j), *w = o->w + (n * o->s.taps + j) * o->s.c;
		for (size_t k = 0; k < o->s.c; k += 2)
			for (size_t h = 2; h-- > 0;)
				if (k + h < o->s.c)
					sum = math_fma(fused, s2_bf16_to_f32(s2_f32_to_bf16(a[k + h])),
						       s2_bf16_to_f32(s2_f32_to_bf16(w[k + h])), sum);
	}
	return sum;
}

/* Of n values: the low end of their range, and its width. */
static void range_of(const float *x, size_t n, float *low, float *spread)
{
	float high = 0;
	*low = 0;
	for (size_t i = 0; i < n; i++) {
		*low = fminf(*low, x[i]);
		high = fmaxf(high, x[i]);
	}
	*spread = high - *low;
}

static float naive_int8(const operands *o, bool fused, size_t i, size_t n)
{
	const float *w = o->w + n * o->s.taps * o->s.c, w_top = top_of(w, o->s.taps * o->s.c);
	float acc = 0;
	for (size_t j = 0; j < o->s.taps; j++, w += o->s.c) {
		const float *a = left_run(o, i, j);
		float low, spread;
		range_of(a, o->s.c, &low, &spread);
		const float by = spread > 0 ? 255 / spread : 0;
		const int zero = (int)rintf(-low * by);
		int sum = 0;
		for (size_t k = 0; k < o->s.c; k++) {
			const int q = (int)rintf(a[k] * by) + zero;
			sum += ((q > 255 ? 255 : q) - zero) * quantised(w[k], w_top);
		}
		acc = math_fma(fused, (float)sum, spread / 255, acc);
	}
	return acc * (w_top / 127);
}

static void compare(const s2_exec *x, const operands *o, s2st_precision precision)
{
	const size_t m = o->s.m, n = o->s.n;
	float *out = math_alloc(m * n);
	const s2_epilogue e = {.bias = o->bias, .act = S2_ACT_RELU, .residual = o->residual, .ld_residual = n};
	s2_gemm(x, out, n, m, n, &o->a, &o->b, &e);
	size_t wrong = 0;
	for (size_t i = 0; i < m; i++)
		for (size_t j = 0; j < n; j++) {
			const bool fused = math_fused(x);
			float want = precision == S2ST_BF16 ? naive_bf16(o, fused, i, j) : naive_int8(o, fused, i, j);
			want += o->bias[j];
			want = (want > 0 ? want : 0) + o->residual[i * n + j];
			wrong += !math_same(&want, &out[i * n + j], 1);
		}
	if (wrong)
		fprintf(stderr, "%s %s: m %zu n %zu taps %zu c %zu stride %zu dilation %zu pad %td: %zu differ\n",
			s2_kernels_name(x->k), s2st_precision_name(precision), m, n, o->s.taps, o->s.c, o->s.stride,
			o->s.dilation, o->s.pad, wrong);
	CHECK_INT(wrong, 0);
	free(out);
}

static const shape shapes[] = {
	{1, 32, 1, 64, 1, 1, 0},    {14, 40, 1, 33, 1, 1, 0},  {15, 33, 1, 256, 1, 1, 0},  {29, 64, 1, 1024, 1, 1, 0},
	{50, 8, 3, 8, 1, 1, 1},     {40, 16, 11, 16, 1, 5, 25}, {33, 100, 3, 20, 2, 1, 0}, {20, 48, 128, 48, 1, 1, 64},
	{3, 10, 2, 4000, 1, 1, 0},  {70, 31, 7, 9, 3, 2, 5},   {2, 9, 3, 700, 1, 400, 200},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

static void test_products(const s2_exec *x, s2st_precision precision)
{
	uint64_t seed = 1;
	for (size_t i = 0; i < N_SHAPES; i++) {
		operands o = make(shapes[i], precision, &seed);
		compare(x, &o, precision);
		drop(&o);
	}
}

/* The same bytes for any number of threads, for a row alone or among others, and for every ISA that fuses. */
static void test_determinism(const char *isa, s2st_precision precision, float *const *first)
{
	static const int threads[] = {1, 2, 3, 5};
	for (size_t t = 0; t < 4; t++) {
		uint64_t seed = 2;
		s2_exec x;
		s2_pool *pool;
		if (!math_open(&x, &pool, isa, threads[t]))
			return;
		for (size_t i = 0; i < N_SHAPES; i++) {
			shape s = shapes[i];
			s.m *= 9;
			operands o = make(s, precision, &seed);
			float *out = math_alloc(s.m * s.n);
			s2_gemm(&x, out, s.n, s.m, s.n, &o.a, &o.b, NULL);
			if (!first[i][0] && math_fused(&x)) /* the mark that nothing has been stored yet */
				memcpy(first[i], out, s.m * s.n * sizeof *out);
			CHECK(!math_fused(&x) || math_same(first[i], out, s.m * s.n));
			for (size_t r = 0; r < s.m; r += 1 + s.m / 5) {
				s2_left row = o.a;
				row.pad -= (ptrdiff_t)(r * row.stride);
				float *one = math_alloc(s.n);
				s2_gemm(&x, one, s.n, 1, s.n, &row, &o.b, NULL);
				CHECK(math_same(out + r * s.n, one, s.n));
				free(one);
			}
			free(out);
			drop(&o);
		}
		math_close(&x, pool);
	}
}

/* Non-finite inputs stay visible in their rows, and only there; very small ones become zero. */
static void test_not_finite(const s2_exec *x, s2st_precision precision)
{
	uint64_t seed = 3;
	operands o = make((shape){20, 40, 1, 100, 1, 1, 0}, precision, &seed);
	float *out = math_alloc(20 * 40);
	o.x[3 * 100 + 5] = NAN;
	o.x[7 * 100 + 50] = INFINITY;
	for (size_t i = 0; i < 100; i++)
		o.x[9 * 100 + i] = 0x1p-140f;
	s2_gemm(x, out, 40, 20, 40, &o.a, &o.b, NULL);
	for (size_t i = 0; i < 20; i++)
		for (size_t j = 0; j < 40; j++) {
			const float v = out[i * 40 + j];
			CHECK(i == 3 ? isnan(v) : i == 7 ? !isfinite(v) : i == 9 ? v == 0 : isfinite(v));
		}
	free(out);
	drop(&o);
}

/* The types and strides that checkpoints have, next to what they were converted from. */
static void test_layouts(void)
{
	enum { N = 37, TAPS = 3, C = 21, ALL = N * TAPS * C };
	uint64_t seed = 4;
	float *w = math_random(ALL, &seed), *turned = math_alloc(ALL);
	s2_arena *a = s2_arena_new();
	REQUIRE(a);
	for (size_t n = 0; n < N; n++)
		for (size_t j = 0; j < TAPS; j++)
			for (size_t c = 0; c < C; c++)
				turned[(n * C + c) * TAPS + TAPS - 1 - j] = w[(n * TAPS + j) * C + c];
	const s2_right plain = {.w = w, .dtype = S2_F32, .sn = TAPS * C, .st = C, .sc = 1};
	const s2_right other = {.w = turned + TAPS - 1, .dtype = S2_F32, .sn = TAPS * C, .st = -1, .sc = TAPS};
	for (s2st_precision p = S2ST_BF16; p < S2ST_N_PRECISIONS; p++) {
		s2_packed *one, *two;
		REQUIRE_OK(s2_pack(&one, a, p, &plain, N, TAPS, C, &err));
		REQUIRE_OK(s2_pack(&two, a, p, &other, N, TAPS, C, &err));
		CHECK_INT(memcmp(one->panels, two->panels, 2 * TAPS * one->words * S2_PANEL * sizeof *one->panels), 0);
		CHECK(p != S2ST_INT8 || memcmp(one->sum, two->sum, 2 * TAPS * S2_PANEL * 4) == 0);
	}
	free(w);
	free(turned);
	s2_arena_free(a);
}

static void test_refusals(void)
{
	enum { N = 16, C = 16 };
	uint64_t seed = 5;
	float *w = math_random(N * C, &seed);
	s2_arena *a = s2_arena_new();
	s2_packed *p;
	const s2_right b = s2_right_f32(w, C);
	REQUIRE(a);
	REQUIRE_OK(s2_pack(&p, a, S2ST_FP32, &b, N, 1, C, &err));
	CHECK(!p);
	REQUIRE_OK(s2_pack(&p, a, S2ST_BF16, &b, 1, 1, C, &err)); /* one output: stays float32 */
	CHECK(!p);
	CHECK_INT(s2_pack(&p, a, S2ST_INT8, &b, N, 1, 1 << 20, &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "too long for int8");
	w[5 * C + 3] = INFINITY;
	CHECK_INT(s2_pack(&p, a, S2ST_INT8, &b, N, 1, C, &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "output 5 of a weight is not finite");
	CHECK_INT(s2_pack(&p, a, S2ST_BF16, &b, N, 1, C, &err), S2ST_EMODEL);
	free(w);
	s2_arena_free(a);
}

int main(void)
{
	test_layouts();
	test_refusals();
	for (s2st_precision p = S2ST_BF16; p < S2ST_N_PRECISIONS; p++) {
		float *first[N_SHAPES];
		for (size_t i = 0; i < N_SHAPES; i++) {
			first[i] = math_alloc(shapes[i].m * 9 * shapes[i].n);
			first[i][0] = 0;
		}
		for (size_t i = 0; i < N_ALL_ISAS; i++) {
			s2_exec x;
			s2_pool *pool;
			if (!math_open(&x, &pool, math_isas[i], 1))
				continue;
			test_products(&x, p);
			test_not_finite(&x, p);
			math_close(&x, pool);
			test_determinism(math_isas[i], p, first);
		}
		for (size_t i = 0; i < N_SHAPES; i++)
			free(first[i]);
	}
	return TEST_RESULT();
}
