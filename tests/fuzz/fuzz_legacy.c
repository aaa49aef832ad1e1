/* torch's container before zip: the constant magic number is put before the input, the rest is the fuzzer's. */
#include "checkpoint_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t magic[] = "\x80\x02\x8a\x0al\xfc\x9c" "F\xf9 j\xa8P\x19.";
	const size_t len = sizeof magic - 1;
	uint8_t *file = malloc(len + n);
	if (!file)
		abort();
	memcpy(file, magic, len);
	memcpy(file + len, data, n);
	open_and_touch(file, len + n);
	free(file);
	return 0;
}
