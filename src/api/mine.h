/* Inside of s2st_embeddings.  Layer: api. */
#ifndef S2_API_MINE_H
#define S2_API_MINE_H

#include "formats/rows.h"

struct s2st_embeddings {
	s2_rows rows;
	s2_arena *arena;
	const char **ids, **audio; /* [rows.n] */
};

#endif
