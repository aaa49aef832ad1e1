/* What a file is that turned out to be no checkpoint, in words a user can act on.  Layer: formats. */
#ifndef S2_FORMATS_SNIFF_H
#define S2_FORMATS_SNIFF_H

#include "base/status.h"

/* Always fails: "NAME: expected a model checkpoint, found a web page ...". */
int s2_sniff_fail(const unsigned char *bytes, size_t n, const char *name, s2st_error *err);

#endif
