/* The k nearest neighbours of every row of one set in another and back, by cosine similarity and exactly.
 *
 *   for each block of source rows                 one s2_neighbours_step
 *     for each block of target rows
 *       similarities = source · targetᵀ           both scaled to length 1
 *       offer them to the source rows' lists, and to the target rows'
 *
 * Layer: mine. Every similarity is computed once and serves both directions. Rows are read from disk block by block, so
 * memory is that of the lists (8 bytes a neighbour) and of three blocks. A similarity has the same bytes in blocks of
 * any size and on any number of threads (math/gemm.h), and of equal ones the lower row comes first: so have the
 * lists. */
#ifndef S2_MINE_NEIGHBOURS_H
#define S2_MINE_NEIGHBOURS_H

#include "formats/rows.h"
#include "math/exec.h"

enum { S2_NEIGHBOURS_BLOCK = 2048, S2_NEIGHBOURS_MAX = 1024 };

/* [n, k] of each row, best first. */
typedef struct s2_neighbours {
	size_t n, k;
	float *similarity;
	uint32_t *row; /* of the other set */
	float *least;  /* [n] similarity of the last one: what a new one has to exceed */
} s2_neighbours;

typedef struct s2_neighbour_search {
	const s2_exec *x;
	const s2_rows *source, *target;
	s2_arena *arena;
	size_t block;                           /* rows */
	float *source_scale, *target_scale;     /* [n] 1 / length; 0 of a zero row */
	float *source_rows, *target_rows, *sim; /* [block, dim] [block, dim] [block, block] */
	size_t done;                            /* source rows */
	s2_neighbours forward, backward;        /* of source rows among the targets; of target rows among the sources */
} s2_neighbour_search;

/* Reads both sets once: rows that are no finite numbers are refused. k is cut to the size of the other set. `block` 0:
 * the usual. */
S2ST_CHECK int s2_neighbours_init(s2_neighbour_search *s, const s2_exec *x, const s2_rows *source,
				  const s2_rows *target, size_t k, size_t block, s2st_error *err);
void s2_neighbours_free(s2_neighbour_search *s); /* also after a failed init */
/* One block of source rows; 1: there are more, 0: the lists are complete. */
int s2_neighbours_step(s2_neighbour_search *s);

/* Do the sets have rows of one width, and is there such a k? */
S2ST_CHECK int s2_neighbours_check(const s2_rows *source, const s2_rows *target, size_t k, s2st_error *err);
/* 1 / length of every row into `scale` [r->n]; rows that are no finite numbers are refused. `buffer` [block, dim]. */
S2ST_CHECK int s2_row_scales(float *scale, const s2_rows *r, float *buffer, size_t block, s2_pool *pool,
			     s2st_error *err);
/* Rows first .. first + n - 1, each times its scale. */
void s2_scaled_rows(float *out, const s2_rows *r, const float *scale, size_t first, size_t n, s2_pool *pool);
/* Puts (similarity, row) into the list of row `i` where it belongs; it has to exceed least[i]. */
void s2_neighbours_offer(s2_neighbours *l, size_t i, float similarity, uint32_t row);
/* Empty lists in `a`. */
S2ST_CHECK int s2_neighbours_new(s2_neighbours *l, s2_arena *a, size_t n, size_t k, s2st_error *err);

#endif
