/* float32 cos, log and pow with the rounding of PyTorch's vector kernels.
 *
 * Layer: audio. PyTorch takes these from SLEEF's routines for 1 ulp (Shibata and Petrogalli, "SLEEF: a portable
 * vectorized library of C standard mathematical functions", 2020): argument reduction and the last steps in twice the
 * precision, the polynomial between them in float32, which is where the results differ from libm's in the last bit.
 * rfft.h says why the last bit matters here. Arguments are those of the filter bank, not all of float32. */
#ifndef S2_AUDIO_TORCHMATH_H
#define S2_AUDIO_TORCHMATH_H

float s2_torch_cos(float x);          /* |x| < 100 */
float s2_torch_log(float x);          /* normal, above 0, at most 2^126 */
float s2_torch_pow(float x, float y); /* x above 0 and normal, or 0; y above 0; result normal or 0 */

/* a * b + c with one rounding; the same on CPUs without a fused multiply-add. (The product is exact in float64; a
 * second rounding happens to matter once in 2^29 sums.) */
static inline float s2_fma_f32(float a, float b, float c)
{
	return (float)((double)a * b + c);
}

#endif
