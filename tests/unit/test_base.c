/* The base layer: arena, thread pool, mapped files, the atomic writer, error sentences. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/pool.h"
#include "base/size.h"
#include "test.h"

static s2st_error err;

static void test_status(void)
{
	CHECK_INT(s2_fail(&err, S2ST_EIO, "%s: line\nbreak", "a\x01.wav"), S2ST_EIO);
	CHECK_STR(err.text, "a?.wav: line?break");
	CHECK_INT(s2_fail_prefix(&err, S2ST_EMODEL, "pack %s", "x"), S2ST_EMODEL);
	CHECK_STR(err.text, "pack x: a?.wav: line?break");
	CHECK_INT(s2_fail(NULL, S2ST_EMEM, "no buffer is fine"), S2ST_EMEM);
	for (int s = 0; s >= S2ST_EINTERNAL; s--)
		CHECK(strcmp(s2st_status_name(s), s2st_status_name(-100)) != 0);
}

static void test_arena(void)
{
	s2_arena *a = s2_arena_new();
	REQUIRE(a);
	unsigned char *keep = s2_arena_alloc(a, 100, 1, 1);
	REQUIRE(keep);
	memset(keep, 7, 100);
	s2_mark mark = s2_arena_mark(a);
	for (size_t i = 0; i < 2000; i++) {
		size_t n = i * 37 % 5000;
		float *p = s2_arena_zalloc(a, n, 1, sizeof *p);
		REQUIRE(p);
		CHECK_INT((uintptr_t)p % 64, 0);
		bool zeroed = true;
		for (size_t j = 0; j < n; j++) {
			zeroed = zeroed && p[j] == 0.0f;
			p[j] = 1;
		}
		CHECK(zeroed);
	}
	size_t held = s2_arena_bytes(a);
	s2_arena_reset(a, mark);
	for (size_t i = 0; i < 2000; i++)
		REQUIRE(s2_arena_alloc(a, i * 37 % 5000, 1, sizeof(float)));
	CHECK_INT(s2_arena_bytes(a), held); /* the blocks were reused */
	for (int i = 0; i < 100; i++)
		CHECK_INT(keep[i], 7);
	CHECK(s2_arena_alloc(a, SIZE_MAX / 2, 4, 1) == NULL);
	CHECK(s2_arena_alloc(a, SIZE_MAX - 8, 1, 1) == NULL);
	CHECK(s2_arena_alloc(a, 0, 0, 0) != NULL);
	CHECK_STR(s2_arena_strndup(a, "abcdef", 3), "abc");
	CHECK(s2_arena_strndup(a, "", SIZE_MAX) == NULL);
	s2_arena_free(a);
	s2_arena_free(NULL);
}

typedef struct {
	atomic_int *seen;
	s2_pool *pool;
	int max_worker;
} loop;

static void count(void *arg, size_t i, int worker)
{
	loop *l = arg;
	atomic_fetch_add(&l->seen[i], 1);
	if (worker < 0 || worker > l->max_worker)
		atomic_fetch_add(&l->seen[i], 100);
}

static void nested(void *arg, size_t i, int worker)
{
	(void)worker;
	loop *l = arg;
	loop inner = {l->seen + i * 8, NULL, l->max_worker};
	s2_pool_run(l->pool, 8, count, &inner); /* the pool is busy: done alone, not a deadlock */
}

/* Callers side by side, while the crew falls asleep and is limited now and then. */
enum { RIVALS = 3, LOOPS = 3000, MOST_TURNS = 12 };

static void *run_loops(void *arg)
{
	s2_pool *p = arg;
	size_t wrong = 0;
	for (size_t i = 0; i < LOOPS; i++) {
		atomic_int seen[MOST_TURNS] = {0};
		loop l = {seen, p, s2_pool_threads(p) - 1};
		const size_t n = i % (MOST_TURNS + 1);
		s2_pool_run(p, n, count, &l);
		for (size_t j = 0; j < MOST_TURNS; j++)
			wrong += atomic_load(&seen[j]) != (j < n);
		if (i % 100 == 0)
			s2_pool_limit(p, 1 + (int)(i / 100 % 3));
		if (i % 500 == 0)
			usleep(1000);
	}
	return wrong ? p : NULL;
}

static void test_rivals(void)
{
	for (int threads = 2; threads <= 4; threads++) { /* with spinning, and without where cores are few */
		s2_pool *p;
		pthread_t rivals[RIVALS];
		REQUIRE_OK(s2_pool_new(&p, threads, &err));
		for (size_t i = 0; i < RIVALS; i++)
			REQUIRE(pthread_create(&rivals[i], NULL, run_loops, p) == 0);
		for (size_t i = 0; i < RIVALS; i++) {
			void *wrong;
			REQUIRE(pthread_join(rivals[i], &wrong) == 0);
			CHECK(wrong == NULL);
		}
		s2_pool_free(p);
	}
}

static void test_pool(void)
{
	for (int threads = 1; threads <= 5; threads++) {
		s2_pool *p;
		REQUIRE_OK(s2_pool_new(&p, threads, &err));
		CHECK_INT(s2_pool_threads(p), threads);
		for (size_t n = 0; n < 300; n += 13) {
			atomic_int *seen = calloc(n + 1, sizeof *seen);
			REQUIRE(seen);
			loop l = {seen, p, threads - 1};
			s2_pool_run(p, n, count, &l);
			for (size_t i = 0; i < n; i++)
				CHECK_INT(atomic_load(&seen[i]), 1);
			free(seen);
		}
		atomic_int *seen = calloc((size_t)40 * 8, sizeof *seen);
		REQUIRE(seen);
		loop l = {seen, p, threads - 1};
		s2_pool_run(p, 40, nested, &l);
		for (size_t i = 0; i < (size_t)40 * 8; i++)
			CHECK_INT(atomic_load(&seen[i]), 1);
		free(seen);
		s2_pool_free(p);
	}
	test_rivals();
	s2_pool *p;
	CHECK_INT(s2_pool_new(&p, -1, &err), S2ST_EINPUT);
	CHECK(p == NULL);
	s2_pool_free(NULL);
	CHECK_INT(s2_pool_threads(NULL), 1);
}

static void test_files(void)
{
	char dir[] = "s2st-base-XXXXXX";
	REQUIRE(mkdtemp(dir));
	char path[64];
	snprintf(path, sizeof path, "%s/file", dir);
	s2st_writer *w;

	REQUIRE_OK(s2st_writer_open(&w, path, &err));
	REQUIRE_OK(s2st_writer_printf(w, &err, "%d units\n", 17));
	CHECK(access(path, F_OK) != 0); /* not before it is whole */
	REQUIRE_OK(s2st_writer_commit(w, &err));
	char *text;
	size_t n;
	REQUIRE_OK(s2_read_file(&text, &n, path, 1000, &err));
	CHECK_STR(text, "17 units\n");
	CHECK_INT(n, 9);
	free(text);
	CHECK_INT(s2_read_file(&text, &n, path, 8, &err), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "at most 8 bytes, found 9");

	REQUIRE_OK(s2st_writer_open(&w, path, &err));
	REQUIRE_OK(s2st_writer_printf(w, &err, "half"));
	s2st_writer_abort(w);
	s2_map map;
	REQUIRE_OK(s2_map_open(&map, path, &err));
	CHECK(map.size == 9 && memcmp(map.bytes, "17 units\n", 9) == 0); /* the old content is untouched */
	s2_map_close(&map);

	CHECK_INT(s2_map_open(&map, dir, &err), S2ST_EIO);
	CHECK_CONTAINS(err.text, "found a folder");
	CHECK_INT(s2_map_open(&map, "no/such", &err), S2ST_EIO);
	CHECK_INT(s2st_writer_open(&w, "no/such/folder/x", &err), S2ST_EIO);
	CHECK(w == NULL);

	if (access("/dev/full", W_OK) == 0) {
		REQUIRE_OK(s2st_writer_open(&w, "/dev/full", &err));
		int rc = s2st_writer_printf(w, &err, "x");
		int rc2 = s2st_writer_commit(w, &err);
		CHECK(rc < 0 || rc2 == S2ST_EIO);
		CHECK_CONTAINS(err.text, "No space left");
	}
	unlink(path);
	CHECK_INT(rmdir(dir), 0); /* nothing left behind */
}

static void test_paths(void)
{
	static const struct {
		const char *dir, *name, *joined;
	} joins[] = {
		{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"a", "/b", "/b"}, {"/", "b", "/b"},
	};
	for (size_t i = 0; i < sizeof joins / sizeof *joins; i++) {
		char *p = s2_path_join(joins[i].dir, joins[i].name);
		CHECK_STR(p, joins[i].joined);
		free(p);
	}
	char *p = s2_path_beside("x/y.pt", "z.json");
	CHECK_STR(p, "x/z.json");
	free(p);
	p = s2_path_beside("y.pt", "z.json");
	CHECK_STR(p, "z.json");
	free(p);
	CHECK_STR(s2_path_base("a/b/c.wav"), "c.wav");
	CHECK_STR(s2_path_base("c.wav"), "c.wav");
}

static void test_sizes(void)
{
	size_t out;
	CHECK(s2_mul(3, 4, &out) && out == 12);
	CHECK(!s2_mul(SIZE_MAX, 2, &out));
	CHECK(!s2_add(SIZE_MAX, 1, &out));
	CHECK_INT(s2_round_up(65, 64), 128);
}

int main(void)
{
	test_status();
	test_arena();
	test_pool();
	test_files();
	test_paths();
	test_sizes();
	return TEST_RESULT();
}
