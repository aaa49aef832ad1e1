/* The hash table against a plain array; UTF-8 against its definition. */
#include "base/index.h"

#include "base/utf8.h"
#include "test.h"

static void test_index(void)
{
	enum { N = 5000 };
	static char keys[N][16];
	s2_index *x = s2_index_new();
	size_t value;
	REQUIRE(x);
	CHECK(!s2_index_get(x, "k0", 2, &value));
	for (size_t i = 0; i < N; i++) {
		int len = snprintf(keys[i], sizeof keys[i], "k%zu", i);
		CHECK_INT(s2_index_put(x, keys[i], (size_t)len, i), 0);
	}
	CHECK_INT(s2_index_put(x, keys[7], strlen(keys[7]), 70000), 0); /* replaces */
	for (size_t i = 0; i < N; i++) {
		CHECK(s2_index_get(x, keys[i], strlen(keys[i]), &value));
		CHECK_INT(value, i == 7 ? 70000 : i);
	}
	CHECK(!s2_index_get(x, "k", 1, &value)); /* a prefix is another key */
	CHECK_INT(s2_index_put(x, "", 0, 5), 0);
	CHECK(s2_index_get(x, "anything", 0, &value));
	CHECK_INT(value, 5);
	s2_index_free(x);
	s2_index_free(NULL);
}

static size_t encode(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)((0xf00u >> n) | c);
	return n;
}

static void test_utf8(void)
{
	char text[5];
	uint32_t back;
	for (uint32_t c = 0; c < 0x110000; c += c < 0x1000 ? 1 : 97) {
		size_t n = encode(c, text);
		bool surrogate = c >= 0xd800 && c <= 0xdfff;
		CHECK_INT(s2_utf8_next(text, n, &back), surrogate ? 0 : n);
		CHECK(surrogate || back == c);
		if (n > 1)
			CHECK_INT(s2_utf8_next(text, n - 1, &back), 0); /* cut off */
	}
	static const char *const bad[] = {"\x80",
					  "\xc0\x80",
					  "\xc1\xbf",
					  "\xe0\x80\x80",
					  "\xf0\x80\x80\x80",
					  "\xf4\x90\x80\x80",
					  "\xf8\x88\x80\x80\x80",
					  "\xff",
					  "\xc3(",
					  "\xe2\x82("};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_INT(s2_utf8_next(bad[i], strlen(bad[i]), &back), 0);
}

int main(void)
{
	test_index();
	test_utf8();
	return TEST_RESULT();
}
