/* The only file that knows libsndfile. */
#include "audio/audiofile.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/resample.h"
#include "audio/spool.h"
#include "base/size.h"

enum {
	BLOCK = 4096, /* frames decoded at a time */
	LOWEST_RATE = 1000,
	HIGHEST_RATE = 768000,
	FIRST_SIZE = 1 << 17, /* samples of a whole file to begin with: 8 s at 16 kHz */
	LONGEST = 24 * 3600,  /* seconds */
};

struct s2_audio_stream {
	char *name; /* for messages */
	SNDFILE *file;
	SF_INFO info;
	int rate;    /* of the samples given out */
	int channel; /* the one that is given out, from 1; 0: the mean of all */

	/* libsndfile reads from here where the file is not a file of its own */
	s2st_archives *archives; /* that know `archive`; NULL: none */
	s2_archive *archive;     /* of a slice; NULL: no slice */
	const unsigned char *bytes;
	size_t n_bytes, at;

	float *block; /* [BLOCK, channels] */
	float *mono;  /* [BLOCK]; used..ready are not given out yet */
	size_t used, ready;
	size_t frames; /* decoded so far */
	bool at_end;
	s2_resampler *resampler; /* NULL: the rates agree */
};

/* ---- decoding ------------------------------------------------------------------------------------------------- */

/* One channel, or the mean over all; refuses what is not a number. */
static int fold(s2_audio_stream *s, size_t frames, s2st_error *err)
{
	size_t channels = (size_t)s->info.channels;
	for (size_t i = 0; i < frames; i++) {
		double sum = 0;
		for (size_t c = 0; c < channels; c++)
			sum += s->block[i * channels + c];
		if (!isfinite(sum)) {
			size_t at = s->frames + i;
			return s2_fail(err, S2ST_EINPUT, "%s: expected finite samples, found %s at sample %zu (%.3f s)",
				       s->name, isnan(sum) ? "NaN" : "infinity", at,
				       (double)at / s->info.samplerate);
		}
		s->mono[i] =
			s->channel ? s->block[i * channels + (size_t)s->channel - 1] : (float)(sum / (double)channels);
	}
	return S2ST_OK;
}

static int decode_block(s2_audio_stream *s, s2st_error *err)
{
	sf_count_t got = sf_readf_float(s->file, s->block, BLOCK);
	size_t frames = got < 0 ? 0 : (size_t)got;
	s->used = s->ready = 0;
	S2_TRY(fold(s, frames, err));
	s->frames += frames;
	s->ready = frames;
	if (frames > 0)
		return S2ST_OK;
	s->at_end = true;
	if (sf_error(s->file) != SF_ERR_NO_ERROR)
		return s2_fail(err, S2ST_EFORMAT, "%s: damaged after sample %zu: %s", s->name, s->frames,
			       sf_strerror(s->file));
	return s->frames > 0 ? S2ST_OK : s2_fail(err, S2ST_EINPUT, "%s: audio is empty", s->name);
}

static int take(s2_audio_stream *s, float *out, size_t cap, size_t *made, s2st_error *err)
{
	size_t used = s2_min(cap, s->ready - s->used);
	if (s->resampler) {
		const float *in = s->at_end ? NULL : s->mono + s->used;
		S2_TRY(s2_resampler_run(s->resampler, in, s->ready - s->used, &used, out, cap, made, err));
	} else {
		memcpy(out, s->mono + s->used, used * sizeof *out);
		*made = used;
	}
	s->used += used;
	return S2ST_OK;
}

int s2_audio_next(s2_audio_stream *s, float *out, size_t cap, size_t *n, s2st_error *err)
{
	*n = 0;
	while (*n < cap) {
		size_t made = 0;
		if (s->used == s->ready && !s->at_end)
			S2_TRY(decode_block(s, err));
		S2_TRY(take(s, out + *n, cap - *n, &made, err));
		*n += made;
		if (made == 0 && s->at_end)
			break;
	}
	return S2ST_OK;
}

/* ---- bytes in memory ------------------------------------------------------------------------------------------ */

static sf_count_t memory_length(void *user)
{
	return (sf_count_t)((s2_audio_stream *)user)->n_bytes;
}

static sf_count_t memory_tell(void *user)
{
	return (sf_count_t)((s2_audio_stream *)user)->at;
}

static sf_count_t memory_seek(sf_count_t offset, int whence, void *user)
{
	s2_audio_stream *s = user;
	sf_count_t base = whence == SEEK_SET ? 0 : (sf_count_t)(whence == SEEK_CUR ? s->at : s->n_bytes), to;
	if (__builtin_add_overflow(base, offset, &to) || to < 0 || (size_t)to > s->n_bytes)
		return -1;
	s->at = (size_t)to;
	return to;
}

static sf_count_t memory_read(void *to, sf_count_t count, void *user)
{
	s2_audio_stream *s = user;
	size_t n = count < 0 ? 0 : s2_min((size_t)count, s->n_bytes - s->at);
	memcpy(to, s->bytes + s->at, n);
	s->at += n;
	return (sf_count_t)n;
}

static int open_memory(s2_audio_stream *s, s2st_error *err)
{
	SF_VIRTUAL_IO io = {memory_length, memory_seek, memory_read, NULL, memory_tell};
	if (s->n_bytes >= 6 && memcmp(s->bytes, "\x93NUMPY", 6) == 0)
		return s2_fail(err, S2ST_EFORMAT, "%s: expected audio, found a numpy array", s->name);
	s->file = sf_open_virtual(&io, SFM_READ, &s->info, s);
	return S2ST_OK;
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

static bool parse_number(const char *s, const char *end, size_t *out)
{
	*out = 0;
	for (const char *p = s; p < end; p++) {
		if (*p < '0' || *p > '9' || !s2_mul(*out, 10, out) || !s2_add(*out, (size_t)(*p - '0'), out))
			return false;
	}
	return s < end;
}

bool s2_parse_slice(const char *path, size_t *n_path, size_t *offset, size_t *length)
{
	const char *end = path + strlen(path);
	const char *second = memrchr(path, ':', (size_t)(end - path));
	const char *first = second ? memrchr(path, ':', (size_t)(second - path)) : NULL;
	if (!first || first == path)
		return false;
	*n_path = (size_t)(first - path);
	return parse_number(first + 1, second, offset) && parse_number(second + 1, end, length);
}

static int open_slice(s2_audio_stream *s, size_t n_path, size_t offset, size_t length, s2st_error *err)
{
	const s2_map *map;
	char *path = strndup(s->name, n_path);
	if (!path)
		return s2_fail_mem(err, s->name);
	int rc = s2_archive_take(&s->archive, s->archives, path, length, err);
	free(path);
	if (rc < 0)
		return rc;
	map = s2_archive_map(s->archive);
	if (length == 0 || offset > map->size || length > map->size - offset)
		return s2_fail(err, S2ST_EFORMAT, "%s: expected a part of %zu bytes, found %zu bytes at offset %zu",
			       s->name, map->size, length, offset);
	s->bytes = map->bytes + offset;
	s->n_bytes = length;
	return open_memory(s, err);
}

/* Takes `fd`. */
static int open_fd(s2_audio_stream *s, int fd, s2st_error *err)
{
	struct stat st;
	int rc = S2ST_OK, spool = -1;
	if (fstat(fd, &st) != 0)
		rc = s2_fail(err, S2ST_EIO, "%s: cannot read: %s", s->name, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		rc = s2_fail(err, S2ST_EIO, "%s: expected an audio file, found a folder", s->name);
	else if (!S_ISREG(st.st_mode))
		rc = spool = s2_spool(fd, NULL, 0, s->name, err);
	if (spool >= 0) {
		close(fd);
		fd = spool;
	}
	if (rc >= 0 && lseek(fd, 0, SEEK_END) == 0)
		rc = s2_fail(err, S2ST_EINPUT, "%s: audio is empty", s->name);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	lseek(fd, 0, SEEK_SET);
	s->file = sf_open_fd(fd, SFM_READ, &s->info, SF_TRUE); /* closes fd, also when it fails */
	return S2ST_OK;
}

static int open_path(s2_audio_stream *s, const char *path, s2st_error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return open_fd(s, fd, err);
	int why = errno;
	size_t n_path, offset, length;
	/* A file whose name looks like a slice has been opened above. */
	if (why == ENOENT && s2_parse_slice(path, &n_path, &offset, &length))
		return open_slice(s, n_path, offset, length, err);
	return s2_fail(err, S2ST_EIO, "%s: cannot open: %s", s->name, strerror(why));
}

/* Once libsndfile has looked at the bytes. */
static int prepare(s2_audio_stream *s, int sample_rate, s2st_error *err)
{
	if (!s->file) /* libsndfile's reason is one for all threads: it may be that of another's file */
		return s2_fail(err, S2ST_EFORMAT,
			       "%s: expected wav, flac, ogg or mp3 audio, found something else, or a damaged header",
			       s->name);
	int from = s->info.samplerate;
	if (from < LOWEST_RATE || from > HIGHEST_RATE)
		return s2_fail(err, S2ST_EINPUT, "%s: expected a sample rate of %d to %d Hz, found %d", s->name,
			       LOWEST_RATE, HIGHEST_RATE, from);
	s->rate = sample_rate ? sample_rate : from;
	s->block = calloc((size_t)BLOCK * (size_t)s->info.channels, sizeof *s->block);
	s->mono = calloc(BLOCK, sizeof *s->mono);
	if (!s->block || !s->mono)
		return s2_fail_mem(err, s->name);
	return s->rate == from ? S2ST_OK : s2_resampler_new(&s->resampler, from, s->rate, err);
}

static int stream_new(s2_audio_stream **out, const char *name, int sample_rate, s2st_error *err)
{
	*out = NULL;
	if (sample_rate != 0 && (sample_rate < LOWEST_RATE || sample_rate > HIGHEST_RATE))
		return s2_fail(err, S2ST_EINPUT, "%s: cannot resample to %d Hz: expected %d to %d", name, sample_rate,
			       LOWEST_RATE, HIGHEST_RATE);
	s2_audio_stream *s = calloc(1, sizeof *s);
	if (s)
		s->name = strdup(name);
	if (!s || !s->name) {
		s2_audio_close(s);
		return s2_fail_mem(err, name);
	}
	*out = s;
	return S2ST_OK;
}

static int finish_open(s2_audio_stream **out, int rc, int sample_rate, s2st_error *err)
{
	if (rc == S2ST_OK)
		rc = prepare(*out, sample_rate, err);
	if (rc < 0) {
		s2_audio_close(*out);
		*out = NULL;
	}
	return rc;
}

int s2_audio_open(s2_audio_stream **out, s2st_archives *archives, const char *path, int sample_rate, s2st_error *err)
{
	bool from_stdin = strcmp(path, "-") == 0 || s2_is_spool_path(path);
	S2_TRY(stream_new(out, from_stdin ? "stdin" : path, sample_rate, err));
	(*out)->archives = archives;
	return finish_open(out, open_path(*out, path, err), sample_rate, err);
}

int s2_audio_open_bytes(s2_audio_stream **out, const char *name, const unsigned char *bytes, size_t n, int sample_rate,
			s2st_error *err)
{
	S2_TRY(stream_new(out, name, sample_rate, err));
	(*out)->bytes = bytes;
	(*out)->n_bytes = n;
	return finish_open(out, open_memory(*out, err), sample_rate, err);
}

void s2_audio_close(s2_audio_stream *s)
{
	if (!s)
		return;
	if (s->file)
		sf_close(s->file);
	s2_archive_give(s->archives, s->archive);
	s2_resampler_free(s->resampler);
	free(s->block);
	free(s->mono);
	free(s->name);
	free(s);
}

int s2_audio_pick_channel(s2_audio_stream *s, int channel, s2st_error *err)
{
	if (channel < 0 || channel > s->info.channels)
		return s2_fail(err, S2ST_EINPUT, "%s: channel: expected 1 to %d, found %d", s->name, s->info.channels,
			       channel);
	s->channel = channel;
	return S2ST_OK;
}

int s2_audio_rate(const s2_audio_stream *s)
{
	return s->rate;
}

int s2_audio_source_rate(const s2_audio_stream *s)
{
	return s->info.samplerate;
}

int s2_audio_source_channels(const s2_audio_stream *s)
{
	return s->info.channels;
}

/* ---- whole files ---------------------------------------------------------------------------------------------- */

static int read_rest(s2st_audio *out, s2_audio_stream *s, s2st_error *err)
{
	size_t limit = (size_t)LONGEST * (size_t)s->rate;
	for (;;) {
		if (out->n >= limit)
			return s2_fail(err, S2ST_EINPUT, "%s: expected at most %d hours of audio, found more", s->name,
				       LONGEST / 3600);
		size_t cap = s2_max(FIRST_SIZE, out->n + out->n / 2); /* at most 1.5 * limit: cannot overflow */
		float *samples = realloc(out->samples, cap * sizeof *samples);
		if (!samples)
			return s2_fail_mem(err, s->name);
		out->samples = samples;
		size_t n;
		S2_TRY(s2_audio_next(s, samples + out->n, cap - out->n, &n, err));
		out->n += n;
		if (out->n < cap)
			return S2ST_OK;
	}
}

int s2_audio_read_all(s2st_audio *out, s2_audio_stream *s, s2st_error *err)
{
	*out = (s2st_audio){
		.sample_rate = s->rate, .source_rate = s->info.samplerate, .source_channels = s->info.channels};
	int rc = read_rest(out, s, err);
	if (rc < 0)
		s2st_audio_free(out);
	return rc;
}

int s2st_archives_read(s2st_audio *out, s2st_archives *a, const char *path, int sample_rate, s2st_error *err)
{
	s2_audio_stream *s;
	*out = (s2st_audio){0};
	S2_TRY(s2_audio_open(&s, a, path, sample_rate, err));
	int rc = s2_audio_read_all(out, s, err);
	s2_audio_close(s);
	return rc;
}

static void slice_ahead(s2st_archives *a, const char *path)
{
	size_t n_path, offset, length;
	s2_archive *archive = NULL;
	s2st_error ignored;
	if (!s2_parse_slice(path, &n_path, &offset, &length))
		return;
	char *file = strndup(path, n_path);
	if (file && s2_archive_take(&archive, a, file, length, &ignored) == S2ST_OK)
		s2_map_ahead(s2_archive_map(archive), offset, length);
	s2_archive_give(a, archive);
	free(file);
}

void s2st_archives_ahead(s2st_archives *a, const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		slice_ahead(a, path);
		return;
	}
	/* Opening a pipe would wait for its writer, and closing it would end him. */
	int fd = S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0) {
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED); /* it is a hint */
		close(fd);
	}
}

int s2st_audio_read(s2st_audio *out, const char *path, int sample_rate, s2st_error *err)
{
	return s2st_archives_read(out, NULL, path, sample_rate, err);
}

int s2st_audio_get_info(s2st_audio_info *out, const char *path, s2st_error *err)
{
	return s2st_archives_get_info(out, NULL, path, err);
}

int s2st_archives_get_info(s2st_audio_info *out, s2st_archives *a, const char *path, s2st_error *err)
{
	s2_audio_stream *s;
	*out = (s2st_audio_info){0};
	S2_TRY(s2_audio_open(&s, a, path, 0, err));
	const SF_INFO info = s->info;
	s2_audio_close(s);
	if (info.frames < 0 || info.frames == SF_COUNT_MAX)
		return s2_fail(err, S2ST_EFORMAT, "%s: its header does not say how long it is", path);
	*out = (s2st_audio_info){info.frames, info.samplerate, info.channels};
	return S2ST_OK;
}

void s2st_audio_free(s2st_audio *a)
{
	if (!a)
		return;
	free(a->samples);
	*a = (s2st_audio){0};
}
