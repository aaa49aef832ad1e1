/* CTC decoding without a language model. */
#include "models/ctc.h"

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
