/* Columns of tab-separated lines, without quoting, as fairseq's readers split them.  Layer: audio. */
#ifndef S2_AUDIO_COLUMNS_H
#define S2_AUDIO_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>

enum { S2_NO_COLUMN = -1 };

int s2_count_columns(const char *line);
/* Number of the column that `header` calls `name`, from 0; S2_NO_COLUMN: it has none. */
int s2_find_column(const char *header, const char *name);
/* Splits in place: returns the field and moves *rest behind it (NULL: it was the last). */
char *s2_next_column(char **rest);
/* A column of lengths: false where `text` is no whole number of 0 to 10^18 - 1. */
bool s2_parse_frames(const char *text, int64_t *out);

#endif
