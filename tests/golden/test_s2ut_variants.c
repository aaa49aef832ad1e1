/* S2UT models that the golden cases lack, against the independent statement of the rules in tests/data/s2ut/make.py:
 * post-norm with embedding norm, GELU and unscaled embeddings; learned positions that end, a decoder of another
 * width, bfloat16; a speaker vector with an embedding that is also the output; the fisher defaults with float16;
 * language tags; several units a step with output that is not empty. */
#include "golden/s2ut_cases.h"

static s2st_context *ctx;
static s2_arena *arena;
static s2st_error err;

static void fixture(char *out, size_t size, const char *model, const char *tail)
{
	snprintf(out, size, FIXTURES "/s2ut/%s%s", model, tail);
}

static void run_case(s2ut_case *c, const char *model, const s2_value *want)
{
	const char *wav = s2_value_get_str(want, "wav", "");
	char what[64], path[1024], tail[64];
	float speaker[16];
	int32_t prefix[64];
	s2st_matrix m;
	s2st_nbest got;
	s2st_audio a = case_audio(wav);
	size_t n_speaker = json_floats(s2_value_get(want, "speaker"), speaker, 16);
	size_t n_prefix = json_ints(s2_value_get(want, "prefix"), prefix, 64);
	const float *vector = n_speaker ? speaker : NULL;
	snprintf(what, sizeof what, "%s %s", model, wav);

	REQUIRE_OK(s2st_s2ut_encode(c->session, a.samples, a.n, vector, &m, &err));
	snprintf(tail, sizeof tail, ".%s.enc.npy", wav);
	fixture(path, sizeof path, model, tail);
	check_matrix(what, path, &m, FEATURE_TOLERANCE);

	REQUIRE_OK(s2st_s2ut_force(c->session, a.samples, a.n, vector, prefix, n_prefix, &m, &err));
	snprintf(tail, sizeof tail, ".%s.logprobs.npy", wav);
	fixture(path, sizeof path, model, tail);
	check_matrix(what, path, &m, FEATURE_TOLERANCE);

	s2st_search_options o = s2st_search_defaults();
	o.beam = o.nbest = (int)json_number(want, "beam", 1);
	o.max_len_b = (int)json_number(want, "max_len_b", 200);
	o.speaker = vector;
	o.prefix = s2_value_get_str(want, "lang", NULL);
	REQUIRE_OK(s2st_s2ut_generate(c->session, a.samples, a.n, &o, &got, &err));
	check_nbest(what, s2_value_get(want, "nbest"), &got);
	s2st_audio_free(&a);
}

static void test_model(const char *model, const char *config)
{
	char path[1024], config_path[1024];
	s2_value *cases;
	fixture(path, sizeof path, model, ".json");
	REQUIRE_OK(s2_json_read(&cases, arena, path, &err));
	CHECK_INT(s2_value_len(cases), 2);
	fixture(path, sizeof path, model, ".pt");
	if (config)
		fixture(config_path, sizeof config_path, model, config);
	s2ut_case c = case_open(ctx, path, config ? config_path : NULL, NULL);
	for (size_t i = 0; i < s2_value_len(cases); i++)
		run_case(&c, model, s2_value_at(cases, i));
	case_close(&c);
}

static void test_languages(void)
{
	s2ut_case c = case_open(ctx, FIXTURES "/s2ut/multilingual.pt", FIXTURES "/s2ut/multilingual.config.yaml", NULL);
	s2st_audio a = case_audio("tone");
	s2st_search_options o = s2st_search_defaults();
	s2st_nbest got;
	s2st_s2ut_info info;
	s2st_s2ut_get_info(c.model, &info);
	CHECK_INT(info.n_units, 20);
	CHECK_INT(info.n_vocab, 26);
	CHECK_STR(s2st_s2ut_symbol(c.model, 25), "[es]");
	CHECK_STR(s2st_s2ut_symbol(c.model, 4), "19");
	CHECK(s2st_s2ut_symbol(c.model, 26) == NULL && s2st_s2ut_symbol(c.model, -1) == NULL);

	CHECK_INT(s2st_s2ut_generate(c.session, a.samples, a.n, &o, &got, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "several languages");
	o.prefix = "fr";
	CHECK_INT(s2st_s2ut_generate(c.session, a.samples, a.n, &o, &got, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "\"fr\"");

	/* Three names of one language; units are the numbers of the symbols, not of the tokens. */
	static const char *const names[] = {"es", "[es]", "25"};
	int32_t units[64];
	size_t n_units = 0;
	for (size_t i = 0; i < 3; i++) {
		o.prefix = names[i];
		REQUIRE_OK(s2st_s2ut_generate(c.session, a.samples, a.n, &o, &got, &err));
		REQUIRE(got.hyps[0].n_units > 0 && got.hyps[0].n_units < 64);
		if (i == 0) {
			n_units = got.hyps[0].n_units;
			memcpy(units, got.hyps[0].units, n_units * sizeof *units);
		}
		CHECK_INT(got.hyps[0].n_units, n_units);
		CHECK(memcmp(units, got.hyps[0].units, n_units * sizeof *units) == 0);
	}
	size_t at = 0;
	for (size_t i = 0; i < got.hyps[0].n_tokens; i++) {
		int32_t token = got.hyps[0].tokens[i];
		if (token >= 4 && token < 24)
			CHECK_INT(got.hyps[0].units[at++], 23 - token);
	}
	CHECK_INT(at, got.hyps[0].n_units);
	s2st_audio_free(&a);
	case_close(&c);
}

/* The bytes of a result do not depend on the number of threads, nor on what the session did before. */
static void test_same_bytes(void)
{
	s2st_matrix m[2];
	s2st_nbest best[2];
	s2ut_case c[2];
	s2st_context *contexts[2];
	s2st_audio a = case_audio("es_phrase"), other = case_audio("tone");
	s2st_search_options o = s2st_search_defaults();
	o.nbest = o.beam;
	for (int i = 0; i < 2; i++) {
		const s2st_context_options threads = {.threads = i ? 3 : 1};
		REQUIRE_OK(s2st_context_new(&contexts[i], &threads, &err));
		c[i] = case_open(contexts[i], SOURCE_DIR "/models/es-en-demo/s2ut.pt", NULL, NULL);
		if (i)
			REQUIRE_OK(s2st_s2ut_generate(c[i].session, other.samples, other.n, &o, &best[i], &err));
		REQUIRE_OK(s2st_s2ut_encode(c[i].session, a.samples, a.n, NULL, &m[i], &err));
	}
	REQUIRE(m[0].rows == m[1].rows && m[0].cols == m[1].cols);
	CHECK(memcmp(m[0].data, m[1].data, m[0].rows * m[0].cols * sizeof *m[0].data) == 0);
	for (int i = 0; i < 2; i++)
		REQUIRE_OK(s2st_s2ut_generate(c[i].session, a.samples, a.n, &o, &best[i], &err));
	REQUIRE(best[0].n == best[1].n);
	for (size_t h = 0; h < best[0].n; h++) {
		const s2st_hypothesis *x = &best[0].hyps[h], *y = &best[1].hyps[h];
		REQUIRE(x->n_tokens == y->n_tokens);
		CHECK(memcmp(x->tokens, y->tokens, x->n_tokens * sizeof *x->tokens) == 0);
		CHECK(memcmp(x->positional_scores, y->positional_scores, x->n_tokens * sizeof(float)) == 0);
	}
	for (int i = 0; i < 2; i++) {
		case_close(&c[i]);
		s2st_context_free(contexts[i]);
	}
	s2st_audio_free(&a);
	s2st_audio_free(&other);
}

int main(void)
{
	arena = s2_arena_new();
	REQUIRE(arena);
	REQUIRE_OK(s2st_context_new(&ctx, NULL, &err));
	test_model("post_norm", NULL);
	test_model("learned", NULL);
	test_model("speaker", NULL);
	test_model("fisher", NULL);
	test_model("multilingual", ".config.yaml");
	test_model("stacked", NULL);
	test_languages();
	test_same_bytes();
	s2st_context_free(ctx);
	s2_arena_free(arena);
	return TEST_RESULT();
}
