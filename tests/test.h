/* The checks of a test program. A failed check prints file, line and values, and makes the program fail at its end.
 *
 *   int main(void) { test_this(); test_that(); return TEST_RESULT(); } */
#ifndef S2_TESTS_TEST_H
#define S2_TESTS_TEST_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int test_checks, test_failures;

#define CHECK(cond)                                                                      \
	do {                                                                             \
		test_checks++;                                                           \
		if (!(cond)) {                                                           \
			test_failures++;                                                 \
			fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #cond); \
		}                                                                        \
	} while (0)

/* Stops the program: what follows would make no sense. */
#define REQUIRE(cond)                                                                      \
	do {                                                                               \
		test_checks++;                                                             \
		if (!(cond)) {                                                             \
			fprintf(stderr, "%s:%d: required: %s\n", __FILE__, __LINE__, #cond); \
			exit(1);                                                           \
		}                                                                          \
	} while (0)

/* rc is a negative status: prints the library's sentence. `err` is the s2st_error. */
#define REQUIRE_OK(rc)                                                                                   \
	do {                                                                                             \
		test_checks++;                                                                           \
		if ((rc) < 0) {                                                                          \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #rc, err.text);           \
			exit(1);                                                                         \
		}                                                                                        \
	} while (0)

#define CHECK_INT(a, b)                                                                                       \
	do {                                                                                                  \
		long long va_ = (long long)(a), vb_ = (long long)(b);                                         \
		test_checks++;                                                                                \
		if (va_ != vb_) {                                                                             \
			test_failures++;                                                                      \
			fprintf(stderr, "%s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__, #a, va_, vb_); \
		}                                                                                             \
	} while (0)

#define CHECK_STR(a, b)                                                                                           \
	do {                                                                                                      \
		const char *sa_ = (a), *sb_ = (b);                                                                \
		test_checks++;                                                                                    \
		if (!sa_ || strcmp(sa_, sb_) != 0) {                                                              \
			test_failures++;                                                                          \
			fprintf(stderr, "%s:%d: %s is \"%s\", expected \"%s\"\n", __FILE__, __LINE__, #a,           \
				sa_ ? sa_ : "(null)", sb_);                                                       \
		}                                                                                                 \
	} while (0)

#define CHECK_CONTAINS(text, part)                                                                              \
	do {                                                                                                    \
		test_checks++;                                                                                  \
		if (!strstr((text), (part))) {                                                                  \
			test_failures++;                                                                        \
			fprintf(stderr, "%s:%d: \"%s\" does not say \"%s\"\n", __FILE__, __LINE__, (text), (part)); \
		}                                                                                               \
	} while (0)

/* Largest |a - b|; NaN anywhere counts as infinite. */
static inline double test_max_diff(const float *a, const float *b, size_t n)
{
	double worst = 0;
	for (size_t i = 0; i < n; i++) {
		double d = fabs((double)a[i] - (double)b[i]);
		if (!(d <= 1e30))
			return INFINITY;
		if (d > worst)
			worst = d;
	}
	return worst;
}

/* Signal-to-noise ratio of `a` against the reference `b`, in dB. */
static inline double test_snr(const float *a, const float *b, size_t n)
{
	double signal = 0, noise = 0;
	for (size_t i = 0; i < n; i++) {
		double d = (double)a[i] - (double)b[i];
		signal += (double)b[i] * (double)b[i];
		noise += d * d;
	}
	if (!(noise >= 0))
		return -INFINITY;
	return noise == 0 ? INFINITY : 10 * log10(signal / noise);
}

/* A small generator whose seed is printed by nobody because it never changes: tests are repeatable. */
static inline uint32_t test_rand(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static inline float test_randf(uint64_t *state) /* [-1, 1) */
{
	return (float)test_rand(state) / 1073741824.0f - 1.0f;
}

static inline int test_result(void)
{
	fprintf(stderr, "%d checks, %d failures\n", test_checks, test_failures);
	return test_failures || !test_checks ? 1 : 0;
}
#define TEST_RESULT() test_result()

#endif
