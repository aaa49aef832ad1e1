/* MFCC with differences, and GSLM's log-mel features, against PyTorch's. */
#include "audio/fbank.h"
#include "audio/mfcc.h"
#include "npy.h"
#include "s2st.h"

static s2st_error err;

static float *read_features(const char *file, size_t frames, size_t dim)
{
	char path[512];
	size_t dims[S2_MAX_RANK];
	int rank;
	snprintf(path, sizeof path, FIXTURES "/features/%s", file);
	float *x = test_npy_f32(path, dims, &rank);
	REQUIRE(rank == 2 && dims[0] == frames && dims[1] == dim);
	return x;
}

static void check_mfcc(const char *wav, const char *expected_file)
{
	s2st_audio audio;
	s2_mfcc *mfcc;
	s2_arena *scratch = s2_arena_new();
	REQUIRE_OK(s2st_audio_read(&audio, wav, 16000, &err));
	REQUIRE_OK(s2_mfcc_new(&mfcc, 16000, &err));
	size_t frames = s2_mfcc_frames(mfcc, audio.n);
	float *feat = malloc(frames * S2_MFCC_DIM * sizeof *feat);
	REQUIRE(feat && scratch);
	REQUIRE_OK(s2_mfcc_compute(mfcc, feat, audio.samples, audio.n, scratch, &err));
	float *expected = read_features(expected_file, frames, S2_MFCC_DIM);
	double diff = test_max_diff(feat, expected, frames * S2_MFCC_DIM);
	fprintf(stderr, "%s: max diff %.2g\n", expected_file, diff);
	CHECK(diff <= 1e-4);
	/* One frame: nothing changes, so all differences are 0 but for rounding. No frame: nothing is written. */
	REQUIRE_OK(s2_mfcc_compute(mfcc, feat, audio.samples, 400, scratch, &err));
	CHECK(test_max_diff(feat, expected, 13) <= 1e-4);
	for (size_t i = 13; i < S2_MFCC_DIM; i++)
		CHECK(fabsf(feat[i]) < 1e-5f);
	CHECK_INT(s2_mfcc_frames(mfcc, 399), 0);
	feat[0] = 77;
	REQUIRE_OK(s2_mfcc_compute(mfcc, feat, audio.samples, 399, scratch, &err));
	CHECK(feat[0] == 77);
	free(feat);
	free(expected);
	s2_arena_free(scratch);
	s2_mfcc_free(mfcc);
	s2st_audio_free(&audio);
}

static void check_logmel(const char *wav, const char *expected_file)
{
	s2st_audio audio;
	s2_fbank *fbank;
	s2_arena *scratch = s2_arena_new();
	REQUIRE_OK(s2st_audio_read(&audio, wav, 16000, &err));
	REQUIRE_OK(s2_fbank_new_scaled(&fbank, 16000, 80, 1.0f, &err));
	size_t frames = s2_fbank_frames(fbank, audio.n);
	float *feat = malloc(frames * 80 * sizeof *feat);
	REQUIRE(feat && scratch);
	REQUIRE_OK(s2_fbank_compute(fbank, feat, audio.samples, audio.n, scratch, &err));
	float *expected = read_features(expected_file, frames, 80);
	CHECK(test_max_diff(feat, expected, frames * 80) == 0);
	free(feat);
	free(expected);
	s2_arena_free(scratch);
	s2_fbank_free(fbank);
	s2st_audio_free(&audio);
}

int main(void)
{
	s2_mfcc *mfcc;
	check_mfcc(FIXTURES "/golden/audio/austen_b.wav", "austen_b.mfcc.npy");
	check_mfcc(FIXTURES "/golden/audio/tone.wav", "tone.mfcc.npy");
	check_logmel(FIXTURES "/golden/audio/austen_b.wav", "austen_b.logmel.npy");
	CHECK_INT(s2_mfcc_new(&mfcc, 10, &err), S2ST_EINPUT);
	CHECK(mfcc == NULL);
	s2_mfcc_free(NULL);
	return TEST_RESULT();
}
