/* What asr-bleu compares, and with which recogniser. */
#ifndef S2ST_CLI_RECORDINGS_H
#define S2ST_CLI_RECORDINGS_H

#include "cli_models.h"

/* The recording of each reference. */
typedef struct cli_recordings {
	char **paths; /* [n]; NULL: there is none */
	size_t n;
	bool by_number; /* N_pred.wav, N_spkK_pred.wav; else by id, or as they came */
	s2st_inputs *inputs;
} cli_recordings;

/* Looks in folder `dir` for N_pred.wav and N_spkK_pred.wav, N from 0; where it has none, or is NULL, takes the files of
 * the folder or of `args` as s2st_inputs gives them: by the references' ids, or in order. What is missing, extra or
 * there twice is an error that names it; `allow_missing` lets recordings with a number or an id be missing. */
int cli_recordings_find(cli_recordings *r, const s2st_sentences *refs, const char *dir, const char *const *args,
			size_t n_args, const cli_source *source, bool allow_missing, s2st_error *err);
/* texts [n]: malloc'ed transcripts, NULL where there is no recording. One that cannot be read is a failure, after all
 * others are done, or with `allow_missing` a line on stderr and an empty text. Returns CLI_OK or CLI_FAILED. */
int cli_recordings_hear(cli *c, const cli_recordings *r, cli_models *m, bool allow_missing, char **texts);
void cli_recordings_free(cli_recordings *r);

/* What asr-bleu has found out (cli_score.c). */
typedef struct cli_score {
	s2st_score score;
	char signature[512];
	bool is_bleu, has_confidence, has_baseline;
	s2st_confidence confidence;
	s2st_comparison comparison;
	int samples, seed; /* of the two */
} cli_score;

void cli_score_print(FILE *f, const cli_score *s, bool json);

typedef struct cli_language {
	const char *code, *short_code; /* "eng", "en" */
	const char *model;             /* public name */
	bool fairseq;                  /* with dict.ltr.txt beside it; else a Hugging Face folder */
} cli_language;

const cli_language *cli_find_language(const char *code); /* NULL: unknown, or no code */
const char *cli_language_codes(void);                    /* for messages */
/* Where its model is in a folder of models, in a malloc'ed string; NULL: out of memory. */
char *cli_language_model(const cli_language *l, const char *dir);

#endif
