#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_regular(const char *path, struct stat *st, s2st_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return s2_fail(err, S2ST_EIO, "%s: cannot open: %s", path, strerror(errno));
	if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode)) {
		close(fd);
		return s2_fail(err, S2ST_EIO, "%s: expected a regular file, found %s", path,
			       S_ISDIR(st->st_mode) ? "a folder" : "something else");
	}
	return fd;
}

int s2_map_open(s2_map *out, const char *path, s2st_error *err)
{
	struct stat st = {0};
	*out = (s2_map){0};
	int fd = open_regular(path, &st, err);
	if (fd < 0)
		return fd;
	if (st.st_size == 0) {
		close(fd);
		return s2_fail(err, S2ST_EFORMAT, "%s: file is empty", path);
	}
	size_t size = (size_t)st.st_size;
	void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	int saved = errno;
	close(fd);
	if (p == MAP_FAILED)
		return s2_fail(err, S2ST_EIO, "%s: cannot map: %s", path, strerror(saved));
	char *name = strdup(path);
	if (!name) {
		munmap(p, size);
		return s2_fail_mem(err, "file name");
	}
	*out = (s2_map){p, size, name};
	return S2ST_OK;
}

void s2_map_close(s2_map *m)
{
	if (m->bytes)
		munmap((void *)(uintptr_t)m->bytes, m->size);
	free(m->path);
	*m = (s2_map){0};
}

void s2_map_ahead(const s2_map *m, size_t offset, size_t n)
{
	if (offset >= m->size)
		return;
	const size_t from = offset & ~((size_t)sysconf(_SC_PAGESIZE) - 1), left = m->size - offset;
	(void)madvise((void *)(uintptr_t)(m->bytes + from), offset - from + (n < left ? n : left), MADV_WILLNEED);
}

void s2_map_forget(const s2_map *m)
{
	(void)madvise((void *)(uintptr_t)m->bytes, m->size, MADV_DONTNEED);
}

int s2_read_file(char **out, size_t *n, const char *path, size_t limit, s2st_error *err)
{
	struct stat st = {0};
	int fd = open_regular(path, &st, err);
	if (fd < 0)
		return fd;
	if ((uintmax_t)st.st_size > limit) {
		close(fd);
		return s2_fail(err, S2ST_EFORMAT, "%s: expected at most %zu bytes, found %jd", path, limit,
			       (intmax_t)st.st_size);
	}
	size_t size = (size_t)st.st_size, got = 0;
	char *text = malloc(size + 1);
	if (!text) {
		close(fd);
		return s2_fail_mem(err, path);
	}
	while (got < size) {
		ssize_t r = read(fd, text + got, size - got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		got += (size_t)r;
	}
	close(fd);
	if (got < size) {
		free(text);
		return s2_fail(err, S2ST_EIO, "%s: cannot read: expected %zu bytes, found %zu", path, size, got);
	}
	text[size] = 0;
	*out = text;
	*n = size;
	return S2ST_OK;
}

const char *s2_path_base(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static char *concat(const char *a, size_t n, const char *b)
{
	size_t m = strlen(b);
	char *s = malloc(n + m + 1);
	if (s) {
		memcpy(s, a, n);
		memcpy(s + n, b, m + 1);
	}
	return s;
}

char *s2_path_beside(const char *beside, const char *name)
{
	return name[0] == '/' ? strdup(name) : concat(beside, (size_t)(s2_path_base(beside) - beside), name);
}

char *s2_path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);
	if (name[0] == '/' || n == 0)
		return strdup(name);
	if (dir[n - 1] == '/')
		return concat(dir, n, name);
	char *with_slash = concat(dir, n, "/");
	char *s = with_slash ? concat(with_slash, n + 1, name) : NULL;
	free(with_slash);
	return s;
}
