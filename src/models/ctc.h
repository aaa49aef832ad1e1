/* What a CTC head's outputs mean, and text from them.
 *
 * Layer: models. The rules are those of the field's ASR-BLEU script (fairseq examples/speech_to_speech/asr_bleu/
 * utils.py), which decodes raw logits with a beam of one: per-frame argmax, repeats collapsed, blanks dropped.
 *
 *               blank              silence (between words)
 *   fairseq     <s>, id 0          "|", else </s>
 *   HF folder   pad_token          word_delimiter_token, else "|", else " "
 *
 * MMS has a vocabulary for each language: in fairseq that of its adapter's task_state, in vocab.json one below another.
 *
 * Symbols are found by id, never by counting: a vocabulary that does not fill the head, or that
 * overflows it, is an error. */
#ifndef S2_MODELS_CTC_H
#define S2_MODELS_CTC_H

#include "formats/dict.h"
#include "models/encoder.h"

typedef struct s2_ctc_vocab {
	const char **symbols; /* [n] UTF-8 */
	size_t n;             /* rows of the head */
	size_t blank, silence;
	size_t unsaid; /* no text shows it: </s>, where fairseq decodes with Dictionary.string (MMS); SIZE_MAX: none */
} s2_ctc_vocab;

/* The vocabulary of a model with a head, in arena `a`. `path`: dict.ltr.txt of a fairseq model, vocab.json of a Hugging
 * Face one. NULL: the dictionary in the checkpoint's task_state if it holds more than the special symbols, else
 * dict.ltr.txt beside the model; for a folder its vocab.json. */
S2ST_CHECK int s2_ctc_vocab_open(s2_ctc_vocab *v, const s2_encoder *m, const char *model, const char *path, s2_arena *a,
				 s2st_error *err);

/* From a dictionary that must have exactly `rows` symbols; `name` and `model` are for messages. */
S2ST_CHECK int s2_ctc_vocab_fairseq(s2_ctc_vocab *v, const s2_dict *d, size_t rows, const char *name, const char *model,
				    s2_arena *a, s2st_error *err);

/* Files of a tokenizer; all but `vocab` may be NULL. */
typedef struct s2_ctc_tokenizer {
	const s2_value *vocab, *added, *config, *special; /* vocab.json, added_tokens.json, tokenizer_config.json,
							   * special_tokens_map.json */
	const char *name;                                 /* of vocab.json, for messages */
} s2_ctc_tokenizer;

/* The vocabulary points into the trees' strings. Every token of vocab.json needs a row. Added tokens may lie above the
 * rows (the head was trained without them and never says them); special tokens that no file lists get the next ids, as
 * the tokenizer gives them. A gap between the ids is the unknown token. */
S2ST_CHECK int s2_ctc_vocab_hf(s2_ctc_vocab *v, const s2_ctc_tokenizer *t, size_t rows, const char *model, s2_arena *a,
			       s2st_error *err);

/* One symbol of a path through the frames. */
typedef struct s2_ctc_run {
	size_t id;
	size_t begin, end; /* frames [begin, end) */
} s2_ctc_run;

/* Best path: runs of the same argmax (ties: the lowest id) without blanks, into runs [frames]. Returns how many. */
size_t s2_ctc_greedy(s2_ctc_run *runs, const s2_ctc_vocab *v, const float *logits, size_t frames);

/* Takes the runs of v->unsaid out of runs [n]; returns how many are left. */
size_t s2_ctc_drop_unsaid(s2_ctc_run *runs, const s2_ctc_vocab *v, size_t n);

/* The likeliest path of symbols [n] through log-probabilities [frames, v->n], as runs [n]. */
S2ST_CHECK int s2_ctc_align(s2_ctc_run *runs, const s2_ctc_vocab *v, const float *logp, size_t frames,
			    const uint32_t *symbols, size_t n, s2_arena *a, s2st_error *err);

typedef enum s2_ctc_post {
	S2_CTC_COLLAPSE, /* symbols joined, silence is a space */
	S2_CTC_NONE,     /* symbols joined by spaces, silence is a space too: the units are words (Hokkien) */
} s2_ctc_post;

/* The text of runs [n], not stripped yet: NUL-terminated, in `a`. */
S2ST_CHECK int s2_ctc_text(char **out, const s2_ctc_vocab *v, const s2_ctc_run *runs, size_t n, s2_ctc_post post,
			   s2_arena *a, s2st_error *err);

/* How many of runs [n] make up the word that starts at the first of them (0: a silence). */
size_t s2_ctc_word(const s2_ctc_vocab *v, const s2_ctc_run *runs, size_t n, s2_ctc_post post);

#endif
