#include "mine/margin.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

/* Mean similarity of each row to its neighbours; an approximate search may have found fewer than k. */
static int means_of(double **out, const s2_neighbours *l, s2_arena *a, s2st_error *err)
{
	S2_ALLOC(*out, a, l->n, 1, err);
	for (size_t i = 0; i < l->n; i++) {
		double sum = 0;
		size_t n = 0;
		for (; n < l->k && l->similarity[i * l->k + n] > -INFINITY; n++)
			sum += (double)l->similarity[i * l->k + n];
		(*out)[i] = n ? sum / (double)n : 0;
	}
	return S2ST_OK;
}

static double margin_of(s2st_margin margin, double similarity, double mean)
{
	double score = similarity;
	if (margin == S2ST_MARGIN_RATIO)
		score = similarity / mean;
	else if (margin == S2ST_MARGIN_DISTANCE)
		score = similarity - mean;
	return isfinite(score) ? score : -INFINITY;
}

typedef struct best {
	double score;
	uint32_t row;
} best;

/* For each row of `l` the candidate with the highest margin; of equal ones the nearer. */
static int bests_of(best **out, const s2_neighbours *l, const double *own, const double *other, s2st_margin margin,
		    s2_arena *a, s2st_error *err)
{
	S2_ALLOC(*out, a, l->n, 1, err);
	for (size_t i = 0; i < l->n; i++) {
		best b = {-INFINITY, l->row[i * l->k]};
		for (size_t j = i * l->k; j < (i + 1) * l->k; j++) {
			const uint32_t row = l->row[j];
			const double score = margin_of(margin, (double)l->similarity[j], (own[i] + other[row]) / 2);
			if (score > b.score)
				b = (best){score, row};
		}
		(*out)[i] = b;
	}
	return S2ST_OK;
}

static int compare_pairs(const void *a, const void *b)
{
	const s2_pair *p = a, *q = b;
	if (p->score != q->score)
		return p->score < q->score ? 1 : -1;
	if (p->source != q->source)
		return p->source < q->source ? -1 : 1;
	return (p->target > q->target) - (p->target < q->target);
}

/* From the best pair down, those of which neither row has been in one before. */
static int keep_unseen(s2_pair *pairs, size_t *n, size_t n_source, size_t n_target, s2_arena *a, s2st_error *err)
{
	unsigned char *seen_source, *seen_target;
	S2_ZALLOC(seen_source, a, n_source, 1, err);
	S2_ZALLOC(seen_target, a, n_target, 1, err);
	size_t kept = 0;
	for (size_t i = 0; i < *n; i++) {
		const s2_pair p = pairs[i];
		if (seen_source[p.source] || seen_target[p.target])
			continue;
		seen_source[p.source] = seen_target[p.target] = 1;
		pairs[kept++] = p;
	}
	*n = kept;
	return S2ST_OK;
}

int s2_margin_pairs(s2_pair **out, size_t *n, const s2_neighbours *forward, const s2_neighbours *backward,
		    s2st_margin margin, s2st_retrieval retrieval, double threshold, s2_arena *a, s2st_error *err)
{
	double *forward_means, *backward_means;
	best *to, *from;
	s2_pair *pairs;
	S2_ALLOC(pairs, a, forward->n + backward->n, 1, err); /* first: the rest is let go */
	s2_mark mark = s2_arena_mark(a);
	S2_TRY(means_of(&forward_means, forward, a, err));
	S2_TRY(means_of(&backward_means, backward, a, err));
	S2_TRY(bests_of(&to, forward, forward_means, backward_means, margin, a, err));
	S2_TRY(bests_of(&from, backward, backward_means, forward_means, margin, a, err));
	*n = 0;
	for (uint32_t i = 0; i < forward->n; i++) {
		const bool mutual = from[to[i].row].row == i;
		if (retrieval != S2ST_RETRIEVE_BACKWARD && (retrieval != S2ST_RETRIEVE_INTERSECTION || mutual) &&
		    to[i].score >= threshold && isfinite(to[i].score))
			pairs[(*n)++] = (s2_pair){to[i].score, i, to[i].row};
	}
	for (uint32_t j = 0; j < backward->n; j++)
		if ((retrieval == S2ST_RETRIEVE_BACKWARD || retrieval == S2ST_RETRIEVE_MAX) &&
		    from[j].score >= threshold && isfinite(from[j].score))
			pairs[(*n)++] = (s2_pair){from[j].score, from[j].row, j};
	qsort(pairs, *n, sizeof *pairs, compare_pairs);
	if (retrieval == S2ST_RETRIEVE_MAX)
		S2_TRY(keep_unseen(pairs, n, forward->n, backward->n, a, err));
	s2_arena_reset(a, mark);
	*out = pairs;
	return S2ST_OK;
}
