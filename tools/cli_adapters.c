/* Recognisers of many languages on one trunk (MMS): which language an input is in, and the models of all of them. */
#include <stdlib.h>
#include <string.h>

#include "cli_models.h"

struct cli_adapter {
	const char *id, *language;
	const s2st_asr *model;
};

/* ---- the file of languages -------------------------------------------------------------------------------------- */

static bool is_table(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot && strcmp(dot, ".tsv") == 0;
}

static int by_id(const void *x, const void *y)
{
	const struct cli_adapter *a = x, *b = y;
	return strcmp(a->id, b->id);
}

static int fill(cli_adapters *a, s2st_error *err)
{
	a->n = s2st_sentences_count(a->table);
	if (a->n == 0)
		return cli_fail(err, S2ST_EINPUT, "expected languages, found none");
	a->rows = calloc(a->n, sizeof *a->rows);
	a->models = calloc(a->n, sizeof(s2st_asr *));
	if (!a->rows || !a->models)
		return cli_fail_memory(err);
	for (size_t i = 0; i < a->n; i++) {
		a->rows[i].id = s2st_sentences_id(a->table, i);
		a->rows[i].language = s2st_sentences_texts(a->table, i)[0];
	}
	a->by_id = a->rows[0].id != NULL;
	if (a->by_id)
		qsort(a->rows, a->n, sizeof *a->rows, by_id);
	else if (is_table(a->file))
		return cli_fail(err, S2ST_EINPUT, "expected a column \"id\", found none");
	return S2ST_OK;
}

int cli_adapters_read(cli *c, cli_adapters *a, cli_asr *m)
{
	s2st_error err;
	if (!a->file)
		return CLI_OK;
	if (m->files.language)
		return cli_misused(c, "--lang or --langs: one language for all inputs, or a file of languages");
	if (m->lm_file)
		return cli_misused(c, "--lm: a language model is of one language; give --lang instead of --langs");
	int rc = cli_depend(c, a->file, &err);
	if (rc == S2ST_OK)
		rc = s2st_sentences_read(&a->table, a->file, is_table(a->file) ? "lang" : NULL, &err);
	if (rc == S2ST_OK)
		rc = fill(a, &err);
	if (rc < 0) {
		cli_error(c, a->file, err.text);
		return CLI_FAILED;
	}
	m->files.language = a->rows[0].language;
	return CLI_OK;
}

/* ---- models ----------------------------------------------------------------------------------------------------- */

static const s2st_asr *opened(const cli_adapters *a, const s2st_asr *first, const char *language)
{
	s2st_asr_info info;
	for (size_t i = 0; i <= a->n_models; i++) {
		const s2st_asr *m = i ? a->models[i - 1] : first;
		s2st_asr_get_info(m, &info);
		if (strcmp(info.language, language) == 0)
			return m;
	}
	return NULL;
}

int cli_adapters_open(cli *c, cli_adapters *a, const cli_asr *m)
{
	s2st_error err;
	for (size_t i = 0; i < a->n; i++) {
		struct cli_adapter *row = &a->rows[i];
		row->model = opened(a, m->model, row->language);
		if (row->model)
			continue;
		s2st_asr **next = &a->models[a->n_models];
		if (s2st_asr_open_language(next, m->model, row->language, &err) < 0) {
			cli_error(c, a->file, err.text);
			return CLI_MODEL;
		}
		row->model = *next;
		a->n_models++;
	}
	return CLI_OK;
}

static const struct cli_adapter *find_row(const cli_adapters *a, const s2st_input *input)
{
	const struct cli_adapter key = {.id = input->id};
	if (a->by_id)
		return bsearch(&key, a->rows, a->n, sizeof *a->rows, by_id);
	return input->index < a->n ? &a->rows[input->index] : NULL;
}

int cli_adapters_use(const cli_adapters *a, cli_sessions *s, const s2st_input *row, s2st_error *err)
{
	s2st_asr_session *session;
	if (!a->table)
		return S2ST_OK;
	const struct cli_adapter *own = find_row(a, row);
	if (!own)
		return cli_fail(err, S2ST_EINPUT, "%s: expected the language of %s, found none", a->file, row->id);
	if (s2st_asr_session_model(s->asr) == own->model)
		return S2ST_OK;
	int rc = s2st_asr_session_new(&session, own->model, err);
	if (rc < 0)
		return rc;
	s2st_asr_session_free(s->asr);
	s->asr = session;
	return S2ST_OK;
}

void cli_adapters_close(cli_adapters *a)
{
	for (size_t i = 0; i < a->n_models; i++)
		s2st_asr_free(a->models[i]);
	free(a->models);
	free(a->rows);
	s2st_sentences_free(a->table);
}

int cli_adapters_list(cli *c, const char *model)
{
	s2st_error err;
	char **names;
	size_t n;
	if (s2st_asr_languages(&names, &n, model, &err) < 0) {
		cli_error(c, model, err.text);
		return CLI_MODEL;
	}
	for (size_t i = 0; i < n; i++)
		puts(names[i]);
	free(names);
	if (n > 0)
		return CLI_OK;
	cli_error(c, model, "expected adapters of languages, found none");
	return CLI_MODEL;
}
