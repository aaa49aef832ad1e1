/* S2UT against fairseq: encoder outputs, log-probabilities of prefixes, every set of search options, and the
 * sentences of the demo pack. */
#include "golden/s2ut_cases.h"

/* Where a case does not say, the reference ran with --max-len-b 40: legacy_args case 7 ends by it. */
enum { MAX_LEN_B = 40 };

static s2st_context *ctx;
static s2_arena *arena;
static s2st_error err;

static const char *const wavs[] = {"austen_a", "austen_b", "es_phrase", "tone"};
enum { N_WAVS = sizeof wavs / sizeof *wavs };

static const char *golden(const char *kind, const char *a, const char *b, const char *c)
{
	static char path[2048];
	snprintf(path, sizeof path, FIXTURES "/golden/%s/%s%s%s", kind, a, b, c);
	return path;
}

static void test_features(s2ut_case *c, const char *model)
{
	for (size_t i = 0; i < N_WAVS; i++) {
		char what[64], stem[64];
		s2st_audio a = case_audio(wavs[i]);
		s2st_matrix m;
		snprintf(what, sizeof what, "%s %s", model, wavs[i]);
		snprintf(stem, sizeof stem, "%s.%s", model, wavs[i]);

		REQUIRE_OK(s2st_s2ut_features(c->session, a.samples, a.n, &m, &err));
		check_matrix(what, golden("fbank", wavs[i], ".cmvn.npy", ""), &m, 2e-3);
		REQUIRE_OK(s2st_s2ut_encode(c->session, a.samples, a.n, NULL, &m, &err));
		check_matrix(what, golden("s2ut", stem, ".enc.npy", ""), &m, FEATURE_TOLERANCE);

		size_t dims[S2_MAX_RANK];
		int rank;
		int32_t *prefix = test_npy_i32(golden("s2ut", stem, ".prefix.npy", ""), dims, &rank);
		REQUIRE_OK(s2st_s2ut_force(c->session, a.samples, a.n, NULL, prefix, dims[0], &m, &err));
		check_matrix(what, golden("s2ut", stem, ".logprobs.npy", ""), &m, FEATURE_TOLERANCE);
		free(prefix);
		s2st_audio_free(&a);
	}
}

static void test_beam(s2ut_case *c, const char *model)
{
	s2_value *cases;
	REQUIRE_OK(s2_json_read(&cases, arena, golden("s2ut", model, ".beam.json", ""), &err));
	REQUIRE(s2_value_len(cases) > 0);
	for (size_t i = 0; i < s2_value_len(cases); i++) {
		const s2_value *want = s2_value_at(cases, i);
		char what[64];
		s2st_audio a = case_audio(s2_value_get_str(want, "wav", ""));
		s2st_search_options o = s2st_search_defaults();
		s2st_nbest got;
		o.beam = (int)json_number(want, "beam", 5);
		o.nbest = o.beam;
		o.max_len_a = json_number(want, "max_len_a", 0);
		o.max_len_b = (int)json_number(want, "max_len_b", MAX_LEN_B);
		o.min_len = (int)json_number(want, "min_len", 1);
		o.lenpen = json_number(want, "lenpen", 1);
		snprintf(what, sizeof what, "%s case %zu", model, i);
		REQUIRE_OK(s2st_s2ut_generate(c->session, a.samples, a.n, &o, &got, &err));
		check_nbest(what, s2_value_get(want, "nbest"), &got);
		s2st_audio_free(&a);
	}
}

/* Where the decoder looks for a prefix that the reference has been given too. */
static void test_attention_values(s2ut_case *c, const char *model)
{
	char stem[64];
	size_t dims[S2_MAX_RANK];
	int rank;
	s2st_matrix looks;
	s2st_audio a = case_audio("austen_a");
	snprintf(stem, sizeof stem, "%s.austen_a", model);
	int32_t *prefix = test_npy_i32(golden("s2ut", stem, ".prefix.npy", ""), dims, &rank);
	/* The tokens of a hypothesis come one step after those that the decoder is given. */
	const size_t n = dims[0];
	const int32_t first = prefix[0];
	memmove(prefix, prefix + 1, (n - 1) * sizeof *prefix);
	prefix[n - 1] = 2;
	REQUIRE_OK(s2st_s2ut_attention(c->session, a.samples, a.n, NULL, first, prefix, n, &looks, &err));
	check_matrix(stem, golden("s2ut", stem, ".attention.npy", ""), &looks, FEATURE_TOLERANCE / 10);
	free(prefix);
	s2st_audio_free(&a);
}

static void test_models(void)
{
	static const char *const models[] = {"pre_norm", "tied", "legacy_args", "conv2d"};
	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		s2ut_case c = case_open(ctx, golden("s2ut", models[i], ".pt", ""), NULL, NULL);
		test_features(&c, models[i]);
		test_beam(&c, models[i]);
		if (strcmp(models[i], "conv2d") != 0)
			test_attention_values(&c, models[i]);
		case_close(&c);
	}
}

/* A row for each step, which adds up to 1; the tokens may be the session's own. */
static void check_attention(s2ut_case *c, const char *wav)
{
	s2st_s2ut_info info;
	s2st_nbest best;
	s2st_matrix enc, looks;
	s2st_audio a = case_audio(wav);
	s2st_s2ut_get_info(c->model, &info);
	REQUIRE_OK(s2st_s2ut_encode(c->session, a.samples, a.n, NULL, &enc, &err));
	const size_t frames = enc.rows, r = (size_t)info.units_per_step;
	REQUIRE_OK(s2st_s2ut_generate(c->session, a.samples, a.n, NULL, &best, &err));
	CHECK_INT(best.first, 2);
	const int32_t some[] = {7, 8, 9, 10, 11};
	const size_t found = best.hyps[0].n_tokens, n = found ? found : r; /* stacked units may end at once */
	REQUIRE_OK(s2st_s2ut_attention(c->session, a.samples, a.n, NULL, best.first,
				       found ? best.hyps[0].tokens : some, n, &looks, &err));
	CHECK_INT(looks.rows, n / r);
	CHECK_INT(looks.cols, frames);
	for (size_t i = 0; i < looks.rows; i++) {
		double sum = 0;
		for (size_t j = 0; j < looks.cols; j++)
			sum += (double)looks.data[i * looks.cols + j];
		CHECK(fabs(sum - 1) < 1e-5);
	}
	const int32_t strange[] = {999999, 1};
	CHECK_INT(s2st_s2ut_attention(c->session, a.samples, a.n, NULL, 999999, strange, r, &looks, &err), S2ST_EINPUT);
	CHECK_INT(s2st_s2ut_attention(c->session, a.samples, a.n, NULL, 2, strange, 0, &looks, &err), S2ST_EINPUT);
	s2st_audio_free(&a);
}

static void test_attention(void)
{
	static const char *const models[] = {"pre_norm", "tied", "stacked_r5"};
	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		s2ut_case c = case_open(ctx, golden("s2ut", models[i], ".pt", ""), NULL, NULL);
		check_attention(&c, "austen_a");
		case_close(&c);
	}
}

static void test_stacked(void)
{
	s2_value *cases;
	s2st_s2ut_info info;
	s2ut_case c = case_open(ctx, golden("s2ut", "stacked_r5", ".pt", ""), NULL, NULL);
	s2st_s2ut_get_info(c.model, &info);
	CHECK_INT(info.units_per_step, 5);
	REQUIRE_OK(s2_json_read(&cases, arena, golden("s2ut", "stacked_r5", ".greedy.json", ""), &err));
	for (size_t i = 0; i < s2_value_len(cases); i++) {
		const s2_value *want = s2_value_at(cases, i);
		s2st_audio a = case_audio(s2_value_get_str(want, "wav", ""));
		s2st_nbest got;
		REQUIRE_OK(s2st_s2ut_generate(c.session, a.samples, a.n, NULL, &got, &err));
		REQUIRE(got.n == 1);
		CHECK(same_tokens(want, &got.hyps[0]));
		CHECK(fabs(got.hyps[0].score - json_number(want, "score", 1)) <= SCORE_TOLERANCE);
		s2st_audio_free(&a);
	}
	case_close(&c);
}

/* ---- the demo pack ---- */

static void check_units(const char *id, const char *line, const s2st_hypothesis *h)
{
	char text[8192];
	size_t used = (size_t)snprintf(text, sizeof text, "%s|", id);
	for (size_t i = 0; i < h->n_units && used < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%d", i ? " " : "", (int)h->units[i]);
	CHECK_STR(text, line);
}

static void check_demo_scores(const s2_value *want, const s2st_hypothesis *h)
{
	float positional[2048];
	CHECK(fabs(h->score - json_number(want, "score", 0)) <= SCORE_TOLERANCE);
	size_t n = json_floats(s2_value_get(want, "positional_scores"), positional, 2048);
	CHECK_INT(h->n_tokens, n);
	if (n == h->n_tokens)
		CHECK(test_max_diff(h->positional_scores, positional, n) <= FEATURE_TOLERANCE);
}

static void test_demo(int beam, const char *expected, const char *scores)
{
	char line[8192];
	s2_value *want = NULL;
	size_t n = 0;
	FILE *f = fopen(expected, "r");
	REQUIRE(f);
	if (scores)
		REQUIRE_OK(s2_json_read(&want, arena, scores, &err));
	s2ut_case c = case_open(ctx, SOURCE_DIR "/models/es-en-demo/s2ut.pt", NULL, NULL);
	for (; fgets(line, sizeof line, f); n++) {
		char id[64], path[1024];
		line[strcspn(line, "\n")] = 0;
		REQUIRE(strcspn(line, "|") < sizeof id);
		snprintf(id, sizeof id, "%.*s", (int)strcspn(line, "|"), line);
		snprintf(path, sizeof path, FIXTURES "/demo/test/es/%s.flac", id);
		s2st_audio a;
		s2st_nbest got;
		s2st_search_options o = s2st_search_defaults();
		o.beam = beam;
		REQUIRE_OK(s2st_audio_read(&a, path, 16000, &err));
		REQUIRE_OK(s2st_s2ut_generate(c.session, a.samples, a.n, &o, &got, &err));
		REQUIRE(got.n == 1);
		check_units(id, line, &got.hyps[0]);
		if (want) {
			CHECK_STR(s2_value_get_str(s2_value_at(want, n), "id", ""), id);
			check_demo_scores(s2_value_at(want, n), &got.hyps[0]);
		}
		s2st_audio_free(&a);
	}
	CHECK_INT(n, 30);
	case_close(&c);
	fclose(f);
}

int main(void)
{
	arena = s2_arena_new();
	REQUIRE(arena);
	REQUIRE_OK(s2st_context_new(&ctx, NULL, &err));
	test_models();
	test_attention();
	test_stacked();
	test_demo(1, FIXTURES "/demo/expected/units.beam1.txt", NULL);
	test_demo(10, FIXTURES "/demo/expected/units.beam10.txt", FIXTURES "/demo/expected/scores.beam10.json");
	s2st_context_free(ctx);
	s2_arena_free(arena);
	return TEST_RESULT();
}
