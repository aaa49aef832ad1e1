/* The length adaptor against its formula in double precision, with what the golden cases lack: a norm at its beginning,
 * a stride of 3, a wider kernel. */
#include "layers/adaptor.h"

#include "math/ops.h"
#include "test.h"

enum { D = 6, WIDE = 10, T = 17, KERNEL = 5, STRIDE = 3, LAYERS = 2 };

static s2st_error err;
static uint64_t seed = 3;

typedef struct weights {
	float norm[2][D], up[WIDE * D], up_b[WIDE], down[D * WIDE], down_b[D], half_norm[2][D];
	float conv[LAYERS][2 * D * D * KERNEL], conv_b[LAYERS][2 * D];
} weights;

static void fill(float *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = 0.5f * test_randf(&seed);
}

static s2_linear linear(const float *w, const float *b, size_t n_out, size_t n_in)
{
	return (s2_linear){.w = {.data = w, .dtype = S2_F32, .rank = 2, .dims = {n_out, n_in},
				 .strides = {(ptrdiff_t)n_in, 1}},
			   .b = b};
}

static s2_adaptor make(weights *w)
{
	s2_adaptor a = {.dim = D, .norm = {w->norm[0], w->norm[1]}};
	fill(w->norm[0], sizeof *w / sizeof(float));
	a.before = a.after = (s2_adaptor_half){.up = linear(w->up, w->up_b, WIDE, D),
					       .down = linear(w->down, w->down_b, D, WIDE),
					       .norm = {w->half_norm[0], w->half_norm[1]}};
	a.convs = (s2_subsample){.n_feat = D, .dim = D, .n_convs = LAYERS};
	for (size_t i = 0; i < LAYERS; i++)
		a.convs.convs[i] = (s2_conv1d){.w = w->conv[i], .dtype = S2_F32, .strides = {D * KERNEL, KERNEL, 1},
					       .bias = w->conv_b[i], .c_in = D, .c_out = 2 * D, .k = KERNEL,
					       .stride = STRIDE, .pad = KERNEL / 2, .dilation = 1, .groups = 1};
	return a;
}

/* ---- the naive twin ---- */

static void naive_norm(double *x, size_t rows, const float *scale, const float *shift)
{
	for (size_t r = 0; r < rows; r++, x += D) {
		double mean = 0, var = 0;
		for (size_t i = 0; i < D; i++)
			mean += x[i] / D;
		for (size_t i = 0; i < D; i++)
			var += (x[i] - mean) * (x[i] - mean) / D;
		for (size_t i = 0; i < D; i++)
			x[i] = (x[i] - mean) / sqrt(var + 1e-5) * scale[i] + shift[i];
	}
}

static void naive_half(double *x, size_t rows, const weights *w)
{
	for (size_t r = 0; r < rows; r++) {
		double inner[WIDE], *row = x + r * D;
		for (size_t o = 0; o < WIDE; o++) {
			inner[o] = w->up_b[o];
			for (size_t i = 0; i < D; i++)
				inner[o] += (double)w->up[o * D + i] * row[i];
			inner[o] = fmax(inner[o], 0);
		}
		for (size_t o = 0; o < D; o++) {
			double sum = w->down_b[o];
			for (size_t i = 0; i < WIDE; i++)
				sum += w->down[o * WIDE + i] * inner[i];
			row[o] += 0.5 * sum;
		}
	}
	naive_norm(x, rows, w->half_norm[0], w->half_norm[1]);
}

static size_t naive_conv(double *out, const double *in, size_t t, const float *w, const float *b)
{
	size_t n = (t - 1) / STRIDE + 1;
	for (size_t p = 0; p < n; p++)
		for (size_t o = 0; o < D; o++) {
			double sum[2] = {b[o], b[D + o]};
			for (size_t k = 0; k < KERNEL; k++) {
				ptrdiff_t at = (ptrdiff_t)(p * STRIDE + k) - KERNEL / 2;
				for (size_t i = 0; at >= 0 && at < (ptrdiff_t)t && i < D; i++)
					for (size_t half = 0; half < 2; half++)
						sum[half] += in[at * D + (ptrdiff_t)i] *
							     w[((half * D + o) * D + i) * KERNEL + k];
			}
			out[p * D + o] = sum[0] / (1 + exp(-sum[1]));
		}
	return n;
}

int main(void)
{
	static weights w;
	const s2_kernels *k;
	s2_exec x;
	float h[T * D], out[T * D];
	double want[T * D], next[T * D], worst = 0;
	REQUIRE_OK(s2_kernels_find(&k, NULL, &err));
	REQUIRE_OK(s2_exec_init(&x, NULL, k, &err));
	s2_adaptor a = make(&w);
	fill(h, T * D);
	for (size_t i = 0; i < T * D; i++)
		want[i] = h[i];
	naive_norm(want, T, w.norm[0], w.norm[1]);
	naive_half(want, T, &w);
	size_t t = naive_conv(next, want, T, w.conv[0], w.conv_b[0]);
	t = naive_conv(want, next, t, w.conv[1], w.conv_b[1]);
	naive_half(want, t, &w);

	CHECK_INT(t, 2);
	CHECK_INT(s2_adaptor_len(&a, T), t);
	REQUIRE_OK(s2_adaptor_forward(&x, &a, out, h, T, &err));
	for (size_t i = 0; i < t * D; i++)
		worst = fmax(worst, fabs(out[i] - want[i]));
	CHECK(worst < 1e-5);
	s2_exec_free(&x);
	return TEST_RESULT();
}
