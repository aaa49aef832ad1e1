/* Prefix beam search over CTC outputs (Graves 2012; Hannun et al. 2014): the probability of a text is the sum over all
 * its paths, and words can be judged by a language model as they end.
 *
 * Layer: search; knows base only. */
#ifndef S2_SEARCH_CTC_BEAM_H
#define S2_SEARCH_CTC_BEAM_H

#include "base/arena.h"

/* A language model over words. States are its own numbers, 0 at the start; the calls write natural logarithms, weighted
 * as the caller wants them. */
typedef struct s2_ctc_lm {
	void *self;
	/* The word spelt by symbols [n] after `state`. */
	int (*word)(void *self, uint32_t state, const uint32_t *symbols, size_t n, uint32_t *next, double *score,
		    s2st_error *err);
	double (*end)(void *self, uint32_t state);
} s2_ctc_lm;

typedef struct s2_ctc_beam_options {
	size_t beam;            /* prefixes kept after each frame */
	size_t blank, silence;  /* symbols; a silence ends a word */
	bool symbols_are_words; /* every other symbol is a word of its own */
	const s2_ctc_lm *lm;    /* NULL: none */
} s2_ctc_beam_options;

/* The best prefix over log-probabilities [frames, n_symbols]: *n symbols in `a`, which is also the scratch memory. */
S2ST_CHECK int s2_ctc_beam(uint32_t **out, size_t *n, const float *logp, size_t frames, size_t n_symbols,
			   const s2_ctc_beam_options *opt, s2_arena *a, s2st_error *err);

#endif
