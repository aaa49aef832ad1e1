/* What the other parts of the interface read of a pack beyond the public functions.  Layer: api. */
#ifndef S2_API_PACK_H
#define S2_API_PACK_H

#include "formats/value.h"

const s2_value *s2_pack_json(const s2st_pack *p); /* the tree of pack.json */
int64_t s2_pack_k(const s2st_pack *p);            /* number of units; 0: it does not say */
const char *s2_pack_json_path(const s2st_pack *p);

/* Sizes of parts; 0: not known, or the pack has no such part. */
typedef struct s2_pack_parts {
	size_t layers, dim; /* encoder */
	size_t centroids, centroid_dim;
	size_t s2ut_units, vocoder_units;
} s2_pack_parts;

/* Do they agree with pack.json and with each other? */
S2ST_CHECK int s2_pack_check_parts(const s2st_pack *p, const s2_pack_parts *parts, s2st_error *err);

#endif
