/* The one hash of bytes. */
#include "base/status.h"

uint64_t s2st_hash(uint64_t hash, const void *bytes, size_t n)
{
	uint64_t h = hash ^ 14695981039346656037u;
	for (const unsigned char *p = bytes, *end = p + n; p < end; p++)
		h = (h ^ *p) * 1099511628211u;
	/* The high bits of FNV-1a alone are weak for short names. */
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
	return h ^ h >> 32;
}
