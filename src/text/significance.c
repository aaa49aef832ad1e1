/* Bootstrap resampling (Koehn 2004) with sacreBLEU's statistics (sacrebleu/significance.py): draw as many sentences as
 * there are, with replacement, sum their counts, score; again n_samples times. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/random.h"
#include "text/scorer.h"

static int check(const s2st_scorer *s, int n_samples, s2st_error *err)
{
	if (n_samples < 1)
		return s2_fail(err, S2ST_EINPUT, "bootstrap: %d samples, expected 1 or more", n_samples);
	if (s->n < 1 || s->n >= UINT32_MAX)
		return s2_fail(err, S2ST_EINPUT, "bootstrap: %zu sentences to draw from", s->n);
	return S2ST_OK;
}

static void add_row(const s2st_scorer *s, size_t sentence, int64_t *sums)
{
	const uint32_t *row = s->stats + sentence * s->n_stats;
	for (size_t k = 0; k < s->n_stats; k++)
		sums[k] += row[k];
}

/* Scores of the same samples for each of the `n` scorers: scores[i] is [n_samples]. */
static void resample(const s2st_scorer *const *scorers, size_t n, int n_samples, uint64_t seed, double *const *scores)
{
	s2_random random;
	s2_random_seed(&random, seed);
	for (int sample = 0; sample < n_samples; sample++) {
		int64_t sums[2][S2_MAX_STATS] = {{0}};
		for (size_t draw = 0; draw < scorers[0]->n; draw++) {
			size_t sentence = s2_random_below(&random, (uint32_t)scorers[0]->n);
			for (size_t i = 0; i < n; i++)
				add_row(scorers[i], sentence, sums[i]);
		}
		for (size_t i = 0; i < n; i++)
			scores[i][sample] = s2_scorer_score_of(scorers[i], sums[i]);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double mean(const double *x, int n)
{
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += x[i];
	return sum / n;
}

/* Sorts `scores`. */
static s2st_confidence confidence(double *scores, int n)
{
	int tail = n / 40; /* 2.5% */
	qsort(scores, (size_t)n, sizeof *scores, by_value);
	return (s2st_confidence){mean(scores, n), 0.5 * (scores[n - tail - 1] - scores[tail])};
}

int s2st_scorer_bootstrap(const s2st_scorer *s, int n_samples, uint64_t seed, s2st_confidence *out, s2st_error *err)
{
	S2_TRY(check(s, n_samples, err));
	double *scores = calloc((size_t)n_samples, sizeof *scores);
	if (!scores)
		return s2_fail_mem(err, "samples");
	resample(&s, 1, n_samples, seed, &scores);
	*out = confidence(scores, n_samples);
	free(scores);
	return S2ST_OK;
}

/* How often a resampled difference, less the mean of all, beats the real one. */
static double p_value(const double *a, const double *b, int n, double real_difference)
{
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += fabs(a[i] - b[i]);
	int larger = 0;
	for (int i = 0; i < n; i++)
		larger += fabs(a[i] - b[i]) - sum / n > real_difference;
	return (larger + 1.0) / (n + 1.0);
}

static bool same_options(const s2st_score_options *a, const s2st_score_options *b)
{
	return a->metric == b->metric && a->lowercase == b->lowercase && strcmp(a->tokenize, b->tokenize) == 0 &&
	       strcmp(a->smooth, b->smooth) == 0 && a->smooth_value == b->smooth_value &&
	       a->effective_order == b->effective_order && a->char_order == b->char_order &&
	       a->word_order == b->word_order && a->beta == b->beta && a->whitespace == b->whitespace;
}

int s2st_scorer_compare(const s2st_scorer *baseline, const s2st_scorer *system, int n_samples, uint64_t seed,
			s2st_comparison *out, s2st_error *err)
{
	S2_TRY(check(baseline, n_samples, err));
	if (baseline->n != system->n)
		return s2_fail(err, S2ST_EINPUT, "bootstrap: the baseline has %zu sentences, the system %zu",
			       baseline->n, system->n);
	if (!same_options(&baseline->opt, &system->opt))
		return s2_fail(err, S2ST_EINPUT, "bootstrap: baseline and system are scored with different options");
	double *scores = calloc((size_t)n_samples, 2 * sizeof *scores);
	if (!scores)
		return s2_fail_mem(err, "samples");
	double *halves[] = {scores, scores + n_samples};
	resample((const s2st_scorer *[]){baseline, system}, 2, n_samples, seed, halves);
	out->baseline_score = s2_scorer_score_of(baseline, baseline->sums);
	out->system_score = s2_scorer_score_of(system, system->sums);
	out->p_value = p_value(halves[0], halves[1], n_samples, fabs(out->baseline_score - out->system_score));
	out->baseline = confidence(halves[0], n_samples);
	out->system = confidence(halves[1], n_samples);
	free(scores);
	return S2ST_OK;
}
