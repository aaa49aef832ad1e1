/* How the tools print numbers, strings and ids. */
#include "tools/cli.h"

#include "test.h"

/* repr() of Python 3.11; the last ones are float32 scores divided by ln 2 in float32, as fairseq-generate does. */
static void test_python_float(void)
{
	static const struct {
		double x;
		const char *repr;
	} cases[] = {
		{0x0.0p+0, "0.0"},
		{-0x0.0p+0, "-0.0"},
		{0x1.0000000000000p+0, "1.0"},
		{-0x1.0000000000000p+0, "-1.0"},
		{0x1.0000000000000p-1, "0.5"},
		{0x1.9000000000000p+6, "100.0"},
		{0x1.c6bf526340000p+49, "1000000000000000.0"},
		{0x1.1c37937e08000p+53, "1e+16"},
		{0x1.c12218377de40p+46, "123456789012345.0"},
		{0x1.a36e2eb1c432dp-14, "0.0001"},
		{0x1.9f3c70c996b76p-14, "9.9e-05"},
		{0x1.4f8b588e368f1p-17, "1e-05"},
		{-0x1.421f5f40d8376p-23, "-1.5e-07"},
		{0x1.0f0cf064dd592p+73, "1e+22"},
		{0x1.1eb2d66005835p+997, "1.5e+300"},
		{0x0.0000000000001p-1022, "5e-324"},
		{0x1.999999999999ap-4, "0.1"},
		{0x1.5555555555555p-2, "0.3333333333333333"},
		{0x1.5555555555555p-1, "0.6666666666666666"},
		{0x1.0000000000000p+53, "9007199254740992.0"},
		{0x1.1666666666666p+2, "4.35"},
		{-0x1.0c00020000000p-1, "-0.5234375596046448"},
		{-0x1.210c6e0000000p-1, "-0.5645479559898376"},
		{-0x1.e3235a0000000p-3, "-0.23590727150440216"},
		{-0x1.84b7d80000000p+0, "-1.518430233001709"},
		{-0x1.bc57520000000p-4, "-0.10848171263933182"},
		{-0x1.1b80f40000000p+0, "-1.1074364185333252"},
		{-0x1.503fe80000000p-1, "-0.6567375659942627"},
		{-0x1.61129c0000000p-4, "-0.08619938790798187"},
		{-0x1.0588a20000000p+0, "-1.0216161012649536"},
		{-0x1.c3aa940000000p-5, "-0.05513504892587662"},
		{-0x1.a3f44a0000000p-1, "-0.8202231526374817"},
		{-0x1.abec020000000p-4, "-0.10447312146425247"},
		{-0x1.18f8520000000p-3, "-0.13719238340854645"},
		{-0x1.9825660000000p-1, "-0.7971603274345398"},
		{-0x1.43d4880000000p+1, "-2.529923439025879"},
		{-0x1.867e920000000p-3, "-0.19067110121250153"},
		{-0x1.7534480000000p-2, "-0.36445724964141846"},
	};
	char buf[CLI_REAL_SIZE];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_STR(cli_python_float(buf, cases[i].x), cases[i].repr);
	CHECK_STR(cli_python_float(buf, INFINITY), "inf");
	CHECK_STR(cli_python_float(buf, -INFINITY), "-inf");
	CHECK_STR(cli_python_float(buf, NAN), "nan");
}

static char *text;
static size_t n_text;

static FILE *begin(void)
{
	FILE *f = open_memstream(&text, &n_text);
	REQUIRE(f);
	return f;
}

static void check_printed(FILE *f, const char *expected)
{
	fclose(f);
	CHECK_STR(text, expected);
	free(text);
}

static void test_json_reals(void)
{
	const float reals[] = {0.1f, -1.7692925f, 0, 1e-30f, 16777216.0f};
	FILE *f = begin();
	cli_json_reals(f, reals, 5);
	check_printed(f, "[0.1, -1.7692925, 0, 1e-30, 16777216]");
	f = begin();
	cli_json_real(f, 0.1); /* no float32: digits of a double */
	check_printed(f, "0.1");
	f = begin();
	cli_json_real(f, 1.0 / 3);
	check_printed(f, "0.3333333333333333");
	f = begin();
	cli_json_real(f, -INFINITY);
	check_printed(f, "null");
	uint64_t state = 3;
	for (int i = 0; i < 1000; i++) {
		const float x = test_randf(&state) * powf(10, (float)(i % 60 - 30));
		f = begin();
		cli_json_real(f, (double)x);
		fclose(f);
		CHECK(strtof(text, NULL) == x);
		free(text);
	}
}

static void check_string(const char *s, const char *json)
{
	FILE *f = begin();
	cli_json_string(f, s);
	check_printed(f, json);
}

static void test_json_strings(void)
{
	check_string(NULL, "null");
	check_string("", "\"\"");
	check_string("a \"b\" \\ /", "\"a \\\"b\\\" \\\\ /\"");
	check_string("\n\t\x1f\x7f", "\"\\u000a\\u0009\\u001f\\u007f\"");
	check_string("ni\xc3\xb1o \xe8\xaa\x9e \xf0\x9f\x99\x82", "\"ni\xc3\xb1o \xe8\xaa\x9e \xf0\x9f\x99\x82\"");
	check_string("\xff", "\"\\ufffd\"");
	check_string("a\xc3", "\"a\\ufffd\"");                     /* cut short */
	check_string("\xc0\xaf", "\"\\ufffd\\ufffd\"");            /* overlong */
	check_string("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""); /* a surrogate */
	check_string("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

static void test_unit_lines(void)
{
	const int32_t units[] = {3, 1, 4};
	FILE *f = begin();
	cli_unit_line(f, "a b", units, 3);
	cli_unit_line(f, "none", units, 0);
	check_printed(f, "a b|3 1 4\nnone|\n");
}

static void check_ids(const char *s, const int32_t *ids, size_t n)
{
	s2st_error err;
	int32_t *found;
	size_t n_found;
	REQUIRE_OK(cli_parse_ids(&found, &n_found, s, &err));
	REQUIRE(n_found == n);
	CHECK(memcmp(found, ids, n * sizeof *ids) == 0);
	free(found);
}

static void test_ids(void)
{
	static const char *const bad[] = {"", " ", "x", "1 x", "1,,2x", "-1", "2147483648", "1;2", "1.5"};
	const int32_t ids[] = {2, 7, 12}, one[] = {2147483647};
	check_ids("2 7 12", ids, 3);
	check_ids("2,7,12", ids, 3);
	check_ids(" 2, 7,\t12 ", ids, 3);
	check_ids("2147483647", one, 1);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		s2st_error err;
		int32_t *found;
		size_t n;
		CHECK_INT(cli_parse_ids(&found, &n, bad[i], &err), S2ST_EINPUT);
		free(found);
	}
}

int main(void)
{
	test_python_float();
	test_json_reals();
	test_json_strings();
	test_unit_lines();
	test_ids();
	return TEST_RESULT();
}
