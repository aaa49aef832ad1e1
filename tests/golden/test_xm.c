/* XM transformers against fairseq: encoder outputs, log-probabilities of prefixes and searches of a model with an
 * encoder projection, one without, one with the whole adaptor, and one whose decoder is a mixture of experts; and over
 * conformers against an independent PyTorch implementation (tests/data/zoo/xm.py). The encoders' configuration is lost
 * and the dictionaries are not in the order of the units, as in released files. */
#include "golden/s2ut_cases.h"

static s2st_context *ctx;
static s2_arena *arena;
static s2st_error err;

static const char *golden(const char *stem, const char *tail)
{
	static char path[1024];
	snprintf(path, sizeof path, FIXTURES "/golden/xm/%s%s", stem, tail);
	return path;
}

static void test_numbers(s2ut_case *c, const char *model)
{
	static const char *const wavs[] = {"austen_a", "austen_b", "es_phrase", "tone"};
	for (size_t i = 0; i < sizeof wavs / sizeof *wavs; i++) {
		char stem[64];
		size_t dims[S2_MAX_RANK];
		int rank;
		s2st_audio a = case_audio(wavs[i]);
		s2st_matrix m;
		snprintf(stem, sizeof stem, "%s.%s", model, wavs[i]);
		REQUIRE_OK(s2st_s2ut_encode(c->session, a.samples, a.n, NULL, &m, &err));
		check_matrix(stem, golden(stem, ".enc.npy"), &m, FEATURE_TOLERANCE);
		int32_t *prefix = test_npy_i32(golden(stem, ".prefix.npy"), dims, &rank);
		REQUIRE_OK(s2st_s2ut_force(c->session, a.samples, a.n, NULL, prefix, dims[0], &m, &err));
		check_matrix(stem, golden(stem, ".logprobs.npy"), &m, FEATURE_TOLERANCE);
		free(prefix);
		s2st_audio_free(&a);
	}
}

/* The reference's text is what Dictionary.string makes of the tokens; units are its numbers. */
static void check_units(const s2_value *want, const s2st_hypothesis *h)
{
	const char *p = s2_value_get_str(want, "text", "");
	size_t n = 0;
	for (; *p; p += strcspn(p, " "), p += *p == ' ') {
		char *end;
		long unit = strtol(p, &end, 10);
		if (end == p)
			continue;
		if (n < h->n_units)
			CHECK_INT(h->units[n], unit);
		n++;
	}
	CHECK_INT(h->n_units, n);
}

static void test_beam(s2ut_case *c, const char *model)
{
	s2_value *cases;
	REQUIRE_OK(s2_json_read(&cases, arena, golden(model, ".beam.json"), &err));
	CHECK_INT(s2_value_len(cases), 8);
	for (size_t i = 0; i < s2_value_len(cases); i++) {
		const s2_value *want = s2_value_at(cases, i), *nbest = s2_value_get(want, "nbest");
		char what[64];
		s2st_audio a = case_audio(s2_value_get_str(want, "wav", ""));
		s2st_search_options o = s2st_s2ut_search_defaults(c->model);
		s2st_nbest got;
		o.beam = o.nbest = (int)json_number(want, "beam", 0);
		o.max_len_a = json_number(want, "max_len_a", 0);
		o.max_len_b = (int)json_number(want, "max_len_b", 0);
		snprintf(what, sizeof what, "%s case %zu", model, i);
		REQUIRE_OK(s2st_s2ut_generate(c->session, a.samples, a.n, &o, &got, &err));
		check_nbest(what, nbest, &got);
		check_units(s2_value_at(nbest, 0), &got.hyps[0]);
		s2st_audio_free(&a);
	}
}

static s2ut_case open_model(const char *file, const char *config, const char *w2v)
{
	char pt[1024], yaml[1024];
	s2ut_case c = {.ctx = ctx};
	snprintf(pt, sizeof pt, "%s", golden(file, ".pt"));
	snprintf(yaml, sizeof yaml, "%s", golden(config, ".config.yaml"));
	const s2st_s2ut_files files = {.model = pt, .config = yaml, .w2v_config = w2v};
	REQUIRE_OK(s2st_s2ut_open(&c.model, ctx, &files, &err));
	REQUIRE_OK(s2st_s2ut_session_new(&c.session, c.model, &err));
	return c;
}

static void test_cases(s2ut_case c, const char *model)
{
	s2st_s2ut_info info;
	s2st_s2ut_get_info(c.model, &info);
	CHECK_STR(info.kind, "xm_transformer");
	CHECK(info.waveform);
	CHECK_INT(info.n_vocab, 35);
	CHECK_INT(info.n_units, 28);
	test_numbers(&c, model);
	test_beam(&c, model);
	case_close(&c);
}

/* Relative positions tell how many heads there are; for rotary ones somebody has to. */
static void test_conformers(void)
{
	const char *rotary = FIXTURES "/zoo/xm_rope.pt";
	s2st_s2ut_files files = {.model = rotary, .config = golden("proj", ".config.yaml")};
	s2st_s2ut *m;
	test_cases(open_model("../../zoo/xm_rel_pos", "proj", NULL), "../../zoo/xm_rel_pos");
	CHECK_INT(s2st_s2ut_open(&m, ctx, &files, &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "encoder_attention_heads: expected a divisor of half of 40, found 0 (a guess");
	test_cases(open_model("../../zoo/xm_rope", "proj", FIXTURES "/zoo/conformer_rope.pt"), "../../zoo/xm_rope");
}

static void test_defaults(void)
{
	s2ut_case c = open_model("proj", "proj", NULL);
	s2st_search_options o = s2st_s2ut_search_defaults(c.model);
	CHECK_INT(o.beam, 10);
	CHECK(o.max_len_a == 0.003125);
	CHECK_INT(o.max_len_b, 200);
	case_close(&c);
	c = case_open(ctx, FIXTURES "/golden/s2ut/tied.pt", NULL, NULL);
	o = s2st_s2ut_search_defaults(c.model);
	CHECK_INT(o.beam, 5);
	CHECK(o.max_len_a == 0);
	case_close(&c);
}

int main(void)
{
	arena = s2_arena_new();
	REQUIRE(arena);
	REQUIRE_OK(s2st_context_new(&ctx, NULL, &err));
	test_cases(open_model("proj", "proj", NULL), "proj");
	test_cases(open_model("v0", "v0", NULL), "v0");
	test_cases(open_model("adaptor_proj", "adaptor_proj", NULL), "adaptor_proj");
	test_cases(open_model("moe-shared", "moe", NULL), "moe");
	test_conformers();
	test_defaults();
	s2st_context_free(ctx);
	s2_arena_free(arena);
	return TEST_RESULT();
}
