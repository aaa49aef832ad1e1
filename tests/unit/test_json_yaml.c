/* JSON and YAML: every type, PyYAML's scalar rules against its own answers, malformed text, bombs, cut-off text. */
#include "formats/json.h"

#include "test.h"

static s2_arena *arena;
static s2st_error err;

static s2_value *json(const char *text)
{
	s2_value *v;
	REQUIRE_OK(s2_json_parse(&v, arena, text, strlen(text), "a.json", &err));
	return v;
}

static s2_value *yaml(const char *text)
{
	s2_value *v;
	REQUIRE_OK(s2_yaml_parse(&v, arena, text, strlen(text), "a.yaml", &err));
	return v;
}

static void check_json_refused(const char *text, const char *why)
{
	s2_value *v;
	CHECK_INT(s2_json_parse(&v, arena, text, strlen(text), "a.json", &err), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "a.json");
	CHECK_CONTAINS(err.text, why);
}

static void check_yaml_refused(const char *text, const char *why)
{
	s2_value *v;
	CHECK_INT(s2_yaml_parse(&v, arena, text, strlen(text), "a.yaml", &err), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "a.yaml");
	CHECK_CONTAINS(err.text, why);
}

/* A tree as JSON, for comparison with a text. */
static void check_tree(const s2_value *v, const char *expected)
{
	char *text = s2_value_to_json(v, 1 << 20);
	CHECK_STR(text, expected);
	free(text);
}

static char *nested(char open, char close, int depth)
{
	char *text = malloc((size_t)depth * 2 + 1);
	REQUIRE(text);
	memset(text, open, (size_t)depth);
	memset(text + depth, close, (size_t)depth);
	text[2 * depth] = 0;
	return text;
}

static void test_json(void)
{
	check_tree(json("{\"b\": [1, -2.5, \"x\\u00e4\\n\", true, false, null], \"a\": {}}"),
		   "{\"b\": [1, -2.5, \"xä\\u000a\", true, false, null], \"a\": {}}");
	check_tree(json("3"), "3");
	check_json_refused("{\"a\": 1, \"a\": 2}", "duplicate");
	check_json_refused("{\"a\": 1", "line 1");
	check_json_refused("", "line 1");
	check_json_refused("[1e999]", "overflow");
	check_json_refused("[99999999999999999999]", "too big");
	check_json_refused("[\"\xff\"]", "decode");
	check_json_refused("[1] x", "end of file");
	char *deep = nested('[', ']', 64);
	json(deep);
	free(deep);
	deep = nested('[', ']', 70);
	check_json_refused(deep, "nested");
	free(deep);
	s2_value *v;
	CHECK_INT(s2_json_read(&v, arena, "no_such_file.json", &err), S2ST_EIO);
	CHECK_CONTAINS(err.text, "no_such_file.json");
}

static void test_yaml_shapes(void)
{
	check_tree(yaml("a: 1\nb: [x, 'y', \"z\\t\"]\nc:\n  - d: {e: 2.5}\n  -\n"),
		   "{\"a\": 1, \"b\": [\"x\", \"y\", \"z\\u0009\"], \"c\": [{\"d\": {\"e\": 2.5}}, null]}");
	check_tree(yaml(""), "null");
	check_tree(yaml("# only a comment\n"), "null");
	check_tree(yaml("---\nx\n...\n"), "\"x\"");
	check_tree(yaml("- 'yes'\n- \"1\"\n- |\n  2\n"),
		   "[\"yes\", \"1\", \"2\\u000a\"]"); /* only plain scalars are resolved */
	check_tree(yaml("- !!str 1\n- !!int '2'\n- !!float 3\n- !!null ''\n- !!bool 'on'\n- ! 4\n"),
		   "[\"1\", 2, 3.0, null, true, \"4\"]");
	check_tree(yaml("1: a\nyes: b\n~: c\n"), "{\"1\": \"a\", \"true\": \"b\", \"null\": \"c\"}");
	check_tree(yaml("&x [1, 2]"), "[1, 2]");
	check_tree(yaml("a: &x {k: 1}\nb: *x\nc: &x 2\nd: *x\n"),
		   "{\"a\": {\"k\": 1}, \"b\": {\"k\": 1}, \"c\": 2, \"d\": 2}");
}

/* As yaml.safe_load answers. */
static void test_yaml_merge(void)
{
	check_tree(yaml("base: &b {x: 1, y: 2}\nd:\n  <<: *b\n  y: 3\n  z: 4\n"),
		   "{\"base\": {\"x\": 1, \"y\": 2}, \"d\": {\"x\": 1, \"y\": 3, \"z\": 4}}");
	check_tree(yaml("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nd:\n  <<: [*a, *b]\n"),
		   "{\"a\": {\"x\": 1}, \"b\": {\"x\": 2, \"y\": 2}, \"d\": {\"x\": 1, \"y\": 2}}");
	check_yaml_refused("a:\n  <<: 3\n", "mapping");
	check_yaml_refused("a:\n  <<: [{x: 1}, 3]\n", "mapping");
}

static void check_scalar(const s2_value *got, const s2_value *expected)
{
	const char *kind = s2_value_get_str(expected, "kind", ""), *repr = s2_value_get_str(expected, "value", "");
	const char *text = s2_value_get_str(expected, "text", "");
	bool ok;
	if (strcmp(kind, "int") == 0)
		ok = got->kind == S2_V_INT && got->u.i == strtoll(repr, NULL, 10);
	else if (strcmp(kind, "float") == 0)
		ok = got->kind == S2_V_FLOAT &&
		     (got->u.f == strtod(repr, NULL) || (isnan(got->u.f) && isnan(strtod(repr, NULL))));
	else if (strcmp(kind, "bool") == 0)
		ok = got->kind == S2_V_BOOL && got->u.b == (strcmp(repr, "True") == 0);
	else if (strcmp(kind, "NoneType") == 0)
		ok = got->kind == S2_V_NONE;
	else
		ok = strcmp(kind, "str") == 0 && got->kind == S2_V_STR && strcmp(got->u.str.s, text) == 0;
	if (!ok)
		fprintf(stderr, "%s: expected %s %s, found %s\n", text, kind, repr, s2_value_kind_name(got));
	CHECK(ok);
}

/* scalars.json holds what PyYAML made of each line of scalars.yaml. */
static void test_yaml_scalars(void)
{
	s2_value *got, *expected;
	REQUIRE_OK(s2_yaml_read(&got, arena, FIXTURES "/formats/scalars.yaml", &err));
	REQUIRE_OK(s2_json_read(&expected, arena, FIXTURES "/formats/scalars.json", &err));
	CHECK(s2_value_len(got) > 70);
	CHECK_INT(s2_value_len(got), s2_value_len(expected));
	for (size_t i = 0; i < s2_value_len(got); i++)
		check_scalar(s2_value_at(got, i), s2_value_at(expected, i));
}

static void test_yaml_refused(void)
{
	check_yaml_refused("a: 1\na: 2\n", "\"a\" is there twice");
	check_yaml_refused("1: 1\n0x1: 2\n", "twice");
	check_yaml_refused("a: [1, 2", "line");
	check_yaml_refused("a: *nowhere", "alias");
	check_yaml_refused("a: &a [*a]", "inside its own anchor");
	check_yaml_refused("!!python/object/apply:os.system ['true']", "python/object/apply:os.system");
	check_yaml_refused("!local x", "!local");
	check_yaml_refused("!!int x", "tag");
	check_yaml_refused("!!map [1]", "tag");
	check_yaml_refused("? [1, 2]\n: 3\n", "no scalar");
	check_yaml_refused("--- 1\n--- 2\n", "more than one document");
	check_yaml_refused("99999999999999999999", "out of range");
	check_yaml_refused("1.0e+999", "out of range");
	check_yaml_refused("a: \xff\xfe", "");
	char *deep = nested('[', ']', 70);
	check_yaml_refused(deep, "nested");
	free(deep);
}

/* Nine aliases a line: 9^9 values if they were written out. */
static void test_billion_laughs(void)
{
	char text[2048] = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
	for (char c = 'b'; c <= 'i'; c++) {
		char line[128], p = (char)(c - 1);
		snprintf(line, sizeof line, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, p, p, p, p, p, p,
			 p, p, p);
		strcat(text, line);
	}
	check_yaml_refused(text, "bomb");
}

static void test_truncated(void)
{
	const char text[] = "a: &x {k: [1, 'two', \"three\"]}\nb: *x\nc: !!str 4\n";
	const char object[] = "{\"a\": [1, 2.5, \"x\", {\"b\": null}], \"c\": true}";
	for (size_t n = 0; n < sizeof text; n++) {
		char *cut = malloc(n + 1);
		s2_value *v;
		REQUIRE(cut);
		memcpy(cut, text, n);
		(void)!s2_yaml_parse(&v, arena, cut, n, "cut", &err); /* many cuts are good YAML */
		if (n < sizeof object - 1) {
			memcpy(cut, object, n);
			CHECK_INT(s2_json_parse(&v, arena, cut, n, "cut", &err), S2ST_EFORMAT);
		}
		free(cut);
	}
}

int main(void)
{
	arena = s2_arena_new();
	REQUIRE(arena);
	test_json();
	test_yaml_shapes();
	test_yaml_merge();
	test_yaml_scalars();
	test_yaml_refused();
	test_billion_laughs();
	test_truncated();
	s2_arena_free(arena);
	return TEST_RESULT();
}
