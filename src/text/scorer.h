/* The scorer's inside, for bootstrap resampling.  Layer: text; knows base only. */
#ifndef S2_TEXT_SCORER_H
#define S2_TEXT_SCORER_H

#include "text/metric.h"

struct s2st_scorer {
	s2st_score_options opt; /* its strings are the arrays below */
	char tokenize[16], smooth[16];
	const s2_metric *metric;
	size_t n_stats;
	uint32_t *stats; /* [n, n_stats], one row a sentence */
	size_t n, cap;
	int64_t sums[S2_MAX_STATS];
	size_t fewest_refs, most_refs;
	s2_metric_scratch scratch;
};

/* Score without text and signature. */
double s2_scorer_score_of(const s2st_scorer *s, const int64_t *sums);

#endif
