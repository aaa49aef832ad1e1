/* Beam search against the same rules in torch operations (tests/data/search/make.py). */
#include <jansson.h>

#include "search/beam.h"

#include "test.h"

enum { MAX_BEAM = 10, MAX_L = 24 };

typedef struct table {
	size_t vocab, positions;
	json_t *logits;
} table;

static int step_table(void *self, size_t step, const int32_t *tokens, const int32_t *parent, size_t rows,
		      float temperature, float *log_probs, s2st_error *err)
{
	(void)parent, (void)err;
	const table *t = self;
	size_t position = step < t->positions ? step : t->positions - 1;
	for (size_t r = 0; r < rows; r++) {
		size_t at = (position * t->vocab + (size_t)tokens[r]) * t->vocab;
		float *out = log_probs + r * t->vocab;
		double sum = 0;
		for (size_t v = 0; v < t->vocab; v++) {
			out[v] = (float)json_integer_value(json_array_get(t->logits, at + v)) / 4096.0f / temperature;
			sum += exp((double)out[v]);
		}
		for (size_t v = 0; v < t->vocab; v++)
			out[v] = (float)((double)out[v] - log(sum));
	}
	return S2ST_OK;
}

static double number(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	REQUIRE(json_is_number(v));
	return json_number_value(v);
}

static bool same_hyp(const s2_beam_hyp *h, const json_t *want)
{
	const json_t *tokens = json_object_get(want, "tokens"), *scores = json_object_get(want, "positional_scores");
	bool same = h->n == json_array_size(tokens) && fabs((double)h->score - number(want, "score")) < 1e-5;
	for (size_t i = 0; same && i < h->n; i++)
		same = h->tokens[i] == json_integer_value(json_array_get(tokens, i)) &&
		       fabs((double)h->positional_scores[i] - json_number_value(json_array_get(scores, i))) < 1e-5;
	return same;
}

static void check_case(const json_t *c, json_t *models, s2_arena *a, size_t index)
{
	json_t *model = json_array_get(models, (size_t)number(c, "model"));
	table t = {(size_t)number(model, "vocab"), (size_t)number(model, "positions"),
		   json_object_get(model, "logits_x4096")};
	int32_t prefix[4];
	const json_t *forced = json_object_get(c, "prefix"), *want = json_object_get(c, "hyps");
	for (size_t i = 0; i < json_array_size(forced); i++)
		prefix[i] = (int32_t)json_integer_value(json_array_get(forced, i));
	s2_beam_options o = {.beam = (int)number(c, "beam"),
			     .nbest = MAX_BEAM,
			     .max_len = (size_t)number(c, "max_len"),
			     .min_len = (size_t)number(c, "min_len"),
			     .lenpen = number(c, "lenpen"),
			     .unkpen = number(c, "unkpen"),
			     .temperature = number(c, "temperature"),
			     .normalize = json_is_true(json_object_get(c, "normalize")),
			     .no_repeat_ngram = (int)number(c, "no_repeat_ngram"),
			     .prefix = prefix,
			     .n_prefix = json_array_size(forced)};
	s2_beam_decoder d = {&t, t.vocab, 2, 1, 2, 3, step_table};
	s2_beam_hyp *hyps;
	size_t n;
	s2st_error err;
	REQUIRE_OK(s2_beam_search(&d, &o, a, a, &hyps, &n, &err));
	bool same = n == json_array_size(want);
	for (size_t i = 0; same && i < n; i++)
		same = same_hyp(&hyps[i], json_array_get(want, i));
	CHECK(same);
	if (!same)
		fprintf(stderr, "  case %zu\n", index);
}

int main(void)
{
	json_error_t problem;
	json_t *root = json_load_file(FIXTURES "/search/cases.json", 0, &problem);
	REQUIRE(root);
	s2_arena *a = s2_arena_new();
	REQUIRE(a);
	json_t *cases = json_object_get(root, "cases"), *models = json_object_get(root, "models");
	CHECK(json_array_size(cases) > 40);
	for (size_t i = 0; i < json_array_size(cases); i++)
		check_case(json_array_get(cases, i), models, a, i);
	s2_arena_free(a);
	json_decref(root);
	return TEST_RESULT();
}
