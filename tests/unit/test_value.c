/* Reading configuration trees: members, omegaconf wrappers and interpolations, typed reads, text. */
#include "formats/value.h"

#include "formats/checkpoint.h"
#include "formats/json.h"
#include "test.h"

static s2_arena *arena;
static s2st_error err;

static s2_value *json(const char *text)
{
	s2_value *v;
	REQUIRE_OK(s2_json_parse(&v, arena, text, strlen(text), "t", &err));
	return v;
}

static void test_members(void)
{
	const s2_value *v = json("{\"a\": {\"b\": {\"c\": 5}}, \"list\": [1, 2]}");
	CHECK_INT(s2_value_path(v, "a.b.c")->u.i, 5);
	CHECK(!s2_value_path(v, "a.x.c"));
	CHECK(!s2_value_path(v, "a.b.c.d"));
	CHECK(!s2_value_path(v, ""));
	CHECK(!s2_value_get(NULL, "a"));
	CHECK(!s2_value_get(s2_value_get(v, "list"), "a"));
	CHECK_INT(s2_value_len(s2_value_get(v, "list")), 2);
	CHECK_INT(s2_value_at(s2_value_get(v, "list"), 1)->u.i, 2);
	CHECK(!s2_value_at(s2_value_get(v, "list"), 2));
	CHECK_INT(s2_value_len(v), 0);
	CHECK_STR(s2_value_kind_name(NULL), "nothing");
	CHECK_STR(s2_value_kind_name(v), "a dict");
	const s2_pair *pairs;
	CHECK_INT(s2_value_pairs(v, &pairs), 2);
	CHECK_STR(pairs[1].key->u.str.s, "list");
	CHECK_INT(s2_value_pairs(s2_value_get(v, "list"), &pairs), 0);
	/* Later keys win, as in Python. */
	s2_value *dict = s2_value_new(arena, S2_V_DICT), *key = s2_value_new_str(arena, "k", 1);
	for (int i = 0; i < 100; i++) {
		s2_value *n = s2_value_new(arena, S2_V_INT);
		n->u.i = i;
		CHECK_INT(s2_value_put(arena, dict, key, n), 0);
	}
	CHECK_INT(s2_value_get(dict, "k")->u.i, 99);
}

static void check_int_refused(const s2_value *v, const char *key, const char *why)
{
	int64_t i;
	CHECK_INT(s2_value_get_int(v, key, 0, &i, "m.pt", &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "m.pt");
	CHECK_CONTAINS(err.text, key);
	CHECK_CONTAINS(err.text, why);
}

static void test_typed(void)
{
	const s2_value *v =
		json("{\"i\": 7, \"s\": \"12\", \"f\": 2.5, \"w\": 3.0, \"t\": true, \"n\": null, \"x\": \"abc\","
		     " \"e\": \"1e-4\", \"y\": \"True\", \"l\": [1], \"h\": 1e300, \"z\": \"\"}");
	static const struct {
		const char *key;
		int64_t expected;
	} ints[] = {{"i", 7}, {"s", 12}, {"w", 3}, {"t", 1}, {"n", -9}, {"absent", -9}};
	for (size_t k = 0; k < sizeof ints / sizeof *ints; k++) {
		int64_t i;
		REQUIRE_OK(s2_value_get_int(v, ints[k].key, -9, &i, "m.pt", &err));
		CHECK_INT(i, ints[k].expected);
	}
	check_int_refused(v, "f", "found a number");
	check_int_refused(v, "x", "found \"abc\"");
	check_int_refused(v, "l", "found a list");
	check_int_refused(v, "h", "expected an integer");
	check_int_refused(v, "z", "found \"\"");
	double f;
	REQUIRE_OK(s2_value_get_float(v, "e", 0, &f, "m.pt", &err));
	CHECK(f == 1e-4);
	REQUIRE_OK(s2_value_get_float(v, "i", 0, &f, "m.pt", &err));
	CHECK(f == 7);
	REQUIRE_OK(s2_value_get_float(v, "absent", 0.5, &f, "m.pt", &err));
	CHECK(f == 0.5);
	CHECK_INT(s2_value_get_float(v, "x", 0, &f, "m.pt", &err), S2ST_EMODEL);
	bool b;
	REQUIRE_OK(s2_value_get_bool(v, "y", false, &b, "m.pt", &err));
	CHECK(b);
	REQUIRE_OK(s2_value_get_bool(v, "n", true, &b, "m.pt", &err));
	CHECK(b);
	CHECK_INT(s2_value_get_bool(v, "i", false, &b, "m.pt", &err), S2ST_EMODEL);
	CHECK_STR(s2_value_get_str(v, "x", "def"), "abc");
	CHECK_STR(s2_value_get_str(v, "i", "def"), "def");
}

/* formats/make.py says what is in the file. */
static void test_omegaconf(void)
{
	s2_checkpoint *c;
	REQUIRE_OK(s2_checkpoint_open(&c, FIXTURES "/formats/omegaconf.pt", &err));
	const s2_value *model = s2_checkpoint_config(c, "model"), *task = s2_checkpoint_config(c, "task");
	int64_t i;
	bool b;
	CHECK_STR(s2_value_kind_name(model), "omegaconf.dictconfig.DictConfig");
	CHECK_STR(s2_value_get_str(model, "_name", ""), "wav2vec_ctc");
	REQUIRE_OK(s2_value_get_int(model, "layers", 0, &i, "f", &err));
	CHECK_INT(i, 12);
	REQUIRE_OK(s2_value_get_bool(model, "normalize", false, &b, "f", &err)); /* "${task.normalize}" */
	CHECK(b);
	CHECK_STR(s2_value_get_str(model, "circle", ""), "${model.circle}");
	CHECK_STR(s2_value_get_str(task, "data", ""), "${common.data}"); /* leads nowhere: stays as it is */
	CHECK(s2_value_get(model, "nothing")->kind == S2_V_NONE);
	CHECK(s2_value_get(model, "absent")->kind == S2_V_NONE);
	CHECK_INT(s2_value_len(s2_value_get(model, "sizes")), 2);
	CHECK_INT(s2_value_at(s2_value_get(model, "sizes"), 1)->u.i, 5);
	CHECK_STR(s2_value_kind_name(s2_value_get(model, "choice")), "fairseq.dataclass.constants.CHOICE");
	char *text = s2_value_to_json(model, 1 << 20);
	CHECK_STR(text, "{\"_name\": \"wav2vec_ctc\", \"layers\": 12, \"drop\": 0.1, \"normalize\": true, \"circle\": "
			"\"${model.circle}\", \"nothing\": null, \"absent\": null, \"choice\": {\"__class__\": "
			"\"fairseq.dataclass.constants.CHOICE\", \"value\": \"x\"}, \"sizes\": [3, 5]}");
	free(text);
	s2_checkpoint_close(c);
}

/* Any cut of the text is JSON again, so a caller can print what it gets. */
static void test_json_is_bounded(void)
{
	s2_value *v = json(
		"{\"a\": [1, 2, {\"b\": \"a longer string with \\\"quotes\\\"\"}], \"c\": {\"d\": [[], {}, null]}}");
	for (size_t limit = 0; limit < 120; limit++) {
		char *text = s2_value_to_json(v, limit);
		s2_value *again;
		REQUIRE(text);
		REQUIRE_OK(s2_json_parse(&again, arena, text, strlen(text), text, &err));
		free(text);
	}
	s2_value *list = s2_value_new(arena, S2_V_LIST), *self = s2_value_new(arena, S2_V_LIST);
	CHECK_INT(s2_value_append(arena, self, self), 0); /* holds itself, twice */
	CHECK_INT(s2_value_append(arena, self, self), 0);
	CHECK_INT(s2_value_append(arena, list, self), 0);
	char *text = s2_value_to_json(list, 1000);
	REQUIRE(text);
	CHECK(strlen(text) < 3000);
	s2_value *again;
	CHECK_INT(s2_json_parse(&again, arena, text, strlen(text), "t", &err) < 0,
		  1); /* deeper than the parser allows */
	free(text);
}

static void test_json_values(void)
{
	s2_value *list = s2_value_new(arena, S2_V_LIST), *f;
	static const double numbers[] = {0.1, 1, 1e300, 1.0 / 3, -0.0};
	for (size_t i = 0; i < 5; i++) {
		f = s2_value_new(arena, S2_V_FLOAT);
		f->u.f = numbers[i];
		CHECK_INT(s2_value_append(arena, list, f), 0);
	}
	f = s2_value_new(arena, S2_V_FLOAT);
	f->u.f = NAN;
	CHECK_INT(s2_value_append(arena, list, f), 0);
	CHECK_INT(s2_value_append(arena, list, s2_value_new_str(arena, "\xff\x01", 2)), 0);
	char *text = s2_value_to_json(list, 1000);
	CHECK_STR(text, "[0.1, 1.0, 1e+300, 0.3333333333333333, -0.0, \"NaN\", \"\xef\xbf\xbd\\u0001\"]");
	free(text);
}

int main(void)
{
	arena = s2_arena_new();
	REQUIRE(arena);
	test_members();
	test_typed();
	test_omegaconf();
	test_json_is_bounded();
	test_json_values();
	s2_arena_free(arena);
	return TEST_RESULT();
}
