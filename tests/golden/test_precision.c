/* What reduced precision may change, on the demo pack and real speech: units of the encoder, waveforms of the vocoder.
 * The same bytes for any number of threads and on every CPU with the instructions. tests/cli/precision.sh has the rest:
 * translations, by their ASR-BLEU. */
#include "s2st.h"
#include "test.h"

enum { MAX_UNITS = 20000, LAYER = 4, N_VOICES = 8 };

#define PACK SOURCE_DIR "/models/es-en-demo/"

static s2st_error err;

static s2st_context *context(s2st_precision precision, int threads, const char *isa)
{
	s2st_context *ctx;
	const s2st_context_options options = {.threads = threads, .precision = precision, .isa = isa};
	int rc = s2st_context_new(&ctx, &options, &err);
	if (rc == S2ST_EINPUT)
		return NULL; /* a CPU without these kernels */
	REQUIRE_OK(rc);
	return ctx;
}

/* ---- units ------------------------------------------------------------------------------------------------------ */

typedef struct units {
	int32_t *at;
	size_t n;
} units;

static void add_file(units *u, s2st_quantizer *q, const char *path)
{
	s2st_frames block;
	int rc;
	REQUIRE_OK(s2st_quantizer_open(q, path, 0, &err));
	while ((rc = s2st_quantizer_next(q, &block, &err)) > 0) {
		REQUIRE(u->n + block.n <= MAX_UNITS);
		memcpy(u->at + u->n, block.units, block.n * sizeof *u->at);
		u->n += block.n;
	}
	REQUIRE_OK(rc);
}

static const char *const austen[] = {"0870", "0880", "0890", "0920", "0930"};

/* Units of the demo's English test sentences, or of people reading a novel. */
static units listen(s2st_precision precision, bool novel, int threads, const char *isa)
{
	s2st_context *ctx = context(precision, threads, isa);
	s2st_encoder *e;
	s2st_kmeans *k;
	s2st_quantizer *q;
	units u = {malloc(MAX_UNITS * sizeof *u.at), 0};
	REQUIRE(u.at);
	if (!ctx)
		return u;
	REQUIRE_OK(s2st_encoder_open(&e, ctx, S2ST_FEATURE_NETWORK, PACK "hubert.pt", &err));
	REQUIRE_OK(s2st_kmeans_open(&k, PACK "km.bin", &err));
	REQUIRE_OK(s2st_quantizer_new(&q, e, LAYER, k, &err));
	for (int i = 0; i < (novel ? 5 : 30); i++) {
		char path[512];
		if (novel)
			snprintf(path, sizeof path, FIXTURES "/audio/sense_and_sensibility_01_austen_64kb-%s.wav",
				 austen[i]);
		else
			snprintf(path, sizeof path, FIXTURES "/demo/test/en/test%05d.flac", i);
		add_file(&u, q, path);
	}
	s2st_quantizer_free(q);
	s2st_kmeans_free(k);
	s2st_encoder_free(e);
	s2st_context_free(ctx);
	return u;
}

static void check_agreement(const units *want, s2st_precision precision, bool novel)
{
	static const double least[S2ST_N_PRECISIONS] = {1, 0.99, 0.98};
	units got = listen(precision, novel, 1, NULL);
	size_t same = 0;
	CHECK_INT(got.n, want->n);
	for (size_t i = 0; i < got.n && i < want->n; i++)
		same += got.at[i] == want->at[i];
	const double share = (double)same / (double)want->n;
	fprintf(stderr, "%s, %s: %.2f %% of %zu units\n", s2st_precision_name(precision), novel ? "novel" : "demo",
		100 * share, want->n);
	CHECK(share >= least[precision]);
	const units again = listen(precision, novel, 3, NULL);
	CHECK(again.n == got.n && memcmp(again.at, got.at, got.n * sizeof *got.at) == 0);
	free(again.at);
	free(got.at);
}

/* ---- waveforms -------------------------------------------------------------------------------------------------- */

typedef struct wave {
	float *at;
	size_t n;
} wave;

/* The reference's units of a few test sentences, spoken. */
static wave speak(s2st_precision precision, int threads, const char *isa)
{
	wave w = {0};
	s2st_context *ctx = context(precision, threads, isa);
	s2st_vocoder *v;
	s2st_vocoder_session *s;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	FILE *f = fopen(FIXTURES "/demo/expected/units.beam10.txt", "r");
	REQUIRE(f);
	if (!ctx) {
		fclose(f);
		return w;
	}
	REQUIRE_OK(s2st_vocoder_open(&v, ctx, PACK "vocoder.pt", PACK "vocoder.json", &err));
	REQUIRE_OK(s2st_vocoder_session_new(&s, v, &err));
	for (int i = 0; i < N_VOICES && (n = getline(&line, &cap, f)) > 0; i++) {
		s2st_unit_line row;
		s2st_waveform one;
		REQUIRE_OK(s2st_unit_line_parse(&row, line, (size_t)n - 1, &err));
		REQUIRE_OK(s2st_vocoder_run(s, row.units, row.n, &(s2st_vocode_options){.dur_prediction = true},
					    &one, &err));
		w.at = realloc(w.at, (w.n + one.n) * sizeof *w.at);
		REQUIRE(w.at);
		memcpy(w.at + w.n, one.samples, one.n * sizeof *w.at);
		w.n += one.n;
		s2st_unit_line_free(&row);
	}
	free(line);
	fclose(f);
	s2st_vocoder_session_free(s);
	s2st_vocoder_free(v);
	s2st_context_free(ctx);
	return w;
}

static void check_same(const wave *want, s2st_precision precision, int threads, const char *isa)
{
	wave got = speak(precision, threads, isa);
	if (got.n == 0) {
		fprintf(stderr, "not tested here: %s\n", isa);
		return;
	}
	CHECK(got.n == want->n && memcmp(got.at, want->at, got.n * sizeof *got.at) == 0);
	free(got.at);
}

static void check_wave(const wave *want, s2st_precision precision)
{
	wave got = speak(precision, 1, NULL);
	CHECK_INT(got.n, want->n); /* durations are predicted in float32 */
	const double snr = got.n == want->n ? test_snr(got.at, want->at, got.n) : -INFINITY;
	fprintf(stderr, "%s: %.1f dB\n", s2st_precision_name(precision), snr);
	CHECK(snr >= 30);
	check_same(&got, precision, 2, NULL);
	check_same(&got, precision, 3, NULL);
	/* All but the portable kernels, which round a multiply-add twice where the compiler's target cannot fuse it. */
	static const char *const isas[] = {"avx2", "avx512", "avx512-vnni", "avx512-bf16"};
	s2st_context *here = context(S2ST_FP32, 1, NULL);
	const bool fused = strcmp(s2st_context_isa(here), "scalar") != 0;
	s2st_context_free(here);
	for (size_t i = 0; fused && i < sizeof isas / sizeof *isas; i++)
		check_same(&got, precision, 1, isas[i]);
	free(got.at);
}

static void test_refusals(void)
{
	s2st_context *ctx;
	s2st_encoder *e;
	const s2st_context_options wrong = {.threads = 1, .precision = (s2st_precision)7};
	CHECK_INT(s2st_context_new(&ctx, &wrong, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "precision: expected 0 to 2, found 7");
	ctx = context(S2ST_INT8, 1, NULL);
	CHECK_INT(s2st_context_precision(ctx), S2ST_INT8);
	CHECK_INT(s2st_encoder_open(&e, ctx, S2ST_FEATURE_MFCC, NULL, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "nothing to do in int8");
	s2st_context_free(ctx);
}

int main(void)
{
	test_refusals();
	wave spoken = speak(S2ST_FP32, 1, NULL);
	for (s2st_precision p = S2ST_BF16; p < S2ST_N_PRECISIONS; p++)
		check_wave(&spoken, p);
	free(spoken.at);
	for (int novel = 0; novel < 2; novel++) {
		units heard = listen(S2ST_FP32, novel, 1, NULL);
		for (s2st_precision p = S2ST_BF16; p < S2ST_N_PRECISIONS; p++)
			check_agreement(&heard, p, novel);
		free(heard.at);
	}
	return TEST_RESULT();
}
