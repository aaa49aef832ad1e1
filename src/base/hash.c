/* The one hash of bytes. */
#include <string.h>

#include "base/status.h"

/* Whole words: models are hashed each time they are opened. */
static uint64_t add_words(uint64_t h, const unsigned char *p, size_t n)
{
	for (uint64_t word; n >= sizeof word; p += sizeof word, n -= sizeof word) {
		memcpy(&word, p, sizeof word);
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	return h;
}

uint64_t s2st_hash(uint64_t hash, const void *bytes, size_t n)
{
	uint64_t h = hash ^ 14695981039346656037u;
	if (n >= sizeof h)
		h = add_words(h, bytes, n);
	for (size_t i = n / sizeof h * sizeof h; i < n; i++)
		h = (h ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
	/* The high bits of FNV-1a alone are weak for short names. */
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
	return h ^ h >> 32;
}
