/* The loop over inputs: take rows, do their work on every core, hand results out in order, count failures.
 *
 *   next -> [ ring of rows: read ahead | in work | done, waiting for their turn ] -> emit
 *
 * Tools give callbacks (cli_work); how the rows are spread over time and threads is decided here and nowhere else.
 * Each worker takes the next rows when it is free, with sessions of its own. As many of the context's threads as no
 * worker uses help inside the networks of those who work: a folder keeps each core with a file of its own, one file
 * (or the last long one) has them all. What is done waits in the ring until the rows before it are; so a slow file
 * keeps nobody from working, up to WINDOW rows or HELD bytes behind it.
 *
 * next and emit are never called by two threads at once, and in the order of the rows. */
#include "cli_models.h"
#include "cli_run.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WINDOW = 4096, /* rows between the one handed out next and the one read last */
	HELD = 16 << 20, /* bytes of results for each worker */
};

typedef struct engine {
	cli *c;
	const cli_work *w;
	s2st_context *context; /* of the models; NULL: none */
	size_t n_workers, batch, ahead;
	pthread_mutex_t lock;   /* guards all below */
	pthread_cond_t changed; /* anything below */
	cli_item *ring;         /* [WINDOW] row i is ring[i % WINDOW] */
	size_t head, taken, pulled; /* rows handed out, taken by workers, read: head <= taken <= pulled */
	size_t held;                /* bytes of results that wait */
	int working;
	bool reading, emitting; /* somebody is in next, in emit */
	bool at_end;            /* nothing more to read */
	bool lost;              /* emit failed: results are dropped from here on */
	bool failed;            /* next or emit failed */
	s2st_error source_error; /* of next, said at the end */
	pthread_mutex_t state_lock; /* guards the next three */
	cli_state state;
	bool replaced; /* a model is not what it was, as `replacement` says in the end */
	s2st_error replacement;
	cli_progress bar;
	cli_report report;
} engine;

typedef struct worker {
	engine *e;
	void *own; /* what cli_work.open made */
	bool is_open;
	pthread_t thread;
} worker;

/* ---- rows in ---- */

static cli_item *item_at(const engine *e, size_t i)
{
	return &e->ring[i % WINDOW];
}

/* Strings of `row` into memory of the item: they end with the next call of next. */
static int keep_row(cli_item *item, const s2st_input *row, s2st_error *err)
{
	enum { STRINGS = 4 };
	const char *const from[STRINGS] = {row->id, row->path, row->target, row->problem};
	const char **const to[STRINGS] = {&item->row.id, &item->row.path, &item->row.target, &item->row.problem};
	size_t n = 0;
	for (size_t i = 0; i < STRINGS; i++)
		n += from[i] ? strlen(from[i]) + 1 : 0;
	char *p = malloc(n + 1);
	if (!p)
		return cli_fail_memory(err);
	*item = (cli_item){.row = *row, .strings = p};
	for (size_t i = 0; i < STRINGS; i++) {
		if (!from[i])
			continue;
		*to[i] = p;
		p = stpcpy(p, from[i]) + 1;
	}
	return S2ST_OK;
}

static void free_item(cli_item *item)
{
	cli_result_free(&item->result);
	free(item->strings);
	free(item->reason);
	*item = (cli_item){0};
}

/* Reads a row; the caller holds the lock, which is let go meanwhile. */
static void pull(engine *e)
{
	s2st_error err = {""};
	s2st_input row = {0};
	cli_item *item = item_at(e, e->pulled);
	e->reading = true;
	pthread_mutex_unlock(&e->lock);
	int more = e->w->next(e->w->source, &row, &err);
	if (more > 0 && keep_row(item, &row, &err) < 0)
		more = S2ST_EMEM;
	if (more > 0 && e->ahead && e->w->audio)
		s2st_archives_ahead(e->c->archives, row.path);
	pthread_mutex_lock(&e->lock);
	e->reading = false;
	if (more > 0) {
		e->pulled++;
	} else {
		e->at_end = true;
		if (more < 0 && !cli_caught_signal())
			e->source_error = err;
	}
	pthread_cond_broadcast(&e->changed);
}

static bool has_room(const engine *e)
{
	return e->taken == e->head || e->held < e->n_workers * HELD;
}

/* Rows for a worker without one: a share of what is left, `batch` of them at most. */
static size_t grab(engine *e, size_t *first)
{
	size_t n = e->pulled - e->taken, fair = e->batch;
	if (e->at_end || e->w->total >= 0) {
		const size_t left = e->at_end ? n : (size_t)e->w->total - e->taken;
		fair = (left + e->n_workers - 1) / e->n_workers;
	}
	if (n > fair && fair > 0)
		n = fair;
	if (n > e->batch)
		n = e->batch;
	*first = e->taken;
	e->taken += n;
	return n;
}

/* ---- results out ---- */

/* An item's turn has come; false: its result could not be handed out. */
static bool hand_out(engine *e, cli_item *item)
{
	s2st_error err = {""};
	const cli_work *w = e->w;
	int rc = S2ST_OK;
	cli_result_say(e->c, &item->result);
	if (item->failed && !item->unsaid)
		cli_error(e->c, cli_display(item->row.path), item->reason ? item->reason : "out of memory");
	if (!item->failed || w->keep_failed)
		rc = w->emit(w->self, &item->row, &item->result, &err);
	if (rc >= 0)
		rc = cli_report_add(&e->report, item, &err);
	if (rc < 0)
		cli_error(e->c, NULL, err.text);
	return rc >= 0;
}

/* Hands out what is done and next in order. The caller holds the lock, which is let go meanwhile. */
static void drain(engine *e)
{
	if (e->emitting)
		return; /* who is at it sees what came meanwhile */
	e->emitting = true;
	while (e->head < e->taken && item_at(e, e->head)->done) {
		cli_item *item = item_at(e, e->head);
		const size_t size = cli_result_size(&item->result);
		pthread_mutex_unlock(&e->lock);
		const bool ok = e->lost || hand_out(e, item);
		free_item(item);
		pthread_mutex_lock(&e->lock);
		e->held -= size;
		e->lost |= !ok;
		e->failed |= !ok;
		e->head++;
		pthread_cond_broadcast(&e->changed);
	}
	e->emitting = false;
}

/* ---- workers ---- */

static void do_one(const worker *me, cli_item *item)
{
	const cli_work *w = me->e->w;
	s2st_error err = {""};
	if (w->work(w->self, me->own, &item->row, &item->result, &err) < 0)
		cli_item_fail(item, &err);
}

/* May the row be worked on? It may be done already, or not be possible. */
static bool prepare(engine *e, cli_item *item)
{
	s2st_error err = {""};
	pthread_mutex_lock(&e->state_lock);
	int rc = cli_state_find(&e->state, e->w, &item->row, &item->result, &err);
	pthread_mutex_unlock(&e->state_lock);
	item->skipped = rc > 0;
	item->result.archives = e->c->archives;
	if (rc == 0)
		rc = cli_row_check(e->c, e->w, &item->row, NULL, &err);
	if (rc == 0)
		rc = cli_result_open(&item->result, &err);
	if (rc < 0)
		cli_item_fail(item, &err);
	const bool wanted = !item->failed && !item->skipped;
	if (wanted)
		cli_state_begin(&e->state, e->w, item);
	return wanted;
}

/* Of an item that nobody can trust. */
static void remove_outputs(const cli_item *item)
{
	for (size_t i = 0; !item->failed && i < item->result.n_outputs; i++)
		unlink(item->result.outputs[i]);
}

/* Were the models the same all the time? Else nobody knows what the item was made with: its files go, and one sentence
 * in the end says it for all. */
static bool check_models(engine *e, cli_item *item)
{
	s2st_error err;
	pthread_mutex_lock(&e->state_lock);
	const bool same = cli_depends_check(e->c, &err) == S2ST_OK;
	if (!same && !e->replaced)
		e->replacement = err;
	e->replaced |= !same;
	pthread_mutex_unlock(&e->state_lock);
	if (same)
		return true;
	remove_outputs(item);
	item->unsaid = true;
	cli_item_fail(item, &err);
	return false;
}

/* After the work: the texts are whole, what it was made of was the same all the time, the record is made. `lost`: what
 * cli_maps_lost said before the work. */
static void finish(engine *e, cli_item *item, unsigned lost)
{
	s2st_error err = {""};
	int rc = cli_result_close(&item->result, &err);
	if (check_models(e, item) && cli_maps_lost() != lost) {
		remove_outputs(item);
		rc = cli_fail(&err, S2ST_EIO, "an archive was cut short while it was read");
	}
	if (rc >= 0 && !item->failed)
		rc = cli_state_add(&e->state, e->w, item, &err);
	if (rc < 0)
		cli_item_fail(item, &err);
	if (item->failed)
		item->result.text.n = item->result.units.n = 0;
}

/* Items `first` to first + n - 1, which the ring's end may tear apart. */
static void do_items(const worker *me, size_t first, size_t n)
{
	const cli_work *w = me->e->w;
	cli_item *items[CLI_MAX_BATCH];
	size_t n_open = 0;
	const double start = cli_now();
	const unsigned lost = cli_maps_lost();
	for (size_t i = first; i < first + n; i++) {
		cli_item *item = item_at(me->e, i);
		if (prepare(me->e, item))
			items[n_open++] = item;
	}
	if (w->work_group && n_open > 0)
		w->work_group(w->self, me->own, items, n_open);
	else
		for (size_t i = 0; i < n_open; i++)
			do_one(me, items[i]);
	const double taken = (cli_now() - start) / (double)n;
	for (size_t i = 0; i < n_open; i++) {
		items[i]->taken = taken;
		finish(me->e, items[i], lost);
	}
}

/* The cores that no worker uses help those who work. */
static void share_cores(engine *e, int more)
{
	e->working += more;
	if (!e->context)
		return;
	const int threads = s2st_context_threads(e->context), spare = threads - e->working;
	s2st_context_limit(e->context, spare > 0 ? spare + 1 : e->working > 0 ? 1 : threads);
}

static bool open_worker(worker *me, s2st_error *err)
{
	const cli_work *w = me->e->w;
	int rc = S2ST_OK;
	if (w->models) {
		cli_sessions *s = NULL;
		rc = cli_sessions_new(&s, w->models, err);
		me->own = s;
	} else if (w->open) {
		rc = w->open(w->self, &me->own, err);
	}
	me->is_open = rc >= 0;
	return me->is_open;
}

static void close_worker(const worker *me)
{
	if (!me->is_open)
		return;
	const cli_work *w = me->e->w;
	if (w->models)
		cli_sessions_free(me->own);
	else if (w->close)
		w->close(w->self, me->own);
}

static bool stopped(engine *e)
{
	pthread_mutex_lock(&e->state_lock);
	const bool replaced = e->replaced;
	pthread_mutex_unlock(&e->state_lock);
	return replaced || cli_caught_signal();
}

/* Waits for rows, reading ahead while nobody else does; 0: there are no more. The caller holds the lock. */
static size_t take(worker *me, size_t *first)
{
	engine *e = me->e;
	while (!e->lost && !stopped(e)) {
		const size_t ready = e->pulled - e->taken;
		if (!e->at_end && !e->reading && ready < e->ahead + 1 && e->pulled - e->head < WINDOW && has_room(e)) {
			pull(e);
		} else if (ready > 0 && has_room(e) && me->is_open) {
			return grab(e, first);
		} else if (ready > 0 && !me->is_open) {
			s2st_error err;
			pthread_mutex_unlock(&e->lock);
			const bool ok = open_worker(me, &err);
			pthread_mutex_lock(&e->lock);
			if (!ok)
				return 0; /* no memory for one more: the others do it */
		} else if (ready == 0 && e->at_end) {
			return 0;
		} else {
			pthread_cond_wait(&e->changed, &e->lock);
		}
	}
	return 0;
}

static void *run_worker(void *arg)
{
	worker *me = arg;
	engine *e = me->e;
	size_t first = 0, n;
	pthread_mutex_lock(&e->lock);
	while ((n = take(me, &first)) > 0) {
		share_cores(e, 1);
		pthread_mutex_unlock(&e->lock);
		do_items(me, first, n);
		pthread_mutex_lock(&e->lock);
		share_cores(e, -1);
		for (size_t i = first; i < first + n; i++) {
			cli_item *item = item_at(e, i);
			e->held += cli_result_size(&item->result);
			e->bar.done++;
			e->bar.failed += item->failed;
			e->bar.audio += item->result.seconds;
			item->done = true;
		}
		cli_progress_show(&e->bar);
		drain(e);
	}
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

/* ---- the run ---- */

static void plan(engine *e)
{
	const cli_work *w = e->w;
	e->context = w->models ? w->models->context : w->context;
	const size_t threads = e->context ? (size_t)s2st_context_threads(e->context) : 1;
	e->n_workers = w->serial ? 1 : threads;
	if (w->total >= 0 && (size_t)w->total < e->n_workers)
		e->n_workers = w->total ? (size_t)w->total : 1;
	e->batch = w->work_group && w->batch > 0 ? (size_t)w->batch : 1;
	if (e->batch > CLI_MAX_BATCH)
		e->batch = CLI_MAX_BATCH;
	/* Who writes rows into a pipe wants each done when it is there. */
	e->ahead = w->total >= 0 ? e->n_workers + e->batch : 0;
}

/* Worker 0 is this thread; of the others as many as can be started. Signals are for this thread. */
static void run_workers(engine *e, worker *workers)
{
	size_t started = 1;
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	for (; started < e->n_workers; started++) {
		workers[started] = (worker){.e = e};
		if (pthread_create(&workers[started].thread, NULL, run_worker, &workers[started]) != 0)
			break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	run_worker(&workers[0]);
	for (size_t i = 1; i < started; i++)
		pthread_join(workers[i].thread, NULL);
}

static int start(engine *e, worker **workers)
{
	s2st_error err;
	int rc = S2ST_OK;
	*workers = calloc(e->n_workers, sizeof **workers);
	e->ring = calloc(WINDOW, sizeof *e->ring);
	if (!*workers || !e->ring)
		rc = cli_fail_memory(&err);
	if (rc == S2ST_OK)
		rc = cli_state_open(&e->state, e->c, e->w, &err);
	if (rc == S2ST_OK)
		rc = cli_report_open(&e->report, e->c, &err);
	if (rc == S2ST_OK) {
		(*workers)[0] = (worker){.e = e};
		if (!open_worker(*workers, &err))
			rc = S2ST_EMEM;
	}
	if (rc < 0)
		cli_error(e->c, NULL, err.text);
	return rc;
}

static void end(engine *e)
{
	s2st_error err;
	if (e->ring)
		for (size_t i = e->head; i < e->pulled; i++)
			free_item(item_at(e, i));
	if (cli_report_close(&e->report, &err) < 0) {
		cli_error(e->c, NULL, err.text);
		e->failed = true;
	}
	cli_state_close(&e->state);
	free(e->ring);
	pthread_mutex_destroy(&e->state_lock);
	pthread_cond_destroy(&e->changed);
	pthread_mutex_destroy(&e->lock);
}

int cli_run(cli *c, const cli_work *w, bool *whole)
{
	engine e = {.c = c, .w = w};
	worker *workers = NULL;
	if (c->dry_run) {
		*whole = false;
		return cli_dry_run(c, w);
	}
	pthread_mutex_init(&e.lock, NULL);
	pthread_mutex_init(&e.state_lock, NULL);
	pthread_cond_init(&e.changed, NULL);
	plan(&e);
	cli_progress_start(&e.bar, c, w->total);
	*whole = start(&e, &workers) == S2ST_OK;
	if (*whole) {
		struct sigaction before;
		cli_maps_guard(&before);
		run_workers(&e, workers);
		cli_maps_unguard(&before);
		*whole = !e.lost && !stopped(&e);
	}
	for (size_t i = 0; workers && i < e.n_workers; i++)
		close_worker(&workers[i]);
	cli_progress_end(&e.bar);
	if (*e.source_error.text) {
		cli_error(c, NULL, e.source_error.text);
		e.failed = true;
	}
	if (e.replaced)
		cli_error(c, NULL, e.replacement.text);
	end(&e);
	free(workers);
	if (e.replaced)
		return CLI_MODEL;
	return e.failed || (e.bar.failed && !w->forgive) || !*whole ? CLI_FAILED : CLI_OK;
}
