/* One float16 or bfloat16 to float32, and back to bfloat16.  Layer: base. To float32 exact for every bit pattern,
 * subnormals, infinities and NaNs too; straight-line code that the compiler can vectorise. */
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

static inline uint32_t s2_bits_of_f32(float f)
{
	uint32_t bits;
	memcpy(&bits, &f, sizeof bits);
	return bits;
}

static inline float s2_bf16_to_f32(uint16_t b)
{
	return s2_f32_of_bits((uint32_t)b << 16);
}

/* To nearest, ties to even. A NaN stays one; numbers below 2^-126 become zero, as AVX-512's instruction has it. */
static inline uint16_t s2_f32_to_bf16(float f)
{
	const uint32_t bits = s2_bits_of_f32(f);
	const uint32_t magnitude = bits & 0x7fffffffu, near = bits + 0x7fffu + (bits >> 16 & 1);
	const uint32_t kept = magnitude > 0x7f800000u ? bits | 0x400000u : near;
	return (uint16_t)((magnitude < 0x800000u ? bits & 0x80000000u : kept) >> 16);
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
