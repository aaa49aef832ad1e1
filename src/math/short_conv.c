#include "math/short_conv.h"

#include <string.h>

#include "base/size.h"
#include "math/kernels.h"

enum {
	ROWS = S2_SHORT_ROWS,
	TILES = 84, /* of a block: whole tiles of the matrix product, and rows enough for a weight that is read once */
	MAX_TAPS = 24,
	LANES = 16,
};

/* ---- weights ---------------------------------------------------------------------------------------------------- */

/* The points of a pair, best first: few bits, spread over small and large. */
static const double pair_points[S2_SHORT_PAIRS] = {1, 2, 0.5, 1.5, 0.25};

static size_t taps_of(size_t k)
{
	return k <= 3 ? 3 : k == 7 ? 7 : ROWS;
}

/* Coefficients of the product of (t - x) over the finite points, but for number `without`; degree returned. */
static size_t expand(double poly[S2_SHORT_POINTS], const double *finite, size_t n, size_t without)
{
	size_t degree = 0;
	memset(poly, 0, S2_SHORT_POINTS * sizeof *poly);
	poly[0] = 1;
	for (size_t i = 0; i < n; i++) {
		if (i == without)
			continue;
		for (size_t j = ++degree; j > 0; j--)
			poly[j] = poly[j - 1] - finite[i] * poly[j];
		poly[0] *= -finite[i];
	}
	return degree;
}

/* Interpolation turned around: the transform in of a finite point is its Lagrange polynomial, that of infinity the
 * product over all finite points. */
static void make_rule(s2_short_rule *r, size_t taps)
{
	double finite[S2_SHORT_POINTS], poly[S2_SHORT_POINTS];
	*r = (s2_short_rule){.taps = taps, .points = ROWS + taps - 1};
	r->zero = r->points % 2 == 0;
	r->pairs = (r->points - 1) / 2;
	const size_t n = r->points - 1;
	for (size_t q = 0; q < r->pairs; q++) {
		finite[2 * q] = pair_points[q];
		finite[2 * q + 1] = -pair_points[q];
	}
	if (r->zero)
		finite[n - 1] = 0;
	for (size_t p = 0; p <= n; p++) {
		if (p < 2 * r->pairs && p % 2)
			continue; /* by parity from its twin */
		double norm = 1;
		for (size_t i = 0; p < n && i < n; i++)
			norm *= i == p ? 1 : finite[p] - finite[i];
		size_t row = p < 2 * r->pairs ? p / 2 : p - r->pairs;
		expand(poly, finite, n, p);
		for (size_t j = 0; j < r->points; j++)
			r->in[row][j] = (float)(poly[j] / norm);
	}
	for (size_t q = 0; q < r->pairs; q++) {
		double power = 1;
		for (size_t i = 0; i < ROWS; i++) {
			r->out[q][i] = (float)power;
			power *= pair_points[q];
		}
	}
	r->out_zero = r->out_top = 1;
}

/* Weight of tap j at point p. */
static double tap_at(const s2_short_rule *r, size_t p, size_t j)
{
	if (p == r->points - 1)
		return j == r->taps - 1;
	double x = p < 2 * r->pairs ? pair_points[p / 2] * (p % 2 ? -1 : 1) : 0, power = 1;
	for (size_t i = 0; i < j; i++)
		power *= x;
	return power;
}

/* Input channel `ci` of a chunk at all points; taps [n, c_out], sums [c_out]. */
static void evaluate(const s2_short_conv *c, float *points, const float *taps, size_t n, double *sums, size_t chunk,
		     size_t ci)
{
	const size_t group = c->chunks * c->c_in * c->width; /* from one group to the next */
	for (size_t p = 0; p < c->rule.points; p++) {
		float *out = points + p * (c->c_out / c->width) * group + (chunk * c->c_in + ci) * c->width;
		memset(sums, 0, c->c_out * sizeof *sums);
		for (size_t j = 0; j < n; j++) {
			const double factor = tap_at(&c->rule, p, j);
			for (size_t co = 0; co < c->c_out; co++)
				sums[co] += factor * (double)taps[j * c->c_out + co];
		}
		for (size_t co = 0; co < c->c_out; co += c->width)
			for (size_t i = 0; i < c->width; i++)
				out[co / c->width * group + i] = (float)sums[co + i];
	}
}

static int make_points(s2_short_conv *s, const s2_conv1d *c, s2st_precision precision, s2_arena *a, s2_arena *temp,
		       s2st_error *err)
{
	const bool narrow = precision != S2ST_FP32;
	float *taps, *points, *bias, *scale;
	double *sums;
	size_t matrices = s->rule.points * s->chunks;
	const ptrdiff_t size = (ptrdiff_t)s2_dtype_size(c->dtype);
	S2_ALLOC(taps, temp, c->k, c->c_out, err);
	S2_ALLOC(sums, temp, c->c_out, 1, err);
	S2_ALLOC(bias, a, c->c_out, 1, err);
	S2_ALLOC(scale, a, c->c_out, 1, err);
	S2_ALLOC(points, narrow ? temp : a, matrices * c->c_in, c->c_out, err);
	for (size_t ci = 0; ci < c->c_in; ci++) {
		for (size_t j = 0; j < c->k; j++) {
			ptrdiff_t at = (ptrdiff_t)ci * c->strides[1] + (ptrdiff_t)j * c->strides[2];
			s2_to_f32_strided(taps + j * c->c_out, (const char *)c->w + at * size, c->dtype, c->strides[0],
					  c->c_out);
		}
		for (size_t chunk = 0; chunk < s->chunks; chunk++)
			evaluate(s, points, taps + chunk * s->rule.taps * c->c_out,
				 s2_min(s->rule.taps, c->k - chunk * s->rule.taps), sums, chunk, ci);
	}
	for (size_t co = 0; co < c->c_out; co++) {
		bias[co] = c->bias ? c->bias[co] : 0;
		scale[co] = 1;
	}
	s->bias = bias;
	s->scale = scale;
	if (narrow)
		return s2_short_narrow(s, points, a, err);
	s->points = points;
	return S2ST_OK;
}

bool s2_short_conv_suits(const s2_conv1d *c)
{
	return c->stride == 1 && c->groups == 1 && c->k >= 3 && c->k <= MAX_TAPS && c->c_in % LANES == 0 &&
	       c->c_out % LANES == 0;
}

int s2_short_conv_new(const s2_short_conv **out, const s2_conv1d *c, s2st_precision precision, s2_arena *a,
		      s2st_error *err)
{
	s2_short_conv *s;
	S2_ZALLOC(s, a, 1, 1, err);
	s2_arena *temp = s2_arena_new();
	if (!temp)
		return s2_fail_mem(err, "a convolution's weights");
	s->c_in = c->c_in;
	s->c_out = c->c_out;
	s->width = c->c_out % (2 * (size_t)LANES) ? LANES : 2 * (size_t)LANES;
	s->pad = c->pad;
	s->dilation = c->dilation;
	make_rule(&s->rule, taps_of(c->k));
	s->chunks = (c->k + s->rule.taps - 1) / s->rule.taps;
	int rc = make_points(s, c, precision, a, temp, err);
	s2_arena_free(temp);
	*out = s;
	return rc;
}

/* ---- ranges ----------------------------------------------------------------------------------------------------- */

static size_t all_taps(const s2_short_conv *c)
{
	return c->chunks * c->rule.taps;
}

void s2_short_conv_inputs(const s2_short_conv *c, size_t first, size_t end, size_t len, size_t *from, size_t *to)
{
	const size_t step = ROWS * c->dilation, last = (end + step - 1) / step * step + (all_taps(c) - 1) * c->dilation;
	first = first / step * step;
	*from = first < c->pad ? 0 : first - c->pad;
	*to = s2_min(last < c->pad ? 0 : last - c->pad, len);
}

size_t s2_short_conv_reach(const s2_short_conv *c)
{
	return ROWS * c->dilation + s2_max(c->pad, (all_taps(c) - 1) * c->dilation - s2_min(c->pad, all_taps(c) - 1));
}

size_t s2_short_conv_work(const s2_short_conv *c)
{
	return c->rule.points * ((TILES + c->chunks) * c->c_in + TILES * c->c_out) + s2_max(c->c_in, c->c_out);
}

/* ---- forward ---------------------------------------------------------------------------------------------------- */

/* Tile i of the signal that begins at row `phase` and takes every d-th. Tiles are computed in the order of step(): all
 * that hold an output of a phase, up to `end`, and the chunks - 1 beyond, then the next phase. */
typedef struct place {
	size_t phase, i, end;
} place;

/* TILES outputs, and the chunks - 1 tiles that the last of them reads beyond. */
typedef struct block {
	const s2_exec *x;
	const s2_short_conv *c;
	const s2_short_signal *s;
	float *values;   /* [points, TILES + chunks - 1, c_in], or words of the same, half as many */
	s2_run *runs;    /* [TILES + chunks - 1], of words */
	float *products; /* [points, c_out / width, TILES, width] */
	float *zeros;    /* [c_in] */
	place at[TILES + MAX_TAPS];
	size_t tiles; /* of outputs */
} block;

/* The first place of `phase`, or of the next that holds an output; phase c->dilation: there is none. */
static place start_of(const s2_short_conv *c, const s2_short_signal *s, size_t phase)
{
	const size_t d = c->dilation;
	for (; phase < d; phase++) {
		const size_t u0 = s->first > phase ? (s->first - phase + d - 1) / d : 0,
			     u1 = s->end > phase ? (s->end - phase + d - 1) / d : 0;
		if (u1 > u0)
			return (place){phase, u0 / ROWS, (u1 + ROWS - 1) / ROWS};
	}
	return (place){d, 0, 0};
}

static place step(const s2_short_conv *c, const s2_short_signal *s, place p)
{
	return p.i + 1 < p.end + c->chunks - 1 ? (place){p.phase, p.i + 1, p.end} : start_of(c, s, p.phase + 1);
}

static uint32_t *words_of(const block *b)
{
	return (uint32_t *)(void *)b->values;
}

static void transform_in(void *arg, size_t tile, int worker)
{
	(void)worker;
	const block *b = arg;
	const s2_short_conv *c = b->c;
	const s2_short_signal *s = b->s;
	const place p = b->at[tile];
	const float *rows[S2_SHORT_POINTS];
	for (size_t j = 0; j < c->rule.points; j++) {
		const size_t padded = p.phase + (p.i * ROWS + j) * c->dilation, t = padded - c->pad;
		const bool inside = padded >= c->pad && t >= s->in_first && t < s->in_end;
		rows[j] = inside ? s->in + (t - s->in_first) * c->c_in : b->zeros;
	}
	const size_t ld = (TILES + c->chunks - 1) * c->c_in;
	if (c->words)
		b->runs[tile] = b->x->k->short_words(words_of(b) + tile * c->c_in / 2, ld / 2, rows, c->c_in, &c->rule,
						     s->in_slope);
	else
		b->x->k->short_in(b->values + tile * c->c_in, ld, rows, c->c_in, &c->rule, s->in_slope);
}

/* One group of output channels at one point, in int16. */
static void multiply_words(void *arg, size_t i, int worker)
{
	(void)worker;
	const block *b = arg;
	const s2_short_conv *c = b->c;
	const s2_reduced_kernels *k = b->x->k->int16;
	const size_t p = i / (c->c_out / c->width), words = c->c_in / 2;
	float *out = b->products + i * TILES * c->width;
	for (size_t j = 0; j < c->width; j += k->nr)
		for (size_t t = 0; t < b->tiles; t += k->mr) {
			const s2_reduced_tile tile = {
				.a = words_of(b) + (p * (TILES + c->chunks - 1) + t) * words,
				.row = words,
				.tap = words,
				.taps = c->chunks,
				.words = words,
				.panel = c->words + i * c->chunks * words * S2_PANEL + j,
				.acc = out + t * c->width + j,
				.ld_acc = c->width,
				.rows = s2_min(k->mr, b->tiles - t),
				.cols = s2_min(k->nr, c->width - j),
				.runs = b->runs + t,
				.run_row = 1,
				.run_tap = 1,
			};
			k->tile(&tile);
		}
}

/* One group of output channels at one point. */
static void multiply(void *arg, size_t i, int worker)
{
	const block *b = arg;
	const s2_short_conv *c = b->c;
	const size_t p = i / (c->c_out / c->width), extra = c->chunks - 1, chain = c->chunks * c->c_in;
	float *out = b->products + i * TILES * c->width;
	const s2_left left = {.x = b->values + p * (TILES + extra) * c->c_in,
			      .len = b->tiles + extra,
			      .ld = c->c_in,
			      .taps = c->chunks,
			      .c = c->c_in,
			      .stride = 1,
			      .dilation = 1};
	const s2_right right = {.w = c->points + i * chain * c->width,
				.dtype = S2_F32,
				.sn = 1,
				.st = (ptrdiff_t)(c->c_in * c->width),
				.sc = (ptrdiff_t)c->width};
	s2_gemm_worker(b->x, worker, out, c->width, b->tiles, c->width, &left, &right, NULL);
}

static void transform_out(void *arg, size_t tile, int worker)
{
	(void)worker;
	const block *b = arg;
	const s2_short_conv *c = b->c;
	const s2_short_signal *s = b->s;
	const place p = b->at[tile];
	if (p.i >= p.end) /* beyond its phase */
		return;
	float *rows[ROWS];
	const float *residual[ROWS];
	for (size_t j = 0; j < ROWS; j++) {
		const size_t t = p.phase + (p.i * ROWS + j) * c->dilation, at = (t - s->first) * c->c_out;
		const bool wanted = t >= s->first && t < s->end;
		rows[j] = wanted ? s->out + at : NULL;
		residual[j] = wanted && s->residual ? s->residual + at : b->zeros;
	}
	const s2_short_out o = {.rows = rows,
				.residual = residual,
				.scale = c->scale,
				.bias = c->bias,
				.slope = s->out_slope,
				.width = c->width,
				.next = TILES * c->width};
	b->x->k->short_out(&o, b->products + tile * c->width, TILES * c->c_out, c->c_out, &c->rule);
}

void s2_short_conv_forward(const s2_exec *x, const s2_short_conv *c, const s2_short_signal *s, float *work)
{
	const size_t extra = c->chunks - 1, widest = s2_max(c->c_in, c->c_out);
	s2_run runs[TILES + MAX_TAPS];
	block b = {.x = x, .c = c, .s = s, .zeros = work, .values = work + widest, .runs = runs};
	b.products = b.values + c->rule.points * (TILES + extra) * c->c_in;
	memset(b.zeros, 0, widest * sizeof *b.zeros);
	for (place p = start_of(c, s, 0); p.phase < c->dilation;) {
		size_t n = 0;
		for (; n < TILES + extra && p.phase < c->dilation; p = step(c, s, p))
			b.at[n++] = p;
		if (n <= extra) /* what is left lies beyond the last output */
			return;
		b.tiles = n - extra;
		s2_pool_run(x->pool, n, transform_in, &b);
		s2_pool_run(x->pool, c->rule.points * (c->c_out / c->width), c->words ? multiply_words : multiply, &b);
		s2_pool_run(x->pool, b.tiles, transform_out, &b);
		p = step(c, s, b.at[b.tiles - 1]);
	}
}
