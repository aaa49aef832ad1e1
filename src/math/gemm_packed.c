/* Products in reduced precision. The left operand becomes words block by block in the worker's own memory: each row of
 * the signal once, with zeros where it is padded, so that the taps of neighbouring rows share them as in the float32
 * product; row by row where the taps reach too far for that. A block stays in the L2 cache while the panels of the
 * weight pass over it. */
#include "math/packed.h"

#include <assert.h>
#include <string.h>

#include "base/size.h"
#include "math/kernels.h"

enum {
	TILE = S2_MAX_MR * S2_MAX_NR,
	BLOCK = 65536, /* words of the left operand made at one time, where several tiles' rows fit: 256 KiB */
	SMALL = 1 << 21, /* multiply-adds below which waking the crew costs more than it saves */
};

typedef struct product {
	const s2_kernels *k;
	const s2_reduced_kernels *r;
	float *const *pack; /* of each worker */
	float *out;
	size_t ldo, m, n;
	const s2_left *a;
	const s2_packed *w;
	const s2_epilogue *e;
	size_t ld;         /* words from one converted run to the next */
	bool apart;        /* each row has its taps for itself */
	size_t row, tap;   /* runs from one row, one tap to the next */
	size_t block_rows; /* converted at one time */
	size_t job_rows, job_cols, col_jobs;
} product;

/* Runs that `rows` rows read. */
static size_t runs_of(const product *p, size_t rows)
{
	return p->apart ? rows * p->a->taps : (rows - 1) * p->row + (p->a->taps - 1) * p->tap + 1;
}

/* ---- the left operand -------------------------------------------------------------------------------------------- */

typedef struct words {
	uint32_t *at;
	s2_run *runs;
} words;

static void convert_run(const product *p, words to, size_t run, ptrdiff_t position)
{
	const s2_left *a = p->a;
	uint32_t *at = to.at + run * p->ld;
	if (position >= 0 && (size_t)position < a->len) {
		to.runs[run] = p->r->convert(at, a->x + (size_t)position * a->ld, a->c);
		return;
	}
	to.runs[run] = (s2_run){0, 0};
	memset(at, 0, p->w->words * sizeof *at);
}

/* Rows [i, i + rows). */
static void convert_rows(const product *p, words to, size_t i, size_t rows)
{
	const s2_left *a = p->a;
	const ptrdiff_t first = (ptrdiff_t)(i * a->stride) - a->pad;
	const size_t n = runs_of(p, rows);
	for (size_t run = 0; run < n; run++) {
		const size_t at = p->apart ? run / a->taps * a->stride + run % a->taps * a->dilation : run;
		convert_run(p, to, run, first + (ptrdiff_t)at);
	}
}

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

static void finish_tile(const product *p, const s2_reduced_tile *t, size_t i, size_t j)
{
	const s2_epilogue *e = p->e;
	const s2_finish f = {
		.out = p->out + i * p->ldo + j,
		.ldo = p->ldo,
		.acc = t->acc,
		.rows = t->rows,
		.cols = t->cols,
		.bias = e->bias ? e->bias + j : NULL,
		.residual = e->residual ? e->residual + i * e->ld_residual + j : NULL,
		.ld_residual = e->ld_residual,
		.act = e->act,
		.slope = e->slope,
		.scale = e->scale,
	};
	p->k->finish(&f);
}

/* Columns [j, j + cols) of one tile's width, for the rows [i0, i1) that have been converted. */
static void run_columns(const product *p, words left, float *acc, size_t i0, size_t i1, size_t j, size_t cols)
{
	const s2_packed *w = p->w;
	const size_t panel = j / S2_PANEL * w->taps, column = j % S2_PANEL;
	s2_reduced_tile t = {
		.row = p->row * p->ld,
		.tap = p->tap * p->ld,
		.taps = w->taps,
		.words = w->words,
		.panel = w->panels + panel * w->words * S2_PANEL + column,
		.acc = acc,
		.ld_acc = p->k->nr,
		.run_row = p->row,
		.run_tap = p->tap,
		.cols = cols,
		.w_scale = w->scale ? w->scale + j : NULL,
		.w_sum = w->sum ? w->sum + panel * S2_PANEL + column : NULL,
	};
	for (size_t i = i0; i < i1; i += t.rows) {
		t.rows = s2_min(p->r->mr, i1 - i);
		t.a = left.at + (i - i0) * t.row;
		t.runs = left.runs + (i - i0) * t.run_row;
		p->r->tile(&t);
		finish_tile(p, &t, i, j);
	}
}

static void run_job(void *arg, size_t index, int worker)
{
	const product *p = arg;
	const size_t i1 = s2_min(p->m, (index / p->col_jobs + 1) * p->job_rows);
	const size_t j0 = index % p->col_jobs * p->job_cols, j1 = s2_min(p->n, j0 + p->job_cols);
	float *acc = p->pack[worker];
	for (size_t i = index / p->col_jobs * p->job_rows, end; i < i1; i = end) {
		end = s2_min(i + p->block_rows, i1);
		words left = {.runs = (s2_run *)(void *)(acc + TILE)};
		left.at = (uint32_t *)(void *)(left.runs + s2_round_up(runs_of(p, end - i), 8));
		convert_rows(p, left, i, end - i);
		for (size_t j = j0; j < j1; j += p->r->nr)
			run_columns(p, left, acc, i, end, j, s2_min(p->r->nr, j1 - j));
	}
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* Most rows whose runs, with an s2_run each, fit into `floats`; 0: not one. */
static size_t rows_within(const product *p, size_t floats)
{
	const size_t runs = (floats - 16) / (p->ld + sizeof(s2_run) / sizeof(float)), least = runs_of(p, 1);
	if (runs < least)
		return 0;
	return p->apart ? runs / least : (runs - least) / p->row + 1;
}

static void plan_blocks(product *p)
{
	const s2_left *a = p->a;
	const size_t room = s2_gemm_pack_floats() - TILE, mr = s2_max(p->r->mr, 1);
	/* Rows a multiple of 1 KiB apart share few sets of the L1 cache. */
	p->ld = p->w->words % 256 == 0 ? p->w->words + 16 : p->w->words;
	p->row = a->stride;
	p->tap = a->dilation;
	if (rows_within(p, room) < mr) {
		p->apart = true;
		p->row = a->taps;
		p->tap = 1;
	}
	size_t rows = rows_within(p, BLOCK);
	if (rows < 4 * mr)
		rows = s2_min(rows_within(p, room), 4 * mr);
	p->block_rows = rows > mr ? rows / mr * mr : s2_max(rows, 1);
}

/* Rows are divided first: columns in several jobs convert the same rows again. */
static void plan_jobs(product *p, size_t threads)
{
	const size_t panels = (p->n + S2_PANEL - 1) / S2_PANEL, tiles = (p->m + p->r->mr - 1) / p->r->mr;
	size_t want = 4 * threads;
	if (threads == 1 || p->m * p->n * p->w->taps * p->w->c < SMALL)
		want = 1;
	const size_t row_jobs = s2_max(s2_min(want, tiles / 2), 1);
	p->job_rows = (tiles + row_jobs - 1) / row_jobs * p->r->mr;
	const size_t col_jobs = s2_max(s2_min((want + row_jobs - 1) / row_jobs, panels), 1);
	p->job_cols = (panels + col_jobs - 1) / col_jobs * S2_PANEL;
	p->col_jobs = (p->n + p->job_cols - 1) / p->job_cols;
}

void s2_gemm_packed(const s2_exec *x, float *const *pack, size_t threads, float *out, size_t ldo, size_t m, size_t n,
		    const s2_left *a, const s2_packed *w, const s2_epilogue *e)
{
	product p = {
		.k = x->k,
		.r = w->precision == S2ST_BF16 ? x->k->bf16 : x->k->int8,
		.pack = pack,
		.out = out,
		.ldo = ldo,
		.m = m,
		.n = n,
		.a = a,
		.w = w,
		.e = e,
	};
	assert(!e->accumulate && a->taps * a->c == w->taps * w->c && n == w->n);
	if (m == 0 || n == 0)
		return;
	plan_blocks(&p);
	plan_jobs(&p, threads);
	const size_t jobs = (m + p.job_rows - 1) / p.job_rows * p.col_jobs;
	if (jobs == 1)
		run_job(&p, 0, 0);
	else
		s2_pool_run(x->pool, jobs, run_job, &p);
}
