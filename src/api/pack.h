/* What the inspection reads of a pack beyond the public functions.  Layer: api. */
#ifndef S2_API_PACK_H
#define S2_API_PACK_H

#include "formats/value.h"

const s2_value *s2_pack_json(const s2st_pack *p); /* the tree of pack.json */
int64_t s2_pack_k(const s2st_pack *p);            /* number of units; 0: it does not say */

#endif
