/* Greedy stacked search against the reference's rules written out: run max_len steps, cut afterwards. */
#include "search/stacked.h"

#include "test.h"

enum { PAD = 1, EOS = 2, UNK = 3, MAX_V = 20, MAX_R = 5, MAX_STEPS = 12 };

typedef struct toy {
	uint64_t seed;
	size_t vocab, r;
	float eos_bonus;
	int64_t fed[MAX_STEPS];
	size_t n_fed;
} toy;

static void toy_log_probs(const toy *t, const int64_t *fed, size_t n, float *out)
{
	uint64_t state = t->seed;
	for (size_t i = 0; i < n; i++) {
		state = state * 1099511628211u + (uint64_t)fed[i];
		test_rand(&state);
	}
	for (size_t i = 0; i < t->r * t->vocab; i++) {
		out[i] = -2 + 2 * test_randf(&state);
		if (i % t->vocab == EOS)
			out[i] += t->eos_bonus;
	}
}

static int toy_step(void *self, size_t step, int64_t token, float *log_probs, s2st_error *err)
{
	(void)err;
	toy *t = self;
	REQUIRE(step == t->n_fed && step < MAX_STEPS);
	t->fed[t->n_fed++] = token;
	toy_log_probs(t, t->fed, t->n_fed, log_probs);
	return S2ST_OK;
}

static int64_t twin_pack(const int32_t *tokens, const toy *t)
{
	int64_t sum = 0, k = (int64_t)t->vocab - 4;
	for (size_t i = 0; i < t->r; i++) {
		int64_t scale = 1;
		for (size_t j = 0; j < t->r - 1 - i; j++)
			scale *= k;
		sum += (tokens[i] - 4) * scale * (tokens[i] >= 4);
	}
	return sum + 4;
}

static size_t twin_search(const toy *t, size_t max_len, int32_t *tokens, float *scores)
{
	int64_t fed[MAX_STEPS + 1] = {EOS};
	size_t n = 0;
	for (size_t step = 0; step < max_len; step++) {
		float lp[MAX_R * MAX_V];
		toy_log_probs(t, fed, step + 1, lp);
		bool any_eos = false;
		for (size_t i = 0; i < t->r; i++) {
			float *row = lp + i * t->vocab;
			row[PAD] = row[UNK] = -INFINITY;
			size_t best = 0;
			for (size_t v = 1; v < t->vocab; v++)
				if (row[v] > row[best])
					best = v;
			any_eos |= best == EOS;
			tokens[n] = (int32_t)best;
			scores[n++] = row[best];
		}
		fed[step + 1] = twin_pack(tokens + n - t->r, t);
		if (any_eos)
			break;
	}
	size_t keep = max_len;
	for (size_t i = n; i-- > 0;)
		if (tokens[i] == EOS && i < max_len)
			keep = i;
	return keep;
}

static void test_against_twin(void)
{
	s2_arena *a = s2_arena_new(), *scratch = s2_arena_new();
	REQUIRE(a && scratch);
	uint64_t rng = 3;
	size_t cut = 0, empty = 0;
	for (int run = 0; run < 2000; run++) {
		toy t = {.seed = test_rand(&rng), .vocab = 6 + test_rand(&rng) % 14, .r = 1 + test_rand(&rng) % MAX_R};
		t.eos_bonus = test_randf(&rng);
		size_t max_len = test_rand(&rng) % MAX_STEPS;
		int32_t tokens[MAX_STEPS * MAX_R];
		float scores[MAX_STEPS * MAX_R];
		size_t n = twin_search(&t, max_len, tokens, scores);
		s2_stacked_decoder d = {&t, t.vocab, t.vocab - 4, t.r, PAD, EOS, UNK, toy_step};
		s2_beam_hyp h;
		s2st_error err;
		s2_mark before = s2_arena_mark(scratch);
		REQUIRE_OK(s2_stacked_search(&d, max_len, a, scratch, &h, &err));
		s2_mark after = s2_arena_mark(scratch);
		CHECK(before.block == after.block && before.used == after.used);
		CHECK_INT(h.n, n);
		CHECK_INT(h.hit_max_len, n == max_len);
		REQUIRE(h.n == n);
		CHECK(memcmp(h.tokens, tokens, n * sizeof *tokens) == 0);
		CHECK(memcmp(h.positional_scores, scores, n * sizeof *scores) == 0);
		double sum = 0;
		for (size_t i = 0; i < n; i++)
			sum += (double)scores[i];
		CHECK(fabs(sum - (double)h.score) < 1e-5);
		cut += n == max_len;
		empty += n == 0;
	}
	CHECK(cut > 20 && empty > 20); /* both ends of the range were seen */
	s2_arena_free(a);
	s2_arena_free(scratch);
}

static void test_packing(void)
{
	/* units 3 1 4 of 1000: 3001004 above the four special symbols; a special symbol counts as 0 */
	CHECK_INT(s2_pack_units((const int32_t[]){7, 5, 8}, 3, 1004, 1000), 3001004 + 4);
	CHECK_INT(s2_pack_units((const int32_t[]){7, EOS, 8}, 3, 1004, 1000), 3000004 + 4);
}

static int nan_step(void *self, size_t step, int64_t token, float *log_probs, s2st_error *err)
{
	(void)self, (void)step, (void)token, (void)err;
	for (int i = 0; i < 2 * 8; i++)
		log_probs[i] = NAN;
	return S2ST_OK;
}

static void test_refusals(void)
{
	s2_arena *a = s2_arena_new();
	REQUIRE(a);
	s2_beam_hyp h;
	s2st_error err;
	s2_stacked_decoder d = {NULL, 8, 4, 2, PAD, EOS, UNK, nan_step};
	CHECK_INT(s2_stacked_search(&d, 5, a, a, &h, &err), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "no number at step 0");
	d.n_units = 1000, d.vocab = 1004, d.units_per_step = 7;
	CHECK_INT(s2_stacked_search(&d, 5, a, a, &h, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "64-bit");
	d.units_per_step = 0;
	CHECK_INT(s2_stacked_search(&d, 5, a, a, &h, &err), S2ST_EINPUT);
	d.units_per_step = 1, d.n_units = 1004;
	CHECK_INT(s2_stacked_search(&d, 5, a, a, &h, &err), S2ST_EINPUT);
	d.n_units = 1000, d.unk = -1;
	CHECK_INT(s2_stacked_search(&d, 5, a, a, &h, &err), S2ST_EINPUT);
	s2_arena_free(a);
}

int main(void)
{
	test_against_twin();
	test_packing();
	test_refusals();
	return TEST_RESULT();
}
