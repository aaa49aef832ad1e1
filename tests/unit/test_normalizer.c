/* The normaliser's refusals, numbers past the last name, and reuse after a failure. */
#include "s2st.h"

#include "test.h"

static s2st_normalizer *normalizer(const char *name, const char *language)
{
	s2st_error err;
	s2st_normalizer *n;
	REQUIRE_OK(s2st_normalizer_new(&n, name, language, &err));
	return n;
}

static void check(const char *name, const char *language, const char *in, const char *want)
{
	s2st_error err;
	s2st_normalizer *n = normalizer(name, language);
	const char *out;
	REQUIRE_OK(s2st_normalizer_run(n, in, &out, &err));
	CHECK_STR(out, want);
	s2st_normalizer_free(n);
}

static void test_none(void)
{
	check("none", NULL, "  As It  Is… ", "  As It  Is… ");
	check("none", "zh", "", "");
}

static void test_languages(void)
{
	check("speech_matrix", NULL, "Mr. 21st", "mister twenty first");
	check("speech_matrix", "es", "Mr. 21", "mr veintiuno");
	check("speech_matrix", "fr", "21", "vingt et un");
	check("speech_matrix", "de", "Mr. 21", "mr 21");
	check("fisher", "es", "Mr. 21", "mister twenty one");
}

/* Where the names of powers end the digits stay. */
static void test_large_numbers(void)
{
	const char *e36 = "1000000000000000000000000000000000000", *e27 = "1000000000000000000000000000";
	check("speech_matrix", "en", e36, e36);
	check("speech_matrix", "fr", e36, e36);
	check("speech_matrix", "es", e27, e27);
	check("speech_matrix", "en", e27, "one octillion");
	char long_number[4001], ordinal[4003];
	memset(long_number, '9', 4000);
	long_number[4000] = 0;
	check("speech_matrix", "en", long_number, long_number);
	snprintf(ordinal, sizeof ordinal, "%sth", long_number);
	check("speech_matrix", "en", ordinal, ordinal);
	check("speech_matrix", "es", "1500ro", "milésimo quingentésimo");
	check("speech_matrix", "es", "12345ro", "docemilésimo tricentésimo quadragésimo quinto");
}

static void test_refusals(void)
{
	s2st_error err;
	s2st_normalizer *n;
	const char *out;
	CHECK_INT(s2st_normalizer_new(&n, "english", "en", &err), S2ST_EINPUT);
	CHECK(!n);
	CHECK_CONTAINS(err.text, "normalizer \"english\" is unknown: expected none, speech_matrix");
	n = normalizer("whisper_basic", NULL);
	CHECK_INT(s2st_normalizer_run(n, "ab\xff", &out, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "byte 3 is not valid UTF-8");
	REQUIRE_OK(s2st_normalizer_run(n, "Hello, (there) World!", &out, &err));
	CHECK_STR(out, "hello world ");
	s2st_normalizer_free(n);
	s2st_normalizer_free(NULL);
}

/* Long runs of what the rules look ahead over: a step that started again at each character would never end. */
static void test_long_inputs(void)
{
	enum { N = 400000 };
	static const char *const names[] = {"none", "speech_matrix", "fisher", "whisper_basic", "hokkien"};
	static const char marks[] = "<([ ,.$%9'A";
	static char text[N + 1];
	s2st_error err;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (const char *mark = marks; *mark; mark++) {
			s2st_normalizer *n = normalizer(names[i], "en");
			const char *out;
			memset(text, *mark, N);
			REQUIRE_OK(s2st_normalizer_run(n, text, &out, &err));
			CHECK(strlen(out) <= 2 * N);
			s2st_normalizer_free(n);
		}
}

int main(void)
{
	test_long_inputs();
	test_none();
	test_languages();
	test_large_numbers();
	test_refusals();
	return TEST_RESULT();
}
