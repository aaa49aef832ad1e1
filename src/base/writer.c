/* The one file writer: whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/gzip.h"

struct s2st_writer {
	FILE *f;
	FILE *packed; /* the file behind f where f compresses; else NULL */
	char *path;   /* final name; NULL: stdout */
	char *temp;   /* NULL: written in place (stdout, devices, pipes) */
	int lock;     /* holds a lock on temp, which tells it from those of killed processes; -1: none */
};

static const char *name_of(const s2st_writer *w)
{
	return w->path ? w->path : "stdout";
}

static void writer_free(s2st_writer *w)
{
	if (w->lock >= 0)
		close(w->lock);
	free(w->path);
	free(w->temp);
	free(w);
}

/* A device or a named pipe cannot be replaced by a rename: write into it. */
static bool replaceable(const char *path)
{
	struct stat st;
	return stat(path, &st) != 0 || S_ISREG(st.st_mode);
}

/* O_EXCL under a name of our own rather than mkstemp: the file gets the permissions that the user's umask says. */
static int create_beside(char *temp, size_t size, const char *path)
{
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(temp, size, "%s.%ld-%u.tmp", path, (long)getpid(), i);
		int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0 && errno == EEXIST)
			continue;
		struct stat st;
		/* s2st_remove_leftovers may have been faster than the lock. File systems without locks go without. */
		if (fd < 0 || flock(fd, LOCK_EX) != 0 || fstat(fd, &st) != 0 || st.st_nlink > 0)
			return fd;
		close(fd);
	}
	errno = EEXIST;
	return -1;
}

static int open_temp(s2st_writer *w, s2st_error *err)
{
	size_t size = strlen(w->path) + 40;
	char *temp = malloc(size);
	if (!temp)
		return s2_fail_mem(err, w->path);
	int fd = create_beside(temp, size, w->path);
	if (fd < 0) {
		int saved = errno;
		free(temp);
		return s2_fail(err, S2ST_EIO, "%s: cannot create: %s", w->path, strerror(saved));
	}
	w->temp = temp;
	w->lock = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* outlives w->f: until the rename */
	w->f = fdopen(fd, "wb");
	if (!w->f) {
		close(fd);
		return s2_fail_mem(err, w->path);
	}
	return S2ST_OK;
}

/* "x.tsv.gz" is compressed. */
static int compress(s2st_writer *w, s2st_error *err)
{
	const size_t n = strlen(w->path);
	if (n <= 3 || strcmp(w->path + n - 3, ".gz") != 0)
		return S2ST_OK;
	FILE *f = s2_gzip_onto(w->f);
	if (!f)
		return s2_fail_mem(err, w->path);
	w->packed = w->f;
	w->f = f;
	return S2ST_OK;
}

int s2st_writer_open(s2st_writer **out, const char *path, s2st_error *err)
{
	*out = NULL;
	s2st_writer *w = calloc(1, sizeof *w);
	if (!w)
		return s2_fail_mem(err, path);
	w->lock = -1;
	int rc = S2ST_OK;
	if (strcmp(path, "-") == 0) {
		w->f = stdout;
	} else if (!(w->path = strdup(path))) {
		rc = s2_fail_mem(err, path);
	} else if (!replaceable(path)) {
		w->f = fopen(path, "wb");
		if (!w->f)
			rc = s2_fail(err, S2ST_EIO, "%s: cannot open for writing: %s", path, strerror(errno));
	} else {
		rc = open_temp(w, err);
	}
	if (rc == S2ST_OK && w->path)
		rc = compress(w, err);
	if (rc < 0) {
		s2st_writer_abort(w);
		return rc;
	}
	*out = w;
	return S2ST_OK;
}

static int fail_write(const s2st_writer *w, s2st_error *err)
{
	return s2_fail(err, S2ST_EIO, "%s: cannot write: %s", name_of(w), strerror(errno ? errno : EIO));
}

int s2st_writer_write(s2st_writer *w, const void *data, size_t n, s2st_error *err)
{
	errno = 0;
	return fwrite(data, 1, n, w->f) == n ? S2ST_OK : fail_write(w, err);
}

int s2st_writer_printf(s2st_writer *w, s2st_error *err, const char *fmt, ...)
{
	va_list ap;
	errno = 0;
	va_start(ap, fmt);
	int n = vfprintf(w->f, fmt, ap);
	va_end(ap);
	return n >= 0 ? S2ST_OK : fail_write(w, err);
}

int s2st_writer_flush(s2st_writer *w, s2st_error *err)
{
	errno = 0;
	return fflush(w->f) == 0 && !ferror(w->f) ? S2ST_OK : fail_write(w, err);
}

/* To `offset` of a file, with all that was written before in it. */
static int go_to(s2st_writer *w, size_t offset, s2st_error *err)
{
	if (!w->temp)
		return s2_fail(err, S2ST_EIO, "%s: expected a file: its start is written last", name_of(w));
	errno = 0;
	return fseeko(w->f, (off_t)offset, SEEK_SET) == 0 ? S2ST_OK : fail_write(w, err);
}

int s2_writer_rewrite(s2st_writer *w, size_t offset, const void *data, size_t n, s2st_error *err)
{
	S2_TRY(go_to(w, offset, err));
	S2_TRY(s2st_writer_write(w, data, n, err));
	errno = 0;
	return fseeko(w->f, 0, SEEK_END) == 0 ? S2ST_OK : fail_write(w, err);
}

int s2_writer_truncate(s2st_writer *w, size_t size, s2st_error *err)
{
	S2_TRY(go_to(w, size, err));
	errno = 0;
	return ftruncate(fileno(w->f), (off_t)size) == 0 ? S2ST_OK : fail_write(w, err);
}

/* From here on the writer is one of an ordinary file. */
static int end_compressed(s2st_writer *w, s2st_error *err)
{
	errno = 0;
	const int rc = fclose(w->f) == 0 ? S2ST_OK : fail_write(w, err);
	w->f = w->packed;
	w->packed = NULL;
	return rc < 0 ? rc : s2st_writer_flush(w, err);
}

int s2st_writer_commit(s2st_writer *w, s2st_error *err)
{
	int rc = s2st_writer_flush(w, err);
	if (w->f == stdout) {
		writer_free(w);
		return rc;
	}
	if (rc == S2ST_OK && w->packed)
		rc = end_compressed(w, err);
	errno = 0;
	if (rc == S2ST_OK && w->temp && fsync(fileno(w->f)) != 0)
		rc = fail_write(w, err);
	if (fclose(w->f) != 0 && rc == S2ST_OK)
		rc = fail_write(w, err);
	w->f = NULL;
	if (rc == S2ST_OK && w->temp && rename(w->temp, w->path) != 0)
		rc = s2_fail(err, S2ST_EIO, "%s: cannot rename into place: %s", w->path, strerror(errno));
	if (rc < 0)
		s2st_writer_abort(w);
	else
		writer_free(w);
	return rc;
}

void s2st_writer_abort(s2st_writer *w)
{
	if (!w)
		return;
	if (w->f && w->f != stdout)
		fclose(w->f);
	if (w->packed)
		fclose(w->packed);
	if (w->temp)
		unlink(w->temp);
	writer_free(w);
}
