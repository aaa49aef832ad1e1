/* The model of speech-embed and speaker-verify: one vector a recording. */
#ifndef S2ST_CLI_EMBEDDER_H
#define S2ST_CLI_EMBEDDER_H

#include "cli.h"

typedef struct cli_embedder {
	const char *file;
	s2st_context *context;
	s2st_embedder *model;
	s2st_embedder_info info;
} cli_embedder;

/* Returns CLI_OK, or the exit code after saying why. */
int cli_embedder_open(cli *c, cli_embedder *e, s2st_context *context);
void cli_embedder_close(cli_embedder *e);

/* For a cli_work: its sessions, and the vector [dim] of an input, the session's until its next call. */
int cli_embedder_session(const cli_embedder *e, void **own, s2st_error *err);
void cli_embedder_session_close(void *self, void *own);
int cli_embedder_run(void *own, const s2st_input *row, cli_result *result, const float **vector, s2st_error *err);

#endif
