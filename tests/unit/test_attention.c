/* Attention over whole sequences and over a step's past, against the formula in float64. */
#include "base/size.h"
#include "math/ops.h"
#include "math/step_attention.h"
#include "unit/math_test.h"

/* out [hd] = softmax(q · k_p + bias_p) v_p over p < n; element `at` of rows k[p] and v[p] comes first. */
static void exact_attention(double *out, const float *q, const float *const *k, const float *const *v, size_t at,
			    const float *bias, size_t n, size_t hd)
{
	double *p = malloc(n * sizeof *p), top = -INFINITY, sum = 0;
	REQUIRE(p != NULL);
	for (size_t i = 0; i < n; i++) {
		p[i] = bias ? (double)bias[i] : 0;
		for (size_t d = 0; d < hd; d++)
			p[i] += (double)q[d] * (double)k[i][at + d];
		top = fmax(top, p[i]);
	}
	for (size_t i = 0; i < n; i++)
		sum += p[i] = exp(p[i] - top);
	for (size_t d = 0; d < hd; d++) {
		out[d] = 0;
		for (size_t i = 0; i < n; i++)
			out[d] += p[i] / sum * (double)v[i][at + d];
	}
	free(p);
}

/* Pointers to rows 0 .. n-1 of a matrix. */
static const float **rows_of(const float *matrix, size_t n, size_t ld)
{
	const float **rows = malloc(n * sizeof *rows);
	REQUIRE(rows != NULL);
	for (size_t i = 0; i < n; i++)
		rows[i] = matrix + i * ld;
	return rows;
}

/* Values lie in [-1, 1) and weights add up to 1; scores of hd products carry their own rounding into the weights. In
 * int16 that is a step of 2^-13 of a query's or key's largest channel, 2^-12 of a value's. */
static double slack(size_t n, size_t hd, bool narrow)
{
	if (narrow)
		return (4 * sqrt((double)hd) + 8) * 0x1p-13;
	return 8 * (sqrt((double)n) + (double)hd) * 0x1p-24;
}

static void check_attention(const s2_exec *x, size_t n_q, size_t n_k, size_t heads, size_t hd, bool with_bias,
			    bool with_gate, bool with_products, bool narrow, uint64_t *seed)
{
	s2st_error err;
	size_t width = heads * hd, ld = width + 3;
	float *q = math_random(n_q * ld, seed), *k = math_random(n_k * ld, seed), *v = math_random(n_k * ld, seed);
	const size_t span = n_q + n_k - 1;
	float *bias = math_random(heads * span, seed), *gate = math_random(n_q * heads, seed);
	float *dq = math_random(n_q * ld, seed), *dk = math_random(span * ld, seed), *row = math_alloc(n_k);
	float *out = math_random(n_q * ld, seed);
	const float **k_rows = rows_of(k, n_k, ld), **v_rows = rows_of(v, n_k, ld);
	double *want = malloc(hd * sizeof *want);
	REQUIRE(want != NULL);
	if (with_bias && n_k > 1)
		for (size_t i = 0; i < heads; i++)
			bias[i * span + i % span] = -INFINITY; /* a distance that is masked */
	for (size_t i = 0; i < n_q * heads; i++)
		gate[i] += 2;
	s2_attention_args a = {.q = q,
			       .k = k,
			       .v = v,
			       .ld_q = ld,
			       .ld_k = ld,
			       .ld_v = ld,
			       .ld_out = ld,
			       .n_q = n_q,
			       .n_k = n_k,
			       .heads = heads,
			       .head_dim = hd,
			       .bias = with_bias ? bias : NULL,
			       .gate = with_gate ? gate : NULL,
			       .distance_q = with_products ? dq : NULL,
			       .distance_k = with_products ? dk : NULL,
			       .ld_distance = ld,
			       .narrow = narrow};
	REQUIRE_OK(s2_attention(x, out, &a, &err));
	size_t wrong = 0;
	for (size_t i = 0; i < n_q; i++)
		for (size_t h = 0; h < heads; h++) {
			for (size_t j = 0; j < n_k; j++) {
				const size_t far = j + n_q - 1 - i; /* the distance's row */
				const float g = with_gate ? gate[i * heads + h] : 1;
				double sum = with_bias ? (double)bias[h * span + far] * (double)g : 0;
				for (size_t d = 0; with_products && d < hd; d++)
					sum += (double)dq[i * ld + h * hd + d] * (double)dk[far * ld + h * hd + d];
				row[j] = (float)sum;
			}
			exact_attention(want, q + i * ld + h * hd, k_rows, v_rows, h * hd, row, n_k, hd);
			for (size_t d = 0; d < hd; d++)
				wrong += !(fabs((double)out[i * ld + h * hd + d] - want[d]) <= slack(n_k, hd, narrow));
		}
	if (wrong)
		fprintf(stderr, "%s: attention %zu x %zu, %zu heads of %zu\n", s2_kernels_name(x->k), n_q, n_k, heads,
			hd);
	CHECK_INT(wrong, 0);
	free(q);
	free(k);
	free(v);
	free(k_rows);
	free(v_rows);
	free(bias);
	free(gate);
	free(dq);
	free(dk);
	free(row);
	free(out);
	free(want);
}

static void test_attention(const s2_exec *x, bool narrow)
{
	static const size_t counts[] = {1, 2, 7, 33, 65, 168};
	uint64_t seed = 1;
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 6; j++)
			check_attention(x, counts[i], counts[j], 1 + i % 3,
					(size_t[]){5, 16, 24, 64, 80, 1}[(i + j) % 6], (i + j) % 2, j % 2, i % 3 == 2,
					narrow, &seed);
	check_attention(x, 5, 1000, 2, 64, true, true, false, narrow, &seed);
	check_attention(x, 200, 300, 2, 16, true, true, true, narrow, &seed); /* several blocks of queries */
	check_attention(x, 3, 40, 2, 160, true, false, false, narrow, &seed); /* heads too wide for int16 */
}

/* int16 at its bounds: all products of one sign, as many keys as it has steps, or one that gets all. */
static void test_narrow_bounds(const s2_exec *x)
{
	enum { N_Q = 15, N_K = 3000, HD = 128 };
	s2st_error err;
	float *q = math_alloc(N_Q * HD), *k = math_alloc((size_t)N_K * HD), *v = math_alloc((size_t)N_K * HD),
	      *out = math_alloc(N_Q * HD);
	const s2_attention_args a = {.q = q, .k = k, .v = v, .ld_q = HD, .ld_k = HD, .ld_v = HD, .ld_out = HD,
				     .n_q = N_Q, .n_k = N_K, .heads = 1, .head_dim = HD, .narrow = true};
	for (size_t i = 0; i < (size_t)N_K * HD; i++) {
		k[i] = -0.5f;
		v[i] = i % HD % 2 ? -7 : 0.25f;
	}
	for (size_t i = 0; i < N_Q * HD; i++)
		q[i] = 3;
	REQUIRE_OK(s2_attention(x, out, &a, &err));
	for (size_t i = 0; i < N_Q * HD; i++)
		CHECK(fabsf(out[i] - v[i % HD]) <= 1e-3f * fabsf(v[i % HD]));
	for (size_t d = 0; d < HD; d++) {
		k[1234 * HD + d] = 0.5f;
		v[1234 * HD + d] = 100 + (float)d;
	}
	REQUIRE_OK(s2_attention(x, out, &a, &err));
	for (size_t i = 0; i < N_Q * HD; i++)
		CHECK(fabsf(out[i] - v[1234 * HD + i % HD]) <= 1e-3f * fabsf(v[1234 * HD + i % HD]));
	q[3 * HD + 5] = NAN; /* seen in its row, and nowhere else; in a value: in its channel */
	v[7 * HD + 9] = INFINITY;
	REQUIRE_OK(s2_attention(x, out, &a, &err));
	for (size_t i = 0; i < N_Q * HD; i++)
		CHECK(isfinite(out[i]) == (i / HD != 3 && i % HD != 9));
	k[11 * HD] = NAN; /* in a key: everywhere */
	REQUIRE_OK(s2_attention(x, out, &a, &err));
	for (size_t i = 0; i < N_Q * HD; i++)
		CHECK(!isfinite(out[i]));
	free(q);
	free(k);
	free(v);
	free(out);
}

/* ---- steps ---- */

enum { LAYER = 1, LAYERS = 3, MAX_SENTENCES = 4, MAX_BLOCKS = 64 };

/* One sentence's tokens, and its blocks. */
typedef struct step_tokens {
	size_t n;     /* places */
	float *k, *v; /* [n, heads * hd] */
	int32_t *past;
	float *source, *blocks[MAX_BLOCKS];
	uint32_t live[MAX_BLOCKS];
} step_tokens;

/* Sentences of a batch: odd ones have pasts of their own, even ones share keys. */
typedef struct step_case {
	s2_step_attention_args a;
	s2_step_keys keys[MAX_SENTENCES];
	step_tokens tokens[MAX_SENTENCES];
	float *q;
	size_t rows;
} step_case;

/* n different places of `all`, in any order. */
static void draw_places(int32_t *out, size_t n, size_t all, uint64_t *seed)
{
	int32_t *left = malloc(all * sizeof *left);
	REQUIRE(left != NULL);
	for (size_t i = 0; i < all; i++)
		left[i] = (int32_t)i;
	for (size_t i = 0; i < n; i++) {
		const size_t j = i + test_rand(seed) % (all - i);
		out[i] = left[j];
		left[j] = left[i];
	}
	free(left);
}

static step_case make_step(size_t n_sentences, size_t rows, size_t n_keys, size_t heads, size_t hd, uint64_t *seed)
{
	step_case c = {0};
	for (size_t s = 0; s < n_sentences; s++) {
		size_t n = n_keys + 3 * s, own_rows = rows + s, ld_past = n + 2;
		step_tokens *t = &c.tokens[s];
		c.keys[s] = (s2_step_keys){.first = c.rows, .rows = own_rows, .n = n};
		c.rows += own_rows;
		t->n = n;
		if (s % 2) {
			c.keys[s].n_blocks = n / S2_PAST_SLOTS + 3;
			c.keys[s].ld_past = ld_past;
			t->n = c.keys[s].n_blocks * S2_PAST_SLOTS;
			c.keys[s].past = t->past = calloc(own_rows * ld_past, sizeof *t->past);
			REQUIRE(t->past != NULL);
			for (size_t r = 0; r < own_rows; r++) /* nobody has a token of the last block */
				draw_places(t->past + r * ld_past, n, t->n - S2_PAST_SLOTS, seed);
		}
		t->k = math_random(t->n * heads * hd, seed);
		t->v = math_random(t->n * heads * hd, seed);
	}
	c.q = math_random(c.rows * heads * hd, seed);
	c.a = (s2_step_attention_args){.q = c.q, .n_sentences = n_sentences, .h = {heads, hd}};
	return c;
}

static void drop_blocks(step_case *c)
{
	for (size_t s = 0; s < MAX_SENTENCES; s++) {
		free(c->tokens[s].source);
		c->tokens[s].source = NULL;
		for (size_t b = 0; b < MAX_BLOCKS; b++) {
			free(c->tokens[s].blocks[b]);
			c->tokens[s].blocks[b] = NULL;
		}
	}
}

/* Pasts lie in one layer of several; of the last block nobody has a token. */
static void lay_past(const step_case *c, s2_step_keys *keys, step_tokens *t)
{
	const size_t width = c->a.h.heads * c->a.h.head_dim, floats = s2_past_block_floats(c->a.h);
	REQUIRE(floats > 0 && keys->n_blocks <= MAX_BLOCKS);
	for (size_t i = 0; i < t->n - S2_PAST_SLOTS; i++) {
		const size_t b = i / S2_PAST_SLOTS, slot = i % S2_PAST_SLOTS;
		if (slot == 0)
			t->blocks[b] = math_alloc(LAYERS * floats);
		t->live[b] = UINT32_MAX;
		s2_past_block_put(c->a.h, t->blocks[b] + LAYER * floats, slot, t->k + i * width, t->v + i * width);
	}
	keys->at = LAYER * floats;
	keys->blocks = t->blocks;
	keys->live = t->live;
}

/* Blocks as the kernels of `x` read them. The case keeps its arrays inside: their addresses are set where it has come
 * to rest. */
static const s2_step_attention_args *settled(step_case *c, const s2_exec *x)
{
	drop_blocks(c);
	for (size_t s = 0; s < c->a.n_sentences; s++) {
		step_tokens *t = &c->tokens[s];
		if (t->past) {
			lay_past(c, &c->keys[s], t);
			continue;
		}
		c->keys[s].source = t->source = math_alloc(s2_source_block_floats(x, c->a.h, t->n));
		s2_source_block_fill(x, c->a.h, t->source, t->n, t->k, t->v);
	}
	c->a.sentences = c->keys;
	return &c->a;
}

static void drop_step(step_case *c)
{
	drop_blocks(c);
	free(c->q);
	for (size_t s = 0; s < MAX_SENTENCES; s++) {
		free(c->tokens[s].k);
		free(c->tokens[s].v);
		free(c->tokens[s].past);
	}
}

/* Where the keys (or values) of a row's tokens are for one head. */
static const float **key_rows(const step_case *c, size_t s, size_t r, size_t head, bool values)
{
	const s2_step_keys *keys = &c->keys[s];
	const size_t hd = c->a.h.head_dim, width = c->a.h.heads * hd;
	const float *from = (values ? c->tokens[s].v : c->tokens[s].k) + head * hd;
	const float **rows = rows_of(from, keys->n, width);
	for (size_t i = 0; keys->past && i < keys->n; i++)
		rows[i] = from + (size_t)keys->past[r * keys->ld_past + i] * width;
	return rows;
}

/* Row r of a sentence against the formula, and against the same row in a batch of its own. */
static void check_row(const s2_exec *x, const step_case *c, size_t sentence, size_t r, const float *got)
{
	s2st_error err;
	const s2_step_attention_args *a = &c->a;
	const s2_step_keys *s = &c->keys[sentence];
	size_t hd = a->h.head_dim, width = a->h.heads * hd, at = (s->first + r) * width, wrong = 0;
	float *alone = math_alloc(width);
	double *want = malloc(hd * sizeof *want);
	REQUIRE(want != NULL);
	for (size_t h = 0; h < a->h.heads; h++) {
		const float **k = key_rows(c, sentence, r, h, false), **v = key_rows(c, sentence, r, h, true);
		exact_attention(want, a->q + at + h * hd, k, v, 0, NULL, s->n, hd);
		free(k);
		free(v);
		for (size_t d = 0; d < hd; d++)
			wrong += !(fabs((double)got[at + h * hd + d] - want[d]) <= slack(s->n, hd, false));
	}
	CHECK_INT(wrong, 0);
	s2_step_keys keys = *s;
	keys.first = 0;
	keys.rows = 1;
	if (keys.past)
		keys.past += r * keys.ld_past;
	float *weights = keys.past ? NULL : math_alloc(a->h.heads * s->n);
	keys.weights = weights;
	s2_step_attention_args one = *a;
	one.q += at;
	one.sentences = &keys;
	one.n_sentences = 1;
	REQUIRE_OK(s2_step_attention(x, alone, &one, &err));
	CHECK(math_same(alone, got + at, width));
	for (size_t i = 0; i < width && weights; i++) { /* what is given out is what was used */
		double sum = 0, all = 0;
		for (size_t p = 0; p < s->n; p++) {
			sum += (double)weights[i / hd * s->n + p] * (double)c->tokens[sentence].v[p * width + i];
			all += (double)weights[i / hd * s->n + p];
		}
		const double most = slack(s->n, hd, false);
		CHECK(fabs(sum - (double)alone[i]) <= most && fabs(all - 1) <= most);
	}
	free(weights);
	free(alone);
	free(want);
}

static void check_step(const s2_exec *x, step_case c)
{
	s2st_error err;
	float *out = math_alloc(c.rows * c.a.h.heads * c.a.h.head_dim);
	REQUIRE_OK(s2_step_attention(x, out, settled(&c, x), &err));
	for (size_t s = 0; s < c.a.n_sentences; s++)
		for (size_t r = 0; r < c.keys[s].rows; r++)
			check_row(x, &c, s, r, out);
	free(out);
	drop_step(&c);
}

static void test_step(const s2_exec *x)
{
	uint64_t seed = 2;
	static const size_t steps[] = {1, 2, 17, 100, 300}, dims[] = {64, 5, 16, 31, 48};
	for (size_t i = 0; i < 5; i++)
		for (size_t n = 1; n <= MAX_SENTENCES; n++)
			check_step(x, make_step(n, 1 + i * 2, steps[i], 1 + i, dims[i], &seed));
}

/* The same bytes for any number of threads, and on AVX2 as on AVX-512. */
static void test_determinism(void)
{
	static const int threads[] = {1, 2, 3, 5};
	enum { N_Q = 150, N_K = 170, HEADS = 3, HD = 40, WIDTH = HEADS * HD };
	s2st_error err;
	uint64_t seed = 3;
	float *q = math_random((size_t)N_Q * WIDTH, &seed), *kv = math_random((size_t)N_K * WIDTH, &seed),
	      *reference[2] = {NULL, NULL};
	step_case steps = make_step(4, 6, 333, 8, 64, &seed);
	const size_t sequence = (size_t)N_Q * WIDTH, n = 2 * sequence + steps.rows * 8 * 64;
	float *out = math_alloc(n);
	s2_attention_args a = {.q = q,
			       .k = kv,
			       .v = kv,
			       .ld_q = WIDTH,
			       .ld_k = WIDTH,
			       .ld_v = WIDTH,
			       .ld_out = WIDTH,
			       .n_q = N_Q,
			       .n_k = N_K,
			       .heads = HEADS,
			       .head_dim = HD};
	for (size_t i = 0; i < N_ALL_ISAS; i++)
		for (size_t t = 0; t < 4; t++) {
			s2_exec x;
			s2_pool *pool;
			if (!math_open(&x, &pool, math_isas[i], threads[t]))
				break;
			for (size_t narrow = 0; narrow < 2; narrow++) {
				a.narrow = narrow;
				REQUIRE_OK(s2_attention(&x, out + narrow * sequence, &a, &err));
			}
			REQUIRE_OK(s2_step_attention(&x, out + 2 * sequence, settled(&steps, &x), &err));
			float **ref = &reference[math_fused(&x)];
			if (*ref) {
				CHECK(math_same(*ref, out, n));
			} else {
				*ref = math_alloc(n);
				memcpy(*ref, out, n * sizeof *out);
			}
			math_close(&x, pool);
		}
	free(q);
	free(kv);
	free(reference[0]);
	free(reference[1]);
	free(out);
	drop_step(&steps);
}

int main(void)
{
	for (size_t i = 0; i < N_ALL_ISAS; i++) {
		s2_exec x;
		s2_pool *pool;
		if (!math_open(&x, &pool, math_isas[i], 1))
			continue;
		test_attention(&x, false);
		test_attention(&x, true);
		test_narrow_bounds(&x);
		test_step(&x);
		math_close(&x, pool);
	}
	test_determinism();
	return TEST_RESULT();
}
