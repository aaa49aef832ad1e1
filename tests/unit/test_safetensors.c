/* safetensors: hand-made files, good and wrong. */
#include "formats/safetensors.h"

#include "test.h"

static s2_arena *arena;
static s2st_error err;

/* The header's text, then `n_data` bytes 0, 1, 2, ... */
static int read_text(s2_tensor **out, size_t *count, const char *header, size_t n_data)
{
	static unsigned char bytes[4096];
	size_t len = strlen(header);
	memset(bytes, 0, 8);
	bytes[0] = (unsigned char)(len & 0xff);
	bytes[1] = (unsigned char)(len >> 8);
	memcpy(bytes + 8, header, len);
	for (size_t i = 0; i < n_data; i++)
		bytes[8 + len + i] = (unsigned char)i;
	CHECK(s2_safetensors_is(bytes, 8 + len + n_data));
	return s2_safetensors_read(out, count, arena, bytes, 8 + len + n_data, "m.safetensors", &err);
}

static void test_good(void)
{
	s2_tensor *t;
	size_t n;
	REQUIRE_OK(read_text(
		&t, &n,
		"{\"__metadata__\": {\"format\": \"pt\"}, \"b\": {\"dtype\": \"U8\", \"shape\": [2, 3], "
		"\"data_offsets\": "
		"[4, 10]}, \"a\": {\"dtype\": \"I32\", \"shape\": [], \"data_offsets\": [0, 4]}, \"none\": {\"dtype\": "
		"\"F16\", \"shape\": [0, 7], \"data_offsets\": [10, 10]}}",
		10));
	CHECK_INT(n, 3);
	CHECK_STR(t[0].name, "b");
	float out[6];
	s2_tensor_to_f32(&t[0], out);
	CHECK(test_max_diff(out, (float[]){4, 5, 6, 7, 8, 9}, 6) == 0);
	CHECK_INT(t[1].rank, 0);
	CHECK_INT(t[2].dims[1], 7);
}

static void check_refused(const char *header, const char *why)
{
	s2_tensor *t;
	size_t n;
	CHECK_INT(read_text(&t, &n, header, 16), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "m.safetensors");
	CHECK_CONTAINS(err.text, why);
}

static void test_refused(void)
{
	check_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": [5], \"data_offsets\": [0, 20]}}",
		      "ends at byte 20 of the data, which has 16");
	check_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": [3], \"data_offsets\": [0, 16]}}",
		      "needs 12 bytes, found 16");
	check_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [16, 0]}}", "data_offsets");
	check_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0]}}", "data_offsets");
	check_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": [4]}}", "data_offsets");
	check_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": [-4], \"data_offsets\": [0, 16]}}", "shape");
	check_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": [1.5], \"data_offsets\": [0, 16]}}", "shape");
	check_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": 4, \"data_offsets\": [0, 16]}}", "shape");
	check_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": [1,1,1,1,1,1,1,1,4], \"data_offsets\": [0, 16]}}",
		      "shape");
	check_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": [4294967296, 4294967296], \"data_offsets\": [0, 16]}}",
		      "overflows");
	check_refused("{\"a\": {\"dtype\": \"F32\", \"shape\": [0, 4294967296, 4294967296], \"data_offsets\": [0, 0]}}",
		      "overflows");
	check_refused("{\"a\": {\"dtype\": \"F8_E4M3\", \"shape\": [4], \"data_offsets\": [0, 4]}}", "\"F8_E4M3\"");
	check_refused("{\"a\": 3}", "\"\" is not supported");
	check_refused("{\"a\": {}, \"a\": {}}", "duplicate");
	check_refused("{\"a\": ", "JSON");
}

static void test_header_size(void)
{
	static const unsigned char huge[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, '{'};
	s2_tensor *t;
	size_t n;
	CHECK(!s2_safetensors_is(huge, sizeof huge));
	CHECK(!s2_safetensors_is((const unsigned char *)"\x02\0\0\0\0\0\0\0{", 9));
	CHECK_INT(s2_safetensors_read(&t, &n, arena, (const unsigned char *)"\x09\0\0\0\0\0\0\0{}", 10, "m.safetensors",
				      &err),
		  S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "truncated");
}

int main(void)
{
	arena = s2_arena_new();
	REQUIRE(arena);
	test_good();
	test_refused();
	test_header_size();
	s2_arena_free(arena);
	return TEST_RESULT();
}
