/* What every tool shares: options, messages, exit codes, progress, the loop over inputs, outputs.
 *
 * The contract (README, "Command line"): results on stdout or in -o, everything else on stderr; --help on stdout,
 * misuse on stderr; outputs appear whole or not at all; exit codes as below. A tool is
 *
 *   describe options in tables  ->  cli_parse  ->  open models  ->  cli_run over the inputs  ->  cli_end
 *
 * The tools include s2st.h and this header, nothing else of the project. */
#ifndef S2ST_CLI_H
#define S2ST_CLI_H

#include <stdio.h>
#include <sys/types.h>

#include "s2st.h"

enum {
	CLI_OK = 0,     /* all done */
	CLI_FAILED = 1, /* some inputs failed (the others are done), or a result could not be written */
	CLI_USAGE = 2,  /* the command line makes no sense */
	CLI_MODEL = 3,  /* a model cannot be used */
};

/* ---- options (cli_options.c) ---------------------------------------------------------------------------------- */

typedef enum cli_kind {
	CLI_FLAG,   /* bool; "--no-NAME" clears it */
	CLI_INT,    /* int in [min, max] */
	CLI_REAL,   /* double in [min, max] */
	CLI_TEXT,   /* const char * */
	CLI_CHOICE, /* int: place of the word in `arg`, "units|fairseq" */
	CLI_HELP,
	CLI_VERSION,
} cli_kind;

typedef struct cli_option {
	char letter;      /* 'm' for -m; 0: none */
	const char *name; /* "model" for --model */
	cli_kind kind;
	const char *arg; /* what --help calls the value; the words of a CLI_CHOICE */
	void *to;        /* the variable; what it holds before parsing is the default that --help shows */
	double min, max; /* CLI_INT, CLI_REAL */
	const char *help;
} cli_option;

typedef struct cli_group {
	const char *title; /* as --help prints it */
	const cli_option *options;
	size_t n;
} cli_group;

enum { CLI_MAX_GROUPS = 7 };

/* One way to tell the user something once; -v tells it for every input. */
typedef enum cli_notice {
	CLI_NOTE_RESAMPLED, CLI_NOTE_FOLDED, CLI_NOTE_CUT, CLI_NOTE_ORDER, CLI_NOTE_TAIL, CLI_NOTE_LENGTH, CLI_N_NOTICES
} cli_notice;

typedef struct cli {
	/* The tool says: */
	const char *tool;     /* "s2ut-generate" */
	const char *synopsis; /* "[options] -m MODEL.pt INPUT..." */
	const char *about;    /* what --help says first: a sentence or two */
	const char *more;     /* what --help says last, examples; or NULL */
	/* The options that every tool takes: */
	bool quiet, verbose, resume, overwrite, dry_run, json;
	int jobs, precision; /* an s2st_precision */
	int shard, n_shards; /* of --shard I/N; 0, 1 without it */
	const char *pack, *output, *report;
	/* Arguments that are no options: */
	const char **args;
	size_t n_args;
	/* Behind the scenes: */
	int argc;
	char **argv;
	cli_group groups[CLI_MAX_GROUPS];
	size_t n_groups;
	cli_option common[15];
	const char *shard_text;
	bool noticed[CLI_N_NOTICES];
	struct cli_depends *depends; /* files that the results depend on */
	bool bar_shown;
	s2st_archives *archives; /* that zip slices are read from */
} cli;

/* First thing in main: keeps argv, takes care of signals. */
void cli_begin(cli *c, int argc, char **argv);
void cli_add_group(cli *c, const char *title, const cli_option *options, size_t n);
/* Reads argv into the variables of the tables; the last of several wins. Prints and exits on --help, --version (0)
 * and misuse (2). A second call reads argv again: how options win over what a pack has set meanwhile. */
void cli_parse(cli *c);
/* "tool: sentence" and the usage line. The first returns CLI_USAGE; the second exits with it, which is for the time
 * before anything is open. */
int cli_misused(const cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cli_misuse(const cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));
/* A reduced --precision where no network runs, as `why` says, is misuse. */
void cli_no_precision(const cli *c, const char *why);
/* Last thing in main: closes stdout and says so if that fails; returns the exit code, or dies of a signal caught. */
int cli_end(cli *c, int code);
bool cli_caught_signal(void);

/* ---- messages (cli.c) ----------------------------------------------------------------------------------------- */

/* One line on stderr, "tool: about: sentence"; `about` is left out when NULL or when the sentence starts with it, or
 * with a file in it. */
void cli_error(cli *c, const char *about, const char *sentence);
void cli_note(cli *c, cli_notice kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void cli_info(cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* with -v only */

/* ---- outputs that are there (cli.c), what results depend on (cli_depend.c) -------------------------------------- */

/* A stream to `path`, "-" for stdout; *out is NULL with --dry-run. Refuses to replace a file without --overwrite or
 * --resume. */
int cli_open_stream(const cli *c, s2st_writer **out, const char *path, s2st_error *err);
int cli_check_output(const cli *c, const char *path, s2st_error *err); /* the refusal alone */

/* Results depend on the contents of `file`, a file or a folder of them (NULL, or not there: no matter); said before it
 * is opened. cli_run stops if it changes meanwhile, --resume does again what was made with another. */
int cli_depend(cli *c, const char *file, s2st_error *err);
/* The same for `name` in the folder of `file`. */
int cli_depend_beside(cli *c, const char *file, const char *name, s2st_error *err);

/* ---- small things (cli.c, cli_format.c) ------------------------------------------------------------------------ */

bool cli_is_folder(const char *path);
bool cli_is_file(const char *path); /* a regular one */
bool cli_exists(const char *path);
int cli_make_folder(const char *path, s2st_error *err); /* with its parents; there already: fine */
/* "DIR/IDsuffix" in a malloc'ed string; refuses ids that would leave the folder. IDs may name folders in it. */
int cli_output_path(char **out, const char *dir, const char *id, const char *suffix, s2st_error *err);
/* Whole or not at all; "-" is stdout. */
int cli_write_text(const char *path, const char *text, size_t n, s2st_error *err);
/* Numbers separated by commas or blanks, in a malloc'ed array. */
int cli_parse_ids(int32_t **out, size_t *n, const char *text, s2st_error *err);
/* Is stdout fit for bytes? CLI_OK, or CLI_USAGE after saying that it is a terminal. */
int cli_check_terminal(const cli *c);
const char *cli_display(const char *path); /* how messages call an input: stdin has paths of its own */
/* For functions of tools: writes the sentence and returns `code`. */
#define cli_fail(err, code, ...) (cli_error_text((err), __VA_ARGS__), (code)) /* a macro: compilers see the code */
#define cli_fail_memory(err) cli_fail(err, S2ST_EMEM, "out of memory")
void cli_error_text(s2st_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

enum { CLI_REAL_SIZE = 32 };
/* As Python prints a float: fewest digits that read back the same, always with a point or an exponent. */
const char *cli_python_float(char buf[CLI_REAL_SIZE], double x);
/* JSON number, fewest digits that read back as the same float32 (double, where x is no float32); null if not finite. */
void cli_json_real(FILE *f, double x);
void cli_json_string(FILE *f, const char *s); /* NULL: null; bytes that are not UTF-8 become U+FFFD */
void cli_json_ints(FILE *f, const int32_t *at, size_t n);
void cli_json_reals(FILE *f, const float *at, size_t n);
void cli_unit_line(FILE *f, const char *id, const int32_t *units, size_t n); /* "id|3 1 4\n" */

/* ---- the loop over inputs (cli_run.c, cli_result.c) ------------------------------------------------------------- */

/* What one input gave. `text` and `units` are lines for the tool's outputs, `samples` audio for a stream. */
typedef struct cli_text {
	FILE *f; /* write here; closed before emit */
	char *bytes;
	size_t n;
} cli_text;

typedef struct cli_result {
	cli_text text;  /* for stdout or -o */
	cli_text units; /* for --units-out */
	float *samples; /* malloc'ed copy; NULL: none */
	size_t n_samples;
	int sample_rate;
	double seconds; /* of audio done, for the × real time figure */
	size_t frames;  /* of audio, 10 ms each: the length that fairseq sorts by */
	char **outputs; /* malloc'ed paths of the files that it has of its own */
	size_t n_outputs;
	s2st_archives *archives; /* of cli_read_audio */
	char *notes[CLI_N_NOTICES];
} cli_result;

/* The writer of an output file that only this input has, with the folders that its id names. */
int cli_result_create(const cli *c, cli_result *r, const char *path, s2st_writer **out, s2st_error *err);
/* The same without the writer: for files that are written in another way. */
int cli_result_output(const cli *c, cli_result *r, const char *path, s2st_error *err);
/* DIR/ID.npy, float32, an output of the result. */
int cli_write_matrix(const cli *c, cli_result *r, const char *dir, const char *id, const s2st_matrix *m,
		     s2st_error *err);
/* cli_note for `work`: said when the turn of the input comes. */
void cli_result_note(cli_result *r, cli_notice kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* An input on its way through cli_run. */
typedef struct cli_item {
	s2st_input row;
	cli_result result;
	bool failed, skipped;
	s2st_stamp before; /* of the input, when work began; zeros: unknown */
	char *reason; /* of failure, malloc'ed */
	bool unsaid;  /* the reason stands in the report only */
	double taken; /* seconds of work */
	bool done;
	char *strings; /* behind row */
} cli_item;
void cli_item_fail(cli_item *item, const s2st_error *err);

enum { CLI_MAX_BATCH = 64 };

/* The callbacks of a tool. `next` gives the inputs one after another, `work` does one, `emit` hands results out in the
 * order of the inputs. Several threads are in `work` at once: it touches its result, files of its own, and `own`, which
 * its thread has for itself. The others are called by one thread at a time.
 * Negative: `work` failed on this input, the others go on; `next` or `emit` failed: the run ends. */
typedef struct cli_work {
	void *self;            /* of all but next */
	void *source;          /* of next */
	int64_t total;         /* inputs to come; -1 unknown */
	/* What `work` uses for itself: sessions of `models` (`own` is a cli_sessions), or what `open` makes, whose
	 * context says how many threads there are; neither: one thread. */
	struct cli_models *models;
	s2st_context *context;
	int (*open)(void *self, void **own, s2st_error *err);
	void (*close)(void *self, void *own);
	bool serial;           /* one `work` at a time, in order: it writes into something common */
	bool audio;            /* paths are audio files, which are worth reading ahead */
	bool keep_failed;      /* emit gets the (empty) results of inputs that failed too */
	bool forgive;          /* inputs that failed are said and do not count */
	int (*next)(void *source, s2st_input *row, s2st_error *err); /* 1 a row, 0 the end */
	int (*work)(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err);
	/* Instead of `work`, for networks that do several inputs faster than one after another: up to `batch` (at most
	 * CLI_MAX_BATCH) rows that follow each other; cli_item_fail says which failed. */
	void (*work_group)(void *self, void *own, cli_item *const *items, size_t n);
	int batch;
	/* The file of its own that a row gets, malloc'ed; NULL: it has none. Lets the run refuse to overwrite. */
	int (*place)(void *self, const s2st_input *row, char **path, s2st_error *err);
	/* Where the run keeps a record of what is done, for --resume: in the folder of the outputs, or beside the file
	 * they go to (only with --resume); both NULL: nowhere. Records hold the result's texts. */
	const char *folder, *file;
	bool by_index; /* the result depends on row->index */
	/* Ids stand in lines of text, which one of these ("\t"; "": none) would break, as a line end would: ids that
	 * hold one are refused; NULL: they do not. */
	const char *separators;
	int (*emit)(void *self, const s2st_input *row, cli_result *result, s2st_error *err);
} cli_work;

/* With --dry-run prints what would be done and calls `next` and `place` only; *whole is false then, so that no stream
 * is written. Else: returns CLI_OK or CLI_FAILED, with every failure said on stderr, or CLI_MODEL where a model was
 * replaced meanwhile. `*whole` is false when emit failed, a signal or such a model ended the run: streams that are not
 * complete have to be dropped then. */
int cli_run(cli *c, const cli_work *work, bool *whole);

/* ---- inputs (cli_inputs.c) -------------------------------------------------------------------------------------- */

/* Where inputs are looked for. */
typedef struct cli_source {
	const char *audio_root;
	bool recursive;
} cli_source;
enum { CLI_N_SOURCE_OPTIONS = 2 };
void cli_source_options(cli_source *s, cli_option out[CLI_N_SOURCE_OPTIONS]);

/* s2st_inputs over c->args with the common options; no arguments: stdin unless that is a terminal. `unique`: ids name
 * output files, two of a kind are an error. NULL: the run is over with exit code `*code`. */
s2st_inputs *cli_open_inputs(cli *c, const cli_source *source, bool unique, int *code);
int cli_next_input(void *inputs, s2st_input *row, s2st_error *err); /* `next` over an s2st_inputs */

/* ---- audio in and out (cli_audio.c) ---------------------------------------------------------------------------- */

/* Notices about audio that was resampled (from `source_rate` to `rate`) or of which `channels` were folded to one. */
void cli_note_audio(cli_result *r, const char *path, int source_rate, int rate, int channels);
/* s2st_audio_read at 16 kHz, with the notices about resampling and folding, and its length for the result. */
int cli_read_audio(cli_result *r, s2st_audio *out, const char *path, s2st_error *err);

typedef enum cli_place { CLI_TO_FOLDER, CLI_TO_FILE, CLI_TO_STDOUT } cli_place;

typedef struct cli_sink {
	int sample_format; /* CLI_CHOICE "s16|float", as s2st_sample_format */
	int container;     /* CLI_CHOICE "auto|wav|raw" */
	cli_place place;
	const char *path;
	s2st_writer *stream; /* of CLI_TO_FILE and CLI_TO_STDOUT */
	bool raw;            /* samples without a header */
	bool used;
} cli_sink;

/* Where `output` leads: "-", a folder (there already, ending in '/', or without an audio suffix; it is made), or a
 * file. `raw_stdout`: what container "auto" means on stdout. `total` inputs (-1 unknown): a wav takes no more than
 * one. */
int cli_sink_open(cli *c, cli_sink *sink, const char *output, bool raw_stdout, int64_t total);
/* The file that `name` gets ("a.wav") in a malloc'ed string; for streams the name of the stream. */
int cli_sink_path(char **out, const cli_sink *sink, const char *name, s2st_error *err);
/* In `work`: a folder gets its file at once; for a stream the samples are copied into the result for cli_sink_emit. */
int cli_sink_put(const cli *c, const cli_sink *sink, const char *path, const s2st_waveform *wave, cli_result *result,
		 s2st_error *err);
int cli_sink_emit(cli_sink *sink, const cli_result *result, s2st_error *err);
int cli_sink_close(cli *c, cli_sink *sink, bool whole, int code); /* returns the exit code */

/* ---- models (cli_models.c) ------------------------------------------------------------------------------------- */

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

/* ---- audio to units (cli_generate.c) ---------------------------------------------------------------------------- */

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

/* ---- languages of one recogniser (cli_adapters.c) ---------------------------------------------------------------- */

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

/* ---- what asr-bleu compares (cli_recordings.c, cli_languages.c) --------------------------------------------- */

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

/* ---- encoders (cli_encoder.c) ----------------------------------------------------------------------------------- */

typedef struct cli_encoder {
	const char *model_file, *layer_text;
	const char *weights_file; /* .npy of layer weights, instead of a layer; or NULL */
	float *weights;           /* [n_weights] */
	size_t n_weights;
	int feature_type; /* CLI_CHOICE, as s2st_feature_type */
	int channel;
	int layer; /* 0: not said */
	s2st_encoder *model;
	const s2st_kmeans *kmeans;
	s2st_context *context;
	s2st_encoder_info info;
} cli_encoder;

enum { CLI_N_ENCODER_OPTIONS = 4 };
void cli_encoder_options(cli_encoder *e, cli_option out[CLI_N_ENCODER_OPTIONS]);
/* Fills what the user has left to the pack (or NULL). `pack_layer`: the pack's layer holds for the pack's encoder. */
void cli_encoder_configure(const cli *c, cli_encoder *e, const s2st_pack *pack, bool pack_layer);
void cli_encoder_check(const cli *c, const cli_encoder *e); /* misuse where model or layer are missing */
/* Opens the model and sees whether it fits `kmeans` (NULL: features only). Returns CLI_OK, or the exit code after
 * saying why. */
int cli_encoder_open(cli *c, cli_encoder *e, s2st_context *context, const s2st_kmeans *kmeans, const char *kmeans_file);
int cli_encoder_session(const cli_encoder *e, s2st_quantizer **out, s2st_error *err); /* for one thread */
void cli_encoder_close(cli_encoder *e);
/* Notices about the audio that the session has read to its end, and its length for the result. */
void cli_encoder_note(const cli_encoder *e, const s2st_quantizer *session, const s2st_input *row, cli_result *result);

/* ---- one vector a file (cli_pool.c) ----------------------------------------------------------------------------- */

typedef enum cli_pooling { CLI_POOL_NONE, CLI_POOL_MEAN, CLI_POOL_MAX } cli_pooling; /* CLI_CHOICE "none|mean|max" */

typedef struct cli_pool {
	cli_pooling kind;
	size_t dim, n; /* frames so far */
	double *sum;   /* [dim] */
	float *row;    /* [dim] */
} cli_pool;

int cli_pool_begin(cli_pool *p, cli_pooling kind, size_t dim, s2st_error *err); /* a file; memory is kept */
void cli_pool_add(cli_pool *p, const float *frames, size_t n);                  /* [n, dim] */
const float *cli_pool_row(cli_pool *p); /* of at least one frame; the pool's, until its next call */
void cli_pool_free(cli_pool *p);

/* ---- S2UT training manifests (cli_manifest.c) ------------------------------------------------------------------- */

/* The table of prep_s2ut_data.py: source audio with the units of the target audio of the same id. */
typedef struct cli_s2ut_manifest {
	bool strict; /* a file without partner is a failure */
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
int cli_s2ut_manifest_begin(s2st_writer *w, s2st_error *err); /* the header line */
int cli_s2ut_manifest_row(FILE *f, const s2st_input *row, const int32_t *units, size_t n, s2st_error *err);
/* "id<TAB>path<TAB>frames<TAB>", the start of every row. */
int cli_manifest_row_start(FILE *f, const char *id, const char *path, int64_t frames, s2st_error *err);
/* config.yaml in the folder of `beside`. */
typedef struct cli_config {
	const char *audio_root, *vocoder, *vocoder_config; /* or NULL */
	bool waveforms; /* XM: audio itself and dict.txt, no filter bank */
} cli_config;
int cli_write_config(const char *beside, const cli_config *config, s2st_error *err);
/* Writes config.yaml beside c->output and says what has no partner. */
int cli_s2ut_manifest_end(cli *c, cli_s2ut_manifest *m, int *code, s2st_error *err);

/* ---- pictures for a page (cli_picture.c) ------------------------------------------------------------------------ */

/* , "KEY": {"seconds", "width", "height", "levels"} of an audio file; `q` gives log-mel frames. Nothing is printed
 * when it fails. */
int cli_print_spectrogram(FILE *out, const char *key, s2st_quantizer *q, const char *path, s2st_error *err);
/* , "attention": {"rows", "width", "height", "levels"} of a .npy matrix of weights. */
int cli_print_attention(FILE *out, const char *path, s2st_error *err);

/* ---- pairs of data sets (cli_corpora.c, cli_unit_index.c) -------------------------------------------------------- */

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

/* ---- unit lines as inputs (cli_lines.c) ------------------------------------------------------------------------- */

/* The unit lines of files and stdin, one after another, numbered over all of them. Files are read once at the start, to
 * count lines and find names that come twice; lines of a pipe are given as they come, while the stage before still
 * works. */
typedef struct cli_lines {
	int64_t total;     /* lines of this shard; -1 unknown */
	bool some_missing; /* files that cannot be read were named on stderr and left out */
	const cli_vocoder *voice;
	const char **files; /* [n_files] */
	size_t n_files, next_file;
	off_t stdin_start;
	FILE *f;
	const char *name;  /* of the open file, for messages */
	size_t number;     /* of the line in it, from 1 */
	size_t index;      /* of the unit line over all files, from 0 */
	size_t begin, end; /* unit lines of this shard */
	char *text;        /* [cap] the line */
	size_t cap;
	char *id, *where; /* of the row given last */
	s2st_names *names; /* that must not come again; NULL: all lines have been looked at */
} cli_lines;

int cli_lines_open(cli *c, cli_lines *l, const cli_vocoder *voice, s2st_error *err);
void cli_lines_close(cli_lines *l);
/* `next` of cli_work. Rows: id is what the output is called (the line's name, N_pred or N_spkK_pred), path is
 * "FILE:LINE", target the text of the line, index its number or that of fairseq's D-line. */
int cli_next_line(void *lines, s2st_input *row, s2st_error *err);

#endif
