#include "layers/distance.h"

#include <math.h>

#include "base/size.h"

bool s2_distance_possible(const s2_distance_buckets *b)
{
	return b->n >= 4 && b->n <= 1 << 20 && b->max_distance > b->n / 4 && b->max_distance <= 1 << 30;
}

size_t s2_distance_bucket(const s2_distance_buckets *b, ptrdiff_t distance)
{
	const size_t half = b->n / 2, exact = half / 2, far = (size_t)(distance < 0 ? -distance : distance);
	const size_t first = distance > 0 ? half : 0;
	if (far < exact)
		return first + far;
	/* In float32 like the reference: where a range ends is a matter of rounding. */
	const float growth = (float)log((double)b->max_distance / (double)exact);
	const float beyond = logf((float)far / (float)exact) / growth * (float)(half - exact);
	return first + s2_min(exact + (size_t)beyond, half - 1);
}

void s2_distance_bias(float *out, const s2_distance_buckets *b, const float *table, size_t heads, size_t t)
{
	const size_t span = 2 * t - 1;
	for (size_t i = 0; i < span; i++) {
		const float *row = table + s2_distance_bucket(b, (ptrdiff_t)i - (ptrdiff_t)(t - 1)) * heads;
		for (size_t h = 0; h < heads; h++)
			out[h * span + i] = row[h];
	}
}
