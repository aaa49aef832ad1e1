/* RIFF waves and bare samples through the one writer. The header says all sizes before the first sample, so a pipe gets
 * a wave as good as a file does. */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "base/status.h"

enum { BLOCK = 4096 }; /* samples converted at a time */

static size_t sample_size(s2st_sample_format fmt)
{
	return fmt == S2ST_FLOAT ? 4 : 2;
}

/* libsndfile's conversion with clipping on, which is how soundfile writes PCM_16: to 32 bits, then the upper half, so
 * the result is rounded down (sample * 32768), not to the nearest. */
static int to_s16(float x)
{
	float scaled = x * 2147483648.0f;
	if (scaled >= 2147483648.0f)
		return 32767;
	if (scaled <= -2147483648.0f)
		return -32768;
	return (int)floorf(rintf(scaled) / 65536.0f);
}

static unsigned char *put16(unsigned char *p, unsigned v)
{
	p[0] = (unsigned char)v;
	p[1] = (unsigned char)(v >> 8);
	return p + 2;
}

static unsigned char *put32(unsigned char *p, uint32_t v)
{
	return put16(put16(p, v & 0xffff), v >> 16);
}

static unsigned char *put_tag(unsigned char *p, const char *tag)
{
	memcpy(p, tag, 4);
	return p + 4;
}

int s2st_pcm_write(s2st_writer *w, const float *samples, size_t n, s2st_sample_format fmt, s2st_error *err)
{
	unsigned char bytes[BLOCK * 4];
	for (size_t at = 0; at < n; at += BLOCK) {
		size_t count = s2_min(BLOCK, n - at);
		unsigned char *p = bytes;
		for (size_t i = 0; i < count; i++) {
			float x = samples[at + i];
			uint32_t bits;
			memcpy(&bits, &x, sizeof bits);
			if (isnan(x))
				return s2_fail(err, S2ST_EINPUT,
					       "cannot write audio: sample %zu of %zu is not a number", at + i, n);
			p = fmt == S2ST_FLOAT ? put32(p, bits) : put16(p, (unsigned)to_s16(x));
		}
		S2_TRY(s2st_writer_write(w, bytes, (size_t)(p - bytes), err));
	}
	return S2ST_OK;
}

/* Returns the header's length; `data` is the length of the samples in bytes. Formats other than PCM have the size of
 * an (empty) extension in "fmt " and a "fact" chunk with the number of samples. */
static size_t make_header(unsigned char *out, uint32_t data, unsigned rate, s2st_sample_format fmt)
{
	bool is_float = fmt == S2ST_FLOAT;
	unsigned size = (unsigned)sample_size(fmt);
	unsigned char *p = put_tag(out, "RIFF");
	p = put32(p, data + (is_float ? 50 : 36)); /* what follows this field */
	p = put_tag(put_tag(p, "WAVE"), "fmt ");
	p = put32(p, is_float ? 18 : 16);
	p = put16(p, is_float ? 3 : 1); /* IEEE float, PCM */
	p = put16(p, 1);                /* channels */
	p = put32(p, rate);
	p = put32(p, rate * size); /* bytes a second */
	p = put16(p, size);        /* bytes a frame */
	p = put16(p, 8 * size);
	if (is_float) {
		p = put16(p, 0);
		p = put32(put_tag(p, "fact"), 4);
		p = put32(p, data / size);
	}
	p = put32(put_tag(p, "data"), data);
	return (size_t)(p - out);
}

int s2st_wav_write(s2st_writer *w, const float *samples, size_t n, int sample_rate, s2st_sample_format fmt,
		   s2st_error *err)
{
	unsigned char header[64];
	if (sample_rate < 1 || sample_rate > 1 << 28)
		return s2_fail(err, S2ST_EINPUT, "wav: expected a sample rate from 1 Hz to %d Hz, found %d", 1 << 28,
			       sample_rate);
	size_t limit = (UINT32_MAX - sizeof header) / sample_size(fmt);
	if (n > limit)
		return s2_fail(err, S2ST_EINPUT, "wav: expected at most %zu samples (4 GiB), found %zu", limit, n);
	size_t size = make_header(header, (uint32_t)(n * sample_size(fmt)), (unsigned)sample_rate, fmt);
	S2_TRY(s2st_writer_write(w, header, size, err));
	return s2st_pcm_write(w, samples, n, fmt, err);
}
