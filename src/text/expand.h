/* Numbers in running text spelled out: thousands separators, percent, money, decimals, ordinals, years
 * (normalize_numbers of fairseq's ust branch, examples/speech_matrix/data_helper/numbers.py).
 *
 * Layer: text; knows base only. */
#ifndef S2_TEXT_EXPAND_H
#define S2_TEXT_EXPAND_H

#include "text/numbers.h"

/* Rewrites `s`; `spare` is scratch. Numbers too large for words stay as they are. */
void s2_expand_numbers(s2_chars *s, s2_chars *spare, s2_language language);

#endif
