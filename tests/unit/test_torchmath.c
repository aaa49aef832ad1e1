/* Within 1 ulp of the true value everywhere, and PyTorch's very bits where they differ from the nearest float. */
#include "audio/torchmath.h"
#include "test.h"

/* Distance from `value` to `exact` in units of the last place of a float32. */
static double ulps(float value, double exact)
{
	return fabs(value - exact) / ldexp(1, ilogb(exact) - 23);
}

static float bits(uint32_t u)
{
	float f;
	memcpy(&f, &u, sizeof f);
	return f;
}

static void test_accuracy(void)
{
	uint64_t seed = 1;
	double worst_cos = 0, worst_log = 0, worst_pow = 0;
	for (int i = 0; i < 100000; i++) {
		float x = 3.15f * (1 + test_randf(&seed));
		worst_cos = fmax(worst_cos, ulps(s2_torch_cos(x), cos((double)x)));
		float e = expf(20 * test_randf(&seed));
		worst_log = fmax(worst_log, ulps(s2_torch_log(e), log((double)e)));
		float u = 0.5f * (1.0001f + test_randf(&seed));
		worst_pow = fmax(worst_pow, ulps(s2_torch_pow(u, 0.85f), pow((double)u, (double)0.85f)));
	}
	CHECK(worst_cos > 0 && worst_cos <= 1);
	CHECK(worst_log > 0 && worst_log <= 1);
	CHECK(worst_pow > 0 && worst_pow <= 1);
	CHECK(s2_torch_pow(0, 0.85f) == 0);
	CHECK(s2_torch_cos(0) == 1);
	CHECK(s2_torch_log(1) == 0);
}

/* Argument and result of torch.cos, torch.log and torch.pow(x, 0.85) (1.13, CPU) as bits, chosen where the result is
 * not the float nearest to the true value. */
static const uint32_t cos_bits[][2] = {
	{0x3ec1e93f, 0x3f6ddbba},
	{0x3ed6f903, 0x3f69c3b6},
	{0x40a89f13, 0x3f0756b7},
	{0x40c0f545, 0x3f77d5b2},
	{0x407108ef, 0xbf4fab78},
	{0x3dd0cd24, 0x3f7eabaf},
};
static const uint32_t log_bits[][2] = {
	{0x3fbe0ddf, 0x3eca6200},
	{0x3f97574b, 0x3e2b867e},
	{0x3fba8ab3, 0x3ec0d500},
	{0x3f6224ee, 0xbdfdf5fe},
	{0x3f9e6ba5, 0x3e5a5703},
	{0x403860cc, 0x3f877001},
};
static const uint32_t pow_bits[][2] = {
	{0x3f304a10, 0x3f3a6f6d},
	{0x3e8ebbf8, 0x3eace0be},
	{0x3d422150, 0x3d995b55},
	{0x3f2dc69d, 0x3f382c65},
	{0x3f1603a4, 0x3f22891f},
	{0x3e03db40, 0x3e33522d},
};

static void test_bits(void)
{
	for (size_t i = 0; i < sizeof cos_bits / sizeof *cos_bits; i++)
		CHECK(s2_torch_cos(bits(cos_bits[i][0])) == bits(cos_bits[i][1]));
	for (size_t i = 0; i < sizeof log_bits / sizeof *log_bits; i++)
		CHECK(s2_torch_log(bits(log_bits[i][0])) == bits(log_bits[i][1]));
	for (size_t i = 0; i < sizeof pow_bits / sizeof *pow_bits; i++)
		CHECK(s2_torch_pow(bits(pow_bits[i][0]), 0.85f) == bits(pow_bits[i][1]));
}

int main(void)
{
	test_accuracy();
	test_bits();
	return TEST_RESULT();
}
