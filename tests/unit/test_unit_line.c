/* Unit lines: the three forms, the lines of fairseq-generate without units, and lines that are none of them. */
#include "s2st.h"
#include "test.h"

static s2st_error err;

static int parse(s2st_unit_line *l, const char *text)
{
	return s2st_unit_line_parse(l, text, strlen(text), &err);
}

static void check_units(const char *text, const char *name, int64_t sample, const int32_t *units, size_t n)
{
	s2st_unit_line l;
	REQUIRE_OK(parse(&l, text));
	REQUIRE(l.n == n);
	CHECK(memcmp(l.units, units, n * sizeof *units) == 0);
	CHECK_INT(l.sample, sample);
	if (name)
		CHECK_STR(l.name, name);
	else
		CHECK(l.name == NULL);
	s2st_unit_line_free(&l);
}

static void check_refused(const char *text, const char *why)
{
	s2st_unit_line l;
	CHECK_INT(parse(&l, text), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, why);
	CHECK(l.units == NULL && l.name == NULL);
}

static void check_skipped(const char *text)
{
	s2st_unit_line l;
	CHECK_INT(parse(&l, text), 0);
	CHECK(l.units == NULL && l.name == NULL);
}

static void test_forms(void)
{
	const int32_t pi[] = {3, 1, 4}, far[] = {2147483647}, negative[] = {5, -1};
	check_units("3 1 4", NULL, -1, pi, 3);
	check_units("  3\t1  4 \r\n", NULL, -1, pi, 3);
	check_units("a|3 1 4", "a", -1, pi, 3);
	check_units("a b|c| 3 1 4\n", "a b|c", -1, pi, 3);
	check_units(" a\t |3 1 4", " a\t ", -1, pi, 3);
	check_units("D-17\t-0.5234375596046448\t3 1 4\n", NULL, 17, pi, 3);
	check_units("2147483647", NULL, -1, far, 1);
	check_units("5 -1", NULL, -1, negative, 2);
	check_units("D-1|3 1 4", "D-1", -1, pi, 3); /* a name, no tab follows it */
}

static void test_fairseq_lines(void)
{
	check_skipped("T-0\t1 2 3");
	check_skipped("H-12\t-0.5\t1 2 3");
	check_skipped("P-0\t-0.1000 -0.2000");
	check_skipped("E-0_3\t1 2");
	check_skipped("Generate test with beam=10: BLEU4 = 1.00");
}

static void test_refused(void)
{
	check_refused("", "no units");
	check_refused("a|", "no units");
	check_refused("a|  \n", "no units");
	check_refused("D-3\t-0.5\t", "no units");
	check_refused("D-3\t-0.5", "no units");
	check_refused("|1 2", "name before '|' is empty");
	check_refused("1 2 x3", "found 'x3' in place 3");
	check_refused("1 2.0", "found '2.0' in place 2");
	check_refused("2147483648", "expected a unit number");
	check_refused("1 - 2", "found '-' in place 2");
	check_refused("+1", "expected a unit number");
	check_refused("D-99999999999999999999\t0\t1", "expected a unit number");
	s2st_unit_line l;
	CHECK_INT(s2st_unit_line_parse(&l, "a\0b|1", 5, &err), S2ST_EINPUT);
	CHECK_INT(s2st_unit_line_parse(&l, "1\0002", 3, &err), S2ST_EINPUT);
}

static void test_shards(void)
{
	/* Python: [round(10 / 4 * r) for r in range(5)], [round(7 / 2 * r) for r in range(3)] */
	const size_t ten[] = {0, 2, 5, 8, 10}, seven[] = {0, 4, 7};
	size_t begin, end;
	for (int r = 0; r < 4; r++) {
		s2st_shard_range(10, r, 4, &begin, &end);
		CHECK(begin == ten[r] && end == ten[r + 1]);
	}
	for (int r = 0; r < 2; r++) {
		s2st_shard_range(7, r, 2, &begin, &end);
		CHECK(begin == seven[r] && end == seven[r + 1]);
	}
	size_t last = 0; /* more parts than rows: each row in one part */
	for (int r = 0; r < 11; r++) {
		s2st_shard_range(3, r, 11, &begin, &end);
		CHECK(begin == last && end >= begin);
		last = end;
	}
	CHECK_INT(last, 3);
}

int main(void)
{
	test_forms();
	test_fairseq_lines();
	test_refused();
	test_shards();
	return TEST_RESULT();
}
