#include "audio/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audio/columns.h"
#include "base/file.h"
#include "base/size.h"

typedef enum manifest_kind { LIST, GSLM, TABLE } manifest_kind;

struct s2_manifest {
	manifest_kind kind;
	s2_lines lines;
	bool is_tsv;
	char *root; /* joined before relative paths, but not in a LIST; NULL: none */
	char *path; /* of the current row, joined */
	char *line; /* LIST: the first line, read to tell the kind and not yet given out; else NULL */
	size_t n_rows; /* given out */
	/* TABLE */
	int n_columns;
	int id, audio, frames, target; /* columns */
};

static int column_of_either(const char *header, const char *name, const char *other)
{
	int column = s2_find_column(header, name);
	return column == S2_NO_COLUMN ? s2_find_column(header, other) : column;
}

/* False: the line is no header of a table of audio. */
static bool read_header(s2_manifest *m, const char *line)
{
	m->n_columns = s2_count_columns(line);
	m->id = s2_find_column(line, "id");
	m->audio = column_of_either(line, "src_audio", "audio");
	m->frames = column_of_either(line, "src_n_frames", "n_frames");
	m->target = column_of_either(line, "tgt_audio", "tgt_text");
	return m->n_columns > 1 && m->id != S2_NO_COLUMN && m->audio != S2_NO_COLUMN;
}

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int next_line(s2_manifest *m, char **line, s2st_error *err)
{
	int rc;
	do
		rc = s2_lines_next(&m->lines, line, err);
	while (rc == 1 && !**line);
	return rc;
}

static int keep(char **copy, const char *s, s2st_error *err)
{
	free(*copy);
	*copy = strdup(s);
	return *copy ? S2ST_OK : s2_fail_mem(err, "manifest");
}

/* Tells the kind by the first line, and keeps what it says. */
static int read_first_line(s2_manifest *m, s2st_error *err)
{
	char *line;
	int rc = next_line(m, &line, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return s2_fail(err, S2ST_EFORMAT, "%s: expected a list of audio files, found nothing", m->lines.name);
	if (read_header(m, line)) {
		m->kind = TABLE;
		return S2ST_OK;
	}
	if (m->is_tsv && strchr(line, '\t'))
		return s2_fail(err, S2ST_EFORMAT,
			       "%s:%zu: expected a root folder, or a header with the columns id and src_audio or "
			       "audio, found \"%.200s\"",
			       m->lines.name, m->lines.number, line);
	m->kind = m->is_tsv || is_folder(line) ? GSLM : LIST;
	return keep(m->kind == GSLM ? &m->root : &m->line, line, err);
}

int s2_manifest_open(s2_manifest **out, s2_lines *lines, bool is_tsv, const char *audio_root, s2st_error *err)
{
	*out = NULL;
	s2_manifest *m = calloc(1, sizeof *m);
	if (!m) {
		s2_lines_close(lines);
		return s2_fail_mem(err, "manifest");
	}
	m->lines = *lines;
	*lines = (s2_lines){0};
	m->is_tsv = is_tsv;
	int rc = audio_root && *audio_root ? keep(&m->root, audio_root, err) : S2ST_OK;
	if (rc == S2ST_OK)
		rc = read_first_line(m, err);
	if (rc < 0) {
		s2_manifest_free(m);
		return rc;
	}
	*out = m;
	return S2ST_OK;
}

void s2_manifest_free(s2_manifest *m)
{
	if (!m)
		return;
	s2_lines_close(&m->lines);
	free(m->root);
	free(m->path);
	free(m->line);
	free(m);
}

bool s2_manifest_rewindable(const s2_manifest *m)
{
	return s2_lines_rewindable(&m->lines);
}

int s2_manifest_rewind(s2_manifest *m, s2st_error *err)
{
	m->n_rows = 0;
	S2_TRY(s2_lines_rewind(&m->lines, err));
	return read_first_line(m, err);
}

static int fail_row(const s2_manifest *m, s2st_error *err, const char *expected, const char *found)
{
	return s2_fail(err, S2ST_EFORMAT, "%s:%zu: expected %s, found \"%.200s\"", m->lines.name, m->lines.number,
		       expected, found);
}

static int parse_frames(const s2_manifest *m, const char *text, int64_t *out, s2st_error *err)
{
	return s2_parse_frames(text, out) ? S2ST_OK : fail_row(m, err, "a number of frames", text);
}

static int set_path(s2_manifest *m, const char *path, s2st_input *row, s2st_error *err)
{
	if (!*path)
		return fail_row(m, err, "the path of an audio file", path);
	free(m->path);
	m->path = s2_path_join(m->root && m->kind != LIST ? m->root : "", path);
	if (!m->path)
		return s2_fail_mem(err, "path");
	row->path = m->path;
	return S2ST_OK;
}

static int read_gslm_row(s2_manifest *m, char *line, s2st_input *row, s2st_error *err)
{
	int n = s2_count_columns(line);
	if (n != 2)
		return s2_fail(err, S2ST_EFORMAT,
			       "%s:%zu: expected 2 columns (path, frames) below the root folder, found %d",
			       m->lines.name, m->lines.number, n);
	char *path = s2_next_column(&line);
	S2_TRY(parse_frames(m, line, &row->n_frames, err));
	return set_path(m, path, row, err);
}

static int read_table_row(s2_manifest *m, char *line, s2st_input *row, s2st_error *err)
{
	int n = s2_count_columns(line);
	if (n != m->n_columns)
		return s2_fail(err, S2ST_EFORMAT, "%s:%zu: expected %d columns as in the header, found %d",
			       m->lines.name, m->lines.number, m->n_columns, n);
	for (int column = 0; line; column++) {
		char *field = s2_next_column(&line);
		if (column == m->id)
			row->id = field;
		else if (column == m->audio)
			S2_TRY(set_path(m, field, row, err));
		else if (column == m->frames)
			S2_TRY(parse_frames(m, field, &row->n_frames, err));
		else if (column == m->target)
			row->target = field;
	}
	return *row->id ? S2ST_OK : fail_row(m, err, "an id", row->id);
}

static int read_row(s2_manifest *m, char *line, s2st_input *row, s2st_error *err)
{
	switch (m->kind) {
	case GSLM: return read_gslm_row(m, line, row, err);
	case TABLE: return read_table_row(m, line, row, err);
	default: return set_path(m, line, row, err);
	}
}

int s2_manifest_next(s2_manifest *m, s2st_input *row, s2st_error *err)
{
	*row = (s2st_input){.n_frames = -1};
	char *first = m->line, *line = first;
	m->line = NULL;
	int rc = first ? 1 : next_line(m, &line, err);
	if (rc == 1)
		rc = read_row(m, line, row, err);
	else if (rc == 0 && m->n_rows == 0)
		rc = s2_fail(err, S2ST_EFORMAT, "%s: expected rows below the first line, found none",
			     m->lines.name);
	else
		return rc;
	free(first);
	m->n_rows++;
	return rc < 0 ? rc : 1;
}
