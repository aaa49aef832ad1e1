/* Numbers spelled out, in the words of the packages that the field's cleaners call: inflect for English, num2words for
 * Spanish and French.
 *
 * Layer: text; knows base only. */
#ifndef S2_TEXT_NUMBERS_H
#define S2_TEXT_NUMBERS_H

#include "text/chars.h"

typedef enum s2_language { S2_EN, S2_ES, S2_FR } s2_language;

typedef unsigned __int128 s2_number;

/* The value of ASCII digits; false: 10^36 or more. */
bool s2_number_parse(const uint32_t *digits, size_t n, s2_number *out);

/* Each appends words to `out`; false, with nothing appended, where the language's names of powers end (English and
 * French at 10^36, Spanish at 10^27). English: "twelve thousand, three hundred forty-five"; with `use_and` "three
 * hundred and forty-five". */
bool s2_spell_cardinal(s2_chars *out, s2_language language, s2_number value, bool use_and);
bool s2_spell_ordinal(s2_chars *out, s2_language language, s2_number value);

#endif
