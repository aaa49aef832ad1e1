/* Pieces of recordings, and the best set of them that do not overlap.
 *
 * Layer: mine. Speech is cut for mining in several ways at once, since nobody knows where a sentence begins; what was
 * mined then says the same seconds several times. */
#ifndef S2_MINE_SEGMENTS_H
#define S2_MINE_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

typedef struct s2_segment {
	const char *recording; /* [n_recording], in the text that was parsed */
	size_t n_recording;
	double start, end; /* in a unit of the recording's own */
} s2_segment;

/* "PATH|START|END", "PATH|START|END|RATE" and "PATH START END RATE" (stopes' lists), "NAME_START_END" with or without a
 * suffix (EuroParl-ST). False: the text names no segment. */
bool s2_segment_parse(s2_segment *out, const char *text);

/* An interval of group `group` and what it is worth. */
typedef struct s2_interval {
	size_t group;
	double start, end, worth;
} s2_interval;

/* Sets keep[i] for the set of intervals with the highest total worth (at least 0 each) of which no two of one group
 * share more than `overlap` of the longer one. Exact for 0 (weighted interval scheduling); above 0 each interval is
 * taken as shorter by overlap / 2 at both ends, which ensures it. Of sets that are worth the same, one that has the
 * interval that ends last. */
S2ST_CHECK int s2_best_intervals(bool *keep, const s2_interval *intervals, size_t n, double overlap, s2_arena *a,
				 s2st_error *err);

#endif
