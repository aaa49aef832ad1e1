/* The loop over inputs: order, slow rows, failures, groups, bounds; with workers that are forced into each other's
 * way. */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "test.h"
#include "tools/cli.h"

enum { THREADS = 4, MOST = 20000, MIB = 1 << 20 };
enum { WINDOW = 4096, HELD = 16 * MIB }; /* as in cli_run.c */

typedef struct run {
	size_t n, next; /* rows to give, given */
	size_t emitted, failed_emits;
	bool in_order, fail_some, keep_failed;
	size_t gate;       /* row 0 waits until so many others are done */
	bool linger;       /* and some time more */
	size_t meanwhile;  /* others that were done by then */
	size_t size;       /* bytes of a result, besides what is compared */
	size_t emit_limit; /* emit fails at this row; 0: never */
	size_t furthest;   /* most rows between the one handed out next and the one given last */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t worked, opened, closed;
	size_t largest_group;
	char id[32];
} run;

static int next(void *source, s2st_input *row, s2st_error *err)
{
	run *r = source;
	(void)err;
	if (r->next == r->n)
		return 0;
	snprintf(r->id, sizeof r->id, "%zu", r->next);
	*row = (s2st_input){.id = r->id, .path = r->id, .index = r->next++, .n_frames = -1};
	pthread_mutex_lock(&r->lock);
	if (r->next - r->emitted > r->furthest)
		r->furthest = r->next - r->emitted;
	pthread_mutex_unlock(&r->lock);
	return 1;
}

static int open_own(void *self, void **own, s2st_error *err)
{
	run *r = self;
	(void)err;
	pthread_mutex_lock(&r->lock);
	*own = &r->opened;
	r->opened++;
	pthread_mutex_unlock(&r->lock);
	return S2ST_OK;
}

static void close_own(void *self, void *own)
{
	run *r = self;
	CHECK(own == &r->opened);
	r->closed++;
}

static void wait_at_gate(run *r)
{
	while (r->worked < r->gate)
		pthread_cond_wait(&r->changed, &r->lock);
	pthread_mutex_unlock(&r->lock);
	if (r->linger)
		usleep(100000); /* for others to go on, if nothing keeps them */
	pthread_mutex_lock(&r->lock);
	r->meanwhile = r->worked;
}

static int work(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err)
{
	run *r = self;
	pthread_mutex_lock(&r->lock);
	CHECK(own == &r->opened);
	if (row->index == 0)
		wait_at_gate(r);
	r->worked++;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	fprintf(result->text.f, "row %s", row->id);
	fprintf(result->text.f, "%*s", (int)r->size, "");
	if (r->fail_some && row->index % 7 == 3)
		return cli_fail(err, S2ST_EINPUT, "row %s is a bad one", row->id);
	return S2ST_OK;
}

static void work_group(void *self, void *own, cli_item *const *items, size_t n)
{
	run *r = self;
	s2st_error err;
	pthread_mutex_lock(&r->lock);
	if (n > r->largest_group)
		r->largest_group = n;
	for (size_t i = 0; i < n; i++)
		CHECK_INT(items[i]->row.index, items[0]->row.index + i);
	pthread_mutex_unlock(&r->lock);
	for (size_t i = 0; i < n; i++) {
		if (work(self, own, &items[i]->row, &items[i]->result, &err) < 0)
			cli_item_fail(items[i], &err);
	}
}

static int emit(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	run *r = self;
	char want[40];
	const bool bad = r->fail_some && row->index % 7 == 3;
	pthread_mutex_lock(&r->lock);
	if (r->fail_some && !r->keep_failed && r->emitted % 7 == 3)
		r->emitted++; /* nothing comes of that one */
	r->in_order &= row->index == r->emitted;
	r->emitted++;
	snprintf(want, sizeof want, "row %zu", row->index);
	CHECK_STR(row->id, want + 4);
	if (!bad)
		CHECK(strncmp(result->text.bytes, want, strlen(want)) == 0);
	CHECK_INT(result->text.n, bad ? 0 : strlen(want) + r->size);
	pthread_mutex_unlock(&r->lock);
	if (r->emit_limit && row->index == r->emit_limit)
		return cli_fail(err, S2ST_EIO, "no more room");
	return S2ST_OK;
}

static int go(run *r, s2st_context *ctx, cli_work w, bool *whole)
{
	cli c = {.tool = "test", .quiet = true};
	w.self = w.source = r;
	w.context = ctx;
	w.next = next;
	w.emit = emit;
	w.open = open_own;
	w.close = close_own;
	r->in_order = true;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	const int code = cli_run(&c, &w, whole);
	CHECK_INT(r->opened, r->closed);
	CHECK(r->in_order);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	return code;
}

static void test_order(s2st_context *ctx)
{
	bool whole;
	for (int known = 0; known < 2; known++) {
		run r = {.n = MOST};
		CHECK_INT(go(&r, ctx, (cli_work){.total = known ? MOST : -1, .work = work}, &whole), CLI_OK);
		CHECK(whole);
		CHECK_INT(r.emitted, MOST);
		CHECK(r.opened >= 1 && r.opened <= THREADS);
		CHECK(r.furthest <= 5000);
	}
}

static void test_slow_row(s2st_context *ctx)
{
	bool whole;
	run r = {.n = 2000, .gate = 1000};
	CHECK_INT(go(&r, ctx, (cli_work){.total = 2000, .work = work}, &whole), CLI_OK);
	CHECK_INT(r.emitted, 2000);
}

/* A slow row keeps the others waiting when the window behind it, or the memory for results, is full; not before. */
static void test_bounds(s2st_context *ctx)
{
	bool whole;
	run rows = {.n = MOST, .gate = WINDOW - 1, .linger = true};
	CHECK_INT(go(&rows, ctx, (cli_work){.total = MOST, .work = work}, &whole), CLI_OK);
	CHECK_INT(rows.emitted, MOST);
	CHECK_INT(rows.meanwhile, WINDOW - 1);
	CHECK(rows.furthest <= WINDOW);
	const size_t full = THREADS * HELD / MIB;
	run bytes = {.n = 200, .gate = full, .linger = true, .size = MIB};
	CHECK_INT(go(&bytes, ctx, (cli_work){.total = 200, .work = work}, &whole), CLI_OK);
	CHECK_INT(bytes.emitted, 200);
	CHECK(bytes.meanwhile < full + THREADS);
}

static void test_bad_rows(s2st_context *ctx)
{
	bool whole;
	for (int keep = 0; keep < 2; keep++) {
		run r = {.n = 1000, .fail_some = true, .keep_failed = keep};
		const cli_work w = {.total = 1000, .work = work, .keep_failed = keep, .forgive = keep};
		CHECK_INT(go(&r, ctx, w, &whole), keep ? CLI_OK : CLI_FAILED);
		CHECK(whole);
		CHECK_INT(r.worked, 1000);
		CHECK_INT(r.emitted, 1000);
	}
	run r = {.n = MOST, .emit_limit = 50};
	CHECK_INT(go(&r, ctx, (cli_work){.total = MOST, .work = work}, &whole), CLI_FAILED);
	CHECK(!whole);
	CHECK_INT(r.emitted, 51);
}

static void test_groups(s2st_context *ctx)
{
	bool whole;
	run r = {.n = 3001, .fail_some = true};
	const cli_work w = {.total = 3001, .work_group = work_group, .batch = 16};
	CHECK_INT(go(&r, ctx, w, &whole), CLI_FAILED);
	CHECK_INT(r.worked, 3001);
	CHECK_INT(r.emitted, 3001);
	CHECK(r.largest_group > 1 && r.largest_group <= 16);
}

static void test_serial(s2st_context *ctx)
{
	bool whole;
	run r = {.n = 100}, none = {.n = 0};
	CHECK_INT(go(&r, ctx, (cli_work){.total = 100, .work = work, .serial = true}, &whole), CLI_OK);
	CHECK_INT(r.opened, 1);
	CHECK_INT(go(&none, ctx, (cli_work){.total = 0, .work = work}, &whole), CLI_OK);
	CHECK(whole);
}

int main(void)
{
	s2st_error err;
	s2st_context *ctx;
	REQUIRE_OK(s2st_context_new(&ctx, &(s2st_context_options){.threads = THREADS}, &err));
	int null = open("/dev/null", O_WRONLY);
	int before = dup(2);
	REQUIRE(null >= 0 && before >= 0);
	test_order(ctx);
	test_slow_row(ctx);
	test_bounds(ctx);
	dup2(null, 2); /* what the runs say about their failures */
	test_bad_rows(ctx);
	test_groups(ctx);
	dup2(before, 2);
	test_serial(ctx);
	close(null);
	close(before);
	s2st_context_free(ctx);
	return TEST_RESULT();
}
