#include "base/sha256.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 64 };

typedef struct sha256 {
	uint32_t h[8];
	uint64_t n; /* bytes so far */
	unsigned char block[BLOCK];
} sha256;

/* First 32 bits of the fractional parts of the square roots of the first 8 primes (5.3.3). */
static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
				  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* The same of the cube roots of the first 64 primes (4.2.2). */
static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static uint32_t big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The functions of 4.1.2. */
static uint32_t big_sigma(uint32_t x, int a, int b, int c)
{
	return rotate(x, a) ^ rotate(x, b) ^ rotate(x, c);
}

static uint32_t small_sigma(uint32_t x, int a, int b, int shift)
{
	return rotate(x, a) ^ rotate(x, b) ^ x >> shift;
}

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
	return (x & y) ^ (~x & z);
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
	return (x & y) ^ (x & z) ^ (y & z);
}

/* 6.2.2: one block of 64 bytes. */
static void compress(uint32_t h[8], const unsigned char *block)
{
	uint32_t w[64], s[8]; /* s: the working variables a to h */
	for (int t = 0; t < 16; t++, block += 4)
		w[t] = big_endian(block);
	for (int t = 16; t < 64; t++)
		w[t] = small_sigma(w[t - 2], 17, 19, 10) + w[t - 7] + small_sigma(w[t - 15], 7, 18, 3) + w[t - 16];
	memcpy(s, h, sizeof s);
	for (int t = 0; t < 64; t++) {
		uint32_t t1 = s[7] + big_sigma(s[4], 6, 11, 25) + choose(s[4], s[5], s[6]) + k[t] + w[t];
		uint32_t t2 = big_sigma(s[0], 2, 13, 22) + majority(s[0], s[1], s[2]);
		memmove(s + 1, s, 7 * sizeof *s);
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		h[i] += s[i];
}

static void begin(sha256 *s)
{
	memcpy(s->h, start, sizeof start);
	s->n = 0;
}

static void update(sha256 *s, const unsigned char *bytes, size_t n)
{
	size_t used = s->n % BLOCK;
	s->n += n;
	if (used && used + n >= BLOCK) {
		memcpy(s->block + used, bytes, BLOCK - used);
		compress(s->h, s->block);
		bytes += BLOCK - used;
		n -= BLOCK - used;
		used = 0;
	}
	for (; used == 0 && n >= BLOCK; bytes += BLOCK, n -= BLOCK)
		compress(s->h, bytes);
	memcpy(s->block + used, bytes, n);
}

static void end(sha256 *s, char out[S2_SHA256_TEXT])
{
	const uint64_t bits = s->n * 8;
	unsigned char tail[BLOCK + 8] = {0x80};
	size_t pad = (s->n % BLOCK < 56 ? 56 : 120) - s->n % BLOCK;
	for (int i = 0; i < 8; i++)
		tail[pad + (size_t)i] = (unsigned char)(bits >> (56 - 8 * i));
	update(s, tail, pad + 8);
	for (int i = 0; i < 8; i++)
		snprintf(out + (size_t)i * 8, 9, "%08x", s->h[i]);
}

void s2_sha256(char out[S2_SHA256_TEXT], const void *bytes, size_t n)
{
	sha256 s;
	begin(&s);
	update(&s, bytes, n);
	end(&s, out);
}

int s2_sha256_file(char out[S2_SHA256_TEXT], const char *path, s2st_error *err)
{
	unsigned char buf[65536];
	size_t n;
	sha256 s;
	FILE *f = fopen(path, "rb");
	if (!f)
		return s2_fail(err, S2ST_EIO, "%s: cannot open: %s", path, strerror(errno));
	begin(&s);
	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		update(&s, buf, n);
	const bool failed = ferror(f) != 0;
	const int saved = errno;
	fclose(f);
	if (failed)
		return s2_fail(err, S2ST_EIO, "%s: cannot read: %s", path, strerror(saved));
	end(&s, out);
	return S2ST_OK;
}
