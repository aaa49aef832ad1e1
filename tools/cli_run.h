/* Inside of the loop over inputs (cli_run.c): its parts in other files. Tools include cli.h, not this. */
#ifndef S2ST_CLI_RUN_H
#define S2ST_CLI_RUN_H

#include "cli.h"

double cli_now(void); /* seconds of a clock that only goes forward */

/* ---- progress (cli_progress.c) ---- */

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

/* ---- results (cli_result.c) ---- */

int cli_result_open(cli_result *r, s2st_error *err);
int cli_result_close(cli_result *r, s2st_error *err); /* the texts are whole then */
void cli_result_free(cli_result *r);
size_t cli_result_size(const cli_result *r); /* bytes that it holds in memory */
void cli_result_say(cli *c, const cli_result *r); /* its notices, on stderr */

/* ---- the report (cli_report.c) ---- */

typedef struct cli_report {
	s2st_writer *w; /* NULL: nobody asked for one */
} cli_report;

int cli_report_open(cli_report *r, const cli *c, s2st_error *err);
int cli_report_add(cli_report *r, const cli_item *item, s2st_error *err);
int cli_report_close(cli_report *r, s2st_error *err);

#endif
