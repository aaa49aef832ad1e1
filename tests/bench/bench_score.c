/* Scoring of 100,000 sentence pairs, and the memory that it takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "s2st.h"

static uint64_t state = 1;

static unsigned draw(unsigned n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % n;
}

static void sentence(char *out, size_t size)
{
	size_t at = 0;
	for (unsigned words = 10 + draw(25); words > 0 && at + 24 < size; words--)
		at += (size_t)snprintf(out + at, size - at, "w%ux%u%s", draw(3000), draw(3), draw(8) ? " " : ", ");
}

static double seconds(void) /* of CPU: other work on the machine does not count */
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int run(s2st_metric metric, const char *name)
{
	enum { PAIRS = 100000, SAMPLES = 1000 };
	s2st_score_options o = s2st_score_defaults(metric);
	s2st_scorer *s;
	s2st_error err;
	if (s2st_scorer_new(&s, &o, &err) < 0)
		return 1;
	double adding = 0, start;
	for (int i = 0; i < PAIRS; i++) {
		char hyp[1024], ref[1024];
		sentence(ref, sizeof ref);
		memcpy(hyp, ref, sizeof hyp);
		for (int k = 0; k < 10; k++)
			hyp[draw((unsigned)strlen(hyp))] = 'q';
		const char *refs[] = {ref};
		start = seconds();
		if (s2st_scorer_add(s, hyp, refs, 1, NULL, &err) < 0)
			return 1;
		adding += seconds() - start;
	}
	s2st_score out;
	s2st_scorer_score(s, &out);
	s2st_confidence c;
	start = seconds();
	if (s2st_scorer_bootstrap(s, SAMPLES, 12345, &c, &err) < 0)
		return 1;
	struct rusage use;
	getrusage(RUSAGE_SELF, &use);
	printf("%s of %d pairs: %.2f s; %d resamples: %.2f s; %ld MB in all; %s\n", name, PAIRS, adding, SAMPLES,
	       seconds() - start, use.ru_maxrss / 1024, out.text);
	s2st_scorer_free(s);
	return 0;
}

int main(void)
{
	return run(S2ST_BLEU, "BLEU") | run(S2ST_CHRF, "chrF") | run(S2ST_WER, "WER") | run(S2ST_CER, "CER");
}
