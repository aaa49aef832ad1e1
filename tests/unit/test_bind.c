/* Weight binding: what is there is bound, what is missing or of another shape is named with both shapes. */
#include "layers/bind.h"

#include "test.h"

static s2st_error err;
static s2_checkpoint *ckpt;
static s2_arena *arena;

typedef struct dest {
	const float *vector;
	s2_weight weight;
} dest;

static int bind_one(dest *d, s2_bind_row row, const char *prefix)
{
	const s2_binder b = {.ckpt = ckpt, .arena = arena};
	*d = (dest){0};
	return s2_bind(&b, d, &row, 1, prefix, &err);
}

static void test_good(void)
{
	dest d;
	const s2_tensor *t = s2_checkpoint_tensor(ckpt, "decoder.embed_tokens.weight");
	REQUIRE(t);
	REQUIRE_OK(
		bind_one(&d, (s2_bind_row){"embed_tokens.weight", offsetof(dest, weight), 2, {34, 32}, 0}, "decoder."));
	CHECK(d.weight.data == t->data);
	CHECK_INT(d.weight.dims[0], 34);
	CHECK_INT(d.weight.strides[0], 32);
	REQUIRE_OK(bind_one(&d, (s2_bind_row){"embed_tokens.weight", offsetof(dest, weight), 2, {S2_ANY, 32}, 0},
			    "decoder."));
	CHECK_INT(d.weight.dims[0], 34);

	/* A float32 vector stays where it lies in the mapped file. */
	t = s2_checkpoint_tensor(ckpt, "encoder.layer_norm.weight");
	REQUIRE(t);
	REQUIRE_OK(bind_one(&d, (s2_bind_row){"layer_norm.weight", offsetof(dest, vector), 1, {32}, S2_BIND_F32},
			    "encoder."));
	CHECK((const void *)d.vector == t->data);

	REQUIRE_OK(bind_one(&d,
			    (s2_bind_row){"nothing", offsetof(dest, vector), 1, {32}, S2_BIND_F32 | S2_BIND_OPTIONAL},
			    "encoder."));
	CHECK(d.vector == NULL);
}

static void test_refusals(void)
{
	dest d;
	const char *name = "layer_norm.weight";
	CHECK_INT(bind_one(&d, (s2_bind_row){name, offsetof(dest, vector), 1, {64}, S2_BIND_F32}, "encoder."),
		  S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "pre_norm.pt: tensor encoder.layer_norm.weight: expected [64], found [32]");
	CHECK_INT(bind_one(&d, (s2_bind_row){name, offsetof(dest, weight), 2, {S2_ANY, 32}, 0}, "encoder."),
		  S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "expected [*, 32], found [32]");
	CHECK_INT(bind_one(&d, (s2_bind_row){"gone", offsetof(dest, weight), 2, {3, 32}, 0}, "encoder."), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "tensor encoder.gone: expected [3, 32], found none");
	/* Optional is about absence: a wrong shape is still wrong. */
	CHECK_INT(bind_one(&d, (s2_bind_row){name, offsetof(dest, vector), 1, {64}, S2_BIND_F32 | S2_BIND_OPTIONAL},
			   "encoder."),
		  S2ST_EMODEL);
	char prefix[400];
	memset(prefix, 'a', sizeof prefix - 1);
	prefix[sizeof prefix - 1] = 0;
	CHECK_INT(bind_one(&d, (s2_bind_row){name, offsetof(dest, vector), 1, {64}, 0}, prefix), S2ST_EINTERNAL);
}

static void test_shapes(void)
{
	size_t dims[4];
	REQUIRE_OK(s2_bind_shape(ckpt, "encoder.subsample.conv_layers.1.weight", 3, dims, &err));
	CHECK(dims[0] == 64 && dims[1] == 16 && dims[2] == 5);
	CHECK_INT(s2_bind_shape(ckpt, "encoder.subsample.conv_layers.1.weight", 2, dims, &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "expected 2 non-empty dimensions, found [64, 16, 5]");
	CHECK_INT(s2_bind_shape(ckpt, "nothing", 1, dims, &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "tensor nothing: expected 1 dimension, found none");

	CHECK_INT(s2_bind_count(ckpt, "encoder.transformer_layers.", "fc1.weight"), 3);
	CHECK_INT(s2_bind_count(ckpt, "decoder.layers.", "fc1.weight"), 2);
	CHECK_INT(s2_bind_count(ckpt, "decoder.layers.", "fc1"), 0);
	CHECK_INT(s2_bind_count(ckpt, "no.", "fc1.weight"), 0);
}

/* float16 and bfloat16 vectors are widened into the arena, float64 ones narrowed; matrices stay. */
static void test_dtypes(void)
{
	static const struct {
		const char *path;
		s2_dtype dtype;
	} files[] = {{FIXTURES "/s2ut/fisher.pt", S2_F16},
		     {FIXTURES "/s2ut/learned.pt", S2_BF16},
		     {FIXTURES "/s2ut/speaker.pt", S2_F64}};
	s2_checkpoint *before = ckpt;
	for (size_t i = 0; i < 3; i++) {
		dest d;
		float want[16];
		REQUIRE_OK(s2_checkpoint_open(&ckpt, files[i].path, &err));
		REQUIRE_OK(bind_one(&d,
				    (s2_bind_row){"layer_norm.weight", offsetof(dest, vector), 1, {16}, S2_BIND_F32},
				    "encoder."));
		s2_tensor_to_f32(s2_checkpoint_tensor(ckpt, "encoder.layer_norm.weight"), want);
		CHECK(memcmp(d.vector, want, sizeof want) == 0);
		const char *fc1 = "transformer_layers.0.fc1.weight";
		REQUIRE_OK(bind_one(&d, (s2_bind_row){fc1, offsetof(dest, weight), 2, {32, 16}, 0}, "encoder."));
		CHECK_INT(d.weight.dtype, files[i].dtype);
		s2_checkpoint_close(ckpt);
	}
	ckpt = before;
}

int main(void)
{
	arena = s2_arena_new();
	REQUIRE(arena);
	REQUIRE_OK(s2_checkpoint_open(&ckpt, FIXTURES "/golden/s2ut/pre_norm.pt", &err));
	test_good();
	test_refusals();
	test_shapes();
	test_dtypes();
	s2_checkpoint_close(ckpt);
	s2_arena_free(arena);
	return TEST_RESULT();
}
