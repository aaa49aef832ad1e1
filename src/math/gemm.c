/* How a matrix product is cut up.
 *
 *   jobs      rectangles of the output, shared out over the threads: nobody splits a sum
 *   columns   of a job in strips whose packed panels fit the L2 cache
 *   chain     in blocks of at most KC; between blocks the sums wait in a strip buffer, so that `out` may be read as the
 *             residual until it is written once, at the end
 *   tiles     mr x nr, held in registers; the left operand is read where it lies
 *
 * The left rows are copied (zeros where the signal ends) only for tiles that touch padding, or whose rows lie so that
 * they would all fall into the same sets of the L1 cache. */
#include "math/gemm.h"

#include <stdint.h>
#include <string.h>

#include "base/size.h"
#include "math/kernels.h"
#include "math/packed.h"

enum {
	KC = 384,                    /* longest block of the chain */
	KC_WHOLE = 768,              /* a chain up to this is one block: no sums have to wait */
	KC_FEW = 3072,               /* the same for few rows: the weights come in long runs, as memory likes it */
	STRIP = 98304,               /* floats of packed panels: 384 KiB */
	STRIP_COLS = STRIP / KC,     /* columns of a strip when the chain has several blocks */
	SUMS = 86016,                /* floats of waiting sums: 336 rows of 256 */
	GATHER_LD = KC_FEW + 16,     /* copied left rows; the odd distance spreads them over cache sets */
	GATHER = S2_MAX_MR * GATHER_LD,
	TILE = S2_MAX_MR * S2_MAX_NR,
	ALONE = 1 << 16, /* multiply-adds that are not worth a loop of the crew */
	SMALL = 1 << 20, /* and that are worth one job a thread, no more */
};

typedef struct product {
	const s2_kernels *k;
	float *const *pack; /* of each worker */
	float *out;
	size_t ldo, m, n;
	s2_left a;
	s2_right b;
	s2_epilogue e;
	const float *same_bias; /* [nr] copies of the one bias of a turned product, in place of e.bias */
	size_t chain; /* taps * c */
	size_t a_run; /* consecutive floats of a left row: c, or the whole chain when taps follow each other */
	size_t b_run; /* chain positions at distance b_step in the right operand */
	ptrdiff_t b_step;
	size_t block;              /* chain positions of a block */
	bool few;                  /* rows: a panel is used a few times, and at once */
	bool direct;               /* few rows, and a weight so plain that it is used unpacked */
	bool ready;                /* the weight lies as its one panel would */
	bool plain;                /* tiles lie in `out` as they are computed, and nothing is left to do to them */
	size_t job_rows, job_cols; /* multiples of mr, nr (direct: nr / 2) */
	size_t col_jobs;
} product;

_Static_assert(KC_FEW * S2_MAX_NR <= STRIP, "a panel of the longest block does not fit");

typedef struct buffers {
	float *panels, *sums, *gather, *tile; /* STRIP, SUMS, GATHER, TILE floats */
} buffers;

size_t s2_gemm_pack_floats(void)
{
	return STRIP + SUMS + GATHER + TILE;
}

/* A part of a job: rows [i0, i1) and columns [j0, j1) of the output. */
typedef struct part {
	size_t i0, i1, j0, j1;
	size_t k0, k1; /* block of the chain */
} part;

/* ---- operands ---------------------------------------------------------------------------------------------------- */

static size_t parts_of(size_t n, size_t size)
{
	return (n + size - 1) / size;
}

/* Do the taps of a left row follow each other in memory? */
static bool is_adjacent(const s2_left *a)
{
	return a->taps == 1 || (a->dilation == 1 && a->ld == a->c);
}

static size_t block_end(const product *p, size_t k0)
{
	size_t run_end = (k0 / p->a_run + 1) * p->a_run;
	return s2_min(k0 + p->block, p->block < p->a_run ? run_end : p->chain);
}

static void pack_panel(const product *p, float *panel, size_t j, size_t cols, size_t k0, size_t k1)
{
	const s2_right *b = &p->b;
	ptrdiff_t size = (ptrdiff_t)s2_dtype_size(b->dtype);
	for (size_t k = k0, n; k < k1; k += n) {
		size_t tap = k / p->b_run, i = k % p->b_run;
		n = s2_min(k1 - k, p->b_run - i);
		ptrdiff_t at = (ptrdiff_t)j * b->sn + (ptrdiff_t)tap * b->st + (ptrdiff_t)i * p->b_step;
		p->k->pack(panel + (k - k0) * p->k->nr, (const char *)b->w + at * size, b->dtype, b->sn, p->b_step,
			   cols, n);
	}
}

/* Position in the signal of tap j of row t; outside [0, len) it reads as zero. */
static ptrdiff_t signal_row(const s2_left *a, size_t t, size_t j)
{
	return (ptrdiff_t)(t * a->stride + j * a->dilation) - a->pad;
}

static void gather_rows(const s2_left *a, float *dst, size_t t0, size_t rows, size_t k0, size_t k1)
{
	for (size_t r = 0; r < rows; r++, dst += GATHER_LD)
		for (size_t k = k0, n; k < k1; k += n) {
			size_t i = k % a->c;
			ptrdiff_t at = signal_row(a, t0 + r, k / a->c);
			n = s2_min(k1 - k, a->c - i);
			if (at < 0 || (size_t)at >= a->len)
				memset(dst + (k - k0), 0, n * sizeof *dst);
			else
				memcpy(dst + (k - k0), a->x + (size_t)at * a->ld + i, n * sizeof *dst);
		}
}

/* Row distances that are a multiple of 2 KiB leave a tile's rows two or fewer sets of the L1 cache. */
static bool crowded(size_t row_floats, size_t rows)
{
	return rows > 4 && row_floats % 512 == 0;
}

/* Sets the left operand of tile rows [i, i + t->rows). */
static void point_left(const product *p, s2_tile *t, float *gather, size_t i, size_t k0, size_t k1)
{
	const s2_left *a = &p->a;
	size_t row = a->stride * a->ld;
	bool inside = signal_row(a, i, 0) >= 0 && signal_row(a, i + t->rows - 1, a->taps - 1) < (ptrdiff_t)a->len;
	if (inside && !crowded(row, t->rows) && (!p->direct || p->a_run == p->chain)) {
		size_t tap = k0 / p->a_run;
		t->c = s2_min(p->a_run, k1 - k0);
		t->taps = (k1 - k0) / s2_max(t->c, 1);
		t->row = row;
		t->tap = a->dilation * a->ld;
		t->a = a->x + (size_t)signal_row(a, i, tap) * a->ld + k0 % p->a_run;
	} else {
		gather_rows(a, gather, i, t->rows, k0, k1);
		t->c = k1 - k0;
		t->taps = 1;
		t->row = GATHER_LD;
		t->tap = 0;
		t->a = gather;
	}
}

/* ---- tiles ------------------------------------------------------------------------------------------------------- */

static void load_old(const product *p, const s2_tile *t, size_t i, size_t j)
{
	for (size_t r = 0; r < t->rows; r++) {
		memcpy(t->acc + r * p->k->nr, p->out + (i + r) * p->ldo + j, t->cols * sizeof(float));
		memset(t->acc + r * p->k->nr + t->cols, 0, (p->k->nr - t->cols) * sizeof(float));
	}
}

static void finish_tile(const product *p, const s2_tile *t, size_t i, size_t j)
{
	const s2_epilogue *e = &p->e;
	s2_finish f = {
		.out = p->out + i * p->ldo + j,
		.ldo = p->ldo,
		.acc = t->acc,
		.rows = t->rows,
		.cols = t->cols,
		.bias = p->same_bias ? p->same_bias : e->bias ? e->bias + j : NULL,
		.residual = e->residual ? e->residual + i * e->ld_residual + j : NULL,
		.ld_residual = e->ld_residual,
		.act = e->act,
		.slope = e->slope,
		.scale = e->scale,
	};
	p->k->finish(&f);
}

static void run_tile(const product *p, const s2_tile *t, size_t j, size_t k0)
{
	if (!p->direct) {
		p->k->tile(t);
		return;
	}
	s2_right b = p->b;
	ptrdiff_t at = (ptrdiff_t)j * b.sn + (ptrdiff_t)k0;
	b.w = (const char *)b.w + at * (ptrdiff_t)s2_dtype_size(b.dtype);
	p->k->direct(t, &b);
}

/* One block of the chain for all tiles of a part. */
static void run_tiles(const product *p, const buffers *buf, const part *s)
{
	size_t nr = p->k->nr, kc = s->k1 - s->k0;
	/* Turning a weight's blocks costs the same for any number of rows: they are spread evenly over the passes. */
	size_t mr = p->direct ? parts_of(p->m, parts_of(p->m, p->k->mr)) : p->k->mr;
	bool single = s->k0 == 0 && s->k1 == p->chain;
	float *sums = buf->sums;
	for (size_t i = s->i0; i < s->i1; i += mr) {
		s2_tile t = {.rows = s2_min(mr, s->i1 - i), .acc = buf->tile};
		point_left(p, &t, buf->gather, i, s->k0, s->k1);
		for (size_t j = s->j0; j < s->j1; j += nr) {
			t.cols = s2_min(nr, s->j1 - j);
			t.panel = p->ready ? (const float *)p->b.w + s->k0 * nr : buf->panels + (j - s->j0) * kc;
			if (!single) {
				t.acc = sums;
				sums += mr * nr;
			}
			if (single && p->plain)
				t.acc = p->out + i * nr;
			if (s->k0 == 0 && p->e.accumulate)
				load_old(p, &t, i, j);
			t.resume = s->k0 > 0 || p->e.accumulate;
			run_tile(p, &t, j, s->k0);
			if (s->k1 == p->chain && !(single && p->plain))
				finish_tile(p, &t, i, j);
		}
	}
}

static void run_part(const product *p, const buffers *buf, part s)
{
	size_t nr = p->k->nr;
	s.k0 = 0;
	do {
		s.k1 = block_end(p, s.k0);
		for (size_t j = s.j0; j < s.j1 && !p->direct && !p->ready; j += nr)
			pack_panel(p, buf->panels + (j - s.j0) * (s.k1 - s.k0), j, s2_min(nr, s.j1 - j), s.k0, s.k1);
		run_tiles(p, buf, &s);
		s.k0 = s.k1;
	} while (s.k0 < p->chain);
}

static void run_job(void *arg, size_t index, int worker)
{
	const product *p = arg;
	float *memory = p->pack[worker];
	buffers buf = {memory, memory + STRIP, memory + STRIP + SUMS, memory + STRIP + SUMS + GATHER};
	size_t mr = p->k->mr, nr = p->k->nr, row_job = index / p->col_jobs, col_job = index % p->col_jobs;
	size_t i1 = s2_min(p->m, (row_job + 1) * p->job_rows), j1 = s2_min(p->n, (col_job + 1) * p->job_cols);
	bool single = p->block >= p->chain;
	size_t cols = single ? STRIP / s2_max(p->chain, 1) / nr * nr : STRIP_COLS;
	if (p->direct)
		cols = SUMS / (mr * nr) * nr;
	else if (p->few)
		cols = nr;
	size_t rows = single ? p->job_rows : SUMS / cols / mr * mr;
	for (size_t j = col_job * p->job_cols; j < j1; j += cols)
		for (size_t i = row_job * p->job_rows; i < i1; i += rows)
			run_part(p, &buf, (part){i, s2_min(i + rows, i1), j, s2_min(j + cols, j1), 0, 0});
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* What of the operands lies together, and the blocks of the chain: equal ones that end at the ends of the left runs, so
 * that a block is one run (or a part of one) or whole runs. */
static void plan_chain(product *p)
{
	const s2_left *a = &p->a;
	const s2_right *b = &p->b;
	p->chain = a->taps * a->c;
	p->a_run = s2_max(is_adjacent(a) ? p->chain : a->c, 1);
	bool even = a->taps == 1 || a->c == 1 || b->st == b->sc * (ptrdiff_t)a->c;
	p->b_step = a->c == 1 && a->taps > 1 ? b->st : b->sc;
	p->b_run = s2_max(even ? p->chain : a->c, 1);

	p->few = p->m <= 4 * p->k->mr;
	bool vector_type = b->dtype == S2_F32 || b->dtype == S2_F16 || b->dtype == S2_BF16;
	p->direct = p->few && vector_type && p->b_step == 1 && p->b_run >= p->chain;

	p->ready = p->n == p->k->nr && b->dtype == S2_F32 && b->sn == 1 && p->b_step == (ptrdiff_t)p->n &&
		   p->b_run >= p->chain && (uintptr_t)b->w % 64 == 0;

	const s2_epilogue *e = &p->e;
	p->plain = p->n == p->k->nr && p->ldo == p->n && (uintptr_t)p->out % 64 == 0 && !e->bias && !e->act &&
		   e->scale == 1 && !e->residual && !e->accumulate && !p->same_bias;

	size_t longest = p->few ? KC_FEW : p->chain <= KC_WHOLE ? KC_WHOLE : KC;
	if (p->a_run > longest) {
		p->block = s2_round_up(parts_of(p->a_run, parts_of(p->a_run, longest)), 16);
	} else {
		size_t runs = p->chain / p->a_run, blocks = s2_max(parts_of(runs, longest / p->a_run), 1);
		p->block = parts_of(runs, blocks) * p->a_run;
	}
}

/* Four jobs a thread where there is enough to do. Columns are divided first: that repeats no packing. */
static void plan_jobs(product *p, size_t threads)
{
	const size_t mr = p->k->mr, nr = p->k->nr, work = p->m * p->n * p->chain, tiles = parts_of(p->m, mr);
	const size_t want = threads == 1 || work < ALONE ? 1 : work < SMALL ? threads : 4 * threads;
	const size_t grain = p->direct ? nr / 2 : nr; /* columns that are read side by side */
	const size_t grains = parts_of(p->n, grain), wide = p->few ? 1 : 4; /* that share a pass over the left rows */
	p->job_cols = parts_of(grains, s2_max(s2_min(want, grains / wide), 1)) * grain;
	p->col_jobs = parts_of(p->n, p->job_cols);
	size_t row_jobs = s2_max(s2_min(parts_of(want, p->col_jobs), tiles / 8), 1);
	p->job_rows = parts_of(tiles, row_jobs) * mr;
}

static void run_planned(const s2_exec *x, product *p, size_t threads)
{
	if (p->m == 0 || p->n == 0)
		return;
	plan_chain(p);
	plan_jobs(p, threads);
	size_t jobs = parts_of(p->m, p->job_rows) * p->col_jobs;
	if (jobs == 1)
		run_job(p, 0, 0);
	else
		s2_pool_run(x->pool, jobs, run_job, p);
}

/* Rows [t0, t1) of a product. */
static product some_rows(const product *p, size_t t0, size_t t1)
{
	product q = *p;
	q.m = t1 - t0;
	q.out += t0 * p->ldo;
	q.a.pad -= (ptrdiff_t)(t0 * p->a.stride);
	if (q.e.residual)
		q.e.residual += t0 * q.e.ld_residual;
	return q;
}

/* Rows [*t0, *t1) read no padding. */
static void inner_rows(const product *p, size_t *t0, size_t *t1)
{
	const s2_left *a = &p->a;
	ptrdiff_t stride = (ptrdiff_t)a->stride, end = (ptrdiff_t)a->len - signal_row(a, 0, a->taps - 1);
	ptrdiff_t first = a->pad > 0 ? (a->pad + stride - 1) / stride : 0;
	ptrdiff_t last = end > 0 ? (end + stride - 1) / stride : 0;
	*t0 = s2_min((size_t)first, p->m);
	*t1 = s2_max(s2_min((size_t)last, p->m), *t0);
}

/* A single output column over many rows (a vocoder's last convolution): the inner rows are computed as the turned
 * product, so that vectors run along the rows. False: this product is not of that kind. */
static bool run_column(const s2_exec *x, const product *p, size_t threads)
{
	const s2_left *a = &p->a;
	size_t chain = a->taps * a->c, t0, t1;
	if (p->n != 1 || p->ldo != 1 || !is_adjacent(a) || chain == 0 || chain > GATHER ||
	    (p->e.residual && p->e.ld_residual != 1))
		return false;
	inner_rows(p, &t0, &t1);
	if (t1 - t0 < S2_MAX_NR)
		return false;
	product before = some_rows(p, 0, t0), inner = some_rows(p, t0, t1), after = some_rows(p, t1, p->m);
	run_planned(x, &before, threads);
	run_planned(x, &after, threads);

	float *weight = p->pack[0] + STRIP + SUMS; /* the gather buffer: the turned product has nothing to gather */
	ptrdiff_t size = (ptrdiff_t)s2_dtype_size(p->b.dtype);
	for (size_t j = 0; j < a->taps; j++)
		s2_to_f32_strided(weight + j * a->c, (const char *)p->b.w + (ptrdiff_t)j * p->b.st * size, p->b.dtype,
				  p->b.sc, a->c);
	float bias[S2_MAX_NR];
	for (size_t i = 0; p->e.bias && i < S2_MAX_NR; i++)
		bias[i] = p->e.bias[0];
	inner.same_bias = p->e.bias ? bias : NULL;
	inner.n = inner.m;
	inner.ldo = inner.n;
	inner.m = 1;
	inner.a = s2_left_matrix(weight, 1, chain, chain);
	inner.b = s2_right_f32(a->x + (size_t)signal_row(a, t0, 0) * a->ld, a->stride * a->ld);
	run_planned(x, &inner, threads);
	return true;
}

static void multiply(const s2_exec *x, float *const *pack, size_t threads, float *out, size_t ldo, size_t m, size_t n,
		     const s2_left *a, const s2_right *b, const s2_epilogue *e)
{
	product p = {.k = x->k, .pack = pack, .out = out, .ldo = ldo, .m = m, .n = n, .a = *a, .b = *b};
	if (e)
		p.e = *e;
	if (p.e.scale == 0)
		p.e.scale = 1;
	if (b->packed)
		s2_gemm_packed(x, pack, threads, out, ldo, m, n, a, b->packed, &p.e);
	else if (!run_column(x, &p, threads))
		run_planned(x, &p, threads);
}

void s2_gemm(const s2_exec *x, float *out, size_t ldo, size_t m, size_t n, const s2_left *a, const s2_right *b,
	     const s2_epilogue *e)
{
	multiply(x, x->pack, x->threads, out, ldo, m, n, a, b, e);
}

void s2_gemm_worker(const s2_exec *x, int worker, float *out, size_t ldo, size_t m, size_t n, const s2_left *a,
		    const s2_right *b, const s2_epilogue *e)
{
	multiply(x, x->pack + worker, 1, out, ldo, m, n, a, b, e);
}
