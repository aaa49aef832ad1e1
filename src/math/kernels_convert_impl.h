/* The left operand in words, in plain C that compilers make vectors of: for each CPU without a faster way. Included by
 * kernels_bf16_*.c and kernels_int8_*.c, compiled for their CPU. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/half.h"
#include "math/kernels.h"

/* A run whose values spread less than this counts as zero: its scale could not be inverted. */
#define INT8_TINY 0x1p-100f

static inline s2_run s2_words_bf16(uint32_t *out, const float *in, size_t n)
{
	for (size_t i = 0; i < n / 2; i++)
		out[i] = s2_f32_to_bf16(in[2 * i]) | (uint32_t)s2_f32_to_bf16(in[2 * i + 1]) << 16;
	if (n % 2)
		out[n / 2] = s2_f32_to_bf16(in[n - 1]);
	return (s2_run){1, 0};
}

/* The 256 steps from `low` to `high`, which have 0 between them; *by is what to multiply with, 0 where all values are
 * to become zero. With `finite` false the scale is NaN, and so are the products. */
static inline s2_run s2_int8_run(float low, float high, bool finite, float *by)
{
	const float spread = high - low;
	*by = 0;
	if (!finite || !(spread < INFINITY))
		return (s2_run){NAN, 0};
	if (spread < INT8_TINY)
		return (s2_run){0, 0};
	*by = 255 / spread;
	return (s2_run){spread / 255, (int32_t)rintf(-low * *by)};
}

static inline s2_run s2_words_int8(uint32_t *out, const float *in, size_t n)
{
	float low = 0, high = 0, by, check = 0;
	unsigned char *bytes = (unsigned char *)out;
	for (size_t i = 0; i < n; i++) {
		low = in[i] < low ? in[i] : low;
		high = in[i] > high ? in[i] : high;
		check += in[i] * 0.0f; /* NaN where a value is not finite */
	}
	const s2_run run = s2_int8_run(low, high, check == 0, &by);
	memset(out + n / 4, 0, n % 4 ? sizeof *out : 0);
	for (size_t i = 0; i < n; i++) {
		/* To nearest even: with 1.5 * 2^23 added, the integer is in the low bits. */
		uint32_t bits;
		const float shifted = (by > 0 ? in[i] * by : 0) + 0x1.8p23f;
		memcpy(&bits, &shifted, sizeof bits);
		const uint32_t q = (bits + (uint32_t)run.zero) & 0x1ff; /* 256 where both ends were rounded up */
		bytes[i] = (unsigned char)(q > 255 ? 255 : q);
	}
	return run;
}

/* Symmetric, over a scale that makes the largest magnitude S2_INT16_TOP. */
static inline s2_run s2_words_int16(uint32_t *out, const float *in, size_t n)
{
	float top = 0, check = 0;
	for (size_t i = 0; i < n; i++) {
		const float size = in[i] < 0 ? -in[i] : in[i];
		top = size > top ? size : top;
		check += in[i] * 0.0f; /* NaN where a value is not finite */
	}
	if (!(check == 0) || top < S2_INT16_TINY) {
		memset(out, 0, (n + 1) / 2 * sizeof *out);
		return (s2_run){check == 0 ? 0 : NAN, 0};
	}
	const float by = S2_INT16_TOP / top;
	for (size_t i = 0; i < n / 2; i++)
		out[i] = s2_int16_of(in[2 * i] * by) | s2_int16_of(in[2 * i + 1] * by) << 16;
	if (n % 2)
		out[n / 2] = s2_int16_of(in[n - 1] * by);
	return (s2_run){top / S2_INT16_TOP, 0};
}
