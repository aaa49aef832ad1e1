/* s2st_embeddings_* of the public header: .npy matrices and the lists of ids beside them. */
#include "api/mine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audio/folder.h"
#include "audio/lines.h"

/* ---- ids --------------------------------------------------------------------------------------------------------- */

static int add_row(s2st_embeddings *e, size_t row, char *line, const s2_lines *l, s2st_error *err)
{
	char *audio = strchr(line, '\t');
	if (audio)
		*audio++ = 0;
	if (*line == 0 || (audio && *audio == 0))
		return s2_fail(err, S2ST_EFORMAT, "%s:%zu: expected an id, or an id, a tab and an audio file", l->name,
			       l->number);
	if (audio)
		audio[strcspn(audio, "\t")] = 0; /* further columns are the user's own */
	e->ids[row] = s2_arena_strndup(e->arena, line, strlen(line));
	e->audio[row] = audio ? s2_arena_strndup(e->arena, audio, strlen(audio)) : e->ids[row];
	return e->ids[row] && e->audio[row] ? S2ST_OK : s2_fail_mem(err, l->name);
}

/* The lines of one file's ids: rows [first, end). */
static int read_lines(s2st_embeddings *e, s2_lines *l, size_t first, size_t end, const char *npy, s2st_error *err)
{
	char *line;
	int rc;
	size_t row = first;
	while ((rc = s2_lines_next(l, &line, err)) > 0) {
		if (row < end)
			S2_TRY(add_row(e, row, line, l, err));
		row++;
	}
	if (rc == 0 && row != end)
		return s2_fail(err, S2ST_EINPUT, "%s: expected %zu ids, one for each row of %s, found %zu", l->name,
			       end - first, npy, row - first);
	return rc;
}

static int read_ids(s2st_embeddings *e, size_t file, s2st_error *err)
{
	const s2_rows_file *f = &e->rows.files[file];
	const size_t end = file + 1 < e->rows.n_files ? e->rows.files[file + 1].first : e->rows.n;
	char *path;
	s2_lines l;
	if (asprintf(&path, "%.*s.ids", (int)strlen(f->map.path) - 4, f->map.path) < 0)
		return s2_fail_mem(err, f->map.path);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd >= 0 ? s2_lines_open(&l, fd, path, err)
			 : s2_fail(err, S2ST_EIO, "%s: cannot open: %s", path, strerror(errno));
	free(path);
	S2_TRY(rc);
	rc = read_lines(e, &l, f->first, end, f->map.path, err);
	s2_lines_close(&l);
	return rc;
}

/* ---- life cycle -------------------------------------------------------------------------------------------------- */

static int open_rows(s2st_embeddings *e, const char *path, s2st_error *err)
{
	struct stat st;
	const size_t n = strlen(path);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		s2_folder folder;
		S2_TRY(s2_folder_list(&folder, path, &s2_folder_npy, false, err));
		int rc = s2_rows_open(&e->rows, folder.paths, folder.n, err);
		s2_folder_free(&folder);
		return rc;
	}
	if (n <= 4 || strcmp(path + n - 4, ".npy") != 0)
		return s2_fail(err, S2ST_EINPUT, "%s: expected FILE.npy or a folder of such files", path);
	return s2_rows_open(&e->rows, &path, 1, err);
}

static int open_into(s2st_embeddings *e, const char *path, s2st_error *err)
{
	e->arena = s2_arena_new();
	if (!e->arena)
		return s2_fail_mem(err, path);
	S2_TRY(open_rows(e, path, err));
	S2_ZALLOC(e->ids, e->arena, e->rows.n, 1, err);
	S2_ZALLOC(e->audio, e->arena, e->rows.n, 1, err);
	for (size_t i = 0; i < e->rows.n_files; i++)
		S2_TRY(read_ids(e, i, err));
	return S2ST_OK;
}

int s2st_embeddings_open(s2st_embeddings **out, const char *path, s2st_error *err)
{
	*out = NULL;
	s2st_embeddings *e = calloc(1, sizeof *e);
	if (!e)
		return s2_fail_mem(err, path);
	int rc = open_into(e, path, err);
	if (rc < 0)
		s2st_embeddings_free(e);
	else
		*out = e;
	return rc;
}

void s2st_embeddings_free(s2st_embeddings *e)
{
	if (!e)
		return;
	s2_rows_close(&e->rows);
	s2_arena_free(e->arena);
	free(e);
}

size_t s2st_embeddings_count(const s2st_embeddings *e)
{
	return e->rows.n;
}

int s2st_embeddings_dim(const s2st_embeddings *e)
{
	return (int)e->rows.dim;
}

const char *s2st_embeddings_id(const s2st_embeddings *e, size_t row)
{
	return e->ids[row];
}

const char *s2st_embeddings_audio(const s2st_embeddings *e, size_t row)
{
	return e->audio[row];
}
