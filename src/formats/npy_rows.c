/* s2st_npy_rows_*: a matrix whose number of rows is known at its end. */
#include <stdlib.h>

#include "base/file.h"
#include "base/size.h"
#include "formats/npy.h"

struct s2st_npy_rows {
	s2st_writer *file;
	size_t cols, n;
	size_t start; /* of the rows in the file */
};

static int make_header(const s2st_npy_rows *w, unsigned char out[S2_NPY_HEADER], size_t *n, s2st_error *err)
{
	size_t bytes;
	return s2_npy_header(out, n, &bytes, "<f4", (const size_t[]){w->n, w->cols}, 2, err);
}

static int open_rows(s2st_npy_rows *w, const char *path, s2st_error *err)
{
	unsigned char header[S2_NPY_HEADER];
	S2_TRY(s2st_writer_open(&w->file, path, err));
	S2_TRY(make_header(w, header, &w->start, err));
	return s2st_writer_write(w->file, header, w->start, err);
}

int s2st_npy_rows_open(s2st_npy_rows **out, const char *path, size_t cols, s2st_error *err)
{
	*out = NULL;
	s2st_npy_rows *w = calloc(1, sizeof *w);
	if (!w)
		return s2_fail_mem(err, path);
	w->cols = cols;
	int rc = open_rows(w, path, err);
	if (rc < 0)
		s2st_npy_rows_abort(w);
	else
		*out = w;
	return rc;
}

int s2st_npy_rows_add(s2st_npy_rows *w, const float *rows, size_t n, s2st_error *err)
{
	S2_TRY(s2st_writer_write(w->file, rows, n * w->cols * sizeof *rows, err));
	w->n += n;
	return S2ST_OK;
}

size_t s2st_npy_rows_count(const s2st_npy_rows *w)
{
	return w->n;
}

int s2st_npy_rows_cut(s2st_npy_rows *w, size_t n, s2st_error *err)
{
	w->n = s2_min(n, w->n);
	return s2_writer_truncate(w->file, w->start + w->n * w->cols * sizeof(float), err);
}

int s2st_npy_rows_commit(s2st_npy_rows *w, s2st_error *err)
{
	unsigned char header[S2_NPY_HEADER];
	size_t n;
	int rc = make_header(w, header, &n, err);
	if (rc == S2ST_OK)
		rc = s2_writer_rewrite(w->file, 0, header, n, err);
	if (rc == S2ST_OK) {
		rc = s2st_writer_commit(w->file, err);
		w->file = NULL;
	}
	s2st_npy_rows_abort(w);
	return rc;
}

void s2st_npy_rows_abort(s2st_npy_rows *w)
{
	if (!w)
		return;
	s2st_writer_abort(w->file);
	free(w);
}
