/* One float16 or bfloat16 to float32.  Layer: base. Exact for every bit pattern, subnormals, infinities and NaNs too;
 * straight-line code that the compiler can vectorise. */
#ifndef S2_BASE_HALF_H
#define S2_BASE_HALF_H

#include <stdint.h>
#include <string.h>

static inline float s2_f32_of_bits(uint32_t bits)
{
	float f;
	memcpy(&f, &bits, sizeof f);
	return f;
}

static inline float s2_bf16_to_f32(uint16_t b)
{
	return s2_f32_of_bits((uint32_t)b << 16);
}

/* Exponent and mantissa moved to float32's places make a number that is 2^-112 times the half: one exact multiply
 * puts that right, for subnormals as well. Infinity and NaN keep their mantissa and get the full exponent. */
static inline float s2_f16_to_f32(uint16_t h)
{
	uint32_t bits;
	float scaled = s2_f32_of_bits((uint32_t)(h & 0x7fffu) << 13) * 0x1p112f;
	memcpy(&bits, &scaled, sizeof bits);
	bits |= (h & 0x7c00u) == 0x7c00u ? 0x7f800000u : 0;
	return s2_f32_of_bits(bits | (uint32_t)(h & 0x8000u) << 16);
}

#endif
