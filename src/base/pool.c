#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

struct s2_pool {
	int n_threads; /* caller included */
	pthread_t *threads;
	int n_started;

	int spins; /* looks for work before going to sleep */
	atomic_int limit; /* threads that work on one loop, caller included */

	pthread_mutex_t busy; /* held by the session whose loop runs */
	pthread_mutex_t lock; /* guards changes of everything below but `next` */
	pthread_cond_t wake, done;
	atomic_ulong generation; /* one more for each loop */
	bool quit;
	atomic_int working; /* crew members that have joined this generation's loop and not left it */

	s2_task *task;
	void *arg;
	size_t n;
	atomic_size_t next;
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

static void *crew_main(void *arg)
{
	crew me = *(crew *)arg;
	free(arg);
	s2_pool *p = me.pool;
	unsigned long seen = 0;
	for (;;) {
		for (int i = 0; i < p->spins && atomic_load(&p->generation) == seen; i++)
			relax();
		pthread_mutex_lock(&p->lock);
		while (!p->quit && p->generation == seen)
			pthread_cond_wait(&p->wake, &p->lock);
		if (p->quit)
			break;
		seen = p->generation;
		/* Who comes when all is handed out does not join, so that nobody waits for sleepers. */
		bool join = atomic_load(&p->next) < p->n && me.worker < atomic_load(&p->limit);
		if (join)
			p->working++;
		pthread_mutex_unlock(&p->lock);
		if (!join)
			continue;
		work(p, me.worker);
		pthread_mutex_lock(&p->lock);
		if (--p->working == 0)
			pthread_cond_signal(&p->done);
		pthread_mutex_unlock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
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
	s2_pool *p = calloc(1, sizeof *p);
	if (!p)
		return s2_fail_mem(err, "thread pool");
	pthread_mutex_init(&p->busy, NULL);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	pthread_cond_init(&p->done, NULL);
	int cores = usable_cores();
	p->n_threads = threads ? threads : cores;
	p->limit = p->n_threads;
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
	pthread_mutex_destroy(&p->busy);
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

void s2_pool_run(s2_pool *p, size_t n, s2_task *task, void *arg)
{
	if (!p || p->n_started == 0 || n < 2 || atomic_load(&p->limit) < 2 || pthread_mutex_trylock(&p->busy) != 0) {
		for (size_t i = 0; i < n; i++)
			task(arg, i, 0);
		return;
	}
	pthread_mutex_lock(&p->lock);
	p->task = task;
	p->arg = arg;
	p->n = n;
	atomic_store(&p->next, 0);
	p->generation++;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);

	work(p, 0);

	for (int i = 0; i < p->spins && atomic_load(&p->working) > 0; i++)
		relax();
	pthread_mutex_lock(&p->lock); /* from here on nobody joins: all is handed out */
	while (p->working > 0)
		pthread_cond_wait(&p->done, &p->lock);
	pthread_mutex_unlock(&p->lock);
	pthread_mutex_unlock(&p->busy);
}
