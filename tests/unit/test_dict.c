/* Dictionaries from text, from units and from a pickle, by the rules of fairseq/data/dictionary.py. */
#include "formats/dict.h"

#include "formats/checkpoint.h"
#include "test.h"

static s2st_error err;

static s2_dict *parse(const char *text)
{
	s2_dict *d;
	REQUIRE_OK(s2_dict_parse(&d, text, strlen(text), "dict.txt", &err));
	return d;
}

static void check_refused(const char *text, size_t n, const char *why)
{
	s2_dict *d;
	CHECK_INT(s2_dict_parse(&d, text, n, "dict.txt", &err), S2ST_EFORMAT);
	CHECK(d == NULL);
	CHECK_CONTAINS(err.text, "dict.txt");
	CHECK_CONTAINS(err.text, why);
}

static void check_special(const s2_dict *d)
{
	CHECK_STR(s2_dict_symbol(d, S2_BOS), "<s>");
	CHECK_STR(s2_dict_symbol(d, S2_PAD), "<pad>");
	CHECK_STR(s2_dict_symbol(d, S2_EOS), "</s>");
	CHECK_STR(s2_dict_symbol(d, S2_UNK), "<unk>");
	CHECK_INT(s2_dict_unit(d, S2_EOS), -1);
}

static void test_text(void)
{
	s2_dict *d = parse("| 94802\nE 51860  \r\n17 3\n[en] -1\nnew york 5\nä 1");
	check_special(d);
	CHECK_INT(s2_dict_size(d), 10);
	CHECK_STR(s2_dict_symbol(d, 4), "|");
	CHECK_STR(s2_dict_symbol(d, 5), "E");
	CHECK_INT(s2_dict_index(d, "17"), 6);
	CHECK_INT(s2_dict_unit(d, 6), 17);
	CHECK_INT(s2_dict_unit(d, 7), -1);
	CHECK_STR(s2_dict_symbol(d, 8), "new york"); /* split from the right */
	CHECK_INT(s2_dict_index(d, "ä"), 9);
	CHECK_INT(s2_dict_index(d, "nothing"), -1);
	CHECK(s2_dict_symbol(d, 10) == NULL);
	CHECK_INT(s2_dict_unit(d, 10), -1);
	s2_dict_free(d);
	d = parse("");
	check_special(d);
	CHECK_INT(s2_dict_size(d), 4);
	s2_dict_free(d);
}

/* The mark lets a symbol take the name from an earlier one; both keep their ids. */
static void test_overwrite(void)
{
	s2_dict *d = parse("a 1\n<s> 1 #fairseq:overwrite\na 2 #fairseq:overwrite\n");
	CHECK_INT(s2_dict_size(d), 7);
	CHECK_INT(s2_dict_index(d, "<s>"), 5);
	CHECK_INT(s2_dict_index(d, "a"), 6);
	CHECK_STR(s2_dict_symbol(d, 4), "a");
	CHECK_STR(s2_dict_symbol(d, 0), "<s>");
	s2_dict_free(d);
}

static void test_refused(void)
{
	check_refused("a 1\na 2\n", 8, "line 2: \"a\" is there twice");
	check_refused("<pad> 2\n", 8, "\"<pad>\" is there twice");
	check_refused("alone\n", 6, "line 1: expected \"symbol count\"");
	check_refused("a 1\n\nb 2\n", 9, "line 2");
	check_refused("a x\n", 4, "found \"x\"");
	check_refused("a 1 #fairseq:over\n", 18, "#fairseq:over");
	check_refused("#fairseq:overwrite\n", 19, "line 1");
	check_refused("\xff\xfe 1\n", 5, "UTF-8");
	check_refused("a\0b 1\n", 6, "UTF-8");
	s2_dict *d;
	CHECK_INT(s2_dict_read(&d, "no_such_dict.txt", &err), S2ST_EIO);
}

static void test_units(void)
{
	s2_dict *d;
	REQUIRE_OK(s2_dict_units(&d, 1000, &err));
	check_special(d);
	CHECK_INT(s2_dict_size(d), 1004);
	for (int u = 0; u < 1000; u++)
		CHECK_INT(s2_dict_unit(d, (size_t)u + 4), u);
	CHECK_INT(s2_dict_index(d, "999"), 1003);
	s2_dict_free(d);
	CHECK_INT(s2_dict_units(&d, SIZE_MAX, &err), S2ST_EMODEL);
}

static void test_real_file(void)
{
	s2_dict *d;
	REQUIRE_OK(s2_dict_read(&d, FIXTURES "/golden/ctc/fairseq/dict.ltr.txt", &err));
	CHECK_STR(s2_dict_symbol(d, 4), "|");
	CHECK(s2_dict_size(d) > 20);
	s2_dict_free(d);
}

static void test_pickled(void)
{
	s2_checkpoint *c;
	s2_dict *d;
	REQUIRE_OK(s2_checkpoint_open(&c, FIXTURES "/formats/dictionary.pt", &err));
	const s2_value *v = s2_value_path(s2_checkpoint_root(c), "task_state.target_dictionary");
	REQUIRE_OK(s2_dict_from_value(&d, v, "dictionary.pt", &err));
	s2_checkpoint_close(c); /* the dictionary has its own strings */
	check_special(d);
	CHECK_INT(s2_dict_size(d), 7);
	CHECK_INT(s2_dict_index(d, "E"), 5);
	CHECK_INT(s2_dict_unit(d, 6), 17);
	s2_dict_free(d);
	CHECK_INT(s2_dict_from_value(&d, NULL, "dictionary.pt", &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "nothing");
}

int main(void)
{
	test_text();
	test_overwrite();
	test_refused();
	test_units();
	test_real_file();
	test_pickled();
	return TEST_RESULT();
}
