/* Pictures for the page of s2st-report. */
#ifndef S2ST_CLI_PICTURE_H
#define S2ST_CLI_PICTURE_H

#include "cli.h"

/* , "KEY": {"seconds", "width", "height", "levels"} of an audio file; `q` gives log-mel frames. Nothing is printed
 * when it fails. */
int cli_print_spectrogram(FILE *out, const char *key, s2st_quantizer *q, const char *path, s2st_error *err);
/* , "attention": {"rows", "width", "height", "levels"} of a .npy matrix of weights. */
int cli_print_attention(FILE *out, const char *path, s2st_error *err);

#endif
