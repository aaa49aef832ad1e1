/* The loop over inputs: take a row, do its work, hand its result out in order, count failures, show progress.
 *
 * Tools give three callbacks (cli_work); how the rows are spread over time and threads is decided here and nowhere
 * else. Today one row is done after another, and the threads work inside its networks. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- progress on a terminal ---- */

typedef struct progress {
	cli *c;
	int64_t total, done, failed;
	double audio; /* seconds */
	double start, last;
	bool shown;
} progress;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void progress_start(progress *p, cli *c, int64_t total)
{
	*p = (progress){.c = c, .total = total, .start = now(), .shown = !c->quiet && isatty(STDERR_FILENO)};
}

static void progress_show(progress *p)
{
	double t = now(), taken = t - p->start;
	if (!p->shown || t - p->last < 0.1)
		return;
	p->last = t;
	fprintf(stderr, "\r\033[K%lld", (long long)p->done);
	if (p->total >= 0)
		fprintf(stderr, "/%lld", (long long)p->total);
	fputs(" done", stderr);
	if (p->audio > 0 && taken > 0)
		fprintf(stderr, ", %.1f x real time", p->audio / taken);
	if (p->total > p->done && p->done > 0) {
		long left = (long)(taken / (double)p->done * (double)(p->total - p->done) + 0.5);
		fprintf(stderr, ", %ld:%02ld left", left / 60, left % 60);
	}
	p->c->bar_shown = true;
}

static void progress_end(progress *p)
{
	double taken = now() - p->start;
	if (p->c->bar_shown)
		fputs("\r\033[K", stderr);
	p->c->bar_shown = false;
	if (p->audio > 0 && taken > 0)
		cli_info(p->c, "%lld done, %lld failed, %.1f s of audio in %.2f s (%.1f x real time)",
			 (long long)p->done, (long long)p->failed, p->audio, taken, p->audio / taken);
}

/* ---- one result ---- */

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

static void result_free(cli_result *r)
{
	s2st_error ignored;
	(void)text_close(&r->text, &ignored);
	(void)text_close(&r->units, &ignored);
	free(r->text.bytes);
	free(r->units.bytes);
	free(r->samples);
	*r = (cli_result){0};
}

static int do_row(const cli_work *w, const s2st_input *row, cli_result *r, s2st_error *err)
{
	int rc = text_open(&r->text, err);
	if (rc == S2ST_OK)
		rc = text_open(&r->units, err);
	if (rc == S2ST_OK)
		rc = w->work(w->self, row, r, err);
	if (rc >= 0)
		rc = text_close(&r->text, err);
	if (rc >= 0)
		rc = text_close(&r->units, err);
	return rc;
}

/* Does a row and hands its result out; false: the result could not be handed out. */
static bool step(const cli_work *w, const s2st_input *row, progress *bar)
{
	s2st_error err = {""};
	cli_result result = {0};
	bool emitted = true;
	if (do_row(w, row, &result, &err) < 0) {
		bar->failed++;
		cli_error(bar->c, cli_display(row->path), err.text);
	} else if (w->emit(w->self, row, &result, &err) < 0) {
		cli_error(bar->c, NULL, err.text);
		emitted = false;
	}
	bar->done++;
	bar->audio += result.seconds;
	result_free(&result);
	progress_show(bar);
	return emitted;
}

int cli_run(cli *c, const cli_work *w, bool *whole)
{
	s2st_error err = {""};
	s2st_input row = {0};
	progress bar;
	int more = 0;
	progress_start(&bar, c, w->total);
	*whole = true;
	while (*whole && (more = w->next(w->source, &row, &err)) > 0 && !cli_caught_signal())
		*whole = step(w, &row, &bar);
	if (cli_caught_signal())
		*whole = false;
	else if (more < 0)
		cli_error(c, NULL, err.text);
	progress_end(&bar);
	return more < 0 || bar.failed || !*whole ? CLI_FAILED : CLI_OK;
}

/* ---- the inputs of tools that read audio ---- */

void cli_source_options(cli_source *s, cli_option out[CLI_N_SOURCE_OPTIONS])
{
	const cli_option options[CLI_N_SOURCE_OPTIONS] = {
		{'r', "recursive", CLI_FLAG, NULL, &s->recursive, 0, 0, "look into the folders of folders too"},
		{0, "audio-root", CLI_TEXT, "DIR", &s->audio_root, 0, 0,
		 "put before the relative paths of an S2UT manifest"},
	};
	memcpy(out, options, sizeof options);
}

s2st_inputs *cli_open_inputs(cli *c, const cli_source *source, bool unique, int *code)
{
	static const char *const from_stdin[] = {"-"};
	s2st_error err;
	s2st_inputs *in = NULL;
	const s2st_inputs_options opt = {.shard = c->shard,
					 .n_shards = c->n_shards,
					 .audio_root = source->audio_root,
					 .recursive = source->recursive,
					 .unique_ids = unique};
	if (c->n_args == 0 && isatty(STDIN_FILENO)) {
		*code = cli_misused(c, "no inputs: give audio files, folders, a manifest, or '-' for stdin");
		return NULL;
	}
	const char *const *args = c->n_args ? c->args : from_stdin;
	if (s2st_inputs_open(&in, args, c->n_args ? c->n_args : 1, &opt, &err) < 0) {
		cli_error(c, NULL, err.text);
		*code = CLI_FAILED;
		return NULL;
	}
	return in;
}

int cli_next_input(void *inputs, s2st_input *row, s2st_error *err)
{
	return s2st_inputs_next(inputs, row, err);
}
