/* Mined pairs of audio (s2st_pairs of the public header). */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/columns.h"
#include "audio/lines.h"

enum { SPEECH_MATRIX_COLUMNS = 3 };

struct s2st_pairs {
	s2_lines lines;
	int n_columns;
	int score, source, target, id, source_frames, target_frames;
	char *first;      /* a first line that is no header; else NULL */
	bool first_waits; /* to be given out */
};

/* ---- the header ----------------------------------------------------------------------------------------------- */

/* score, audio, audio: the last two are called as the file's maker liked. */
static void set_speech_matrix(s2st_pairs *p)
{
	p->n_columns = SPEECH_MATRIX_COLUMNS;
	p->score = 0;
	p->source = 1;
	p->target = 2;
	p->id = p->source_frames = p->target_frames = S2_NO_COLUMN;
}

static bool starts_with_number(const char *line)
{
	char *end;
	(void)strtod(line, &end);
	return end > line && *end == '\t';
}

static int read_header(s2st_pairs *p, const char *line, s2st_error *err)
{
	p->n_columns = s2_count_columns(line);
	p->score = s2_find_column(line, "score");
	p->source = s2_find_column(line, "src_audio");
	p->target = s2_find_column(line, "tgt_audio");
	p->id = s2_find_column(line, "id");
	p->source_frames = s2_find_column(line, "src_n_frames");
	p->target_frames = s2_find_column(line, "tgt_n_frames");
	if (p->score != S2_NO_COLUMN && p->source != S2_NO_COLUMN && p->target != S2_NO_COLUMN)
		return S2ST_OK;
	if (p->score == 0 && p->n_columns == SPEECH_MATRIX_COLUMNS) {
		set_speech_matrix(p);
		return S2ST_OK;
	}
	return s2_fail(err, S2ST_EFORMAT,
		       "%s:%zu: expected mined pairs, \"score<TAB>audio<TAB>audio\", or a header with score, src_audio "
		       "and tgt_audio, found \"%.200s\"",
		       p->lines.name, p->lines.number, line);
}

static int read_first_line(s2st_pairs *p, s2st_error *err)
{
	char *line;
	const int rc = s2_lines_next(&p->lines, &line, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return s2_fail(err, S2ST_EFORMAT, "%s: expected mined pairs, found nothing", p->lines.name);
	if (!starts_with_number(line))
		return read_header(p, line, err);
	set_speech_matrix(p);
	p->first = strdup(line);
	p->first_waits = true;
	return p->first ? S2ST_OK : s2_fail_mem(err, p->lines.name);
}

int s2st_pairs_open(s2st_pairs **out, const char *path, s2st_error *err)
{
	const bool is_stdin = strcmp(path, "-") == 0;
	*out = NULL;
	s2st_pairs *p = calloc(1, sizeof *p);
	if (!p)
		return s2_fail_mem(err, path);
	const int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? s2_fail(err, S2ST_EIO, "%s: cannot open: %s", path, strerror(errno))
			: s2_lines_open(&p->lines, fd, is_stdin ? "stdin" : path, err);
	if (rc == S2ST_OK)
		rc = read_first_line(p, err);
	if (rc < 0) {
		s2st_pairs_free(p);
		return rc;
	}
	*out = p;
	return S2ST_OK;
}

void s2st_pairs_free(s2st_pairs *p)
{
	if (!p)
		return;
	s2_lines_close(&p->lines);
	free(p->first);
	free(p);
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

static int fail_row(const s2st_pairs *p, s2st_error *err, const char *expected, const char *found)
{
	return s2_fail(err, S2ST_EFORMAT, "%s:%zu: expected %s, found \"%.200s\"", p->lines.name, p->lines.number,
		       expected, found);
}

static int parse_score(const s2st_pairs *p, const char *text, double *out, s2st_error *err)
{
	char *end;
	*out = strtod(text, &end);
	if (end == text || *end || !isfinite(*out))
		return fail_row(p, err, "a score", text);
	return S2ST_OK;
}

static int read_row(s2st_pairs *p, char *line, s2st_pair *out, s2st_error *err)
{
	const int n = s2_count_columns(line);
	if (n != p->n_columns)
		return s2_fail(err, S2ST_EFORMAT, "%s:%zu: expected %d columns, found %d", p->lines.name,
			       p->lines.number, p->n_columns, n);
	for (int column = 0; line; column++) {
		char *field = s2_next_column(&line);
		if (column == p->score)
			S2_TRY(parse_score(p, field, &out->score, err));
		else if (column == p->source)
			out->source = field;
		else if (column == p->target)
			out->target = field;
		else if (column == p->id)
			out->id = field;
		else if (column == p->source_frames || column == p->target_frames) {
			int64_t *to = column == p->source_frames ? &out->source_frames : &out->target_frames;
			if (!s2_parse_frames(field, to))
				return fail_row(p, err, "a number of frames", field);
		}
	}
	if (!*out->source || !*out->target || (out->id && !*out->id))
		return s2_fail(err, S2ST_EFORMAT, "%s:%zu: expected two audio paths, found an empty column",
			       p->lines.name, p->lines.number);
	return S2ST_OK;
}

int s2st_pairs_next(s2st_pairs *p, s2st_pair *out, s2st_error *err)
{
	char *line = p->first_waits ? p->first : NULL;
	int rc = 1;
	*out = (s2st_pair){.source_frames = -1, .target_frames = -1};
	p->first_waits = false;
	while (rc == 1 && (!line || !*line))
		rc = s2_lines_next(&p->lines, &line, err);
	if (rc != 1)
		return rc;
	out->line = p->lines.number;
	rc = read_row(p, line, out, err);
	return rc < 0 ? rc : 1;
}
