/* Unit lines as rows for cli_run: files and stdin, one after another. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_lines.h"
#include "cli_models.h"

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static int open_file(cli_lines *l, s2st_error *err)
{
	const char *path = l->files[l->next_file++];
	const bool standard = strcmp(path, "-") == 0;
	l->name = cli_display(path);
	l->number = 0;
	l->f = standard ? stdin : fopen(path, "r");
	return l->f ? S2ST_OK : cli_fail(err, S2ST_EIO, "%s: cannot open: %s", path, strerror(errno));
}

static void close_file(cli_lines *l)
{
	if (l->f && l->f != stdin)
		fclose(l->f);
	l->f = NULL;
}

/* The next line of any file into l->text: 1, or 0 at the end. */
static int read_line(cli_lines *l, size_t *n, s2st_error *err)
{
	while (l->f || l->next_file < l->n_files) {
		int rc = l->f ? S2ST_OK : open_file(l, err);
		if (rc < 0)
			return rc;
		errno = 0;
		ssize_t got = getline(&l->text, &l->cap, l->f);
		if (got >= 0) {
			l->number++;
			*n = (size_t)got;
			return 1;
		}
		if (!feof(l->f))
			return cli_fail(err, S2ST_EIO, "%s: cannot read: %s", l->name, strerror(errno));
		close_file(l);
	}
	return 0;
}

/* What the output of a line is called: its name, or fairseq's N_pred, N_spkK_pred. */
static char *stem_of(const s2st_unit_line *line, size_t index, const cli_vocoder *voice)
{
	char *stem = NULL;
	int rc;
	if (line->name) {
		size_t n = strlen(line->name);
		bool wav = n > 4 && strcmp(line->name + n - 4, ".wav") == 0;
		return strndup(line->name, wav ? n - 4 : n);
	}
	if (voice->info.n_speakers > 0)
		rc = asprintf(&stem, "%zu_spk%d_pred", index, cli_speaker(voice, index));
	else
		rc = asprintf(&stem, "%zu_pred", index);
	return rc < 0 ? NULL : stem;
}

static int fill_row(cli_lines *l, s2st_input *row, const s2st_unit_line *line, size_t place, size_t n, s2st_error *err)
{
	const size_t index = line->sample >= 0 ? (size_t)line->sample : place;
	free(l->id);
	free(l->where);
	l->id = stem_of(line, index, l->voice);
	if (asprintf(&l->where, "%s:%zu", l->name, l->number) < 0)
		l->where = NULL;
	if (!l->id || !l->where)
		return cli_fail_memory(err);
	if (strlen(l->text) != n)
		l->text[0] = 0; /* a NUL byte: what is left has no units, and the line says so */
	*row = (s2st_input){.id = l->id, .path = l->where, .target = l->text, .index = index, .n_frames = -1};
	size_t earlier;
	const int rc = l->names ? s2st_names_add(l->names, l->id, strlen(l->id), place, &earlier, err) : 1;
	if (rc != 0)
		return rc;
	(void)cli_fail(err, S2ST_EINPUT, "%s: '%s' was the name of an earlier line, whose output it would replace",
		       l->where, l->id);
	if (l->scanning)
		return S2ST_EINPUT;
	free(l->problem); /* the lines before are done by now, those behind may be as well */
	l->problem = strdup(err->text);
	row->problem = l->problem;
	return l->problem ? 1 : cli_fail_memory(err);
}

/* A row is text that the worker parses: here its kind and name are looked at only. A line that is no unit line is a
 * row too, which fails when its turn comes. */
int cli_next_line(void *source, s2st_input *row, s2st_error *err)
{
	cli_lines *l = source;
	size_t n = 0;
	int rc;
	while ((rc = read_line(l, &n, err)) > 0) {
		s2st_unit_line line;
		s2st_error bad;
		if (s2st_unit_line_parse(&line, l->text, n, &bad) == 0)
			continue;
		const size_t place = l->index++;
		const bool mine = place >= l->begin && place < l->end;
		if (mine)
			rc = fill_row(l, row, &line, place, n, err);
		s2st_unit_line_free(&line);
		if (mine)
			return rc;
	}
	return rc;
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

static bool can_read(const char *path, s2st_error *err)
{
	if (cli_is_folder(path))
		(void)cli_fail(err, S2ST_EIO, "%s: expected a file of unit lines, found a folder", path);
	else if (strcmp(path, "-") != 0 && access(path, R_OK) != 0)
		(void)cli_fail(err, S2ST_EIO, "%s: cannot open: %s", path, strerror(errno));
	else
		return true;
	return false;
}

static bool can_rewind(cli_lines *l)
{
	struct stat st;
	for (size_t i = 0; i < l->n_files; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
		const bool standard = strcmp(l->files[i], "-") == 0;
		if ((standard ? fstat(STDIN_FILENO, &st) : stat(l->files[i], &st)) != 0 || !S_ISREG(st.st_mode))
			return false;
		if (standard)
			l->stdin_start = ftello(stdin);
	}
	return true;
}

/* Reads all lines once: counts them and finds names that come twice before anything is done. */
static int scan(cli_lines *l, size_t *count, s2st_error *err)
{
	s2st_input row;
	int rc;
	l->scanning = true;
	while ((rc = cli_next_line(l, &row, err)) > 0)
		continue;
	l->scanning = false;
	close_file(l);
	s2st_names_free(l->names);
	l->names = NULL;
	*count = l->index;
	l->index = l->next_file = 0;
	if (rc == 0 && l->stdin_start >= 0) {
		clearerr(stdin);
		if (fseeko(stdin, l->stdin_start, SEEK_SET) != 0)
			return cli_fail(err, S2ST_EIO, "stdin: cannot rewind: %s", strerror(errno));
	}
	return rc;
}

/* The files that can be read; a line on stderr for each of the others. */
static int keep_readable(cli *c, cli_lines *l, s2st_error *err)
{
	if (c->n_args == 0)
		c->args[c->n_args++] = "-"; /* cli_parse left room for one more */
	const char **files = calloc(c->n_args, sizeof *files);
	size_t n = 0;
	if (!files)
		return cli_fail_memory(err);
	for (size_t i = 0; i < c->n_args; i++) {
		if (can_read(c->args[i], err))
			files[n++] = c->args[i];
		else
			cli_error(c, NULL, err->text);
	}
	l->some_missing = n < c->n_args;
	l->files = files;
	l->n_files = n;
	return S2ST_OK;
}

int cli_lines_open(cli *c, cli_lines *l, const cli_vocoder *voice, s2st_error *err)
{
	size_t count = 0;
	*l = (cli_lines){.end = SIZE_MAX, .stdin_start = -1, .total = -1, .voice = voice};
	int rc = keep_readable(c, l, err);
	if (rc == S2ST_OK)
		rc = s2st_names_new(&l->names, err);
	if (rc < 0)
		return rc;
	if (!can_rewind(l) && c->n_shards > 1)
		return cli_fail(err, S2ST_EINPUT, "--shard needs the number of lines: give files, not a pipe");
	if (!can_rewind(l))
		return S2ST_OK;
	rc = scan(l, &count, err);
	if (rc < 0)
		return rc;
	s2st_shard_range(count, c->shard, c->n_shards, &l->begin, &l->end);
	l->total = (int64_t)(l->end - l->begin);
	return S2ST_OK;
}

void cli_lines_close(cli_lines *l)
{
	close_file(l);
	s2st_names_free(l->names);
	free(l->files);
	free(l->text);
	free(l->id);
	free(l->where);
	free(l->problem);
}
