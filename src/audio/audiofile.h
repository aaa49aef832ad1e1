/* Audio bytes to mono samples.  Layer: audio. The face for users is s2st_audio_read in s2st.h. */
#ifndef S2_AUDIO_AUDIOFILE_H
#define S2_AUDIO_AUDIOFILE_H

#include <stddef.h>

#include "base/status.h"

/* As s2st_audio_read, for a whole file that lies in memory; `name` is for messages. */
S2ST_CHECK int s2_audio_read_bytes(s2st_audio *out, const char *name, const unsigned char *bytes, size_t n,
				   int sample_rate, s2st_error *err);

/* Splits "archive.zip:offset:length" at its last two colons. False: `path` has no such form. `*n_path` is the length of
 * the part before them. */
bool s2_parse_slice(const char *path, size_t *n_path, size_t *offset, size_t *length);

#endif
