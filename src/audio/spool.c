#include "audio/spool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FD_FOLDER "/proc/self/fd/"
#define MEMFD_NAME "s2st-stdin"

static int write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, bytes, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return -1;
		bytes += put;
		n -= (size_t)put;
	}
	return 0;
}

static int copy(int to, int from, const void *head, size_t n_head, const char *name, s2st_error *err)
{
	char buf[65536];
	size_t total = n_head;
	if (write_all(to, head, n_head) < 0)
		return s2_fail(err, S2ST_EMEM, "%s: cannot keep in memory: %s", name, strerror(errno));
	for (;;) {
		ssize_t got = read(from, buf, sizeof buf);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return s2_fail(err, S2ST_EIO, "%s: cannot read: %s", name, strerror(errno));
		if (got == 0)
			return S2ST_OK;
		total += (size_t)got;
		if (total > S2_SPOOL_LIMIT)
			return s2_fail(err, S2ST_EINPUT, "%s: expected at most %zu bytes, found more", name,
				       S2_SPOOL_LIMIT);
		if (write_all(to, buf, (size_t)got) < 0)
			return s2_fail(err, S2ST_EMEM, "%s: cannot keep in memory: %s", name, strerror(errno));
	}
}

int s2_spool(int fd, const void *head, size_t n_head, const char *name, s2st_error *err)
{
	int spool = memfd_create(MEMFD_NAME, MFD_CLOEXEC);
	if (spool < 0)
		return s2_fail(err, S2ST_EMEM, "%s: cannot keep in memory: %s", name, strerror(errno));
	int rc = copy(spool, fd, head, n_head, name, err);
	if (rc == S2ST_OK && lseek(spool, 0, SEEK_SET) != 0)
		rc = s2_fail(err, S2ST_EIO, "%s: cannot rewind: %s", name, strerror(errno));
	if (rc < 0) {
		close(spool);
		return rc;
	}
	return spool;
}

void s2_spool_path(char path[S2_SPOOL_PATH_SIZE], int fd)
{
	snprintf(path, S2_SPOOL_PATH_SIZE, FD_FOLDER "%d", fd);
}

bool s2_is_spool_path(const char *path)
{
	static const char target[] = "/memfd:" MEMFD_NAME;
	char link[sizeof target];
	return strncmp(path, FD_FOLDER, strlen(FD_FOLDER)) == 0 &&
	       readlink(path, link, sizeof link - 1) == (ssize_t)sizeof link - 1 &&
	       memcmp(link, target, sizeof link - 1) == 0;
}
