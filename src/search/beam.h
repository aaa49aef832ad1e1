/* Beam search over any incremental decoder, with the exact rules of fairseq's SequenceGenerator
 * (fairseq/sequence_generator.py; the rules are listed in beam.c with their lines).
 *
 * Layer: search; knows base only. The decoder is two callbacks. */
#ifndef S2_SEARCH_BEAM_H
#define S2_SEARCH_BEAM_H

#include "base/arena.h"

typedef struct s2_beam_decoder {
	void *self;
	size_t vocab;
	int32_t bos, pad, eos, unk; /* bos: the first input token; fairseq starts with </s> */
	/* Feeds `tokens` [rows], the newest token of each live hypothesis, at position `step` (0-based) and writes log-probabilities
	 * [rows, vocab] (log-softmax of logits / temperature is done by the caller of log-probs: `temperature` is passed on).
	 * `parent` [rows]: which row of the previous step each row continues; NULL on the first step. */
	int (*step)(void *self, size_t step, const int32_t *tokens, const int32_t *parent, size_t rows, float temperature,
		    float *log_probs, s2st_error *err);
} s2_beam_decoder;

typedef struct s2_beam_options {
	int beam, nbest;
	size_t max_len; /* already min(int(a * src_len + b), max_target_positions - 1) */
	size_t min_len;
	double lenpen, unkpen, temperature;
	bool normalize; /* divide by length^lenpen */
	int no_repeat_ngram;
	const int32_t *prefix; /* forced first tokens; NULL: none */
	size_t n_prefix;
} s2_beam_options;

typedef struct s2_beam_hyp {
	int32_t *tokens; /* eos included */
	float *positional_scores;
	size_t n;
	float score; /* float32, as the reference keeps it */
	bool hit_max_len;
} s2_beam_hyp;

/* Hypotheses best first, at most opt->nbest, in memory of `a` (results) ; `scratch` is reset to where it was. */
S2ST_CHECK int s2_beam_search(const s2_beam_decoder *d, const s2_beam_options *opt, s2_arena *a, s2_arena *scratch,
			      s2_beam_hyp **hyps, size_t *n_hyps, s2st_error *err);

#endif
