/* Every checkpoint of the golden cases and of the demo pack opens; what it holds is what torch.load finds. */
#include "formats/checkpoint.h"

#include "test.h"

static s2st_error err;

static s2_checkpoint *open_file(const char *path)
{
	s2_checkpoint *c;
	REQUIRE_OK(s2_checkpoint_open(&c, path, &err));
	CHECK_STR(s2_checkpoint_path(c), path);
	return c;
}

static const struct {
	const char *path, *container;
	size_t n_tensors;
	bool optimizer;
} files[] = {
	{FIXTURES "/golden/ctc/fairseq/model.pt", "torch zip", 72, true},
	{FIXTURES "/golden/ctc/hf/pytorch_model.bin", "torch zip", 72, false},
	{FIXTURES "/golden/ctc/hf_safetensors/model.safetensors", "safetensors", 72, false},
	{FIXTURES "/golden/hubert/base_like.pt", "torch zip", 70, true},
	{FIXTURES "/golden/hubert/large_like.pt", "torch zip", 73, true},
	{FIXTURES "/golden/laser/encoder.pt", "torch zip", 72, false},
	{FIXTURES "/golden/mms/asr.pt", "torch zip", 84, false},
	{FIXTURES "/golden/mms/lid.pt", "torch zip", 74, false},
	{FIXTURES "/golden/s2spect/model.pt", "torch zip", 124, false},
	{FIXTURES "/golden/s2ut/conv2d.pt", "torch zip", 84, true},
	{FIXTURES "/golden/s2ut/legacy_args.pt", "torch legacy", 100, true},
	{FIXTURES "/golden/s2ut/pre_norm.pt", "torch zip", 114, true},
	{FIXTURES "/golden/s2ut/stacked_r5.pt", "torch zip", 116, true},
	{FIXTURES "/golden/s2ut/tied.pt", "torch zip", 82, true},
	{FIXTURES "/golden/speecht5/model.pt", "torch zip", 152, false},
	{FIXTURES "/golden/vits/G_100000.pth", "torch zip", 766, true},
	{FIXTURES "/golden/vocoder/dur.pt", "torch zip", 302, false},
	{FIXTURES "/golden/vocoder/multispkr.pt", "torch zip", 303, false},
	{FIXTURES "/golden/vocoder/no_dur.pt", "torch zip", 235, false},
	{FIXTURES "/golden/wavlm/base_like.pt", "torch zip", 77, false},
	{FIXTURES "/golden/wavlm/large_like.pt", "torch zip", 89, false},
	{FIXTURES "/golden/xm/moe-rank-0.pt", "torch zip", 8, false},
	{FIXTURES "/golden/xm/moe-shared.pt", "torch zip", 147, false},
	{FIXTURES "/golden/xm/proj.pt", "torch zip", 134, false},
	{SOURCE_DIR "/models/es-en-demo/s2ut.pt", "torch zip", 155, false},
	{SOURCE_DIR "/models/es-en-demo/vocoder.pt", "torch zip", 101, false},
};

static void test_all_open(void)
{
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		s2_checkpoint *c = open_file(files[i].path);
		CHECK_STR(s2_checkpoint_container(c), files[i].container);
		CHECK_INT(s2_checkpoint_n_tensors(c), files[i].n_tensors);
		CHECK(s2_checkpoint_has_optimizer(c) == files[i].optimizer);
		for (size_t k = 0; k < s2_checkpoint_n_tensors(c); k++) {
			const s2_tensor *t = s2_checkpoint_tensor_at(c, k);
			CHECK(s2_checkpoint_tensor(c, t->name) == t);
		}
		CHECK(!s2_checkpoint_tensor(c, "no.such.tensor"));
		CHECK(!s2_value_get(s2_checkpoint_root(c), "last_optimizer_state"));
		s2_checkpoint_close(c);
	}
}

/* One model, two layouts: the same numbers. */
static void test_layouts_agree(void)
{
	s2_checkpoint *torch = open_file(FIXTURES "/golden/ctc/hf/pytorch_model.bin");
	s2_checkpoint *safe = open_file(FIXTURES "/golden/ctc/hf_safetensors/model.safetensors");
	for (size_t i = 0; i < s2_checkpoint_n_tensors(torch); i++) {
		const s2_tensor *a = s2_checkpoint_tensor_at(torch, i), *b = s2_checkpoint_tensor(safe, a->name);
		REQUIRE(b && a->rank == b->rank && a->dtype == b->dtype);
		CHECK(memcmp(a->dims, b->dims, sizeof *a->dims * (size_t)a->rank) == 0);
		size_t n = s2_tensor_count(a);
		float *x = malloc(n * sizeof *x + 1), *y = malloc(n * sizeof *y + 1);
		REQUIRE(x && y);
		s2_tensor_to_f32(a, x);
		s2_tensor_to_f32(b, y);
		CHECK(test_max_diff(x, y, n) == 0);
		free(x);
		free(y);
	}
	CHECK(s2_checkpoint_root(safe) == NULL);
	CHECK(s2_checkpoint_config(safe, "model") == NULL);
	s2_checkpoint_close(torch);
	s2_checkpoint_close(safe);
}

static void check_int(const s2_value *v, const char *key, int64_t expected)
{
	int64_t i;
	REQUIRE_OK(s2_value_get_int(v, key, -1, &i, "f", &err));
	CHECK_INT(i, expected);
}

static void test_configs(void)
{
	s2_checkpoint *c = open_file(FIXTURES "/golden/s2ut/legacy_args.pt");
	CHECK(s2_checkpoint_config(c, "model") == s2_checkpoint_config(c, "task")); /* the one Namespace */
	CHECK_STR(s2_value_kind_name(s2_checkpoint_config(c, NULL)), "argparse.Namespace");
	check_int(s2_checkpoint_config(c, "model"), "target_code_size", 17);
	CHECK_STR(s2_value_get_str(s2_checkpoint_config(c, "model"), "conv_kernel_sizes", ""), "5,3,3");
	s2_checkpoint_close(c);

	c = open_file(FIXTURES "/golden/s2ut/tied.pt"); /* cfg is a dict, cfg.model a Namespace */
	check_int(s2_checkpoint_config(c, "model"), "encoder_layers", 1);
	check_int(s2_checkpoint_config(c, NULL), "no_such_key", -1);
	check_int(s2_checkpoint_config(c, "common"), "seed", 1);
	CHECK(s2_checkpoint_config(c, "no_such_section") == NULL);
	s2_checkpoint_close(c);

	c = open_file(FIXTURES "/golden/ctc/fairseq/model.pt");
	check_int(s2_checkpoint_config(c, "model"), "w2v_args.model.encoder_layers", -1); /* get is one step */
	const s2_value *v = s2_value_path(s2_checkpoint_config(c, "model"), "w2v_args.model.encoder_layers");
	REQUIRE(v && v->kind == S2_V_INT);
	CHECK_INT(v->u.i, 2);
	s2_checkpoint_close(c);
}

int main(void)
{
	test_all_open();
	test_layouts_agree();
	test_configs();
	return TEST_RESULT();
}
