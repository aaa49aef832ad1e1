/* Audio in: files, slices of archives, stdin. Part of s2st.h, which tells how the library is used. */
#ifndef S2ST_AUDIO_H
#define S2ST_AUDIO_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct s2st_audio {
	float *samples; /* [n] mono in [-1, 1), at the rate that was asked for */
	size_t n;
	int sample_rate;     /* of `samples` */
	int source_rate;     /* of the file; differs: it was resampled by libsoxr (HQ) */
	int source_channels; /* of the file; above 1: folded by the mean over channels */
} s2st_audio;

/* `path`: a wav/flac/ogg/mp3 file (or what else libsndfile reads), "archive.zip:offset:length" (a stored member), or
 * "-" for stdin (kept in memory, up to 4 GiB). `sample_rate` 0 keeps the file's own rate. Refuses empty audio, samples
 * that are not finite and more than 24 hours. A wave that ends before its header says so gives what it has, as in
 * soundfile. */
S2ST_CHECK int s2st_audio_read(s2st_audio *out, const char *path, int sample_rate, s2st_error *err);
void s2st_audio_free(s2st_audio *a);

typedef struct s2st_audio_info {
	int64_t frames; /* samples of each channel, as the file's header says */
	int sample_rate, channels;
} s2st_audio_info;
/* The same paths; nothing is decoded. */
S2ST_CHECK int s2st_audio_get_info(s2st_audio_info *out, const char *path, s2st_error *err);

/* Archives that stay open (mapped) between calls, for the thousands of slices of one zip. Any number of threads may
 * share one; it is freed last. A zip that was replaced in the meantime is noticed and opened anew. */
typedef struct s2st_archives s2st_archives;
S2ST_CHECK int s2st_archives_new(s2st_archives **out, s2st_error *err);
void s2st_archives_free(s2st_archives *a);
/* As s2st_audio_read and s2st_audio_get_info; `a` NULL, here and below: an archive is opened for the call alone. */
S2ST_CHECK int s2st_archives_read(s2st_audio *out, s2st_archives *a, const char *path, int sample_rate,
				  s2st_error *err);
S2ST_CHECK int s2st_archives_get_info(s2st_audio_info *out, s2st_archives *a, const char *path, s2st_error *err);
/* Asks the system to have `path` in memory soon, where it is a regular file or a slice of one; does not wait for it. */
void s2st_archives_ahead(s2st_archives *a, const char *path);

#ifdef __cplusplus
}
#endif
#endif
