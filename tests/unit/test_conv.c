/* Convolutions against their definitions in float64. */
#include "math/conv.h"

#include "base/size.h"
#include "unit/math_test.h"

/* Rounding of a chain of `terms` products whose magnitudes add up to `size`. */
static double slack(size_t terms, double size)
{
	return 8 * sqrt((double)terms + 1) * 0x1p-24 * (size + 1);
}

static float weight3(const s2_conv1d *c, size_t i, size_t j, size_t k)
{
	const float *w = c->w;
	return w[(ptrdiff_t)i * c->strides[0] + (ptrdiff_t)j * c->strides[1] + (ptrdiff_t)k * c->strides[2]];
}

static void naive_conv1d(double *out, double *size, const float *in, size_t len, const s2_conv1d *c, size_t t,
			 size_t co)
{
	size_t channels = c->c_in / c->groups, g = co / (c->c_out / c->groups);
	*out = *size = 0;
	for (size_t k = 0; k < c->k; k++) {
		ptrdiff_t at = (ptrdiff_t)(t * c->stride + k * c->dilation) - (ptrdiff_t)c->pad;
		for (size_t i = 0; at >= 0 && at < (ptrdiff_t)len && i < channels; i++) {
			double v = (double)in[(size_t)at * c->c_in + g * channels + i] * (double)weight3(c, co, i, k);
			*out += v;
			*size += fabs(v);
		}
	}
	*out += c->bias ? (double)c->bias[co] : 0;
}

static void check_conv1d(const s2_exec *x, s2_conv1d c, size_t len, uint64_t *seed)
{
	size_t channels = c.c_in / c.groups, m = s2_conv1d_out_len(&c, len), ldo = c.c_out + 2;
	float *in = math_random(len * c.c_in, seed), *w = math_random(c.c_out * channels * c.k, seed);
	float *bias = math_random(c.c_out, seed), *out = math_random(m * ldo, seed), *old = math_alloc(m * ldo);
	memcpy(old, out, m * ldo * sizeof *out);
	c.w = w;
	c.dtype = S2_F32;
	c.bias = bias;
	c.strides[0] = (ptrdiff_t)(channels * c.k), c.strides[1] = (ptrdiff_t)c.k, c.strides[2] = 1;
	s2_epilogue e = {.act = S2_ACT_RELU, .residual = out, .ld_residual = ldo};
	s2_conv1d_forward(x, out, ldo, in, len, &c, &e);
	size_t wrong = 0;
	for (size_t t = 0; t < m; t++)
		for (size_t co = 0; co < ldo; co++) {
			double want = 0, size = 0;
			if (co < c.c_out)
				naive_conv1d(&want, &size, in, len, &c, t, co);
			want = fmax(want, 0) + (double)old[t * ldo + co];
			wrong += !(fabs((double)out[t * ldo + co] - want) <= slack(channels * c.k, size));
		}
	if (wrong)
		fprintf(stderr, "%s: conv1d %zu -> %zu, k %zu stride %zu pad %zu dilation %zu groups %zu, len %zu\n",
			s2_kernels_name(x->k), c.c_in, c.c_out, c.k, c.stride, c.pad, c.dilation, c.groups, len);
	CHECK_INT(wrong, 0);
	free(in);
	free(w);
	free(bias);
	free(out);
	free(old);
}

static void test_conv1d(const s2_exec *x)
{
	static const s2_conv1d cases[] = {
		{.c_in = 1, .c_out = 16, .k = 10, .stride = 5, .pad = 0, .dilation = 1, .groups = 1},
		{.c_in = 20, .c_out = 24, .k = 3, .stride = 2, .pad = 0, .dilation = 1, .groups = 1},
		{.c_in = 12, .c_out = 12, .k = 7, .stride = 1, .pad = 9, .dilation = 3, .groups = 1},
		{.c_in = 12, .c_out = 8, .k = 8, .stride = 1, .pad = 4, .dilation = 1, .groups = 4},
		{.c_in = 32, .c_out = 1, .k = 7, .stride = 1, .pad = 3, .dilation = 1, .groups = 1},
		{.c_in = 33, .c_out = 2, .k = 11, .stride = 1, .pad = 25, .dilation = 5, .groups = 1},
		{.c_in = 5, .c_out = 40, .k = 5, .stride = 2, .pad = 2, .dilation = 1, .groups = 1},
		{.c_in = 6, .c_out = 6, .k = 3, .stride = 1, .pad = 1, .dilation = 1, .groups = 6},
	};
	static const size_t lengths[] = {1, 2, 3, 11, 50, 257};
	uint64_t seed = 1;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t l = 0; l < 6; l++)
			check_conv1d(x, cases[i], lengths[l], &seed);
	s2_conv1d c = cases[0];
	CHECK_INT(s2_conv1d_out_len(&c, 9), 0);
	CHECK_INT(s2_conv1d_out_len(&c, 10), 1);
	CHECK_INT(s2_conv1d_out_len(&c, 14), 1);
	CHECK_INT(s2_conv1d_out_len(&c, 15), 2);
}

static void check_transpose(const s2_exec *x, s2_conv1d c, size_t len, uint64_t *seed)
{
	size_t m = s2_conv_transpose1d_out_len(&c, len);
	float *in = math_random(len * c.c_in, seed), *w = math_random(c.c_in * c.c_out * c.k, seed);
	float *bias = math_random(c.c_out, seed), *out = math_random(m * c.c_out, seed);
	double *want = calloc(m * c.c_out + 1, sizeof *want), *size = calloc(m * c.c_out + 1, sizeof *size);
	REQUIRE(want && size);
	c.w = w;
	c.dtype = S2_F32;
	c.bias = bias;
	c.strides[0] = (ptrdiff_t)(c.c_out * c.k), c.strides[1] = (ptrdiff_t)c.k, c.strides[2] = 1;
	for (size_t t = 0; t < len; t++)
		for (size_t k = 0; k < c.k; k++) {
			ptrdiff_t at = (ptrdiff_t)(t * c.stride + k) - (ptrdiff_t)c.pad;
			for (size_t co = 0; at >= 0 && at < (ptrdiff_t)m && co < c.c_out; co++)
				for (size_t ci = 0; ci < c.c_in; ci++) {
					double v = (double)in[t * c.c_in + ci] * (double)weight3(&c, ci, co, k);
					want[(size_t)at * c.c_out + co] += v;
					size[(size_t)at * c.c_out + co] += fabs(v);
				}
		}
	s2_conv_transpose1d_forward(x, out, in, len, &c);
	size_t wrong = 0;
	for (size_t i = 0; i < m * c.c_out; i++)
		wrong += !(fabs((double)out[i] - want[i] - (double)bias[i % c.c_out]) <= slack(c.c_in * c.k, size[i]));
	if (wrong)
		fprintf(stderr, "%s: transposed %zu -> %zu, k %zu stride %zu pad %zu, len %zu\n", s2_kernels_name(x->k),
			c.c_in, c.c_out, c.k, c.stride, c.pad, len);
	CHECK_INT(wrong, 0);
	free(in);
	free(w);
	free(bias);
	free(out);
	free(want);
	free(size);
}

static void test_conv_transpose1d(const s2_exec *x)
{
	static const size_t shapes[][3] = {{11, 5, 3}, {8, 4, 2}, {16, 10, 3}, {4, 2, 1}, {3, 1, 1},
					   {4, 4, 0},  {2, 5, 0}, {7, 2, 5},   {5, 3, 2}}; /* k, stride, pad */
	static const size_t lengths[] = {1, 2, 5, 40};
	uint64_t seed = 2;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		for (size_t l = 0; l < 4; l++) {
			s2_conv1d c = {.c_in = 9 + i, .c_out = 35 - 3 * i, .k = shapes[i][0], .stride = shapes[i][1],
				       .pad = shapes[i][2], .dilation = 1, .groups = 1};
			check_transpose(x, c, lengths[l], &seed);
		}
	s2_conv1d c = {.k = 16, .stride = 8, .pad = 4};
	CHECK_INT(s2_conv_transpose1d_out_len(&c, 10), 80);
	CHECK_INT(s2_conv_transpose1d_out_len(&c, 0), 0);
}

static void check_conv2d(const s2_exec *x, s2_conv2d c, size_t h, size_t w, uint64_t *seed)
{
	s2st_error err;
	size_t h_out = (h + 2 * c.pad - c.k) / c.stride + 1, w_out = (w + 2 * c.pad - c.k) / c.stride + 1;
	size_t depth = c.c_in * c.k * c.k, n = c.c_out * h_out * w_out;
	float *in = math_random(c.c_in * h * w, seed), *weight = math_random(c.c_out * depth, seed);
	float *bias = math_random(c.c_out, seed), *out = math_random(n, seed);
	c.w = weight;
	c.bias = bias;
	c.strides[0] = (ptrdiff_t)depth, c.strides[1] = (ptrdiff_t)(c.k * c.k), c.strides[2] = (ptrdiff_t)c.k,
	c.strides[3] = 1;
	REQUIRE_OK(s2_conv2d_forward(x, out, in, h, w, &c, S2_ACT_RELU, &err));
	size_t wrong = 0;
	for (size_t i = 0; i < n; i++) {
		size_t co = i / (h_out * w_out), y = i / w_out % h_out, at = i % w_out;
		double want = (double)bias[co], size = 1;
		for (size_t d = 0; d < depth; d++) {
			size_t row = y * c.stride + d / c.k % c.k - c.pad, col = at * c.stride + d % c.k - c.pad;
			if (row >= h || col >= w)
				continue;
			double v = (double)in[d / (c.k * c.k) * h * w + row * w + col] * (double)weight[co * depth + d];
			want += v;
			size += fabs(v);
		}
		wrong += !(fabs((double)out[i] - fmax(want, 0)) <= slack(depth, size));
	}
	CHECK_INT(wrong, 0);
	free(in);
	free(weight);
	free(bias);
	free(out);
}

static void test_conv2d(const s2_exec *x)
{
	uint64_t seed = 3;
	check_conv2d(x, (s2_conv2d){.c_in = 1, .c_out = 16, .k = 3, .stride = 2, .pad = 1}, 37, 80, &seed);
	check_conv2d(x, (s2_conv2d){.c_in = 5, .c_out = 7, .k = 3, .stride = 2, .pad = 1}, 10, 13, &seed);
	check_conv2d(x, (s2_conv2d){.c_in = 2, .c_out = 3, .k = 5, .stride = 1, .pad = 2}, 1, 1, &seed);
	check_conv2d(x, (s2_conv2d){.c_in = 3, .c_out = 4, .k = 1, .stride = 1, .pad = 0}, 9, 31, &seed);
	s2st_error err;
	float weight[2] = {2, 3}, in[2] = {1, 10}, out[4]; /* float16 and turned strides */
	uint16_t half[2] = {0x4000, 0x4200};
	s2_conv2d c = {.w = weight, .c_in = 1, .c_out = 2, .k = 1, .stride = 1, .strides = {1, 2, 2, 2}};
	REQUIRE_OK(s2_conv2d_forward(x, out, in, 1, 2, &c, S2_ACT_NONE, &err));
	CHECK(out[0] == 2 && out[1] == 20 && out[2] == 3 && out[3] == 30);
	c.w = half;
	c.dtype = S2_F16;
	REQUIRE_OK(s2_conv2d_forward(x, out, in, 1, 2, &c, S2_ACT_NONE, &err));
	CHECK(out[0] == 2 && out[1] == 20 && out[2] == 3 && out[3] == 30);
}

/* The same bytes for any number of threads, and from a piece of a signal as from the whole. */
static void test_determinism(const char *isa)
{
	static const int threads[] = {1, 2, 3, 5};
	s2_conv1d c = {.c_in = 40,
		       .c_out = 24,
		       .k = 7,
		       .stride = 1,
		       .pad = 3,
		       .dilation = 1,
		       .groups = 2,
		       .dtype = S2_F32,
		       .strides = {140, 7, 1}};
	s2_conv1d up = {.c_in = 40,
			.c_out = 10,
			.k = 8,
			.stride = 4,
			.pad = 2,
			.dilation = 1,
			.groups = 1,
			.dtype = S2_F32,
			.strides = {80, 8, 1}};
	size_t len = 2000, up_len = s2_conv_transpose1d_out_len(&up, len), n = len * c.c_out, n_up = up_len * up.c_out;
	uint64_t seed = 4;
	float *in = math_random(len * c.c_in, &seed), *w = math_random(40 * 24 * 7, &seed);
	float *first = math_alloc(n), *out = math_alloc(n), *first_up = math_alloc(n_up), *out_up = math_alloc(n_up);
	c.w = up.w = w;
	for (size_t t = 0; t < 4; t++) {
		s2_exec x;
		s2_pool *pool;
		if (!math_open(&x, &pool, isa, threads[t]))
			break;
		s2_conv1d_forward(&x, t ? out : first, c.c_out, in, len, &c, NULL);
		s2_conv_transpose1d_forward(&x, t ? out_up : first_up, in, len, &up);
		CHECK(t == 0 || math_same(first, out, n));
		CHECK(t == 0 || math_same(first_up, out_up, n_up));
		size_t from = 501, piece = 77;
		s2_conv1d_forward(&x, out, c.c_out, in + from * c.c_in, piece, &c, NULL);
		CHECK(math_same(first + (from + 3) * c.c_out, out + 3 * c.c_out, (piece - 6) * c.c_out));
		math_close(&x, pool);
	}
	free(in);
	free(w);
	free(first);
	free(out);
	free(first_up);
	free(out_up);
}

int main(void)
{
	for (size_t i = 0; i < N_ISAS; i++) {
		s2_exec x;
		s2_pool *pool;
		if (!math_open(&x, &pool, math_isas[i], 1))
			continue;
		test_conv1d(&x);
		test_conv_transpose1d(&x);
		test_conv2d(&x);
		math_close(&x, pool);
		test_determinism(math_isas[i]);
	}
	return TEST_RESULT();
}
