/* What attention adds to a score for the distance between query and key, learned for buckets of distances.
 *
 * Layer: layers. Equals compute_bias and _relative_positions_bucket of WavLM (microsoft/unilm wavlm/modules.py), both
 * directions: half of the buckets for keys after the query; of each half, one half for the distances themselves, the
 * other for ranges that grow by a constant factor up to max_distance. */
#ifndef S2_LAYERS_DISTANCE_H
#define S2_LAYERS_DISTANCE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct s2_distance_buckets {
	size_t n, max_distance;
} s2_distance_buckets;

/* Do such buckets exist: an n of at least 4, and distances beyond those that have a bucket of their own? */
bool s2_distance_possible(const s2_distance_buckets *b);
/* Bucket of key - query, 0 .. n-1. */
size_t s2_distance_bucket(const s2_distance_buckets *b, ptrdiff_t distance);
/* out [heads, 2t - 1] for s2_attention over t positions, from a table [n, heads]. */
void s2_distance_bias(float *out, const s2_distance_buckets *b, const float *table, size_t heads, size_t t);

#endif
