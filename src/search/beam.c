/* The rules, in the order in which one step applies them (names as in fairseq's SequenceGenerator):
 *
 *  1. NaN becomes -inf; pad is never chosen; unk pays unkpen.
 *  2. step >= max_len: only eos.
 *  3. A prefix token (while step < max_len) is the only choice, pad in the prefix leaves it free; else step < min_len
 *     forbids eos. Where the prefix itself says eos, every beam becomes a copy of the first.
 *  4. no_repeat_ngram: no token that would close an n-gram of the hypothesis again (the first input token counts).
 *  5. Candidates: the best min(2 * beam, rows * vocab - 1) of log-prob + total, from one row on the first step.
 *  6. eos ends a hypothesis when it ranks among the first `beam` candidates, and while fewer than `beam` have ended.
 *  7. The sentence is over with `beam` ended hypotheses, or after step max_len.
 *  8. The next rows are the first `beam` candidates that are not eos, in rank order. Should there be too few (vocab <=
 *     2 * beam), ended ones fill up, and as many *ranks* are closed from then on: the reference's cands_to_ignore.
 *  9. score = total / (step + 1)^lenpen; positional scores are differences of totals; best first, equal scores in the
 *     order of ending.
 *
 * All sums and quotients are float32, in the reference's order, so that scores and ties agree with it. Equal candidates
 * rank by row, then by token; the reference leaves that to torch.topk, which promises nothing.
 *
 * One departure: rows at -inf can never end, so they are not fed to the decoder; without a live row the search stops,
 * where the reference would run to max_len and fail an assertion. With no_repeat_ngram 1 the reference forbids eos,
 * which is its first input token, and fails likewise: here that token does not count. */
#include "search/beam.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/size.h"

typedef struct candidate {
	float total;
	int32_t row, token;
} candidate;

typedef struct ended { /* a hypothesis: the path to row `row` of level step - 1, then eos */
	size_t step;
	int32_t row;
	float total, score;
} ended;

struct s2_beam {
	s2_beam_options opt;
	size_t vocab, beam;
	int32_t bos, pad, eos, unk;
	size_t step;
	size_t rows; /* live rows: those with a finite total are among them */
	bool over;

	/* Level s holds what step s chose: histories are paths, never copied. */
	int32_t *token, *parent; /* [max_len, beam] */
	float *total;            /* [max_len, beam] */

	ended *ended; /* [beam] */
	size_t n_ended;
	candidate *cands; /* [2 * beam], best first */
	bool *closed;     /* [beam] ranks that rule 8 closed */
	bool *taken;      /* [2 * beam] candidates that are eos or of a closed rank */
	int32_t *history; /* [max_len + 1] */
};

static int check_options(const s2_beam_decoder *ids, const s2_beam_options *o, s2st_error *err)
{
	const int32_t special[] = {ids->bos, ids->pad, ids->eos, ids->unk};
	if (ids->vocab < 2 || ids->vocab > INT32_MAX)
		return s2_fail(err, S2ST_EINPUT, "beam search: a vocabulary of %zu tokens, expected at least 2",
			       ids->vocab);
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (special[i] < 0 || (size_t)special[i] >= ids->vocab)
			return s2_fail(err, S2ST_EINPUT,
				       "beam search: special token %d is outside the vocabulary of %zu", special[i],
				       ids->vocab);
	if (o->beam < 1 || o->nbest < 1)
		return s2_fail(err, S2ST_EINPUT, "beam search: beam %d and nbest %d must be 1 or more", o->beam,
			       o->nbest);
	if (o->max_len >= INT32_MAX)
		return s2_fail(err, S2ST_EINPUT, "beam search: max_len %zu is too large", o->max_len);
	if (o->min_len > o->max_len)
		return s2_fail(err, S2ST_EINPUT, "beam search: min_len %zu is above max_len %zu", o->min_len,
			       o->max_len);
	if (!(o->temperature > 0) || !isfinite(o->temperature))
		return s2_fail(err, S2ST_EINPUT, "beam search: temperature %g must be above 0", o->temperature);
	if (!isfinite(o->lenpen) || !isfinite(o->unkpen))
		return s2_fail(err, S2ST_EINPUT, "beam search: lenpen %g and unkpen %g must be finite", o->lenpen,
			       o->unkpen);
	bool is_free = false; /* a free token before eos: the beams cannot all be the prefix */
	for (size_t i = 0; i < o->n_prefix; i++) {
		int32_t t = o->prefix[i];
		if (t < 0 || (size_t)t >= ids->vocab)
			return s2_fail(err, S2ST_EINPUT,
				       "beam search: prefix token %d is outside the vocabulary of %zu", t, ids->vocab);
		if (t == ids->eos && is_free)
			return s2_fail(err, S2ST_EINPUT,
				       "beam search: the prefix has a free token before its end of sentence");
		is_free = is_free || t == ids->pad;
	}
	return S2ST_OK;
}

int s2_beam_begin(s2_beam **out, const s2_beam_decoder *ids, const s2_beam_options *opt, s2_arena *scratch,
		  s2st_error *err)
{
	S2_TRY(check_options(ids, opt, err));
	s2_beam *b;
	S2_ZALLOC(b, scratch, 1, 1, err);
	b->opt = *opt;
	b->vocab = ids->vocab;
	b->bos = ids->bos, b->pad = ids->pad, b->eos = ids->eos, b->unk = ids->unk;
	b->beam = s2_min((size_t)opt->beam, b->vocab - 1);
	b->rows = 1;
	S2_ALLOC(b->token, scratch, opt->max_len, b->beam, err);
	S2_ALLOC(b->parent, scratch, opt->max_len, b->beam, err);
	S2_ALLOC(b->total, scratch, opt->max_len, b->beam, err);
	S2_ALLOC(b->ended, scratch, b->beam, 1, err);
	S2_ALLOC(b->cands, scratch, b->beam, 2, err);
	S2_ZALLOC(b->closed, scratch, b->beam, 1, err);
	S2_ALLOC(b->taken, scratch, b->beam, 2, err);
	S2_ALLOC(b->history, scratch, opt->max_len + 1, 1, err);
	*out = b;
	return S2ST_OK;
}

bool s2_beam_next(const s2_beam *b, s2_beam_rows *out)
{
	if (b->over)
		return false;
	*out = (s2_beam_rows){b->step, 1, &b->bos, NULL};
	if (b->step > 0) {
		size_t level = (b->step - 1) * b->beam;
		*out = (s2_beam_rows){b->step, b->rows, b->token + level, b->parent + level};
	}
	return true;
}

/* Tokens of the steps before `step` that lead to `row` of the level before it. */
static void trace(const s2_beam *b, size_t step, int32_t row, int32_t *tokens)
{
	for (size_t s = step; s-- > 0;) {
		size_t node = s * b->beam + (size_t)row;
		tokens[s] = b->token[node];
		row = b->parent[node];
	}
}

static void block_repeats(const s2_beam *b, int32_t row, float *lp)
{
	size_t n = (size_t)b->opt.no_repeat_ngram, n_known = b->step + 1;
	if (n_known < n)
		return;
	b->history[0] = b->bos;
	trace(b, b->step, row, b->history + 1);
	const int32_t *last = b->history + n_known - (n - 1);
	for (size_t i = n == 1 ? 1 : 0; i + n <= n_known; i++)
		if (memcmp(b->history + i, last, (n - 1) * sizeof *last) == 0)
			lp[b->history[i + n - 1]] = -INFINITY;
}

static bool prefix_applies(const s2_beam *b)
{
	return b->step < b->opt.n_prefix && b->step < b->opt.max_len;
}

static void keep_only(float *lp, size_t vocab, int32_t token)
{
	float kept = lp[token];
	for (size_t v = 0; v < vocab; v++)
		lp[v] = -INFINITY;
	lp[token] = kept;
}

/* Rules 1 to 4 on one row. */
static void constrain(const s2_beam *b, int32_t row, float *lp)
{
	for (size_t v = 0; v < b->vocab; v++)
		if (isnan(lp[v]))
			lp[v] = -INFINITY;
	lp[b->pad] = -INFINITY;
	lp[b->unk] -= (float)b->opt.unkpen;
	if (b->step >= b->opt.max_len)
		keep_only(lp, b->vocab, b->eos);
	if (prefix_applies(b)) {
		if (b->opt.prefix[b->step] != b->pad)
			keep_only(lp, b->vocab, b->opt.prefix[b->step]);
	} else if (b->step < b->opt.min_len) {
		lp[b->eos] = -INFINITY;
	}
	if (b->opt.no_repeat_ngram > 0)
		block_repeats(b, row, lp);
}

/* Rule 3, eos in the prefix: every row of the last level becomes the first. */
static void replicate_first(s2_beam *b)
{
	size_t first = (b->step - 1) * b->beam;
	for (size_t j = 1; j < b->beam; j++) {
		b->token[first + j] = b->token[first];
		b->parent[first + j] = b->parent[first];
		b->total[first + j] = b->total[first];
	}
	b->rows = b->beam;
}

/* Keeps the best `limit` candidates sorted; an equal one stays behind those that came before it. */
static void offer(candidate *cands, size_t *n, size_t limit, candidate c)
{
	size_t at = *n < limit ? (*n)++ : limit - 1;
	for (; at > 0 && cands[at - 1].total < c.total; at--)
		cands[at] = cands[at - 1];
	cands[at] = c;
}

/* Rule 5. Returns the candidates with a finite total: the others never matter. `stride` 0: all rows read the first. */
static size_t choose(s2_beam *b, const float *lp, size_t stride, size_t limit)
{
	const float *before = b->step > 0 ? b->total + (b->step - 1) * b->beam : NULL;
	size_t n = 0;
	for (size_t r = 0; r < b->rows; r++) {
		const float *row = lp + r * stride;
		for (size_t v = 0; v < b->vocab; v++) {
			float total = before ? row[v] + before[r] : row[v];
			float least = n == limit ? b->cands[n - 1].total : -INFINITY;
			if (total > least)
				offer(b->cands, &n, limit, (candidate){total, (int32_t)r, (int32_t)v});
		}
	}
	return n;
}

/* Rule 6; marks in `taken` what rule 8 must pass over. */
static void end_hypotheses(s2_beam *b, size_t n_finite, size_t n_cands)
{
	float length = b->opt.normalize ? (float)pow((double)(b->step + 1), b->opt.lenpen) : 1.0f;
	for (size_t i = 0; i < n_cands; i++) {
		bool is_eos = i < n_finite && b->cands[i].token == b->eos;
		bool is_closed = i < b->beam && b->closed[i];
		b->taken[i] = is_eos || is_closed;
		if (is_eos && !is_closed && i < b->beam && b->n_ended < b->beam)
			b->ended[b->n_ended++] =
				(ended){b->step, b->cands[i].row, b->cands[i].total, b->cands[i].total / length};
	}
}

static void put_row(s2_beam *b, size_t row, size_t i, size_t n_finite)
{
	candidate c = i < n_finite ? b->cands[i] : (candidate){-INFINITY, 0, b->pad};
	size_t node = b->step * b->beam + row;
	b->token[node] = c.token;
	b->parent[node] = c.row;
	b->total[node] = c.total;
	b->closed[row] = b->taken[i];
	if (c.total > -INFINITY)
		b->rows = row + 1;
}

/* Rule 8. */
static void extend(s2_beam *b, size_t n_finite, size_t n_cands)
{
	size_t row = 0;
	b->rows = 0;
	for (int taken = 0; taken < 2; taken++)
		for (size_t i = 0; i < n_cands && row < b->beam; i++)
			if (b->taken[i] == (taken == 1))
				put_row(b, row++, i, n_finite);
}

void s2_beam_feed(s2_beam *b, float *log_probs)
{
	for (size_t r = 0; r < b->rows; r++)
		constrain(b, (int32_t)r, log_probs + r * b->vocab);
	size_t stride = b->vocab;
	if (b->step > 0 && prefix_applies(b) && b->opt.prefix[b->step] == b->eos) {
		replicate_first(b);
		stride = 0;
	}
	size_t choices = (b->step > 0 ? b->beam : 1) * b->vocab; /* dead rows count, as in the reference */
	size_t n_cands = s2_min(2 * b->beam, choices - 1);
	size_t n_finite = choose(b, log_probs, stride, n_cands);
	end_hypotheses(b, n_finite, n_cands);
	if (b->n_ended == b->beam || b->step == b->opt.max_len) {
		b->over = true;
		return;
	}
	extend(b, n_finite, n_cands);
	b->over = b->rows == 0;
	b->step++;
}

/* Descending by score, stable. */
static void sort_ended(ended *e, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		ended x = e[i];
		size_t at = i;
		for (; at > 0 && e[at - 1].score < x.score; at--)
			e[at] = e[at - 1];
		e[at] = x;
	}
}

static int write_hyp(const s2_beam *b, const ended *e, s2_arena *a, s2_beam_hyp *h, s2st_error *err)
{
	h->n = e->step + 1;
	h->score = e->score;
	h->hit_max_len = e->step == b->opt.max_len;
	S2_ALLOC(h->tokens, a, h->n, 1, err);
	S2_ALLOC(h->positional_scores, a, h->n, 1, err);
	trace(b, e->step, e->row, h->tokens);
	h->tokens[e->step] = b->eos;
	float total = e->total;
	int32_t row = e->row;
	for (size_t s = e->step; s > 0; s--) {
		size_t node = (s - 1) * b->beam + (size_t)row;
		h->positional_scores[s] = total - b->total[node];
		total = b->total[node];
		row = b->parent[node];
	}
	h->positional_scores[0] = total;
	return S2ST_OK;
}

int s2_beam_finish(const s2_beam *b, s2_arena *a, s2_beam_hyp **hyps, size_t *n_hyps, s2st_error *err)
{
	if (b->n_ended == 0)
		return s2_fail(
			err, S2ST_EMODEL,
			"beam search: no path with a finite score reaches the end of the sentence within %zu tokens",
			b->opt.max_len);
	sort_ended(b->ended, b->n_ended);
	size_t n = s2_min((size_t)b->opt.nbest, b->n_ended);
	s2_beam_hyp *h;
	S2_ALLOC(h, a, n, 1, err);
	for (size_t i = 0; i < n; i++)
		S2_TRY(write_hyp(b, &b->ended[i], a, &h[i], err));
	*hyps = h;
	*n_hyps = n;
	return S2ST_OK;
}

static int run(const s2_beam_decoder *d, const s2_beam_options *opt, s2_arena *a, s2_arena *scratch, s2_beam_hyp **hyps,
	       size_t *n_hyps, s2st_error *err)
{
	s2_beam *b;
	S2_TRY(s2_beam_begin(&b, d, opt, scratch, err));
	float *log_probs;
	S2_ALLOC(log_probs, scratch, b->beam, b->vocab, err);
	s2_beam_rows rows;
	while (s2_beam_next(b, &rows)) {
		S2_TRY(d->step(d->self, rows.step, rows.tokens, rows.parent, rows.n, (float)opt->temperature, log_probs,
			       err));
		s2_beam_feed(b, log_probs);
	}
	return s2_beam_finish(b, a, hyps, n_hyps, err);
}

int s2_beam_search(const s2_beam_decoder *d, const s2_beam_options *opt, s2_arena *a, s2_arena *scratch,
		   s2_beam_hyp **hyps, size_t *n_hyps, s2st_error *err)
{
	s2_mark mark = s2_arena_mark(scratch);
	int rc = run(d, opt, a, scratch, hyps, n_hyps, err);
	if (a != scratch)
		s2_arena_reset(scratch, mark);
	return rc;
}
