/* numpy.random.default_rng(seed) and its integers: PCG64 (O'Neill 2014, XSL-RR 128/64) seeded through SeedSequence,
 * bounded draws by Lemire's method. The same numbers as numpy 1.17 and later, so that resampling can be checked against
 * Python.
 *
 * Layer: base. */
#ifndef S2_BASE_RANDOM_H
#define S2_BASE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct s2_random {
	unsigned __int128 state, increment;
	uint32_t kept; /* upper half of the last 64 bits */
	bool has_kept;
} s2_random;

void s2_random_seed(s2_random *r, uint64_t seed);
uint32_t s2_random_below(s2_random *r, uint32_t n); /* 0 .. n - 1; n at least 1 */
double s2_random_double(s2_random *r);              /* [0, 1), numpy's random() */

#endif
