/* SpeechLASER embeddings against fairseq, within 2e-4; the same bytes for any number of threads. */
#include "npy.h"
#include "s2st.h"
#include "test.h"

static s2st_error err;

enum { DIM = 1024 };

typedef struct bench {
	s2st_context *ctx;
	s2st_embedder *m;
	s2st_embedder_session *s;
} bench;

static void open_bench(bench *b, int threads)
{
	REQUIRE_OK(s2st_context_new(&b->ctx, &(s2st_context_options){.threads = threads}, &err));
	REQUIRE_OK(s2st_embedder_open(&b->m, b->ctx, FIXTURES "/golden/laser/encoder.pt", &err));
	REQUIRE_OK(s2st_embedder_session_new(&b->s, b->m, &err));
}

static void close_bench(bench *b)
{
	s2st_embedder_session_free(b->s);
	s2st_embedder_free(b->m);
	s2st_context_free(b->ctx);
}

static void embed(bench *b, const char *wav, float out[DIM])
{
	char path[512];
	s2st_audio a;
	const float *got;
	snprintf(path, sizeof path, FIXTURES "/golden/audio/%s.wav", wav);
	REQUIRE_OK(s2st_audio_read(&a, path, 16000, &err));
	REQUIRE_OK(s2st_embed(b->s, a.samples, a.n, &got, &err));
	memcpy(out, got, DIM * sizeof *out);
	s2st_audio_free(&a);
}

static void test_golden(void)
{
	static const char *const wavs[] = {"austen_a", "austen_b", "es_phrase", "tone"};
	bench one, three;
	open_bench(&one, 1);
	open_bench(&three, 3);
	s2st_embedder_info info;
	s2st_embedder_get_info(one.m, &info);
	CHECK_INT(info.dim, DIM);
	CHECK(info.normalize);
	CHECK_STR(info.kind, "wav2vec2_laser");
	for (size_t i = 0; i < sizeof wavs / sizeof *wavs; i++) {
		char path[512];
		float got[DIM], again[DIM];
		size_t dims[S2_MAX_RANK];
		int rank;
		snprintf(path, sizeof path, FIXTURES "/golden/laser/%s.embedding.npy", wavs[i]);
		float *want = test_npy_f32(path, dims, &rank);
		REQUIRE(rank >= 1 && dims[rank - 1] == DIM);
		embed(&one, wavs[i], got);
		double diff = test_max_diff(got, want, DIM);
		fprintf(stderr, "%s: max diff %.2g\n", wavs[i], diff);
		CHECK(diff <= 2e-4);
		embed(&three, wavs[i], again);
		CHECK(memcmp(got, again, sizeof got) == 0);
		free(want);
	}
	close_bench(&one);
	close_bench(&three);
}

static void test_refusals(void)
{
	static const float samples[399];
	const float nan_sample[500] = {[7] = NAN};
	const float *out;
	s2st_embedder *m;
	bench b;
	open_bench(&b, 1);
	CHECK_INT(s2st_embed(b.s, samples, 399, &out, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "at least 400 samples");
	CHECK_INT(s2st_embed(b.s, nan_sample, 500, &out, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "sample 7");
	CHECK_INT(s2st_embedder_open(&m, b.ctx, FIXTURES "/golden/ctc/fairseq/model.pt", &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "expected a SpeechLASER encoder, found a wav2vec 2.0 CTC recogniser");
	CHECK_INT(s2st_embedder_open(&m, b.ctx, FIXTURES "/golden/laser/none.pt", &err), S2ST_EIO);
	CHECK(m == NULL);
	close_bench(&b);
}

int main(void)
{
	test_golden();
	test_refusals();
	return TEST_RESULT();
}
