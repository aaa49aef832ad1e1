/* Units of audio files through the public functions: the demo pack's exactly, long files in the reference's chunks,
 * features that do not depend on how a file is cut up. */
#include <stddef.h>

#include "models/feature_reader.h"
#include "npy.h"
#include "s2st.h"
#include "tempdir.h"
#include "test.h"

static s2st_error err;
static s2st_context *ctx;

/* Noise around a mean that is not zero, louder towards the end: chunk statistics differ from the file's. */
static const char *write_noise(const char *name, float *samples, size_t n)
{
	uint64_t seed = 1;
	s2st_writer *w;
	for (size_t i = 0; i < n; i++)
		samples[i] = roundf((0.05f + test_randf(&seed) * (0.1f + 0.3f * (float)i / (float)n)) * 32768) / 32768;
	REQUIRE_OK(s2st_writer_open(&w, test_temp(name), &err));
	REQUIRE_OK(s2st_wav_write(w, samples, n, 16000, S2ST_FLOAT, &err));
	REQUIRE_OK(s2st_writer_commit(w, &err));
	return test_temp(name);
}

/* All features of a file in malloc'ed memory. */
static float *read_features(const s2st_encoder *e, int layer, const char *path, size_t *frames,
			    s2st_quantizer_audio *audio)
{
	s2st_quantizer *q;
	s2st_frames block;
	s2st_encoder_info info;
	float *out = NULL;
	int rc;
	s2st_encoder_get_info(e, &info);
	REQUIRE_OK(s2st_quantizer_new(&q, e, layer, NULL, &err));
	REQUIRE_OK(s2st_quantizer_open(q, path, 0, &err));
	*frames = 0;
	while ((rc = s2st_quantizer_next(q, &block, &err)) > 0) {
		CHECK_INT(block.dim, info.dim);
		CHECK(!block.units);
		out = realloc(out, (*frames + block.n) * block.dim * sizeof *out);
		REQUIRE(out);
		memcpy(out + *frames * block.dim, block.features, block.n * block.dim * sizeof *out);
		*frames += block.n;
	}
	REQUIRE_OK(rc);
	CHECK_INT(s2st_quantizer_next(q, &block, &err), 0); /* and it stays the end */
	s2st_quantizer_get_audio(q, audio);
	s2st_quantizer_free(q);
	return out;
}

/* A file of one chunk and `rest` samples. */
static void test_chunks(const char *model, bool normalized, size_t rest)
{
	const size_t n = (size_t)S2_CHUNK_SAMPLES + rest, per_chunk = 4999;
	float *samples = malloc(n * sizeof *samples);
	REQUIRE(samples);
	const char *wav = write_noise("long.wav", samples, n);
	s2st_encoder *e;
	s2st_encoder_info info;
	s2st_quantizer_audio audio;
	s2_encoder *m;
	s2_exec x;
	const s2_kernels *kernels;
	size_t frames;
	REQUIRE_OK(s2st_encoder_open(&e, ctx, S2ST_FEATURE_NETWORK, model, &err));
	s2st_encoder_get_info(e, &info);
	CHECK_INT(info.normalize, normalized);
	CHECK_INT(info.hop, 320);
	float *got = read_features(e, 1, wav, &frames, &audio);
	const size_t more = rest < 400 ? 0 : 1 + (rest - 400) / 320;
	CHECK_INT(frames, per_chunk + more);
	CHECK_INT(audio.samples, n);
	CHECK_INT(audio.dropped, more ? 0 : rest);

	REQUIRE_OK(s2_encoder_open(&m, model, S2ST_FP32, &err));
	REQUIRE_OK(s2_kernels_find(&kernels, NULL, &err));
	REQUIRE_OK(s2_exec_init(&x, NULL, kernels, &err));
	if (normalized)
		s2_encoder_normalize(samples, n);
	const size_t dim = (size_t)info.dim;
	float *want = malloc(per_chunk * dim * sizeof *want);
	REQUIRE(want && frames == per_chunk + more);
	REQUIRE_OK(s2_encoder_features(&x, m, want, samples, S2_CHUNK_SAMPLES, 1, false, &err));
	CHECK(test_max_diff(got, want, per_chunk * dim) <= 1e-5);
	if (more) {
		REQUIRE_OK(s2_encoder_features(&x, m, want, samples + S2_CHUNK_SAMPLES, rest, 1, false, &err));
		CHECK(test_max_diff(got + per_chunk * dim, want, more * dim) <= 1e-5);
	}
	free(want);
	free(got);
	free(samples);
	s2_exec_free(&x);
	s2_encoder_free(m);
	s2st_encoder_free(e);
}

/* Recipes: a file of several blocks has the frames of the file read at once, to the bit. */
static void test_recipes(void)
{
	const size_t n = 130 * 16000 + 77;
	float *samples = malloc(n * sizeof *samples);
	REQUIRE(samples);
	const char *wav = write_noise("minutes.wav", samples, n);
	s2_arena *arena = s2_arena_new();
	s2_extractor x;
	for (int type = S2ST_FEATURE_LOGMEL; type <= S2ST_FEATURE_MFCC; type++) {
		s2st_encoder *e;
		s2st_quantizer_audio audio;
		size_t frames;
		REQUIRE_OK(s2st_encoder_open(&e, ctx, (s2st_feature_type)type, NULL, &err));
		REQUIRE_OK(s2_extractor_open(&x, (s2st_feature_type)type, NULL, S2ST_FP32, &err));
		float *got = read_features(e, 0, wav, &frames, &audio);
		CHECK_INT(frames, 1 + (n - 400) / 160);
		float *want = malloc(frames * x.dim * sizeof *want);
		REQUIRE(want);
		REQUIRE_OK(x.mfcc ? s2_mfcc_compute(x.mfcc, want, samples, n, arena, &err)
				  : s2_fbank_compute(x.fbank, want, samples, n, arena, &err));
		CHECK(memcmp(got, want, frames * x.dim * sizeof *got) == 0);
		free(want);
		free(got);
		s2_extractor_close(&x);
		s2st_encoder_free(e);
	}
	s2_arena_free(arena);
	free(samples);
}

static int32_t *read_units(s2st_quantizer *q, const char *path, size_t *n)
{
	s2st_frames block;
	int32_t *out = NULL;
	int rc;
	*n = 0;
	REQUIRE_OK(s2st_quantizer_open(q, path, 0, &err));
	while ((rc = s2st_quantizer_next(q, &block, &err)) > 0) {
		out = realloc(out, (*n + block.n) * sizeof *out);
		REQUIRE(out && block.units);
		memcpy(out + *n, block.units, block.n * sizeof *out);
		*n += block.n;
	}
	REQUIRE_OK(rc);
	return out;
}

static void test_demo(void)
{
	char path[512];
	char *line = NULL;
	size_t cap = 0, n, lines = 0;
	s2st_pack *pack;
	s2st_encoder *e;
	s2st_kmeans *k;
	s2st_quantizer *q;
	REQUIRE_OK(s2st_pack_open(&pack, SOURCE_DIR "/models/es-en-demo", &err));
	REQUIRE_OK(s2st_encoder_open(&e, ctx, S2ST_FEATURE_NETWORK, s2st_pack_file(pack, "encoder"), &err));
	REQUIRE_OK(s2st_kmeans_open(&k, s2st_pack_file(pack, "kmeans"), &err));
	CHECK_INT(s2st_pack_layer(pack), 4);
	REQUIRE_OK(s2st_pack_check_units(pack, e, s2st_pack_layer(pack), k, &err));
	CHECK_INT(s2st_pack_check_units(pack, e, 3, k, &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "units.layer is 4, not 3");
	REQUIRE_OK(s2st_quantizer_new(&q, e, s2st_pack_layer(pack), k, &err));
	FILE *f = fopen(FIXTURES "/demo/expected/en.units.txt", "r");
	REQUIRE(f);
	for (; getline(&line, &cap, f) > 0; lines++) {
		s2st_unit_line want;
		REQUIRE_OK(s2st_unit_line_parse(&want, line, strlen(line), &err));
		snprintf(path, sizeof path, FIXTURES "/demo/test/en/%s.flac", want.name);
		int32_t *got = read_units(q, path, &n);
		CHECK_INT(n, want.n);
		CHECK(n == want.n && memcmp(got, want.units, n * sizeof *got) == 0);
		free(got);
		s2st_unit_line_free(&want);
	}
	CHECK_INT(lines, 30);
	free(line);
	fclose(f);
	s2st_quantizer_free(q);
	s2st_kmeans_free(k);
	s2st_encoder_free(e);
	s2st_pack_free(pack);
}

static void test_refused(void)
{
	s2st_encoder *e;
	s2st_kmeans *k;
	s2st_quantizer *q;
	s2st_frames block;
	static const int layers[] = {0, -2, 4};
	REQUIRE_OK(s2st_encoder_open(&e, ctx, S2ST_FEATURE_NETWORK, FIXTURES "/golden/hubert/base_like.pt", &err));
	for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
		CHECK_INT(s2st_quantizer_new(&q, e, layers[i], NULL, &err), S2ST_EINPUT);
		CHECK_CONTAINS(err.text, "layer: expected 1 to 3, or -1 for the last, found");
	}
	REQUIRE_OK(s2st_kmeans_open(&k, FIXTURES "/joblib/array.bin", &err));
	CHECK_INT(s2st_quantizer_new(&q, e, -1, k, &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "the centroids 4");
	CHECK(!q);
	REQUIRE_OK(s2st_quantizer_new(&q, e, -1, NULL, &err));
	float samples[399] = {0};
	const char *wav = write_noise("short.wav", samples, 399);
	REQUIRE_OK(s2st_quantizer_open(q, wav, 0, &err));
	CHECK_INT(s2st_quantizer_next(q, &block, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "at least 400 samples, found 399");
	CHECK_INT(s2st_quantizer_open(q, wav, 2, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "channel: expected 1 to 1, found 2");
	CHECK_INT(s2st_quantizer_next(q, &block, &err), 0); /* nothing is open */
	s2st_quantizer_free(q);
	s2st_kmeans_free(k);
	s2st_encoder_free(e);
}

static void test_rows(void)
{
	const float rows[6] = {1, 2, 3, 4, 5, 6};
	s2st_npy_rows *w;
	size_t dims[S2_MAX_RANK];
	int rank;
	REQUIRE_OK(s2st_npy_rows_open(&w, test_temp("rows.npy"), 2, &err));
	REQUIRE_OK(s2st_npy_rows_add(w, rows, 2, &err));
	REQUIRE_OK(s2st_npy_rows_add(w, rows, 3, &err));
	REQUIRE_OK(s2st_npy_rows_cut(w, 2, &err));
	REQUIRE_OK(s2st_npy_rows_add(w, rows + 4, 1, &err));
	CHECK_INT(s2st_npy_rows_count(w), 3);
	REQUIRE_OK(s2st_npy_rows_commit(w, &err));
	float *got = test_npy_f32(test_temp("rows.npy"), dims, &rank);
	CHECK_INT(rank, 2);
	CHECK(dims[0] == 3 && dims[1] == 2 && memcmp(got, rows, sizeof rows) == 0);
	free(got);
	CHECK_INT(s2st_npy_rows_open(&w, test_temp("no/folder/rows.npy"), 2, &err), S2ST_EIO);
}

int main(void)
{
	test_tempdir_make();
	REQUIRE_OK(s2st_context_new(&ctx, &(s2st_context_options){.threads = 2}, &err));
	test_rows();
	test_refused();
	test_demo();
	test_recipes();
	test_chunks(FIXTURES "/golden/hubert/base_like.pt", false, 399);
	test_chunks(FIXTURES "/golden/hubert/large_like.pt", true, 48000);
	s2st_context_free(ctx);
	return TEST_RESULT();
}
