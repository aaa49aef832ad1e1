/* The table of names against a plain array: numbers come back, tables that grow lose nothing wherever hashes lie. */
#include "base/names.h"

#include "test.h"

static s2st_error err;

/* After each of the `n` hashes all that were put before are there, and a neighbour that was not is not. */
static void check_hashes(const uint64_t *hashes, size_t n, size_t every)
{
	s2st_names names = {0};
	size_t number;
	for (size_t i = 0; i < n; i++) {
		REQUIRE_OK(s2_names_put(&names, hashes[i], i, &err));
		if (i % every && i + 1 != n)
			continue;
		for (size_t k = 0; k <= i; k++) {
			REQUIRE(s2_names_get(&names, hashes[k], &number));
			REQUIRE(number == k);
		}
		REQUIRE(!s2_names_get(&names, 1ull << 63, &number));
	}
	CHECK_INT(names.n, n);
	s2_names_clear(&names);
	CHECK(!s2_names_get(&names, hashes[0], &number));
}

/* Low bits choose the slot: here they crowd at the end of the table, so that names go on at its start. */
static void test_crowds(void)
{
	enum { N = 3000 };
	static uint64_t hashes[N];
	for (uint64_t spread = 1; spread <= 64; spread *= 4) {
		uint64_t state = spread;
		for (uint64_t i = 0; i < N; i++)
			hashes[i] = (i + 1) << 32 | (4096 - spread + test_rand(&state) % (2 * spread)) % 4096;
		check_hashes(hashes, N, 128);
	}
}

static void test_growth(void)
{
	enum { N = 100000 };
	static uint64_t hashes[N];
	for (uint64_t i = 0; i < N; i++)
		hashes[i] = s2st_hash(S2ST_HASH_START, &i, sizeof i);
	check_hashes(hashes, N, 40000);
}

static void test_names(void)
{
	s2st_names *names;
	size_t number = 0;
	REQUIRE_OK(s2st_names_new(&names, &err));
	CHECK(!s2st_names_find(names, "a", 1, &number));
	CHECK_INT(s2st_names_add(names, "ab", 1, 5, &number, &err), 1);
	CHECK_INT(s2st_names_add(names, "ab", 2, 6, &number, &err), 1);
	CHECK_INT(s2st_names_add(names, "", 0, 7, &number, &err), 1);
	CHECK_INT(s2st_names_add(names, "a", 1, 8, &number, &err), 0);
	CHECK_INT(number, 5); /* and stays */
	CHECK(s2st_names_find(names, "a", 1, &number) && number == 5);
	CHECK(s2st_names_find(names, "", 0, &number) && number == 7);
	s2st_names_free(names);
	s2st_names_free(NULL);
}

/* Hash 0 marks a free slot; a name may have it all the same. Putting replaces. */
static void test_put(void)
{
	s2st_names names = {0};
	size_t number;
	REQUIRE_OK(s2_names_put(&names, 0, 3, &err));
	CHECK(s2_names_get(&names, 0, &number) && number == 3);
	REQUIRE_OK(s2_names_put(&names, 0, 4, &err));
	CHECK(s2_names_get(&names, 0, &number) && number == 4);
	CHECK_INT(names.n, 1);
	s2_names_clear(&names);
}

int main(void)
{
	test_names();
	test_put();
	test_crowds();
	test_growth();
	return TEST_RESULT();
}
