/* Filter bank and utterance CMVN of the four golden wavs against fairseq's: the same bits. A tolerance would not do:
 * `tone` has bins that do not change but for rounding, which CMVN blows up to values of 900. */
#include "audio/fbank.h"
#include "npy.h"
#include "s2st.h"
#include "test.h"

static float *read_golden(const char *kind, const char *name, size_t frames)
{
	char path[512];
	size_t dims[S2_MAX_RANK];
	int rank;
	snprintf(path, sizeof path, FIXTURES "/golden/fbank/%s.%s.npy", name, kind);
	float *x = test_npy_f32(path, dims, &rank);
	REQUIRE(rank == 2 && dims[0] == frames && dims[1] == 80);
	return x;
}

static void check_wav(const char *name)
{
	s2st_error err;
	char path[512];
	s2st_audio audio;
	snprintf(path, sizeof path, FIXTURES "/golden/audio/%s.wav", name);
	REQUIRE_OK(s2st_audio_read(&audio, path, 16000, &err));

	s2_fbank *fbank;
	REQUIRE_OK(s2_fbank_new(&fbank, 16000, 80, &err));
	size_t frames = s2_fbank_frames(fbank, audio.n), count = frames * 80;
	float *feat = malloc(count * sizeof *feat);
	s2_arena *scratch = s2_arena_new();
	REQUIRE(feat && scratch);
	REQUIRE_OK(s2_fbank_compute(fbank, feat, audio.samples, audio.n, scratch, &err));

	float *expected = read_golden("fbank", name, frames);
	double diff = test_max_diff(feat, expected, count);
	s2_utterance_cmvn(feat, frames, 80, true, true);
	float *normed = read_golden("cmvn", name, frames);
	double diff_normed = test_max_diff(feat, normed, count);
	fprintf(stderr, "%s: max diff %.2g, after CMVN %.2g\n", name, diff, diff_normed);
	CHECK(diff == 0);
	CHECK(diff_normed == 0);

	free(feat);
	free(expected);
	free(normed);
	s2_arena_free(scratch);
	s2_fbank_free(fbank);
	s2st_audio_free(&audio);
}

int main(void)
{
	check_wav("austen_a");
	check_wav("austen_b");
	check_wav("es_phrase");
	check_wav("tone");
	return TEST_RESULT();
}
