/* s2_gemm against a naive chain of multiply-adds, byte by byte, and against float64 sums. */
#include "math/gemm.h"

#include "base/size.h"
#include "unit/math_test.h"

typedef struct shape {
	size_t m, n, taps, c, stride, dilation;
	ptrdiff_t pad;
	size_t extra_ld; /* floats between the rows of the left operand, and of out */
} shape;

typedef enum layout { ROWS, TORCH_CONV, COLUMNS, TRANSPOSED_CONV, N_LAYOUTS } layout;

typedef struct operands {
	shape s;
	s2_left a;
	s2_right b;
	float *x, *bias, *residual;
	unsigned char *w;
	float *wide; /* [n, taps*c], what the right operand means */
	size_t ldo;
} operands;

/* The nearest float16 or bfloat16 of small test values is not needed: any bit pattern of a finite one will do. */
static void put_weight(unsigned char *w, size_t at, s2_dtype dtype, uint64_t *seed, float *meant)
{
	float f = test_randf(seed);
	uint16_t h = (uint16_t)(test_rand(seed) & 0xbbff); /* |x| < 1 in float16 */
	double d = (double)f + 1e-9;
	uint32_t bits;
	switch (dtype) {
	case S2_F16:
		*meant = s2_f16_to_f32(h);
		memcpy(w + 2 * at, &h, 2);
		break;
	case S2_BF16:
		memcpy(&bits, &f, 4);
		h = (uint16_t)(bits >> 16);
		*meant = s2_bf16_to_f32(h);
		memcpy(w + 2 * at, &h, 2);
		break;
	case S2_F64:
		*meant = (float)d;
		memcpy(w + 8 * at, &d, 8);
		break;
	default:
		*meant = f;
		memcpy(w + 4 * at, &f, 4);
	}
}

static size_t signal_length(const shape *s)
{
	ptrdiff_t last = (ptrdiff_t)((s->m - 1) * s->stride + (s->taps - 1) * s->dilation) - s->pad;
	ptrdiff_t len = last + 1 - s->pad; /* as much zero padding at the end as at the start */
	return len < 1 ? 1 : (size_t)len;
}

static operands make(shape s, s2_dtype dtype, layout l, size_t misalign, uint64_t *seed)
{
	operands o = {.s = s, .ldo = s.n + s.extra_ld};
	size_t len = signal_length(&s), ld = s.c + s.extra_ld, k = s.taps * s.c;
	o.x = math_random((len - 1) * ld + s.c, seed);
	o.a = (s2_left){o.x, len, ld, s.taps, s.c, s.stride, s.dilation, s.pad};
	o.bias = math_random(s.n, seed);
	o.residual = math_random(s.m * s.n, seed);
	o.wide = math_alloc(s.n * k);
	o.w = malloc(s.n * k * s2_dtype_size(dtype) + misalign + 1);
	REQUIRE(o.w != NULL);
	o.b = (s2_right){.w = o.w + misalign, .dtype = dtype};
	ptrdiff_t n = (ptrdiff_t)s.n, taps = (ptrdiff_t)s.taps, c = (ptrdiff_t)s.c;
	switch (l) {
	case ROWS: /* [n, taps, c] */
		o.b.sn = taps * c, o.b.st = c, o.b.sc = 1;
		break;
	case TORCH_CONV: /* [n, c, taps] */
		o.b.sn = taps * c, o.b.st = 1, o.b.sc = taps;
		break;
	case COLUMNS: /* [taps, c, n] */
		o.b.sn = 1, o.b.st = c * n, o.b.sc = n;
		break;
	default: /* [c, n, taps] */
		o.b.sn = taps, o.b.st = 1, o.b.sc = n * taps;
	}
	for (size_t j = 0; j < s.n; j++)
		for (size_t i = 0; i < k; i++) {
			ptrdiff_t at =
				(ptrdiff_t)j * o.b.sn + (ptrdiff_t)(i / s.c) * o.b.st + (ptrdiff_t)(i % s.c) * o.b.sc;
			put_weight(o.w + misalign, (size_t)at, dtype, seed, &o.wide[j * k + i]);
		}
	return o;
}

static void drop(operands *o)
{
	free(o->x);
	free(o->bias);
	free(o->residual);
	free(o->wide);
	free(o->w);
}

static float left_value(const operands *o, size_t t, size_t k)
{
	ptrdiff_t at = (ptrdiff_t)(t * o->a.stride + k / o->a.c * o->a.dilation) - o->a.pad;
	return at < 0 || at >= (ptrdiff_t)o->a.len ? 0 : o->x[(size_t)at * o->a.ld + k % o->a.c];
}

/* out[i, j] as s2_gemm must give it; `exact` receives the float64 sum and `size` the sum of magnitudes. */
static float naive(const operands *o, const s2_epilogue *e, bool fused, float old, size_t i, size_t j, double *exact,
		   double *size)
{
	size_t k = o->s.taps * o->s.c;
	float v = e->accumulate ? old : 0;
	*exact = (double)v;
	*size = fabs((double)v);
	for (size_t p = 0; p < k; p++) {
		float a = left_value(o, i, p), w = o->wide[j * k + p];
		v = math_fma(fused, a, w, v);
		*exact += (double)a * (double)w;
		*size += fabs((double)a * (double)w);
	}
	if (e->bias)
		v += e->bias[j];
	if (e->act == S2_ACT_RELU)
		v = v > 0 ? v : 0;
	if (e->act == S2_ACT_LEAKY_RELU)
		v = v < 0 ? v * e->slope : v;
	if (e->scale != 0)
		v *= e->scale;
	if (e->residual)
		v += e->residual[i * e->ld_residual + j];
	return v;
}

static void compare(const s2_exec *x, const operands *o, const s2_epilogue *e)
{
	size_t m = o->s.m, n = o->s.n, count = m * o->ldo;
	s2_epilogue plain = e ? *e : (s2_epilogue){0};
	bool in_place = plain.residual == o->x; /* a mark: out itself is the residual */
	float *out = math_alloc(count), *old = math_alloc(count);
	for (size_t i = 0; i < count; i++)
		old[i] = out[i] = (float)(i % 17) - 8;
	if (in_place) {
		plain.residual = out;
		plain.ld_residual = o->ldo;
	}
	s2_gemm(x, out, o->ldo, m, n, &o->a, &o->b, e ? &plain : NULL);
	if (in_place)
		plain.residual = old;
	size_t wrong = 0, far = 0, k = o->s.taps * o->s.c;
	for (size_t i = 0; i < m; i++)
		for (size_t j = 0; j < o->ldo; j++) {
			size_t at = i * o->ldo + j;
			if (j >= n) {
				wrong += out[at] != old[at];
				continue;
			}
			double exact, size;
			float want = naive(o, &plain, math_fused(x), old[at], i, j, &exact, &size);
			wrong += !math_same(&want, &out[at], 1);
			if (!e) /* a missing or doubled term is far more than this */
				far += fabs((double)out[at] - exact) > 8 * sqrt((double)k + 1) * 0x1p-24 * size;
		}
	if (wrong || far)
		fprintf(stderr,
			"%s: m %zu n %zu taps %zu c %zu stride %zu dilation %zu pad %td %s: %zu differ, %zu far\n",
			s2_kernels_name(x->k), m, n, o->s.taps, o->s.c, o->s.stride, o->s.dilation, o->s.pad,
			s2_dtype_name(o->b.dtype), wrong, far);
	CHECK_INT(wrong, 0);
	CHECK_INT(far, 0);
	free(out);
	free(old);
}

/* One shape with every epilogue that leaves the result exact. */
static void compare_all(const s2_exec *x, const operands *o)
{
	compare(x, o, NULL);
	compare(x, o, &(s2_epilogue){.bias = o->bias, .act = S2_ACT_RELU});
	compare(x, o, &(s2_epilogue){.act = S2_ACT_LEAKY_RELU, .slope = 0.1f});
	compare(x, o, &(s2_epilogue){.bias = o->bias, .scale = 0.5f, .residual = o->residual, .ld_residual = o->s.n});
	compare(x, o, &(s2_epilogue){.accumulate = true, .bias = o->bias, .residual = o->x /* in place */});
}

static const size_t odd_sizes[] = {1, 2, 3, 5, 7, 13, 17, 31, 33, 63, 65, 100, 257};
enum { N_ODD = sizeof odd_sizes / sizeof *odd_sizes };

static void test_matrices(const s2_exec *x)
{
	uint64_t seed = 1;
	for (size_t i = 0; i < N_ODD; i++)
		for (size_t j = 0; j < N_ODD; j++)
			for (size_t l = 0; l < N_LAYOUTS; l++) {
				size_t k = odd_sizes[(i + 2 * j + 3 * l) % N_ODD];
				shape s = {odd_sizes[i], odd_sizes[j], 1, k, 1, 1, 0, (i + j) % 3};
				operands o = make(s, S2_F32, (layout)l, 0, &seed);
				if (l == ROWS)
					compare_all(x, &o);
				else
					compare(x, &o, NULL);
				drop(&o);
			}
}

/* Longer than a block of the chain, more columns than a strip, rows that crowd a cache set. */
static void test_large(const s2_exec *x)
{
	static const shape shapes[] = {
		{5, 70, 1, 2049, 1, 1, 0, 0},  {341, 33, 1, 1024, 1, 1, 0, 0}, {30, 600, 1, 769, 1, 1, 0, 1},
		{50, 40, 3, 512, 2, 1, 0, 0},  {40, 40, 7, 130, 1, 3, 9, 0},   {29, 20, 3, 500, 1, 2, 2, 0},
		{33, 35, 128, 48, 1, 1, 64, 0}, {700, 1, 7, 32, 1, 1, 3, 0},    {20, 9, 1000, 1, 1, 1, 0, 0},
		{20, 9, 700, 1, 2, 3, 5, 2},   {40, 300, 1, 3000, 1, 1, 0, 0},  {10, 70, 1, 2048, 1, 1, 0, 0},
		{9, 40, 1, 6500, 1, 1, 0, 0},  {20, 40, 1, 3500, 1, 1, 0, 0},   {7, 33, 5, 512, 1, 2, 3, 0},
		{300, 1, 5, 24, 3, 1, 7, 0},   {90, 1, 1, 100, 1, 1, 0, 0},     {60, 1, 3, 40, 1, 1, -5, 0},
	};
	uint64_t seed = 2;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		for (size_t l = ROWS; l <= TORCH_CONV; l++) {
			operands o = make(shapes[i], S2_F32, (layout)l, 0, &seed);
			compare_all(x, &o);
			drop(&o);
		}
}

static void test_convolutions(const s2_exec *x)
{
	static const s2_dtype dtypes[] = {S2_F32, S2_F16, S2_BF16, S2_F64};
	uint64_t seed = 3;
	for (size_t i = 0; i < 300; i++) {
		shape s = {.m = 1 + test_rand(&seed) % 60,
			   .n = 1 + test_rand(&seed) % 70,
			   .taps = 1 + test_rand(&seed) % 11};
		s.c = 1 + test_rand(&seed) % (test_rand(&seed) % 4 ? 20 : 150);
		s.stride = 1 + test_rand(&seed) % 3;
		s.dilation = 1 + test_rand(&seed) % 3;
		s.pad = (ptrdiff_t)(test_rand(&seed) % (s.taps * s.dilation)) - 1;
		s.extra_ld = test_rand(&seed) % 3;
		operands o = make(s, dtypes[i % 4], (layout)(i / 4 % N_LAYOUTS), test_rand(&seed) % 4, &seed);
		compare_all(x, &o);
		drop(&o);
	}
}

/* Non-finite values take their ordinary way, and stay in their row or column. */
static void test_not_finite(const s2_exec *x)
{
	uint64_t seed = 4;
	operands o = make((shape){20, 37, 1, 100, 1, 1, 0, 0}, S2_F32, ROWS, 0, &seed);
	float *out = math_alloc(20 * 37), *w = (float *)(void *)o.w;
	o.x[3 * 100 + 5] = NAN;
	o.x[7 * 100 + 50] = INFINITY;
	w[11 * 100 + 9] = -INFINITY;
	s2_gemm(x, out, 37, 20, 37, &o.a, &o.b, NULL);
	for (size_t i = 0; i < 20; i++)
		for (size_t j = 0; j < 37; j++) {
			float v = out[i * 37 + j];
			CHECK(i == 3 ? isnan(v) : i == 7 || j == 11 ? !isfinite(v) : isfinite(v));
		}
	free(out);
	drop(&o);
}

static void test_empty(const s2_exec *x)
{
	float out[4] = {1, 2, 3, 4}, bias[2] = {5, 6}, value = 1;
	s2_left a = s2_left_matrix(&value, 2, 0, 0);
	s2_right b = s2_right_f32(&value, 0);
	s2_gemm(x, out, 2, 2, 2, &a, &b, &(s2_epilogue){.bias = bias}); /* an empty chain is 0 */
	CHECK(out[0] == 5 && out[1] == 6 && out[2] == 5 && out[3] == 6);
	s2_gemm(x, out, 2, 0, 2, &a, &b, NULL);
	s2_gemm(x, out, 2, 2, 0, &a, &b, NULL);
	CHECK(out[0] == 5 && out[3] == 6);
}

/* The same bytes for any number of threads, and for a row alone or among others. */
static void test_determinism(const char *isa)
{
	static const int threads[] = {1, 2, 3, 5};
	static const shape shapes[] = {
		{300, 200, 1, 777, 1, 1, 0, 0}, {7, 1000, 1, 512, 1, 1, 0, 0}, {3000, 20, 5, 40, 1, 2, 4, 0},
		{1, 1500, 1, 600, 1, 1, 0, 0}, {900, 1, 11, 64, 1, 1, 5, 0},
	};
	uint64_t seed = 5;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		operands o = make(shapes[i], S2_F32, TORCH_CONV, 0, &seed);
		size_t m = o.s.m, n = o.s.n;
		s2_epilogue e = {.bias = o.bias, .act = S2_ACT_GELU, .residual = o.residual, .ld_residual = n};
		float *first = math_alloc(m * n), *out = math_alloc(m * n);
		for (size_t t = 0; t < 4; t++) {
			s2_exec x;
			s2_pool *pool;
			if (!math_open(&x, &pool, isa, threads[t]))
				break;
			s2_gemm(&x, t ? out : first, n, m, n, &o.a, &o.b, &e);
			CHECK(t == 0 || math_same(first, out, m * n));
			for (size_t r = 0; t == 0 && r < m; r += 1 + m / 9) {
				s2_left row = o.a;
				row.pad -= (ptrdiff_t)(r * row.stride);
				s2_epilogue one = e;
				one.residual += r * n;
				s2_gemm(&x, out, n, 1, n, &row, &o.b, &one);
				CHECK(math_same(first + r * n, out, n));
			}
			math_close(&x, pool);
		}
		free(first);
		free(out);
		drop(&o);
	}
}

static void test_isa_names(void)
{
	s2st_error err;
	const s2_kernels *k;
	CHECK_INT(s2_kernels_find(&k, "abacus", &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "abacus");
	CHECK_CONTAINS(err.text, "scalar");
	REQUIRE_OK(s2_kernels_find(&k, "scalar", &err));
	CHECK_STR(s2_kernels_name(k), "scalar");
	setenv("S2ST_ISA", "scalar", 1);
	REQUIRE_OK(s2_kernels_find(&k, NULL, &err));
	CHECK_STR(s2_kernels_name(k), "scalar");
	unsetenv("S2ST_ISA");
	REQUIRE_OK(s2_kernels_find(&k, NULL, &err));
}

int main(void)
{
	test_isa_names();
	for (size_t i = 0; i < N_ISAS; i++) {
		s2_exec x;
		s2_pool *pool;
		if (!math_open(&x, &pool, math_isas[i], 1))
			continue;
		test_matrices(&x);
		test_large(&x);
		test_convolutions(&x);
		test_not_finite(&x);
		test_empty(&x);
		math_close(&x, pool);
		test_determinism(math_isas[i]);
	}
	return TEST_RESULT();
}
