/* Numbers in words against num2words and inflect, normalisers against their regular expressions in Python
 * (tests/data/text/make_normalize.py). */
#include <jansson.h>

#include "text/numbers.h"

#include "test.h"

static void check_words(const json_t *row, const char *key, bool (*spell)(s2_chars *, s2_number), s2_number value)
{
	const char *want = json_string_value(json_object_get(row, key));
	if (!want)
		return; /* the original has none */
	s2_chars text = {0};
	char *got = NULL;
	size_t cap = 0;
	s2st_error err;
	CHECK(spell(&text, value));
	REQUIRE_OK(s2_chars_encode(&text, &got, &cap, &err));
	CHECK_STR(got, want);
	free(got);
	s2_chars_free(&text);
}

static bool en(s2_chars *out, s2_number n)
{
	return s2_spell_cardinal(out, S2_EN, n, false);
}

static bool en_and(s2_chars *out, s2_number n)
{
	return s2_spell_cardinal(out, S2_EN, n, true);
}

static bool en_ordinal(s2_chars *out, s2_number n)
{
	return s2_spell_ordinal(out, S2_EN, n);
}

static bool es(s2_chars *out, s2_number n)
{
	return s2_spell_cardinal(out, S2_ES, n, false);
}

static bool es_ordinal(s2_chars *out, s2_number n)
{
	return s2_spell_ordinal(out, S2_ES, n);
}

static bool fr(s2_chars *out, s2_number n)
{
	return s2_spell_cardinal(out, S2_FR, n, false);
}

static bool fr_ordinal(s2_chars *out, s2_number n)
{
	return s2_spell_ordinal(out, S2_FR, n);
}

static void check_number(const json_t *row)
{
	static const struct {
		const char *key;
		bool (*spell)(s2_chars *, s2_number);
	} forms[] = {{"en", en},
		     {"en_and", en_and},
		     {"en_ordinal", en_ordinal},
		     {"es", es},
		     {"es_ordinal", es_ordinal},
		     {"fr", fr},
		     {"fr_ordinal", fr_ordinal}};
	const char *digits = json_string_value(json_object_get(row, "n"));
	REQUIRE(digits);
	s2_chars text = {0};
	s2_number value;
	s2_chars_append_utf8(&text, digits);
	REQUIRE(s2_number_parse(text.c, text.n, &value));
	s2_chars_free(&text);
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		check_words(row, forms[i].key, forms[i].spell, value);
}

static void check_case(const json_t *c, size_t *wrong)
{
	s2st_error err;
	s2st_normalizer *n;
	const char *in = json_string_value(json_object_get(c, "in")),
		   *want = json_string_value(json_object_get(c, "out"));
	const char *name = json_string_value(json_object_get(c, "name"));
	const char *language = json_string_value(json_object_get(c, "lang"));
	const char *got;
	REQUIRE(in && want && name && language);
	REQUIRE_OK(s2st_normalizer_new(&n, name, language, &err));
	REQUIRE_OK(s2st_normalizer_run(n, in, &got, &err));
	if (strcmp(got, want) != 0 && ++*wrong < 20)
		fprintf(stderr, "%s %s of \"%s\":\n", name, language, in);
	CHECK_STR(got, want);
	s2st_normalizer_free(n);
}

int main(void)
{
	json_error_t problem;
	json_t *root = json_load_file(FIXTURES "/text/normalize.json", 0, &problem);
	REQUIRE(root);
	json_t *c;
	size_t i, wrong = 0;
	json_array_foreach(json_object_get(root, "numbers"), i, c) check_number(c);
	CHECK(i > 300);
	json_array_foreach(json_object_get(root, "cases"), i, c) check_case(c, &wrong);
	CHECK(i > 1400);
	json_decref(root);
	return TEST_RESULT();
}
