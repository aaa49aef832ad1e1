/* Sentences to compare: one a line, or columns of a table.
 *
 * Layer: text; knows base only. As the reference reads them (asr_bleu/compute_asr_bleu.py): texts are stripped, tables
 * are tab-separated with a header line and without quoting. A line without an end counts, an end without a line does
 * not; blank lines are sentences of a plain file and nothing in a table. Text must be UTF-8; errors say where. */
#ifndef S2_TEXT_SENTENCES_H
#define S2_TEXT_SENTENCES_H

#include "base/status.h"

/* `columns`: names separated by commas; NULL: a plain file. `name` is for messages. */
S2ST_CHECK int s2_sentences_parse(s2st_sentences **out, const char *text, size_t n, const char *columns,
				  const char *name, s2st_error *err);

#endif
