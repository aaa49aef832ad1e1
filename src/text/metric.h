/* What a metric is to the scorer: counts of a sentence, and a score from summed counts. Corpus scores, sentence scores
 * and bootstrap resampling all come from these two functions.
 *
 * Layer: text; knows base only. */
#ifndef S2_TEXT_METRIC_H
#define S2_TEXT_METRIC_H

#include "text/chars.h"
#include "text/tokenize.h"
#include "text/trie.h"

enum { S2_BLEU_ORDER = S2ST_BLEU_ORDER, S2_CHRF_MAX_CHARS = 8, S2_CHRF_MAX_WORDS = 4 };
enum { S2_MAX_STATS = 3 * (S2_CHRF_MAX_CHARS + S2_CHRF_MAX_WORDS) };

typedef struct s2_ids { /* numbers of a sentence's symbols; zero-initialise */
	uint32_t *id;   /* [n] */
	size_t n, cap;
} s2_ids;

typedef struct s2_metric_scratch {
	s2_chars hyp, ref, spare;
	s2_ids hyp_ids, ref_ids;
	s2_trie words, grams;
	uint64_t *row; /* [row_cap] of the edit distance */
	size_t row_cap;
} s2_metric_scratch;

typedef struct s2_metric_text { /* one sentence, not decoded yet; refs without the empty ones */
	const char *hyp;
	const char *const *refs;
	size_t n_refs;
} s2_metric_text;

typedef struct s2_metric {
	int (*check)(const s2st_score_options *opt, s2st_error *err); /* the options that concern this metric */
	size_t (*n_stats)(const s2st_score_options *opt);             /* at most S2_MAX_STATS */
	/* Writes the counts of one sentence. */
	int (*count)(s2_metric_scratch *m, const s2st_score_options *opt, const s2_metric_text *text, uint32_t *stats,
		     s2st_error *err);
	/* Score and its parts from summed counts; `text` and `signature` are describe's. */
	void (*score)(const s2st_score_options *opt, const int64_t *stats, s2st_score *out);
	/* `text` of a score, and the part of the signature between the references and the version ("case:mixed|...").
	 */
	void (*describe)(const s2st_score_options *opt, s2st_score *out, char *signature, size_t size);
} s2_metric;

extern const s2_metric s2_metric_bleu, s2_metric_chrf, s2_metric_wer; /* wer: also cer */

void s2_metric_scratch_free(s2_metric_scratch *m);

/* Decodes one side and lower-cases it if asked; what = "hypothesis" or "reference" for the error. */
S2ST_CHECK int s2_metric_decode(s2_metric_scratch *m, s2_chars *out, const char *utf8, bool lowercase, const char *what,
				s2st_error *err);
/* Numbers of the whitespace-separated words of `s`, interned in m->words (which must have been cleared). */
S2ST_CHECK int s2_metric_words(s2_metric_scratch *m, const s2_chars *s, s2_ids *out, s2st_error *err);
S2ST_CHECK int s2_ids_put(s2_ids *ids, uint32_t id, s2st_error *err);

#endif
