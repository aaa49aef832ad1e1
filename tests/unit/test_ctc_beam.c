/* Prefix beam search against the sum over all paths, with and without a language model; alignment against all paths. */
#include "models/ctc.h"
#include "s2st.h"
#include "search/ctc_beam.h"
#include "test.h"

enum { SYMBOLS = 4, FRAMES = 6, PATHS = 4096, BLANK = 0, SILENCE = 3 }; /* PATHS = SYMBOLS^FRAMES */

static s2st_error err;

/* A language model that likes the word "1 2", to the caller's measure, and counts words. */
typedef struct taste {
	double liking;
	uint32_t states;
} taste;

static bool is_liked(const uint32_t *symbols, size_t n)
{
	return n == 2 && symbols[0] == 1 && symbols[1] == 2;
}

static int judge_word(void *self, uint32_t state, const uint32_t *symbols, size_t n, uint32_t *next, double *score,
		      s2st_error *e)
{
	taste *t = self;
	(void)e;
	CHECK(n > 0 && state <= t->states);
	*next = ++t->states;
	*score = is_liked(symbols, n) ? t->liking : -0.5;
	return 0;
}

static double judge_end(void *self, uint32_t state)
{
	(void)self;
	return state == 0 ? -1 : 0; /* no word at all */
}

/* ---- all paths ---- */

typedef struct text {
	uint32_t symbols[FRAMES];
	size_t n;
	double p;
} text;

static text collapse(const int *path)
{
	text t = {.n = 0};
	for (int i = 0; i < FRAMES; i++)
		if (path[i] != BLANK && (i == 0 || path[i] != path[i - 1]))
			t.symbols[t.n++] = (uint32_t)path[i];
	return t;
}

static double judge_text(const text *t, double liking)
{
	double sum = 0;
	size_t words = 0;
	for (size_t i = 0; i < t->n;) {
		size_t n = 0;
		while (i + n < t->n && t->symbols[i + n] != SILENCE)
			n++;
		if (n) {
			sum += is_liked(t->symbols + i, n) ? liking : -0.5;
			words++;
		}
		i += n ? n : 1;
	}
	return sum + (words ? 0 : -1);
}

static bool same_text(const text *a, const text *b)
{
	return a->n == b->n && memcmp(a->symbols, b->symbols, a->n * sizeof *a->symbols) == 0;
}

static text best_text(const float *logp, bool lm, double liking)
{
	static text texts[PATHS];
	size_t n = 0, best = 0;
	for (int code = 0; code < PATHS; code++) {
		int path[FRAMES];
		double p = 0;
		for (int i = 0, rest = code; i < FRAMES; i++, rest /= SYMBOLS) {
			path[i] = rest % SYMBOLS;
			p += (double)logp[i * SYMBOLS + path[i]];
		}
		text t = collapse(path);
		size_t at = 0;
		while (at < n && !same_text(&texts[at], &t))
			at++;
		if (at == n)
			texts[n++] = t;
		texts[at].p += exp(p);
	}
	for (size_t i = 0; i < n; i++) {
		texts[i].p = log(texts[i].p) + (lm ? judge_text(&texts[i], liking) : 0);
		if (texts[i].p > texts[best].p)
			best = i;
	}
	return texts[best];
}

/* ---- tests ---- */

static void random_logp(float *logp, uint64_t *seed)
{
	for (int i = 0; i < FRAMES; i++) {
		double sum = 0;
		for (int k = 0; k < SYMBOLS; k++) {
			logp[i * SYMBOLS + k] = 2 * test_randf(seed);
			sum += exp((double)logp[i * SYMBOLS + k]);
		}
		for (int k = 0; k < SYMBOLS; k++)
			logp[i * SYMBOLS + k] -= (float)log(sum);
	}
}

static void check_alignment(const float *logp, const uint32_t *symbols, size_t n, s2_arena *a)
{
	static const char *names[SYMBOLS] = {"_", "a", "b", "|"};
	const s2_ctc_vocab v = {names, SYMBOLS, BLANK, SILENCE, SIZE_MAX};
	const text want = {.n = n};
	s2_ctc_run runs[FRAMES];
	double best = -INFINITY, found = 0;
	text t = want;
	memcpy(t.symbols, symbols, n * sizeof *symbols);
	REQUIRE_OK(s2_ctc_align(runs, &v, logp, FRAMES, symbols, n, a, &err));
	for (int code = 0; code < PATHS; code++) {
		int path[FRAMES];
		double p = 0;
		for (int i = 0, rest = code; i < FRAMES; i++, rest /= SYMBOLS) {
			path[i] = rest % SYMBOLS;
			p += (double)logp[i * SYMBOLS + path[i]];
		}
		const text c = collapse(path);
		if (same_text(&c, &t) && p > best)
			best = p;
	}
	size_t end = 0;
	for (size_t i = 0; i < n; i++) {
		CHECK_INT(runs[i].id, symbols[i]);
		CHECK(runs[i].begin >= end && runs[i].end > runs[i].begin && runs[i].end <= FRAMES);
		for (; end < runs[i].begin; end++)
			found += (double)logp[end * SYMBOLS + BLANK];
		for (; end < runs[i].end; end++)
			found += (double)logp[end * SYMBOLS + symbols[i]];
	}
	for (; end < FRAMES; end++)
		found += (double)logp[end * SYMBOLS + BLANK];
	CHECK(fabs(found - best) < 1e-5);
}

static void test_against_all_paths(bool lm)
{
	uint64_t seed = 3;
	for (int round = 0; round < 60; round++) {
		float logp[FRAMES * SYMBOLS];
		taste t = {.liking = round % 7 - 3};
		const s2_ctc_lm model = {&t, judge_word, judge_end};
		const s2_ctc_beam_options opt = {
			.beam = PATHS, .blank = BLANK, .silence = SILENCE, .lm = lm ? &model : NULL};
		s2_arena *a = s2_arena_new();
		text got = {.n = 0};
		uint32_t *symbols;
		REQUIRE(a);
		random_logp(logp, &seed);
		REQUIRE_OK(s2_ctc_beam(&symbols, &got.n, logp, FRAMES, SYMBOLS, &opt, a, &err));
		memcpy(got.symbols, symbols, got.n * sizeof *symbols);
		const text want = best_text(logp, lm, t.liking);
		CHECK(same_text(&got, &want));
		check_alignment(logp, symbols, got.n, a);
		s2_arena_free(a);
	}
}

/* A beam of one follows the best prefix; with symbols that are words each is judged alone. */
static void test_options(void)
{
	float logp[FRAMES * SYMBOLS];
	uint64_t seed = 9;
	taste t = {.liking = 0};
	const s2_ctc_lm model = {&t, judge_word, judge_end};
	s2_arena *a = s2_arena_new();
	uint32_t *symbols;
	size_t n;
	REQUIRE(a);
	for (size_t i = 0; i < (size_t)FRAMES * SYMBOLS; i++)
		logp[i] = i % SYMBOLS == (i / SYMBOLS) % 2 + 1 ? -0.01f : -6;
	const s2_ctc_beam_options narrow = {.beam = 1, .silence = SILENCE};
	REQUIRE_OK(s2_ctc_beam(&symbols, &n, logp, FRAMES, SYMBOLS, &narrow, a, &err));
	CHECK_INT(n, FRAMES);
	random_logp(logp, &seed);
	const s2_ctc_beam_options words = {.beam = 8, .silence = SILENCE, .symbols_are_words = true, .lm = &model};
	REQUIRE_OK(s2_ctc_beam(&symbols, &n, logp, FRAMES, SYMBOLS, &words, a, &err));
	CHECK(t.states > 0);
	REQUIRE_OK(s2_ctc_beam(&symbols, &n, logp, 0, SYMBOLS, &words, a, &err));
	CHECK_INT(n, 0);
	s2_arena_free(a);
}

int main(void)
{
	test_against_all_paths(false);
	test_against_all_paths(true);
	test_options();
	return TEST_RESULT();
}
