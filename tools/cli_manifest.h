/* Tables for training: S2UT manifests and config.yaml; the pairs of data sets they are made of. */
#ifndef S2ST_CLI_MANIFEST_H
#define S2ST_CLI_MANIFEST_H

#include "cli.h"

/* ---- S2UT training manifests (cli_manifest.c) ---------------------------------------------------------------- */

/* The table of prep_s2ut_data.py: source audio with the units of the target audio of the same id. */
typedef struct cli_s2ut_manifest {
	bool strict; /* a file without partner is a failure */
	bool incomplete; /* a folder of targets could not be read */
	const char *vocoder, *vocoder_config; /* for config.yaml; or NULL */
	struct cli_target *targets;           /* [n] by id */
	size_t n;
	size_t n_alone;     /* sources without target */
	char first_alone[200]; /* some of their ids */
} cli_s2ut_manifest;

/* Takes the last of c->args and reads which targets it lists. */
int cli_s2ut_manifest_open(cli *c, cli_s2ut_manifest *m, const cli_source *source, s2st_error *err);
void cli_s2ut_manifest_close(cli_s2ut_manifest *m);
/* Path of the target that belongs to a source; NULL: none, which is noted. */
const char *cli_s2ut_manifest_target(cli_s2ut_manifest *m, const char *id);
/* config.yaml beside c->output, and the header line. */
int cli_s2ut_manifest_begin(const cli *c, const cli_s2ut_manifest *m, s2st_writer *w, s2st_error *err);
int cli_s2ut_manifest_row(FILE *f, const s2st_input *row, const int32_t *units, size_t n, s2st_error *err);
/* "id<TAB>path<TAB>frames<TAB>", the start of every row. */
int cli_manifest_row_start(FILE *f, const char *id, const char *path, int64_t frames, s2st_error *err);
/* config.yaml in the folder of `beside`. */
typedef struct cli_config {
	const char *audio_root, *vocoder, *vocoder_config; /* or NULL */
	bool waveforms; /* XM: audio itself and dict.txt, no filter bank */
} cli_config;
int cli_write_config(const cli *c, const char *beside, const cli_config *config, s2st_error *err);
/* What goes with manifests, and with several of them in a folder: the file stays as it is where it has this text, and
 * another text is not replaced without --overwrite. */
int cli_write_companion(const cli *c, const char *path, const char *text, size_t n, s2st_error *err);
/* Says what has no partner. */
void cli_s2ut_manifest_end(cli *c, const cli_s2ut_manifest *m, int *code);

/* ---- pairs of data sets (cli_corpora.c, cli_unit_index.c) ---------------------------------------------------- */

typedef enum cli_corpus_kind { CLI_PAIRS, CLI_EPST, CLI_FLEURS, CLI_VOXPOPULI } cli_corpus_kind;

typedef struct cli_corpus_place {
	cli_corpus_kind kind;
	const char *dir, *source_lang, *target_lang, *split;
} cli_corpus_place;

typedef struct cli_example {
	char *id, *source;
	char *target;      /* NULL: there is no audio of it */
	char *text;        /* the translation as it is written; "" unknown */
	double start, end; /* seconds of the source; start < 0: all of it */
} cli_example;

typedef struct cli_corpus {
	cli_example *at; /* [n] */
	size_t n, cap;
} cli_corpus;

/* Any kind but CLI_PAIRS. */
int cli_corpus_read(cli_corpus *k, const cli_corpus_place *place, s2st_error *err);
void cli_corpus_free(cli_corpus *k);

/* The lines 'name|u u u' of a file, found by name. One thread at a time. */
typedef struct cli_unit_index {
	const char *path;
	FILE *f; /* NULL: no file was named */
	s2st_names *names; /* with the offset of the line */
} cli_unit_index;

int cli_unit_index_open(cli_unit_index *x, const char *path, s2st_error *err);
void cli_unit_index_close(cli_unit_index *x);
int cli_unit_index_find(cli_unit_index *x, const char *name, s2st_unit_line *out, s2st_error *err);

#endif
