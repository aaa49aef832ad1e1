/* Checkpoints in every container: good ones, cut-off and changed ones, and files that are something else.
 * tests/data/formats/make.py made the files; element k of a storage is k. */
#include "formats/checkpoint.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"

#define FORMATS FIXTURES "/formats/"

static s2st_error err;

static s2_checkpoint *open_file(const char *path)
{
	s2_checkpoint *c;
	REQUIRE_OK(s2_checkpoint_open(&c, path, &err));
	return c;
}

static void check_tensor(const s2_checkpoint *c, const char *name, s2_dtype dtype, const char *shape, size_t n,
			 const float *expected)
{
	const s2_tensor *t = s2_checkpoint_tensor(c, name);
	char text[100];
	float out[32];
	REQUIRE(t);
	CHECK_STR(t->name, name);
	CHECK_INT(t->dtype, dtype);
	CHECK_STR(s2_tensor_shape_text(t, text, sizeof text), shape);
	REQUIRE(s2_tensor_count(t) == n && n <= 32);
	s2_tensor_to_f32(t, out);
	CHECK(test_max_diff(out, expected, n) == 0);
}

/* ---- good files ---------------------------------------------------------------------------------------------- */

static void check_types(const char *path, const char *container)
{
	static const float ramp[24] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
				       12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};
	static const struct {
		const char *name;
		s2_dtype dtype;
	} types[] = {{"float32", S2_F32}, {"float16", S2_F16}, {"bfloat16", S2_BF16},
		     {"float64", S2_F64}, {"int64", S2_I64},   {"int32", S2_I32},
		     {"int16", S2_I16},   {"int8", S2_I8},     {"uint8", S2_U8}};
	s2_checkpoint *c = open_file(path);
	CHECK_STR(s2_checkpoint_container(c), container);
	CHECK_INT(s2_checkpoint_n_tensors(c), 18);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		check_tensor(c, types[i].name, types[i].dtype, "[2, 3]", 6, ramp);
	check_tensor(c, "bool", S2_BOOL, "[3]", 3, (float[]){1, 0, 1});
	check_tensor(c, "scalar", S2_F32, "[]", 1, (float[]){2.5f});
	check_tensor(c, "empty", S2_F32, "[0, 3]", 0, ramp);
	check_tensor(c, "whole", S2_F32, "[4, 6]", 24, ramp);
	float transposed[24];
	for (int i = 0; i < 24; i++)
		transposed[i] = (float)(i % 4 * 6 + i / 4);
	check_tensor(c, "transposed", S2_F32, "[6, 4]", 24, transposed);
	check_tensor(c, "sliced", S2_F32, "[2, 3]", 6, (float[]){7, 9, 11, 13, 15, 17});
	check_tensor(c, "expanded", S2_F32, "[3, 4]", 12, (float[]){5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5});
	check_tensor(c, "parameter", S2_F32, "[4]", 4, ramp);
	check_tensor(c, "tied", S2_F32, "[4]", 4, ramp);
	CHECK(s2_checkpoint_tensor(c, "tied")->data == s2_checkpoint_tensor(c, "parameter")->data);
	CHECK(s2_checkpoint_tensor(c, "num_updates") == NULL);
	CHECK(!s2_checkpoint_has_optimizer(c));
	s2_checkpoint_close(c);
}

static void check_protocol(const char *path)
{
	s2_checkpoint *c = open_file(path);
	const s2_value *root = s2_checkpoint_root(c);
	check_tensor(c, "w", S2_F32, "[3]", 3, (float[]){0, 1, 2});
	CHECK_INT(s2_value_get(root, "text")->u.str.len, 600);
	CHECK_INT(s2_value_get(root, "long")->u.i, 1LL << 40);
	CHECK_INT(s2_value_get(root, "negative")->u.i, -5);
	CHECK_STR(s2_value_kind_name(s2_value_get(root, "big")), "builtins.int");
	CHECK_INT(s2_value_get(root, "set")->kind, S2_V_SET);
	CHECK_INT(s2_value_get(root, "frozen")->kind, S2_V_SET);
	CHECK_INT(s2_value_at(s2_value_get(root, "frozen"), 0)->u.i, 2);
	CHECK_INT(s2_value_get(root, "bytes")->kind, S2_V_BYTES);
	CHECK(memcmp(s2_value_get(root, "bytes")->u.str.s, "\0\xff", 3) == 0);
	CHECK_STR(s2_value_get(root, "bytearray")->u.str.s, "ab");
	CHECK(s2_value_get(root, "float")->u.f == 0.1);
	CHECK_INT(s2_value_len(s2_value_get(root, "tuple")), 4);
	CHECK(s2_value_get(root, "none")->kind == S2_V_NONE);
	CHECK(!s2_value_at(s2_value_get(root, "flags"), 1)->u.b);
	s2_checkpoint_close(c);
}

static void test_good_files(void)
{
	check_types(FORMATS "types.pt", "torch zip");
	check_types(FORMATS "types_legacy.pt", "torch legacy");
	check_types(FORMATS "compressed.pt", "torch zip");
	check_types(FORMATS "bare_state_dict.pt", "torch zip");
	check_protocol(FORMATS "protocol2.pt");
	check_protocol(FORMATS "protocol3.pt");
	check_protocol(FORMATS "protocol4.pt");
	check_protocol(FORMATS "protocol5.pt");
	check_protocol(FORMATS "protocol4_legacy.pt");
	check_protocol(FORMATS "little_endian.pt");
	s2_checkpoint *c = open_file(FORMATS "no_tensors.pt");
	CHECK_INT(s2_checkpoint_n_tensors(c), 0);
	CHECK(s2_checkpoint_tensor_at(c, 0) == NULL);
	CHECK(s2_checkpoint_config(c, "model") == NULL);
	s2_checkpoint_close(c);
}

/* The archive does not even hold the optimizer's storages. */
static void test_optimizer_is_left_alone(void)
{
	s2_checkpoint *c = open_file(FORMATS "optimizer.pt");
	CHECK(s2_checkpoint_has_optimizer(c));
	check_tensor(c, "w", S2_F32, "[3]", 3, (float[]){0, 1, 2});
	CHECK(s2_value_get(s2_checkpoint_root(c), "last_optimizer_state") == NULL);
	CHECK(s2_value_get(s2_checkpoint_root(c), "optimizer") == NULL);
	s2_checkpoint_close(c);
}

static void test_numpy(void)
{
	s2_checkpoint *c = open_file(FORMATS "numpy.pt");
	const s2_value *root = s2_checkpoint_root(c);
	CHECK(s2_value_get(root, "f64")->u.f == 0.25);
	CHECK(s2_value_get(root, "f32")->u.f == 0.5);
	CHECK(s2_value_get(root, "float16")->u.f == 1.5);
	CHECK_INT(s2_value_get(root, "i64")->u.i, -3);
	CHECK_INT(s2_value_get(root, "i32")->u.i, -70000);
	CHECK_INT(s2_value_get(root, "u8")->u.i, 200);
	CHECK(s2_value_get(root, "bool")->kind == S2_V_BOOL && s2_value_get(root, "bool")->u.b);
	check_tensor(c, "array", S2_F32, "[2, 3]", 6, (float[]){0, 1, 2, 3, 4, 5}); /* an array counts as a tensor */
	static const char *const arrays[] = {"fortran", "big"};
	for (int i = 0; i < 2; i++) {
		const s2_value *v = s2_value_get(root, arrays[i]);
		float out[6];
		REQUIRE(v && v->kind == S2_V_ARRAY && s2_tensor_count(v->u.tensor) == 6);
		s2_tensor_to_f32(v->u.tensor, out);
		CHECK(test_max_diff(out, (float[]){0, 1, 2, 3, 4, 5}, 6) == 0);
	}
	CHECK_STR(s2_value_kind_name(s2_value_get(root, "text")), "numpy.ndarray"); /* inert */
	CHECK_STR(s2_value_kind_name(s2_value_get(root, "objects")), "numpy.ndarray");
	s2_checkpoint_close(c);
}

static void test_legacy_views(void)
{
	s2_checkpoint *c = open_file(FORMATS "legacy_view.pt");
	check_tensor(c, "whole", S2_F32, "[2, 5]", 10, (float[]){0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
	check_tensor(c, "part", S2_F32, "[2, 2]", 4, (float[]){3, 4, 5, 6});
	s2_checkpoint_close(c);
}

/* ---- files that cannot be used ------------------------------------------------------------------------------- */

static void check_refused(const char *path, int code, const char *why)
{
	s2_checkpoint *c;
	CHECK_INT(s2_checkpoint_open(&c, path, &err), code);
	CHECK(c == NULL);
	CHECK_CONTAINS(err.text, path);
	CHECK_CONTAINS(err.text, why);
}

/* Written, refused, removed. */
static void check_content(const char *content, size_t n, const char *why)
{
	const char *path = "checkpoint_content.pt";
	FILE *f = fopen(path, "wb");
	REQUIRE(f && fwrite(content, 1, n, f) == n && fclose(f) == 0);
	check_refused(path, S2ST_EFORMAT, why);
	unlink(path);
}

#define CONTENT(content, why) check_content(content, sizeof(content) - 1, why)

static void test_other_files(void)
{
	check_refused("no_such_file.pt", S2ST_EIO, "cannot open");
	check_refused(FORMATS, S2ST_EIO, "folder");
	CONTENT("", "empty");
	CONTENT("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 5\n", "git-lfs pointer");
	CONTENT("<!DOCTYPE html>\n<html><body>404</body></html>\n", "web page");
	CONTENT("\n  <HTML>Not found</HTML>", "web page");
	CONTENT("404: Not Found", "text file");
	CONTENT("\x1f\x8b\x08\x00\x00\x00\x00\x00", "gzip archive");
	CONTENT("\x93NUMPY\x01\x00", "numpy array");
	CONTENT("RIFF\x10\x00\x00\x00WAVE", "wave file");
	CONTENT("\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94.", "pickle that torch.save did not write");
	CONTENT("\x01\x02\x03\x04\x05\x06\x07", "something else");
	CONTENT("PK\3\4 and no more", "zip archive");
	CONTENT("\x09\x00\x00\x00\x00\x00\x00\x00{\"a\": 1}", "truncated in the safetensors header");
	check_refused(FORMATS "first_container.pt", S2ST_EFORMAT, "tar, before 0.1.10");
	check_refused(FORMATS "not_torch.zip", S2ST_EFORMAT, "without data.pkl");
	check_refused(FORMATS "script.pt", S2ST_EFORMAT, "TorchScript");
	check_refused(FORMATS "big_endian.pt", S2ST_EFORMAT, "expected little, found big");
	check_refused(FORMATS "legacy_big_endian.pt", S2ST_EFORMAT, "expected little, found big");
	check_refused(FORMATS "legacy_count.pt", S2ST_EFORMAT, "expected 10 elements, found 11");
	check_refused(FORMATS "legacy_view_outside.pt", S2ST_EFORMAT, "ends beyond the storage's 10 elements");
	check_refused(FORMATS "bomb.pt", S2ST_EFORMAT, "inflate to more than");
	check_refused(FIXTURES "/golden/kmeans/km.bin", S2ST_EFORMAT, "pickle that torch.save did not write");
}

/* ---- cut off, changed ------------------------------------------------------------------------------------------ */

static char *read_whole(const char *path, size_t *n)
{
	char *bytes;
	REQUIRE_OK(s2_read_file(&bytes, n, path, 1 << 20, &err));
	return bytes;
}

/* Reads the copy of exactly n bytes; touches all that a successful open offers. */
static int try_bytes(const char *bytes, size_t n)
{
	s2_checkpoint *c;
	unsigned char *exact = malloc(n + 1);
	REQUIRE(exact);
	memcpy(exact, bytes, n);
	err.text[0] = 0;
	int rc = s2_checkpoint_parse(&c, exact, n, "f.pt", &err);
	if (rc < 0)
		CHECK(c == NULL && strstr(err.text, "f.pt"));
	for (size_t i = 0; rc == S2ST_OK && i < s2_checkpoint_n_tensors(c); i++) {
		const s2_tensor *t = s2_checkpoint_tensor_at(c, i);
		float out[64];
		if (s2_tensor_count(t) <= 64)
			s2_tensor_to_f32(t, out);
	}
	if (rc == S2ST_OK)
		free(s2_value_to_json(s2_checkpoint_root(c), 10000));
	s2_checkpoint_close(c);
	free(exact);
	return rc;
}

static void check_cut_and_changed(const char *path)
{
	size_t n;
	char *bytes = read_whole(path, &n);
	CHECK_INT(try_bytes(bytes, n), S2ST_OK);
	for (size_t cut = 0; cut < n; cut++)
		CHECK_INT(try_bytes(bytes, cut), S2ST_EFORMAT);
	uint64_t seed = 1;
	for (size_t at = 0; at < n; at++) {
		char old = bytes[at];
		bytes[at] = (char)(old ^ 1 << test_rand(&seed) % 8);
		(void)try_bytes(bytes, n);
		bytes[at] = (char)(test_rand(&seed) % 2 ? 0xff : 0);
		(void)try_bytes(bytes, n);
		bytes[at] = old;
	}
	free(bytes);
}

/* A tensor's storage that reaches over the end of the archive's entry is told by name. */
static void test_storage_too_small(void)
{
	size_t n;
	char *bytes = read_whole(FORMATS "protocol2.pt", &n);
	char *pid = memmem(bytes, n, "cpuq", 4); /* the device; the element count (K 3) follows its memo */
	REQUIRE(pid && pid[5] == 'K' && pid[6] == 3);
	pid[6] = 4;
	CHECK_INT(try_bytes(bytes, n), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "f.pt: tensor w: storage 0: expected 4 elements of 4 bytes, found 12 bytes");
	free(bytes);
}

/* A small zip with one stored entry, a/data.pkl. */
static size_t make_zip(unsigned char *out, const char *pickle, size_t n)
{
	static const char name[] = "a/data.pkl";
	const unsigned char len = sizeof name - 1;
	unsigned char *p = out;
	const unsigned char size[4] = {(unsigned char)n, (unsigned char)(n >> 8), 0, 0};
	unsigned char local[30] = {'P', 'K', 3, 4}, central[46] = {'P', 'K', 1, 2}, end[22] = {'P', 'K', 5, 6};
	for (int i = 0; i < 4; i++)
		local[18 + i] = local[22 + i] = central[20 + i] = central[24 + i] = size[i];
	local[26] = central[28] = len;
	memcpy(p, local, 30);
	memcpy(p + 30, name, len);
	memcpy(p + 30 + len, pickle, n);
	size_t at = 30 + len + n;
	memcpy(p + at, central, 46);
	memcpy(p + at + 46, name, len);
	end[8] = end[10] = 1;
	end[12] = (unsigned char)(46 + len);
	end[16] = (unsigned char)at;
	end[17] = (unsigned char)(at >> 8);
	memcpy(p + at + 46 + len, end, 22);
	return at + 46 + len + 22;
}

static void check_pickled(const char *pickle, size_t n, int code, const char *why)
{
	unsigned char zip[4096];
	REQUIRE(n < 3000);
	CHECK_INT(try_bytes((const char *)zip, make_zip(zip, pickle, n)), code);
	CHECK_CONTAINS(err.text, why);
}

static void test_hostile_zips(void)
{
	static const char system_call[] = "\x80\x02" "cos\nsystem\nU\x04true\x85R.";
	check_pickled(system_call, sizeof system_call - 1, S2ST_EFORMAT,
		      "f.pt: the pickle wants to call os.system; refused, nothing was run");
	char deep[2001];
	memset(deep, ']', 1000);
	memset(deep + 1000, 'a', 999);
	deep[1999] = '.';
	check_pickled(deep, 2000, S2ST_EFORMAT, "nested more than");
	check_pickled("]q\x00h\x00" "a.", 7, S2ST_OK, "");
	/* Lists that share: 10^40 values if each path were walked. */
	char laughs[1000] = "]q\x00";
	size_t n = 3;
	laughs[2] = 0;
	for (int level = 1; level <= 40; level++) {
		laughs[n++] = ']';
		laughs[n++] = 'q';
		laughs[n++] = (char)level;
		laughs[n++] = '(';
		for (int k = 0; k < 5; k++) {
			laughs[n++] = 'h';
			laughs[n++] = (char)(level - 1);
		}
		laughs[n++] = 'e';
	}
	laughs[n++] = '.';
	check_pickled(laughs, n, S2ST_OK, "");
}

int main(void)
{
	test_good_files();
	test_optimizer_is_left_alone();
	test_numpy();
	test_legacy_views();
	test_other_files();
	test_storage_too_small();
	test_hostile_zips();
	check_cut_and_changed(FORMATS "protocol2.pt");
	check_cut_and_changed(FORMATS "protocol4_legacy.pt");
	check_cut_and_changed(FORMATS "types_legacy.pt");
	check_cut_and_changed(FORMATS "compressed.pt");
	check_cut_and_changed(FORMATS "legacy_view.pt");
	return TEST_RESULT();
}
