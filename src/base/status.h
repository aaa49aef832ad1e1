/* The one error channel: a negative s2st_status and a sentence in the caller's s2st_error.
 *
 * Layer: base. Knows nothing but the codes of the public header. */
#ifndef S2_BASE_STATUS_H
#define S2_BASE_STATUS_H

#include "s2st.h"

/* Writes the sentence (err may be NULL) and returns `code`, so that `return s2_fail(...)` is one line. */
int s2_fail(s2st_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the sentence that is already there and returns `code`. */
int s2_fail_prefix(s2st_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

int s2_fail_mem(s2st_error *err, const char *what);

#define S2_TRY(expr)                       \
	do {                               \
		int s2_try_rc_ = (expr);   \
		if (s2_try_rc_ < 0)        \
			return s2_try_rc_; \
	} while (0)

#endif
