/* Greedy search for decoders that give several units a step (n_frames_per_step > 1), with the rules of fairseq's
 * StackUnitSequenceGenerator (fairseq/tasks/speech_to_speech.py): fairseq has no beam search for them.
 *
 * Layer: search; knows base only. */
#ifndef S2_SEARCH_STACKED_H
#define S2_SEARCH_STACKED_H

#include "search/beam.h"

typedef struct s2_stacked_decoder {
	void *self;
	size_t vocab;          /* V: dictionary size, special symbols included */
	size_t n_units;        /* K: units proper; unit u is token V - K + u */
	size_t units_per_step; /* r */
	int32_t pad, eos, unk;
	/* Feeds the token of one step at position `step` (eos first, then s2_pack_units of what was chosen) and writes
	 * log-probabilities [r, V], one distribution a unit. */
	int (*step)(void *self, size_t step, int64_t token, float *log_probs, s2st_error *err);
} s2_stacked_decoder;

/* One number for the r tokens of a step: units as digits base K, most significant first, above the special symbols.
 * Special symbols count as digit 0, as in the reference. r digits must fit int64 (s2_stacked_search checks). */
int64_t s2_pack_units(const int32_t *tokens, size_t r, size_t vocab, size_t n_units);

/* One hypothesis in memory of `a`; `scratch` is reset to where it was. Units before the first eos (eos itself is left
 * out), at most `max_len` of them: the reference runs max_len *steps* but then keeps max_len *units*, so later steps
 * cannot matter and are not run. `score` is the plain sum; hit_max_len: no eos among the first max_len units. An empty
 * hypothesis (n 0) is an ordinary result. */
S2ST_CHECK int s2_stacked_search(const s2_stacked_decoder *d, size_t max_len, s2_arena *a, s2_arena *scratch,
				 s2_beam_hyp *hyp, s2st_error *err);

#endif
