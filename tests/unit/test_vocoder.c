/* Unit HiFi-GAN: what may not change the result (tiles, threads), and what is refused, in which words. */
#include "formats/json.h"
#include "models/vocoder.h"
#include "test.h"

#include <pthread.h>
#include <unistd.h>

#define GOLDEN FIXTURES "/golden/vocoder/"
#define OWN FIXTURES "/vocoder/"

static s2st_error err;

/* ---- tiles and threads ---------------------------------------------------------------------------------------- */

typedef struct run {
	const s2_vocoder *v;
	const int32_t *units;
	size_t n;
	const s2st_vocode_options *opt;
} run;

/* The waveform in malloc'ed memory. */
static float *wave_of(const run *r, s2_vocoder_tiles tiles, int threads, size_t *n)
{
	s2_pool *pool;
	const s2_kernels *k;
	s2_vocoder_state s;
	s2st_waveform w;
	REQUIRE_OK(s2_pool_new(&pool, threads, &err));
	REQUIRE_OK(s2_kernels_find(&k, NULL, &err));
	REQUIRE_OK(s2_vocoder_state_init(&s, r->v, pool, k, &err));
	if (tiles.frames)
		s.tiles = tiles;
	REQUIRE_OK(s2_vocoder_run(&s, r->units, r->n, r->opt, &w, &err));
	float *copy = malloc(w.n * sizeof *copy);
	REQUIRE(copy);
	memcpy(copy, w.samples, w.n * sizeof *copy);
	*n = w.n;
	s2_vocoder_state_free(&s);
	s2_pool_free(pool);
	return copy;
}

/* Tiles of all sizes, down to one frame and one row's worth, and crews of 1 to 3: the same bytes. */
static void check_tilings(const char *name, const run *r)
{
	static const s2_vocoder_tiles tilings[] = {{1, 1},  {2, 1 << 20}, {7, 4096},
						   {32, 1}, {64, 65536},  {1000, 20000}};
	size_t n, m;
	float *whole = wave_of(r, (s2_vocoder_tiles){1 << 20, 1 << 30}, 1, &n);
	for (size_t i = 0; i < sizeof tilings / sizeof tilings[0]; i++) {
		float *tiled = wave_of(r, tilings[i], (int)i % 3 + 1, &m);
		CHECK_INT(m, n);
		const bool same = m == n && memcmp(whole, tiled, n * sizeof *whole) == 0;
		if (!same)
			fprintf(stderr, "%s: tiles of %zu frames, %zu floats: up to %g off\n", name, tilings[i].frames,
				tilings[i].floats, m == n ? test_max_diff(whole, tiled, n) : -1.0);
		CHECK(same);
		free(tiled);
	}
	free(whole);
}

static void test_tiles(const char *model, const s2st_vocode_options *opt, size_t n)
{
	s2_vocoder v;
	uint64_t seed = 3;
	REQUIRE_OK(s2_vocoder_open(&v, model, NULL, S2ST_FP32, &err));
	int32_t *units = malloc(n * sizeof *units);
	REQUIRE(units);
	for (size_t i = 0; i < n; i++)
		units[i] = (int32_t)(test_rand(&seed) % v.cfg.n_units);
	check_tilings(model, &(run){&v, units, n, opt});
	free(units);
	s2_vocoder_free(&v);
}

/* More units than a tile of the duration predictor holds, tile borders included. */
static void test_durations(void)
{
	enum { N = 700 };
	s2_vocoder v;
	s2_vocoder_state s;
	const s2_kernels *k;
	int32_t units[N], all[N], part[N];
	uint64_t seed = 9;
	REQUIRE_OK(s2_kernels_find(&k, NULL, &err));
	REQUIRE_OK(s2_vocoder_open(&v, GOLDEN "dur.pt", NULL, S2ST_FP32, &err));
	REQUIRE_OK(s2_vocoder_state_init(&s, &v, NULL, k, &err));
	for (int i = 0; i < N; i++)
		units[i] = (int32_t)(test_rand(&seed) % v.cfg.n_units);
	REQUIRE_OK(s2_vocoder_predict(&s, units, N, all, &err));
	/* A unit's duration depends on two neighbours on either side. */
	for (int i = 2; i + 3 <= N; i++) {
		REQUIRE_OK(s2_vocoder_predict(&s, units + i - 2, 5, part, &err));
		CHECK_INT(all[i], part[2]);
	}
	s2_vocoder_state_free(&s);
	s2_vocoder_free(&v);
}

/* Memory for a long input grows by the waveform and a few bytes a unit, not by channels. */
static void test_memory(void)
{
	enum { N = 4000 };
	static int32_t units[N];
	s2_vocoder v;
	s2_vocoder_state s;
	const s2_kernels *k;
	s2st_waveform w;
	size_t held[2];
	REQUIRE_OK(s2_kernels_find(&k, NULL, &err));
	REQUIRE_OK(s2_vocoder_open(&v, GOLDEN "dur.pt", NULL, S2ST_FP32, &err));
	REQUIRE_OK(s2_vocoder_state_init(&s, &v, NULL, k, &err));
	for (int i = 0; i < 2; i++) {
		REQUIRE_OK(s2_vocoder_run(&s, units, i ? N : N / 4, &(s2st_vocode_options){0}, &w, &err));
		CHECK_INT(w.n, (i ? N : N / 4) * 320);
		held[i] = s2_arena_bytes(s.x.scratch);
	}
	CHECK_INT(held[1], held[0]);
	s2_vocoder_state_free(&s);
	s2_vocoder_free(&v);
}

/* Two sessions of one model at work at the same time, on one crew: who gets the crew changes no byte. */
typedef struct session_job {
	const run *r;
	s2_pool *pool;
	float *wave;
	size_t n;
} session_job;

static void *run_session(void *arg)
{
	session_job *j = arg;
	s2st_error mine = {""};
	s2_vocoder_state s = {0};
	s2st_waveform w;
	const s2_kernels *k;
	int rc = s2_kernels_find(&k, NULL, &mine);
	if (rc >= 0)
		rc = s2_vocoder_state_init(&s, j->r->v, j->pool, k, &mine);
	for (int i = 0; i < 3 && rc >= 0; i++)
		rc = s2_vocoder_run(&s, j->r->units, j->r->n, j->r->opt, &w, &mine);
	if (rc >= 0 && (j->wave = malloc(w.n * sizeof *w.samples)) != NULL) {
		memcpy(j->wave, w.samples, w.n * sizeof *w.samples);
		j->n = w.n;
	}
	s2_vocoder_state_free(&s);
	return NULL;
}

static void test_sessions(void)
{
	enum { N = 60, SESSIONS = 3 };
	s2_vocoder v;
	int32_t units[N];
	pthread_t threads[SESSIONS];
	session_job jobs[SESSIONS];
	s2_pool *pool;
	size_t n;
	REQUIRE_OK(s2_vocoder_open(&v, GOLDEN "dur.pt", NULL, S2ST_FP32, &err));
	REQUIRE_OK(s2_pool_new(&pool, 2, &err));
	for (int i = 0; i < N; i++)
		units[i] = i % (int)v.cfg.n_units;
	const run r = {&v, units, N, &(s2st_vocode_options){.dur_prediction = true}};
	float *want = wave_of(&r, (s2_vocoder_tiles){0}, 1, &n);
	for (int i = 0; i < SESSIONS; i++) {
		jobs[i] = (session_job){.r = &r, .pool = pool};
		REQUIRE(pthread_create(&threads[i], NULL, run_session, &jobs[i]) == 0);
	}
	for (int i = 0; i < SESSIONS; i++) {
		REQUIRE(pthread_join(threads[i], NULL) == 0);
		CHECK_INT(jobs[i].n, n);
		CHECK(jobs[i].n == n && memcmp(jobs[i].wave, want, n * sizeof *want) == 0);
		free(jobs[i].wave);
	}
	free(want);
	s2_pool_free(pool);
	s2_vocoder_free(&v);
}

/* ---- weight norm ---------------------------------------------------------------------------------------------- */

/* Every folded weight of a model against g * v / ||v|| from its tensors, in double. */
static void check_folded(const s2_vocoder *v, const char *name, const s2_conv1d *c, bool transposed)
{
	char g_name[64], v_name[64];
	snprintf(g_name, sizeof g_name, "%sweight_g", name);
	snprintf(v_name, sizeof v_name, "%sweight_v", name);
	const s2_tensor *tg = s2_checkpoint_tensor(v->ckpt, g_name), *tv = s2_checkpoint_tensor(v->ckpt, v_name);
	REQUIRE(tg && tv);
	const size_t n = s2_tensor_count(tv), slice = n / tv->dims[0];
	float *g = malloc(tv->dims[0] * sizeof *g), *w = malloc(n * sizeof *w);
	REQUIRE(g && w);
	s2_tensor_to_f32(tg, g);
	s2_tensor_to_f32(tv, w);
	CHECK_INT(tv->dims[0], transposed ? c->c_in : c->c_out);
	double worst = 0;
	for (size_t d = 0; d < tv->dims[0]; d++) {
		double sum = 0;
		for (size_t i = 0; i < slice; i++)
			sum += (double)w[d * slice + i] * (double)w[d * slice + i];
		for (size_t i = 0; i < slice; i++) {
			const size_t mid = i / c->k, tap = i % c->k;
			const ptrdiff_t at = (ptrdiff_t)d * c->strides[0] + (ptrdiff_t)mid * c->strides[1] +
					     (ptrdiff_t)tap * c->strides[2];
			const double want = (double)g[d] * (double)w[d * slice + i] / sqrt(sum);
			worst = fmax(worst, fabs((double)((const float *)c->w)[at] - want));
		}
	}
	CHECK(worst < 1e-6);
	free(g);
	free(w);
}

static void test_weight_norm(void)
{
	s2_vocoder v;
	REQUIRE_OK(s2_vocoder_open(&v, GOLDEN "dur.pt", NULL, S2ST_FP32, &err));
	check_folded(&v, "conv_pre.", &v.pre, false);
	check_folded(&v, "ups.0.", &v.stages[0].up, true);
	check_folded(&v, "ups.4.", &v.stages[4].up, true);
	check_folded(&v, "resblocks.7.convs1.2.", &v.stages[2].blocks[1].pairs[2].first, false);
	check_folded(&v, "resblocks.14.convs2.0.", &v.stages[4].blocks[2].pairs[0].second, false);
	/* 16 channels are enough for the short form, which is then all there is. */
	const s2_vocoder_pair *wide = &v.stages[1].blocks[1].pairs[2], *narrow = &v.stages[2].blocks[1].pairs[2];
	CHECK(wide->fast[0] && wide->fast[1] && !wide->first.w && !wide->second.w);
	CHECK(!narrow->fast[0] && !narrow->fast[1] && narrow->first.w && narrow->second.w);
	s2_vocoder_free(&v);
}

/* ---- refused inputs ------------------------------------------------------------------------------------------- */

static void refuse(const char *model, const int32_t *units, size_t n, const s2st_vocode_options *opt, const char *says)
{
	s2_vocoder v;
	s2_vocoder_state s;
	const s2_kernels *k;
	s2st_waveform w;
	REQUIRE_OK(s2_kernels_find(&k, NULL, &err));
	REQUIRE_OK(s2_vocoder_open(&v, model, NULL, S2ST_FP32, &err));
	REQUIRE_OK(s2_vocoder_state_init(&s, &v, NULL, k, &err));
	err.text[0] = 0;
	CHECK_INT(s2_vocoder_run(&s, units, n, opt, &w, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, says);
	s2_vocoder_state_free(&s);
	s2_vocoder_free(&v);
}

static void test_refused_inputs(void)
{
	const int32_t units[] = {3, 24, 25, 0}, few[] = {1, 2, 3, -1};
	const float f0[] = {0, 1, 2, 3, 4, NAN};
	const s2st_vocode_options none = {0};
	refuse(GOLDEN "dur.pt", units, 4, &none, "unit 25 at position 2: expected 0 to 24");
	refuse(GOLDEN "dur.pt", units, 0, &none, "no units");
	refuse(GOLDEN "dur.pt", few + 3, 1, &none, "no units: all 1 are negative");
	refuse(GOLDEN "no_dur.pt", few, 3, &(s2st_vocode_options){.dur_prediction = true}, "has no duration predictor");
	refuse(GOLDEN "multispkr.pt", few, 3, &(s2st_vocode_options){.speaker = 5}, "speaker 5: expected 0 to 4");
	refuse(GOLDEN "multispkr.pt", few, 3, &(s2st_vocode_options){.speaker = -1}, "speaker -1: expected 0 to 4");
	refuse(GOLDEN "dur.pt", few, 3, &(s2st_vocode_options){.speaker_vector = f0}, "takes no speaker vector");
	refuse(GOLDEN "dur.pt", few, 3, &(s2st_vocode_options){.f0 = f0, .n_f0 = 3}, "takes no f0");
	refuse(GOLDEN "dur.pt", few, 3, &(s2st_vocode_options){.features = f0, .n_features = 3}, "takes no features");
	refuse(OWN "speaker_vector.pt", few, 3, &none, "expected a speaker vector of 6 numbers");
	refuse(OWN "f0.pt", few, 3, &none, "f0: expected one value a frame");
	refuse(OWN "f0.pt", few, 3, &(s2st_vocode_options){.f0 = f0, .n_f0 = 5}, "divides 3 frames");
	refuse(OWN "f0.pt", few, 3, &(s2st_vocode_options){.f0 = f0, .n_f0 = 6}, "value 5: expected a finite number");
	refuse(OWN "f0.pt", few, 4, &(s2st_vocode_options){.f0 = f0, .n_f0 = 3}, "multiple of 4 values");
	const float bins[] = {0, 7, 1};
	refuse(OWN "f0_bins.pt", few, 3, &(s2st_vocode_options){.f0 = bins, .n_f0 = 3}, "bin from 0 to 6, found 7");
	refuse(OWN "style.pt", few, 3, &(s2st_vocode_options){.style = 4}, "style 4: expected 0 to 3");
	refuse(OWN "style.pt", few, 3, &none, "features of 3 numbers");
	refuse(OWN "style.pt", few, 3, &(s2st_vocode_options){.features = f0, .n_features = 2}, "divides 3 frames");
}

/* ---- refused configs ------------------------------------------------------------------------------------------ */

static const char good[] =
	"{\"upsample_rates\": [5, 4], \"upsample_kernel_sizes\": [11, 8], \"upsample_initial_channel\": 16,"
	" \"resblock_kernel_sizes\": [3], \"resblock_dilation_sizes\": [[1, 3, 5]], \"num_embeddings\": 10,"
	" \"embedding_dim\": 8, \"model_in_dim\": 8, \"dur_predictor_params\": {\"encoder_embed_dim\": 8,"
	" \"var_pred_hidden_dim\": 8, \"var_pred_kernel_size\": 3}}";

/* The good config with `from` replaced by `to`. */
static int parse_with(s2_vocoder_config *c, const char *from, const char *to)
{
	char text[2048];
	const char *at = strstr(good, from);
	REQUIRE(at);
	snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
	s2_arena *a = s2_arena_new();
	s2_value *json;
	REQUIRE(a);
	REQUIRE_OK(s2_json_parse(&json, a, text, strlen(text), "v.json", &err));
	err.text[0] = 0;
	int rc = s2_vocoder_config_parse(c, json, "v.json", &err);
	s2_arena_free(a);
	return rc;
}

static void test_config(void)
{
	s2_vocoder_config c;
	REQUIRE_OK(parse_with(&c, "", ""));
	CHECK_INT(c.hop, 20);
	CHECK_INT(c.sample_rate, 16000);
	CHECK(!c.multispkr && !c.f0 && c.has_durations);
	CHECK_INT(c.feature_dim, 0);
	REQUIRE_OK(parse_with(&c, "\"model_in_dim\": 8",
			      "\"model_in_dim\": 19, \"multispkr\": \"_\", \"num_speakers\": null"));
	CHECK(c.multispkr && c.n_speakers == 200 && c.feature_dim == 3);
	REQUIRE_OK(parse_with(&c, "\"num_embeddings\": 10", "\"num_embeddings\": 10, \"multispkr\": \"\", \"f0\": 0"));
	CHECK(!c.multispkr && !c.f0);

	static const struct {
		const char *from, *to, *says;
	} bad[] = {
		{"\"upsample_rates\": [5, 4]", "\"x\": 1", "upsample_rates: expected a list of numbers, found nothing"},
		{"[5, 4]", "[]", "upsample_rates: expected 1 to 16 entries, found 0"},
		{"[5, 4]", "[5, 0]", "upsample_rates: expected 1 to 4096, found 0"},
		{"[5, 4]", "[5, 4.5]", "upsample_rates: expected whole numbers, found 4.5"},
		{"[5, 4]", "[5, [4]]", "upsample_rates: expected whole numbers, found a list"},
		{"[5, 4]", "[4096, 4096]", "expected at least the rate 4096 at entry 0, found 11"},
		{"[5, 4]", "[5]", "upsample_kernel_sizes: expected 1 entries as in upsample_rates, found 2"},
		{"[11, 8]", "[3, 8]", "upsample_kernel_sizes: expected at least the rate 5 at entry 0, found 3"},
		{"channel\": 16", "channel\": 3", "upsample_initial_channel: expected at least 4"},
		{"channel\": 16", "channel\": -16", "upsample_initial_channel: expected 1 to 65536, found -16"},
		{"sizes\": [3]", "sizes\": [4]", "resblock_kernel_sizes: expected odd numbers, found 4"},
		{"[[1, 3, 5]]", "[[1, 3, 5], [1]]", "resblock_dilation_sizes: expected 1 entries as in"},
		{"[[1, 3, 5]]", "[1, 3]", "resblock_dilation_sizes: expected 1 entries"},
		{"[[1, 3, 5]]", "[3]", "resblock_dilation_sizes: expected a list of numbers, found an integer"},
		{"[[1, 3, 5]]", "[[1, 0]]", "resblock_dilation_sizes: expected 1 to 1024, found 0"},
		{"\"num_embeddings\": 10,", "", "num_embeddings: expected a number, found none"},
		{"\"model_in_dim\": 8", "\"model_in_dim\": 8, \"f0\": true", "model_in_dim: expected at least 9"},
		{"kernel_size\": 3}", "kernel_size\": 5}", "var_pred_kernel_size: expected 3, found 5"},
		{"embed_dim\": 8", "embed_dim\": 9", "encoder_embed_dim: expected embedding_dim 8, found 9"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_INT(parse_with(&c, bad[i].from, bad[i].to), S2ST_EMODEL);
		CHECK_CONTAINS(err.text, bad[i].says);
		CHECK_CONTAINS(err.text, "v.json");
	}
}

/* ---- config and tensors that disagree ------------------------------------------------------------------------- */

/* Opens `model` with its own config in which `from` is replaced by `to`. */
static void disagree(const char *model, const char *config, const char *from, const char *to, const char *says)
{
	char text[8192], path[] = "vocoder-XXXXXX";
	FILE *f = fopen(config, "r");
	REQUIRE(f);
	size_t n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = 0;
	char *at = strstr(text, from);
	REQUIRE(at);
	int fd = mkstemp(path);
	REQUIRE(fd >= 0);
	f = fdopen(fd, "w");
	REQUIRE(f);
	fprintf(f, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	REQUIRE(fclose(f) == 0);
	s2_vocoder v;
	err.text[0] = 0;
	CHECK_INT(s2_vocoder_open(&v, model, path, S2ST_FP32, &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, says);
	CHECK_CONTAINS(err.text, path);
	s2_vocoder_free(&v);
	unlink(path);
}

static void test_disagreements(void)
{
	const char *demo = SOURCE_DIR "/models/es-en-demo/vocoder.pt";
	const char *config = SOURCE_DIR "/models/es-en-demo/vocoder.json";
	disagree(demo, config, "\"num_embeddings\": 200", "\"num_embeddings\": 100",
		 "tensor dict.weight: expected [100, 64], found [200, 64]");
	disagree(demo, config, "11,", "9,", "tensor ups.0.weight_v: expected [128, 64, 9], found [128, 64, 11]");
	disagree(demo, config, "\"f0\"", "\"multispkr\": 1, \"f0\"", "model_in_dim: expected at least 128");
	disagree(demo, config, "\"model_in_dim\": 64", "\"model_in_dim\": 128, \"multispkr\": 1",
		 "tensor spkr.weight: expected [200, 64], found none");
	disagree(demo, config, "\"dur_predictor_params\"", "\"unread\"", "tensor dur_predictor.");
	disagree(demo, config, "\"var_pred_hidden_dim\": 64", "\"var_pred_hidden_dim\": 32",
		 "tensor dur_predictor.conv1.0.weight: expected [32, 64, 3], found [64, 64, 3]");
	disagree(OWN "type2.pt", OWN "type2.json", "[1, 2]", "[1]", "tensor resblocks.0.convs.1.");
	disagree(OWN "type2.pt", OWN "type2.json", "[1, 2]", "[1, 2, 3]", "tensor resblocks.0.convs.2.weight_v");
	/* Readable, but no vocoder. */
	s2_vocoder v;
	CHECK_INT(s2_vocoder_open(&v, SOURCE_DIR "/models/es-en-demo/hubert.pt", config, S2ST_FP32, &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "expected a unit vocoder");
	s2_vocoder_free(&v);
	CHECK_INT(s2_vocoder_open(&v, FIXTURES "/golden/ctc/fairseq/model.pt", NULL, S2ST_FP32, &err), S2ST_EIO);
	CHECK_CONTAINS(err.text, "expected model.json, config.json or vocoder.json");
	s2_vocoder_free(&v);
}

int main(void)
{
	test_weight_norm();
	test_durations();
	test_memory();
	test_sessions();
	test_tiles(GOLDEN "dur.pt", &(s2st_vocode_options){0}, 75);
	test_tiles(GOLDEN "dur.pt", &(s2st_vocode_options){.dur_prediction = true}, 9);
	test_tiles(GOLDEN "no_dur.pt", &(s2st_vocode_options){0}, 1);
	test_tiles(SOURCE_DIR "/models/es-en-demo/vocoder.pt", &(s2st_vocode_options){.dur_prediction = true}, 20);
	const float features[] = {1, 2, 3};
	test_tiles(OWN "style.pt", &(s2st_vocode_options){.features = features, .n_features = 1}, 300);
	test_refused_inputs();
	test_config();
	test_disagreements();
	return TEST_RESULT();
}
