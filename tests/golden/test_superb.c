/* SUPERB's representation against an independent PyTorch implementation (tests/data/zoo/oracle.py), within 2e-4: the
 * weighted sum of all layers, and its mean and maximum over time as s2u-quantize --pool takes them. */
#include "../tools/cli_encoder.h"
#include "npy.h"
#include "test.h"

static s2st_error err;

static float *expected(const char *name, size_t rows, size_t cols)
{
	char path[512];
	size_t dims[S2_MAX_RANK];
	int rank;
	snprintf(path, sizeof path, FIXTURES "/zoo/superb.%s.npy", name);
	float *want = test_npy_f32(path, dims, &rank);
	REQUIRE(rank == 2 && dims[0] == rows && dims[1] == cols);
	return want;
}

static void check(const char *what, const float *got, const float *want, size_t n)
{
	const double diff = test_max_diff(got, want, n);
	fprintf(stderr, "%s: max diff %.2g\n", what, diff);
	CHECK(diff <= 2e-4);
}

int main(void)
{
	static const char *const wavs[] = {"austen_a", "austen_b", "es_phrase", "tone"};
	enum { DIM = 48, TONE = 25 };
	s2st_context *ctx;
	s2st_encoder *e;
	s2st_quantizer *q;
	float *weights;
	size_t n;
	REQUIRE_OK(s2st_context_new(&ctx, NULL, &err));
	REQUIRE_OK(s2st_encoder_open(&e, ctx, S2ST_FEATURE_NETWORK, FIXTURES "/golden/wavlm/large_like.pt", &err));
	REQUIRE_OK(s2st_quantizer_new(&q, e, -1, NULL, &err));
	REQUIRE_OK(s2st_npy_read(&weights, &n, FIXTURES "/zoo/superb.weights.npy", &err));
	REQUIRE_OK(s2st_quantizer_mix(q, weights, n, &err));
	float *mean = expected("mean", 4, DIM), *max = expected("max", 4, DIM), *tone = expected("tone", TONE, DIM);
	cli_pool pools[2] = {{0}};
	for (size_t i = 0; i < 4; i++) {
		char path[512];
		s2st_frames frames;
		snprintf(path, sizeof path, FIXTURES "/golden/audio/%s.wav", wavs[i]);
		REQUIRE_OK(s2st_quantizer_open(q, path, 0, &err));
		REQUIRE_OK(cli_pool_begin(&pools[0], CLI_POOL_MEAN, DIM, &err));
		REQUIRE_OK(cli_pool_begin(&pools[1], CLI_POOL_MAX, DIM, &err));
		CHECK_INT(s2st_quantizer_next(q, &frames, &err), 1);
		CHECK_INT(frames.dim, DIM);
		for (size_t t = 0; t < frames.n; t += 7) /* blocks of any size */
			for (int p = 0; p < 2; p++)
				cli_pool_add(&pools[p], frames.features + t * DIM, frames.n - t < 7 ? frames.n - t : 7);
		check("mean", cli_pool_row(&pools[0]), mean + i * DIM, DIM);
		check("max", cli_pool_row(&pools[1]), max + i * DIM, DIM);
		if (i == 3) {
			CHECK_INT(frames.n, TONE);
			check("tone", frames.features, tone, (size_t)TONE * DIM);
		}
		CHECK_INT(s2st_quantizer_next(q, &frames, &err), 0);
	}
	CHECK_INT(s2st_quantizer_mix(q, weights, n - 1, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "expected 4 (for the first layer's input and 3 layers), found 3");
	weights[1] = NAN;
	CHECK_INT(s2st_quantizer_mix(q, weights, n, &err), S2ST_EINPUT);
	for (int p = 0; p < 2; p++)
		cli_pool_free(&pools[p]);
	free(mean);
	free(max);
	free(tone);
	free(weights);
	s2st_quantizer_free(q);
	s2st_encoder_free(e);
	s2st_context_free(ctx);
	return TEST_RESULT();
}
