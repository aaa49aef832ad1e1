#include "math/step_attention.h"

#include <string.h>

#include "base/size.h"
#include "math/kernels.h"

enum { SMALL = 1 << 16 }; /* multiply-adds below which the caller works alone */

_Static_assert(S2_PAST_SLOTS == 32, "a bit of s2_step_keys.live for each slot");

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

size_t s2_past_block_floats(s2_step_heads h)
{
	size_t width, all;
	return s2_mul(h.heads, h.head_dim, &width) && s2_mul(width, (size_t)2 * S2_PAST_SLOTS, &all) ? all : 0;
}

/* Floats of one head: of its keys, and of both. */
static size_t source_keys(const s2_exec *x, s2_step_heads h, size_t n)
{
	return s2_round_up(n, x->k->nr) * h.head_dim;
}

static size_t source_head(const s2_exec *x, s2_step_heads h, size_t n)
{
	return source_keys(x, h, n) + s2_round_up(h.head_dim, x->k->nr) * n;
}

size_t s2_source_block_floats(const s2_exec *x, s2_step_heads h, size_t n)
{
	size_t floats, width;
	if (!s2_add(n, h.head_dim, &width) || !s2_add(width, 2 * x->k->nr, &width) || !s2_mul(width, width, &floats))
		return 0; /* more than a head has */
	return s2_mul(source_head(x, h, n), h.heads, &floats) ? floats : 0;
}

void s2_past_block_put(s2_step_heads h, float *block, size_t slot, const float *k, const float *v)
{
	const size_t hd = h.head_dim, plane = S2_PAST_SLOTS * hd;
	block += slot * hd;
	for (size_t i = 0; i < h.heads; i++, block += 2 * plane, k += hd, v += hd) {
		memcpy(block, k, hd * sizeof *k);
		memcpy(block + plane, v, hd * sizeof *v);
	}
}

void s2_source_block_fill(const s2_exec *x, s2_step_heads h, float *block, size_t n, const float *k, const float *v)
{
	const size_t nr = x->k->nr, hd = h.head_dim, ld = h.heads * hd;
	for (size_t i = 0; i < h.heads; i++, k += hd, v += hd) {
		for (size_t t = 0; t < n; t += nr, block += hd * nr)
			x->k->pack(block, k + t * ld, S2_F32, (ptrdiff_t)ld, 1, s2_min(nr, n - t), hd);
		for (size_t d = 0; d < hd; d += nr, block += n * nr)
			x->k->pack(block, v + d, S2_F32, 1, (ptrdiff_t)ld, s2_min(nr, hd - d), n);
	}
}

/* ---- heads of a sentence ----------------------------------------------------------------------------------------- */

typedef struct step {
	const s2_exec *x;
	const s2_step_attention_args *a;
	float *out;
	size_t parts;  /* tasks of a sentence, with some of its heads each */
	float *memory; /* [threads, per_worker] */
	size_t per_worker, most; /* most: tokens, rounded up to panels */
} step;

/* Memory is asked for part `i` of `n` of what a head has in its pasts. */
static void ask(const step *t, const s2_step_keys *s, size_t head, size_t i, size_t n)
{
	const size_t hd = t->a->h.head_dim, plane = S2_PAST_SLOTS * hd;
	for (size_t b = s->n_blocks * i / n; b < s->n_blocks * (i + 1) / n; b++) {
		if (!s->blocks[b])
			continue;
		const float *keys = s->blocks[b] + s->at + 2 * head * plane;
		for (uint32_t live = s->live[b]; live; live &= live - 1) {
			const float *slot = keys + (size_t)__builtin_ctz(live) * hd;
			for (size_t d = 0; d < hd; d += 16) {
				__builtin_prefetch(slot + d, 0, 2);
				__builtin_prefetch(slot + plane + d, 0, 2);
			}
		}
	}
}

/* One head over the pasts; the head that is next, if any, is asked for meanwhile. */
static void attend_past(const step *t, const s2_step_keys *s, size_t head, const s2_step_keys *next, size_t next_head,
			float *scores)
{
	const size_t hd = t->a->h.head_dim, width = t->a->h.heads * hd, plane = S2_PAST_SLOTS * hd;
	s2_past past = {.blocks = s->blocks, .n = s->n};
	for (size_t r = 0; r < s->rows; r++) {
		const size_t at = (s->first + r) * width + head * hd;
		past.place = s->past + r * s->ld_past;
		past.at = s->at + 2 * head * plane;
		t->x->k->past_scores(scores, t->a->q + at, &past, hd);
		t->x->k->softmax(scores, s->n);
		past.at += plane;
		t->x->k->past_values(t->out + at, scores, &past, hd);
		if (next && next->blocks)
			ask(t, next, next_head, r, s->rows);
	}
}

/* Up to mr hypotheses over the source: softmax(queries · keysᵀ) · values. */
typedef struct group {
	size_t head, first, rows; /* first: within the sentence */
	float *queries; /* [rows, head_dim] */
	float *tile;    /* [mr, nr] */
	float *row;     /* [n] of one hypothesis */
	float *scores;  /* [ceil(n / nr)][mr][nr] */
} group;

static void weigh(const step *t, const s2_step_keys *s, const group *g)
{
	const size_t nr = t->x->k->nr, panel = t->x->k->mr * nr;
	for (size_t r = 0; r < g->rows; r++) {
		float *scores = g->scores + r * nr;
		for (size_t i = 0; i < s->n; i += nr)
			memcpy(g->row + i, scores + i / nr * panel, s2_min(nr, s->n - i) * sizeof *scores);
		t->x->k->softmax(g->row, s->n);
		for (size_t i = 0; i < s->n; i += nr)
			memcpy(scores + i / nr * panel, g->row + i, s2_min(nr, s->n - i) * sizeof *scores);
		if (s->weights)
			memcpy(s->weights + (g->head * s->rows + g->first + r) * s->n, g->row, s->n * sizeof *scores);
	}
}

static void attend_group(const step *t, const s2_step_keys *s, const group *g)
{
	const s2_kernels *k = t->x->k;
	const size_t hd = t->a->h.head_dim, width = t->a->h.heads * hd, nr = k->nr, whole = s->n / nr;
	const float *block = s->source + g->head * source_head(t->x, t->a->h, s->n);
	s2_tile tile = {
		.a = g->queries, .row = hd, .taps = 1, .c = hd, .panel = block, .rows = g->rows, .acc = g->scores};
	for (size_t i = 0; i < s->n; i += nr, tile.panel += hd * nr, tile.acc += k->mr * nr) {
		tile.cols = s2_min(nr, s->n - i);
		k->tile(&tile);
	}
	weigh(t, s, g);
	float *out = t->out + (s->first + g->first) * width + g->head * hd;
	for (size_t d = 0; d < hd; d += nr, out += nr) {
		const size_t cols = s2_min(nr, hd - d);
		const float *values = block + source_keys(t->x, t->a->h, s->n) + d * s->n;
		tile = (s2_tile){.a = g->scores,
				 .row = nr,
				 .tap = k->mr * nr,
				 .taps = whole,
				 .c = nr,
				 .panel = values,
				 .acc = g->tile,
				 .rows = g->rows,
				 .cols = cols};
		k->tile(&tile);
		if (s->n % nr) {
			tile.a += whole * tile.tap;
			tile.panel += whole * nr * nr;
			tile.taps = 1;
			tile.c = s->n % nr;
			tile.resume = true;
			k->tile(&tile);
		}
		for (size_t r = 0; r < g->rows; r++)
			memcpy(out + r * width, g->tile + r * nr, cols * sizeof *out);
	}
}

static void attend_source(const step *t, const s2_step_keys *s, size_t head, float *memory)
{
	const size_t hd = t->a->h.head_dim, width = t->a->h.heads * hd, mr = t->x->k->mr, nr = t->x->k->nr;
	group g = {
		.head = head,
		.tile = memory,
		.scores = memory + mr * nr,
		.row = memory + mr * nr + mr * t->most,
		.queries = memory + mr * nr + (mr + 1) * t->most,
	};
	for (; g.first < s->rows; g.first += mr) {
		const float *q = t->a->q + (s->first + g.first) * width + head * hd;
		g.rows = s2_min(mr, s->rows - g.first);
		for (size_t r = 0; r < g.rows; r++) /* together: their distance would crowd them into few cache sets */
			memcpy(g.queries + r * hd, q + r * width, hd * sizeof *q);
		attend_group(t, s, &g);
	}
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static void attend_part(void *arg, size_t index, int worker)
{
	const step *t = arg;
	const size_t heads = t->a->h.heads, sentence = index / t->parts, part = index % t->parts;
	const size_t end = heads * (part + 1) / t->parts;
	const s2_step_keys *s = &t->a->sentences[sentence];
	float *memory = t->memory + (size_t)worker * t->per_worker;
	for (size_t head = heads * part / t->parts; head < end; head++) {
		const bool last = head + 1 == heads;
		const s2_step_keys *next = !last ? s : sentence + 1 < t->a->n_sentences ? s + 1 : NULL;
		if (s->source)
			attend_source(t, s, head, memory);
		else
			attend_past(t, s, head, next, last ? 0 : head + 1, memory);
	}
}

int s2_step_attention(const s2_exec *x, float *out, const s2_step_attention_args *a, s2st_error *err)
{
	const size_t mr = x->k->mr, nr = x->k->nr;
	step t = {.x = x, .a = a, .out = out};
	size_t work = 0;
	for (size_t i = 0; i < a->n_sentences; i++) {
		const s2_step_keys *s = &a->sentences[i];
		t.most = s2_max(t.most, s2_round_up(s->n, nr));
		work += s->rows * s->n * a->h.heads * a->h.head_dim;
	}
	t.parts = a->n_sentences > 2 * x->threads ? 1 : s2_min(a->h.heads, x->threads);
	t.per_worker = s2_round_up(mr * nr + (mr + 1) * t.most + mr * a->h.head_dim, 16);
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(t.memory, x->scratch, x->threads, t.per_worker, err);
	s2_pool_run(work < SMALL ? NULL : x->pool, a->n_sentences * t.parts, attend_part, &t);
	s2_arena_reset(x->scratch, mark);
	return S2ST_OK;
}
