/* The one error channel: a negative s2st_status and a sentence in the caller's s2st_error.
 *
 * Layer: base. Knows nothing but the codes of the public header. */
#ifndef S2_BASE_STATUS_H
#define S2_BASE_STATUS_H

#include "s2st.h"

/* Writes the sentence (err may be NULL) and is `code`, so that `return s2_fail(...)` is one line.
 * Macros, so that compilers and analysers see the code: after S2_TRY(f(&x)) they know that f has set x. */
#define s2_fail(err, code, ...) (s2_error_text((err), __VA_ARGS__), (code))
#define s2_fail_mem(err, what) s2_fail(err, S2ST_EMEM, "out of memory for %s", what)
/* Puts "prefix: " before the sentence that is already there. */
#define s2_fail_prefix(err, code, ...) (s2_error_prefix((err), __VA_ARGS__), (code))

void s2_error_text(s2st_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void s2_error_prefix(s2st_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define S2_TRY(expr)                       \
	do {                               \
		int s2_try_rc_ = (expr);   \
		if (s2_try_rc_ < 0)        \
			return s2_try_rc_; \
	} while (0)

#endif
