/* Margin-based mining (Artetxe and Schwenk 2019): which rows of two sets translate each other.
 *
 *   a similarity of the pair; b half the sum of the mean similarities of each row to its own k nearest
 *   ratio a / b · distance a - b · absolute a
 *
 * A row that is near to everything does not win by that. Every row's best of its k candidates, by margin, is then put
 * together with those of the other direction (LASER source/mine_bitexts.py).
 *
 * Layer: mine. */
#ifndef S2_MINE_MARGIN_H
#define S2_MINE_MARGIN_H

#include "mine/neighbours.h"

typedef struct s2_pair {
	double score;
	uint32_t source, target;
} s2_pair;

/* The pairs whose score is at least `threshold`, best first; of equal scores the lower source, then the lower target
 * row. In `a`. A margin that is no number (of zero rows) is never a pair. */
S2ST_CHECK int s2_margin_pairs(s2_pair **out, size_t *n, const s2_neighbours *forward, const s2_neighbours *backward,
			       s2st_margin margin, s2st_retrieval retrieval, double threshold, s2_arena *a,
			       s2st_error *err);

#endif
