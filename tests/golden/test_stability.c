/* What comes out has the same bytes for any number of threads and any order of inputs, and on AVX2 as on AVX-512: the
 * demo pack's stages from features to waveforms, each session used for one input after another. */
#include "s2st.h"
#include "test.h"

static s2st_error err;

enum { N_INPUTS = 3 };
enum { FEATURES, UNITS, ENCODER, TOKENS, SCORES, DURATIONS, WAVEFORM, LOGITS, N_STAGES };

static const char *const stages[] = {"features",   "units of the encoder", "S2UT encoder", "S2UT tokens",
				     "S2UT scores", "durations",            "waveform",     "CTC logits"};

/* FNV-1a over the bytes of each stage, chained over its parts. */
typedef struct prints {
	uint64_t of[N_STAGES];
} prints;

static void add(prints *p, int stage, const void *data, size_t n)
{
	const unsigned char *bytes = data;
	uint64_t h = p->of[stage] ? p->of[stage] : 14695981039346656037u;
	for (size_t i = 0; i < n; i++)
		h = (h ^ bytes[i]) * 1099511628211u;
	p->of[stage] = h;
}

typedef struct stack {
	s2st_context *ctx;
	s2st_pack *pack;
	s2st_encoder *encoder;
	s2st_kmeans *kmeans;
	s2st_quantizer *quantizer;
	s2st_s2ut *s2ut;
	s2st_s2ut_session *translator;
	s2st_vocoder *vocoder;
	s2st_vocoder_session *voice;
	s2st_asr *asr;
	s2st_asr_session *ear;
} stack;

/* False where this CPU lacks `isa`. */
static bool stack_open(stack *s, int threads, const char *isa)
{
	*s = (stack){0};
	if (s2st_context_new(&s->ctx, &(s2st_context_options){.threads = threads, .isa = isa}, &err) < 0) {
		REQUIRE(strstr(err.text, "not supported by this CPU"));
		return false;
	}
	REQUIRE_OK(s2st_pack_open(&s->pack, SOURCE_DIR "/models/es-en-demo", &err));
	const char *encoder = s2st_pack_file(s->pack, "encoder");
	REQUIRE_OK(s2st_encoder_open(&s->encoder, s->ctx, S2ST_FEATURE_NETWORK, encoder, &err));
	REQUIRE_OK(s2st_kmeans_open(&s->kmeans, s2st_pack_file(s->pack, "kmeans"), &err));
	REQUIRE_OK(s2st_quantizer_new(&s->quantizer, s->encoder, s2st_pack_layer(s->pack), s->kmeans, &err));
	const s2st_s2ut_files s2ut = {.model = s2st_pack_file(s->pack, "s2ut"),
				      .config = s2st_pack_file(s->pack, "config")};
	REQUIRE_OK(s2st_s2ut_open(&s->s2ut, s->ctx, &s2ut, &err));
	REQUIRE_OK(s2st_s2ut_session_new(&s->translator, s->s2ut, &err));
	REQUIRE_OK(s2st_vocoder_open(&s->vocoder, s->ctx, s2st_pack_file(s->pack, "vocoder"),
				     s2st_pack_file(s->pack, "vocoder_config"), &err));
	REQUIRE_OK(s2st_vocoder_session_new(&s->voice, s->vocoder, &err));
	const s2st_asr_files asr = {.model = s2st_pack_file(s->pack, "asr"),
				    .dict = s2st_pack_file(s->pack, "asr_dict")};
	REQUIRE_OK(s2st_asr_open(&s->asr, s->ctx, &asr, &err));
	REQUIRE_OK(s2st_asr_session_new(&s->ear, s->asr, &err));
	return true;
}

static void stack_close(stack *s)
{
	s2st_asr_session_free(s->ear);
	s2st_asr_free(s->asr);
	s2st_vocoder_session_free(s->voice);
	s2st_vocoder_free(s->vocoder);
	s2st_s2ut_session_free(s->translator);
	s2st_s2ut_free(s->s2ut);
	s2st_quantizer_free(s->quantizer);
	s2st_kmeans_free(s->kmeans);
	s2st_encoder_free(s->encoder);
	s2st_pack_free(s->pack);
	s2st_context_free(s->ctx);
}

static void quantize(stack *s, const char *path, prints *p)
{
	s2st_frames f;
	int rc;
	REQUIRE_OK(s2st_quantizer_open(s->quantizer, path, 0, &err));
	while ((rc = s2st_quantizer_next(s->quantizer, &f, &err)) > 0) {
		add(p, FEATURES, f.features, f.n * f.dim * sizeof *f.features);
		add(p, UNITS, f.units, f.n * sizeof *f.units);
	}
	REQUIRE_OK(rc);
}

static void speak(stack *s, const s2st_hypothesis *best, prints *p)
{
	s2st_vocode_options options = {0};
	s2st_waveform wave;
	s2st_matrix logits;
	s2st_pack_vocode(s->pack, &options);
	REQUIRE_OK(s2st_vocoder_run(s->voice, best->units, best->n_units, &options, &wave, &err));
	add(p, DURATIONS, wave.durations, wave.n_durations * sizeof *wave.durations);
	add(p, WAVEFORM, wave.samples, wave.n * sizeof *wave.samples);
	REQUIRE_OK(s2st_asr_logits(s->ear, wave.samples, wave.n, &logits, &err));
	add(p, LOGITS, logits.data, logits.rows * logits.cols * sizeof *logits.data);
}

static void translate(stack *s, const char *path, prints *p)
{
	s2st_audio a;
	s2st_matrix enc;
	s2st_nbest best;
	s2st_search_options options = s2st_search_defaults();
	s2st_pack_search(s->pack, &options);
	options.beam = options.nbest = 4;
	REQUIRE_OK(s2st_audio_read(&a, path, 16000, &err));
	REQUIRE_OK(s2st_s2ut_encode(s->translator, a.samples, a.n, NULL, &enc, &err));
	add(p, ENCODER, enc.data, enc.rows * enc.cols * sizeof *enc.data);
	REQUIRE_OK(s2st_s2ut_generate(s->translator, a.samples, a.n, &options, &best, &err));
	for (size_t i = 0; i < best.n; i++) {
		const s2st_hypothesis *h = &best.hyps[i];
		add(p, TOKENS, h->tokens, h->n_tokens * sizeof *h->tokens);
		add(p, SCORES, h->positional_scores, h->n_tokens * sizeof *h->positional_scores);
		add(p, SCORES, &h->score, sizeof h->score);
	}
	speak(s, &best.hyps[0], p);
	s2st_audio_free(&a);
}

static void run_input(stack *s, size_t i, prints *p)
{
	char path[1024];
	*p = (prints){{0}};
	snprintf(path, sizeof path, FIXTURES "/demo/test/es/test%05zu.flac", 7 * i);
	quantize(s, path, p);
	translate(s, path, p);
}

/* The inputs in steps of `stride`, which has no divisor in common with their number. */
static void check_run(stack *s, const prints *want, size_t stride, const char *what, int threads)
{
	for (size_t n = 0, i = stride; n < N_INPUTS; n++, i += stride) {
		prints got;
		run_input(s, i % N_INPUTS, &got);
		for (int stage = 0; stage < N_STAGES; stage++) {
			if (got.of[stage] != want[i % N_INPUTS].of[stage])
				fprintf(stderr, "%s, %d threads, input %zu: other %s\n", what, threads, i % N_INPUTS,
					stages[stage]);
			CHECK(got.of[stage] == want[i % N_INPUTS].of[stage]);
		}
	}
}

/* The first of the ISAs that there is sets what all must give. */
static void check_isas(const char *const *isas, size_t n)
{
	prints want[N_INPUTS];
	bool known = false;
	for (size_t i = 0; i < n; i++)
		for (int threads = 1; threads <= 3; threads++) {
			stack s;
			if (!stack_open(&s, threads, isas[i])) {
				stack_close(&s);
				fprintf(stderr, "not tested here: %s\n", isas[i]);
				break;
			}
			for (size_t input = 0; !known && input < N_INPUTS; input++)
				run_input(&s, input, &want[input]);
			known = true;
			check_run(&s, want, 1 + (size_t)threads % 2, isas[i], threads);
			stack_close(&s);
		}
}

int main(void)
{
	check_isas((const char *const[]){"avx512", "avx2"}, 2);
	check_isas((const char *const[]){"scalar"}, 1);
	return TEST_RESULT();
}
