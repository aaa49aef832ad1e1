/* sacreBLEU 2.6.0's scores of 24 sets of sentences under 16 option sets. */
#include <jansson.h>

#include "s2st.h"

#include "test.h"

enum { MAX_LINES = 64, MAX_LINE = 4096 };

typedef struct lines {
	char text[MAX_LINES][MAX_LINE];
	size_t n;
} lines;

static void read_lines(lines *l, int set, const char *suffix)
{
	char path[512];
	snprintf(path, sizeof path, FIXTURES "/golden/bleu/%d.%s", set, suffix);
	FILE *f = fopen(path, "r");
	REQUIRE(f);
	for (l->n = 0; l->n < MAX_LINES && fgets(l->text[l->n], MAX_LINE, f); l->n++)
		l->text[l->n][strcspn(l->text[l->n], "\n")] = 0;
	fclose(f);
}

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

/* The signature but for its version, the last field. */
static size_t without_version(const char *signature)
{
	const char *at = strstr(signature, "|version:");
	REQUIRE(at);
	return (size_t)(at - signature);
}

static void check_case(const json_t *c, double *worst)
{
	static lines hyp, ref;
	int set = (int)number(c, "set");
	read_lines(&hyp, set, "hyp");
	read_lines(&ref, set, "ref");
	REQUIRE(hyp.n > 0 && hyp.n == ref.n);

	s2st_score_options opt = s2st_score_defaults(S2ST_BLEU);
	opt.tokenize = string(c, "tokenize");
	opt.smooth = string(c, "smooth");
	opt.lowercase = json_is_true(json_object_get(c, "lowercase"));
	s2st_scorer *s;
	s2st_error err;
	REQUIRE_OK(s2st_scorer_new(&s, &opt, &err));
	for (size_t i = 0; i < hyp.n; i++) {
		const char *refs[] = {ref.text[i]};
		REQUIRE_OK(s2st_scorer_add(s, hyp.text[i], refs, 1, NULL, &err));
	}
	s2st_score got;
	s2st_scorer_score(s, &got);
	s2st_scorer_free(s);

	double want = number(c, "score"), diff = fabs(got.score - want) / fmax(want, 1e-300);
	*worst = fmax(*worst, want == 0 ? got.score : diff);
	CHECK(want == 0 ? got.score == 0 : diff < 1e-9);
	CHECK(fabs(got.bp - number(c, "bp")) < 1e-12);
	CHECK_INT(got.sys_len, number(c, "sys_len"));
	CHECK_INT(got.ref_len, number(c, "ref_len"));
	for (size_t n = 0; n < S2ST_BLEU_ORDER; n++) {
		CHECK(got.counts[n] == json_number_value(json_array_get(json_object_get(c, "counts"), n)));
		CHECK(got.totals[n] == json_number_value(json_array_get(json_object_get(c, "totals"), n)));
	}
	CHECK_STR(got.text, string(c, "text"));
	const char *signature = string(c, "signature");
	CHECK_INT(without_version(got.signature), without_version(signature));
	CHECK(strncmp(got.signature, signature, without_version(signature)) == 0);
}

int main(void)
{
	json_error_t problem;
	json_t *cases = json_load_file(FIXTURES "/golden/bleu/expected.json", 0, &problem);
	REQUIRE(cases);
	CHECK_INT(json_array_size(cases), 384);
	double worst = 0;
	for (size_t i = 0; i < json_array_size(cases); i++)
		check_case(json_array_get(cases, i), &worst);
	fprintf(stderr, "largest relative difference %g\n", worst);
	json_decref(cases);
	return TEST_RESULT();
}
