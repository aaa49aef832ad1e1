/* The audio files of a folder.  Layer: audio. */
#ifndef S2_AUDIO_FOLDER_H
#define S2_AUDIO_FOLDER_H

#include <stddef.h>

#include "base/status.h"

typedef struct s2_folder {
	const char **paths; /* [n] into text */
	size_t n;
	char *text; /* all paths, one behind the other */
} s2_folder;

/* Paths, beginning with `dir`, of the files whose suffix says wav, flac, ogg or mp3 (in any case), ordered by bytes.
 * Names that begin with a dot are passed over. `recursive`: folders below too, through symbolic links but never into a
 * folder that holds the link. No audio file at all is an error. */
S2ST_CHECK int s2_folder_list(s2_folder *out, const char *dir, bool recursive, s2st_error *err);
void s2_folder_free(s2_folder *f);

#endif
