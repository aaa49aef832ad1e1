/* .npy in every version, order and type; truncated and malformed headers; what the writer writes is read back. */
#include "npy.h"

#include <unistd.h>

static s2_arena *arena;
static s2st_error err;

/* A .npy in memory: version 1, 2 or 3, with the given header text and data. */
static size_t build(unsigned char *out, int version, const char *header, const void *data, size_t n)
{
	size_t len = strlen(header), start = version == 1 ? 10 : 12;
	memcpy(out, "\x93NUMPY", 6);
	out[6] = (unsigned char)version;
	out[7] = 0;
	memset(out + 8, 0, 4);
	out[8] = (unsigned char)(len & 0xff);
	out[9] = (unsigned char)(len >> 8);
	memcpy(out + start, header, len);
	memcpy(out + start + len, data, n);
	return start + len + n;
}

static int parse(s2_tensor *t, int version, const char *header, const void *data, size_t n)
{
	static unsigned char bytes[4096];
	return s2_npy_parse(t, arena, bytes, build(bytes, version, header, data, n), "a.npy", &err);
}

static void test_versions(void)
{
	const float data[6] = {1, 2, 3, 4, 5, 6};
	for (int version = 1; version <= 3; version++) {
		s2_tensor t;
		REQUIRE_OK(parse(&t, version, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", data,
				 24));
		CHECK_INT(t.rank, 2);
		CHECK_INT(t.dims[0], 2);
		CHECK_INT(t.dims[1], 3);
		float out[6];
		s2_tensor_to_f32(&t, out);
		CHECK(test_max_diff(out, data, 6) == 0);
	}
	s2_tensor t;
	CHECK_INT(parse(&t, 4, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", data, 24), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "version 4");
}

static void test_shapes(void)
{
	const float data[6] = {1, 2, 3, 4, 5, 6};
	s2_tensor t;
	float out[6];
	REQUIRE_OK(parse(&t, 1, "{'shape': (3, 2), 'fortran_order': True, \"descr\": '<f4'}\n", data, 24));
	const float transposed[6] = {1, 4, 2, 5, 3, 6};
	CHECK(!s2_tensor_is_contiguous(&t));
	s2_tensor_to_f32(&t, out);
	CHECK(test_max_diff(out, transposed, 6) == 0);
	REQUIRE_OK(parse(&t, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", data, 4));
	CHECK_INT(t.rank, 0);
	CHECK_INT(s2_tensor_count(&t), 1);
	REQUIRE_OK(parse(&t, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6L,), }", data, 24));
	CHECK_INT(t.dims[0], 6);
	REQUIRE_OK(parse(&t, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 5), }", data, 0));
	CHECK_INT(s2_tensor_count(&t), 0);
	s2_tensor_to_f32(&t, out);
}

static void check_values(const char *descr, const void *data, size_t bytes, float a, float b)
{
	char header[128];
	s2_tensor t;
	float out[2];
	snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (2,), }", descr);
	REQUIRE_OK(parse(&t, 1, header, data, bytes));
	s2_tensor_to_f32(&t, out);
	CHECK(out[0] == a && out[1] == b);
}

static void test_types(void)
{
	check_values("<f8", (double[2]){1.5, -2}, 16, 1.5f, -2);
	check_values("<i8", (int64_t[2]){7, -9}, 16, 7, -9);
	check_values("<i4", (int32_t[2]){7, -9}, 8, 7, -9);
	check_values("<i2", (int16_t[2]){7, -9}, 4, 7, -9);
	check_values("|i1", (int8_t[2]){7, -9}, 2, 7, -9);
	check_values("|u1", (uint8_t[2]){7, 200}, 2, 7, 200);
	check_values("|b1", (uint8_t[2]){1, 0}, 2, 1, 0);
	check_values("<f2", (uint16_t[2]){0x3c00, 0xc000}, 4, 1, -2);
	check_values(">f4", "\x3f\x80\x00\x00\xc0\x00\x00\x00", 8, 1, -2);
	check_values(">f8", "\x3f\xf0\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", 16, 1, -2);
	check_values(">i2", "\x01\x02\xff\xff", 4, 258, -1);
}

static void check_refused(const char *header, const char *why)
{
	s2_tensor t;
	const char data[64] = {0};
	CHECK_INT(parse(&t, 1, header, data, sizeof data), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, why);
	CHECK_CONTAINS(err.text, "a.npy");
}

static void test_refused(void)
{
	check_refused("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "Python objects");
	check_refused("{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", "\"<c8\"");
	check_refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", "structured");
	check_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (17,), }", "expected 68 bytes");
	check_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "overflows");
	check_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775807), }", "overflows");
	check_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "overflows");
	check_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", "dimensions");
	check_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "malformed");
	check_refused("{'descr': '<f4', 'fortran_order': False, }", "malformed");
	check_refused("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "malformed");
	check_refused("", "malformed");
}

static void test_truncated(void)
{
	unsigned char bytes[256];
	const float data[6] = {1, 2, 3, 4, 5, 6};
	size_t n = build(bytes, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", data, 24);
	for (size_t cut = 0; cut < n; cut++) {
		unsigned char *exact = malloc(cut + 1); /* so that a read past the end is seen */
		s2_tensor t;
		REQUIRE(exact);
		memcpy(exact, bytes, cut);
		CHECK_INT(s2_npy_parse(&t, arena, exact, cut, "a.npy", &err), S2ST_EFORMAT);
		free(exact);
	}
}

static void test_round_trip(void)
{
	char path[] = "npy_round_trip.npy";
	const int32_t data[6] = {1, -2, 3, 400000000, 5, 6};
	s2st_writer *w;
	REQUIRE_OK(s2st_writer_open(&w, path, &err));
	REQUIRE_OK(s2st_npy_write(w, "<i4", (size_t[]){3, 2}, 2, data, &err));
	REQUIRE_OK(s2st_writer_commit(w, &err));
	size_t dims[S2_MAX_RANK];
	int rank;
	int32_t *back = test_npy_i32(path, dims, &rank);
	CHECK_INT(rank, 2);
	CHECK_INT(dims[0], 3);
	CHECK_INT(dims[1], 2);
	CHECK(memcmp(back, data, sizeof data) == 0);
	free(back);
	s2_tensor t;
	REQUIRE_OK(s2_npy_read(&t, arena, path, &err));
	CHECK_INT((uintptr_t)t.data % 64, 0); /* numpy aligns the data */
	unlink(path);
	CHECK_INT(s2_npy_read(&t, arena, path, &err), S2ST_EIO);
	REQUIRE_OK(s2st_writer_open(&w, path, &err));
	CHECK_INT(s2st_npy_write(w, "<q4", (size_t[]){1}, 1, data, &err), S2ST_EFORMAT);
	s2st_writer_abort(w);
}

int main(void)
{
	arena = s2_arena_new();
	REQUIRE(arena);
	test_versions();
	test_shapes();
	test_types();
	test_refused();
	test_truncated();
	test_round_trip();
	s2_arena_free(arena);
	return TEST_RESULT();
}
