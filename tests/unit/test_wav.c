/* Waves as libsndfile writes and reads them. */
#include <fcntl.h>
#include <sndfile.h>

#include "s2st.h"
#include "tempdir.h"

static s2st_error err;

enum { COUNT = 20000 };

/* Values over all magnitudes, the edges of 16 bits and their neighbours, and what must be clipped. */
static void fill(float *x)
{
	static const float edges[] = {
		0, 1, 1.5f, 1e9f, 0x1p-15f, 0x1p-16f, 0x1p-40f, 0x1.fffffep-1f,
		-0.0f, -1, -1.5f, -1e9f, -0x1p-15f, -0x1p-16f, -0x1p-40f, -0x1.fffffep-1f,
	};
	size_t n_edges = sizeof edges / sizeof *edges;
	uint64_t seed = 5;
	for (size_t i = 0; i < COUNT; i++)
		x[i] = i < n_edges ? edges[i] : ldexpf(1.1f * test_randf(&seed), -(int)(test_rand(&seed) % 30 / 2));
}

static const char *write_ours(const char *name, const float *x, size_t n, s2st_sample_format fmt)
{
	const char *path = test_temp(name);
	s2st_writer *w;
	REQUIRE_OK(s2st_writer_open(&w, path, &err));
	REQUIRE_OK(s2st_wav_write(w, x, n, 16000, fmt, &err));
	REQUIRE_OK(s2st_writer_commit(w, &err));
	return path;
}

static size_t read_bytes(const char *path, unsigned char *out, size_t cap)
{
	FILE *f = fopen(path, "rb");
	REQUIRE(f);
	size_t n = fread(out, 1, cap, f);
	fclose(f);
	return n;
}

/* soundfile turns clipping on and lets libsndfile convert: the files are equal, header and all. */
static void test_s16(void)
{
	static float x[COUNT];
	static unsigned char ours[2 * COUNT + 100], theirs[2 * COUNT + 100];
	fill(x);
	const char *path = test_temp("theirs.wav");
	SF_INFO info = {.samplerate = 16000, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
	SNDFILE *f = sf_open(path, SFM_WRITE, &info);
	REQUIRE(f);
	sf_command(f, SFC_SET_CLIPPING, NULL, SF_TRUE);
	REQUIRE(sf_write_float(f, x, COUNT) == COUNT);
	sf_close(f);
	size_t n = read_bytes(path, theirs, sizeof theirs);
	REQUIRE(read_bytes(write_ours("ours.wav", x, COUNT, S2ST_S16), ours, sizeof ours) == n);
	CHECK(memcmp(ours, theirs, n) == 0);
}

static void test_float(void)
{
	static float x[COUNT], y[COUNT];
	fill(x);
	SF_INFO info = {0};
	SNDFILE *f = sf_open(write_ours("float.wav", x, COUNT, S2ST_FLOAT), SFM_READ, &info);
	REQUIRE(f);
	CHECK_INT(info.format, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
	CHECK_INT(info.frames, COUNT);
	CHECK_INT(info.samplerate, 16000);
	CHECK_INT(info.channels, 1);
	REQUIRE(sf_read_float(f, y, COUNT) == COUNT);
	CHECK(test_max_diff(x, y, COUNT) == 0);
	sf_close(f);
	/* The sizes that the header says are those of the file. */
	unsigned char head[58];
	REQUIRE(read_bytes(test_temp("float.wav"), head, sizeof head) == sizeof head);
	CHECK_INT(head[4] | head[5] << 8 | head[6] << 16, 4 * COUNT + 50);
	CHECK_INT(head[54] | head[55] << 8 | head[56] << 16, 4 * COUNT);
	CHECK_INT(head[46] | head[47] << 8, COUNT); /* fact */
}

static void test_pcm(void)
{
	const float x[] = {0.5f, -1};
	unsigned char bytes[16];
	s2st_writer *w;
	REQUIRE_OK(s2st_writer_open(&w, test_temp("raw"), &err));
	REQUIRE_OK(s2st_pcm_write(w, x, 2, S2ST_S16, &err));
	REQUIRE_OK(s2st_pcm_write(w, x, 2, S2ST_FLOAT, &err));
	REQUIRE_OK(s2st_writer_commit(w, &err));
	CHECK_INT(read_bytes(test_temp("raw"), bytes, sizeof bytes), 12);
	CHECK(memcmp(bytes, "\x00\x40\x00\x80\0\0\0\x3f\0\0\x80\xbf", 12) == 0);
}

static void test_refused(void)
{
	const float x[] = {0, 0.5f, NAN};
	s2st_writer *w;
	REQUIRE_OK(s2st_writer_open(&w, test_temp("bad.wav"), &err));
	CHECK_INT(s2st_wav_write(w, x, 3, 16000, S2ST_S16, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "sample 2 of 3 is not a number");
	CHECK_INT(s2st_wav_write(w, x, (size_t)1 << 31, 16000, S2ST_S16, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "4 GiB");
	CHECK_INT(s2st_wav_write(w, x, (size_t)1 << 30, 16000, S2ST_FLOAT, &err), S2ST_EINPUT);
	CHECK_INT(s2st_wav_write(w, x, 1, 0, S2ST_S16, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "found 0");
	s2st_writer_abort(w);
	CHECK(access(test_temp("bad.wav"), F_OK) != 0);
}

/* Nothing is sought: a pipe gets the file's bytes. An empty waveform is a valid file too. */
static void test_pipe(void)
{
	const float x[] = {0.25f, -0.25f};
	unsigned char by_pipe[100], by_file[100];
	int ends[2];
	char path[40];
	s2st_writer *w;
	REQUIRE(pipe(ends) == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", ends[1]);
	REQUIRE_OK(s2st_writer_open(&w, path, &err));
	REQUIRE_OK(s2st_wav_write(w, x, 2, 16000, S2ST_S16, &err));
	REQUIRE_OK(s2st_writer_commit(w, &err));
	close(ends[1]);
	ssize_t n = read(ends[0], by_pipe, sizeof by_pipe);
	CHECK_INT(n, 48);
	CHECK_INT(read_bytes(write_ours("file.wav", x, 2, S2ST_S16), by_file, sizeof by_file), n);
	CHECK(memcmp(by_pipe, by_file, 48) == 0);
	close(ends[0]);
	CHECK_INT(read_bytes(write_ours("empty.wav", NULL, 0, S2ST_S16), by_file, sizeof by_file), 44);
}

int main(void)
{
	test_tempdir_make();
	test_s16();
	test_float();
	test_pcm();
	test_refused();
	test_pipe();
	return TEST_RESULT();
}
