/* The Fourier transform against the sum that defines it. */
#include "audio/rfft.h"
#include "test.h"

static void check_size(size_t n)
{
	s2st_error err;
	s2_rfft *fft;
	REQUIRE_OK(s2_rfft_new(&fft, n, &err));
	float *x = malloc(n * sizeof *x), *work = malloc(n * sizeof *work), *expected = malloc(n * sizeof *expected);
	REQUIRE(x && work && expected);
	uint64_t seed = n;
	for (size_t t = 0; t < n; t++)
		x[t] = test_randf(&seed);
	for (size_t k = 0; k <= n / 2; k++) {
		double re = 0, im = 0;
		for (size_t t = 0; t < n; t++) {
			double angle = 2 * M_PI * (double)(k * t % n) / (double)n;
			re += x[t] * cos(angle);
			im -= x[t] * sin(angle);
		}
		expected[k ? 2 * k - 1 : 0] = (float)re;
		if (k > 0 && k < n / 2)
			expected[2 * k] = (float)im;
	}
	CHECK(test_snr(s2_rfft_run(fft, x, work), expected, n) > 120);
	free(x);
	free(work);
	free(expected);
	s2_rfft_free(fft);
}

int main(void)
{
	s2st_error err;
	s2_rfft *fft;
	for (size_t n = 2; n <= 2048; n *= 2)
		check_size(n);
	CHECK_INT(s2_rfft_new(&fft, 0, &err), S2ST_EINPUT);
	CHECK_INT(s2_rfft_new(&fft, 1, &err), S2ST_EINPUT);
	CHECK_INT(s2_rfft_new(&fft, 400, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "400");
	CHECK(fft == NULL);
	s2_rfft_free(NULL);
	return TEST_RESULT();
}
