/* Tokenisers, lower case, multi-reference BLEU, chrF, WER, CER and bootstrap resampling against their definitions in
 * Python and numpy's random numbers (tests/data/text/make_scores.py). */
#include <jansson.h>

#include "base/random.h"
#include "text/tokenize.h"

#include "test.h"

enum { MAX_REFS = 4 };

static double number(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	REQUIRE(json_is_number(v));
	return json_number_value(v);
}

static const char *string(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	REQUIRE(s);
	return s;
}

static void check_tokens(const json_t *c, s2_chars *text, s2_chars *spare)
{
	s2st_error err;
	s2_tokenizer *tokenize;
	const char *in = string(c, "in");
	REQUIRE_OK(s2_tokenizer_find(&tokenize, string(c, "tok"), &err));
	REQUIRE_OK(s2_chars_decode(text, in, strlen(in), &err));
	s2_chars_rstrip(text);
	tokenize(text, spare);
	REQUIRE_OK(s2_chars_check(text, &err));

	const json_t *want = json_object_get(c, "out");
	char *got = NULL;
	size_t cap = 0, n = 0;
	s2_word word;
	for (size_t at = 0; s2_next_word(text, &at, &word); n++) {
		s2_chars one = {0};
		s2_chars_append(&one, word.c, word.n);
		REQUIRE_OK(s2_chars_encode(&one, &got, &cap, &err));
		s2_chars_free(&one);
		if (n < json_array_size(want))
			CHECK_STR(got, json_string_value(json_array_get(want, n)));
	}
	CHECK_INT(n, json_array_size(want));
	free(got);
}

static void check_lower(const json_t *c, s2_chars *text, s2_chars *spare)
{
	s2st_error err;
	const char *in = string(c, "in");
	REQUIRE_OK(s2_chars_decode(text, in, strlen(in), &err));
	s2_chars_lower(text, spare);
	char *got = NULL;
	size_t cap = 0;
	REQUIRE_OK(s2_chars_encode(spare, &got, &cap, &err));
	CHECK_STR(got, string(c, "out"));
	free(got);
}

static s2st_score_options options_of(const json_t *c)
{
	const char *metric = string(c, "metric");
	s2st_metric m = strcmp(metric, "bleu") == 0   ? S2ST_BLEU
			: strcmp(metric, "chrf") == 0 ? S2ST_CHRF
			: strcmp(metric, "wer") == 0  ? S2ST_WER
						      : S2ST_CER;
	s2st_score_options o = s2st_score_defaults(m);
	const char *key;
	json_t *v;
	json_object_foreach(json_object_get(c, "options"), key, v)
	{
		if (strcmp(key, "lowercase") == 0)
			o.lowercase = json_is_true(v);
		else if (strcmp(key, "effective_order") == 0)
			o.effective_order = json_is_true(v);
		else if (strcmp(key, "whitespace") == 0)
			o.whitespace = json_is_true(v);
		else if (strcmp(key, "tokenize") == 0)
			o.tokenize = json_string_value(v);
		else if (strcmp(key, "smooth") == 0)
			o.smooth = json_string_value(v);
		else if (strcmp(key, "smooth_value") == 0)
			o.smooth_value = json_number_value(v);
		else if (strcmp(key, "char_order") == 0)
			o.char_order = (int)json_integer_value(v);
		else if (strcmp(key, "word_order") == 0)
			o.word_order = (int)json_integer_value(v);
		else if (strcmp(key, "beta") == 0)
			o.beta = (int)json_integer_value(v);
		else
			REQUIRE(!"a known option");
	}
	return o;
}

static void check_close(double got, double want, const char *what, size_t at)
{
	bool close = fabs(got - want) <= 1e-9 * fmax(1e-3, fabs(want));
	CHECK(close);
	if (!close)
		fprintf(stderr, "  case %zu: %s is %.17g, expected %.17g\n", at, what, got, want);
}

static s2st_scorer *score_rows(const s2st_score_options *o, const json_t *rows, const char *side,
			       const json_t *sentences, size_t at)
{
	s2st_scorer *s;
	s2st_error err;
	REQUIRE_OK(s2st_scorer_new(&s, o, &err));
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i), *refs = json_object_get(row, "refs");
		const char *ref[MAX_REFS];
		REQUIRE(json_array_size(refs) <= MAX_REFS);
		for (size_t r = 0; r < json_array_size(refs); r++)
			ref[r] = json_string_value(json_array_get(refs, r));
		s2st_score one;
		REQUIRE_OK(s2st_scorer_add(s, string(row, side), ref, json_array_size(refs), &one, &err));
		if (sentences)
			check_close(one.score, json_number_value(json_array_get(sentences, i)), "sentence", at);
	}
	CHECK_INT(s2st_scorer_count(s), json_array_size(rows));
	return s;
}

static void check_confidence(const s2st_confidence *got, const json_t *want, size_t at)
{
	check_close(got->mean, json_number_value(json_array_get(want, 0)), "mean", at);
	check_close(got->ci, json_number_value(json_array_get(want, 1)), "confidence", at);
}

static void check_score(const json_t *c, const json_t *corpora, size_t at)
{
	s2st_score_options o = options_of(c);
	const json_t *rows = json_array_get(corpora, (size_t)number(c, "corpus"));
	s2st_scorer *system = score_rows(&o, rows, "hyp", json_object_get(c, "sentences"), at);
	s2st_scorer *baseline = score_rows(&o, rows, "base", NULL, at);
	s2st_score got;
	s2st_scorer_score(system, &got);
	check_close(got.score, number(c, "score"), "score", at);
	char nrefs[32];
	snprintf(nrefs, sizeof nrefs, "nrefs:%s|", string(c, "nrefs"));
	CHECK(strncmp(got.signature, nrefs, strlen(nrefs)) == 0);
	const json_t *edits = json_object_get(c, "edits");
	if (edits) {
		CHECK_INT(got.substitutions, json_integer_value(json_array_get(edits, 0)));
		CHECK_INT(got.deletions, json_integer_value(json_array_get(edits, 1)));
		CHECK_INT(got.insertions, json_integer_value(json_array_get(edits, 2)));
	}

	const json_t *b = json_object_get(c, "bootstrap");
	s2st_error err;
	s2st_comparison both;
	s2st_confidence alone;
	int samples = (int)number(b, "samples");
	uint64_t seed = (uint64_t)number(b, "seed");
	REQUIRE_OK(s2st_scorer_compare(baseline, system, samples, seed, &both, &err));
	REQUIRE_OK(s2st_scorer_bootstrap(system, samples, seed, &alone, &err));
	check_close(both.p_value, number(b, "p"), "p", at);
	check_close(both.system_score, got.score, "system score", at);
	check_confidence(&both.system, json_object_get(b, "system"), at);
	check_confidence(&both.baseline, json_object_get(b, "baseline"), at);
	check_confidence(&alone, json_object_get(b, "system"), at);
	s2st_scorer_free(system);
	s2st_scorer_free(baseline);
}

static void check_draws(const json_t *c)
{
	s2_random r;
	s2_random_seed(&r, (uint64_t)json_integer_value(json_object_get(c, "seed")));
	uint32_t n = (uint32_t)json_integer_value(json_object_get(c, "n"));
	const json_t *want = json_object_get(c, "out");
	for (size_t i = 0; i < json_array_size(want); i++)
		CHECK_INT(s2_random_below(&r, n), json_integer_value(json_array_get(want, i)));
}

int main(void)
{
	json_error_t problem;
	json_t *root = json_load_file(FIXTURES "/text/scores.json", 0, &problem);
	REQUIRE(root);
	s2_chars text = {0}, spare = {0};
	json_t *c;
	size_t i;
	json_array_foreach(json_object_get(root, "tokenize"), i, c) check_tokens(c, &text, &spare);
	json_array_foreach(json_object_get(root, "lower"), i, c) check_lower(c, &text, &spare);
	json_array_foreach(json_object_get(root, "draws"), i, c) check_draws(c);
	json_array_foreach(json_object_get(root, "scores"), i, c) check_score(c, json_object_get(root, "corpora"), i);
	CHECK(i >= 70);
	s2_chars_free(&text);
	s2_chars_free(&spare);
	json_decref(root);
	return TEST_RESULT();
}
