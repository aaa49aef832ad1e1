/* Tokenisers of sacreBLEU: text in, text with tokens parted by whitespace out (sacrebleu/tokenizers/tokenizer_*.py).
 *
 * Layer: text; knows base only. */
#ifndef S2_TEXT_TOKENIZE_H
#define S2_TEXT_TOKENIZE_H

#include "text/chars.h"

/* Rewrites `s`; `spare` is scratch. */
typedef void s2_tokenizer(s2_chars *s, s2_chars *spare);

/* "13a", "none", "char", "intl", "zh"; fails and lists them. */
S2ST_CHECK int s2_tokenizer_find(s2_tokenizer **out, const char *name, s2st_error *err);

#endif
