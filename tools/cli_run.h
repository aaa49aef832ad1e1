/* Inside of the loop over inputs (cli_run.c): its parts in other files. Tools include cli.h, not this. */
#ifndef S2ST_CLI_RUN_H
#define S2ST_CLI_RUN_H

#include <signal.h>

#include "cli.h"

double cli_now(void); /* seconds of a clock that only goes forward */
/* Names of files may hold anything: what would break a line, or make a terminal do things, becomes a question mark. */
void cli_print_safe(FILE *f, const char *s);

/* ---- progress (cli_progress.c) ------------------------------------------------------------------------------- */

typedef struct cli_progress {
	cli *c;
	int64_t total, done, failed; /* total -1: unknown */
	double audio;                /* seconds */
	double start, last;
	bool shown;
} cli_progress;

void cli_progress_start(cli_progress *p, cli *c, int64_t total);
void cli_progress_show(cli_progress *p);
void cli_progress_end(cli_progress *p);

/* ---- results (cli_result.c) ---------------------------------------------------------------------------------- */

int cli_result_open(cli_result *r, s2st_error *err);
int cli_result_close(cli_result *r, s2st_error *err); /* the texts are whole then */
void cli_result_free(cli_result *r);
size_t cli_result_size(const cli_result *r); /* bytes that it holds in memory */
void cli_result_say(cli *c, const cli_result *r); /* its notices, on stderr */

/* ---- the report (cli_report.c) ------------------------------------------------------------------------------- */

typedef struct cli_report {
	s2st_writer *w; /* NULL: nobody asked for one */
} cli_report;

int cli_report_open(cli_report *r, const cli *c, s2st_error *err);
int cli_report_add(cli_report *r, const cli_item *item, s2st_error *err);
int cli_report_close(cli_report *r, s2st_error *err);

/* ---- what is done, for --resume (cli_state.c) ---------------------------------------------------------------- */

typedef struct cli_state {
	s2st_journal *journal; /* NULL: none is kept */
	const char *folder;    /* of the outputs; NULL: none */
	uint64_t config;       /* of the tool, its options and the files it depends on */
	bool look;             /* --resume: what the journal has is not done again */
	s2st_archives *archives; /* of the inputs */
} cli_state;

/* Opens the journal; `config` must have been set. */
int cli_state_open(cli_state *s, const cli *c, const cli_work *w, s2st_error *err);
void cli_state_close(cli_state *s);
/* 1: the row is done, its result filled; 0: it is not. One thread at a time in this one and the next. */
int cli_state_find(const cli_state *s, const cli_work *w, const s2st_input *row, cli_result *result, s2st_error *err);
/* Before the work on a row, and after: records it, unless its input has changed in between. */
void cli_state_begin(const cli_state *s, const cli_work *w, cli_item *item);
int cli_state_add(const cli_state *s, const cli_work *w, const cli_item *item, s2st_error *err);

/* ---- before the work (cli_dry.c) ----------------------------------------------------------------------------- */

/* Can the row be done: does its name fit where it is written, is its output not there? `place`: gets the path of its
 * output, malloc'ed (NULL: it has none), also on failure; or NULL. */
int cli_row_check(const cli *c, const cli_work *w, const s2st_input *row, char **place, s2st_error *err);
int cli_dry_run(cli *c, const cli_work *w);

/* ---- mapped files that are cut short (cli_maps.c) ------------------------------------------------------------ */

void cli_maps_guard(struct sigaction *before); /* between the two, pages that have gone are zeros */
void cli_maps_unguard(const struct sigaction *before);
unsigned cli_maps_lost(void); /* how many such pages were met so far */

/* ---- what results depend on (cli_depend.c) ------------------------------------------------------------------- */

/* A hash of the tool, its options and the files it depends on. */
uint64_t cli_config_hash(const cli *c);
void cli_depends_free(cli *c);

#endif
