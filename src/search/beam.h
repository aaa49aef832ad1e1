/* Beam search over any incremental decoder, with the exact rules of fairseq's SequenceGenerator
 * (fairseq/sequence_generator.py, fairseq/search.py BeamSearch; the rules are listed in beam.c).
 *
 * Layer: search; knows base only. Two ways to use it:
 *   s2_beam_search   the decoder is a callback; one sentence from start to end.
 *   s2_beam_begin .. s2_beam_finish   the caller runs the decoder, so that several sentences can share one pass over
 *                    the weights:
 *
 *       s2_beam_begin(&b, ids, opt, scratch, err);
 *       s2_beam_rows rows;
 *       while (s2_beam_next(b, &rows)) {
 *               ... log_probs [rows.n, vocab] of rows.tokens ...
 *               s2_beam_feed(b, log_probs);
 *       }
 *       s2_beam_finish(b, results, &hyps, &n_hyps, err); */
#ifndef S2_SEARCH_BEAM_H
#define S2_SEARCH_BEAM_H

#include "base/arena.h"

typedef struct s2_beam_decoder {
	void *self;
	size_t vocab;
	int32_t bos, pad, eos, unk; /* bos: the first input token; fairseq starts with </s> */
	/* Feeds `tokens` [rows], the newest token of each live hypothesis, at position `step` (0-based) and writes
	 * log-probabilities [rows, vocab]: log-softmax(logits / temperature), which is the decoder's work.
	 * `parent` [rows]: which row of the previous step each row continues (any order, repeats, gaps); NULL on the
	 * first step, which has one row. Later steps have 1 .. beam rows. */
	int (*step)(void *self, size_t step, const int32_t *tokens, const int32_t *parent, size_t rows,
		    float temperature, float *log_probs, s2st_error *err);
} s2_beam_decoder;

typedef struct s2_beam_options {
	int beam, nbest; /* beam is cut to vocab - 1, nbest to the hypotheses there are */
	size_t max_len;  /* already min(int(a * src_len + b), max_target_positions - 1); tokens before eos */
	size_t min_len;  /* at most max_len */
	double lenpen, unkpen, temperature;
	bool normalize;        /* divide by length^lenpen */
	int no_repeat_ngram;   /* 0: off */
	const int32_t *prefix; /* forced first tokens, pad: any token; NULL: none. Must live as long as the search */
	size_t n_prefix;
} s2_beam_options;

typedef struct s2_beam_hyp {
	int32_t *tokens;          /* [n] eos included */
	float *positional_scores; /* [n] */
	size_t n;
	float score;      /* float32, as the reference keeps it */
	bool hit_max_len; /* eos was forced at max_len */
} s2_beam_hyp;

/* Hypotheses best first, at least one and at most opt->nbest, in memory of `a` (results); `scratch` is reset to where
 * it was. The two arenas may be one: then scratch memory stays below the results. */
S2ST_CHECK int s2_beam_search(const s2_beam_decoder *d, const s2_beam_options *opt, s2_arena *a, s2_arena *scratch,
			      s2_beam_hyp **hyps, size_t *n_hyps, s2st_error *err);

/* ---- the same, one step at a time ---- */

typedef struct s2_beam s2_beam;

typedef struct s2_beam_rows { /* what the decoder is to be fed; arrays live until the next s2_beam_feed */
	size_t step, n;
	const int32_t *tokens, *parent; /* [n]; parent NULL on the first step */
} s2_beam_rows;

/* The state lies in `scratch`, which the caller must not reset below it before s2_beam_finish. Of `ids` only vocab and
 * the four special tokens are read. */
S2ST_CHECK int s2_beam_begin(s2_beam **out, const s2_beam_decoder *ids, const s2_beam_options *opt, s2_arena *scratch,
			     s2st_error *err);
bool s2_beam_next(const s2_beam *b, s2_beam_rows *out); /* false: the search is over */
/* log_probs [rows.n, vocab] is overwritten. */
void s2_beam_feed(s2_beam *b, float *log_probs);
S2ST_CHECK int s2_beam_finish(const s2_beam *b, s2_arena *a, s2_beam_hyp **hyps, size_t *n_hyps, s2st_error *err);

#endif
