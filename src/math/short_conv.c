#include "math/short_conv.h"

#include <string.h>

#include "base/size.h"
#include "math/kernels.h"

enum {
	ROWS = S2_SHORT_ROWS,
	TILES = 84, /* of a block: whole tiles of the matrix product, and rows enough for a weight that is read once */
	MAX_TAPS = 128,
	LANES = 16,
	PANEL = 2 * LANES,
};

/* ---- weights ---------------------------------------------------------------------------------------------------- */

/* The points of a pair, best first: few bits, spread over small and large. */
static const double pair_points[S2_SHORT_PAIRS] = {1, 2, 0.5, 1.5, 0.25};

static size_t taps_of(size_t k)
{
	return k == 2 ? 2 : k == 3 ? 3 : k == 7 ? 7 : ROWS;
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
	double finite[S2_SHORT_POINTS] = {0}, poly[S2_SHORT_POINTS];
	*r = (s2_short_rule){.taps = taps, .points = ROWS + taps - 1};
	r->zero = r->points % 2 == 0;
	r->pairs = (r->points - 1) / 2;
	const size_t n = r->points - 1;
	for (size_t q = 0; q < r->pairs; q++) {
		finite[2 * q] = pair_points[q];
		finite[2 * q + 1] = -pair_points[q];
	}
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

/* LANES of a chunk's n taps, `size` floats from one to the next, at all points, `next` floats apart. */
static void evaluate_lanes(const s2_short_rule *r, float *out, size_t next, const float *taps, size_t n, size_t size)
{
	for (size_t q = 0; q < r->pairs; q++, out += 2 * next) {
		double parts[2][LANES] = {{0}}, power = 1; /* of even taps, of odd ones */
		for (size_t j = 0; j < n; j++) {
			for (size_t i = 0; i < LANES; i++)
				parts[j % 2][i] += power * (double)taps[j * size + i];
			power *= pair_points[q];
		}
		for (size_t i = 0; i < LANES; i++) {
			out[i] = (float)(parts[0][i] + parts[1][i]);
			out[next + i] = (float)(parts[0][i] - parts[1][i]);
		}
	}
	if (r->zero) {
		memcpy(out, taps, LANES * sizeof *out);
		out += next;
	}
	if (n == r->taps)
		memcpy(out, taps + (n - 1) * size, LANES * sizeof *out);
	else
		memset(out, 0, LANES * sizeof *out);
}

/* The same of all `size` floats. */
static void evaluate(const s2_short_rule *r, float *out, size_t next, const float *taps, size_t n, size_t size)
{
	for (size_t at = 0; at < size; at += LANES)
		evaluate_lanes(r, out + at, next, taps + at, n, size);
}

/* Tap j of the panel that begins with output channel `co`, out [c_in / groups, width]; line [c_in / groups]. */
static void read_tap(const s2_short_conv *s, const s2_conv1d *c, float *out, float *line, size_t co, size_t j)
{
	const size_t channels = c->c_in / c->groups;
	for (size_t i = 0; i < s->width; i++) {
		const ptrdiff_t at = (ptrdiff_t)(co + i) * c->strides[0] + (ptrdiff_t)j * c->strides[2];
		s2_to_f32_strided(line, (const char *)c->w + at * (ptrdiff_t)s2_dtype_size(c->dtype), c->dtype,
				  c->strides[1], channels);
		for (size_t ci = 0; ci < channels; ci++)
			out[ci * s->width + i] = line[ci];
	}
}

/* Of every stride-th tap, in chunks; at stride 2 the tap between them as it is. */
static int make_points(s2_short_conv *s, const s2_conv1d *c, s2_arena *memory, s2_arena *temp, float **out,
		       s2st_error *err)
{
	const size_t k = (c->k + c->stride - 1) / c->stride, channels = c->c_in / c->groups, size = channels * s->width;
	float *taps, *line, *points, *odd = NULL;
	S2_ALLOC(taps, temp, k, size, err);
	S2_ALLOC(line, temp, channels, 1, err);
	S2_ALLOC(points, memory, s->rule.points * s->chunks * channels, c->c_out, err);
	if (c->stride == 2 && memory != temp)
		S2_ALLOC(odd, memory, channels, c->c_out, err);
	for (size_t co = 0; co < c->c_out; co += s->width) {
		for (size_t j = 0; j < k; j++)
			read_tap(s, c, taps + j * size, line, co, j * c->stride);
		for (size_t chunk = 0, j; j = chunk * s->rule.taps, j < k; chunk++)
			evaluate(&s->rule, points + (co * s->chunks + chunk * s->width) * channels,
				 s->chunks * channels * c->c_out, taps + j * size, s2_min(s->rule.taps, k - j), size);
		if (odd)
			read_tap(s, c, odd + co * channels, line, co, 1);
	}
	s->odd = odd;
	*out = points;
	return S2ST_OK;
}

static int make_weights(s2_short_conv *s, const s2_conv1d *c, s2st_precision precision, s2_arena *a, s2_arena *temp,
			s2st_error *err)
{
	const bool narrow = precision != S2ST_FP32;
	float *bias, *scale, *points;
	S2_ALLOC(bias, a, c->c_out, 1, err);
	S2_ALLOC(scale, a, c->c_out, 1, err);
	for (size_t co = 0; co < c->c_out; co++) {
		bias[co] = c->bias ? c->bias[co] : 0;
		scale[co] = 1;
	}
	s->bias = bias;
	s->scale = scale;
	S2_TRY(make_points(s, c, narrow ? temp : a, temp, &points, err));
	if (narrow && c->stride == 2) {
		const ptrdiff_t tap = c->strides[2] * (ptrdiff_t)s2_dtype_size(c->dtype);
		const s2_right odd = {.w = (const char *)c->w + tap,
				      .dtype = c->dtype,
				      .sn = c->strides[0],
				      .sc = c->strides[1]};
		S2_TRY(s2_pack(&s->odd_packed, a, precision, &odd, c->c_out, 1, c->c_in, err));
	}
	if (narrow)
		return s2_short_narrow(s, points, a, err);
	s->points = points;
	return S2ST_OK;
}

bool s2_short_conv_suits(const s2_conv1d *c, s2st_precision precision)
{
	if (c->c_in / c->groups % LANES || c->c_out / c->groups % LANES)
		return false;
	if (c->stride == 2)
		return c->k == 3 && c->groups == 1 && c->dilation == 1 &&
		       (precision == S2ST_FP32 || (precision == S2ST_BF16 && s2_packs(c->c_out, c->c_in)));
	return c->stride == 1 && c->k >= 3 && c->k <= MAX_TAPS;
}

int s2_short_conv_new(const s2_short_conv **out, const s2_conv1d *c, s2st_precision precision, s2_arena *a,
		      s2st_error *err)
{
	const size_t n = c->c_out / c->groups, k = (c->k + c->stride - 1) / c->stride;
	s2_short_conv *s;
	S2_ZALLOC(s, a, 1, 1, err);
	s2_arena *temp = s2_arena_new();
	if (!temp)
		return s2_fail_mem(err, "a convolution's weights");
	s->c_in = c->c_in;
	s->c_out = c->c_out;
	s->width = n % PANEL == 0 ? PANEL : precision == S2ST_FP32 ? n : LANES;
	s->stride = c->stride;
	s->pad = c->pad;
	s->dilation = c->dilation;
	s->groups = c->groups;
	make_rule(&s->rule, taps_of(k));
	s->chunks = (k + s->rule.taps - 1) / s->rule.taps;
	int rc = make_weights(s, c, precision, a, temp, err);
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
	const size_t step = ROWS * c->dilation, reach = (all_taps(c) - 1) * c->dilation,
		     last = ((end + step - 1) / step * step + reach - 1) * c->stride + 1;
	first = first / step * step * c->stride;
	*from = first < c->pad ? 0 : first - c->pad;
	*to = s2_min(last < c->pad ? 0 : last - c->pad, len);
}

size_t s2_short_conv_reach(const s2_short_conv *c)
{
	return ROWS * c->dilation + s2_max(c->pad, (all_taps(c) - 1) * c->dilation - s2_min(c->pad, all_taps(c) - 1));
}

/* From one row of values, or of their words, to the next. */
static size_t row_floats(const s2_short_conv *c)
{
	return c->words ? c->c_in / 2 : s2_left_ld(c->c_in);
}

static size_t values_floats(const s2_short_conv *c)
{
	return s2_round_up(c->rule.points * (TILES + c->chunks - 1) * row_floats(c), LANES);
}

static size_t odd_floats(const s2_short_conv *c)
{
	return c->stride == 2 ? (size_t)TILES * ROWS * s2_left_ld(c->c_in) : 0;
}

size_t s2_short_conv_work(const s2_short_conv *c)
{
	return s2_max(c->c_in, c->c_out) + values_floats(c) + odd_floats(c) + c->rule.points * TILES * c->c_out;
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
	float *values;   /* [points, TILES + chunks - 1, ld], or words of the same */
	float *odd;      /* [TILES, ROWS, odd_ld] */
	s2_run *runs;    /* [TILES + chunks - 1], of words */
	float *products; /* [points, c_out / width, TILES, width] */
	float *zeros;    /* [the larger of c_in, c_out] */
	size_t ld, odd_ld;
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

/* Row `padded` of the signal with its padding. */
static const float *row_at(const block *b, size_t padded)
{
	const s2_short_conv *c = b->c;
	const s2_short_signal *s = b->s;
	const size_t t = padded - c->pad;
	return padded >= c->pad && t >= s->in_first && t < s->in_end ? s->in + (t - s->in_first) * c->c_in : b->zeros;
}

static void transform_in(void *arg, size_t tile, int worker)
{
	(void)worker;
	const block *b = arg;
	const s2_short_conv *c = b->c;
	const s2_kernels *k = b->x->k;
	const place p = b->at[tile];
	const float slope = b->s->in_slope, *rows[S2_SHORT_POINTS];
	const size_t next = (TILES + c->chunks - 1) * b->ld;
	for (size_t j = 0; j < c->rule.points; j++)
		rows[j] = row_at(b, p.phase + (p.i * ROWS + j) * c->dilation * c->stride);
	if (c->words)
		b->runs[tile] = k->short_words(words_of(b) + tile * b->ld, next, rows, c->c_in, &c->rule, slope);
	else
		k->short_in(b->values + tile * b->ld, next, rows, c->c_in, &c->rule, slope);
	for (size_t j = 0; c->stride == 2 && j < ROWS; j++)
		k->activate(b->odd + (tile * ROWS + j) * b->odd_ld, row_at(b, (p.i * ROWS + j) * 2 + 1), c->c_in,
			    S2_ACT_LEAKY_RELU, slope);
}

/* One panel of output channels at one point, in int16. */
static void multiply_words(void *arg, size_t i, int worker)
{
	(void)worker;
	const block *b = arg;
	const s2_short_conv *c = b->c;
	const s2_reduced_kernels *k = b->x->k->int16;
	const size_t panels = c->c_out / c->width, p = i / panels, group = i % panels / (panels / c->groups),
		     words = c->c_in / c->groups / 2;
	float *out = b->products + i * TILES * c->width;
	for (size_t j = 0; j < c->width; j += k->nr)
		for (size_t t = 0; t < b->tiles; t += k->mr) {
			const s2_reduced_tile tile = {
				.a = words_of(b) + (p * (TILES + c->chunks - 1) + t) * b->ld + group * words,
				.row = b->ld,
				.tap = b->ld,
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

/* One panel of output channels at one point. */
static void multiply(void *arg, size_t i, int worker)
{
	const block *b = arg;
	const s2_short_conv *c = b->c;
	const size_t panels = c->c_out / c->width, p = i / panels, group = i % panels / (panels / c->groups),
		     channels = c->c_in / c->groups, rows = TILES + c->chunks - 1;
	float *out = b->products + i * TILES * c->width;
	const s2_left left = {.x = b->values + p * rows * b->ld + group * channels,
			      .len = b->tiles + c->chunks - 1,
			      .ld = b->ld,
			      .taps = c->chunks,
			      .c = channels,
			      .stride = 1,
			      .dilation = 1};
	const s2_right right = {.w = c->points + i * c->chunks * channels * c->width,
				.dtype = S2_F32,
				.sn = 1,
				.st = (ptrdiff_t)(channels * c->width),
				.sc = (ptrdiff_t)c->width};
	s2_gemm_worker(b->x, worker, out, c->width, b->tiles, c->width, &left, &right, NULL);
}

/* What a row has in the end, where the tile could not do it: before the odd rows' part the sum was not whole. */
static void close_row(const block *b, float *row, size_t t)
{
	const s2_short_signal *s = b->s;
	const s2_kernels *k = b->x->k;
	k->activate(row, row, b->c->c_out, s->gelu ? S2_ACT_GELU : S2_ACT_LEAKY_RELU, s->out_slope);
	if (s->residual && b->c->odd_packed)
		k->add_scaled(row, s->residual + (t - s->first) * b->c->c_out, b->c->c_out, 1);
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
	const bool later = s->gelu || c->stride == 2;
	for (size_t j = 0; j < ROWS; j++) {
		const size_t t = p.phase + (p.i * ROWS + j) * c->dilation, at = (t - s->first) * c->c_out;
		const bool wanted = t >= s->first && t < s->end;
		const float *add = c->odd_packed ? s->out : c->odd ? NULL : s->residual;
		rows[j] = wanted ? s->out + at : NULL;
		residual[j] = wanted && add ? add + at : b->zeros;
	}
	const s2_short_out o = {.rows = rows,
				.residual = residual,
				.scale = c->scale,
				.bias = c->odd ? b->zeros : c->bias,
				.slope = later ? 1 : s->out_slope,
				.width = c->width,
				.next = TILES * c->width};
	b->x->k->short_out(&o, b->products + tile * c->width, TILES * c->c_out, c->c_out, &c->rule);
	for (size_t j = 0; later && !c->odd && j < ROWS; j++)
		if (rows[j])
			close_row(b, rows[j], p.phase + (p.i * ROWS + j) * c->dilation);
}

/* The odd rows that belong to the block's outputs [*first, *end). */
static s2_left odd_rows(const block *b, size_t *first, size_t *end)
{
	const size_t start = b->at[0].i * ROWS;
	*first = s2_max(start, b->s->first);
	*end = s2_min(start + b->tiles * ROWS, b->s->end);
	return s2_left_matrix(b->odd + (*first - start) * b->odd_ld, *end - *first, b->c->c_in, b->odd_ld);
}

/* One panel of output channels gets the odd rows' part, and what follows the sum. */
static void add_odd(void *arg, size_t panel, int worker)
{
	const block *b = arg;
	const s2_short_conv *c = b->c;
	const s2_short_signal *s = b->s;
	size_t first, end;
	const s2_left left = odd_rows(b, &first, &end);
	const size_t co = panel * c->width, at = (first - s->first) * c->c_out + co;
	const s2_right right = {.w = c->odd + co * c->c_in, .dtype = S2_F32, .sn = 1, .sc = (ptrdiff_t)c->width};
	const s2_epilogue e = {.bias = c->bias + co,
			       .act = s->gelu ? S2_ACT_GELU : S2_ACT_LEAKY_RELU,
			       .slope = s->out_slope,
			       .residual = s->residual ? s->residual + at : NULL,
			       .ld_residual = c->c_out,
			       .accumulate = true};
	s2_gemm_worker(b->x, worker, s->out + at, c->c_out, end - first, c->width, &left, &right, &e);
}

/* The same in bf16, before the rest: it cannot be added to a sum. */
static void put_odd(const block *b)
{
	size_t first, end;
	const s2_left left = odd_rows(b, &first, &end);
	const s2_right right = {.packed = b->c->odd_packed};
	s2_gemm(b->x, b->s->out + (first - b->s->first) * b->c->c_out, b->c->c_out, end - first, b->c->c_out, &left,
		&right, NULL);
}

void s2_short_conv_forward(const s2_exec *x, const s2_short_conv *c, const s2_short_signal *s, float *work)
{
	const size_t extra = c->chunks - 1, widest = s2_max(c->c_in, c->c_out);
	s2_run runs[TILES + MAX_TAPS];
	block b = {.x = x, .c = c, .s = s, .zeros = work, .values = work + widest, .ld = row_floats(c), .runs = runs};
	b.odd_ld = s2_left_ld(c->c_in);
	b.odd = b.values + values_floats(c);
	b.products = b.odd + odd_floats(c);
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
		if (c->odd_packed)
			put_odd(&b);
		s2_pool_run(x->pool, b.tiles, transform_out, &b);
		if (c->odd)
			s2_pool_run(x->pool, c->c_out / c->width, add_odd, &b);
		p = step(c, s, b.at[b.tiles - 1]);
	}
}
