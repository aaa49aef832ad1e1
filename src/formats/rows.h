/* Rows of features or embeddings on disk: one matrix over several .npy files, read where they lie.
 *
 * Layer: formats. Files are mapped, so rows cost memory only while they are used. Types f4, f2 and f8; C order. With a
 * fraction, only the rows that its seed draws are counted and numbered (4 bytes of memory for each). */
#ifndef S2_FORMATS_ROWS_H
#define S2_FORMATS_ROWS_H

#include "base/file.h"
#include "base/pool.h"
#include "formats/npy.h"

typedef struct s2_rows_file {
	s2_map map;
	s2_tensor t;
	size_t first; /* number of its first row in the whole */
} s2_rows_file;

typedef struct s2_rows {
	s2_arena *arena;
	s2_rows_file *files; /* [n_files] */
	uint32_t *drawn; /* [n] rows of the files; NULL: all of them */
	size_t n_files, n, dim;
} s2_rows;

S2ST_CHECK int s2_rows_open(s2_rows *r, const char *const *paths, size_t n, s2st_error *err);
/* Keeps the rows that s2st_is_drawn says; once, after opening. */
S2ST_CHECK int s2_rows_draw(s2_rows *r, uint64_t seed, double fraction, s2st_error *err);
void s2_rows_close(s2_rows *r); /* also after a failed open */

/* out [n, dim] gets the rows whose numbers are in `which` [n] (NULL: first, first + 1, ...). */
void s2_rows_gather(const s2_rows *r, float *out, const uint32_t *which, size_t first, size_t n, s2_pool *pool);

/* The file that row `i` lies in, and its number there. */
const char *s2_rows_locate(const s2_rows *r, size_t i, size_t *at);

#endif
