/* Audio files that libsndfile makes here, in many formats, rates and channels, read back; files that are no audio. */
#include <fcntl.h>
#include <sndfile.h>

#include "audio/audiofile.h"
#include "s2st.h"
#include "tempdir.h"

static s2st_error err;

/* A sine of 440 Hz, [frames, channels], each channel a little louder than the one before. */
static float *make_sine(size_t frames, int channels, int rate)
{
	float *x = malloc(frames * (size_t)channels * sizeof *x);
	REQUIRE(x);
	for (size_t i = 0; i < frames; i++)
		for (int c = 0; c < channels; c++)
			x[i * (size_t)channels + (size_t)c] =
				(float)(0.05 * (c + 1) * sin(2 * M_PI * 440 * (double)i / rate));
	return x;
}

static const char *write_audio(const char *name, int format, int rate, int channels, const float *x, size_t frames)
{
	const char *path = test_temp(name);
	SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
	SNDFILE *f = sf_open(path, SFM_WRITE, &info);
	REQUIRE(f);
	REQUIRE(sf_writef_float(f, x, (sf_count_t)frames) == (sf_count_t)frames);
	sf_close(f);
	return path;
}

static void check_format(const char *name, int format, int rate, int channels, double min_snr)
{
	size_t frames = (size_t)rate;
	float *x = make_sine(frames, channels, rate), *mono = malloc(frames * sizeof *mono);
	REQUIRE(mono);
	for (size_t i = 0; i < frames; i++)
		mono[i] = x[i * (size_t)channels] * 0.5f * (float)(channels + 1);
	s2st_audio a;
	REQUIRE_OK(s2st_audio_read(&a, write_audio(name, format, rate, channels, x, frames), 0, &err));
	CHECK_INT(a.sample_rate, rate);
	CHECK_INT(a.source_rate, rate);
	CHECK_INT(a.source_channels, channels);
	CHECK(a.n >= frames); /* mp3 pads its last frame */
	CHECK(a.n <= frames + 4096);
	double snr = test_snr(a.samples, mono, frames);
	if (!(snr >= min_snr))
		fprintf(stderr, "%s: %.1f dB\n", name, snr);
	CHECK(snr >= min_snr);
	s2st_audio_free(&a);
	free(x);
	free(mono);
}

static void test_formats(void)
{
	check_format("u8.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 16000, 1, 18);
	check_format("s16.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1, 60);
	check_format("s24.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 16000, 2, 110);
	check_format("s32.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_32, 44100, 1, 120);
	check_format("float.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 16000, 2, 140);
	check_format("double.wav", SF_FORMAT_WAV | SF_FORMAT_DOUBLE, 16000, 1, 140);
	check_format("extensible.wav", SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, 48000, 2, 60);
	check_format("big.wav", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 16000, 1, 60);
	check_format("s16.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 16000, 1, 60);
	check_format("vorbis.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 16000, 1, 15);
	check_format("opus.ogg", SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 1, 5);
	check_format("eight.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 8, 60);
	check_format("8k.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 60);
	check_format("192k.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 192000, 1, 60);
}

/* mp3 starts with a delay of its own: only level and length tell. */
static void test_mp3(void)
{
	size_t frames = 32000;
	float *x = make_sine(frames, 1, 16000);
	s2st_audio a;
	const char *path =
		write_audio("s.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 16000, 1, x, frames);
	REQUIRE_OK(s2st_audio_read(&a, path, 16000, &err));
	CHECK(a.n >= frames && a.n < frames + 4000);
	double power = 0;
	for (size_t i = 4000; i < 28000; i++)
		power += a.samples[i] * a.samples[i] / 24000;
	CHECK(fabs(sqrt(2 * power) - 0.05) < 0.002);
	s2st_audio_free(&a);
	free(x);
}

static void test_integers_are_exact(void)
{
	const short values[] = {0, 1, -1, 32767, -32768, 12345};
	SF_INFO info = {.samplerate = 16000, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
	SNDFILE *f = sf_open(test_temp("exact.wav"), SFM_WRITE, &info);
	REQUIRE(f && sf_write_short(f, values, 6) == 6);
	sf_close(f);
	s2st_audio a;
	REQUIRE_OK(s2st_audio_read(&a, test_temp("exact.wav"), 16000, &err));
	REQUIRE(a.n == 6);
	for (size_t i = 0; i < 6; i++)
		CHECK(a.samples[i] == (float)values[i] / 32768);
	s2st_audio_free(&a);
}

/* The sine comes out at the new rate, in phase, away from the ends; the length is what the rates say. */
static void check_resampling(int from, int to, int channels)
{
	size_t frames = (size_t)from * 2 + 17, expected = (frames * (size_t)to + (size_t)from / 2) / (size_t)from;
	float *x = make_sine(frames, channels, from);
	s2st_audio a;
	const char *path = write_audio("r.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, from, channels, x, frames);
	REQUIRE_OK(s2st_audio_read(&a, path, to, &err));
	CHECK_INT(a.sample_rate, to);
	CHECK_INT(a.source_rate, from);
	CHECK(llabs((long long)a.n - (long long)expected) <= 1);
	float *sine = make_sine(expected, 1, to);
	for (size_t i = 0; i < expected; i++)
		sine[i] *= 0.5f * (float)(channels + 1);
	size_t edge = (size_t)to / 20;
	CHECK(test_snr(a.samples + edge, sine + edge, expected - 2 * edge) > 90);
	s2st_audio_free(&a);
	free(sine);
	free(x);
}

static void test_resampling(void)
{
	check_resampling(8000, 16000, 1);
	check_resampling(44100, 16000, 2);
	check_resampling(48000, 16000, 8);
	check_resampling(192000, 16000, 1);
	check_resampling(16000, 24000, 1);
	check_resampling(11025, 16000, 1);
}

/* The stream gives the same samples in pieces of any size. */
static void test_stream(void)
{
	s2st_audio whole;
	s2_audio_stream *s;
	float *x = make_sine(50000, 2, 44100), piece[777];
	const char *path = write_audio("st.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44100, 2, x, 50000);
	REQUIRE_OK(s2st_audio_read(&whole, path, 16000, &err));
	REQUIRE_OK(s2_audio_open(&s, NULL, path, 16000, &err));
	CHECK_INT(s2_audio_rate(s), 16000);
	CHECK_INT(s2_audio_source_rate(s), 44100);
	CHECK_INT(s2_audio_source_channels(s), 2);
	size_t at = 0, n;
	do {
		size_t want = 1 + at % 777;
		REQUIRE_OK(s2_audio_next(s, piece, want, &n, &err));
		REQUIRE(at + n <= whole.n);
		CHECK(memcmp(piece, whole.samples + at, n * sizeof *piece) == 0);
		at += n;
		if (n < want)
			break;
	} while (n > 0);
	CHECK_INT(at, whole.n);
	REQUIRE_OK(s2_audio_next(s, piece, 777, &n, &err));
	CHECK_INT(n, 0);
	s2_audio_close(s);
	s2st_audio_free(&whole);
	free(x);
}

static char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	REQUIRE(f && fseek(f, 0, SEEK_END) == 0);
	*n = (size_t)ftell(f);
	rewind(f);
	char *bytes = malloc(*n + 1);
	REQUIRE(bytes && fread(bytes, 1, *n, f) == *n);
	fclose(f);
	return bytes;
}

static void check_same(const char *path, const s2st_audio *expected)
{
	s2st_audio a;
	REQUIRE_OK(s2st_audio_read(&a, path, 16000, &err));
	REQUIRE(a.n == expected->n);
	CHECK(memcmp(a.samples, expected->samples, a.n * sizeof *a.samples) == 0);
	s2st_audio_free(&a);
}

static void check_error(const char *path, int code, const char *why)
{
	s2st_audio a;
	CHECK_INT(s2st_audio_read(&a, path, 16000, &err), code);
	CHECK_CONTAINS(err.text, why);
	CHECK(a.samples == NULL);
}

#define WAV FIXTURES "/golden/audio/tone.wav"

static void test_slices(void)
{
	size_t n;
	char *wav = slurp(WAV, &n), *archive = malloc(n + 300), path[600];
	s2st_audio expected;
	REQUIRE(archive);
	REQUIRE_OK(s2st_audio_read(&expected, WAV, 16000, &err));
	memset(archive, 'x', n + 300);
	memcpy(archive + 100, wav, n);
	memcpy(archive, "\x93NUMPY\x01", 7);
	test_temp_file("a.zip", archive, n + 300);
	snprintf(path, sizeof path, "%s:100:%zu", test_temp("a.zip"), n);
	check_same(path, &expected);
	snprintf(path, sizeof path, "%s:300:1", test_temp("a.zip"));
	check_error(path, S2ST_EFORMAT, "found something else");
	snprintf(path, sizeof path, "%s:301:%zu", test_temp("a.zip"), n);
	check_error(path, S2ST_EFORMAT, "offset 301");
	snprintf(path, sizeof path, "%s:18446744073709551615:2", test_temp("a.zip"));
	check_error(path, S2ST_EFORMAT, "found 2 bytes at offset 18446744073709551615");
	snprintf(path, sizeof path, "%s:99999999999999999999:2", test_temp("a.zip"));
	check_error(path, S2ST_EIO, "cannot open");
	snprintf(path, sizeof path, "%s:100:0", test_temp("a.zip"));
	check_error(path, S2ST_EFORMAT, "found 0 bytes");
	snprintf(path, sizeof path, "%s:0:128", test_temp("a.zip"));
	check_error(path, S2ST_EFORMAT, "numpy array");
	check_error("nowhere.zip:1:2", S2ST_EIO, "nowhere.zip: cannot open");
	/* A file that is really called so comes first. */
	check_same(test_temp_file("odd:0:7", wav, n), &expected);
	s2st_audio_free(&expected);
	free(wav);
	free(archive);
}

/* KiB that this process has of the mapping of `path`; 0: it has none. */
static size_t resident(const char *path)
{
	char line[700];
	size_t kib = 0;
	bool mine = false;
	FILE *f = fopen("/proc/self/smaps", "r");
	REQUIRE(f);
	while (fgets(line, sizeof line, f)) {
		if (line[strspn(line, "0123456789abcdef")] == '-') /* a mapping begins; anonymous ones have no path */
			mine = strstr(line, path) != NULL;
		else if (mine && strncmp(line, "Rss:", 4) == 0)
			kib += strtoull(line + 4, NULL, 10);
	}
	fclose(f);
	return kib;
}

/* Slices all over an archive: what was read of it does not stay in the process. */
static void test_resident(void)
{
	enum { MIB = 1 << 20, SLICES = 64 };
	const char *path = test_temp_file("large.zip", "PK", 2);
	s2st_archives *archives;
	s2_archive *archive;
	size_t most = 0;
	REQUIRE(truncate(path, (off_t)SLICES * MIB) == 0);
	REQUIRE_OK(s2st_archives_new(&archives, &err));
	for (size_t i = 0; i < SLICES; i++) {
		REQUIRE_OK(s2_archive_take(&archive, archives, path, MIB, &err));
		CHECK(!memchr(s2_archive_map(archive)->bytes + i * MIB, 'x', MIB));
		const size_t now = resident("large.zip");
		most = now > most ? now : most;
		s2_archive_give(archives, archive);
	}
	CHECK(most >= MIB / 1024 && most <= 20 * MIB / 1024);
	CHECK_INT(s2_archives_opened(archives), 1);
	s2st_archives_free(archives);
}

/* Many slices open an archive once; one that was replaced is noticed; more archives than are kept still work. */
static void test_archives(void)
{
	enum { MANY = 20 };
	size_t n;
	char *wav = slurp(WAV, &n), path[600], name[20];
	s2st_audio expected, a;
	s2st_audio_info info;
	s2st_archives *archives;
	REQUIRE_OK(s2st_audio_read(&expected, WAV, 16000, &err));
	REQUIRE_OK(s2st_archives_new(&archives, &err));
	snprintf(path, sizeof path, "%s:0:%zu", test_temp_file("b.zip", wav, n), n);
	for (int i = 0; i < 100; i++) {
		REQUIRE_OK(s2st_archives_read(&a, archives, path, 16000, &err));
		CHECK(a.n == expected.n && memcmp(a.samples, expected.samples, a.n * sizeof *a.samples) == 0);
		s2st_audio_free(&a);
		REQUIRE_OK(s2st_archives_get_info(&info, archives, path, &err));
		CHECK_INT(info.frames, expected.n);
		s2st_archives_ahead(archives, path);
	}
	CHECK_INT(s2_archives_opened(archives), 1);

	s2_archive *old, *again;
	REQUIRE_OK(s2_archive_take(&old, archives, test_temp("b.zip"), 1, &err));
	REQUIRE(remove(test_temp("b.zip")) == 0);
	CHECK_INT(s2st_archives_read(&a, archives, path, 16000, &err), S2ST_EIO);
	CHECK_CONTAINS(err.text, "b.zip: cannot open");
	test_temp_file("b.zip", wav, 100);
	CHECK_INT(s2st_archives_read(&a, archives, path, 16000, &err), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "a part of 100 bytes");
	CHECK_INT(s2_archive_map(old)->size, n);
	CHECK(memcmp(s2_archive_map(old)->bytes, wav, n) == 0);
	CHECK_INT(s2_archives_opened(archives), 2);
	s2_archive_give(archives, old);

	s2_archive *all[MANY];
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "%d.zip", i);
		REQUIRE_OK(s2_archive_take(&all[i], archives, test_temp_file(name, wav, n - (size_t)i), 1, &err));
	}
	REQUIRE_OK(s2_archive_take(&again, archives, test_temp("0.zip"), 1, &err));
	CHECK(again == all[0]);
	s2_archive_give(archives, again);
	for (int i = 0; i < MANY; i++) {
		CHECK_INT(s2_archive_map(all[i])->size, n - (size_t)i);
		s2_archive_give(archives, all[i]);
	}
	s2st_archives_free(archives);
	s2st_archives_free(NULL);
	s2st_audio_free(&expected);
	free(wav);
}

static void test_stdin_audio(void)
{
	size_t n;
	char *wav = slurp(WAV, &n);
	s2st_audio expected;
	REQUIRE_OK(s2st_audio_read(&expected, WAV, 16000, &err));
	test_stdin(wav, n, 1);
	check_same("-", &expected);
	test_stdin(wav, n, 0);
	check_same("-", &expected);
	test_stdin("", 0, 1);
	check_error("-", S2ST_EINPUT, "stdin: audio is empty");
	test_stdin("a.wav\n", 6, 1);
	check_error("-", S2ST_EFORMAT, "stdin: expected wav");
	s2st_audio_free(&expected);
	free(wav);
}

static void test_bad_files(void)
{
	float x[] = {0, 0.5f, NAN, 0.5f}, y[] = {0, -INFINITY};
	size_t n;
	char *wav = slurp(WAV, &n);
	check_error(test_temp("missing.wav"), S2ST_EIO, "missing.wav: cannot open: No such file");
	check_error(test_tempdir, S2ST_EIO, "found a folder");
	check_error(test_temp_text("empty.wav", ""), S2ST_EINPUT, "empty.wav: audio is empty");
	check_error(test_temp_text("text.wav", "this is no audio at all, only some text in a file\n"), S2ST_EFORMAT,
		    "expected wav, flac, ogg or mp3 audio");
	check_error(test_temp_file("head.wav", wav, 30), S2ST_EFORMAT, "head.wav");
	check_error(test_temp_file("none.wav", wav, 44), S2ST_EINPUT, "audio is empty");
	check_error(write_audio("nan.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 16000, 1, x, 4), S2ST_EINPUT,
		    "found NaN at sample 2 (0.000 s)");
	check_error(write_audio("nan2.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 8000, 2, x, 2), S2ST_EINPUT,
		    "found NaN at sample 1");
	check_error(write_audio("inf.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 16000, 1, y, 2), S2ST_EINPUT,
		    "found infinity at sample 1");
	check_error(write_audio("slow.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 999, 1, x, 2), S2ST_EINPUT, "found 999");
	check_error(write_audio("fast.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 768001, 1, x, 2), S2ST_EINPUT,
		    "found 768001");
	s2st_audio a;
	CHECK_INT(s2st_audio_read(&a, WAV, -1, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "-1 Hz");
	free(wav);
}

/* A wave that is shorter than its header says is read to its end; flac knows that a frame is broken, and says so. */
static void test_truncated(void)
{
	size_t n;
	char *wav = slurp(WAV, &n);
	s2st_audio whole, part;
	REQUIRE_OK(s2st_audio_read(&whole, WAV, 16000, &err));
	REQUIRE_OK(s2st_audio_read(&part, test_temp_file("cut.wav", wav, 44 + 2000), 16000, &err));
	CHECK_INT(part.n, 1000);
	CHECK(memcmp(part.samples, whole.samples, part.n * sizeof *part.samples) == 0);
	s2st_audio_free(&part);
	s2st_audio_free(&whole);
	free(wav);
	char *flac = slurp(FIXTURES "/demo/test/es/test00000.flac", &n);
	check_error(test_temp_file("cut.flac", flac, n / 2), S2ST_EFORMAT, "cut.flac: damaged after sample 20480");
	free(flac);
}

/* No descriptor is left open by any of the above. */
static int count_open_files(void)
{
	int n = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

int main(void)
{
	int before = count_open_files();
	test_tempdir_make();
	test_formats();
	test_mp3();
	test_integers_are_exact();
	test_resampling();
	test_stream();
	test_slices();
	test_archives();
	test_resident();
	test_bad_files();
	test_truncated();
	test_stdin_audio();
	CHECK_INT(count_open_files(), before);
	s2st_audio_free(NULL);
	s2_audio_close(NULL);
	return TEST_RESULT();
}
