/* Subsampling convolutions against their formulas, from tensors of the golden checkpoints. */
#include "layers/subsample.h"

#include "math/ops.h"
#include "test.h"

static s2st_error err;
static uint64_t seed = 3;
static s2_exec x;

typedef struct image {
	size_t c, h, w; /* [c][h][w] */
	double *at;
} image;

static image new_image(size_t c, size_t h, size_t w)
{
	image i = {c, h, w, calloc(c * h * w, sizeof(double))};
	REQUIRE(i.at);
	return i;
}

static float *tensor(const s2_checkpoint *c, const char *name)
{
	const s2_tensor *t = s2_checkpoint_tensor(c, name);
	REQUIRE(t);
	float *out = malloc(s2_tensor_count(t) * sizeof *out);
	REQUIRE(out);
	s2_tensor_to_f32(t, out);
	return out;
}

/* out[o][y][x] = b[o] + sum over i, u, v of w[o][i][u][v] * in[i][2y + u - pad_h][2x + v - pad_w], stride 1 where k
 * is 1. */
static image naive_conv(const image *in, const float *w, const float *b, size_t c_out, size_t kh, size_t kw)
{
	size_t sh = kh > 1 ? 2 : 1, sw = kw > 1 ? 2 : 1;
	image out = new_image(c_out, (in->h - 1) / sh + 1, (in->w - 1) / sw + 1);
	for (size_t o = 0; o < c_out; o++)
		for (size_t y = 0; y < out.h; y++)
			for (size_t z = 0; z < out.w; z++) {
				double sum = (double)b[o];
				for (size_t i = 0; i < in->c * kh * kw; i++) {
					size_t ch = i / (kh * kw), u = i / kw % kh, v = i % kw;
					size_t yy = y * sh + u - kh / 2, zz = z * sw + v - kw / 2; /* wrap: outside */
					if (yy < in->h && zz < in->w)
						sum += (double)w[o * in->c * kh * kw + i] *
						       in->at[(ch * in->h + yy) * in->w + zz];
				}
				out.at[(o * out.h + y) * out.w + z] = sum;
			}
	return out;
}

static image frames(const float *in, size_t t, size_t bins, bool as_channels)
{
	image out = as_channels ? new_image(bins, t, 1) : new_image(1, t, bins);
	for (size_t i = 0; i < t; i++)
		for (size_t j = 0; j < bins; j++)
			out.at[as_channels ? j * t + i : i * bins + j] = (double)in[i * bins + j];
	return out;
}

static s2_subsample bind(const s2_checkpoint *c, s2_arena *a)
{
	s2_subsample s;
	const s2_binder b = {.ckpt = c, .arena = a};
	REQUIRE_OK(s2_subsample_bind(&s, &b, 80, 32, "encoder.subsample.", &err));
	return s;
}

static void test_1d(const s2_checkpoint *c, s2_arena *arena, size_t t)
{
	s2_subsample s = bind(c, arena);
	float in[40 * 80], out[40 * 32];
	for (size_t i = 0; i < t * 80; i++)
		in[i] = test_randf(&seed);
	CHECK_INT(s.n_feat, 80);
	REQUIRE_OK(s2_subsample_forward(&x, &s, out, in, t, &err));

	image h = frames(in, t, 80, true);
	for (size_t i = 0; i < s.n_convs; i++) {
		char name[96];
		snprintf(name, sizeof name, "encoder.subsample.conv_layers.%zu.weight", i);
		float *w = tensor(c, name);
		size_t k = s2_checkpoint_tensor(c, name)->dims[2], c_out = s2_checkpoint_tensor(c, name)->dims[0];
		snprintf(name, sizeof name, "encoder.subsample.conv_layers.%zu.bias", i);
		float *b = tensor(c, name);
		image wide = naive_conv(&h, w, b, c_out, k, 1);
		free(h.at);
		h = new_image(c_out / 2, wide.h, 1);
		for (size_t j = 0; j < h.c * h.h; j++)
			h.at[j] = wide.at[j] / (1 + exp(-wide.at[h.c * h.h + j]));
		free(wide.at);
		free(w);
		free(b);
	}
	CHECK_INT(h.h, s2_subsample_len(&s, t));
	CHECK_INT(h.c, 32);
	for (size_t i = 0; i < h.h; i++)
		for (size_t j = 0; j < 32; j++)
			CHECK(fabs((double)out[i * 32 + j] - h.at[j * h.h + i]) < 1e-5);
	free(h.at);
}

static void test_2d(const s2_checkpoint *c, s2_arena *arena, size_t t)
{
	s2_subsample s = bind(c, arena);
	float in[40 * 80], out[40 * 32];
	for (size_t i = 0; i < t * 80; i++)
		in[i] = test_randf(&seed);
	REQUIRE_OK(s2_subsample_forward(&x, &s, out, in, t, &err));

	image h = frames(in, t, 80, false);
	for (int i = 0; i < 2; i++) {
		float *w = tensor(c, i ? "encoder.subsample.conv.2.weight" : "encoder.subsample.conv.0.weight");
		float *b = tensor(c, i ? "encoder.subsample.conv.2.bias" : "encoder.subsample.conv.0.bias");
		image next = naive_conv(&h, w, b, 8, 3, 3);
		for (size_t j = 0; j < 8 * next.h * next.w; j++)
			next.at[j] = fmax(next.at[j], 0);
		free(h.at);
		free(w);
		free(b);
		h = next;
	}
	CHECK_INT(h.h, s2_subsample_len(&s, t));
	float *w = tensor(c, "encoder.subsample.out.weight"), *b = tensor(c, "encoder.subsample.out.bias");
	for (size_t i = 0; i < h.h; i++)
		for (size_t o = 0; o < 32; o++) {
			double sum = (double)b[o];
			for (size_t j = 0; j < 8 * h.w; j++)
				sum += (double)w[o * 8 * h.w + j] * h.at[(j / h.w * h.h + i) * h.w + j % h.w];
			CHECK(fabs((double)out[i * 32 + o] - sum) < 1e-5);
		}
	free(h.at);
	free(w);
	free(b);
}

static void run(const char *path, void (*test)(const s2_checkpoint *, s2_arena *, size_t))
{
	s2_checkpoint *c;
	s2_arena *arena = s2_arena_new();
	REQUIRE(arena);
	REQUIRE_OK(s2_checkpoint_open(&c, path, &err));
	static const size_t lengths[] = {1, 2, 3, 4, 5, 8, 9, 37};
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
		test(c, arena, lengths[i]);
	s2_checkpoint_close(c);
	s2_arena_free(arena);
}

int main(void)
{
	const s2_kernels *k;
	REQUIRE_OK(s2_kernels_find(&k, NULL, &err));
	REQUIRE_OK(s2_exec_init(&x, NULL, k, &err));
	run(FIXTURES "/golden/s2ut/pre_norm.pt", test_1d);
	run(FIXTURES "/golden/s2ut/legacy_args.pt", test_1d);
	run(FIXTURES "/golden/s2ut/conv2d.pt", test_2d);
	s2_exec_free(&x);
	return TEST_RESULT();
}
