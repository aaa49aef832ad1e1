/* A folder of a test's own, gone with the test. */
#ifndef S2_TESTS_TEMPDIR_H
#define S2_TESTS_TEMPDIR_H

#include <ftw.h>
#include <stdarg.h>
#include <unistd.h>

#include "test.h"

static char test_tempdir[] = "test-XXXXXX";

static int test_tempdir_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void test_tempdir_remove(void)
{
	nftw(test_tempdir, test_tempdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void test_tempdir_make(void)
{
	REQUIRE(mkdtemp(test_tempdir));
	REQUIRE(atexit(test_tempdir_remove) == 0);
}

/* The path of `name` in the folder. Eight are remembered at a time. */
static inline const char *test_temp(const char *name)
{
	static char paths[8][512];
	static int next;
	char *path = paths[next++ % 8];
	snprintf(path, sizeof paths[0], "%s/%s", test_tempdir, name);
	return path;
}

static inline const char *test_temp_file(const char *name, const void *bytes, size_t n)
{
	const char *path = test_temp(name);
	FILE *f = fopen(path, "wb");
	REQUIRE(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
	return path;
}

static inline const char *test_temp_text(const char *name, const char *text)
{
	return test_temp_file(name, text, strlen(text));
}

/* Runs the rest of the program with `n` bytes on stdin, through a pipe whose writer is another process, or (`pipe` 0)
 * from a file. */
static inline void test_stdin(const void *bytes, size_t n, int by_pipe)
{
	FILE *f;
	int ends[2];
	if (!by_pipe) {
		f = fopen(test_temp_file("stdin", bytes, n), "rb");
		REQUIRE(f && dup2(fileno(f), STDIN_FILENO) == STDIN_FILENO);
		fclose(f);
		return;
	}
	REQUIRE(pipe(ends) == 0);
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		close(ends[0]);
		const char *at = bytes;
		while (n > 0) {
			ssize_t put = write(ends[1], at, n < 1000 ? n : 1000);
			if (put <= 0)
				break;
			at += put;
			n -= (size_t)put;
		}
		_exit(0);
	}
	close(ends[1]);
	REQUIRE(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
	close(ends[0]);
}

#endif
