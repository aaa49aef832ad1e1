/* The model of speech-embed and speaker-verify: one vector a recording. */
#include "cli_embedder.h"

int cli_embedder_open(cli *c, cli_embedder *e, s2st_context *context)
{
	s2st_error err;
	e->context = context;
	if (cli_depend(c, e->file, &err) < 0 || s2st_embedder_open(&e->model, context, e->file, &err) < 0) {
		cli_error(c, e->file, err.text);
		return CLI_MODEL;
	}
	s2st_embedder_get_info(e->model, &e->info);
	return CLI_OK;
}

void cli_embedder_close(cli_embedder *e)
{
	s2st_embedder_free(e->model);
	e->model = NULL;
}

int cli_embedder_session(const cli_embedder *e, void **own, s2st_error *err)
{
	s2st_embedder_session *session = NULL;
	int rc = s2st_embedder_session_new(&session, e->model, err);
	*own = session;
	return rc;
}

void cli_embedder_session_close(void *self, void *own)
{
	(void)self;
	s2st_embedder_session_free(own);
}

int cli_embedder_run(void *own, const s2st_input *row, cli_result *result, const float **vector, s2st_error *err)
{
	s2st_audio audio;
	int rc = cli_read_audio(result, &audio, row->path, err);
	if (rc < 0)
		return rc;
	rc = s2st_embed(own, audio.samples, audio.n, vector, err);
	s2st_audio_free(&audio);
	return rc;
}
