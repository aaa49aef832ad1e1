/* Files that are cut short while they are mapped.
 *
 * Who reads a page that has gone gets SIGBUS, which would end the tool. While inputs are worked on, such a page is
 * replaced by zeros instead, so that the reader comes to its end, and counted: the loop then knows that what was made
 * meanwhile is worth nothing. */
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli_run.h"

static atomic_uint n_lost;
static uintptr_t page_size;

static void replace_page(int number, siginfo_t *info, void *context)
{
	void *page = (void *)((uintptr_t)info->si_addr & ~(page_size - 1)); /* NOLINT(performance-no-int-to-ptr) */
	(void)context;
	atomic_fetch_add(&n_lost, 1);
	if (info->si_code != BUS_ADRERR ||
	    /* cppcheck-suppress leakReturnValNotUsed ; it takes the place of what is mapped there */
	    mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		signal(number, SIG_DFL); /* it comes again, and ends the tool */
}

void cli_maps_guard(struct sigaction *before)
{
	struct sigaction act = {.sa_sigaction = replace_page, .sa_flags = SA_SIGINFO};
	page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	sigemptyset(&act.sa_mask);
	sigaction(SIGBUS, &act, before);
}

void cli_maps_unguard(const struct sigaction *before)
{
	sigaction(SIGBUS, before, NULL);
}

unsigned cli_maps_lost(void)
{
	return atomic_load(&n_lost);
}
