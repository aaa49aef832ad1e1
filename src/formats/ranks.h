/* A mixture of experts that was trained on several machines: NAME-shared.pt, and the experts of each in NAME-rank-N.pt.
 *
 * Layer: formats. fairseq numbers the experts of a file from 0; that of rank r with n experts in each is expert
 * r * n + i of the whole (modules/moe/moe_layer.py, all_to_all). */
#ifndef S2_FORMATS_RANKS_H
#define S2_FORMATS_RANKS_H

#include "formats/checkpoint.h"

/* "DIR/NAME-shared.pt", "DIR/NAME-rank-3.pt": what precedes and follows the part in question. */
typedef struct s2_rank_name {
	size_t stem;     /* length of "DIR/NAME" */
	const char *ext; /* ".pt" */
	int64_t rank;    /* -1: shared */
} s2_rank_name;

bool s2_rank_name_parse(s2_rank_name *out, const char *path);

/* Has it gates, but none of their experts? */
bool s2_ranks_wanted(const s2_checkpoint *shared);

/* Paths of the rank files beside a shared file, rank 0 first, in the arena. A gap is an error, and so is none. */
S2ST_CHECK int s2_ranks_find(char ***out, size_t *n, s2_arena *a, const char *shared, s2st_error *err);

/* Are these the ranks of this model: as many experts as the gates choose from, evenly split, of the same run? */
S2ST_CHECK int s2_ranks_check(const s2_checkpoint *shared, s2_checkpoint *const *ranks, size_t n, s2st_error *err);

/* What the tensor `name` of rank `rank` is called in the whole model, in the arena; NULL in *out: no expert's. */
S2ST_CHECK int s2_ranks_rename(const char **out, s2_arena *a, const s2_checkpoint *part, size_t rank, const char *name,
			       s2st_error *err);

#endif
