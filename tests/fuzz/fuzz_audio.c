/* Audio bytes: whatever they are, finite samples at the asked rate or a sentence. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "audio/audiofile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the sanitizer asks for this name */
const char *__lsan_default_suppressions(void);

/* libsndfile 1.2.0 forgets a little of a broken Ogg file; what we forget ourselves still counts. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
const char *__lsan_default_suppressions(void)
{
	return "leak:vorbis_info_init\nleak:ogg_stream_init\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2_audio_stream *s;
	float piece[3000];
	size_t got, total = 0;
	/* The first byte chooses the rate: the file's own or another. */
	int rc = n ? s2_audio_open_bytes(&s, "fuzz", data + 1, n - 1, data[0] % 2 ? 16000 : 0, &err) : S2ST_EFORMAT;
	if (rc < 0) {
		if (n && !err.text[0])
			abort();
		return 0;
	}
	if (s2_audio_source_channels(s) < 1 || s2_audio_rate(s) < 1000)
		abort();
	do {
		rc = s2_audio_next(s, piece, sizeof piece / sizeof *piece, &got, &err);
		for (size_t i = 0; rc == S2ST_OK && i < got; i++)
			if (!isfinite(piece[i]))
				abort();
		total += got;
	} while (rc == S2ST_OK && got == sizeof piece / sizeof *piece && total < 10000000);
	if (rc < 0 && !err.text[0])
		abort();
	s2_audio_close(s);
	return 0;
}
