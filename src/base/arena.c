#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/size.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1 /* clang says it so */
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   __asan_poison_memory_region(p, n)
#define UNPOISON(p, n) __asan_unpoison_memory_region(p, n)
#define REDZONE        64u
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#define REDZONE        0u
#endif

#define ALIGN        64u
#define FIRST_BLOCK  ((size_t)64 << 10)
#define LARGEST_STEP ((size_t)16 << 20)
#define HUGE         ((size_t)2 << 20) /* pages that large blocks ask for: their weights are read time and again */

typedef struct block {
	struct block *prev; /* older block; its objects outlive ours under mark/reset */
	size_t size, used;
	unsigned char *bytes; /* aligned start inside this allocation */
} block;

struct s2_arena {
	block *top;
	block *spare; /* blocks that a reset emptied, kept for reuse */
	size_t held;
};

s2_arena *s2_arena_new(void)
{
	return calloc(1, sizeof(s2_arena));
}

static void free_chain(block *b)
{
	while (b) {
		block *prev = b->prev;
		UNPOISON(b->bytes, b->size);
		free(b);
		b = prev;
	}
}

void s2_arena_free(s2_arena *a)
{
	if (!a)
		return;
	free_chain(a->top);
	free_chain(a->spare);
	free(a);
}

static block *take_spare(s2_arena *a, size_t need)
{
	for (block **at = &a->spare; *at; at = &(*at)->prev) {
		block *b = *at;
		if (b->size >= need) {
			*at = b->prev;
			return b;
		}
	}
	return NULL;
}

/* What the kernel makes of the advice is its own affair. */
static void *take_memory(size_t size)
{
	if (size < 2 * HUGE)
		return malloc(size);
	void *p = aligned_alloc(HUGE, s2_round_up(size, HUGE));
#ifdef MADV_HUGEPAGE
	if (p)
		(void)madvise(p, s2_round_up(size, HUGE), MADV_HUGEPAGE);
#endif
	return p;
}

static block *new_block(s2_arena *a, size_t need)
{
	block *b = take_spare(a, need);
	if (!b) {
		size_t size = s2_max(need, s2_min(s2_max(a->held, FIRST_BLOCK), LARGEST_STEP));
		if (size > SIZE_MAX / 2)
			return NULL;
		b = take_memory(sizeof *b + size + ALIGN);
		if (!b)
			return NULL;
		uintptr_t start = (uintptr_t)(b + 1);
		b->bytes = (unsigned char *)(b + 1) + (s2_round_up(start, ALIGN) - start);
		b->size = size;
		a->held += size;
	}
	b->used = 0;
	b->prev = a->top;
	a->top = b;
	POISON(b->bytes, b->size);
	return b;
}

void *s2_arena_alloc(s2_arena *a, size_t n, size_t m, size_t elem)
{
	size_t bytes, need;
	if (!s2_mul(n, m, &bytes) || !s2_mul(bytes, elem, &bytes) || !s2_add(bytes, ALIGN + REDZONE, &need))
		return NULL;
	need = s2_round_up(bytes + REDZONE, ALIGN);
	if (need == 0)
		need = ALIGN;
	block *b = a->top;
	if (!b || b->size - b->used < need)
		b = new_block(a, need);
	if (!b)
		return NULL;
	void *p = b->bytes + b->used;
	b->used += need;
	UNPOISON(p, bytes);
	return p;
}

void *s2_arena_zalloc(s2_arena *a, size_t n, size_t m, size_t elem)
{
	void *p = s2_arena_alloc(a, n, m, elem);
	if (p)
		memset(p, 0, n * m * elem);
	return p;
}

char *s2_arena_strndup(s2_arena *a, const char *s, size_t n)
{
	char *p = n == SIZE_MAX ? NULL : s2_arena_alloc(a, n + 1, 1, 1);
	if (p) {
		memcpy(p, s, n);
		p[n] = 0;
	}
	return p;
}

s2_mark s2_arena_mark(const s2_arena *a)
{
	return (s2_mark){a->top, a->top ? a->top->used : 0};
}

void s2_arena_reset(s2_arena *a, s2_mark mark)
{
	while (a->top != mark.block) {
		block *b = a->top;
		a->top = b->prev;
		b->prev = a->spare;
		a->spare = b;
		POISON(b->bytes, b->size);
	}
	if (a->top) {
		a->top->used = mark.used;
		POISON(a->top->bytes + mark.used, a->top->size - mark.used);
	}
}

size_t s2_arena_bytes(const s2_arena *a)
{
	return a->held;
}
