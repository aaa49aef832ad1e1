/* s2st_journal: records of many files, the last of a key counts, what is torn or damaged is passed over. */
#include <sys/resource.h>
#include <unistd.h>

#include "s2st.h"
#include "test.h"

enum { FILES = 600, KEY = 1000 };

static s2st_error err;
static char dir[] = "/tmp/s2st-journal-XXXXXX";

static const char *path_of(int i)
{
	static char path[64];
	snprintf(path, sizeof path, "%s/%d", dir, i);
	return path;
}

static void add(int file, uint64_t key, const char *text)
{
	s2st_journal *j;
	REQUIRE_OK(s2st_journal_open(&j, path_of(file), &err));
	REQUIRE_OK(s2st_journal_add(j, key, text, &err));
	s2st_journal_free(j);
}

static void check(const s2st_journal *j, uint64_t key, const char *expected)
{
	char *text;
	int rc = s2st_journal_find(j, key, &text, &err);
	REQUIRE_OK(rc);
	CHECK_INT(rc, expected != NULL);
	if (rc == 1 && expected)
		CHECK_STR(text, expected);
	free(text);
}

/* A folder has a file of each part of a run, which may be more than a process may have open. */
static void test_many_files(void)
{
	char text[32];
	s2st_journal *j;
	for (int i = 0; i < FILES; i++) {
		snprintf(text, sizeof text, "part\n%d\\", i);
		add(i, KEY + (uint64_t)i, text);
	}
	const struct rlimit few = {64, 64};
	REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
	REQUIRE_OK(s2st_journal_open(&j, path_of(0), &err));
	for (int i = 0; i < FILES; i++)
		REQUIRE_OK(s2st_journal_read(j, path_of(i), &err));
	check(j, KEY, "part\n0\\");
	check(j, KEY + FILES / 2, "part\n300\\");
	check(j, KEY + FILES - 1, "part\n599\\");
	check(j, KEY + FILES, NULL);
	s2st_journal_free(j);
}

static void test_damage(void)
{
	s2st_journal *j;
	add(0, 1, "first");
	add(0, 1, "second");
	FILE *f = fopen(path_of(0), "a");
	REQUIRE(f != NULL);
	fputs("\n0123456789abcdef 0000000000000001 of another sum\n\n0123", f);
	REQUIRE(fclose(f) == 0);
	add(0, 2, "behind a torn one");
	REQUIRE_OK(s2st_journal_open(&j, path_of(0), &err));
	REQUIRE_OK(s2st_journal_read(j, path_of(0), &err));
	check(j, 1, "second");
	check(j, 2, "behind a torn one");
	CHECK(s2st_journal_read(j, path_of(FILES), &err) == S2ST_EIO);
	s2st_journal_free(j);
}

int main(void)
{
	REQUIRE(mkdtemp(dir) != NULL);
	test_many_files();
	test_damage();
	for (int i = 0; i < FILES; i++)
		unlink(path_of(i));
	rmdir(dir);
	return TEST_RESULT();
}
