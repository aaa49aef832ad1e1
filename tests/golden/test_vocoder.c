/* Unit HiFi-GANs against the reference: durations exactly, waveforms to 70 dB (they agree to more than 100). */
#include "formats/json.h"
#include "npy.h"
#include "s2st.h"
#include "test.h"

static s2st_error err;

typedef struct numbers {
	float *f;
	int32_t *i;
	size_t n;
} numbers;

/* A list of numbers, or of rows of them, flattened. */
static void collect(numbers *out, const s2_value *v)
{
	if (v->kind == S2_V_LIST) {
		for (size_t i = 0; i < s2_value_len(v); i++)
			collect(out, s2_value_at(v, i));
		return;
	}
	REQUIRE(out->n < 4096 && (v->kind == S2_V_INT || v->kind == S2_V_FLOAT));
	out->i[out->n] = v->kind == S2_V_INT ? (int32_t)v->u.i : 0;
	out->f[out->n++] = v->kind == S2_V_INT ? (float)v->u.i : (float)v->u.f;
}

static numbers read_numbers(const s2_value *of, const char *key)
{
	numbers n = {malloc(4096 * sizeof(float)), malloc(4096 * sizeof(int32_t)), 0};
	const s2_value *v = s2_value_get(of, key);
	REQUIRE(n.f && n.i);
	if (v)
		collect(&n, v);
	return n;
}

static void free_numbers(numbers *n)
{
	free(n->f);
	free(n->i);
}

static int read_int(const s2_value *of, const char *key)
{
	int64_t n;
	REQUIRE_OK(s2_value_get_int(of, key, 0, &n, "case", &err));
	return (int)n;
}

static void check_wave(const char *label, const float *wave, size_t n, const char *path, double *worst)
{
	size_t dims[S2_MAX_RANK];
	int rank;
	float *want = test_npy_f32(path, dims, &rank);
	CHECK_INT(rank, 1);
	CHECK_INT(n, dims[0]);
	const double snr = n == dims[0] ? test_snr(wave, want, n) : -INFINITY;
	if (!(snr >= 70))
		fprintf(stderr, "%s: %.1f dB\n", label, snr);
	CHECK(snr >= 70);
	*worst = fmin(*worst, snr);
	free(want);
}

static void run_case(const char *dir, s2st_vocoder_session *s, const s2_value *c, double *worst)
{
	char path[512];
	const char *file = s2_value_get_str(c, "wav", "");
	numbers codes = read_numbers(c, "codes"), durations = read_numbers(c, "durations");
	numbers f0 = read_numbers(c, "f0"), speaker = read_numbers(c, "speaker_vector");
	numbers features = read_numbers(c, "features");
	bool predict;
	REQUIRE_OK(s2_value_get_bool(c, "dur_prediction", false, &predict, "case", &err));
	const s2st_vocode_options opt = {
		.dur_prediction = predict,
		.speaker = read_int(c, "speaker"),
		.style = read_int(c, "style"),
		.speaker_vector = speaker.n ? speaker.f : NULL,
		.f0 = f0.n ? f0.f : NULL,
		.n_f0 = f0.n,
		.features = features.n ? features.f : NULL,
		.n_features = s2_value_len(s2_value_get(c, "features")),
	};
	s2st_waveform w;
	REQUIRE_OK(s2st_vocoder_run(s, codes.i, codes.n, &opt, &w, &err));
	CHECK_INT(w.sample_rate, 16000);
	CHECK_INT(w.n_durations, durations.n);
	CHECK((w.durations != NULL) == predict);
	for (size_t i = 0; i < w.n_durations && i < durations.n; i++)
		CHECK_INT(w.durations[i], durations.i[i]);
	snprintf(path, sizeof path, "%s/%s", dir, file);
	check_wave(file, w.samples, w.n, path, worst);
	free_numbers(&codes);
	free_numbers(&durations);
	free_numbers(&f0);
	free_numbers(&speaker);
	free_numbers(&features);
}

static s2st_vocoder_session *open_session(s2st_vocoder **v, s2st_context *ctx, const char *model, const char *config)
{
	s2st_vocoder_session *s;
	REQUIRE_OK(s2st_vocoder_open(v, ctx, model, config, &err));
	REQUIRE_OK(s2st_vocoder_session_new(&s, *v, &err));
	return s;
}

static void test_cases(s2st_context *ctx, const char *dir, const char *name)
{
	char model[512], cases[512];
	s2_value *json;
	s2st_vocoder *v;
	double worst = INFINITY;
	snprintf(model, sizeof model, "%s/%s.pt", dir, name);
	snprintf(cases, sizeof cases, "%s/%s.cases.json", dir, name);
	s2_arena *a = s2_arena_new();
	REQUIRE(a);
	REQUIRE_OK(s2_json_read(&json, a, cases, &err));
	s2st_vocoder_session *s = open_session(&v, ctx, model, NULL); /* NAME.json lies beside NAME.pt */
	REQUIRE(s2_value_len(json) > 0);
	for (size_t i = 0; i < s2_value_len(json); i++)
		run_case(dir, s, s2_value_at(json, i), &worst);
	printf("%s: %zu cases, worst %.1f dB\n", name, s2_value_len(json), worst);
	s2st_vocoder_session_free(s);
	s2st_vocoder_free(v);
	s2_arena_free(a);
}

/* Lines "id|u u u" of the demo's translations; waveforms are kept for some of them. */
static void test_demo(s2st_context *ctx)
{
	static char line[1 << 16];
	s2st_vocoder *v;
	double worst = INFINITY;
	int found = 0;
	s2st_vocoder_session *s = open_session(&v, ctx, SOURCE_DIR "/models/es-en-demo/vocoder.pt", NULL);
	FILE *lines = fopen(FIXTURES "/demo/expected/units.beam10.txt", "r");
	REQUIRE(lines);
	while (fgets(line, sizeof line, lines)) {
		char path[512], *bar = strchr(line, '|');
		int32_t units[4096];
		size_t n = 0;
		REQUIRE(bar && strchr(line, '\n'));
		*bar = 0;
		snprintf(path, sizeof path, FIXTURES "/demo/expected/wav/%.200s.npy", line);
		FILE *wanted = fopen(path, "r");
		if (!wanted)
			continue;
		fclose(wanted);
		for (char *p = bar + 1, *end; n < 4096; p = end) {
			units[n] = (int32_t)strtol(p, &end, 10);
			if (end == p)
				break;
			n++;
		}
		s2st_waveform w;
		REQUIRE_OK(s2st_vocoder_run(s, units, n, &(s2st_vocode_options){.dur_prediction = true}, &w, &err));
		check_wave(line, w.samples, w.n, path, &worst);
		found++;
	}
	fclose(lines);
	CHECK_INT(found, 8);
	printf("demo: %d sentences, worst %.1f dB\n", found, worst);
	s2st_vocoder_session_free(s);
	s2st_vocoder_free(v);
}

int main(void)
{
	s2st_context *ctx;
	REQUIRE_OK(s2st_context_new(&ctx, NULL, &err));
	static const char *const golden[] = {"dur", "multispkr", "no_dur"};
	static const char *const own[] = {"speaker_vector", "f0", "f0_bins", "style", "type2"};
	for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++)
		test_cases(ctx, FIXTURES "/golden/vocoder", golden[i]);
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		test_cases(ctx, FIXTURES "/vocoder", own[i]);
	test_demo(ctx);
	s2st_context_free(ctx);
	return TEST_RESULT();
}
