/* Transforms of short convolutions (short_conv.h) over v16.
 *
 * Included by each kernels_*.c after kernels_rows_impl.h and kernels_gemm_impl.h. Sizes are constants at every call, so
 * that the loops unroll and a tile stays in registers. */

/* leaky(x) for slopes from 0 to 1. */
static inline v16 short_leaky(v16 x, v16 slope)
{
	return v16_max(v16_mul(x, slope), x);
}

/* Sum of coefficient[j] * x[j] over every second j. */
static ALWAYS_INLINE v16 short_sum(const float *coefficient, const v16 *x, size_t first, size_t points)
{
	v16 sum = v16_mul(v16_set1(coefficient[first]), x[first]);
	UNROLL
	for (size_t j = first + 2; j < points; j += 2)
		sum = v16_fma(v16_set1(coefficient[j]), x[j], sum);
	return sum;
}

static TILE_INLINE void short_in_body(float *values, size_t ld, const float *const *rows, size_t channels,
				      const s2_short_rule *r, float slope, size_t points)
{
	const size_t pairs = (points - 1) / 2;
	v16 x[S2_SHORT_POINTS], s = v16_set1(slope);
	for (size_t c = 0; c < channels; c += 16) {
		float *out = values + c;
		UNROLL
		for (size_t j = 0; j < points; j++)
			x[j] = short_leaky(v16_load(rows[j] + c), s);
		UNROLL
		for (size_t q = 0; q < pairs; q++, out += 2 * ld) {
			v16 even = short_sum(r->in[q], x, 0, points), odd = short_sum(r->in[q], x, 1, points);
			v16_store(out, v16_add(even, odd));
			v16_store(out + ld, v16_sub(even, odd));
		}
		if (points % 2 == 0) { /* zero */
			v16_store(out, short_sum(r->in[pairs], x, 0, points));
			out += ld;
		}
		v16_store(out, short_sum(r->in[points - 1 - pairs], x, (points - 1) % 2, points)); /* infinity */
	}
}

static void KERNEL(short_in)(float *values, size_t ld, const float *const *rows, size_t channels,
			     const s2_short_rule *r, float slope)
{
	switch (r->points) {
	case 8: short_in_body(values, ld, rows, channels, r, slope, 8); break;
	case 11: short_in_body(values, ld, rows, channels, r, slope, 11); break;
	default: short_in_body(values, ld, rows, channels, r, slope, S2_SHORT_POINTS);
	}
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
			y[0] = v16_add(y[0], v16_load(at));
			at += ld;
		}
		y[S2_SHORT_ROWS - 1] = v16_add(y[S2_SHORT_ROWS - 1], v16_load(at));
		v16 bias = v16_load(o->bias + c);
		UNROLL
		for (size_t i = 0; i < S2_SHORT_ROWS; i++)
			if (o->rows[i]) {
				v16 out = short_leaky(v16_add(y[i], bias), slope);
				v16_store(o->rows[i] + c, v16_add(out, v16_load(o->residual[i] + c)));
			}
	}
}

static void KERNEL(short_out)(const s2_short_out *o, const float *values, size_t ld, size_t channels,
			      const s2_short_rule *r)
{
	switch (r->points) {
	case 8: short_out_body(o, values, ld, channels, r, 8); break;
	case 11: short_out_body(o, values, ld, channels, r, 11); break;
	default: short_out_body(o, values, ld, channels, r, S2_SHORT_POINTS);
	}
}
