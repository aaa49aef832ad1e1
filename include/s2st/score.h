/* Scores of texts: BLEU, chrF, WER, with resampling; normalisers.
 * Part of s2st.h, which tells how the library is used. */
#ifndef S2ST_SCORE_H
#define S2ST_SCORE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Text metrics as sacreBLEU 2.6 and the field's papers define them. A scorer takes sentences one at a time and keeps
 * only their counts (at most 144 bytes a sentence). Texts are UTF-8. One thread at a time. */
typedef enum s2st_metric { S2ST_BLEU, S2ST_CHRF, S2ST_WER, S2ST_CER } s2st_metric;

#define S2ST_BLEU_ORDER 4

typedef struct s2st_score_options {
	s2st_metric metric;
	bool lowercase;
	const char *tokenize; /* BLEU: "13a" (default), "none", "char", "intl", "zh" */
	const char *smooth;   /* BLEU: "exp" (default), "floor", "add-k", "none" */
	double smooth_value;  /* of floor and add-k; below 0: 0.1 and 1 */
	bool effective_order; /* BLEU: leave out orders without an n-gram; on for sentence scores, off for corpora */
	int char_order;       /* chrF: 6 */
	int word_order;       /* chrF: 0; chrF++ is 2 */
	int beta;             /* chrF: 2 */
	bool whitespace;      /* chrF: count spaces as characters */
} s2st_score_options;

s2st_score_options s2st_score_defaults(s2st_metric metric);

typedef struct s2st_score {
	double score;                       /* BLEU, chrF: 0 to 100, high is good; WER, CER: percent, low is good */
	int64_t sys_len, ref_len;           /* tokens (BLEU), words (WER), characters (CER, chrF) */
	double counts[S2ST_BLEU_ORDER];     /* BLEU: n-grams in common, with what add-k adds */
	double totals[S2ST_BLEU_ORDER];     /* BLEU: n-grams of the hypotheses, likewise */
	double precisions[S2ST_BLEU_ORDER]; /* BLEU: percent, smoothed */
	double bp;                          /* BLEU: brevity penalty */
	int64_t substitutions, deletions, insertions; /* WER, CER */
	char text[192];      /* "BLEU = 21.80 54.1/28.0/16.5/10.1 (BP = ...)" */
	char signature[192]; /* "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:..." */
} s2st_score;

typedef struct s2st_scorer s2st_scorer;
S2ST_CHECK int s2st_scorer_new(s2st_scorer **out, const s2st_score_options *opt, s2st_error *err);
void s2st_scorer_free(s2st_scorer *s);
/* References that are NULL or "" do not count; at least one must. `sentence` (NULL: not wanted) is this sentence's own
 * score. After a failure the scorer is as before. */
S2ST_CHECK int s2st_scorer_add(s2st_scorer *s, const char *hyp, const char *const *refs, size_t n_refs,
			       s2st_score *sentence, s2st_error *err);
size_t s2st_scorer_count(const s2st_scorer *s);
/* The corpus score of the sentences so far. */
void s2st_scorer_score(const s2st_scorer *s, s2st_score *out);

/* Bootstrap resampling with sacreBLEU's statistics and its random numbers: same seed (12345 there), same samples. */
typedef struct s2st_confidence {
	double mean, ci; /* 95% of the resampled scores lie in mean +- ci */
} s2st_confidence;
S2ST_CHECK int s2st_scorer_bootstrap(const s2st_scorer *s, int n_samples, uint64_t seed, s2st_confidence *out,
				     s2st_error *err);

typedef struct s2st_comparison {
	double baseline_score, system_score;
	s2st_confidence baseline, system;
	double p_value; /* two-sided: that so large a difference of the scores is chance */
} s2st_comparison;
/* Paired: both scorers have the same options and the same sentences in the same order. */
S2ST_CHECK int s2st_scorer_compare(const s2st_scorer *baseline, const s2st_scorer *system, int n_samples, uint64_t seed,
				   s2st_comparison *out, s2st_error *err);

/* Sentences of a UTF-8 file, stripped of space at their ends: one a line, or `columns` ("tgt_text", or several
 * separated by commas) of a tab-separated table with a header line and without quoting. Errors name line and byte; a
 * file without sentences is one. */
typedef struct s2st_sentences s2st_sentences;
S2ST_CHECK int s2st_sentences_read(s2st_sentences **out, const char *path, const char *columns, s2st_error *err);
void s2st_sentences_free(s2st_sentences *s);
size_t s2st_sentences_count(const s2st_sentences *s);
size_t s2st_sentences_columns(const s2st_sentences *s);                     /* 1 of a plain file */
const char *const *s2st_sentences_texts(const s2st_sentences *s, size_t i); /* [columns] */
const char *s2st_sentences_id(const s2st_sentences *s, size_t i);           /* column id of a table; NULL: none */
size_t s2st_sentences_line(const s2st_sentences *s, size_t i);              /* in the file, from 1 */

/* Text normalisers, by name: "none"; "speech_matrix" and "fisher" (fairseq's cleaners: numbers and English titles to
 * words, no punctuation but the apostrophe); "whisper_basic"; "hokkien" (Tâi-lô initials and finals to syllables).
 * `language`: "en", "es", "fr" spell numbers out in speech_matrix, any other leaves them; NULL is "en". */
typedef struct s2st_normalizer s2st_normalizer;
S2ST_CHECK int s2st_normalizer_new(s2st_normalizer **out, const char *name, const char *language, s2st_error *err);
void s2st_normalizer_free(s2st_normalizer *n);
/* `*out` is the normaliser's, until its next call. */
S2ST_CHECK int s2st_normalizer_run(s2st_normalizer *n, const char *text, const char **out, s2st_error *err);

#ifdef __cplusplus
}
#endif
#endif
