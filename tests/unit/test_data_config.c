/* config.yaml: which transforms apply at evaluation, what is refused, files only beside the config. */
#include "models/data_config.h"

#include <unistd.h>

#include "test.h"

static s2st_error err;
static s2_arena *arena;
static const char *const path = "test_data_config.yaml";

static int read_text(s2_data_config *c, const char *text)
{
	FILE *f = fopen(path, "w");
	REQUIRE(f && fputs(text, f) >= 0 && fclose(f) == 0);
	return s2_data_config_read(c, arena, path, &err);
}

static void check_error(const char *text, const char *sentence)
{
	s2_data_config c;
	err.text[0] = 0;
	CHECK(read_text(&c, text) < 0);
	CHECK_CONTAINS(err.text, sentence);
	CHECK_CONTAINS(err.text, path);
}

static void test_precedence(void)
{
	s2_data_config c;
	REQUIRE_OK(read_text(
		&c, "feature_transforms:\n  '*': [utterance_cmvn]\n  _train: [utterance_cmvn, specaugment]\n"));
	CHECK_INT(c.n_transforms, 1);
	CHECK_INT(c.n_bins, 80);
	CHECK(c.transforms[0].norm_means && c.transforms[0].norm_vars && !c.transforms[0].mean);
	CHECK_STR(c.text, "80-bin filter bank, utterance_cmvn");

	REQUIRE_OK(read_text(&c, "feature_transforms: {'*': [no_such], _eval: [utterance_cmvn], _train: [no_such]}\n"));
	CHECK_INT(c.n_transforms, 1);
	REQUIRE_OK(read_text(&c, "feature_transforms: {'*': [no_such], _eval: [no_such], test: [utterance_cmvn]}\n"));
	CHECK_INT(c.n_transforms, 1);
	/* An empty list is a choice, null is not. */
	REQUIRE_OK(read_text(&c, "feature_transforms: {'*': [no_such], _eval: []}\n"));
	CHECK_INT(c.n_transforms, 0);
	REQUIRE_OK(read_text(&c, "feature_transforms: {'*': [utterance_cmvn], _eval: null}\n"));
	CHECK_INT(c.n_transforms, 1);
	/* The older key, and both. */
	REQUIRE_OK(read_text(&c, "transforms: {'*': [utterance_cmvn]}\nfeature_transforms: {'*': [utterance_cmvn]}\n"
				 "utterance_cmvn: {norm_vars: false}\ninput_feat_per_channel: 40\n"));
	CHECK_INT(c.n_transforms, 2);
	CHECK(c.transforms[0].norm_means && !c.transforms[0].norm_vars);
	CHECK_INT(c.n_bins, 40);
	/* No key at all: raw filter banks. */
	REQUIRE_OK(read_text(&c, "input_channels: 1\n"));
	CHECK_INT(c.n_transforms, 0);
	CHECK(!c.vocab && !c.lang_tag_first);
}

static void test_samples(void)
{
	s2_data_config c;
	REQUIRE_OK(read_text(&c, "use_audio_input: true\nstandardize_audio: false\nvocab_filename: dict.txt\n"
				 "prepend_tgt_lang_tag: true\neos_token: '[en]'\n"));
	CHECK(c.waveform && c.lang_tag_forced && !c.lang_tag_first);
	CHECK_INT(c.n_bins, 1);
	CHECK_INT(c.n_transforms, 0);
	CHECK_STR(c.eos, "[en]");
	CHECK_STR(c.text, "samples, normalised over the utterance");
	REQUIRE_OK(read_text(&c, "input_channels: 1\n"));
	CHECK(!c.waveform && !c.lang_tag_forced && !c.eos);
	REQUIRE_OK(s2_data_config_default(&c, arena, true, 1, &err));
	CHECK(c.waveform && c.n_transforms == 0);
}

static void test_refusals(void)
{
	check_error("feature_transforms: {_eval: [delta_deltas]}\n", "\"delta_deltas\"");
	check_error("feature_transforms: {'*': [specaugment]}\n", "\"specaugment\"");
	check_error("feature_transforms: {'*': utterance_cmvn}\n", "expected a list");
	check_error("feature_transforms: {'*': [3]}\n", "expected names");
	check_error("feature_transforms: {'*': [utterance_cmvn, utterance_cmvn, utterance_cmvn, utterance_cmvn, "
		    "utterance_cmvn, utterance_cmvn, utterance_cmvn, utterance_cmvn, utterance_cmvn]}\n",
		    "at most 8");
	check_error("input_feat_per_channel: 0\n", "input_feat_per_channel: expected 1 to 4096, found 0");
	check_error("use_audio_input: true\nfeature_transforms: {'*': [utterance_cmvn]}\n", "use_audio_input");
	check_error("use_audio_input: true\nuse_sample_rate: 8000\n", "use_sample_rate: expected 16000, found 8000");
	check_error("prepend_tgt_lang_tag_as_bos: true\n", "vocab_filename");
	check_error("feature_transforms: {'*': [global_cmvn]}\n", "stats_npz_path");
	check_error("- a\n- b\n", "expected keys and values");
}

static void test_files(void)
{
	s2_data_config c;
	/* Whatever folder the training machine had, and nothing above ours. */
	REQUIRE_OK(read_text(&c, "prepend_tgt_lang_tag_as_bos: true\nvocab_filename: ../../etc/dict.txt\n"));
	CHECK_STR(c.vocab, "dict.txt");
	CHECK(c.lang_tag_first);

	CHECK(read_text(&c,
			"global_cmvn: {stats_npz_path: /gone/stats.npz}\nfeature_transforms: {'*': [global_cmvn]}\n") <
	      0);
	CHECK_CONTAINS(err.text, "stats.npz");
	CHECK(!strstr(err.text, "/gone/"));
	CHECK_INT(read_text(&c, "global_cmvn: {stats_npz_path: test_data_config.yaml}\n"
				"feature_transforms: {'*': [global_cmvn]}\n"),
		  S2ST_EFORMAT);
}

static void test_global_cmvn(void)
{
	char config[1024];
	s2_data_config c;
	FILE *f = fopen(path, "w");
	REQUIRE(f);
	fprintf(f, "global_cmvn: {stats_npz_path: /training/global_cmvn.npz}\nfeature_transforms: {_eval: "
		   "[global_cmvn]}\n");
	fclose(f);
	/* The statistics lie beside the config: link them here. */
	snprintf(config, sizeof config, "%s", FIXTURES "/s2ut/global_cmvn.npz");
	unlink("global_cmvn.npz");
	REQUIRE(symlink(config, "global_cmvn.npz") == 0);
	REQUIRE_OK(s2_data_config_read(&c, arena, path, &err));
	CHECK_STR(c.text, "80-bin filter bank, global_cmvn");
	float feat[2 * 80];
	for (size_t i = 0; i < 160; i++)
		feat[i] = (float)i / 7;
	s2_data_config_apply(&c, feat, 2);
	double worst = 0;
	for (size_t i = 0; i < 160; i++) {
		double bin = (double)(i % 80), want = ((double)i / 7 - (10 + 0.05 * bin)) / (2 + 0.01 * bin);
		worst = fmax(worst, fabs((double)feat[i] - want));
	}
	CHECK(worst < 1e-5);

	CHECK(read_text(&c, "input_feat_per_channel: 40\nglobal_cmvn: {stats_npz_path: global_cmvn.npz}\n"
			    "feature_transforms: {_eval: [global_cmvn]}\n") < 0);
	CHECK_CONTAINS(err.text, "each of 40 bins");
	unlink("global_cmvn.npz");
}

static void test_default(void)
{
	s2_data_config c;
	REQUIRE_OK(s2_data_config_default(&c, arena, false, 80, &err));
	CHECK_INT(c.n_transforms, 1);
	CHECK_CONTAINS(c.text, "no config.yaml");
	float feat[2] = {1, 3};
	s2_data_config one = c;
	one.n_bins = 1;
	s2_data_config_apply(&one, feat, 2);
	CHECK(fabsf(feat[0] + 1) < 1e-6f && fabsf(feat[1] - 1) < 1e-6f);
}

int main(void)
{
	arena = s2_arena_new();
	REQUIRE(arena);
	test_precedence();
	test_samples();
	test_refusals();
	test_files();
	test_global_cmvn();
	test_default();
	unlink(path);
	s2_arena_free(arena);
	return TEST_RESULT();
}
