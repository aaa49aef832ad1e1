/* What would be done with each input: the checks before the work, and --dry-run. */
#include <stdlib.h>
#include <string.h>

#include "cli_run.h"

int cli_row_check(const cli *c, const cli_work *w, const s2st_input *row, char **place, s2st_error *err)
{
	char *path = NULL;
	int rc = S2ST_OK;
	if (row->problem)
		rc = cli_fail(err, S2ST_EIO, "%s", row->problem);
	else if (w->separators && strpbrk(row->id, "\r\n"))
		rc = cli_fail(err, S2ST_EINPUT, "a name with a line end cannot stand in a line of text");
	else if (w->separators && strpbrk(row->id, w->separators))
		rc = cli_fail(err, S2ST_EINPUT, "a name with a tab cannot stand in a line of tab-separated parts");
	if (rc == S2ST_OK && w->place)
		rc = w->place(w->self, row, &path, err);
	if (rc == S2ST_OK && path)
		rc = cli_check_output(c, path, err);
	if (place)
		*place = path;
	else
		free(path);
	return rc;
}

typedef struct counts {
	long long todo, skipped, refused;
} counts;

static void print_field(const char *s, char end)
{
	cli_print_safe(stdout, s);
	putchar(end);
}

static int look_at(cli *c, const cli_work *w, const cli_state *state, const s2st_input *row, counts *n, s2st_error *err)
{
	cli_result result = {0};
	s2st_error why = {""};
	char *place = NULL;
	int rc = cli_state_find(state, w, row, &result, err);
	if (rc < 0)
		return rc;
	const int refused = cli_row_check(c, w, row, &place, &why);
	const char *what = "do";
	if (rc > 0) {
		what = "skip";
		n->skipped++;
	} else if (refused < 0) {
		what = "refuse";
		n->refused++;
		cli_error(c, cli_display(row->path), why.text);
	} else {
		n->todo++;
	}
	print_field(what, '\t');
	print_field(cli_display(row->path), '\t');
	print_field(place ? place : w->file ? w->file : "-", '\n');
	free(place);
	cli_result_free(&result);
	return S2ST_OK;
}

int cli_dry_run(cli *c, const cli_work *w)
{
	s2st_error err;
	s2st_input row;
	cli_state state;
	counts n = {0};
	int rc = cli_state_open(&state, c, w, &err), more = 0;
	while (rc == S2ST_OK && !cli_caught_signal() && (more = w->next(w->source, &row, &err)) > 0)
		rc = look_at(c, w, &state, &row, &n, &err);
	cli_state_close(&state);
	if (rc < 0 || more < 0)
		cli_error(c, NULL, err.text);
	else
		cli_info(c, "%lld to do, %lld done before, %lld refused", n.todo, n.skipped, n.refused);
	return rc < 0 || more < 0 || n.refused ? CLI_FAILED : CLI_OK;
}
