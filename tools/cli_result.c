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
	free(r->output);
	for (size_t i = 0; i < CLI_N_NOTICES; i++)
		free(r->notes[i]);
	*r = (cli_result){0};
}

size_t cli_result_size(const cli_result *r)
{
	return r->text.n + r->units.n + r->n_samples * sizeof *r->samples;
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
