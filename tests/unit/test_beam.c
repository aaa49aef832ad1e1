/* Beam search against a slow twin: whole histories are copied, every candidate is sorted, nothing is left out. The toy
 * language models give log-probabilities that depend on the whole history, so a wrong parent shows. */
#include "search/beam.h"

#include "test.h"

enum { PAD = 1, EOS = 2, UNK = 3, MAX_V = 40, MAX_BEAM = 8, MAX_L = 24 };

/* ---- toy language models ---- */

enum flavour { SMOOTH, TIES, HOLES, NANS, N_FLAVOURS };

typedef struct toy {
	uint64_t seed;
	size_t vocab;
	enum flavour flavour;
	float eos_bonus;
} toy;

static void toy_log_probs(const toy *m, const int32_t *history, size_t n, float temperature, float *out)
{
	uint64_t state = m->seed;
	for (size_t i = 0; i < n; i++) {
		state = state * 1099511628211u + (uint64_t)history[i] + 1;
		test_rand(&state);
	}
	float largest = -INFINITY;
	for (size_t v = 0; v < m->vocab; v++) {
		out[v] = 3 * test_randf(&state);
		if (v == EOS)
			out[v] += m->eos_bonus;
		if (m->flavour == TIES)
			out[v] = roundf(out[v]);
		out[v] /= temperature;
		largest = fmaxf(largest, out[v]);
	}
	double sum = 0;
	for (size_t v = 0; v < m->vocab; v++)
		sum += exp((double)(out[v] - largest));
	for (size_t v = 0; v < m->vocab; v++) {
		out[v] -= largest + (float)log(sum);
		uint32_t r = test_rand(&state) % 10;
		if (m->flavour == HOLES && r < 5)
			out[v] = -INFINITY;
		if (m->flavour == NANS && r < 3)
			out[v] = NAN;
	}
	if (m->flavour == NANS && test_rand(&state) % 6 == 0)
		for (size_t v = 0; v < m->vocab; v++)
			out[v] = NAN;
}

/* A decoder that keeps the history of each row by following `parent`, as a key cache would. */
typedef struct toy_decoder {
	toy model;
	int32_t history[MAX_BEAM][MAX_L + 2], spare[MAX_BEAM][MAX_L + 2];
	size_t beam, calls;
} toy_decoder;

static int toy_step(void *self, size_t step, const int32_t *tokens, const int32_t *parent, size_t rows,
		    float temperature, float *log_probs, s2st_error *err)
{
	(void)err;
	toy_decoder *d = self;
	REQUIRE(rows >= 1 && rows <= d->beam);
	REQUIRE((parent == NULL) == (step == 0));
	REQUIRE(step == d->calls++);
	memcpy(d->spare, d->history, sizeof d->spare);
	for (size_t r = 0; r < rows; r++) {
		if (parent)
			memcpy(d->history[r], d->spare[parent[r]], sizeof d->history[r]);
		d->history[r][step] = tokens[r];
		toy_log_probs(&d->model, d->history[r], step + 1, temperature, log_probs + r * d->model.vocab);
	}
	return S2ST_OK;
}

/* ---- the twin ---- */

typedef struct path {
	int32_t tokens[MAX_L + 2]; /* tokens[0] is the first input */
	float totals[MAX_L + 2];   /* totals[s] after step s */
} path;

typedef struct option { /* one candidate of a step */
	float total;
	size_t row, token;
} option;

typedef struct twin_hyp {
	path path;
	size_t n;
	float score;
} twin_hyp;

static int by_total(const void *pa, const void *pb)
{
	const option *a = pa, *b = pb;
	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	return a->token < b->token ? -1 : a->token > b->token;
}

static void twin_forbid_repeats(const path *p, size_t step, size_t n, float *lp, size_t vocab)
{
	/* Try each token: does the longer history contain its last n-gram before? */
	for (size_t v = 0; v < vocab; v++) {
		int32_t longer[MAX_L + 3];
		memcpy(longer, p->tokens, (step + 1) * sizeof *longer);
		longer[step + 1] = (int32_t)v;
		for (size_t at = n == 1; at + n <= step + 1; at++) {
			size_t same = 0;
			while (same < n && longer[at + same] == longer[step + 2 - n + same])
				same++;
			if (same == n)
				lp[v] = -INFINITY;
		}
	}
}

static size_t twin_search(const toy *m, const s2_beam_options *o, twin_hyp *hyps)
{
	size_t V = m->vocab, beam = (size_t)o->beam < V - 1 ? (size_t)o->beam : V - 1, n_hyps = 0;
	static path rows[MAX_BEAM], next[MAX_BEAM];
	static float lp[MAX_BEAM][MAX_V];
	static option options[MAX_BEAM * MAX_V];
	bool ignore[MAX_BEAM] = {false};
	memset(rows, 0, sizeof rows);
	for (size_t b = 0; b < beam; b++)
		rows[b].tokens[0] = EOS;
	for (size_t step = 0; step <= o->max_len; step++) {
		for (size_t b = 0; b < beam; b++) {
			toy_log_probs(m, rows[b].tokens, step + 1, (float)o->temperature, lp[b]);
			for (size_t v = 0; v < V; v++) {
				if (lp[b][v] != lp[b][v] || v == PAD)
					lp[b][v] = -INFINITY;
				if (v == UNK)
					lp[b][v] -= (float)o->unkpen;
				if (step == o->max_len && v != EOS)
					lp[b][v] = -INFINITY;
			}
			bool forced = step < o->n_prefix && step < o->max_len;
			for (size_t v = 0; forced && v < V; v++)
				if (o->prefix[step] != PAD && o->prefix[step] != (int32_t)v)
					lp[b][v] = -INFINITY;
			if (!forced && step < o->min_len)
				lp[b][EOS] = -INFINITY;
		}
		if (step < o->n_prefix && step < o->max_len && o->prefix[step] == EOS)
			for (size_t b = 1; b < beam; b++) {
				rows[b] = rows[0];
				memcpy(lp[b], lp[0], sizeof lp[b]);
			}
		for (size_t b = 0; b < beam && o->no_repeat_ngram > 0; b++)
			twin_forbid_repeats(&rows[b], step, (size_t)o->no_repeat_ngram, lp[b], V);

		size_t n = 0;
		for (size_t b = 0; b < (step ? beam : 1); b++)
			for (size_t v = 0; v < V; v++)
				options[n++] = (option){step ? lp[b][v] + rows[b].totals[step - 1] : lp[b][v], b, v};
		qsort(options, n, sizeof *options, by_total);
		n = n - 1 < 2 * beam ? n - 1 : 2 * beam;

		bool out[2 * MAX_BEAM];
		for (size_t i = 0; i < n; i++) {
			out[i] = options[i].token == EOS && options[i].total != -INFINITY && !(i < beam && ignore[i]);
			if (out[i] && i < beam && n_hyps < beam) {
				twin_hyp *h = &hyps[n_hyps++];
				h->path = rows[options[i].row];
				h->path.tokens[step + 1] = EOS;
				h->path.totals[step] = options[i].total;
				h->n = step + 1;
				h->score = options[i].total;
				if (o->normalize)
					h->score /= (float)pow((double)h->n, o->lenpen);
			}
			if (i < beam && ignore[i])
				out[i] = true;
		}
		if (n_hyps == beam || step == o->max_len)
			break;
		size_t order[2 * MAX_BEAM], k = 0;
		for (size_t i = 0; i < n; i++)
			if (!out[i])
				order[k++] = i;
		for (size_t i = 0; i < n; i++)
			if (out[i])
				order[k++] = i;
		for (size_t b = 0; b < beam; b++) {
			const option *c = &options[order[b]];
			next[b] = rows[c->row];
			next[b].tokens[step + 1] = (int32_t)c->token;
			next[b].totals[step] = c->total;
			ignore[b] = out[order[b]];
		}
		memcpy(rows, next, sizeof rows);
	}
	for (size_t i = 1; i < n_hyps; i++) /* bubble: stable */
		for (size_t j = i; j > 0 && hyps[j].score > hyps[j - 1].score; j--) {
			twin_hyp t = hyps[j];
			hyps[j] = hyps[j - 1];
			hyps[j - 1] = t;
		}
	return n_hyps;
}

/* ---- comparison ---- */

static s2_beam_options some_options(uint64_t *rng, size_t vocab, int32_t *prefix)
{
	static const double lenpens[] = {1, 1, 0.5, 2, 0};
	s2_beam_options o = {.nbest = 8, .normalize = test_rand(rng) % 5 > 0, .prefix = prefix};
	o.beam = 1 + (int)(test_rand(rng) % 7);
	o.max_len = test_rand(rng) % (MAX_L - 1);
	o.min_len = o.max_len ? test_rand(rng) % 4 % (o.max_len + 1) : 0;
	o.lenpen = lenpens[test_rand(rng) % 5];
	o.unkpen = test_rand(rng) % 3 ? 0 : 2 * (double)test_randf(rng);
	o.temperature = test_rand(rng) % 3 ? 1 : 0.7;
	o.no_repeat_ngram = test_rand(rng) % 3 ? 0 : 1 + (int)(test_rand(rng) % 3);
	if (test_rand(rng) % 4 == 0) {
		o.n_prefix = 1 + test_rand(rng) % 3;
		for (size_t i = 0; i < o.n_prefix; i++)
			prefix[i] = 4 + (int32_t)(test_rand(rng) % (vocab - 4));
		uint32_t what = test_rand(rng) % 4;
		if (what == 0)
			prefix[o.n_prefix - 1] = EOS;
		else if (what == 1)
			prefix[o.n_prefix - 1] = PAD;
	}
	return o;
}

static bool same_hyp(const s2_beam_hyp *h, const twin_hyp *t, const s2_beam_options *o)
{
	if (h->n != t->n || h->score != t->score || h->hit_max_len != (t->n == o->max_len + 1))
		return false;
	for (size_t i = 0; i < h->n; i++) {
		float step_score = i ? t->path.totals[i] - t->path.totals[i - 1] : t->path.totals[0];
		if (h->tokens[i] != t->path.tokens[i + 1] || h->positional_scores[i] != step_score)
			return false;
	}
	return true;
}

static void check_hyps(const s2_beam_hyp *hyps, size_t n, const twin_hyp *want, size_t n_want, const s2_beam_options *o,
		       int run)
{
	bool same = n == n_want;
	for (size_t i = 0; same && i < n; i++)
		same = same_hyp(&hyps[i], &want[i], o);
	CHECK(same);
	if (!same)
		fprintf(stderr, "  run %d: beam %d, max_len %zu: %zu hypotheses, the twin has %zu\n", run, o->beam,
			o->max_len, n, n_want);
}

/* What must hold whatever the rules say. */
static void check_properties(const s2_beam_hyp *hyps, size_t n, const toy *m, const s2_beam_options *o)
{
	for (size_t i = 0; i < n; i++) {
		const s2_beam_hyp *h = &hyps[i];
		double sum = 0;
		for (size_t t = 0; t < h->n; t++)
			sum += (double)h->positional_scores[t];
		double length = o->normalize ? pow((double)h->n, o->lenpen) : 1;
		CHECK(fabs(sum / length - (double)h->score) < 1e-4);
		CHECK(h->n <= o->max_len + 1);
		CHECK(h->n > o->min_len || o->n_prefix > 0);
		CHECK_INT(h->tokens[h->n - 1], EOS);
		CHECK(i == 0 || hyps[i - 1].score >= h->score);
		/* With room for candidates no ended hypothesis goes on. */
		for (size_t t = 0; t + 1 < h->n && m->vocab > 2 * (size_t)o->beam + 1; t++)
			CHECK(h->tokens[t] != EOS && h->tokens[t] != PAD);
	}
}

static void test_against_twin(void)
{
	uint64_t rng = 11;
	s2_arena *results = s2_arena_new(), *scratch = s2_arena_new();
	REQUIRE(results && scratch);
	static twin_hyp want[MAX_BEAM];
	int without = 0;
	for (int run = 0; run < 4000; run++) {
		toy m = {test_rand(&rng), 5 + test_rand(&rng) % (run % 4 ? MAX_V - 5 : 6), test_rand(&rng) % N_FLAVOURS,
			 1};
		int32_t prefix[3];
		s2_beam_options o = some_options(&rng, m.vocab, prefix);
		size_t n_want = twin_search(&m, &o, want), n = 0;

		toy_decoder dec = {.model = m, .beam = (size_t)o.beam};
		s2_beam_decoder d = {&dec, m.vocab, EOS, PAD, EOS, UNK, toy_step};
		s2_beam_hyp *hyps;
		s2st_error err;
		s2_mark start = s2_arena_mark(results), before = s2_arena_mark(scratch);
		int rc = s2_beam_search(&d, &o, results, scratch, &hyps, &n, &err);
		s2_mark after = s2_arena_mark(scratch);
		CHECK(before.block == after.block && before.used == after.used);
		if (n_want == 0) {
			CHECK_INT(rc, S2ST_EMODEL);
			without++;
		} else {
			REQUIRE_OK(rc);
			check_hyps(hyps, n, want, n_want, &o, run);
			check_properties(hyps, n, &m, &o);
		}
		s2_arena_reset(results, start);
	}
	CHECK(without > 0 && without < 1000); /* both kinds were seen */
	s2_arena_free(results);
	s2_arena_free(scratch);
}

static void test_beam_one_is_greedy(void)
{
	s2_arena *a = s2_arena_new();
	REQUIRE(a);
	for (uint64_t seed = 1; seed <= 200; seed++) {
		toy m = {seed, 30, SMOOTH, 1};
		s2_beam_options o = {
			.beam = 1, .nbest = 1, .max_len = 20, .lenpen = 1, .temperature = 1, .normalize = true};
		int32_t history[MAX_L + 2] = {EOS};
		size_t n = 0;
		float lp[MAX_V];
		do {
			toy_log_probs(&m, history, n + 1, 1, lp);
			int32_t best = EOS;
			for (int32_t v = 0; v < 30 && n < o.max_len; v++)
				if (v != PAD && lp[v] > lp[best])
					best = v;
			history[++n] = best;
		} while (history[n] != EOS);

		toy_decoder dec = {.model = m, .beam = 1};
		s2_beam_decoder d = {&dec, m.vocab, EOS, PAD, EOS, UNK, toy_step};
		s2_beam_hyp *hyps;
		size_t n_hyps;
		s2st_error err;
		REQUIRE_OK(s2_beam_search(&d, &o, a, a, &hyps, &n_hyps, &err));
		CHECK_INT(n_hyps, 1);
		CHECK_INT(hyps[0].n, n);
		CHECK(memcmp(hyps[0].tokens, history + 1, n * sizeof *history) == 0);
	}
	s2_arena_free(a);
}

/* Two sentences step by step in turns give what each gives alone. */
static void test_interleaved(void)
{
	s2_arena *a = s2_arena_new(), *scratch = s2_arena_new();
	REQUIRE(a && scratch);
	s2st_error err;
	toy models[2] = {{5, 30, SMOOTH, 1}, {6, 30, SMOOTH, 0}};
	s2_beam_options o = {.beam = 4, .nbest = 4, .max_len = 20, .lenpen = 1, .temperature = 1, .normalize = true};
	static toy_decoder dec[2];
	s2_beam *b[2];
	static float lp[4 * MAX_V];
	for (int i = 0; i < 2; i++) {
		dec[i] = (toy_decoder){.model = models[i], .beam = 4};
		s2_beam_decoder ids = {NULL, 30, EOS, PAD, EOS, UNK, NULL};
		REQUIRE_OK(s2_beam_begin(&b[i], &ids, &o, scratch, &err));
	}
	for (bool more = true; more;) {
		more = false;
		for (int i = 0; i < 2; i++) {
			s2_beam_rows rows;
			if (!s2_beam_next(b[i], &rows))
				continue;
			REQUIRE_OK(toy_step(&dec[i], rows.step, rows.tokens, rows.parent, rows.n, 1, lp, &err));
			s2_beam_feed(b[i], lp);
			more = true;
		}
	}
	for (int i = 0; i < 2; i++) {
		static twin_hyp want[MAX_BEAM];
		s2_beam_hyp *hyps;
		size_t n;
		REQUIRE_OK(s2_beam_finish(b[i], a, &hyps, &n, &err));
		check_hyps(hyps, n, want, twin_search(&models[i], &o, want), &o, i);
	}
	s2_arena_free(a);
	s2_arena_free(scratch);
}

static int failing_step(void *self, size_t step, const int32_t *tokens, const int32_t *parent, size_t rows,
			float temperature, float *log_probs, s2st_error *err)
{
	(void)self, (void)step, (void)tokens, (void)parent, (void)rows, (void)temperature, (void)log_probs;
	return s2_fail(err, S2ST_EMEM, "no room for the step");
}

static void test_refusals(void)
{
	s2_arena *a = s2_arena_new();
	REQUIRE(a);
	const s2_beam_options good = {.beam = 2, .nbest = 1, .max_len = 5, .lenpen = 1, .temperature = 1};
	const int32_t outside[] = {30}, free_eos[] = {PAD, EOS};
	struct {
		s2_beam_options o;
		const char *says;
	} bad[] = {{good, "beam 0"},        {good, "nbest 0"},     {good, "min_len 6 is above max_len 5"},
		   {good, "temperature 0"}, {good, "lenpen nan"},  {good, "prefix token 30"},
		   {good, "free token"},    {good, "unkpen -inf"}, {good, "max_len"}};
	bad[0].o.beam = 0;
	bad[1].o.nbest = 0;
	bad[2].o.min_len = 6;
	bad[3].o.temperature = 0;
	bad[4].o.lenpen = NAN;
	bad[5].o.prefix = outside, bad[5].o.n_prefix = 1;
	bad[6].o.prefix = free_eos, bad[6].o.n_prefix = 2;
	bad[7].o.unkpen = -INFINITY;
	bad[8].o.max_len = SIZE_MAX;
	s2_beam_decoder d = {NULL, 30, EOS, PAD, EOS, UNK, failing_step};
	s2_beam_hyp *hyps;
	size_t n;
	s2st_error err;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK_INT(s2_beam_search(&d, &bad[i].o, a, a, &hyps, &n, &err), S2ST_EINPUT);
		CHECK_CONTAINS(err.text, bad[i].says);
	}
	CHECK_INT(s2_beam_search(&d, &good, a, a, &hyps, &n, &err), S2ST_EMEM); /* the decoder's own sentence */
	CHECK_CONTAINS(err.text, "no room for the step");
	d.unk = 30;
	CHECK_INT(s2_beam_search(&d, &good, a, a, &hyps, &n, &err), S2ST_EINPUT);
	d.vocab = 1;
	CHECK_INT(s2_beam_search(&d, &good, a, a, &hyps, &n, &err), S2ST_EINPUT);
	s2_arena_free(a);
}

int main(void)
{
	test_against_twin();
	test_beam_one_is_greedy();
	test_interleaved();
	test_refusals();
	return TEST_RESULT();
}
