/* Names that somebody who wrote another may have meant.  Layer: base. */
#ifndef S2_BASE_NEAR_H
#define S2_BASE_NEAR_H

#include <stddef.h>

/* "eng, enb, ..." into buf, which is returned: up to five of names [n], those that begin like `want` and those of few
 * edits first, equally near ones in their order; none that is not near at all ("" if all are so). */
const char *s2_near_names(char *buf, size_t size, const char *want, const char *const *names, size_t n);

#endif
