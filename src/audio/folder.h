/* The audio files of a folder, or those of another kind.  Layer: audio. */
#ifndef S2_AUDIO_FOLDER_H
#define S2_AUDIO_FOLDER_H

#include <stddef.h>

#include "base/status.h"

typedef struct s2_folder {
	const char **paths; /* [n] into text */
	size_t n;
	char *text; /* all paths, one behind the other, each with what s2_folder_problem says */
	size_t n_dir; /* bytes of each path that say the folder itself */
} s2_folder;

enum { S2_FOLDER_SUFFIXES = 4 };

typedef struct s2_folder_files {
	const char *what; /* for messages */
	const char *suffixes[S2_FOLDER_SUFFIXES]; /* ".wav", in small letters; NULL: no more */
} s2_folder_files;

extern const s2_folder_files s2_folder_audio, s2_folder_npy;

/* Paths, beginning with `dir`, of the files whose suffix (in any case) is wanted, ordered by bytes. Names that begin
 * with a dot are passed over. `recursive`: folders below too, through symbolic links but never into a folder that holds
 * the link. No such file at all is an error, and so is a given folder that cannot be read; one below it stands among
 * the paths. */
S2ST_CHECK int s2_folder_list(s2_folder *out, const char *dir, const s2_folder_files *wanted, bool recursive,
			      s2st_error *err);
/* Path `i` is that of a folder that cannot be read: the sentence that says why; NULL: it is that of a file. */
const char *s2_folder_problem(const s2_folder *f, size_t i);
void s2_folder_free(s2_folder *f);

#endif
