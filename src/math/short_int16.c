/* Short convolutions in int16: the scales, and the weights (short_conv.h). */
#include <math.h>
#include <string.h>

#include "math/kernels.h"

enum {
	VALUE = (1 << 14) - 1, /* a point's factors add up to so much, and its values are at most one larger */
	CHAIN = (1 << 17) - 1, /* magnitudes of a chain's weights, added up: times VALUE + 1 that is below 2^31 */
	WEIGHT = INT16_MAX,
};

/* Size of the weights at point p, relative to that of the taps. */
static double size_at(const s2_short_rule *r, size_t p)
{
	if (p >= 2 * r->pairs)
		return 1;
	const double a = (double)r->out[p / 2][1];
	double sum = 0, power = 1;
	for (size_t j = 0; j < r->taps; j++) {
		sum += power;
		power *= a * a;
	}
	return sqrt(sum);
}

/* The factors of a row of the transform in; returned: what a value has to be multiplied by. */
static double scale_row(float *in, size_t n)
{
	double sum = 0;
	for (size_t j = 0; j < n; j++)
		sum += fabs((double)in[j]);
	for (size_t j = 0; j < n; j++)
		in[j] = (float)((double)in[j] * (VALUE / sum));
	return sum / VALUE;
}

/* The scales of points, of values and weights, leave in the transform out. */
static void scale_rule(s2_short_rule *r)
{
	for (size_t q = 0; q < r->pairs; q++) {
		const double by = size_at(r, 2 * q) * scale_row(r->in[q], r->points);
		for (size_t i = 0; i < S2_SHORT_ROWS; i++)
			r->out[q][i] = (float)((double)r->out[q][i] * by);
	}
	if (r->zero)
		r->out_zero = (float)scale_row(r->in[r->pairs], r->points);
	r->out_top = (float)scale_row(r->in[r->points - 1 - r->pairs], r->points);
}

/* Panels of c->points: [rule.points, c_out / width], of [chunks * channels_of(), width] each. */
static size_t panels_of(const s2_short_conv *c)
{
	return c->c_out / c->width;
}

static size_t channels_of(const s2_short_conv *c)
{
	return c->c_in / c->groups;
}

/* The outputs' smallest scales that keep a panel's chains and each of its weights within bounds; NaN: not finite. */
static void find_scales(const s2_short_conv *c, float *scales, const float *panel, double size)
{
	/* Rounding adds a half to each weight at most. */
	const double by_sum = 1 / (size * (CHAIN - 0.5 * (double)channels_of(c))), by_top = 1 / (size * WEIGHT);
	for (size_t chunk = 0; chunk < c->chunks; chunk++) {
		float sum[S2_PANEL] = {0}, top[S2_PANEL] = {0};
		for (size_t i = 0; i < channels_of(c); i++, panel += c->width)
			for (size_t n = 0; n < c->width; n++) {
				const float w = fabsf(panel[n]);
				sum[n] += w;
				top[n] = w > top[n] ? w : top[n];
			}
		for (size_t n = 0; n < c->width; n++) {
			const float least = (float)fmax((double)sum[n] * by_sum, (double)top[n] * by_top);
			const bool finite = isfinite(sum[n]) && scales[n] >= 0;
			scales[n] = !finite ? NAN : least > scales[n] ? least : scales[n];
		}
	}
}

static void round_panel(const s2_short_conv *c, uint32_t *words, const float *scales, const float *panel, double size)
{
	float by[S2_PANEL];
	for (size_t n = 0; n < c->width; n++)
		by[n] = scales[n] > 0 ? (float)(1 / ((double)scales[n] * size)) : 0;
	for (size_t i = 0; i < c->chunks * channels_of(c); i += 2, panel += 2 * c->width, words += S2_PANEL)
		for (size_t n = 0; n < c->width; n++)
			words[n] = s2_int16_of(panel[n] * by[n]) | s2_int16_of(panel[c->width + n] * by[n]) << 16;
}

int s2_short_narrow(s2_short_conv *c, const float *points, s2_arena *a, s2st_error *err)
{
	const size_t wide = panels_of(c), panels = c->rule.points * wide, rows = c->chunks * channels_of(c);
	float *scales;
	uint32_t *words;
	S2_ZALLOC(scales, a, c->c_out, 1, err);
	S2_ZALLOC(words, a, panels * rows / 2, S2_PANEL, err);
	for (size_t i = 0; i < panels; i++)
		find_scales(c, scales + i % wide * c->width, points + i * rows * c->width,
			    size_at(&c->rule, i / wide));
	for (size_t co = 0; co < c->c_out; co++)
		if (!isfinite(scales[co]))
			return s2_fail(err, S2ST_EMODEL,
				       "output %zu of a weight is not finite, which int16 cannot hold", co);
	for (size_t i = 0; i < panels; i++)
		round_panel(c, words + i * rows / 2 * S2_PANEL, scales + i % wide * c->width,
			    points + i * rows * c->width, size_at(&c->rule, i / wide));
	scale_rule(&c->rule);
	c->scale = scales;
	c->words = words;
	return S2ST_OK;
}
