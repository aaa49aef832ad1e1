/* CTC outputs to symbols and text. */
#include "models/ctc.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

static size_t argmax(const float *x, size_t n)
{
	size_t best = 0;
	for (size_t i = 1; i < n; i++)
		if (x[i] > x[best])
			best = i;
	return best;
}

size_t s2_ctc_greedy(s2_ctc_run *runs, const s2_ctc_vocab *v, const float *logits, size_t frames)
{
	size_t n = 0, last = v->blank;
	for (size_t t = 0; t < frames; t++) {
		const size_t id = argmax(logits + t * v->n, v->n);
		if (id != v->blank && id == last)
			runs[n - 1].end = t + 1;
		else if (id != v->blank)
			runs[n++] = (s2_ctc_run){id, t, t + 1};
		last = id;
	}
	return n;
}

size_t s2_ctc_drop_unsaid(s2_ctc_run *runs, const s2_ctc_vocab *v, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (runs[i].id != v->unsaid)
			runs[kept++] = runs[i];
	return kept;
}

/* Viterbi over the states blank, s1, blank, s2, ... blank: a state comes from itself, the one before, or, between two
 * different symbols, the one before that. */
static size_t best_step(const double *score, size_t i, const uint32_t *symbols)
{
	size_t best = 0;
	if (i >= 1 && score[i - 1] > score[i])
		best = 1;
	if (i >= 3 && i % 2 && symbols[i / 2] != symbols[i / 2 - 1] && score[i - 2] > score[i - best])
		best = 2;
	return best;
}

static void trace_back(s2_ctc_run *runs, const unsigned char *steps, size_t frames, const uint32_t *symbols, size_t n,
		       size_t state)
{
	const size_t width = 2 * n + 1;
	for (size_t i = 0; i < n; i++)
		runs[i] = (s2_ctc_run){.id = symbols[i]};
	for (size_t t = frames; t-- > 0; state -= steps[t * width + state]) {
		if (state % 2 == 0)
			continue;
		s2_ctc_run *r = &runs[state / 2];
		r->begin = t;
		if (r->end == 0)
			r->end = t + 1;
	}
}

int s2_ctc_align(s2_ctc_run *runs, const s2_ctc_vocab *v, const float *logp, size_t frames, const uint32_t *symbols,
		 size_t n, s2_arena *a, s2st_error *err)
{
	const size_t width = 2 * n + 1;
	unsigned char *steps;
	double *score;
	s2_mark mark = s2_arena_mark(a);
	S2_ALLOC(steps, a, frames, width, err);
	S2_ALLOC(score, a, width, 1, err);
	for (size_t i = 0; i < width; i++)
		score[i] = i == 0 ? 0 : -INFINITY; /* before the first frame, with a blank that costs nothing */
	for (size_t t = 0; t < frames; t++) {
		const float *row = logp + t * v->n;
		for (size_t i = width; i-- > 0;) { /* downwards: a state looks only at those below it */
			const size_t step = best_step(score, i, symbols);
			steps[t * width + i] = (unsigned char)step;
			score[i] = score[i - step] + (double)row[i % 2 ? symbols[i / 2] : v->blank];
		}
	}
	const size_t last = n && score[width - 2] > score[width - 1] ? width - 2 : width - 1;
	if (score[last] == -INFINITY)
		return s2_fail(err, S2ST_EINTERNAL, "%zu symbols do not fit into %zu frames", n, frames);
	trace_back(runs, steps, frames, symbols, n, last);
	s2_arena_reset(a, mark);
	return S2ST_OK;
}

int s2_ctc_text(char **out, const s2_ctc_vocab *v, const s2_ctc_run *runs, size_t n, s2_ctc_post post, s2_arena *a,
		s2st_error *err)
{
	size_t size = 1;
	for (size_t i = 0; i < n; i++)
		if (!s2_add(size, strlen(v->symbols[runs[i].id]) + 2, &size))
			return s2_fail_mem(err, "text");
	S2_ALLOC(*out, a, size, 1, err);
	char *at = *out;
	for (size_t i = 0; i < n; i++) {
		if (i && post == S2_CTC_NONE)
			*at++ = ' ';
		if (runs[i].id == v->silence)
			*at++ = ' ';
		else
			at = stpcpy(at, v->symbols[runs[i].id]);
	}
	*at = 0;
	return S2ST_OK;
}

size_t s2_ctc_word(const s2_ctc_vocab *v, const s2_ctc_run *runs, size_t n, s2_ctc_post post)
{
	size_t i = 0;
	while (i < n && runs[i].id != v->silence && (post == S2_CTC_COLLAPSE || i == 0))
		i++;
	return i;
}
