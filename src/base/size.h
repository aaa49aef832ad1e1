/* Checked size arithmetic. Every product that a file or an input can influence goes through here. */
#ifndef S2_BASE_SIZE_H
#define S2_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool s2_mul(size_t a, size_t b, size_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

static inline bool s2_add(size_t a, size_t b, size_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

static inline size_t s2_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline size_t s2_max(size_t a, size_t b)
{
	return a > b ? a : b;
}

static inline size_t s2_round_up(size_t n, size_t to) /* `to` is not 0 */
{
	return (n + to - 1) / to * to; /* NOLINT(clang-analyzer-core.DivideZero) */
}

#endif
