/* What cannot be opened or run as S2UT: other kinds of model, configs that contradict the tensors, dictionaries and
 * frames that do not fit, audio and search options out of range. */
#include <unistd.h>

#include "models/kind.h"
#include "test.h"

static s2st_context *ctx;
static s2st_error err;

static int open_files(const char *model, const char *config, const char *dict)
{
	s2st_s2ut *m;
	const s2st_s2ut_files files = {.model = model, .config = config, .dict = dict};
	int rc = s2st_s2ut_open(&m, ctx, &files, &err);
	CHECK(rc < 0 || m);
	CHECK(rc >= 0 || !m);
	s2st_s2ut_free(m);
	return rc;
}

static void test_kinds(void)
{
	static const struct {
		const char *file, *name;
	} others[] = {
		{"golden/hubert/base_like.pt", "hubert"},      {"golden/vocoder/dur.pt", "code_hifigan"},
		{"golden/ctc/fairseq/model.pt", "wav2vec_ctc"},
		{"golden/mms/asr.pt", "wav2vec_ctc"},          {"golden/mms/lid.pt", "wav2vec_classification"},
		{"golden/laser/encoder.pt", "wav2vec2_laser"}, {"golden/s2spect/model.pt", "s2spect_transformer"},
		{"golden/wavlm/base_like.pt", "wavlm"},        {"golden/speecht5/model.pt", "speecht5"},
		{"golden/vits/G_100000.pth", "vits"},          {"golden/ctc/hf/pytorch_model.bin", "wav2vec2_hf"},
	};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		char path[1024];
		s2_checkpoint *c;
		snprintf(path, sizeof path, FIXTURES "/%s", others[i].file);
		REQUIRE_OK(s2_checkpoint_open(&c, path, &err));
		CHECK_STR(s2_kind_name(s2_model_kind(c)), others[i].name);
		CHECK_INT(open_files(path, NULL, NULL), S2ST_EMODEL);
		CHECK_CONTAINS(err.text, "expected an S2UT transformer (speech to units), found ");
		CHECK_CONTAINS(err.text, s2_kind_text(s2_model_kind(c)));
		s2_checkpoint_close(c);
	}
	CHECK_INT(open_files(FIXTURES "/golden/s2ut/none.pt", NULL, NULL), S2ST_EIO);
}

/* A copy of the legacy checkpoint (no checksums) with the small integer of `key` in its pickled Namespace replaced. */
static const char *patched(const char *key, int value)
{
	static const char *const out = "test_s2ut_errors.pt";
	static char bytes[1 << 20];
	FILE *f = fopen(FIXTURES "/golden/s2ut/legacy_args.pt", "rb");
	REQUIRE(f);
	size_t n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	char *at = memmem(bytes, n, key, strlen(key));
	REQUIRE(at);
	at = memchr(at + strlen(key), 'K', 8); /* BINPUT of the key, then BININT1 */
	REQUIRE(at);
	at[1] = (char)value;
	f = fopen(out, "wb");
	REQUIRE(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
	return out;
}

static void test_contradictions(void)
{
	static const struct {
		const char *key;
		int value;
		const char *sentence;
	} cases[] = {
		{"encoder_layers", 3, "encoder_layers: expected 3 as the config says, found 2 in the tensors"},
		{"decoder_layers", 1, "decoder_layers: expected 1 as the config says, found 2 in the tensors"},
		{"encoder_embed_dim", 48, "encoder_embed_dim: expected 48 as the config says, found 32 in the tensors"},
		{"encoder_ffn_embed_dim", 32, "encoder_ffn_embed_dim: expected 32 as the config says, found 64"},
		{"encoder_attention_heads", 5, "encoder_attention_heads: expected a divisor of 32, found 5"},
		{"decoder_attention_heads", 0, "decoder_attention_heads: expected 1 to 32, found 0"},
		{"conv_channels", 16, "conv_channels: expected 16 as the config says, found 32 in the tensors"},
		{"input_feat_per_channel", 40, "expected 40 inputs"},
		{"input_channels", 2, "expected 160 inputs"},
		{"target_code_size", 18, "expected 22 rows for target_code_size 18, found 21"},
		{"n_frames_per_step", 2, "n_frames_per_step: expected 2 as the config says, found 1 in the tensors"},
	};
	REQUIRE_OK(open_files(patched("encoder_layers", 2), NULL, NULL));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_INT(open_files(patched(cases[i].key, cases[i].value), NULL, NULL), S2ST_EMODEL);
		CHECK_CONTAINS(err.text, cases[i].sentence);
		CHECK_CONTAINS(err.text, "test_s2ut_errors.pt: ");
	}
	unlink("test_s2ut_errors.pt");
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	REQUIRE(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void test_companions(void)
{
	const char *model = FIXTURES "/s2ut/post_norm.pt", *yaml = "test_s2ut_errors.yaml",
		   *dict = "test_s2ut_errors.txt";
	write_file(yaml, "input_feat_per_channel: 40\n");
	CHECK_INT(open_files(model, yaml, NULL), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "expected frames of 80 values in 1 channel");
	CHECK_CONTAINS(err.text, yaml);
	write_file(yaml, "feature_transforms: {_eval: [delta_deltas]}\n");
	CHECK_INT(open_files(model, yaml, NULL), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "delta_deltas");
	CHECK_INT(open_files(model, "none.yaml", NULL), S2ST_EIO);
	write_file(dict, "0 1\n1 1\n");
	CHECK_INT(open_files(model, NULL, dict), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "expected 26 symbols");
	CHECK_CONTAINS(err.text, "found 6");
	write_file(yaml, "prepend_tgt_lang_tag_as_bos: true\nvocab_filename: none.txt\n");
	CHECK_INT(open_files(model, yaml, NULL), S2ST_EIO);
	CHECK_CONTAINS(err.text, "none.txt");
	unlink(yaml);
	unlink(dict);
}

static void test_audio(s2st_s2ut_session *s, int limit)
{
	static float samples[16000 * 70];
	s2st_matrix m;
	s2st_nbest best;
	CHECK_INT(s2st_s2ut_generate(s, samples, 0, NULL, &best, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "too short: expected at least 400 samples (25 ms) at 16 kHz, found 0");
	CHECK_INT(s2st_s2ut_encode(s, samples, 399, NULL, &m, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "found 399");
	REQUIRE_OK(s2st_s2ut_encode(s, samples, 400, NULL, &m, &err));
	CHECK_INT(m.rows, 1);
	REQUIRE_OK(s2st_s2ut_generate(s, samples, 400, NULL, &best, &err));
	CHECK_INT(best.n, 1);
	samples[1000] = NAN;
	CHECK_INT(s2st_s2ut_features(s, samples, 2000, &m, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "sample 1000");
	samples[1000] = 0;
	size_t most = 400 + 160 * ((size_t)limit - 1);
	REQUIRE(most + 160 <= sizeof samples / sizeof *samples);
	REQUIRE_OK(s2st_s2ut_features(s, samples, most, &m, &err));
	CHECK_INT(m.rows, limit);
	CHECK_INT(s2st_s2ut_features(s, samples, most + 160, &m, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "at most 6000 frames of 10 ms (max_source_positions), found 6001");
}

static void check_search(s2st_s2ut_session *s, s2st_search_options o, const char *sentence)
{
	static const float samples[4000];
	s2st_nbest best;
	CHECK_INT(s2st_s2ut_generate(s, samples, 4000, &o, &best, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, sentence);
}

static void test_search(s2st_s2ut_session *s)
{
	s2st_search_options o = s2st_search_defaults();
#define WITH(field, value, sentence)                                                                                   \
	do {                                                                                                           \
		s2st_search_options with = o;                                                                          \
		with.field = (value);                                                                                  \
		check_search(s, with, sentence);                                                                       \
	} while (0)
	WITH(beam, 0, "1 <= nbest <= beam");
	WITH(nbest, 6, "found nbest 6 and beam 5");
	WITH(max_len_a, -1, "max_len_a");
	WITH(max_len_a, (double)NAN, "max_len_a");
	WITH(max_len_b, -1, "max_len_b");
	WITH(min_len, 201, "min_len 201 is above the longest output, 63 tokens");
	WITH(temperature, 0, "temperature");
	WITH(prefix, "[en]", "prefix \"[en]\"");
	WITH(prefix, "26", "below 26");
	WITH(prefix, "", "prefix \"\"");
#undef WITH
}

/* Without language tags in the config a prefix is the first output: by name where it is no number, else by token id. */
static void test_prefix(s2st_s2ut_session *s)
{
	static const float samples[4000];
	s2st_search_options o = s2st_search_defaults();
	s2st_nbest best;
	o.prefix = "9";
	o.nbest = o.beam;
	REQUIRE_OK(s2st_s2ut_generate(s, samples, 4000, &o, &best, &err));
	CHECK_INT(best.n, 5);
	for (size_t i = 0; i < best.n; i++) {
		REQUIRE(best.hyps[i].n_units > 0);
		CHECK_INT(best.hyps[i].tokens[0], 9);
		CHECK_INT(best.hyps[i].units[0], 5);
	}
	o.prefix = "<unk>";
	REQUIRE_OK(s2st_s2ut_generate(s, samples, 4000, &o, &best, &err));
	CHECK_INT(best.hyps[0].tokens[0], 3);
}

static void test_forced(s2st_s2ut_session *s)
{
	static const float samples[4000];
	static const int32_t outside[] = {2, 26}, negative[] = {2, -1}, padding[] = {2, 1, 4};
	int32_t many[80];
	s2st_matrix m;
	for (size_t i = 0; i < 80; i++)
		many[i] = 4;
	CHECK_INT(s2st_s2ut_force(s, samples, 4000, NULL, many, 0, &m, &err), S2ST_EINPUT);
	CHECK_INT(s2st_s2ut_force(s, samples, 4000, NULL, outside, 2, &m, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "below 26");
	CHECK_INT(s2st_s2ut_force(s, samples, 4000, NULL, negative, 2, &m, &err), S2ST_EINPUT);
	CHECK_INT(s2st_s2ut_force(s, samples, 4000, NULL, padding, 3, &m, &err), S2ST_EINPUT);
	REQUIRE_OK(s2st_s2ut_force(s, samples, 4000, NULL, many, 64, &m, &err));
	CHECK_INT(m.rows, 64);
	CHECK_INT(s2st_s2ut_force(s, samples, 4000, NULL, many, 65, &m, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "at most 64 steps, found 65");
}

static void test_session(void)
{
	s2st_s2ut *m;
	s2st_s2ut_session *s;
	s2st_s2ut_info info;
	REQUIRE_OK(s2st_s2ut_open(&m, ctx, &(s2st_s2ut_files){.model = FIXTURES "/s2ut/post_norm.pt"}, &err));
	REQUIRE_OK(s2st_s2ut_session_new(&s, m, &err));
	s2st_s2ut_get_info(m, &info);
	CHECK_STR(info.kind, "s2ut_transformer");
	CHECK_INT(info.n_units, 22);
	CHECK_INT(info.units_per_step, 1);
	CHECK_INT(info.speaker_dim, 0);
	CHECK_INT(info.encoder_layers, 2);
	CHECK_INT(info.max_target_positions, 64);
	CHECK_CONTAINS(info.features, "no config.yaml");
	test_audio(s, info.max_source_positions);
	test_search(s);
	test_prefix(s);
	test_forced(s);
	s2st_s2ut_session_free(s);
	s2st_s2ut_free(m);
}

static void test_speaker_is_needed(void)
{
	static const float samples[4000];
	s2st_s2ut *m;
	s2st_s2ut_session *s;
	s2st_nbest best;
	REQUIRE_OK(s2st_s2ut_open(&m, ctx, &(s2st_s2ut_files){.model = FIXTURES "/s2ut/speaker.pt"}, &err));
	REQUIRE_OK(s2st_s2ut_session_new(&s, m, &err));
	CHECK_INT(s2st_s2ut_generate(s, samples, 4000, NULL, &best, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "expected a speaker vector of 6 values");
	s2st_s2ut_session_free(s);
	s2st_s2ut_free(m);
}

/* Copies of a fixture under a name of this test, so that nothing lies beside them. */
static void copy(const char *from, const char *to)
{
	static char bytes[1 << 20];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	REQUIRE(in && out);
	size_t n = fread(bytes, 1, sizeof bytes, in);
	REQUIRE(n < sizeof bytes && fwrite(bytes, 1, n, out) == n);
	fclose(in);
	REQUIRE(fclose(out) == 0);
}

static int open_xm(const char *yaml, const char *dict, const char *w2v)
{
	s2st_s2ut *m;
	const s2st_s2ut_files files = {"test_xm.pt", yaml, dict, w2v, false};
	int rc = s2st_s2ut_open(&m, ctx, &files, &err);
	s2st_s2ut_free(m);
	return rc;
}

static void test_xm(void)
{
	const char *yaml = "test_xm.yaml", *dict = FIXTURES "/golden/xm/proj.dict.txt";
	const char *config = FIXTURES "/golden/xm/proj.config.yaml";
	copy(FIXTURES "/golden/xm/proj.pt", "test_xm.pt");
	/* The dictionary is a file: it is there, or named, and has the size of the output layer. */
	CHECK_INT(open_xm(NULL, NULL, NULL), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "test_xm.pt: expected a dictionary of its 35 tokens");
	REQUIRE_OK(open_xm(NULL, dict, NULL));
	REQUIRE_OK(open_xm(config, NULL, NULL));
	write_file("test_xm.txt", "0 1\n1 1\n");
	CHECK_INT(open_xm(NULL, "test_xm.txt", NULL), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "test_xm.txt: expected 35 symbols, the rows of decoder.embed_tokens.weight in "
				 "test_xm.pt, found 6");
	write_file(yaml, "use_audio_input: true\nvocab_filename: gone.txt\n");
	CHECK_INT(open_xm(yaml, NULL, NULL), S2ST_EIO);
	CHECK_CONTAINS(err.text, "gone.txt");
	write_file(yaml, "use_audio_input: true\neos_token: '[fr]'\n");
	CHECK_INT(open_xm(yaml, dict, NULL), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "eos_token: expected a symbol of the dictionary, found \"[fr]\"");
	/* Samples, not filter banks, and the other way round. */
	write_file(yaml, "input_feat_per_channel: 80\n");
	CHECK_INT(open_xm(yaml, dict, NULL), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "test_xm.yaml: use_audio_input: expected true, as test_xm.pt takes samples, found "
				 "false");
	CHECK_INT(open_files(FIXTURES "/s2ut/post_norm.pt", config, NULL), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "use_audio_input: expected false");
	/* The encoder's configuration from outside has to agree with the tensors. */
	write_file(yaml, "{\"model\": {\"encoder_layers\": 2, \"encoder_attention_heads\": 4}}\n");
	REQUIRE_OK(open_xm(config, NULL, yaml));
	write_file(yaml, "encoder_layers: 3\n");
	CHECK_INT(open_xm(config, NULL, yaml), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "encoder_layers: expected 3 from the config, found 2 in the tensors");
	write_file(yaml, "encoder_layers: 2\nencoder_attention_heads: 5\n");
	CHECK_INT(open_xm(config, NULL, yaml), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "encoder_attention_heads: expected a divisor of 48, found 5");
	write_file(yaml, "beam: 3\n");
	CHECK_INT(open_xm(config, NULL, yaml), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "test_xm.yaml: expected the configuration of a wav2vec 2.0 model");
	CHECK_INT(open_xm(config, NULL, FIXTURES "/golden/hubert/base_like.pt"), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "from the config, found");
	unlink(yaml);
	unlink("test_xm.txt");
	unlink("test_xm.pt");
}

int main(void)
{
	const s2st_context_options bad = {.isa = "abacus"};
	CHECK(s2st_context_new(&ctx, &bad, &err) < 0);
	CHECK_CONTAINS(err.text, "abacus");
	CHECK(!ctx);
	REQUIRE_OK(s2st_context_new(&ctx, &(s2st_context_options){.threads = 2}, &err));
	CHECK_INT(s2st_context_threads(ctx), 2);
	CHECK(strlen(s2st_context_isa(ctx)) > 0);
	test_kinds();
	test_xm();
	test_contradictions();
	test_companions();
	test_session();
	test_speaker_is_needed();
	s2st_context_free(ctx);
	s2st_context_free(NULL);
	s2st_s2ut_free(NULL);
	s2st_s2ut_session_free(NULL);
	return TEST_RESULT();
}
