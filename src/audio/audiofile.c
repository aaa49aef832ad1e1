/* Audio files through libsndfile, the only file that knows it.
 *
 * A file is decoded block by block; each block is checked, folded to one channel and resampled at once, so memory holds
 * the result and one block, whatever the file's rate and channels. Integer samples are scaled as soundfile scales
 * them: 16 bits divided by 32768. A file that ends before its header says so is read as far as it goes, as
 * soundfile does it. */
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
#include "base/file.h"
#include "base/size.h"

enum {
	BLOCK = 4096, /* frames */
	LOWEST_RATE = 1000,
	HIGHEST_RATE = 768000,
	LONGEST = 24 * 3600, /* seconds: a small file of compressed silence must not fill the memory */
};

typedef struct decoder {
	const char *name;
	SNDFILE *file;
	SF_INFO info;
	s2_resampler *resampler; /* NULL: the rates agree */
	float *block;            /* [BLOCK, channels] */
	float *mono;             /* [BLOCK] */
	size_t frames;           /* decoded so far */
	float *out;              /* [cap], the first n are filled */
	size_t n, cap, limit;
} decoder;

static void decoder_free(decoder *d)
{
	if (d->file)
		sf_close(d->file);
	s2_resampler_free(d->resampler);
	free(d->block);
	free(d->mono);
	free(d->out);
}

static int make_room(decoder *d, size_t more, s2st_error *err)
{
	if (more > d->limit - d->n)
		return s2_fail(err, S2ST_EINPUT, "%s: expected at most %d hours of audio, found more", d->name,
			       LONGEST / 3600);
	if (d->cap - d->n >= more)
		return S2ST_OK;
	size_t cap = s2_max(d->n + more, d->cap + d->cap / 2);
	float *out = realloc(d->out, cap * sizeof *out); /* cap < 2 * limit: cannot overflow */
	if (!out)
		return s2_fail_mem(err, d->name);
	d->out = out;
	d->cap = cap;
	return S2ST_OK;
}

static int append(decoder *d, const float *samples, size_t n, s2st_error *err)
{
	S2_TRY(make_room(d, n, err));
	memcpy(d->out + d->n, samples, n * sizeof *samples);
	d->n += n;
	return S2ST_OK;
}

/* `samples` NULL: the end; gets out what the filter still holds. */
static int resample(decoder *d, const float *samples, size_t n, s2st_error *err)
{
	for (;;) {
		size_t used = 0, made = 0;
		S2_TRY(make_room(d, BLOCK, err));
		S2_TRY(s2_resampler_run(d->resampler, samples, n, &used, d->out + d->n, BLOCK, &made, err));
		d->n += made;
		if (samples) {
			samples += used;
			n -= used;
		}
		if (made < BLOCK && n == 0)
			return S2ST_OK;
	}
}

/* Mean over channels; refuses what is not a number. */
static int fold(decoder *d, size_t frames, s2st_error *err)
{
	size_t channels = (size_t)d->info.channels;
	for (size_t i = 0; i < frames; i++) {
		double sum = 0;
		for (size_t c = 0; c < channels; c++)
			sum += d->block[i * channels + c];
		if (!isfinite(sum)) {
			size_t at = d->frames + i;
			return s2_fail(err, S2ST_EINPUT, "%s: expected finite samples, found %s at sample %zu (%.3f s)",
				       d->name, isnan(sum) ? "NaN" : "infinity", at,
				       (double)at / d->info.samplerate);
		}
		d->mono[i] = (float)(sum / (double)channels);
	}
	return S2ST_OK;
}

static int decode(decoder *d, s2st_error *err)
{
	for (;;) {
		sf_count_t got = sf_readf_float(d->file, d->block, BLOCK);
		if (got <= 0)
			break;
		size_t frames = (size_t)got;
		S2_TRY(fold(d, frames, err));
		S2_TRY(d->resampler ? resample(d, d->mono, frames, err) : append(d, d->mono, frames, err));
		d->frames += frames;
	}
	if (sf_error(d->file) != SF_ERR_NO_ERROR)
		return s2_fail(err, S2ST_EFORMAT, "%s: damaged after sample %zu: %s", d->name, d->frames,
			       sf_strerror(d->file));
	if (d->frames == 0)
		return s2_fail(err, S2ST_EINPUT, "%s: audio is empty", d->name);
	return d->resampler ? resample(d, NULL, 0, err) : S2ST_OK;
}

static int prepare(decoder *d, int sample_rate, s2st_error *err)
{
	if (!d->file)
		return s2_fail(err, S2ST_EFORMAT, "%s: expected wav, flac, ogg or mp3 audio, found something else (%s)",
			       d->name, sf_strerror(NULL));
	int from = d->info.samplerate, to = sample_rate ? sample_rate : from;
	if (from < LOWEST_RATE || from > HIGHEST_RATE)
		return s2_fail(err, S2ST_EINPUT, "%s: expected a sample rate of %d to %d Hz, found %d", d->name,
			       LOWEST_RATE, HIGHEST_RATE, from);
	d->limit = (size_t)LONGEST * (size_t)to;
	d->block = calloc((size_t)BLOCK * (size_t)d->info.channels, sizeof *d->block);
	d->mono = calloc(BLOCK, sizeof *d->mono);
	if (!d->block || !d->mono)
		return s2_fail_mem(err, d->name);
	return from == to ? S2ST_OK : s2_resampler_new(&d->resampler, from, to, err);
}

/* Takes d->file (NULL: libsndfile refused) and everything else `d` owns. */
static int read_all(s2st_audio *out, decoder *d, int sample_rate, s2st_error *err)
{
	int rc = prepare(d, sample_rate, err);
	if (rc == S2ST_OK)
		rc = decode(d, err);
	if (rc == S2ST_OK) {
		*out = (s2st_audio){
			.samples = d->out,
			.n = d->n,
			.sample_rate = sample_rate ? sample_rate : d->info.samplerate,
			.source_rate = d->info.samplerate,
			.source_channels = d->info.channels,
		};
		d->out = NULL;
	}
	decoder_free(d);
	return rc;
}

/* ---- bytes in memory ------------------------------------------------------------------------------------------ */

typedef struct memory {
	const unsigned char *bytes;
	size_t n, at;
} memory;

static sf_count_t memory_length(void *user)
{
	return (sf_count_t)((memory *)user)->n;
}

static sf_count_t memory_tell(void *user)
{
	return (sf_count_t)((memory *)user)->at;
}

static sf_count_t memory_seek(sf_count_t offset, int whence, void *user)
{
	memory *m = user;
	sf_count_t base = whence == SEEK_SET ? 0 : (sf_count_t)(whence == SEEK_CUR ? m->at : m->n), to;
	if (__builtin_add_overflow(base, offset, &to) || to < 0 || (size_t)to > m->n)
		return -1;
	m->at = (size_t)to;
	return to;
}

static sf_count_t memory_read(void *to, sf_count_t count, void *user)
{
	memory *m = user;
	size_t n = count < 0 ? 0 : s2_min((size_t)count, m->n - m->at);
	memcpy(to, m->bytes + m->at, n);
	m->at += n;
	return (sf_count_t)n;
}

int s2_audio_read_bytes(s2st_audio *out, const char *name, const unsigned char *bytes, size_t n, int sample_rate,
			s2st_error *err)
{
	*out = (s2st_audio){0};
	if (n >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0)
		return s2_fail(err, S2ST_EFORMAT, "%s: expected audio, found a numpy array", name);
	SF_VIRTUAL_IO io = {memory_length, memory_seek, memory_read, NULL, memory_tell};
	memory m = {bytes, n, 0};
	decoder d = {.name = name};
	d.file = sf_open_virtual(&io, SFM_READ, &d.info, &m);
	return read_all(out, &d, sample_rate, err);
}

/* ---- files ---------------------------------------------------------------------------------------------------- */

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

static int read_slice(s2st_audio *out, const char *path, size_t n_path, size_t offset, size_t length, int sample_rate,
		      s2st_error *err)
{
	char *archive = strndup(path, n_path);
	if (!archive)
		return s2_fail_mem(err, path);
	s2_map map = {0};
	int rc = s2_map_open(&map, archive, err);
	free(archive);
	if (rc < 0)
		return rc;
	if (length == 0 || offset > map.size || length > map.size - offset)
		rc = s2_fail(err, S2ST_EFORMAT, "%s: expected a part of a file of %zu bytes, found offset %zu, length %zu",
			     path, map.size, offset, length);
	else
		rc = s2_audio_read_bytes(out, path, map.bytes + offset, length, sample_rate, err);
	s2_map_close(&map);
	return rc;
}

/* Takes `fd`. */
static int read_fd(s2st_audio *out, const char *name, int fd, int sample_rate, s2st_error *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
		close(fd);
		return s2_fail(err, S2ST_EIO, "%s: expected an audio file, found a folder", name);
	}
	if (!S_ISREG(st.st_mode)) {
		int spool = s2_spool(fd, NULL, 0, name, err);
		close(fd);
		if (spool < 0)
			return spool;
		fd = spool;
		if (fstat(fd, &st) != 0)
			st.st_size = 0;
	}
	if (st.st_size == 0) {
		close(fd);
		return s2_fail(err, S2ST_EINPUT, "%s: file is empty", name);
	}
	decoder d = {.name = name};
	d.file = sf_open_fd(fd, SFM_READ, &d.info, SF_TRUE); /* closes fd, also when it fails */
	return read_all(out, &d, sample_rate, err);
}

int s2st_audio_read(s2st_audio *out, const char *path, int sample_rate, s2st_error *err)
{
	*out = (s2st_audio){0};
	if (sample_rate != 0 && (sample_rate < LOWEST_RATE || sample_rate > HIGHEST_RATE))
		return s2_fail(err, S2ST_EINPUT, "%s: cannot resample to %d Hz: expected %d to %d", path, sample_rate,
			       LOWEST_RATE, HIGHEST_RATE);
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		int why = errno;
		size_t n_path, offset, length;
		/* A file whose name looks like a slice has opened above: it comes first. */
		if (why == ENOENT && s2_parse_slice(path, &n_path, &offset, &length))
			return read_slice(out, path, n_path, offset, length, sample_rate, err);
		return s2_fail(err, S2ST_EIO, "%s: cannot open: %s", is_stdin ? "stdin" : path, strerror(why));
	}
	return read_fd(out, is_stdin || s2_is_spool_path(path) ? "stdin" : path, fd, sample_rate, err);
}

void s2st_audio_free(s2st_audio *a)
{
	if (!a)
		return;
	free(a->samples);
	*a = (s2st_audio){0};
}
