/* Tar archives made member by member, for the tests of what reads them. */
#ifndef S2_TESTS_TAR_ARCHIVE_H
#define S2_TESTS_TAR_ARCHIVE_H

#include "test.h"

enum { TAR_BLOCK = 512 };

typedef struct tar_archive {
	unsigned char bytes[1 << 16];
	size_t n;
} tar_archive;

static inline void tar_put_octal(unsigned char *at, int digits, size_t value)
{
	char text[32];
	snprintf(text, sizeof text, "%0*zo", digits, value);
	memcpy(at, text, (size_t)digits + 1);
}

/* Writes the checksum of a header that was changed. */
static inline void tar_seal(unsigned char *h)
{
	size_t sum = 0;
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += h[i];
	tar_put_octal(h + 148, 6, sum);
}

/* Returns the member's header. */
static inline unsigned char *tar_add(tar_archive *a, const char *name, int type, const void *bytes, size_t n)
{
	unsigned char *h = a->bytes + a->n;
	size_t padded = (n + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	REQUIRE(a->n + TAR_BLOCK + padded <= sizeof a->bytes && strlen(name) <= 100);
	memset(h, 0, TAR_BLOCK + padded);
	memcpy(h, name, strlen(name));
	tar_put_octal(h + 124, 11, n);
	h[156] = (unsigned char)type;
	memcpy(h + 257, "ustar\0" "00", 8);
	tar_seal(h);
	memcpy(h + TAR_BLOCK, bytes, n);
	a->n += TAR_BLOCK + padded;
	return h;
}

static inline void tar_finish(tar_archive *a)
{
	REQUIRE(a->n + 2 * (size_t)TAR_BLOCK <= sizeof a->bytes);
	memset(a->bytes + a->n, 0, 2 * TAR_BLOCK);
	a->n += 2 * TAR_BLOCK;
}

#endif
