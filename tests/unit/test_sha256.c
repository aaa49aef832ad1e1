/* SHA-256 against the examples of FIPS 180-4 and against itself in pieces of every length around a block. */
#include "base/sha256.h"
#include "test.h"

static void check(const char *text, size_t n, const char *expected)
{
	char sum[S2_SHA256_TEXT];
	s2_sha256(sum, text, n);
	CHECK_STR(sum, expected);
}

static void test_vectors(void)
{
	static char million[1000000];
	check("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
	      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(million, 'a', sizeof million);
	check(million, sizeof million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	/* sha256sum of so many letters: padding with 55, 56, 63, 64 bytes in the last block */
	check(million, 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
	check(million, 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34");
	check(million, 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
	check(million, 119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb");
}

static void test_file(void)
{
	s2st_error err;
	char of_file[S2_SHA256_TEXT], of_bytes[S2_SHA256_TEXT];
	static unsigned char bytes[200000];
	uint64_t state = 1;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)test_rand(&state);
	char path[] = "sha256-test-XXXXXX";
	int fd = mkstemp(path);
	REQUIRE(fd >= 0);
	FILE *f = fdopen(fd, "wb");
	REQUIRE(f && fwrite(bytes, 1, sizeof bytes, f) == sizeof bytes && fclose(f) == 0);
	REQUIRE_OK(s2_sha256_file(of_file, path, &err));
	s2_sha256(of_bytes, bytes, sizeof bytes);
	CHECK_STR(of_file, of_bytes);
	remove(path);
	CHECK_INT(s2_sha256_file(of_file, path, &err), S2ST_EIO);
	CHECK_CONTAINS(err.text, path);
	CHECK_INT(s2_sha256_file(of_file, ".", &err), S2ST_EIO);
}

int main(void)
{
	test_vectors();
	test_file();
	return TEST_RESULT();
}
