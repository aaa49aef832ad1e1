/* Transcripts against the reference's, exactly: a small model in three file layouts, and the demo pack's recogniser. */
#include "s2st.h"
#include "test.h"

static s2st_error err;

typedef struct bench {
	s2st_context *ctx;
	s2st_asr *m;
	s2st_asr_session *s;
} bench;

static void open_bench(bench *b, const char *model, const char *dict)
{
	REQUIRE_OK(s2st_context_new(&b->ctx, NULL, &err));
	REQUIRE_OK(s2st_asr_open(&b->m, b->ctx, &(s2st_asr_files){.model = model, .dict = dict}, &err));
	REQUIRE_OK(s2st_asr_session_new(&b->s, b->m, &err));
}

static void close_bench(bench *b)
{
	s2st_asr_session_free(b->s);
	s2st_asr_free(b->m);
	s2st_context_free(b->ctx);
}

/* Words and letters of a transcript have to say what its text says, in order of time. */
static void check_times(const s2st_transcript *t, double seconds)
{
	char text[1024] = "";
	double last = 0;
	for (size_t i = 0; i < t->n_words; i++) {
		CHECK(t->words[i].start >= last && t->words[i].end > t->words[i].start && t->words[i].end <= seconds);
		last = t->words[i].end;
		REQUIRE(strlen(text) + strlen(t->words[i].text) + 2 < sizeof text);
		strcat(strcat(text, i ? " " : ""), t->words[i].text);
	}
	CHECK_STR(text, t->text);
	size_t letters = 0;
	last = 0;
	for (size_t i = 0; i < t->n_symbols; i++) {
		CHECK(t->symbols[i].start >= last && t->symbols[i].end > t->symbols[i].start);
		last = t->symbols[i].end;
		letters += strlen(t->symbols[i].text);
	}
	for (const char *p = t->text; *p; p++)
		letters -= *p != ' ';
	CHECK_INT(letters, 0);
}

static void check_transcript(bench *b, const char *wav, const char *want)
{
	s2st_audio a;
	s2st_transcript t;
	s2st_matrix logits;
	REQUIRE_OK(s2st_audio_read(&a, wav, 16000, &err));
	REQUIRE_OK(s2st_asr_transcribe(b->s, a.samples, a.n, NULL, &t, &err));
	CHECK_STR(t.text, want);
	check_times(&t, (double)a.n / 16000);
	REQUIRE_OK(s2st_asr_logits(b->s, a.samples, a.n, &logits, &err));
	REQUIRE_OK(s2st_asr_decode(b->s, &logits, &(s2st_asr_options){.lowercase = true}, &t, &err));
	CHECK_STR(t.text, want); /* all letters are small ones */
	s2st_audio_free(&a);
}

static void chomp(char *s)
{
	s[strcspn(s, "\n")] = 0;
}

static void test_layouts(void)
{
	static const char *const layouts[][2] = {
		{FIXTURES "/golden/ctc/fairseq/model.pt", NULL}, /* dict.ltr.txt lies beside it */
		{FIXTURES "/golden/ctc/fairseq/model.pt", FIXTURES "/golden/ctc/fairseq/dict.ltr.txt"},
		{FIXTURES "/golden/ctc/hf", NULL},
		{FIXTURES "/golden/ctc/hf_safetensors", NULL},
		{FIXTURES "/golden/ctc/hf_safetensors", FIXTURES "/golden/ctc/hf/vocab.json"},
	};
	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
		char line[1024], wav[512];
		size_t n = 0;
		bench b;
		open_bench(&b, layouts[i][0], layouts[i][1]);
		FILE *f = fopen(FIXTURES "/golden/ctc/transcripts.txt", "r");
		REQUIRE(f);
		for (; fgets(line, sizeof line, f); n++) {
			char *tab = strchr(line, '\t');
			REQUIRE(tab);
			*tab = 0;
			chomp(tab + 1);
			snprintf(wav, sizeof wav, FIXTURES "/golden/audio/%s.wav", line);
			check_transcript(&b, wav, tab + 1);
		}
		CHECK_INT(n, 4);
		fclose(f);
		close_bench(&b);
	}
}

static void test_demo(void)
{
	char line[1024], wav[512];
	size_t n = 0;
	bench b;
	open_bench(&b, SOURCE_DIR "/models/es-en-demo/asr.pt", SOURCE_DIR "/models/es-en-demo/dict.ltr.txt");
	FILE *f = fopen(FIXTURES "/demo/expected/en.transcripts.txt", "r");
	REQUIRE(f);
	for (; fgets(line, sizeof line, f); n++) {
		chomp(line);
		snprintf(wav, sizeof wav, FIXTURES "/demo/test/en/test%05zu.flac", n);
		check_transcript(&b, wav, line);
	}
	CHECK_INT(n, 30);
	fclose(f);
	close_bench(&b);
}

/* The dictionary that the checkpoint carries: its letters stand in reverse order. --dict wins over it. */
static void test_task_state(void)
{
	bench b;
	open_bench(&b, FIXTURES "/asr/task_state.pt", NULL);
	CHECK_STR(s2st_asr_symbol(b.m, 4), "|");
	CHECK_STR(s2st_asr_symbol(b.m, 5), "z");
	CHECK_STR(s2st_asr_symbol(b.m, 31), "e");
	close_bench(&b);
	open_bench(&b, FIXTURES "/asr/task_state.pt", FIXTURES "/golden/ctc/fairseq/dict.ltr.txt");
	CHECK_STR(s2st_asr_symbol(b.m, 5), "e");
	close_bench(&b);
}

static void test_refusals(void)
{
	static const float samples[399];
	const float nan_sample[500] = {[7] = NAN};
	s2st_transcript t;
	bench b;
	open_bench(&b, FIXTURES "/golden/ctc/fairseq/model.pt", NULL);
	CHECK_INT(s2st_asr_transcribe(b.s, samples, 399, NULL, &t, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "at least 400 samples");
	CHECK_INT(s2st_asr_transcribe(b.s, nan_sample, 500, NULL, &t, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "sample 7");
	CHECK_INT(s2st_asr_decode(b.s, &(s2st_matrix){samples, 9, 31}, NULL, &t, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "expected logits of 32 symbols, found 31");
	const s2st_asr_options wrong = {.post_process = "letter"};
	CHECK_INT(s2st_asr_decode(b.s, &(s2st_matrix){samples, 9, 32}, &wrong, &t, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "\"letter\" is unknown");
	REQUIRE_OK(s2st_asr_decode(b.s, &(s2st_matrix){samples, 9, 32}, NULL, &t, &err)); /* all ties: blanks */
	CHECK_STR(t.text, "");
	CHECK_INT(t.n_words + t.n_symbols, 0);
	s2st_asr_info info;
	s2st_asr_get_info(b.m, &info);
	CHECK_INT(info.n_vocab, 32);
	CHECK_INT(info.blank, 0);
	CHECK_INT(info.hop, 320);
	CHECK(info.normalize);
	CHECK_STR(s2st_asr_symbol(b.m, info.silence), "|");
	CHECK(!s2st_asr_symbol(b.m, 32) && !s2st_asr_symbol(b.m, -1));
	close_bench(&b);

	s2st_context *ctx;
	s2st_asr *m;
	REQUIRE_OK(s2st_context_new(&ctx, NULL, &err));
	CHECK_INT(s2st_asr_open(&m, ctx, &(s2st_asr_files){.model = FIXTURES "/golden/hubert/base_like.pt"}, &err),
		  S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "CTC head");
	const s2st_asr_files no_dict = {.model = FIXTURES "/golden/ctc/fairseq/model.pt", .dict = "no.txt"};
	CHECK_INT(s2st_asr_open(&m, ctx, &no_dict, &err), S2ST_EIO);
	s2st_context_free(ctx);
}

int main(void)
{
	test_layouts();
	test_demo();
	test_task_state();
	test_refusals();
	return TEST_RESULT();
}
