/* MMS recognition against fairseq: logits of each language's adapters within 2e-4, transcripts exactly, in fairseq's
 * layout and in Hugging Face's; languages share one trunk, and what is not there is refused with near names. */
#include "npy.h"
#include "s2st.h"
#include "test.h"

static s2st_error err;
static s2st_context *ctx;
static const char *const layouts[] = {FIXTURES "/golden/mms/asr.pt", FIXTURES "/zoo/mms_hf"};

static void check_logits(const s2st_matrix *got, const char *language, const char *wav)
{
	char path[512];
	size_t dims[S2_MAX_RANK];
	int rank;
	snprintf(path, sizeof path, FIXTURES "/golden/mms/%s.%s.logits.npy", language, wav);
	float *want = test_npy_f32(path, dims, &rank);
	REQUIRE(rank == 2);
	CHECK_INT(dims[0], got->rows);
	CHECK_INT(dims[1], got->cols);
	REQUIRE(dims[0] == got->rows && dims[1] == got->cols);
	const double diff = test_max_diff(got->data, want, got->rows * got->cols);
	fprintf(stderr, "%s %s: max diff %.2g\n", language, wav, diff);
	CHECK(diff <= 2e-4);
	free(want);
}

static void check_case(const s2st_asr *m, const char *language, const char *wav, const char *text)
{
	char path[512];
	s2st_audio a;
	s2st_matrix logits;
	s2st_transcript t;
	s2st_asr_info info;
	s2st_asr_session *s;
	snprintf(path, sizeof path, FIXTURES "/golden/audio/%s.wav", wav);
	s2st_asr_get_info(m, &info);
	CHECK_STR(info.language, language);
	REQUIRE_OK(s2st_asr_session_new(&s, m, &err));
	REQUIRE_OK(s2st_audio_read(&a, path, 16000, &err));
	REQUIRE_OK(s2st_asr_logits(s, a.samples, a.n, &logits, &err));
	check_logits(&logits, language, wav);
	REQUIRE_OK(s2st_asr_decode(s, &logits, NULL, &t, &err));
	if (text)
		CHECK_STR(t.text, text);
	s2st_audio_free(&a);
	s2st_asr_session_free(s);
}

/* Every line of transcripts.tsv; each time the language changes, another model on the trunk of the first. The texts are
 * fairseq's, which leave </s> out, as Hugging Face's tokenizer does not. */
static void test_languages(const char *model, bool texts)
{
	s2st_asr *first, *other = NULL;
	char line[512];
	size_t n = 0;
	REQUIRE_OK(s2st_asr_open(&first, ctx, &(s2st_asr_files){.model = model, .language = "spa"}, &err));
	FILE *f = fopen(FIXTURES "/golden/mms/transcripts.tsv", "r");
	REQUIRE(f != NULL);
	for (; fgets(line, sizeof line, f); n++) {
		char *rest = line, *language = strsep(&rest, "\t"), *wav = strsep(&rest, "\t");
		const char *text = strsep(&rest, "\n");
		REQUIRE(text != NULL);
		s2st_asr_free(other);
		REQUIRE_OK(s2st_asr_open_language(&other, first, language, &err));
		check_case(other, language, wav, texts ? text : NULL);
		if (strcmp(language, "spa") == 0)
			check_case(first, language, wav, texts ? text : NULL);
	}
	CHECK_INT(n, 12);
	fclose(f);
	s2st_asr_free(other);
	s2st_asr_free(first);
}

static void test_names(const char *model)
{
	char **names;
	size_t n;
	s2st_asr *m, *other;
	REQUIRE_OK(s2st_asr_languages(&names, &n, model, &err));
	CHECK_INT(n, 3);
	CHECK(strcmp(names[0], "eng") == 0 && strcmp(names[1], "hin") == 0 && strcmp(names[2], "spa") == 0);
	free(names);
	CHECK_INT(s2st_asr_open(&m, ctx, &(s2st_asr_files){.model = model, .language = "enf"}, &err), S2ST_EINPUT);
	CHECK(m == NULL);
	CHECK_CONTAINS(err.text, "no adapter speaks \"enf\"; near names: eng (3 languages)");
	REQUIRE_OK(s2st_asr_open(&m, ctx, &(s2st_asr_files){.model = model}, &err));
	CHECK_INT(s2st_asr_open_language(&other, m, "../eng", &err), S2ST_EINPUT);
	CHECK(other == NULL);
	s2st_asr_free(m);
}

/* Models without adapters have no languages. */
static void test_without(const char *model)
{
	char **names;
	size_t n;
	s2st_asr *m;
	REQUIRE_OK(s2st_asr_languages(&names, &n, model, &err));
	CHECK_INT(n, 0);
	free(names);
	CHECK_INT(s2st_asr_open(&m, ctx, &(s2st_asr_files){.model = model, .language = "eng"}, &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "expected adapters of languages, found none");
}

int main(void)
{
	REQUIRE_OK(s2st_context_new(&ctx, NULL, &err));
	for (int i = 0; i < 2; i++) {
		test_languages(layouts[i], i == 0);
		test_names(layouts[i]);
	}
	test_without(FIXTURES "/golden/ctc/fairseq/model.pt");
	test_without(FIXTURES "/golden/ctc/hf");
	s2st_context_free(ctx);
	return TEST_RESULT();
}
