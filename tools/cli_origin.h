/* FILE.json beside features that are kept in FILE.npy: what they are of, so that no training goes on with others. */
#ifndef S2ST_CLI_ORIGIN_H
#define S2ST_CLI_ORIGIN_H

#include "cli_encoder.h"

typedef struct cli_origin {
	const cli *c;
	const cli_encoder *encoder;
	char hash[S2ST_HASH_SIZE]; /* of the encoder; "" without one */
	int seed;                  /* which drew the inputs, */
	double fraction;           /* this part of them */
	char *file;                /* FILE.json, malloc'ed */
} cli_origin;

/* `inputs`: what c->inputs is for those that the features are of; `complete`: none of them failed. */
int cli_origin_write(const cli_origin *o, uint64_t inputs, bool complete, s2st_error *err);
/* Are the features that lie there in `features` of this encoder and of c->inputs? */
int cli_origin_check(const cli_origin *o, const char *features, bool *complete, s2st_error *err);

#endif
