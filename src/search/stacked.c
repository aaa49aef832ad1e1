#include "search/stacked.h"

#include <math.h>

#include "base/size.h"

int64_t s2_pack_units(const int32_t *tokens, size_t r, size_t vocab, size_t n_units)
{
	int64_t offset = (int64_t)(vocab - n_units), packed = 0;
	for (size_t i = 0; i < r; i++)
		packed = packed * (int64_t)n_units + (tokens[i] >= offset ? tokens[i] - offset : 0);
	return packed + offset;
}

static int check(const s2_stacked_decoder *d, s2st_error *err)
{
	if (d->n_units < 1 || d->n_units >= d->vocab || d->vocab > INT32_MAX)
		return s2_fail(err, S2ST_EINPUT, "stacked search: %zu units do not fit a vocabulary of %zu", d->n_units,
			       d->vocab);
	const int32_t special[] = {d->pad, d->eos, d->unk};
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (special[i] < 0 || (size_t)special[i] >= d->vocab)
			return s2_fail(err, S2ST_EINPUT,
				       "stacked search: special token %d is outside the vocabulary of %zu", special[i],
				       d->vocab);
	int64_t largest = 1;
	for (size_t i = 0; i < d->units_per_step; i++)
		if (__builtin_mul_overflow(largest, (int64_t)d->n_units, &largest))
			return s2_fail(err, S2ST_EINPUT,
				       "stacked search: %zu units of %zu a step do not fit one 64-bit token",
				       d->units_per_step, d->n_units);
	if (d->units_per_step < 1 || __builtin_add_overflow(largest, (int64_t)d->vocab, &largest))
		return s2_fail(err, S2ST_EINPUT, "stacked search: %zu units a step", d->units_per_step);
	return S2ST_OK;
}

/* The best token but pad and unk; the first of equals. -1: no log-probability is a number. */
static int32_t best_token(const s2_stacked_decoder *d, const float *lp)
{
	int32_t best = -1;
	for (int32_t v = 0; (size_t)v < d->vocab; v++) {
		if (v == d->pad || v == d->unk)
			continue;
		if (isnan(lp[v]))
			return -1;
		if (best < 0 || lp[v] > lp[best])
			best = v;
	}
	return best;
}

/* Writes the r tokens of one step and their scores. */
static int choose(const s2_stacked_decoder *d, size_t step, const float *log_probs, int32_t *tokens, float *scores,
		  s2st_error *err)
{
	for (size_t i = 0; i < d->units_per_step; i++) {
		const float *lp = log_probs + i * d->vocab;
		tokens[i] = best_token(d, lp);
		if (tokens[i] < 0)
			return s2_fail(err, S2ST_EMODEL, "stacked search: the decoder gave no number at step %zu",
				       step);
		scores[i] = lp[tokens[i]];
	}
	return S2ST_OK;
}

static int search(const s2_stacked_decoder *d, size_t max_len, s2_arena *a, s2_arena *scratch, s2_beam_hyp *hyp,
		  s2st_error *err)
{
	size_t r = d->units_per_step, room;
	if (!s2_add(max_len, r, &room))
		return s2_fail(err, S2ST_EINPUT, "stacked search: max_len %zu is too large", max_len);
	float *log_probs, *scores;
	int32_t *tokens;
	S2_ALLOC(tokens, a, room, 1, err);
	S2_ALLOC(scores, a, room, 1, err);
	S2_ALLOC(log_probs, scratch, r, d->vocab, err);

	int64_t packed = d->eos;
	size_t n = 0;
	bool found_eos = false;
	for (size_t step = 0; n < max_len && !found_eos; step++) {
		S2_TRY(d->step(d->self, step, packed, log_probs, err));
		S2_TRY(choose(d, step, log_probs, tokens + n, scores + n, err));
		packed = s2_pack_units(tokens + n, r, d->vocab, d->n_units);
		size_t end = n + r;
		while (n < end && tokens[n] != d->eos)
			n++;
		found_eos = n < end;
	}
	*hyp = (s2_beam_hyp){.tokens = tokens, .positional_scores = scores, .n = s2_min(n, max_len)};
	hyp->hit_max_len = n >= max_len;
	double sum = 0;
	for (size_t i = 0; i < hyp->n; i++)
		sum += (double)scores[i];
	hyp->score = (float)sum;
	return S2ST_OK;
}

int s2_stacked_search(const s2_stacked_decoder *d, size_t max_len, s2_arena *a, s2_arena *scratch, s2_beam_hyp *hyp,
		      s2st_error *err)
{
	S2_TRY(check(d, err));
	s2_mark mark = s2_arena_mark(scratch);
	int rc = search(d, max_len, a, scratch, hyp, err);
	if (a != scratch)
		s2_arena_reset(scratch, mark);
	return rc;
}
