#include "audio/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/size.h"

enum { DEEPEST = 100 };

/* A folder on the way from the given one down. */
typedef struct level {
	const struct level *above;
	dev_t device;
	ino_t inode;
	int depth;
} level;

typedef struct found {
	const s2_folder_files *wanted;
	bool recursive;
	char *text; /* a path with its NUL, then its problem ("": none) with its own */
	size_t n_text, cap_text;
	size_t n; /* paths */
} found;

const s2_folder_files s2_folder_audio = {"audio files (wav, flac, ogg, mp3)", {".wav", ".flac", ".ogg", ".mp3"}};
const s2_folder_files s2_folder_npy = {".npy files", {".npy"}};

static bool is_wanted(const found *f, const char *name)
{
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; dot && i < S2_FOLDER_SUFFIXES && f->wanted->suffixes[i]; i++)
		if (strcasecmp(dot, f->wanted->suffixes[i]) == 0)
			return true;
	return false;
}

static int add(found *f, const char *path, const char *problem, s2st_error *err)
{
	const size_t n_path = strlen(path) + 1, size = n_path + strlen(problem) + 1;
	if (f->cap_text - f->n_text < size) {
		const size_t cap = s2_max(f->n_text + size, 2 * f->cap_text);
		char *more = realloc(f->text, cap);
		if (!more)
			return s2_fail_mem(err, path);
		f->text = more;
		f->cap_text = cap;
	}
	memcpy(f->text + f->n_text, path, n_path);
	memcpy(f->text + f->n_text + n_path, problem, size - n_path);
	f->n_text += size;
	f->n++;
	return S2ST_OK;
}

static bool is_above(const level *l, const struct stat *st)
{
	for (; l; l = l->above)
		if (l->device == st->st_dev && l->inode == st->st_ino)
			return true;
	return false;
}

static int walk(found *f, const char *dir, const level *above, s2st_error *err);

static int visit(found *f, const char *path, bool listed_as_folder, const level *here, s2st_error *err)
{
	struct stat st;
	const bool known = stat(path, &st) == 0;
	/* In a folder that may be listed but not entered, the listing alone says what is one. */
	if (known ? S_ISDIR(st.st_mode) : listed_as_folder)
		return f->recursive && !(known && is_above(here, &st)) ? walk(f, path, here, err) : S2ST_OK;
	/* A link that leads nowhere counts as a file: it is reported when it is read. */
	return is_wanted(f, path) ? add(f, path, "", err) : S2ST_OK;
}

static int visit_entry(found *f, const char *dir, const struct dirent *e, const level *here, s2st_error *err)
{
	if (e->d_name[0] == '.' || (!f->recursive && !is_wanted(f, e->d_name)))
		return S2ST_OK;
	char *path = s2_path_join(dir, e->d_name);
	int rc = path ? visit(f, path, e->d_type == DT_DIR, here, err) : s2_fail_mem(err, dir);
	free(path);
	return rc;
}

static int list(found *f, const char *dir, const level *above, s2st_error *err)
{
	struct stat st;
	DIR *d = opendir(dir);
	if (!d || fstat(dirfd(d), &st) != 0) {
		int why = errno;
		if (d)
			closedir(d);
		return s2_fail(err, S2ST_EIO, "%s: cannot open: %s", dir, strerror(why));
	}
	level here = {above, st.st_dev, st.st_ino, above ? above->depth + 1 : 0};
	int rc = S2ST_OK;
	if (here.depth > DEEPEST)
		rc = s2_fail(err, S2ST_EINPUT, "%s: expected folders at most %d deep", dir, DEEPEST);
	errno = 0;
	/* cppcheck-suppress readdirCalled ; the stream is this call's own, for which readdir is safe */
	for (struct dirent *e; rc == S2ST_OK && (e = readdir(d)); errno = 0)
		rc = visit_entry(f, dir, e, &here, err);
	if (rc == S2ST_OK && errno != 0)
		rc = s2_fail(err, S2ST_EIO, "%s: cannot read: %s", dir, strerror(errno));
	closedir(d);
	return rc;
}

/* Files of `dir` and of what is below. One folder that cannot be read costs what is in it, not the others. */
static int walk(found *f, const char *dir, const level *above, s2st_error *err)
{
	s2st_error why = {""};
	int rc = list(f, dir, above, &why);
	if (rc < 0 && rc != S2ST_EMEM && above)
		return add(f, dir, why.text, err);
	return rc < 0 ? s2_fail(err, rc, "%s", why.text) : S2ST_OK;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Gives `f`'s text to `out`. */
static int sort(s2_folder *out, found *f, s2st_error *err)
{
	const char **paths = calloc(f->n, sizeof *paths), *at = f->text;
	if (!paths)
		return s2_fail_mem(err, "folder");
	for (size_t i = 0; i < f->n; i++) {
		paths[i] = at;
		at += strlen(at) + 1; /* to the problem */
		at += strlen(at) + 1;
	}
	qsort(paths, f->n, sizeof *paths, by_bytes);
	*out = (s2_folder){.paths = paths, .n = f->n, .text = f->text};
	f->text = NULL;
	return S2ST_OK;
}

int s2_folder_list(s2_folder *out, const char *dir, const s2_folder_files *wanted, bool recursive, s2st_error *err)
{
	found f = {.wanted = wanted, .recursive = recursive};
	*out = (s2_folder){0};
	int rc = walk(&f, dir, NULL, err);
	if (rc == S2ST_OK && f.n == 0)
		rc = s2_fail(err, S2ST_EINPUT, "%s: expected %s in this folder, found none", dir, wanted->what);
	if (rc == S2ST_OK)
		rc = sort(out, &f, err);
	const size_t n = strlen(dir);
	out->n_dir = n && dir[n - 1] != '/' ? n + 1 : n;
	free(f.text);
	return rc;
}

const char *s2_folder_problem(const s2_folder *f, size_t i)
{
	const char *problem = f->paths[i] + strlen(f->paths[i]) + 1;
	return *problem ? problem : NULL;
}

void s2_folder_free(s2_folder *f)
{
	free(f->paths);
	free(f->text);
	*f = (s2_folder){0};
}
