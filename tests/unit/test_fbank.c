/* The filter bank and CMVN against their definitions in float64, at several rates and numbers of bins. */
#include "audio/fbank.h"
#include "test.h"

static s2st_error err;

static double mel(double hz)
{
	return 1127 * log(1 + hz / 700);
}

/* Kaldi's frame by the book: mean off, preemphasis, povey window, power spectrum by its sum, triangles in mel. */
static void twin_frame(double *out, const float *x, size_t window, size_t n_fft, int rate, size_t n_bins, double scale)
{
	double frame[2048], power[1024], mean = 0, previous;
	for (size_t i = 0; i < window; i++)
		mean += x[i] * scale / (double)window;
	previous = x[0] * scale - mean;
	for (size_t i = 0; i < window; i++) {
		double v = x[i] * scale - mean, hann = 0.5 - 0.5 * cos(2 * M_PI * (double)i / (double)(window - 1));
		frame[i] = (v - 0.97 * previous) * pow(hann, 0.85);
		previous = v;
	}
	for (size_t k = 0; k < n_fft / 2; k++) {
		double re = 0, im = 0;
		for (size_t i = 0; i < window; i++) {
			double angle = 2 * M_PI * (double)(k * i % n_fft) / (double)n_fft;
			re += frame[i] * cos(angle);
			im += frame[i] * sin(angle);
		}
		power[k] = re * re + im * im;
	}
	double low = mel(20), step = (mel(rate / 2.0) - low) / (double)(n_bins + 1);
	for (size_t b = 0; b < n_bins; b++) {
		double sum = 0;
		for (size_t k = 0; k < n_fft / 2; k++) {
			double at = (mel((double)k * rate / (double)n_fft) - low) / step - (double)b;
			double weight = fmin(at, 2 - at);
			sum += weight > 0 ? weight * power[k] : 0;
		}
		out[b] = log(fmax(sum, 1.1920929e-07));
	}
}

static void check_rate(int rate, int n_bins, float scale, size_t window, size_t shift, size_t n_fft)
{
	size_t n = window + 5 * shift + shift / 2, bins = (size_t)n_bins;
	s2_fbank *fbank;
	float *x = malloc(n * sizeof *x), *feat = malloc(6 * bins * sizeof *feat);
	double *twin = malloc(bins * sizeof *twin), worst = 0;
	s2_arena *scratch = s2_arena_new();
	REQUIRE(x && feat && twin && scratch);
	uint64_t seed = (uint64_t)rate;
	for (size_t i = 0; i < n; i++)
		x[i] = 0.3f * test_randf(&seed) + 0.1f;
	REQUIRE_OK(s2_fbank_new_scaled(&fbank, rate, n_bins, scale, &err));
	CHECK_INT(s2_fbank_bins(fbank), bins);
	CHECK_INT(s2_fbank_frames(fbank, n), 6);
	CHECK_INT(s2_fbank_frames(fbank, window), 1);
	CHECK_INT(s2_fbank_frames(fbank, window + shift - 1), 1);
	CHECK_INT(s2_fbank_frames(fbank, window + shift), 2);
	CHECK_INT(s2_fbank_frames(fbank, window - 1), 0);
	CHECK_INT(s2_fbank_frames(fbank, 0), 0);
	REQUIRE_OK(s2_fbank_compute(fbank, feat, x, n, scratch, &err));
	for (size_t t = 0; t < 6; t++) {
		twin_frame(twin, x + t * shift, window, n_fft, rate, bins, scale);
		for (size_t b = 0; b < bins; b++)
			worst = fmax(worst, fabs(feat[t * bins + b] - twin[b]));
	}
	CHECK(worst < 2e-4);
	free(x);
	free(feat);
	free(twin);
	s2_arena_free(scratch);
	s2_fbank_free(fbank);
}

/* Silence has the log of float32's epsilon in every bin; samples beyond all reason still give numbers. */
static void test_extremes(void)
{
	static float x[400], feat[80];
	s2_fbank *fbank;
	s2_arena *scratch = s2_arena_new();
	REQUIRE_OK(s2_fbank_new(&fbank, 16000, 80, &err));
	REQUIRE_OK(s2_fbank_compute(fbank, feat, x, 400, scratch, &err));
	for (size_t b = 0; b < 80; b++)
		CHECK(fabsf(feat[b] + 15.942385f) < 1e-6f);
	for (size_t i = 0; i < 400; i++)
		x[i] = i % 7 ? 1e30f : -1e30f;
	REQUIRE_OK(s2_fbank_compute(fbank, feat, x, 400, scratch, &err));
	for (size_t b = 0; b < 80; b++)
		CHECK(isfinite(feat[b]));
	/* Too short for a frame: nothing is written. */
	feat[0] = 77;
	REQUIRE_OK(s2_fbank_compute(fbank, feat, x, 399, scratch, &err));
	CHECK(feat[0] == 77);
	s2_arena_free(scratch);
	s2_fbank_free(fbank);
}

static void test_refused(void)
{
	s2_fbank *fbank;
	CHECK_INT(s2_fbank_new(&fbank, 0, 80, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "sample rate");
	CHECK_INT(s2_fbank_new(&fbank, 16000, 3, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "found 3");
	CHECK_INT(s2_fbank_new(&fbank, 16000, 5000, &err), S2ST_EINPUT);
	CHECK(fbank == NULL);
	s2_fbank_free(NULL);
}

static void check_cmvn(bool norm_means, bool norm_vars)
{
	float x[37 * 45], expected[37 * 45];
	size_t frames = 37, bins = 45;
	uint64_t seed = 9;
	for (size_t i = 0; i < frames * bins; i++)
		x[i] = i % bins == 3 ? 2 : 10 + 3 * test_randf(&seed);
	for (size_t b = 0; b < bins; b++) {
		double sum = 0, squares = 0;
		for (size_t t = 0; t < frames; t++) {
			sum += x[t * bins + b];
			squares += (double)x[t * bins + b] * x[t * bins + b];
		}
		double mean = sum / (double)frames, std = sqrt(fmax(squares / (double)frames - mean * mean, 1e-10));
		for (size_t t = 0; t < frames; t++)
			expected[t * bins + b] =
				(float)((x[t * bins + b] - (norm_means ? mean : 0)) / (norm_vars ? std : 1));
	}
	s2_utterance_cmvn(x, frames, bins, norm_means, norm_vars);
	CHECK(test_snr(x, expected, frames * bins) > 100);
}

static void test_cmvn(void)
{
	float x[] = {1, 2, 3, 4, 5, 6}, expected[] = {0, 0, 0, 1.5f, 0.75f, 0.375f};
	const float mean[] = {1, 2, 3}, std[] = {2, 4, 8};
	check_cmvn(true, true);
	check_cmvn(true, false);
	check_cmvn(false, true);
	s2_utterance_cmvn(x, 0, 3, true, true);
	s2_global_cmvn(x, 2, 3, mean, std);
	CHECK(test_max_diff(x, expected, 6) == 0);
}

int main(void)
{
	check_rate(16000, 80, 32768, 400, 160, 512);
	check_rate(16000, 80, 1, 400, 160, 512);
	check_rate(8000, 23, 32768, 200, 80, 256);
	check_rate(44100, 40, 32768, 1102, 441, 2048);
	test_extremes();
	test_refused();
	test_cmvn();
	return TEST_RESULT();
}
