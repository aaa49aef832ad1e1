/* Audio to units for the tools that search: inputs come in groups, which are decoded together. */
#include "cli_models.h"

#include <stdlib.h>

/* Of --batch 1 each result is there at once. Else a group is two batches: who is done early makes room for one that
 * waits. */
int cli_group_size(const cli_models *m)
{
	const size_t batch = s2st_s2ut_batch(m->s2ut->model, &m->s2ut->search), n = batch > 1 ? 2 * batch : 1;
	return n < CLI_MAX_BATCH ? (int)n : CLI_MAX_BATCH;
}

typedef struct group {
	cli_item *const *rows; /* [n] */
	s2st_audio *audio;
	s2st_s2ut_item *items;
	size_t n;
} group;

static void read_all(group *g)
{
	s2st_error err;
	for (size_t i = 0; i < g->n; i++) {
		cli_item *row = g->rows[i];
		if (cli_read_audio(&row->result, &g->audio[i], row->row.path, &err) < 0)
			cli_item_fail(row, &err);
	}
}

/* Those that could be read. */
static int search(const group *g, const cli_s2ut *m, s2st_s2ut_session *s, s2st_error *err)
{
	size_t n = 0;
	for (size_t i = 0; i < g->n; i++) {
		if (g->rows[i]->failed)
			continue;
		g->items[n].samples = g->audio[i].samples;
		g->items[n].n = g->audio[i].n;
		n++;
	}
	return s2st_s2ut_generate_batch(s, g->items, n, &m->search, err);
}

static int give_one(cli_item *row, const s2st_s2ut_item *item, const s2st_audio *audio, void *self, cli_sessions *own,
		    cli_take_units *take, s2st_error *err)
{
	if (item->status < 0) {
		*err = item->error;
		return item->status;
	}
	if (item->best.n == 0)
		return cli_fail(err, S2ST_EINPUT, "the search found no hypothesis");
	if (item->best.hyps[0].hit_max_len)
		cli_result_note(&row->result, CLI_NOTE_CUT, "%s: cut at %zu tokens by --max-len-a and --max-len-b",
				cli_display(row->row.path), item->best.hyps[0].n_tokens);
	return take(self, own, row, audio, &item->best, err);
}

static void give(const group *g, void *self, cli_sessions *own, cli_take_units *take)
{
	s2st_error err;
	const s2st_s2ut_item *item = g->items;
	for (size_t i = 0; i < g->n; i++)
		if (!g->rows[i]->failed && give_one(g->rows[i], item++, &g->audio[i], self, own, take, &err) < 0)
			cli_item_fail(g->rows[i], &err);
}

static void fail_all(const group *g, const s2st_error *err)
{
	for (size_t i = 0; i < g->n; i++)
		if (!g->rows[i]->failed)
			cli_item_fail(g->rows[i], err);
}

void cli_generate(const cli_s2ut *m, void *self, cli_sessions *own, cli_item *const *rows, size_t n,
		  cli_take_units *take)
{
	s2st_error err;
	group g = {.rows = rows, .n = n};
	g.audio = calloc(n, sizeof *g.audio);
	g.items = calloc(n, sizeof *g.items);
	int rc = g.audio && g.items ? S2ST_OK : cli_fail_memory(&err);
	if (rc == S2ST_OK) {
		read_all(&g);
		rc = search(&g, m, own->s2ut, &err);
	}
	if (rc == S2ST_OK)
		give(&g, self, own, take);
	else
		fail_all(&g, &err);
	for (size_t i = 0; g.audio && i < n; i++)
		s2st_audio_free(&g.audio[i]);
	free(g.audio);
	free(g.items);
}
