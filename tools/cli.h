/* What every tool shares: options, messages, exit codes, progress, the loop over inputs, outputs.
 *
 * The contract (README, "Command line"): results on stdout or in -o, everything else on stderr; --help on stdout,
 * misuse on stderr; outputs appear whole or not at all; exit codes as below. A tool is
 *
 *   describe options in tables  ->  cli_parse  ->  open models  ->  cli_run over the inputs  ->  cli_end
 *
 * The tools include s2st.h, this header and cli_*.h (what some of them share), nothing else of the project. */
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

/* ---- options (cli_options.c) --------------------------------------------------------------------------------- */

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
	bool no_resume;       /* it makes one thing of all inputs, or keeps nothing: refuses --resume, advises none */
	const char *const *idle; /* names of options that do not change what comes out, then NULL; or NULL */
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
	uint64_t inputs; /* hash of all inputs (cli_depend_inputs); S2ST_HASH_START: not asked for */
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
/* So is --report where no inputs are gone through. */
void cli_no_report(const cli *c, const char *why);
/* Last thing in main: closes stdout and says so if that fails; returns the exit code, or dies of a signal caught. */
int cli_end(cli *c, int code);
bool cli_caught_signal(void);

/* ---- messages (cli.c) ---------------------------------------------------------------------------------------- */

/* One line on stderr, "tool: about: sentence"; `about` is left out when NULL or when the sentence starts with it, or
 * with a file in it. */
void cli_error(cli *c, const char *about, const char *sentence);
void cli_note(cli *c, cli_notice kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void cli_info(cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* with -v only */

/* ---- outputs that are there (cli.c), what results depend on (cli_depend.c) ----------------------------------- */

/* A stream to `path`, "-" for stdout; *out is NULL with --dry-run. Refuses to replace a file without --overwrite or
 * --resume. */
int cli_open_stream(const cli *c, s2st_writer **out, const char *path, s2st_error *err);
int cli_check_output(const cli *c, const char *path, s2st_error *err); /* the refusal alone */

/* Results depend on the contents of `file`, a file or a folder of them (NULL, or not there: no matter); said before it
 * is opened. cli_run stops if it changes meanwhile, --resume does again what was made with another. */
int cli_depend(cli *c, const char *file, s2st_error *err);
/* The same for `name` in the folder of `file`. */
int cli_depend_beside(cli *c, const char *file, const char *name, s2st_error *err);
/* The same for an input: its name counts too, as inputs that change places make another result. */
int cli_depend_input(cli *c, const char *file, s2st_error *err);
/* Have the files changed since? Names one of them. cli_run asks this; others do before they write. One thread at a
 * time. */
int cli_depends_check(cli *c, s2st_error *err);
/* For --resume of tools that make one FILE of all they are given (cli_state.c): is it what was recorded for these
 * options, arguments and contents of all that was said to cli_depend and cli_depend_inputs? 1: it is, 0: make it. And
 * the record of it, `files[0]`, and of all that was written with it, when it has been. Without --resume neither does
 * anything. */
int cli_whole_find(const cli *c, const char *file, s2st_error *err);
int cli_whole_add(const cli *c, const char *const *files, size_t n_files, s2st_error *err);

/* ---- small things (cli.c, cli_format.c) ---------------------------------------------------------------------- */

bool cli_is_folder(const char *path);
bool cli_is_file(const char *path); /* a regular one */
bool cli_exists(const char *path);
int cli_make_folder(const char *path, s2st_error *err); /* with its parents; there already: fine */
/* "DIR/IDsuffix" in a malloc'ed string; refuses ids that would leave the folder. IDs may name folders in it. */
int cli_output_path(char **out, const char *dir, const char *id, const char *suffix, s2st_error *err);
bool cli_has_text(const char *path, const char *text, size_t n); /* is that all that is in the file? */
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

/* ---- the loop over inputs (cli_run.c, cli_result.c) ---------------------------------------------------------- */

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
	bool paired;           /* so are targets: a result depends on both */
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

/* ---- inputs (cli_inputs.c) ----------------------------------------------------------------------------------- */

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
/* The folder among the arguments in which `output` would be found by the next run; NULL: there is none. */
const char *cli_reads_output(const cli *c, const cli_source *source, const char *output);
/* For --resume of tools that make one FILE of all audio they are given: the result depends on names and contents of
 * all inputs that are `wanted` (NULL: all). Misuse where they cannot be read twice. Returns CLI_OK, or the exit code
 * after saying why. */
int cli_depend_inputs(cli *c, const cli_source *source, bool (*wanted)(const void *self, const s2st_input *row),
		      const void *self);
/* What c->inputs becomes by one of them. */
uint64_t cli_hash_input(uint64_t h, const cli *c, const s2st_input *row);

/* ---- audio in and out (cli_audio.c) -------------------------------------------------------------------------- */

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

#endif
