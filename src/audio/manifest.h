/* The text files that list audio: fairseq's two kinds of manifest, and plain lists of paths.
 *
 * Layer: audio.
 *   GSLM style   a root folder on the first line, then exactly "relpath\tframes"
 *                (examples/textless_nlp/gslm/speech2unit/clustering/utils.py:9-20)
 *   table        a header line with tab-separated columns, found by name: id, src_audio or audio, and, where there are
 *                any, src_n_frames or n_frames, tgt_audio or tgt_text; no quoting (speech_to_text_dataset.py:644-661)
 *   list         one path a line
 * Blank lines are skipped. Every error names file and line. */
#ifndef S2_AUDIO_MANIFEST_H
#define S2_AUDIO_MANIFEST_H

#include "audio/lines.h"

typedef struct s2_manifest s2_manifest;

/* Takes `lines` (leaves a closed one), also on failure. `is_tsv`: a file called .tsv, hence no list. Without it the
 * first line decides: a header, a root folder that exists, or else a path. */
S2ST_CHECK int s2_manifest_open(s2_manifest **out, s2_lines *lines, bool is_tsv, const char *audio_root,
				s2st_error *err);
void s2_manifest_free(s2_manifest *m);

/* 1 a row, 0 the end, < 0 error. Sets path, target, n_frames, and id (NULL where only the path tells); strings live
 * until the next call. */
S2ST_CHECK int s2_manifest_next(s2_manifest *m, s2st_input *row, s2st_error *err);
bool s2_manifest_rewindable(const s2_manifest *m); /* no pipe */
S2ST_CHECK int s2_manifest_rewind(s2_manifest *m, s2st_error *err);

#endif
