#include "audio/torchmath.h"

#include <math.h>
#include <stddef.h>

/* Highest power first. */
static float polynomial(float x, const float *coefficients, size_t n)
{
	float sum = coefficients[0];
	for (size_t i = 1; i < n; i++)
		sum = s2_fma_f32(sum, x, coefficients[i]);
	return sum;
}

/* cos(x) = -sin(x - odd * pi/2) or its negative, with `odd` the odd number that makes the argument small. */
float s2_torch_cos(float x)
{
	static const float half_pi[] = {1.57073974609375f, 5.657970905303955e-05f, 9.920936294705029e-10f};
	static const float sine[] = {2.6083159809786593541503e-06f, -0.0001981069071916863322258f,
				     0.00833307858556509017944336f};
	static const double sine3 = -0.166666597127914428710938f;
	float odd = 2 * rintf(s2_fma_f32(x, (float)M_1_PI, -0.5f)) + 1;
	double t = x;
	float short_t = x;
	for (size_t i = 0; i < 3; i++) {
		float part = odd * half_pi[i];
		t -= part;
		short_t -= part;
	}
	float square = short_t * short_t, tail = polynomial(square, sine, 3) * square;
	float y = (float)(t * (1 + (sine3 + tail) * (t * t)));
	return (int)odd & 2 ? y : -y;
}

/* x = m * 2^e with m in [0.75, 1.5) and r = (m - 1) / (m + 1): log(x) = e log(2) + 2 (r + r^3/3 + r^5/5 + ...). */
typedef struct log_argument {
	int e;
	double r;
	float short_r; /* r in float32 arithmetic */
} log_argument;

static log_argument reduce_log(float x)
{
	log_argument a;
	frexpf(x * (1.0f / 0.75f), &a.e);
	a.e -= 1;
	float m = ldexpf(x, -a.e);
	a.r = ((double)m - 1) / ((double)m + 1);
	a.short_r = (m - 1) * (1 / (m + 1));
	return a;
}

float s2_torch_log(float x)
{
	static const float series[] = {0.3027294874f, 0.3996108174f, 0.6666694880f};
	log_argument a = reduce_log(x);
	float square = a.short_r * a.short_r;
	float tail = square * a.short_r * polynomial(square, series, 3);
	return (float)(a.e * M_LN2 + 2 * a.r + tail);
}

/* The logarithm in more than float32, for pow. */
static double long_log(float x)
{
	static const float series[] = {0.240320354700088500976562f, 0.285112679004669189453125f,
				       0.400007992982864379882812f};
	static const double third = (double)0.66666662693023681640625f + (double)3.69183861259614332084311e-09f;
	log_argument a = reduce_log(x);
	double square = a.r * a.r;
	float tail = polynomial(a.short_r * a.short_r, series, 3);
	return a.e * M_LN2 + 2 * a.r + square * a.r * (square * tail + third);
}

float s2_torch_pow(float x, float y)
{
	static const float series[] = {0.00136324646882712841033936f, 0.00836596917361021041870117f,
				       0.0416710823774337768554688f, 0.166665524244308471679688f,
				       0.499999850988388061523438f};
	if (x == 0)
		return 0;
	double exponent = long_log(x) * y;
	double q = rint(exponent * M_LOG2E), s = exponent - q * M_LN2;
	float tail = polynomial((float)s, series, 5);
	return ldexpf((float)(1 + (s + s * s * tail)), (int)q);
}
