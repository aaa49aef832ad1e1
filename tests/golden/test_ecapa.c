/* Speaker embeddings of an ECAPA-TDNN over WavLM, in the layout of the speaker verification release, against an
 * independent PyTorch implementation (tests/data/zoo/oracle.py) within 2e-4; the same bytes for any number of
 * threads. */
#include "npy.h"
#include "s2st.h"
#include "test.h"

enum { DIM = 12, N_WAVS = 4 };

static s2st_error err;

static void embed_all(float out[N_WAVS * DIM], int threads)
{
	static const char *const wavs[N_WAVS] = {"austen_a", "austen_b", "es_phrase", "tone"};
	s2st_context *ctx;
	s2st_embedder *m;
	s2st_embedder_session *s;
	s2st_embedder_info info;
	const float *vector;
	REQUIRE_OK(s2st_context_new(&ctx, &(s2st_context_options){.threads = threads}, &err));
	REQUIRE_OK(s2st_embedder_open(&m, ctx, FIXTURES "/zoo/ecapa.pth", &err));
	s2st_embedder_get_info(m, &info);
	CHECK_STR(info.kind, "ecapa_tdnn");
	CHECK_INT(info.dim, DIM);
	REQUIRE_OK(s2st_embedder_session_new(&s, m, &err));
	for (size_t i = 0; i < N_WAVS; i++) {
		char path[512];
		s2st_audio a;
		snprintf(path, sizeof path, FIXTURES "/golden/audio/%s.wav", wavs[i]);
		REQUIRE_OK(s2st_audio_read(&a, path, 16000, &err));
		REQUIRE_OK(s2st_embed(s, a.samples, a.n, &vector, &err));
		memcpy(out + i * DIM, vector, DIM * sizeof *out);
		s2st_audio_free(&a);
	}
	const float few[399] = {0};
	CHECK_INT(s2st_embed(s, few, 399, &vector, &err), S2ST_EINPUT);
	s2st_embedder_session_free(s);
	s2st_embedder_free(m);
	s2st_context_free(ctx);
}

int main(void)
{
	float one[N_WAVS * DIM], three[N_WAVS * DIM];
	size_t dims[S2_MAX_RANK];
	int rank;
	float *want = test_npy_f32(FIXTURES "/zoo/ecapa.npy", dims, &rank);
	REQUIRE(rank == 2 && dims[0] == N_WAVS && dims[1] == DIM);
	embed_all(one, 1);
	embed_all(three, 3);
	const double diff = test_max_diff(one, want, (size_t)N_WAVS * DIM);
	fprintf(stderr, "max diff %.2g\n", diff);
	CHECK(diff <= 2e-4);
	CHECK(memcmp(one, three, sizeof one) == 0);
	free(want);
	return TEST_RESULT();
}
