/* The encoder of s2u-quantize and s2u-kmeans, and what pools its frames. */
#ifndef S2ST_CLI_ENCODER_H
#define S2ST_CLI_ENCODER_H

#include "cli.h"

/* ---- encoders (cli_encoder.c) -------------------------------------------------------------------------------- */

typedef struct cli_encoder {
	const char *model_file, *layer_text;
	const char *weights_file; /* .npy of layer weights, instead of a layer; or NULL */
	float *weights;           /* [n_weights] */
	size_t n_weights;
	int feature_type; /* CLI_CHOICE, as s2st_feature_type */
	int channel;
	int layer; /* 0: not said */
	s2st_encoder *model;
	const s2st_kmeans *kmeans;
	s2st_context *context;
	s2st_encoder_info info;
} cli_encoder;

enum { CLI_N_ENCODER_OPTIONS = 4 };
void cli_encoder_options(cli_encoder *e, cli_option out[CLI_N_ENCODER_OPTIONS]);
/* Fills what the user has left to the pack (or NULL). `pack_layer`: the pack's layer holds for the pack's encoder. */
void cli_encoder_configure(const cli *c, cli_encoder *e, const s2st_pack *pack, bool pack_layer);
void cli_encoder_check(const cli *c, const cli_encoder *e); /* misuse where model or layer are missing */
/* Opens the model and sees whether it fits `kmeans` (NULL: features only). Returns CLI_OK, or the exit code after
 * saying why. */
int cli_encoder_open(cli *c, cli_encoder *e, s2st_context *context, const s2st_kmeans *kmeans, const char *kmeans_file);
int cli_encoder_session(const cli_encoder *e, s2st_quantizer **out, s2st_error *err); /* for one thread */
void cli_encoder_close(cli_encoder *e);
/* Notices about the audio that the session has read to its end, and its length for the result. */
void cli_encoder_note(const cli_encoder *e, const s2st_quantizer *session, const s2st_input *row, cli_result *result);

/* ---- one vector a file (cli_pool.c) -------------------------------------------------------------------------- */

typedef enum cli_pooling { CLI_POOL_NONE, CLI_POOL_MEAN, CLI_POOL_MAX } cli_pooling; /* CLI_CHOICE "none|mean|max" */

typedef struct cli_pool {
	cli_pooling kind;
	size_t dim, n; /* frames so far */
	double *sum;   /* [dim] */
	float *row;    /* [dim] */
} cli_pool;

int cli_pool_begin(cli_pool *p, cli_pooling kind, size_t dim, s2st_error *err); /* a file; memory is kept */
void cli_pool_add(cli_pool *p, const float *frames, size_t n);                  /* [n, dim] */
const float *cli_pool_row(cli_pool *p); /* of at least one frame; the pool's, until its next call */
void cli_pool_free(cli_pool *p);

#endif
