/* Bump memory in chained blocks: cheap allocation, one free, mark/reset for scratch.
 *
 * Layer: base. Objects are 64-byte aligned (a cache line, an AVX-512 vector) and lie apart by a redzone that
 * AddressSanitizer guards, so that an arena does not hide overruns. Addresses stay valid until reset below their mark.
 * An arena is used by one thread at a time. */
#ifndef S2_BASE_ARENA_H
#define S2_BASE_ARENA_H

#include <stddef.h>

#include "base/status.h"

typedef struct s2_arena s2_arena;

typedef struct s2_mark {
	void *block;
	size_t used;
} s2_mark;

s2_arena *s2_arena_new(void); /* NULL: out of memory */
void s2_arena_free(s2_arena *a);

/* n * m * elem bytes, not zeroed; NULL when memory is out or the product overflows. A size of 0: a valid pointer. */
void *s2_arena_alloc(s2_arena *a, size_t n, size_t m, size_t elem);
void *s2_arena_zalloc(s2_arena *a, size_t n, size_t m, size_t elem);
char *s2_arena_strndup(s2_arena *a, const char *s, size_t n);

s2_mark s2_arena_mark(const s2_arena *a);
void s2_arena_reset(s2_arena *a, s2_mark mark); /* keeps the blocks for reuse */
size_t s2_arena_bytes(const s2_arena *a);       /* memory held, for reports */

/* Most forward code wants: a buffer or a return. `what` names the buffer in the sentence. */
#define S2_ALLOC(ptr, arena, n, m, err)                                              \
	do {                                                                         \
		(ptr) = s2_arena_alloc((arena), (size_t)(n), (size_t)(m), sizeof *(ptr)); \
		if (!(ptr))                                                          \
			return s2_fail_mem((err), #ptr);                             \
	} while (0)
#define S2_ZALLOC(ptr, arena, n, m, err)                                              \
	do {                                                                          \
		(ptr) = s2_arena_zalloc((arena), (size_t)(n), (size_t)(m), sizeof *(ptr)); \
		if (!(ptr))                                                           \
			return s2_fail_mem((err), #ptr);                              \
	} while (0)

#endif
