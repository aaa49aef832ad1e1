/* Audio files as a stream of mono samples, so that a recording of hours needs no more memory than one of seconds.
 *
 * Layer: audio. s2st_audio_read of s2st.h is this stream, read to its end.
 *
 * What libsndfile opens is audio: wav, flac, ogg (Vorbis, Opus), mp3 and its other formats. Each block is checked for
 * numbers that are not finite, folded to one channel by the mean, and resampled. Integer samples are scaled as
 * soundfile scales them: 16 bits divided by 32768. As in soundfile, a wave that ends before its header says so gives
 * what it has, while a codec that finds its data broken (flac) is an error. */
#ifndef S2_AUDIO_AUDIOFILE_H
#define S2_AUDIO_AUDIOFILE_H

#include <stddef.h>

#include "audio/archives.h"

typedef struct s2_audio_stream s2_audio_stream;

/* `path` and `sample_rate` as for s2st_audio_read; `archives` NULL, or kept ones, which outlive the stream. */
S2ST_CHECK int s2_audio_open(s2_audio_stream **out, s2st_archives *archives, const char *path, int sample_rate,
			     s2st_error *err);
/* The same for a file of `n` bytes that lie in memory, and stay there; `name` is for messages. */
S2ST_CHECK int s2_audio_open_bytes(s2_audio_stream **out, const char *name, const unsigned char *bytes, size_t n,
				   int sample_rate, s2st_error *err);
void s2_audio_close(s2_audio_stream *s);

/* Before the first sample: channel `channel` (from 1) instead of the mean of all; an error where there is none. 0: the
 * mean. */
S2ST_CHECK int s2_audio_pick_channel(s2_audio_stream *s, int channel, s2st_error *err);

/* Up to `cap` samples, fewer only at the end. */
S2ST_CHECK int s2_audio_next(s2_audio_stream *s, float *out, size_t cap, size_t *n, s2st_error *err);

int s2_audio_rate(const s2_audio_stream *s); /* of the samples given out */
int s2_audio_source_rate(const s2_audio_stream *s);
int s2_audio_source_channels(const s2_audio_stream *s);

/* The rest of the stream. Refuses more than 24 hours: a small file of compressed silence must not fill the memory. */
S2ST_CHECK int s2_audio_read_all(s2st_audio *out, s2_audio_stream *s, s2st_error *err);

/* Splits "archive.zip:offset:length" at its last two colons. False: `path` has no such form. `*n_path` is the length of
 * the part before them. */
bool s2_parse_slice(const char *path, size_t *n_path, size_t *offset, size_t *length);

#endif
