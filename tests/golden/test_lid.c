/* Language identification: log-probabilities within 2e-4 of fairseq's, and in Hugging Face's layout, with a weighted
 * sum of layers, of an independent PyTorch implementation (tests/data/zoo/oracle.py). */
#include "formats/json.h"
#include "s2st.h"
#include "test.h"

static s2st_error err;
static s2st_context *ctx;

static void check_case(s2st_lid_session *s, int n, const char *wav, const float *want, const char *const *labels)
{
	char path[512];
	s2st_audio a;
	const s2st_guess *guesses;
	double worst = 0;
	snprintf(path, sizeof path, FIXTURES "/golden/audio/%s.wav", wav);
	REQUIRE_OK(s2st_audio_read(&a, path, 16000, &err));
	REQUIRE_OK(s2st_identify(s, a.samples, a.n, &guesses, &err));
	for (int i = 0; i < n; i++) {
		int found = 0;
		for (int j = 0; j < n; j++) {
			if (strcmp(guesses[i].language, labels[j]) != 0)
				continue;
			found++;
			worst = fmax(worst, fabs((double)guesses[i].log_prob - (double)want[j]));
		}
		CHECK_INT(found, 1);
		CHECK(i == 0 || guesses[i].log_prob <= guesses[i - 1].log_prob);
	}
	fprintf(stderr, "%s: max diff %.2g\n", wav, worst);
	CHECK(worst <= 2e-4);
	s2st_audio_free(&a);
}

static void test_model(const char *model, const char *dict, const char *expected)
{
	static const char *const labels[] = {"eng", "spa", "fra", "deu", "hin", "swh"};
	enum { N = sizeof labels / sizeof *labels };
	s2st_lid *m;
	s2st_lid_session *s;
	s2st_lid_info info;
	s2_value *cases;
	s2_arena *arena = s2_arena_new();
	REQUIRE(arena);
	REQUIRE_OK(s2_json_read(&cases, arena, expected, &err));
	REQUIRE_OK(s2st_lid_open(&m, ctx, &(s2st_lid_files){model, dict}, &err));
	s2st_lid_get_info(m, &info);
	CHECK_INT(info.n_languages, N);
	REQUIRE_OK(s2st_lid_session_new(&s, m, &err));
	CHECK_INT(s2_value_len(cases), 4);
	for (size_t i = 0; i < s2_value_len(cases); i++) {
		const s2_value *c = s2_value_at(cases, i), *list = s2_value_get(c, "logprobs");
		float want[N];
		REQUIRE(s2_value_len(list) == N);
		for (size_t j = 0; j < N; j++)
			want[j] = (float)s2_value_at(list, j)->u.f;
		check_case(s, N, s2_value_get_str(c, "wav", ""), want, labels);
	}
	const s2st_guess *guesses;
	const float few[100] = {0}, wrong[500] = {[3] = INFINITY};
	CHECK_INT(s2st_identify(s, few, 100, &guesses, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "at least 400 samples at 16000 Hz, found 100");
	CHECK_INT(s2st_identify(s, wrong, 500, &guesses, &err), S2ST_EINPUT);
	s2st_lid_session_free(s);
	s2st_lid_free(m);
	s2_arena_free(arena);
}

int main(void)
{
	REQUIRE_OK(s2st_context_new(&ctx, NULL, &err));
	test_model(FIXTURES "/golden/mms/lid.pt", FIXTURES "/golden/mms/lid.dict.lang.txt",
		   FIXTURES "/golden/mms/lid.expected.json");
	test_model(FIXTURES "/zoo/lid_hf", NULL, FIXTURES "/zoo/lid_hf/expected.json");
	s2st_context_free(ctx);
	return TEST_RESULT();
}
