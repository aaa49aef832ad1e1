/* Neighbours both ways through an index (backend.h), for sets that are too many to compare each with each.
 *
 * Layer: mine. The index says who may be near; how near is then computed from the rows themselves, so scores are exact
 * and only who is missed depends on the index. For each direction there is an index of the other set in a file; one
 * that is there is used again. */
#ifndef S2_MINE_INDEXED_H
#define S2_MINE_INDEXED_H

#include "mine/backend.h"
#include "mine/neighbours.h"

typedef struct s2_indexed_search {
	const s2_index_backend *backend;
	const s2_exec *x;
	const char *folder; /* source.index and target.index lie in it */
	const char *type;   /* FAISS's name of a kind of index; NULL: by the number of rows */
	int probes;
	s2_arena *arena;
	const s2_rows *sets[2]; /* source, target */
	float *scale[2];
	s2_neighbours lists[2]; /* of source rows, of target rows */
	float *rows, *other;    /* [block, dim] [threads, candidates, dim] */
	int64_t *ids;           /* [block, candidates] */
	size_t candidates;
	int direction; /* whose neighbours are looked for; 2: all are found */
	void *index;   /* of the other set; NULL: not open */
	bool making;   /* the index is not whole yet: */
	size_t added;  /* rows that are in it */
	size_t done;   /* rows of this direction */
} s2_indexed_search;

/* `folder` and `type` have to outlive the search. Rows that are no finite numbers are refused. */
S2ST_CHECK int s2_indexed_init(s2_indexed_search *s, const s2_exec *x, const s2_rows *source, const s2_rows *target,
			       size_t k, const char *folder, const char *type, int probes, s2st_error *err);
void s2_indexed_free(s2_indexed_search *s); /* also after a failed init */
/* Trains an index, adds a block of rows to it, opens it, or searches for a block; 1: there is more to do, 0: the lists
 * are complete. An index that is opened has to find some of the rows: one of other embeddings is refused. */
S2ST_CHECK int s2_indexed_step(s2_indexed_search *s, s2st_error *err);

#endif
