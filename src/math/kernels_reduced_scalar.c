/* Products in reduced precision, word by word: what the vector kernels are measured by, and what other CPUs run. */
#include <math.h>

#include "math/kernels.h"
#include "math/kernels_convert_impl.h"
#include "math/packed.h"

enum { MR = 4, NR = 8 };

static inline float multiply_add(float a, float b, float c)
{
#ifdef __FP_FAST_FMAF
	return fmaf(a, b, c);
#else
	return a * b + c;
#endif
}

static void tile_bf16(const s2_reduced_tile *t)
{
	for (size_t i = 0; i < t->rows; i++)
		for (size_t n = 0; n < NR; n++) {
			float sum = 0;
			for (size_t j = 0; j < t->taps; j++)
				for (size_t k = 0; k < t->words; k++) {
					const uint32_t a = t->a[i * t->row + j * t->tap + k];
					const uint32_t b = t->panel[(j * t->words + k) * S2_PANEL + n];
					sum = multiply_add(s2_f32_of_bits(a & 0xffff0000u),
							   s2_f32_of_bits(b & 0xffff0000u), sum);
					sum = multiply_add(s2_f32_of_bits(a << 16), s2_f32_of_bits(b << 16), sum);
				}
			t->acc[i * t->ld_acc + n] = sum;
		}
}

/* Four products of unsigned with signed bytes. */
static inline int32_t dot4(uint32_t a, uint32_t b)
{
	int32_t sum = 0;
	for (int s = 0; s < 32; s += 8)
		sum += (int32_t)(a >> s & 0xff) * (int8_t)(b >> s & 0xff);
	return sum;
}

static void tile_int8(const s2_reduced_tile *t)
{
	for (size_t i = 0; i < t->rows; i++)
		for (size_t n = 0; n < NR; n++) {
			float acc = 0;
			for (size_t j = 0; j < t->taps; j++) {
				const s2_run run = t->runs[i * t->run_row + j * t->run_tap];
				int32_t sum = -run.zero * t->w_sum[j * S2_PANEL + n];
				for (size_t k = 0; k < t->words; k++)
					sum += dot4(t->a[i * t->row + j * t->tap + k],
						    t->panel[(j * t->words + k) * S2_PANEL + n]);
				acc = multiply_add((float)sum, run.scale, acc);
			}
			t->acc[i * t->ld_acc + n] = acc * t->w_scale[n];
		}
}

/* Two products of signed 16-bit integers. */
static inline int32_t dot2(uint32_t a, uint32_t b)
{
	const int32_t low = (int16_t)(a & 0xffff) * (int16_t)(b & 0xffff);
	return low + (int16_t)(a >> 16) * (int16_t)(b >> 16);
}

static void tile_int16(const s2_reduced_tile *t)
{
	for (size_t i = 0; i < t->rows; i++)
		for (size_t n = 0; n < NR; n++) {
			float acc = 0;
			for (size_t j = 0; j < t->taps; j++) {
				int32_t sum = 0;
				for (size_t k = 0; k < t->words; k++)
					sum += dot2(t->a[i * t->row + j * t->tap + k],
						    t->panel[(j * t->words + k) * S2_PANEL + n]);
				acc = multiply_add((float)sum, t->runs[i * t->run_row + j * t->run_tap].scale, acc);
			}
			t->acc[i * t->ld_acc + n] = t->w_scale ? acc * t->w_scale[n] : acc;
		}
}

const s2_reduced_kernels s2_bf16_scalar = {
	.mr = MR, .nr = NR, .convert = s2_words_bf16, .tile = tile_bf16};
const s2_reduced_kernels s2_int8_scalar = {
	.mr = MR, .nr = NR, .convert = s2_words_int8, .tile = tile_int8};
const s2_reduced_kernels s2_int16_scalar = {
	.mr = MR, .nr = NR, .convert = s2_words_int16, .tile = tile_int16};
