/* Checkpoints as files: torch zips, and whatever else the bytes turn into (safetensors, other files). */
#include "checkpoint_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	open_and_touch(data, n);
	return 0;
}
