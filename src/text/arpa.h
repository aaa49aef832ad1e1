/* Back-off n-gram language models in ARPA format, as KenLM and SRILM write them.
 *
 * Layer: text; knows base only. Words become numbers; n-grams lie in one hash table by their numbers. A query backs off
 * as Katz's models do: log10 p(w | h) = the longest n-gram h'w there is, plus the back-off weights of the contexts
 * longer than h'. Words that the model does not know are <unk> (log10 p -100 where it has none, as in KenLM). */
#ifndef S2_TEXT_ARPA_H
#define S2_TEXT_ARPA_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { S2_ARPA_MAX_ORDER = 8 };

typedef struct s2_arpa s2_arpa;

/* What is remembered of the words so far, newest last. */
typedef struct s2_arpa_state {
	uint32_t words[S2_ARPA_MAX_ORDER - 1]; /* [n] */
	uint32_t n;
} s2_arpa_state;

S2ST_CHECK int s2_arpa_parse(s2_arpa **out, const char *text, size_t n, const char *name, s2st_error *err);
S2ST_CHECK int s2_arpa_read(s2_arpa **out, const char *path, s2st_error *err);
void s2_arpa_free(s2_arpa *m);

size_t s2_arpa_order(const s2_arpa *m);
size_t s2_arpa_n_words(const s2_arpa *m);
const char *s2_arpa_word(const s2_arpa *m, size_t id);
uint32_t s2_arpa_find(const s2_arpa *m, const char *word, size_t n); /* the unknown word's where it is not known */

s2_arpa_state s2_arpa_begin(const s2_arpa *m); /* after <s> */
/* log10 p(word | state); *next (may be `state` itself) is the state after it. */
double s2_arpa_score(const s2_arpa *m, const s2_arpa_state *state, uint32_t word, s2_arpa_state *next);
double s2_arpa_end(const s2_arpa *m, const s2_arpa_state *state); /* log10 p(</s> | state) */

#endif
