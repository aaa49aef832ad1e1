/* What one input gave, until its turn to be handed out has come. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli_run.h"

static int text_open(cli_text *t, s2st_error *err)
{
	t->f = open_memstream(&t->bytes, &t->n);
	return t->f ? S2ST_OK : cli_fail_memory(err);
}

static int text_close(cli_text *t, s2st_error *err)
{
	if (!t->f)
		return S2ST_OK;
	bool failed = ferror(t->f) != 0;
	failed |= fclose(t->f) != 0;
	t->f = NULL;
	return failed ? cli_fail_memory(err) : S2ST_OK;
}

int cli_result_open(cli_result *r, s2st_error *err)
{
	int rc = text_open(&r->text, err);
	return rc < 0 ? rc : text_open(&r->units, err);
}

int cli_result_close(cli_result *r, s2st_error *err)
{
	s2st_error second;
	const int rc = text_close(&r->text, err);
	return text_close(&r->units, rc < 0 ? &second : err) < 0 ? S2ST_EMEM : rc;
}

void cli_result_free(cli_result *r)
{
	s2st_error ignored;
	(void)cli_result_close(r, &ignored);
	free(r->text.bytes);
	free(r->units.bytes);
	free(r->samples);
	for (size_t i = 0; i < r->n_outputs; i++)
		free(r->outputs[i]);
	free(r->outputs);
	for (size_t i = 0; i < CLI_N_NOTICES; i++)
		free(r->notes[i]);
	*r = (cli_result){0};
}

size_t cli_result_size(const cli_result *r)
{
	return r->text.n + r->units.n + r->n_samples * sizeof *r->samples;
}

/* The folders that lead to `path`. */
static int make_parents(const char *path, s2st_error *err)
{
	const char *slash = strrchr(path, '/');
	if (!slash || slash == path)
		return S2ST_OK;
	char *dir = strndup(path, (size_t)(slash - path));
	if (!dir)
		return cli_fail_memory(err);
	int rc = cli_is_folder(dir) ? S2ST_OK : cli_make_folder(dir, err);
	free(dir);
	return rc;
}

int cli_result_output(const cli *c, cli_result *r, const char *path, s2st_error *err)
{
	char **outputs = reallocarray(r->outputs, r->n_outputs + 1, sizeof *outputs);
	if (!outputs)
		return cli_fail_memory(err);
	r->outputs = outputs;
	outputs[r->n_outputs] = strdup(path);
	if (!outputs[r->n_outputs++])
		return cli_fail_memory(err);
	int rc = cli_check_output(c, path, err);
	return rc < 0 ? rc : make_parents(path, err);
}

int cli_result_create(const cli *c, cli_result *r, const char *path, s2st_writer **out, s2st_error *err)
{
	*out = NULL;
	int rc = cli_result_output(c, r, path, err);
	return rc < 0 ? rc : s2st_writer_open(out, path, err);
}

void cli_result_note(cli_result *r, cli_notice kind, const char *fmt, ...)
{
	va_list ap;
	if (r->notes[kind])
		return;
	va_start(ap, fmt);
	if (vasprintf(&r->notes[kind], fmt, ap) < 0)
		r->notes[kind] = NULL; /* out of memory costs a notice */
	va_end(ap);
}

void cli_result_say(cli *c, const cli_result *r)
{
	for (size_t i = 0; i < CLI_N_NOTICES; i++)
		if (r->notes[i])
			cli_note(c, (cli_notice)i, "%s", r->notes[i]);
}

void cli_item_fail(cli_item *item, const s2st_error *err)
{
	free(item->reason);
	item->failed = true;
	item->reason = strdup(err->text);
}
