/* ARPA models: probabilities by hand, and files that are refused. */
#include "s2st.h"
#include "test.h"
#include "text/arpa.h"

static s2st_error err;

static const char model[] = "\n\\data\\\nngram 1=5\nngram 2=3\nngram 3=1\n\n"
			    "\\1-grams:\n-1\t<unk>\n-99\t<s>\t-0.5\n-1.5\t</s>\n-0.7\ta\t-0.25\n-0.9\tb\t-0.125\n\n"
			    "\\2-grams:\n-0.3\t<s> a\t-0.0625\n-0.4\ta b\n-0.6\tb </s>\n\n"
			    "\\3-grams:\n-0.05\t<s> a b\n\n\\end\\\n";

static int parse(s2_arpa **m, const char *text)
{
	return s2_arpa_parse(m, text, strlen(text), "lm", &err);
}

/* log10 p of words after <s>, one letter each, and of the end. */
static double sentence(const s2_arpa *m, const char *words, double *end)
{
	s2_arpa_state s = s2_arpa_begin(m);
	double sum = 0;
	for (; *words; words++)
		sum += s2_arpa_score(m, &s, s2_arpa_find(m, words, 1), &s);
	*end = s2_arpa_end(m, &s);
	return sum;
}

static void check(const s2_arpa *m, const char *words, double want, double want_end)
{
	double end, p = sentence(m, words, &end);
	if (fabs(p - want) > 1e-6 || fabs(end - want_end) > 1e-6)
		fprintf(stderr, "\"%s\": %g and %g, expected %g and %g\n", words, p, end, want, want_end);
	CHECK(fabs(p - want) <= 1e-6 && fabs(end - want_end) <= 1e-6);
}

static void test_queries(void)
{
	s2_arpa *m;
	REQUIRE_OK(parse(&m, model));
	CHECK_INT(s2_arpa_order(m), 3);
	CHECK_INT(s2_arpa_n_words(m), 5);
	CHECK_STR(s2_arpa_word(m, 3), "a");
	CHECK(!s2_arpa_word(m, 5));
	check(m, "", 0, -0.5 - 1.5);
	check(m, "a", -0.3, -0.0625 - 0.25 - 1.5); /* <s> a </s>: back off from "<s> a", then from "a" */
	check(m, "ab", -0.3 - 0.05, -0.6);         /* a b has no back-off weight */
	check(m, "b", -0.5 - 0.9, -0.6);
	check(m, "ba", -0.5 - 0.9 - 0.125 - 0.7, -0.25 - 1.5);
	check(m, "z", -0.5 - 1, -1.5); /* unknown */
	s2_arpa_free(m);
	REQUIRE_OK(parse(&m, "\\data\\\nngram 1=1\n\\1-grams:\n-0.5 a\n\\end\\"));
	check(m, "az", -0.5 - 100, 0); /* no <unk>, no </s> */
	s2_arpa_free(m);
}

static void test_bad(void)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
		{"", "expected a line \\data\\"},
		{"mmap lm http://kheafield.com/code format version 5", "KenLM's binary form"},
		{"\\data\\\n\n", "expected counts"},
		{"\\data\\\nngram 2=1\n", "in order"},
		{"\\data\\\nngram 1=x\n", "line 2: expected \"ngram N=COUNT\""},
		{"\\data\\\nngram 1=2\n\n\\1-grams:\n-1 a\n\n\\end\\\n", "expected 2 1-grams from the header, found 1"},
		{"\\data\\\nngram 1=1\n\n\\2-grams:\n-1 a\n", "line 4: expected the title"},
		{"\\data\\\nngram 1=1\n\n\\1-grams:\nx a\n", "line 5: expected a logarithm"},
		{"\\data\\\nngram 1=1\n\n\\1-grams:\n0.5 a\n", "line 5: expected a logarithm"},
		{"\\data\\\nngram 1=1\n\n\\1-grams:\nnan a\n", "line 5: expected a logarithm"},
		{"\\data\\\nngram 1=1\n\n\\1-grams:\n-1\n", "line 5: expected more words"},
		{"\\data\\\nngram 1=1\n\n\\1-grams:\n-1 a b\n", "expected a back-off weight"},
		{"\\data\\\nngram 1=1\n\n\\1-grams:\n-1 a -1 c\n", "expected nothing after"},
		{"\\data\\\nngram 1=2\n\n\\1-grams:\n-1 a\n-1 a\n", "line 6: expected another word"},
		{"\\data\\\nngram 1=1\n\n\\1-grams:\n-1 \xc3\n", "a word in UTF-8"},
		{"\\data\\\nngram 1=1\nngram 2=1\n\n\\1-grams:\n-1 a\n\n\\2-grams:\n-1 a b\n", "that are 1-grams too"},
		{"\\data\\\nngram 1=1\nngram 2=2\n\n\\1-grams:\n-1 a\n\n\\2-grams:\n-1 a a\n-1 a a\n",
		 "another n-gram"},
		{"\\data\\\nngram 1=1\n\n\\1-grams:\n-1 a\n", "expected \\end\\"},
		{"\\data\\\nngram 1=0\n\n\\1-grams:\n\n\\end\\\n", "a model without words"},
	};
	s2_arpa *m;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK_INT(parse(&m, bad[i].text), S2ST_EFORMAT);
		CHECK_CONTAINS(err.text, bad[i].error);
		CHECK(!m);
	}
	for (size_t n = 0; n + 2 < sizeof model - 1; n++) { /* cut anywhere: refused */
		CHECK_INT(s2_arpa_parse(&m, model, n, "lm", &err), S2ST_EFORMAT);
	}
}

int main(void)
{
	test_queries();
	test_bad();
	return TEST_RESULT();
}
