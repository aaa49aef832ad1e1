/* Unit lines as inputs. */
#ifndef S2ST_CLI_LINES_H
#define S2ST_CLI_LINES_H

#include "cli_models.h"

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
	char *id, *where;  /* of the row given last */
	char *problem;     /* of such a row, whose name came before; NULL: of none yet */
	bool scanning;     /* before the work: such a row is an error */
	s2st_names *names; /* that must not come again; NULL: all lines have been looked at */
} cli_lines;

int cli_lines_open(cli *c, cli_lines *l, const cli_vocoder *voice, s2st_error *err);
void cli_lines_close(cli_lines *l);
/* `next` of cli_work. Rows: id is what the output is called (the line's name, N_pred or N_spkK_pred), path is
 * "FILE:LINE", target the text of the line, index its number or that of fairseq's D-line. */
int cli_next_line(void *lines, s2st_input *row, s2st_error *err);

#endif
