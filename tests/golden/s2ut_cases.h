/* What the S2UT golden tests share: reading of cases, comparison of n-best lists with tolerance for ties. */
#ifndef S2_TESTS_S2UT_CASES_H
#define S2_TESTS_S2UT_CASES_H

#include "formats/json.h"
#include "npy.h"

/* Log-probabilities and encoder outputs of the reference; scores; how near two scores are for their order not to
 * matter. */
#define FEATURE_TOLERANCE 2e-4
#define SCORE_TOLERANCE   1e-4
#define TIE               1e-4

typedef struct s2ut_case {
	s2st_context *ctx;
	s2st_s2ut *model;
	s2st_s2ut_session *session;
} s2ut_case;

static inline s2ut_case case_open(s2st_context *ctx, const char *model, const char *config, const char *dict)
{
	s2st_error err = {""};
	s2ut_case c = {.ctx = ctx};
	const s2st_s2ut_files files = {.model = model, .config = config, .dict = dict};
	REQUIRE_OK(s2st_s2ut_open(&c.model, ctx, &files, &err));
	REQUIRE_OK(s2st_s2ut_session_new(&c.session, c.model, &err));
	return c;
}

static inline void case_close(s2ut_case *c)
{
	s2st_s2ut_session_free(c->session);
	s2st_s2ut_free(c->model);
}

static inline s2st_audio case_audio(const char *wav)
{
	char path[1024];
	s2st_error err = {""};
	s2st_audio a;
	snprintf(path, sizeof path, FIXTURES "/golden/audio/%s.wav", wav);
	REQUIRE_OK(s2st_audio_read(&a, path, 16000, &err));
	return a;
}

static inline void check_matrix(const char *what, const char *path, const s2st_matrix *got, double tolerance)
{
	size_t dims[S2_MAX_RANK];
	int rank;
	float *want = test_npy_f32(path, dims, &rank);
	CHECK_INT(rank, 2);
	CHECK_INT(got->rows, dims[0]);
	CHECK_INT(got->cols, dims[1]);
	if (rank == 2 && got->rows == dims[0] && got->cols == dims[1]) {
		double diff = test_max_diff(got->data, want, got->rows * got->cols);
		if (!(diff <= tolerance))
			fprintf(stderr, "%s: largest difference %g\n", what, diff);
		CHECK(diff <= tolerance);
	}
	free(want);
}

static inline double json_number(const s2_value *v, const char *key, double def)
{
	s2st_error err = {""};
	double out;
	REQUIRE_OK(s2_value_get_float(v, key, def, &out, "case", &err));
	return out;
}

static inline size_t json_floats(const s2_value *list, float *out, size_t cap)
{
	REQUIRE(s2_value_len(list) <= cap);
	for (size_t i = 0; i < s2_value_len(list); i++) {
		const s2_value *v = s2_value_at(list, i);
		out[i] = v->kind == S2_V_INT ? (float)v->u.i : (float)v->u.f;
	}
	return s2_value_len(list);
}

static inline size_t json_ints(const s2_value *list, int32_t *out, size_t cap)
{
	REQUIRE(s2_value_len(list) <= cap);
	for (size_t i = 0; i < s2_value_len(list); i++)
		out[i] = (int32_t)s2_value_at(list, i)->u.i;
	return s2_value_len(list);
}

static inline bool same_tokens(const s2_value *want, const s2st_hypothesis *got)
{
	int32_t tokens[2048];
	size_t n = json_ints(s2_value_get(want, "tokens"), tokens, 2048);
	return n == got->n_tokens && memcmp(tokens, got->tokens, n * sizeof *tokens) == 0;
}

/* The same hypotheses with the same scores in the same order, except that ties (within TIE) may change places. */
static inline void check_nbest(const char *what, const s2_value *want, const s2st_nbest *got)
{
	CHECK_INT(got->n, s2_value_len(want));
	for (size_t i = 0; i < s2_value_len(want); i++) {
		const s2_value *w = s2_value_at(want, i);
		double score = json_number(w, "score", 0);
		size_t at = 0;
		while (at < got->n && !same_tokens(w, &got->hyps[at]))
			at++;
		if (at == got->n) {
			fprintf(stderr, "%s: hypothesis %zu is missing\n", what, i);
			CHECK(at < got->n);
			continue;
		}
		CHECK(fabs(got->hyps[at].score - score) <= SCORE_TOLERANCE);
		CHECK(at == i || fabs(json_number(s2_value_at(want, at), "score", 0) - score) <= TIE);
		float positional[2048];
		size_t n = json_floats(s2_value_get(w, "positional_scores"), positional, 2048);
		CHECK_INT(n, got->hyps[at].n_tokens);
		CHECK(test_max_diff(got->hyps[at].positional_scores, positional, n) <= FEATURE_TOLERANCE);
	}
}

#endif
