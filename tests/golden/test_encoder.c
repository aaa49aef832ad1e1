/* Encoders against fairseq and WavLM's own code: features after every layer, conv stack, CTC logits in three file
 * layouts, within 2e-4. */
#include "models/encoder.h"
#include "npy.h"
#include "s2st.h"
#include "test.h"

static const char *const wavs[] = {"austen_a", "austen_b", "es_phrase", "tone"};
enum { N_WAVS = sizeof wavs / sizeof *wavs };

static s2st_error err;

typedef struct bench {
	s2_pool *pool;
	s2_exec x;
	s2_encoder *m;
} bench;

static void open_bench(bench *b, const char *model, int threads)
{
	char path[512];
	const s2_kernels *k;
	snprintf(path, sizeof path, FIXTURES "/golden/%s", model);
	REQUIRE_OK(s2_encoder_open(&b->m, path, S2ST_FP32, &err));
	REQUIRE_OK(s2_kernels_find(&k, NULL, &err));
	REQUIRE_OK(s2_pool_new(&b->pool, threads, &err));
	REQUIRE_OK(s2_exec_init(&b->x, b->pool, k, &err));
}

static void close_bench(bench *b)
{
	s2_exec_free(&b->x);
	s2_pool_free(b->pool);
	s2_encoder_free(b->m);
}

/* Samples as the network takes them; the caller frees the audio. */
static s2st_audio read_wav(const bench *b, const char *name)
{
	char path[512];
	s2st_audio a;
	snprintf(path, sizeof path, FIXTURES "/golden/audio/%s.wav", name);
	REQUIRE_OK(s2st_audio_read(&a, path, 16000, &err));
	if (b->m->config.normalize)
		s2_encoder_normalize(a.samples, a.n);
	return a;
}

static void compare(const char *what, const float *got, size_t rows, size_t cols, const char *file)
{
	char path[512];
	size_t dims[S2_MAX_RANK];
	int rank;
	snprintf(path, sizeof path, FIXTURES "/golden/%s", file);
	float *want = test_npy_f32(path, dims, &rank);
	REQUIRE(rank == 2);
	CHECK_INT(dims[0], rows);
	CHECK_INT(dims[1], cols);
	double diff = dims[0] == rows && dims[1] == cols ? test_max_diff(got, want, rows * cols) : INFINITY;
	fprintf(stderr, "%s %s: max diff %.2g\n", what, file, diff);
	CHECK(diff <= 2e-4);
	free(want);
}

/* `model` with features after each layer in the folder of `cases`; `conv`: the conv stack's output lies there too. */
static void test_layers(const char *model, const char *cases, bool conv)
{
	char file[512];
	bench b;
	open_bench(&b, model, 2);
	const s2_encoder_config *c = &b.m->config;
	for (size_t i = 0; i < N_WAVS; i++) {
		s2st_audio a = read_wav(&b, wavs[i]);
		size_t frames = s2_encoder_frames(c, a.n), channels = c->conv[c->n_conv - 1].c_out, dim = c->layer.dim;
		float *out = malloc(frames * (channels > dim ? channels : dim) * sizeof *out);
		REQUIRE(out);
		REQUIRE_OK(s2_encoder_conv(&b.x, b.m, out, a.samples, a.n, &err));
		snprintf(file, sizeof file, "%s.%s.conv.npy", cases, wavs[i]);
		if (conv)
			compare("conv", out, frames, channels, file);
		for (size_t layer = 1; layer <= c->n_layers; layer++) {
			REQUIRE_OK(s2_encoder_features(&b.x, b.m, out, a.samples, a.n, layer, false, &err));
			snprintf(file, sizeof file, "%s.%s.L%zu.npy", cases, wavs[i], layer);
			compare(model, out, frames, dim, file);
		}
		CHECK_INT(s2_encoder_features(&b.x, b.m, out, a.samples, a.n, 0, false, &err), S2ST_EINPUT);
		CHECK_INT(s2_encoder_features(&b.x, b.m, out, a.samples, a.n, c->n_layers + 1, false, &err),
			  S2ST_EINPUT);
		CHECK_CONTAINS(err.text, "layer: expected 1 to");
		CHECK_INT(s2_encoder_features(&b.x, b.m, out, a.samples, 399, 1, false, &err), S2ST_EINPUT);
		CHECK_CONTAINS(err.text, "at least 400 samples, found 399");
		free(out);
		s2st_audio_free(&a);
	}
	close_bench(&b);
}

/* Logits of one wav in memory of the caller. */
static float *ctc_logits(const char *model, const char *wav, int threads, size_t *count)
{
	bench b;
	open_bench(&b, model, threads);
	const s2_encoder_config *c = &b.m->config;
	s2st_audio a = read_wav(&b, wav);
	size_t frames = s2_encoder_frames(c, a.n);
	float *h = malloc(frames * c->layer.dim * sizeof *h), *out = malloc(frames * c->n_vocab * sizeof *out);
	REQUIRE(h && out && c->n_vocab > 0);
	REQUIRE_OK(s2_encoder_features(&b.x, b.m, h, a.samples, a.n, c->n_layers, true, &err));
	s2_encoder_head(&b.x, b.m, out, h, frames);
	char file[256];
	snprintf(file, sizeof file, "ctc/%s.logits.npy", wav);
	compare(model, out, frames, c->n_vocab, file);
	*count = frames * c->n_vocab;
	free(h);
	s2st_audio_free(&a);
	close_bench(&b);
	return out;
}

static void test_ctc(void)
{
	static const char *const layouts[] = {"ctc/fairseq/model.pt", "ctc/hf", "ctc/hf_safetensors"};
	for (size_t w = 0; w < N_WAVS; w++) {
		float *first = NULL;
		for (int i = 0; i < 3; i++) {
			size_t n;
			float *logits = ctc_logits(layouts[i], wavs[w], i + 1, &n); /* and any number of threads */
			if (!first) {
				first = logits;
				continue;
			}
			CHECK(memcmp(first, logits, n * sizeof *first) == 0); /* the same bits from each layout */
			free(logits);
		}
		free(first);
	}
}

int main(void)
{
	test_layers("hubert/base_like.pt", "hubert/base_like", true);
	test_layers("hubert/large_like.pt", "hubert/large_like", true);
	test_layers("wavlm/base_like.pt", "wavlm/base_like", false);
	test_layers("wavlm/large_like.pt", "wavlm/large_like", false);
	test_layers("../zoo/wavlm_hf", "wavlm/large_like", false);
	/* against an independent PyTorch implementation (tests/data/zoo/oracle.py) */
	test_layers("../zoo/data2vec.pt", "../zoo/data2vec", false);
	test_layers("../zoo/data2vec_hf", "../zoo/data2vec", false);
	test_layers("../zoo/distilhubert.pt", "../zoo/distilhubert", false);
	test_layers("../zoo/distilhubert_hf", "../zoo/distilhubert", false);
	test_layers("../zoo/unispeech_sat.pt", "hubert/base_like", false);
	test_layers("../zoo/ils_ssl.pt", "../zoo/ils_ssl", false);
	test_layers("../zoo/conformer_rel_pos.pt", "../zoo/conformer_rel_pos", false);
	test_layers("../zoo/conformer_rope.pt", "../zoo/conformer_rope", false);
	test_ctc();
	return TEST_RESULT();
}
