/* Speech to text, and which language it is. Part of s2st.h, which tells how the library is used. */
#ifndef S2ST_ASR_H
#define S2ST_ASR_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- speech to text (CTC) ----------------------------------------------------------------------------------- */

/* wav2vec 2.0 family encoders fine-tuned with a CTC head: what ASR-BLEU listens with. A whole file is one input, as in
 * the reference: time grows with the square of its length, memory with its length. */
typedef struct s2st_asr s2st_asr;
typedef struct s2st_asr_session s2st_asr_session;

typedef struct s2st_asr_files {
	const char *model; /* fairseq checkpoint, or a Hugging Face folder */
	const char *dict;  /* dict.ltr.txt (fairseq) or vocab.json; NULL: in the checkpoint or beside the model */
	const char *language; /* of a model with adapters (MMS): "eng"; NULL: the one it was saved with */
} s2st_asr_files;

typedef struct s2st_asr_info {
	const char *kind;     /* "wav2vec_ctc", ... */
	const char *file;     /* the one with the weights */
	const char *language; /* of its adapters; NULL: none was chosen */
	int n_vocab;          /* rows of the head */
	int blank, silence;
	bool normalize; /* input is layer-normed over the file */
	int sample_rate;
	int hop; /* samples a frame */
} s2st_asr_info; /* strings live as long as the model */

S2ST_CHECK int s2st_asr_open(s2st_asr **out, s2st_context *ctx, const s2st_asr_files *files, s2st_error *err);
/* Another language of `from`'s model: only adapters, head and vocabulary are new, the rest is used by both, so `from`
 * has to live longer. A language that is not there is an error that lists near names. */
S2ST_CHECK int s2st_asr_open_language(s2st_asr **out, const s2st_asr *from, const char *language, s2st_error *err);
/* Which languages a model has adapters for, sorted; none: *n is 0. One block with its strings: free(*out). */
S2ST_CHECK int s2st_asr_languages(char ***out, size_t *n, const char *model, s2st_error *err);
void s2st_asr_free(s2st_asr *m);
void s2st_asr_get_info(const s2st_asr *m, s2st_asr_info *out);
/* SHA-256 of that file: which recogniser a score is from. */
S2ST_CHECK int s2st_asr_hash(const s2st_asr *m, char out[S2ST_HASH_SIZE], s2st_error *err);
const char *s2st_asr_symbol(const s2st_asr *m, int id); /* NULL: outside the vocabulary */
S2ST_CHECK int s2st_asr_session_new(s2st_asr_session **out, const s2st_asr *m, s2st_error *err);
void s2st_asr_session_free(s2st_asr_session *s);
const s2st_asr *s2st_asr_session_model(const s2st_asr_session *s);

/* A back-off n-gram model over words, in ARPA format (KenLM, SRILM). */
typedef struct s2st_lm s2st_lm;
S2ST_CHECK int s2st_lm_open(s2st_lm **out, const char *path, s2st_error *err);
void s2st_lm_free(s2st_lm *lm);
/* Can this recogniser spell the model's words? One in capitals, say, would only do harm to one of small letters: an
 * error where it can spell less than half of them. */
S2ST_CHECK int s2st_asr_check_lm(const s2st_asr *m, const s2st_lm *lm, s2st_error *err);

typedef struct s2st_asr_options {
	const char *post_process; /* "collapse" (default): letters, silence is a space; "none": symbols are words */
	bool lowercase;           /* as Python's str.lower */
	int beam;                 /* above 1: prefix beam search; else the best path */
	const s2st_lm *lm;        /* for the beam search; NULL: none */
	double lm_weight;         /* times the natural log of a word's probability */
	double word_score;        /* added for each word, with a language model */
} s2st_asr_options;

typedef struct s2st_span {
	const char *text;
	double start, end; /* seconds */
} s2st_span;

typedef struct s2st_transcript {
	const char *text;       /* UTF-8, without space at its ends; "" where nothing was heard */
	const s2st_span *words; /* [n_words] */
	size_t n_words;
	const s2st_span *symbols; /* [n_symbols] letters, without silences */
	size_t n_symbols;
} s2st_transcript; /* owned by the session, until its next call */

/* `samples` [n] mono at the model's rate (16 kHz). Logits [frames, n_vocab], not softmaxed. */
S2ST_CHECK int s2st_asr_logits(s2st_asr_session *s, const float *samples, size_t n, s2st_matrix *out, s2st_error *err);
/* Best path: the argmax of each frame, repeats collapsed, blanks dropped; or the best text of a beam search, with times
 * from its likeliest path. `opt` NULL: all zero, the best path. */
S2ST_CHECK int s2st_asr_transcribe(s2st_asr_session *s, const float *samples, size_t n, const s2st_asr_options *opt,
				   s2st_transcript *out, s2st_error *err);
/* The same for logits [frames, n_vocab], for example those of s2st_asr_logits. */
S2ST_CHECK int s2st_asr_decode(s2st_asr_session *s, const s2st_matrix *logits, const s2st_asr_options *opt,
			       s2st_transcript *out, s2st_error *err);

/* ---- which language (MMS) -------------------------------------------------------------------------------------- */

/* Language identification by a wav2vec 2.0 classifier. A file is one input, as in the reference. */
typedef struct s2st_lid s2st_lid;
typedef struct s2st_lid_session s2st_lid_session;

typedef struct s2st_lid_files {
	const char *model; /* fairseq checkpoint, or a Hugging Face folder */
	const char *dict;  /* dict.lang.txt (fairseq); NULL: beside the model */
} s2st_lid_files;

typedef struct s2st_lid_info {
	const char *kind; /* "wav2vec_classification", ... */
	int n_languages;
	int sample_rate;
	bool normalize; /* input is layer-normed over the file */
} s2st_lid_info; /* strings live as long as the model */

typedef struct s2st_guess {
	const char *language; /* as the model calls it */
	float log_prob;       /* natural */
} s2st_guess;

S2ST_CHECK int s2st_lid_open(s2st_lid **out, s2st_context *ctx, const s2st_lid_files *files, s2st_error *err);
void s2st_lid_free(s2st_lid *m);
void s2st_lid_get_info(const s2st_lid *m, s2st_lid_info *out);
S2ST_CHECK int s2st_lid_session_new(s2st_lid_session **out, const s2st_lid *m, s2st_error *err);
void s2st_lid_session_free(s2st_lid_session *s);
/* `samples` [n] mono at the model's rate (16 kHz). *out [n_languages], likeliest first: the session's, until its next
 * call. */
S2ST_CHECK int s2st_identify(s2st_lid_session *s, const float *samples, size_t n, const s2st_guess **out,
			     s2st_error *err);

#ifdef __cplusplus
}
#endif
#endif
