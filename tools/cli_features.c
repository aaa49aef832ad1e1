/* Features as .npy: a matrix for all inputs with a text file that tells whose rows they are, or a file for each. */
#include "cli_encoder.h"
#include "cli_features.h"

#include <stdlib.h>
#include <string.h>

/* ---- a matrix and its lines ---- */

static const char suffix_npy[] = ".npy";
enum { SUFFIX = sizeof suffix_npy - 1 };

bool cli_is_matrix(const char *path)
{
	const size_t n = strlen(path);
	return n > SUFFIX && strcmp(path + n - SUFFIX, suffix_npy) == 0;
}

/* FILE.suffix of FILE.npy, malloc'ed; NULL: out of memory. */
static char *lines_of(const char *path, const char *suffix)
{
	char *lines;
	return asprintf(&lines, "%.*s.%s", (int)(strlen(path) - SUFFIX), path, suffix) < 0 ? NULL : lines;
}

int cli_matrix_open(const cli *c, cli_matrix *m, const char *path, const char *suffix, size_t dim, s2st_error *err)
{
	int rc = cli_check_output(c, path, err);
	if (rc < 0)
		return rc;
	char *lines = lines_of(path, suffix);
	if (!lines)
		return cli_fail_memory(err);
	rc = c->dry_run ? S2ST_OK : s2st_npy_rows_open(&m->rows, path, dim, err);
	if (rc == S2ST_OK)
		rc = cli_open_stream(c, &m->lines, lines, err);
	free(lines);
	return rc;
}

int cli_matrix_commit(cli_matrix *m, s2st_error *err)
{
	int rc = S2ST_OK;
	if (m->lines)
		rc = s2st_writer_commit(m->lines, err);
	m->lines = NULL;
	if (rc == S2ST_OK && m->rows) {
		rc = s2st_npy_rows_commit(m->rows, err);
		m->rows = NULL;
	}
	return rc;
}

void cli_matrix_abort(cli_matrix *m)
{
	s2st_npy_rows_abort(m->rows);
	s2st_writer_abort(m->lines);
	*m = (cli_matrix){0};
}

/* ---- where features go ---- */

bool cli_features_in_file(const cli_features *f)
{
	return f->path && cli_is_matrix(f->path) && !cli_is_folder(f->path);
}

bool cli_features_in_folder(const cli_features *f)
{
	return f->path && !cli_features_in_file(f);
}

static const char *lines_suffix(const cli_features *f)
{
	return f->pooling == CLI_POOL_NONE ? "len" : "ids";
}

char *cli_features_lines(const cli_features *f)
{
	return lines_of(f->path, lines_suffix(f));
}

int cli_features_open(const cli *c, cli_features *f, size_t dim, s2st_error *err)
{
	f->c = c;
	f->dim = dim;
	if (cli_features_in_file(f))
		return cli_matrix_open(c, &f->all, f->path, lines_suffix(f), dim, err);
	return f->path && !c->dry_run ? cli_make_folder(f->path, err) : S2ST_OK;
}

int cli_features_commit(cli_features *f, s2st_error *err)
{
	return cli_matrix_commit(&f->all, err);
}

void cli_features_abort(cli_features *f)
{
	cli_matrix_abort(&f->all);
}

/* ---- one input ---- */

static int open_own(const cli_features *f, s2st_npy_rows **out, const char *id, cli_result *result, s2st_error *err)
{
	char *path;
	int rc = cli_output_path(&path, f->path, id, suffix_npy, err);
	if (rc < 0)
		return rc;
	rc = cli_result_output(f->c, result, path, err);
	if (rc == S2ST_OK)
		rc = s2st_npy_rows_open(out, path, f->dim, err);
	free(path);
	return rc;
}

int cli_features_begin(const cli_features *f, cli_feature_rows *out, cli_pool *pool, const s2st_input *row,
		       cli_result *result, s2st_error *err)
{
	*out = (cli_feature_rows){.to = f, .rows = f->all.rows, .pool = pool};
	if (!f->path)
		return S2ST_OK;
	if (f->pooling != CLI_POOL_NONE && strpbrk(row->id, "\t\r\n"))
		return cli_fail(err, S2ST_EINPUT, "a name with a tab or a line end cannot stand in the list of ids");
	int rc = cli_pool_begin(pool, (cli_pooling)f->pooling, f->dim, err);
	if (rc == S2ST_OK && !out->rows)
		rc = open_own(f, &out->rows, row->id, result, err);
	if (rc == S2ST_OK)
		out->start = s2st_npy_rows_count(out->rows);
	return rc;
}

int cli_features_add(cli_feature_rows *r, const float *frames, size_t n, s2st_error *err)
{
	if (!r->rows)
		return S2ST_OK;
	if (r->to->pooling == CLI_POOL_NONE)
		return s2st_npy_rows_add(r->rows, frames, n, err);
	cli_pool_add(r->pool, frames, n);
	return S2ST_OK;
}

int cli_features_end(cli_feature_rows *r, const s2st_input *row, int rc, s2st_error *err)
{
	const cli_features *f = r->to;
	s2st_error cause;
	if (!r->rows)
		return rc;
	if (rc == S2ST_OK && f->pooling != CLI_POOL_NONE)
		rc = s2st_npy_rows_add(r->rows, cli_pool_row(r->pool), 1, err);
	if (r->rows != f->all.rows) {
		if (rc == S2ST_OK)
			return s2st_npy_rows_commit(r->rows, err);
		s2st_npy_rows_abort(r->rows);
		return rc;
	}
	if (rc < 0 && s2st_npy_rows_cut(r->rows, r->start, &cause) < 0)
		return cli_fail(err, S2ST_EIO, "%s", cause.text);
	if (rc < 0)
		return rc;
	if (f->pooling != CLI_POOL_NONE)
		return s2st_writer_printf(f->all.lines, err, "%s\t%s\n", row->id, cli_display(row->path));
	return s2st_writer_printf(f->all.lines, err, "%zu\n", s2st_npy_rows_count(r->rows) - r->start);
}
