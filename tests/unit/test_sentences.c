/* Files of sentences: plain and tables, good and bad. */
#include "s2st.h"
#include "test.h"
#include "text/sentences.h"

static s2st_error err;

static int parse(s2st_sentences **s, const char *text, const char *columns)
{
	return s2_sentences_parse(s, text, strlen(text), columns, "refs", &err);
}

static void test_plain(void)
{
	static const char *const want[] = {"one  two", "", "élan", "four"};
	s2st_sentences *s;
	REQUIRE_OK(parse(&s, "\xef\xbb\xbf one  two\t\r\n\n\xc2\xa0\xc3\xa9lan \nfour", NULL));
	CHECK_INT(s2st_sentences_count(s), 4);
	CHECK_INT(s2st_sentences_columns(s), 1);
	for (size_t i = 0; i < 4; i++) {
		CHECK_STR(s2st_sentences_texts(s, i)[0], want[i]);
		CHECK_INT(s2st_sentences_line(s, i), i + 1);
		CHECK(!s2st_sentences_id(s, i));
	}
	s2st_sentences_free(s);
}

static void test_table(void)
{
	s2st_sentences *s;
	const char *text = "id\taudio\ttgt_text\tother\r\na\tx\t \"hi\"\t1\n\nb\ty\tyou \t2\r\n";
	REQUIRE_OK(parse(&s, text, "tgt_text"));
	CHECK_INT(s2st_sentences_count(s), 2);
	CHECK_STR(s2st_sentences_texts(s, 0)[0], "\"hi\"");
	CHECK_STR(s2st_sentences_texts(s, 1)[0], "you");
	CHECK_STR(s2st_sentences_id(s, 1), "b");
	CHECK_INT(s2st_sentences_line(s, 1), 4);
	s2st_sentences_free(s);
	REQUIRE_OK(parse(&s, text, "other,tgt_text"));
	CHECK_INT(s2st_sentences_columns(s), 2);
	CHECK_STR(s2st_sentences_texts(s, 1)[0], "2");
	CHECK_STR(s2st_sentences_texts(s, 1)[1], "you");
	s2st_sentences_free(s);
}

static void test_many(void)
{
	enum { N = 5000 };
	char *text = malloc(N * 8), *at = text;
	s2st_sentences *s;
	REQUIRE(text);
	for (int i = 0; i < N; i++)
		at += sprintf(at, "%d\n", i);
	REQUIRE_OK(parse(&s, text, NULL));
	CHECK_INT(s2st_sentences_count(s), N);
	for (int i = 0; i < N; i++)
		CHECK_INT(atoi(s2st_sentences_texts(s, (size_t)i)[0]), i);
	s2st_sentences_free(s);
	free(text);
}

static void test_bad(void)
{
	static const struct {
		const char *text, *columns, *error;
	} bad[] = {
		{"", NULL, "refs: expected sentences"},
		{"tgt_text\n", "tgt_text", "refs: expected sentences"},
		{"ok\nab\xc3(\n", NULL, "refs: line 2: byte 3 is not valid UTF-8"},
		{"id\tt\nx\ta\xff\n", "t", "refs: line 2: byte 4 is not valid UTF-8"},
		{"id\tother\nx\ty\n", "tgt_text", "refs: line 1: expected a column \"tgt_text\""},
		{"a\ttgt_text\nx\n", "tgt_text", "refs: line 2: expected at least 2 columns"},
		{"id\tt\n\tx\n", "t", "refs: line 2: column id is empty"},
	};
	s2st_sentences *s;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK_INT(parse(&s, bad[i].text, bad[i].columns), S2ST_EFORMAT);
		CHECK_CONTAINS(err.text, bad[i].error);
	}
	CHECK_INT(s2_sentences_parse(&s, "a\0b", 3, NULL, "refs", &err), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "line 1: byte 2");
	CHECK_INT(s2st_sentences_read(&s, "no/such.txt", NULL, &err), S2ST_EIO);
	CHECK(!s);
}

int main(void)
{
	test_plain();
	test_table();
	test_many();
	test_bad();
	return TEST_RESULT();
}
