/* Temporary files of writers that were killed: "NAME.PID-N.tmp" on which nobody holds a lock. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { DEEPEST = 100 };

/* ".123-4.tmp" at the end, as writer.c names them. */
static bool is_temporary(const char *name)
{
	const char digits[] = "0123456789";
	const size_t n = strlen(name);
	if (n < 4 || strcmp(name + n - 4, ".tmp") != 0)
		return false;
	const char *dot = memrchr(name, '.', n - 4);
	if (!dot || dot == name)
		return false;
	const size_t pid = strspn(dot + 1, digits);
	const char *dash = dot + 1 + pid;
	const size_t count = *dash == '-' ? strspn(dash + 1, digits) : 0;
	return pid > 0 && count > 0 && dash + 1 + count == name + n - 4;
}

static void remove_unlocked(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(dir, name, 0);
	close(fd);
}

static void clean(int fd, int depth, bool recursive)
{
	DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return;
	}
	/* cppcheck-suppress readdirCalled ; the stream is this call's own, for which readdir is safe */
	for (const struct dirent *e; (e = readdir(d));) {
		if (is_temporary(e->d_name)) {
			remove_unlocked(fd, e->d_name);
		} else if (recursive && depth < DEEPEST && e->d_name[0] != '.' &&
			   (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN)) {
			int below = openat(fd, e->d_name, O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW);
			if (below >= 0)
				clean(below, depth + 1, recursive);
		}
	}
	closedir(d);
}

void s2st_remove_leftovers(const char *dir, bool recursive)
{
	int fd = open(dir, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	if (fd >= 0)
		clean(fd, 0, recursive);
}
