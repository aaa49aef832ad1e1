/* fairseq's Dictionary (dictionary.py:21-43, :249-274): <s> 0, <pad> 1, </s> 2, <unk> 3, then the symbols.
 *
 * Layer: formats. From dict.txt ("symbol count [#fairseq:overwrite]", split from the right), from a pickled
 * fairseq.data.dictionary.Dictionary, or built from units 0..K-1 as `--target-is-code` does (unit u is token u + 4). */
#ifndef S2_FORMATS_DICT_H
#define S2_FORMATS_DICT_H

#include "formats/value.h"

enum { S2_BOS = 0, S2_PAD = 1, S2_EOS = 2, S2_UNK = 3 };

typedef struct s2_dict s2_dict;

S2ST_CHECK int s2_dict_read(s2_dict **out, const char *path, s2st_error *err);
S2ST_CHECK int s2_dict_parse(s2_dict **out, const char *text, size_t n, const char *name, s2st_error *err);
S2ST_CHECK int s2_dict_from_value(s2_dict **out, const s2_value *pickled, const char *name, s2st_error *err);
S2ST_CHECK int s2_dict_units(s2_dict **out, size_t k, s2st_error *err);
void s2_dict_free(s2_dict *d);

size_t s2_dict_size(const s2_dict *d);
const char *s2_dict_symbol(const s2_dict *d, size_t id); /* NULL: outside */
int64_t s2_dict_index(const s2_dict *d, const char *symbol); /* -1: absent */
int32_t s2_dict_unit(const s2_dict *d, size_t id); /* the unit a token stands for; -1: not a unit */

#endif
