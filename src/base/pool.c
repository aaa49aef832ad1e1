#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A loop is opened by its number and closed again before the caller returns. The crew looks at that number; who joins
 * says so first (working) and looks once more, so that either it finds the loop closed or the caller waits for it. No
 * lock is taken while the crew is awake: loops of a decoder's step take some 10 microseconds. */
struct s2_pool {
	int n_threads; /* caller included */
	pthread_t *threads;
	int n_started;

	int spins;        /* looks for work before going to sleep */
	atomic_int limit; /* threads that work on one loop, caller included */
	atomic_bool busy; /* some session's loop runs; the rest but `quit` is that session's */

	s2_task *task;
	void *arg;
	size_t n;
	unsigned long last; /* number of the newest loop */

	_Alignas(64) atomic_ulong open; /* number of the loop that can be joined; 0: none */
	_Alignas(64) atomic_size_t next;
	_Alignas(64) atomic_int working; /* of the crew */

	_Alignas(64) pthread_mutex_t lock; /* of those who sleep */
	pthread_cond_t wake, done;
	atomic_int sleepers;
	atomic_bool waiting; /* the caller sleeps until nobody is working */
	bool quit;
};

/* Some 30 microseconds: loops of one forward pass follow each other faster than a thread wakes. */
enum { SPINS = 2000 };

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

typedef struct crew {
	s2_pool *pool;
	int worker;
} crew;

static void work(s2_pool *p, int worker)
{
	for (;;) {
		size_t i = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed);
		if (i >= p->n)
			return;
		p->task(p->arg, i, worker);
	}
}

/* The number of a loop other than `seen`; 0: the pool ends. */
static unsigned long await_loop(s2_pool *p, unsigned long seen)
{
	unsigned long now;
	for (int i = 0; i < p->spins; i++, relax())
		if ((now = atomic_load(&p->open)) != 0 && now != seen)
			return now;
	pthread_mutex_lock(&p->lock);
	atomic_fetch_add(&p->sleepers, 1);
	while (((now = atomic_load(&p->open)) == 0 || now == seen) && !p->quit)
		pthread_cond_wait(&p->wake, &p->lock);
	atomic_fetch_sub(&p->sleepers, 1);
	if (p->quit)
		now = 0;
	pthread_mutex_unlock(&p->lock);
	return now;
}

static void *crew_main(void *arg)
{
	crew me = *(crew *)arg;
	free(arg);
	s2_pool *p = me.pool;
	unsigned long seen = 0;
	while ((seen = await_loop(p, seen)) != 0) {
		if (me.worker >= atomic_load(&p->limit))
			continue;
		atomic_fetch_add(&p->working, 1);
		if (atomic_load(&p->open) == seen)
			work(p, me.worker);
		if (atomic_fetch_sub(&p->working, 1) == 1 && atomic_load(&p->waiting)) {
			pthread_mutex_lock(&p->lock);
			pthread_cond_signal(&p->done);
			pthread_mutex_unlock(&p->lock);
		}
	}
	return NULL;
}

static int usable_cores(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 1;
	int n = CPU_COUNT(&set);
	return n < 1 ? 1 : n;
}

static int start_crew(s2_pool *p)
{
	for (int i = 1; i < p->n_threads; i++) {
		crew *c = malloc(sizeof *c);
		if (!c)
			return -1;
		*c = (crew){p, i};
		if (pthread_create(&p->threads[p->n_started], NULL, crew_main, c) != 0) {
			free(c);
			return -1;
		}
		p->n_started++;
	}
	return 0;
}

int s2_pool_new(s2_pool **out, int threads, s2st_error *err)
{
	*out = NULL;
	if (threads < 0 || threads > 1024)
		return s2_fail(err, S2ST_EINPUT, "threads: expected 0 to 1024, found %d", threads);
	s2_pool *p = aligned_alloc(64, sizeof *p);
	if (!p)
		return s2_fail_mem(err, "thread pool");
	memset(p, 0, sizeof *p);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	pthread_cond_init(&p->done, NULL);
	int cores = usable_cores();
	p->n_threads = threads ? threads : cores;
	atomic_store(&p->limit, p->n_threads);
	p->spins = p->n_threads <= cores ? SPINS : 0; /* spinning would take the core from who has the work */
	p->threads = calloc((size_t)p->n_threads, sizeof *p->threads);
	if (!p->threads || start_crew(p) < 0) {
		s2_pool_free(p);
		return s2_fail(err, S2ST_EMEM, "cannot start %d threads", threads);
	}
	*out = p;
	return S2ST_OK;
}

void s2_pool_free(s2_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->quit = true;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < p->n_started; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->wake);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
	free(p->threads);
	free(p);
}

void s2_pool_limit(s2_pool *p, int threads)
{
	atomic_store(&p->limit, threads);
}

int s2_pool_threads(const s2_pool *p)
{
	return p ? p->n_threads : 1;
}

/* Opens the loop for the crew. */
static void publish(s2_pool *p, size_t n, s2_task *task, void *arg)
{
	p->task = task;
	p->arg = arg;
	p->n = n;
	atomic_store(&p->next, 0);
	atomic_store(&p->open, ++p->last);
	if (atomic_load(&p->sleepers) > 0) {
		pthread_mutex_lock(&p->lock);
		pthread_cond_broadcast(&p->wake);
		pthread_mutex_unlock(&p->lock);
	}
}

/* From here on nobody joins; waits for those who have. */
static void close_loop(s2_pool *p)
{
	atomic_store(&p->open, 0);
	for (int i = 0; i < p->spins && atomic_load(&p->working) > 0; i++)
		relax();
	if (atomic_load(&p->working) == 0)
		return;
	pthread_mutex_lock(&p->lock);
	atomic_store(&p->waiting, true);
	while (atomic_load(&p->working) > 0)
		pthread_cond_wait(&p->done, &p->lock);
	atomic_store(&p->waiting, false);
	pthread_mutex_unlock(&p->lock);
}

void s2_pool_run(s2_pool *p, size_t n, s2_task *task, void *arg)
{
	if (!p || p->n_started == 0 || n < 2 || atomic_load(&p->limit) < 2 || atomic_exchange(&p->busy, true)) {
		for (size_t i = 0; i < n; i++)
			task(arg, i, 0);
		return;
	}
	publish(p, n, task, arg);
	work(p, 0);
	close_loop(p);
	atomic_store(&p->busy, false);
}
