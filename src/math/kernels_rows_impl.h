/* Element-wise functions and row reductions over v16, sixteen float lanes on every CPU.
 *
 * Included by each kernels_*.c after its vector primitives. Polynomial coefficients are minimax fits of our own
 * (weighted least squares by Lawson's iteration, then rounded to float32). Tails are loaded into a whole vector, so a
 * value's bytes do not depend on where it stands. NaN goes in and comes out: v16_max(a, b) and v16_min(a, b) give b
 * when either is NaN. */

/* n lanes of memory; the others read as `x` (or 0) and are not written. */
static inline v16 v16_loadn_or(const float *p, size_t n, float x)
{
	return n == 16 ? v16_load(p) : v16_load_part(p, n, x);
}

static inline v16 v16_loadn(const float *p, size_t n)
{
	return v16_loadn_or(p, n, 0);
}

static inline void v16_storen(float *p, v16 v, size_t n)
{
	if (n == 16)
		v16_store(p, v);
	else
		v16_store_part(p, v, n);
}

/* Nearest integer, ties to even, for |x| < 2^22: adding 1.5 * 2^23 leaves no room for a fraction. */
static inline v16 v16_round(v16 x)
{
	v16 magic = v16_set1(0x1.8p23f);
	return v16_sub(v16_add(x, magic), magic);
}

/* e^x, about 1 ulp. x = n ln2 + r; e^r = 1 + r + r^2 P(r) on |r| <= ln2/2. */
static inline v16 v16_exp(v16 x)
{
	x = v16_min(v16_set1(89.0f), v16_max(v16_set1(-104.0f), x));
	v16 n = v16_round(v16_mul(x, v16_set1(0x1.715476p+0f)));
	v16 r = v16_fma(n, v16_set1(-0x1.62ep-1f), x); /* ln2, upper 12 bits: n times it is exact */
	r = v16_fma(n, v16_set1(-0x1.0bfbe8p-15f), r);
	v16 p = v16_set1(0x1.9f0896p-13f);
	p = v16_fma(p, r, v16_set1(0x1.6d8d06p-10f));
	p = v16_fma(p, r, v16_set1(0x1.111270p-7f));
	p = v16_fma(p, r, v16_set1(0x1.55548ep-5f));
	p = v16_fma(p, r, v16_set1(0x1.555554p-3f));
	p = v16_fma(p, r, v16_set1(0x1.0p-1f));
	p = v16_add(v16_fma(v16_mul(r, r), p, r), v16_set1(1));
	return v16_ldexp(p, n);
}

static inline v16 v16_sigmoid(v16 x)
{
	v16 one = v16_set1(1);
	return v16_div(one, v16_add(one, v16_exp(v16_sub(v16_set1(0), x))));
}

/* tanh: x + x^3 P(x^2) near zero, else 1 - 2 / (e^2|x| + 1) with x's sign. */
static inline v16 v16_tanh(v16 x)
{
	v16 s = v16_mul(x, x), a = v16_abs(x), one = v16_set1(1);
	v16 p = v16_set1(-0x1.75e1ccp-8f);
	p = v16_fma(p, s, v16_set1(0x1.52269cp-6f));
	p = v16_fma(p, s, v16_set1(-0x1.b83c5ap-5f));
	p = v16_fma(p, s, v16_set1(0x1.110726p-3f));
	p = v16_fma(p, s, v16_set1(-0x1.555532p-2f));
	v16 near = v16_fma(v16_mul(s, p), x, x);
	v16 far = v16_sub(one, v16_div(v16_set1(2), v16_add(v16_exp(v16_add(a, a)), one)));
	return v16_select_lt(a, v16_set1(0.625f), near, v16_copysign(far, x));
}

/* erf: x + x Q(x^2) for |x| < 1, else 1 - e^-p(|x|) where p = -ln erfc, with x's sign; 1 in float32 from 4 on. */
static inline v16 v16_erf(v16 x)
{
	v16 s = v16_mul(x, x), a = v16_abs(x), one = v16_set1(1);
	v16 q = v16_set1(0x1.496a32p-14f);
	q = v16_fma(q, s, v16_set1(-0x1.a3f700p-11f));
	q = v16_fma(q, s, v16_set1(0x1.5405b2p-8f));
	q = v16_fma(q, s, v16_set1(-0x1.b7f90ep-6f));
	q = v16_fma(q, s, v16_set1(0x1.ce2cf8p-4f));
	q = v16_fma(q, s, v16_set1(-0x1.81273ep-2f));
	q = v16_fma(q, s, v16_set1(0x1.06eba8p-3f));
	v16 near = v16_fma(q, x, x);
	v16 b = v16_min(v16_set1(4), a);
	v16 p = v16_set1(-0x1.86dd92p-13f);
	p = v16_fma(p, b, v16_set1(0x1.825b00p-9f));
	p = v16_fma(p, b, v16_set1(-0x1.65cb7ap-6f));
	p = v16_fma(p, b, v16_set1(0x1.a65344p-4f));
	p = v16_fma(p, b, v16_set1(0x1.46baecp-1f));
	p = v16_fma(p, b, v16_set1(0x1.2088eap+0f));
	p = v16_fma(p, b, v16_set1(0x1.661ce4p-12f));
	v16 far = v16_sub(one, v16_exp(v16_sub(v16_set1(0), p)));
	return v16_select_lt(a, one, near, v16_copysign(far, x));
}

static inline v16 v16_act(v16 x, s2_act act, float slope)
{
	switch (act) {
	case S2_ACT_RELU:
		return v16_max(v16_set1(0), x);
	case S2_ACT_GELU: /* x/2 * (1 + erf(x / sqrt 2)), as torch writes it */
		return v16_mul(v16_mul(x, v16_set1(0.5f)),
			       v16_add(v16_set1(1), v16_erf(v16_mul(x, v16_set1(0x1.6a09e6p-1f)))));
	case S2_ACT_TANH:
		return v16_tanh(x);
	case S2_ACT_SWISH:
		return v16_mul(x, v16_sigmoid(x));
	case S2_ACT_LEAKY_RELU:
		return v16_select_lt(x, v16_set1(0), v16_mul(x, v16_set1(slope)), x);
	case S2_ACT_NONE:
		break;
	}
	return x;
}

/* A loop over n elements: `i` is the first of this vector, `m` how many of its lanes count. */
#define FOR_V16(n) for (size_t i = 0, m; i < (n) && (m = s2_min((n) - i, 16), true); i += 16)

static void KERNEL(activate)(float *out, const float *in, size_t n, s2_act act, float slope)
{
	FOR_V16 (n)
		v16_storen(out + i, v16_act(v16_loadn(in + i, m), act, slope), m);
}

static void KERNEL(glu)(float *out, const float *a, const float *b, size_t n)
{
	FOR_V16 (n)
		v16_storen(out + i, v16_mul(v16_loadn(a + i, m), v16_sigmoid(v16_loadn(b + i, m))), m);
}

static void KERNEL(add_scaled)(float *out, const float *in, size_t n, float scale)
{
	v16 s = v16_set1(scale);
	FOR_V16 (n)
		v16_storen(out + i, v16_fma(v16_loadn(in + i, m), s, v16_loadn(out + i, m)), m);
}

static void KERNEL(scale)(float *data, size_t n, float scale)
{
	v16 s = v16_set1(scale);
	FOR_V16 (n)
		v16_storen(data + i, v16_mul(v16_loadn(data + i, m), s), m);
}

static void KERNEL(divide_leaky)(float *data, size_t n, float by, float slope)
{
	v16 b = v16_set1(by), s = v16_set1(slope);
	FOR_V16 (n) {
		const v16 x = v16_div(v16_loadn(data + i, m), b);
		v16_storen(data + i, v16_max(v16_mul(x, s), x), m);
	}
}

/* ---- norms: sums of x and x^2 in float64 (squares of float32 are exact there), biased variance as in torch ------- */

/* Lane i with i + 8, then + 4, + 2, + 1: the order of v16_sum. */
static inline double d16_sum(d16 v)
{
	double s[16];
	d16_store(s, v);
	for (int width = 8; width > 0; width /= 2)
		for (int i = 0; i < width; i++)
			s[i] += s[i + width];
	return s[0];
}

static inline void moments(double *mean, double *rstd, double sum, double squares, size_t n, float eps)
{
	double mu = sum / (double)n, var = squares / (double)n - mu * mu;
	*mean = mu;
	*rstd = 1 / sqrt((var < 0 ? 0 : var) + (double)eps); /* NaN stays NaN */
}

/* (x - mean) * rstd * weight + bias; NULL weight or bias: 1 or 0. */
static inline v16 normalised(v16 x, v16 mean, v16 rstd, const float *weight, const float *bias, size_t m)
{
	v16 v = v16_mul(v16_sub(x, mean), rstd);
	if (weight)
		v = v16_mul(v, v16_loadn(weight, m));
	return bias ? v16_add(v, v16_loadn(bias, m)) : v;
}

static void KERNEL(layer_norm)(float *out, const float *in, const float *weight, const float *bias, size_t n, float eps)
{
	d16 sum = d16_zero(), squares = d16_zero();
	FOR_V16 (n) {
		v16 v = v16_loadn(in + i, m);
		sum = d16_add(sum, v);
		squares = d16_add_square(squares, v);
	}
	double mean, rstd;
	moments(&mean, &rstd, d16_sum(sum), d16_sum(squares), n, eps);
	v16 mu = v16_set1((float)mean), r = v16_set1((float)rstd);
	FOR_V16 (n) {
		v16 v = v16_loadn(in + i, m);
		v16_storen(out + i, normalised(v, mu, r, weight ? weight + i : NULL, bias ? bias + i : NULL, m), m);
	}
}

static void KERNEL(channel_norm)(float *out, const float *in, const float *weight, const float *bias, size_t rows,
				 size_t ld, size_t n, float eps)
{
	d16 sum = d16_zero(), squares = d16_zero();
	for (size_t t = 0; t < rows; t++) {
		v16 v = v16_loadn(in + t * ld, n);
		sum = d16_add(sum, v);
		squares = d16_add_square(squares, v);
	}
	double sums[16], sq[16], mean, rstd;
	float mu[16] = {0}, r[16] = {0};
	d16_store(sums, sum);
	d16_store(sq, squares);
	for (size_t i = 0; i < n; i++) {
		moments(&mean, &rstd, sums[i], sq[i], rows, eps);
		mu[i] = (float)mean;
		r[i] = (float)rstd;
	}
	v16 vm = v16_loadn(mu, 16), vr = v16_loadn(r, 16);
	for (size_t t = 0; t < rows; t++)
		v16_storen(out + t * ld, normalised(v16_loadn(in + t * ld, n), vm, vr, weight, bias, n), n);
}

/* ---- softmax, and attention over a past -------------------------------------------------------------------------- */

static inline float row_max(const float *row, size_t n)
{
	v16 top = v16_set1(-INFINITY);
	FOR_V16 (n)
		top = v16_max(v16_loadn_or(row + i, m, -INFINITY), top);
	return v16_top(top);
}

static void KERNEL(softmax)(float *row, size_t n)
{
	v16 top = v16_set1(row_max(row, n)), sum = v16_set1(0);
	FOR_V16 (n) {
		v16 e = v16_exp(v16_sub(v16_loadn(row + i, m), top));
		v16_storen(row + i, e, m);
		sum = v16_add(sum, v16_loadn(row + i, m));
	}
	v16 share = v16_set1(1 / v16_sum(sum));
	FOR_V16 (n)
		v16_storen(row + i, v16_mul(v16_loadn(row + i, m), share), m);
}

static s2_run KERNEL(softmax_words)(uint32_t *words, float *row, size_t n, float most)
{
	v16 top = v16_set1(row_max(row, n)), sum = v16_set1(0);
	FOR_V16 (n) {
		v16 e = v16_exp(v16_sub(v16_loadn(row + i, m), top));
		v16_storen(row + i, e, m);
		sum = v16_add(sum, v16_loadn(row + i, m));
	}
	const float share = 1 / v16_sum(sum), by = most * share < INT16_MAX ? most * share : INT16_MAX;
	const size_t end = (n + 15) / 16 * 16;
	if (!(share > 0)) {
		memset(words, 0, end / 2 * sizeof *words);
		return (s2_run){NAN, 0};
	}
	memset(row + n, 0, (end - n) * sizeof *row);
	v16 scale = v16_set1(by), rounded = v16_set1(0);
	for (size_t i = 0; i < end; i += 16) {
		const v16 q = v16_round(v16_mul(v16_load(row + i), scale));
		rounded = v16_add(rounded, q); /* exact */
		v16_store_int16(words + i / 2, q);
	}
	return (s2_run){1 / v16_sum(rounded), 0}; /* what they are multiplied with adds up to 1 */
}

static void KERNEL(log_softmax)(float *row, size_t n)
{
	float top = row_max(row, n);
	v16 vtop = v16_set1(top), zero = v16_set1(0), sum = zero;
	FOR_V16 (n) { /* lanes past the end: e^-inf = 0 */
		v16 v = v16_loadn_or(row + i, m, -INFINITY);
		sum = v16_add(sum, v16_exp(v16_sub(v, vtop)));
	}
	v16 log_sum = v16_set1((float)log((double)v16_sum(sum)));
	FOR_V16 (n)
		v16_storen(row + i, v16_sub(v16_sub(v16_loadn(row + i, m), vtop), log_sum), m);
}

static inline const float *past_row(const s2_past *past, size_t p, size_t dim)
{
	size_t place = (size_t)past->place[p];
	return past->blocks[place / S2_PAST_SLOTS] + past->at + place % S2_PAST_SLOTS * dim;
}

/* 16 steps at a time, whose sums have no one to wait for and are added up together. */
static void KERNEL(past_scores)(float *scores, const float *q, const s2_past *past, size_t dim)
{
	size_t p = 0;
	for (; p + 16 <= past->n; p += 16) {
		const float *rows[16];
		v16 sums[16];
#pragma GCC unroll 16
		for (size_t r = 0; r < 16; r++) {
			rows[r] = past_row(past, p + r, dim);
			sums[r] = v16_set1(0);
		}
		FOR_V16 (dim) {
			const v16 part = v16_loadn(q + i, m);
#pragma GCC unroll 16
			for (size_t r = 0; r < 16; r++)
				sums[r] = v16_fma(part, v16_loadn(rows[r] + i, m), sums[r]);
		}
		v16_store(scores + p, v16_sums(sums));
	}
	for (; p < past->n; p++) {
		const float *row = past_row(past, p, dim);
		v16 sum = v16_set1(0);
		FOR_V16 (dim)
			sum = v16_fma(v16_loadn(q + i, m), v16_loadn(row + i, m), sum);
		scores[p] = v16_sum(sum);
	}
}

/* Each element is one chain over the steps, oldest first; four vectors of them at a time, as a sum has to wait for the
 * one before it. */
static void KERNEL(past_values)(float *out, const float *weights, const s2_past *past, size_t dim)
{
	size_t at = 0;
	for (; at + 64 <= dim; at += 64) {
		v16 sum[4] = {v16_set1(0), v16_set1(0), v16_set1(0), v16_set1(0)};
		for (size_t p = 0; p < past->n; p++) {
			const float *row = past_row(past, p, dim) + at;
			v16 weight = v16_set1(weights[p]);
			for (size_t v = 0; v < 4; v++)
				sum[v] = v16_fma(weight, v16_load(row + 16 * v), sum[v]);
		}
		for (size_t v = 0; v < 4; v++)
			v16_store(out + at + 16 * v, sum[v]);
	}
	for (size_t m; at < dim; at += m) {
		v16 sum = v16_set1(0);
		m = s2_min(dim - at, 16);
		for (size_t p = 0; p < past->n; p++)
			sum = v16_fma(v16_set1(weights[p]), v16_loadn(past_row(past, p, dim) + at, m), sum);
		v16_storen(out + at, sum, m);
	}
}
