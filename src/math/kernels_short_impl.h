/* Transforms of short convolutions (short_conv.h) over v16.
 *
 * Included by each kernels_*.c after kernels_rows_impl.h and kernels_gemm_impl.h. Sizes are constants at every call, so
 * that the loops unroll and a tile stays in registers. */

/* leaky(x) for slopes from 0 to 1. */
static inline v16 short_leaky(v16 x, v16 slope)
{
	return v16_max(v16_mul(x, slope), x);
}

/* Sum of coefficient[j] * x[j] over every second j below `end`. */
static ALWAYS_INLINE v16 short_sum(const float *coefficient, const v16 *x, size_t first, size_t end)
{
	v16 sum = v16_mul(v16_set1(coefficient[first]), x[first]);
	UNROLL
	for (size_t j = first + 2; j < end; j += 2)
		sum = v16_fma(v16_set1(coefficient[j]), x[j], sum);
	return sum;
}

/* One value of 16 channels, as float32 or, `narrow`, as int16. */
static ALWAYS_INLINE void short_put(char *to, v16 v, bool narrow)
{
	if (narrow)
		v16_store_int16(to, v);
	else
		v16_store((float *)(void *)to, v);
}

/* Values of leaky(rows) * by, `ld` bytes from one point to the next. */
static TILE_INLINE void short_in_body(char *values, size_t ld, const float *const *rows, size_t channels,
				      const s2_short_rule *r, float slope, float by, size_t points, bool narrow)
{
	/* Polynomials of finite points lack the highest power, and with a zero those of the others the lowest. */
	const size_t pairs = (points - 1) / 2, last = points - 1, zero = last % 2;
	v16 x[S2_SHORT_POINTS], s = v16_set1(slope), scale = v16_set1(by);
	for (size_t c = 0; c < channels; c += 16) {
		char *out = values + c * (narrow ? sizeof(int16_t) : sizeof(float));
		UNROLL
		for (size_t j = 0; j < points; j++) {
			x[j] = short_leaky(v16_load(rows[j] + c), s);
			x[j] = narrow ? v16_mul(x[j], scale) : x[j];
		}
		UNROLL
		for (size_t q = 0; q < pairs; q++, out += 2 * ld) {
			v16 even = short_sum(r->in[q], x, 2 * zero, last), odd = short_sum(r->in[q], x, 1, last);
			short_put(out, v16_add(even, odd), narrow);
			short_put(out + ld, v16_sub(even, odd), narrow);
		}
		if (zero) {
			short_put(out, short_sum(r->in[pairs], x, 0, last), narrow);
			out += ld;
		}
		short_put(out, short_sum(r->in[last - pairs], x, zero, points), narrow); /* infinity */
	}
}

/* short_in_body(.., points, narrow) with constants for the last two. */
#define SHORT_IN(values, ld, by, narrow)                                                                        \
	switch (r->points) {                                                                                    \
	case 7: short_in_body(values, ld, rows, channels, r, slope, by, 7, narrow); break;                      \
	case 8: short_in_body(values, ld, rows, channels, r, slope, by, 8, narrow); break;                      \
	case 11: short_in_body(values, ld, rows, channels, r, slope, by, 11, narrow); break;                    \
	default: short_in_body(values, ld, rows, channels, r, slope, by, S2_SHORT_POINTS, narrow);              \
	}

static void KERNEL(short_in)(float *values, size_t ld, const float *const *rows, size_t channels,
			     const s2_short_rule *r, float slope)
{
	SHORT_IN((char *)values, ld * sizeof *values, 1, false)
}

static s2_run KERNEL(short_words)(uint32_t *values, size_t ld, const float *const *rows, size_t channels,
				  const s2_short_rule *r, float slope)
{
	v16 high = v16_set1(0), low = high, check = high, zero = high;
	for (size_t j = 0; j < r->points; j++)
		for (size_t c = 0; c < channels; c += 16) {
			const v16 x = v16_load(rows[j] + c);
			high = v16_max(x, high);
			low = v16_min(x, low);
			check = v16_fma(x, zero, check); /* NaN where a value is not finite */
		}
	const float below = slope * v16_top(v16_sub(zero, low)), above = v16_top(high);
	s2_run run = {above > below ? above : below, 0};
	if (!(run.scale >= S2_INT16_TINY) || !(v16_sum(check) == 0)) {
		run.scale = v16_sum(check) == 0 ? 0 : NAN;
		for (size_t p = 0; p < r->points; p++)
			memset(values + p * ld, 0, channels / 2 * sizeof *values);
		return run;
	}
	const float by = 1 / run.scale;
	SHORT_IN((char *)values, ld * sizeof *values, by, true)
	return run;
}

static TILE_INLINE void short_out_body(const s2_short_out *o, const float *values, size_t ld, size_t channels,
				       const s2_short_rule *r, size_t points)
{
	const size_t pairs = (points - 1) / 2;
	v16 slope = v16_set1(o->slope);
	for (size_t c = 0; c < channels; c += 16) {
		const float *at = values + c / o->width * o->next + c % o->width;
		v16 y[S2_SHORT_ROWS];
		UNROLL
		for (size_t q = 0; q < pairs; q++, at += 2 * ld) {
			v16 plus = v16_load(at), minus = v16_load(at + ld);
			v16 even = v16_add(plus, minus), odd = v16_sub(plus, minus);
			UNROLL
			for (size_t i = 0; i < S2_SHORT_ROWS; i++) {
				v16 power = v16_set1(r->out[q][i]), part = i % 2 ? odd : even;
				y[i] = q ? v16_fma(power, part, y[i]) : v16_mul(power, part);
			}
		}
		if (points % 2 == 0) {
			y[0] = v16_fma(v16_set1(r->out_zero), v16_load(at), y[0]);
			at += ld;
		}
		y[S2_SHORT_ROWS - 1] = v16_fma(v16_set1(r->out_top), v16_load(at), y[S2_SHORT_ROWS - 1]);
		v16 scale = v16_load(o->scale + c), bias = v16_load(o->bias + c);
		UNROLL
		for (size_t i = 0; i < S2_SHORT_ROWS; i++)
			if (o->rows[i]) {
				v16 out = short_leaky(v16_fma(y[i], scale, bias), slope);
				v16_store(o->rows[i] + c, v16_add(out, v16_load(o->residual[i] + c)));
			}
	}
}

static void KERNEL(short_out)(const s2_short_out *o, const float *values, size_t ld, size_t channels,
			      const s2_short_rule *r)
{
	switch (r->points) {
	case 7: short_out_body(o, values, ld, channels, r, 7); break;
	case 8: short_out_body(o, values, ld, channels, r, 8); break;
	case 11: short_out_body(o, values, ld, channels, r, 11); break;
	default: short_out_body(o, values, ld, channels, r, S2_SHORT_POINTS);
	}
}
