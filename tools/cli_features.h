/* Features as .npy: a matrix for all inputs with a text file that tells whose rows they are, or a file for each. */
#ifndef S2ST_CLI_FEATURES_H
#define S2ST_CLI_FEATURES_H

#include "cli_encoder.h"

/* A matrix FILE.npy that grows by rows, and a line of text for each input beside it (FILE.ids, FILE.len). */
typedef struct cli_matrix {
	s2st_npy_rows *rows; /* NULL: none was opened */
	s2st_writer *lines;
} cli_matrix;

bool cli_is_matrix(const char *path); /* is it named FILE.npy? */
/* `path` is such a name; `suffix`: "ids", "len". With --dry-run nothing is opened, but refused what would be. */
int cli_matrix_open(const cli *c, cli_matrix *m, const char *path, const char *suffix, size_t dim, s2st_error *err);
/* The lines first: where there is a matrix, what is in it is known. */
int cli_matrix_commit(cli_matrix *m, s2st_error *err);
void cli_matrix_abort(cli_matrix *m); /* of what was not committed */

/* Where s2u-quantize puts features. */
typedef struct cli_features {
	const cli *c;
	const char *path; /* of --features-out: a folder, FILE.npy, or NULL: nowhere */
	int pooling;      /* cli_pooling */
	size_t dim;
	cli_matrix all; /* into FILE.npy */
} cli_features;

bool cli_features_in_file(const cli_features *f);
bool cli_features_in_folder(const cli_features *f);
int cli_features_open(const cli *c, cli_features *f, size_t dim, s2st_error *err);
/* The file of lines beside FILE.npy, malloc'ed; NULL: out of memory. */
char *cli_features_lines(const cli_features *f);
int cli_features_commit(cli_features *f, s2st_error *err);
void cli_features_abort(cli_features *f);

/* Those of one input; nothing happens where features go nowhere. */
typedef struct cli_feature_rows {
	const cli_features *to;
	s2st_npy_rows *rows;
	cli_pool *pool;
	size_t start; /* rows before */
} cli_feature_rows;

int cli_features_begin(const cli_features *f, cli_feature_rows *out, cli_pool *pool, const s2st_input *row,
		       cli_result *result, s2st_error *err);
int cli_features_add(cli_feature_rows *r, const float *frames, size_t n, s2st_error *err); /* [n, dim] */
/* `rc` < 0: the input has failed, its rows are taken back. Returns `rc`, or why they cannot be kept. */
int cli_features_end(cli_feature_rows *r, const s2st_input *row, int rc, s2st_error *err);

#endif
