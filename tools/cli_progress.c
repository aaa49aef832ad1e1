/* How far a run is: a bar where stderr is a terminal, a summary with -v. */
#include <time.h>
#include <unistd.h>

#include "cli_run.h"

double cli_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t); /* changes of the clock on the wall do not move it */
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void cli_progress_start(cli_progress *p, cli *c, int64_t total)
{
	*p = (cli_progress){.c = c, .total = total, .start = cli_now(), .shown = !c->quiet && isatty(STDERR_FILENO)};
}

void cli_progress_show(cli_progress *p)
{
	double t = cli_now(), taken = t - p->start;
	if (!p->shown || t - p->last < 0.1)
		return;
	p->last = t;
	flockfile(stderr);
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
	funlockfile(stderr);
}

void cli_progress_end(cli_progress *p)
{
	double taken = cli_now() - p->start;
	if (p->c->bar_shown)
		fputs("\r\033[K", stderr);
	p->c->bar_shown = false;
	if (p->audio > 0 && taken > 0)
		cli_info(p->c, "%lld done, %lld failed, %.1f s of audio in %.2f s (%.1f x real time)",
			 (long long)p->done, (long long)p->failed, p->audio, taken, p->audio / taken);
}
