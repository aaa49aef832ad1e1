/* Models of the tools: which files, opening, a session of each for one thread; what they do to an input. */
#ifndef S2ST_CLI_MODELS_H
#define S2ST_CLI_MODELS_H

#include "cli.h"

/* ---- models (cli_models.c) ----------------------------------------------------------------------------------- */

typedef struct cli_s2ut {
	s2st_s2ut_files files;
	bool standardize;
	const char *speaker_file; /* .npy */
	s2st_search_options search;
	s2st_s2ut *model;
	s2st_s2ut_info info;
	float *speaker;
} cli_s2ut;

typedef struct cli_vocoder {
	const char *model_file, *config_file, *speaker_file, *speaker_text;
	s2st_vocode_options options;
	int seed;
	bool random_speaker;
	s2st_vocoder *model;
	s2st_vocoder_info info;
	float *speaker;
} cli_vocoder;

typedef struct cli_asr {
	s2st_asr_files files;
	const char *lm_file;
	int post_process;         /* CLI_CHOICE "collapse|none" */
	s2st_asr_options options; /* beam 0: as suits, with or without a language model */
	s2st_lm *lm;
	s2st_asr *model;
	s2st_asr_info info;
} cli_asr;

typedef struct cli_models {
	cli_s2ut *s2ut;       /* NULL: the tool needs none */
	cli_vocoder *vocoder; /* NULL: likewise */
	cli_asr *asr;         /* NULL: likewise */
	s2st_context *context;
	s2st_pack *pack;
} cli_models;

enum { CLI_N_S2UT_OPTIONS = 16, CLI_N_VOICE_OPTIONS = 6, CLI_N_ASR_OPTIONS = 7 };
void cli_s2ut_defaults(cli_s2ut *m);
void cli_s2ut_options(cli_s2ut *m, cli_option out[CLI_N_S2UT_OPTIONS]);
void cli_vocoder_defaults(cli_vocoder *v);
void cli_voice_options(cli_vocoder *v, cli_sink *sink, cli_option out[CLI_N_VOICE_OPTIONS]);

void cli_asr_defaults(cli_asr *m);
void cli_asr_options(cli_asr *m, cli_option out[CLI_N_ASR_OPTIONS]);

/* After cli_parse: opens --pack, lets it set files and defaults, and reads the options again so that they win.
 * Exits with misuse where a model is missing. Returns CLI_OK, or the exit code after saying why. */
int cli_models_configure(cli *c, cli_models *m);
/* Opens the models that the tool needs and checks that they fit each other and the pack. Returns as above. */
int cli_models_open(cli *c, cli_models *m);
void cli_models_close(cli_models *m);
/* Speaker for input `index`: --speaker K, or drawn from --seed and the index. */
int cli_speaker(const cli_vocoder *v, size_t index);

/* What one thread needs to use them. */
typedef struct cli_sessions { /* NULL where the tool has no such model */
	s2st_s2ut_session *s2ut;
	s2st_vocoder_session *vocoder;
	s2st_asr_session *asr;
} cli_sessions;
int cli_sessions_new(cli_sessions **out, const cli_models *m, s2st_error *err);
void cli_sessions_free(cli_sessions *s);

/* ---- audio to units (cli_generate.c) ------------------------------------------------------------------------- */

/* How many rows cli_work.work_group should get. */
int cli_group_size(const cli_models *m);
/* What came out for one input. `best` lives until the next call with the session of the model, but the last of a group
 * may make such a call. */
typedef int cli_take_units(void *self, cli_sessions *own, cli_item *item, const s2st_audio *audio,
			   const s2st_nbest *best, s2st_error *err);
/* Reads the audio of a group, decodes it together and gives what came out to `take`, in order, with the note about
 * hypotheses that were cut. Inputs that fail are marked so. */
void cli_generate(const cli_s2ut *m, void *self, cli_sessions *own, cli_item *const *rows, size_t n,
		  cli_take_units *take);

/* ---- languages of one recogniser (cli_adapters.c) ------------------------------------------------------------ */

typedef struct cli_adapters {
	const char *file; /* of the languages of the inputs: a table with columns id and lang, or a line an input */
	s2st_sentences *table;
	struct cli_adapter *rows; /* [n] of the table, by id where it has ids */
	size_t n;
	bool by_id;
	s2st_asr **models; /* [n_models] that were opened beside the first */
	size_t n_models;
} cli_adapters;

/* Before the models open: reads the file, if one is given, and lets the recogniser open with its first language. All
 * three return CLI_OK, or the exit code after saying why. */
int cli_adapters_read(cli *c, cli_adapters *a, cli_asr *m);
int cli_adapters_open(cli *c, cli_adapters *a, const cli_asr *m); /* the other languages, beside m->model */
int cli_adapters_list(cli *c, const char *model);                 /* prints the languages */
/* In `work`: s->asr becomes one of the language of `row`. */
int cli_adapters_use(const cli_adapters *a, cli_sessions *s, const s2st_input *row, s2st_error *err);
void cli_adapters_close(cli_adapters *a); /* before the first model */

#endif
