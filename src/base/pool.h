/* A fixed crew of threads that share out the iterations of one loop.
 *
 * Layer: base. Work must not depend on who does it: kernels split their output, never a sum, so results have the same
 * bytes for any number of threads. A pool that is already at work (another session) makes the second caller do its loop
 * alone: never a deadlock, never a different answer. That also holds for a task that runs a loop of its own, whose
 * worker numbers then start at 0 again: memory that is picked by worker number is not shared between such levels. */
#ifndef S2_BASE_POOL_H
#define S2_BASE_POOL_H

#include <stddef.h>

#include "base/status.h"

typedef struct s2_pool s2_pool;

/* `worker` is 0 .. threads-1 and unique among the calls running at one time within one s2_pool_run. */
typedef void s2_task(void *arg, size_t i, int worker);

/* threads 0: one for each core that this process may use. */
S2ST_CHECK int s2_pool_new(s2_pool **out, int threads, s2st_error *err);
void s2_pool_free(s2_pool *p);
int s2_pool_threads(const s2_pool *p); /* 1 for NULL */
/* How many threads work on one loop from now on, the caller included. Any thread may say so at any time: callers that
 * work side by side share out the cores with it. */
void s2_pool_limit(s2_pool *p, int threads);

/* Runs task(arg, i, worker) for every i < n and returns when all are done. NULL pool or n == 1: in the caller. */
void s2_pool_run(s2_pool *p, size_t n, s2_task *task, void *arg);

#endif
