/* The transformer layer against its formula in double precision: pre- and post-norm, biases on the scores, cross
 * attention, and the incremental step with hypotheses that are dropped, copied and reordered. */
#include "layers/distance.h"
#include "layers/transformer.h"

#include "math/ops.h"
#include "test.h"

enum { D = 8, FFN = 12, HEADS = 2, HD = D / HEADS, CROSS = 6, T = 5, MAX_T = 40 };

static s2st_error err;
static uint64_t seed = 1;
static s2_exec x;

/* ---- random layers over static memory ---- */

typedef struct layer_memory {
	float w[11][FFN * D], b[11][FFN], norm[6][D], gate_scale[HEADS];
} layer_memory;

static void random_floats(float *out, size_t n, float scale)
{
	for (size_t i = 0; i < n; i++)
		out[i] = scale * test_randf(&seed);
}

static s2_linear random_linear(layer_memory *m, int i, size_t n_out, size_t n_in)
{
	random_floats(m->w[i], n_out * n_in, 1);
	random_floats(m->b[i], n_out, 0.3f);
	return (s2_linear){.w = {.data = m->w[i],
				 .dtype = S2_F32,
				 .rank = 2,
				 .dims = {n_out, n_in},
				 .strides = {(ptrdiff_t)n_in, 1}},
			   .b = m->b[i]};
}

static s2_norm random_norm(layer_memory *m, int i)
{
	random_floats(m->norm[2 * i], D, 1);
	random_floats(m->norm[2 * i + 1], D, 0.3f);
	return (s2_norm){m->norm[2 * i], m->norm[2 * i + 1]};
}

static s2_transformer_layer random_layer(layer_memory *m)
{
	random_floats(m->gate_scale, HEADS, 1);
	return (s2_transformer_layer){
		.self = {random_linear(m, 0, D, D), random_linear(m, 1, D, D), random_linear(m, 2, D, D),
			 random_linear(m, 3, D, D)},
		.cross = {random_linear(m, 4, D, D), random_linear(m, 5, D, CROSS), random_linear(m, 6, D, CROSS),
			  random_linear(m, 7, D, D)},
		.fc1 = random_linear(m, 8, FFN, D),
		.fc2 = random_linear(m, 9, D, FFN),
		.self_norm = random_norm(m, 0),
		.cross_norm = random_norm(m, 1),
		.final_norm = random_norm(m, 2),
		.gate = random_linear(m, 10, 8, HD),
		.gate_scale = m->gate_scale,
	};
}

/* ---- the naive twin ---- */

static void naive_linear(double *out, const double *in, size_t rows, const s2_linear *l)
{
	const float *w = l->w.data;
	for (size_t r = 0; r < rows; r++)
		for (size_t o = 0; o < l->w.dims[0]; o++) {
			double sum = l->b[o];
			for (size_t i = 0; i < l->w.dims[1]; i++)
				sum += in[r * l->w.dims[1] + i] * (double)w[o * l->w.dims[1] + i];
			out[r * l->w.dims[0] + o] = sum;
		}
}

static void naive_norm(double *out, const double *in, size_t rows, const s2_norm *n)
{
	for (size_t r = 0; r < rows; r++) {
		double mean = 0, var = 0;
		for (size_t i = 0; i < D; i++)
			mean += in[r * D + i] / D;
		for (size_t i = 0; i < D; i++)
			var += (in[r * D + i] - mean) * (in[r * D + i] - mean) / D;
		for (size_t i = 0; i < D; i++)
			out[r * D + i] = (in[r * D + i] - mean) / sqrt(var + 1e-5) * (double)n->w[i] + (double)n->b[i];
	}
}

static void naive_attend(double *out, const double *in, size_t n_q, const double *memory, size_t n_k,
			 const s2_attention_weights *a, const float *bias, bool causal)
{
	double q[MAX_T * D], k[MAX_T * D], v[MAX_T * D], mixed[MAX_T * D] = {0};
	naive_linear(q, in, n_q, &a->q);
	naive_linear(k, memory, n_k, &a->k);
	naive_linear(v, memory, n_k, &a->v);
	for (size_t h = 0; h < HEADS; h++)
		for (size_t i = 0; i < n_q; i++) {
			double weight[MAX_T], sum = 0;
			size_t last = causal ? i + 1 : n_k;
			for (size_t j = 0; j < last; j++) {
				double score = bias ? (double)bias[(h * n_q + i) * n_k + j] : 0;
				for (size_t c = 0; c < HD; c++)
					score += q[i * D + h * HD + c] * k[j * D + h * HD + c] / sqrt(HD);
				sum += weight[j] = exp(score);
			}
			for (size_t j = 0; j < last; j++)
				for (size_t c = 0; c < HD; c++)
					mixed[i * D + h * HD + c] += weight[j] / sum * v[j * D + h * HD + c];
		}
	naive_linear(out, mixed, n_q, &a->out);
}

static void naive_feed(double *out, const double *in, size_t rows, const s2_transformer_layer *l)
{
	double inner[MAX_T * FFN];
	naive_linear(inner, in, rows, &l->fc1);
	for (size_t i = 0; i < rows * FFN; i++)
		inner[i] = inner[i] > 0 ? inner[i] : 0;
	naive_linear(out, inner, rows, &l->fc2);
}

/* h [t, D]; enc [n_enc, CROSS] or NULL. */
static void naive_layer(double *h, size_t t, const s2_transformer_config *c, const s2_transformer_layer *l,
			const float *bias, bool causal, const double *enc, size_t n_enc)
{
	const s2_norm *norms[3] = {&l->self_norm, &l->cross_norm, &l->final_norm};
	for (int part = 0; part < 3; part++) {
		double in[MAX_T * D], out[MAX_T * D];
		if (part == 1 && !enc)
			continue;
		memcpy(in, h, t * D * sizeof *h);
		if (c->pre_norm)
			naive_norm(in, h, t, norms[part]);
		if (part == 0)
			naive_attend(out, in, t, in, t, &l->self, bias, causal);
		else if (part == 1)
			naive_attend(out, in, t, enc, n_enc, &l->cross, NULL, false);
		else
			naive_feed(out, in, t, l);
		for (size_t i = 0; i < t * D; i++)
			h[i] += out[i];
		if (!c->pre_norm)
			naive_norm(h, h, t, norms[part]);
	}
}

static double worst(const float *got, const double *want, size_t n)
{
	double most = 0;
	for (size_t i = 0; i < n; i++)
		most = fmax(most, fabs((double)got[i] - want[i]));
	return most;
}

/* ---- whole sequences ---- */

enum { SPAN = 2 * T - 1 };

static double sigmoid(double v)
{
	return 1 / (1 + exp(-v));
}

/* Gate of query i of head h, from what the attention reads. */
static double naive_gate(const double *in, size_t i, size_t h, const s2_transformer_layer *l)
{
	double eight[8], a = 0, b = 0;
	naive_linear(eight, in + i * D + h * HD, 1, &l->gate);
	for (size_t j = 0; j < 4; j++) {
		a += eight[j];
		b += eight[4 + j];
	}
	return sigmoid(a) * (sigmoid(b) * (double)l->gate_scale[h] - 1) + 2;
}

/* out [HEADS, T, T]: bias [HEADS, SPAN] laid out by query and key, times the gates. */
static void spread_bias(float *out, const float *bias, const double *in, const s2_transformer_config *c,
			const s2_transformer_layer *l)
{
	double normed[T * D];
	memcpy(normed, in, sizeof normed);
	if (c->pre_norm)
		naive_norm(normed, in, T, &l->self_norm);
	for (size_t h = 0; h < HEADS; h++)
		for (size_t i = 0; i < T; i++)
			for (size_t j = 0; j < T; j++)
				out[(h * T + i) * T + j] =
					(float)((double)bias[h * SPAN + j - i + T - 1] *
						(c->gated ? naive_gate(normed, i, h, l) : 1));
}

static void test_sequence(bool pre_norm, bool with_bias, bool gated)
{
	static layer_memory memory;
	const s2_transformer_config c = {
		.dim = D, .ffn = FFN, .heads = HEADS, .pre_norm = pre_norm, .act = S2_ACT_RELU, .gated = gated};
	s2_transformer_layer l = random_layer(&memory);
	float h[T * D], bias[HEADS * SPAN], spread[HEADS * T * T];
	double want[T * D];
	random_floats(h, T * D, 1);
	random_floats(bias, HEADS * SPAN, 2);
	for (size_t i = 0; i < T * D; i++)
		want[i] = (double)h[i];
	spread_bias(spread, bias, want, &c, &l);
	REQUIRE_OK(s2_transformer_forward(&x, &c, &l, h, T, with_bias ? bias : NULL, &err));
	naive_layer(want, T, &c, &l, with_bias ? spread : NULL, false, NULL, 0);
	CHECK(worst(h, want, T * D) < 2e-5);
}

/* Buckets as PyTorch computes them: where a range of distances ends is a matter of float32 rounding. */
static void test_buckets(void)
{
	static const struct {
		s2_distance_buckets b;
		ptrdiff_t distance;
		size_t bucket;
	} cases[] = {
		{{320, 800}, -2000, 159}, {{320, 800}, -160, 104}, {{320, 800}, -79, 79},
		{{320, 800}, -1, 1}, {{320, 800}, 0, 0}, {{320, 800}, 1, 161},
		{{320, 800}, 79, 239}, {{320, 800}, 80, 240}, {{320, 800}, 81, 240},
		{{320, 800}, 113, 251}, {{320, 800}, 160, 264}, {{320, 800}, 253, 280},
		{{320, 800}, 320, 288}, {{320, 800}, 799, 319}, {{320, 800}, 800, 319},
		{{320, 800}, 2000, 319}, {{320, 1280}, -2000, 159}, {{320, 1280}, -160, 100},
		{{320, 1280}, -79, 79}, {{320, 1280}, -1, 1}, {{320, 1280}, 0, 0},
		{{320, 1280}, 1, 161}, {{320, 1280}, 79, 239}, {{320, 1280}, 80, 240},
		{{320, 1280}, 81, 240}, {{320, 1280}, 113, 249}, {{320, 1280}, 160, 260},
		{{320, 1280}, 253, 273}, {{320, 1280}, 320, 280}, {{320, 1280}, 799, 306},
		{{320, 1280}, 800, 306}, {{320, 1280}, 2000, 319}, {{32, 80}, -33, 12},
		{{32, 80}, 8, 24}, {{32, 80}, 16, 26}, {{32, 80}, 32, 28},
		{{32, 80}, 64, 31}, {{32, 80}, 90, 31}, {{32, 128}, -33, 12},
		{{32, 128}, 8, 24}, {{32, 128}, 16, 26}, {{32, 128}, 32, 28},
		{{32, 128}, 64, 30}, {{32, 128}, 90, 30},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_INT(s2_distance_bucket(&cases[i].b, cases[i].distance), cases[i].bucket);
	CHECK(s2_distance_possible(&(s2_distance_buckets){320, 800}));
	CHECK(!s2_distance_possible(&(s2_distance_buckets){3, 800}));
	CHECK(!s2_distance_possible(&(s2_distance_buckets){320, 80}));
	CHECK(!s2_distance_possible(&(s2_distance_buckets){320, 0}));
}

/* ---- steps ---- */

/* A decoder of two layers. Two sentences share its steps for a while: the second comes later and leaves earlier, and a
 * third takes rows of the store that it had. Each row keeps its own inputs, so that at each step the twin can do the
 * row's whole history again. */
enum { ROWS = 3, STEPS = 40, LAYERS = 2, MOST_ENC = 5 };

typedef struct sentence {
	s2_cache cache;
	size_t n_enc;
	float enc[MOST_ENC * CROSS], history[ROWS][STEPS][D];
	s2_mark mark;
} sentence;

typedef struct decoder {
	s2_transformer_config c;
	s2_transformer_layer layers[LAYERS];
	s2_past_store store;
} decoder;

static void enter(decoder *d, sentence *s, s2_arena *a, size_t n_enc)
{
	s->n_enc = n_enc;
	random_floats(s->enc, n_enc * CROSS, 1);
	REQUIRE_OK(s2_cache_init(&s->cache, &x, &d->store, a, ROWS, STEPS, n_enc, &err));
	for (size_t i = 0; i < LAYERS; i++)
		REQUIRE_OK(s2_transformer_cross(&x, &d->layers[i], &s->cache, i, s->enc, &err));
}

/* Rows for the sentence's next step, h [rows, D], continue others as it comes. */
static size_t next_rows(sentence *s, float *h)
{
	int32_t parent[ROWS];
	float old[ROWS][STEPS][D];
	size_t step = s->cache.n_steps, rows = step ? 1 + test_rand(&seed) % ROWS : 1;
	memcpy(old, s->history, sizeof old);
	random_floats(h, rows * D, 1);
	for (size_t r = 0; r < rows; r++) {
		parent[r] = step ? (int32_t)(test_rand(&seed) % s->cache.rows) : 0;
		memcpy(s->history[r], old[parent[r]], step * sizeof old[0][0]);
		memcpy(s->history[r][step], h + r * D, sizeof old[0][0]);
	}
	REQUIRE_OK(s2_cache_advance(&s->cache, step ? parent : NULL, rows, &err));
	return rows;
}

static void check_rows(const decoder *d, const sentence *s, const float *h)
{
	size_t n = s->cache.n_steps;
	double enc[MOST_ENC * CROSS];
	for (size_t i = 0; i < s->n_enc * CROSS; i++)
		enc[i] = (double)s->enc[i];
	for (size_t r = 0; r < s->cache.rows; r++) {
		double want[MAX_T * D];
		for (size_t i = 0; i < n * D; i++)
			want[i] = (double)s->history[r][i / D][i % D];
		for (size_t i = 0; i < LAYERS; i++)
			naive_layer(want, n, &d->c, &d->layers[i], NULL, true, enc, s->n_enc);
		CHECK(worst(h + r * D, want + (n - 1) * D, D) < 2e-5);
	}
}

static void run_step(decoder *d, sentence *const *sentences, size_t n)
{
	float h[3 * ROWS * D];
	s2_cache *caches[3];
	s2_cache_batch batch = {.store = &d->store, .sentences = caches, .n = n};
	for (size_t i = 0; i < n; i++) {
		caches[i] = &sentences[i]->cache;
		batch.rows += next_rows(sentences[i], h + batch.rows * D);
	}
	for (size_t i = 0; i < LAYERS; i++)
		REQUIRE_OK(s2_transformer_step(&x, &d->c, &d->layers[i], &batch, i, h, &err));
	const float *at = h;
	for (size_t i = 0; i < n; at += sentences[i++]->cache.rows * D)
		check_rows(d, sentences[i], at);
}

static void test_steps(bool pre_norm)
{
	static layer_memory memory[LAYERS];
	static sentence a, b;
	decoder d = {
		.c = {.dim = D, .ffn = FFN, .heads = HEADS, .cross_dim = CROSS, .pre_norm = pre_norm},
		.layers = {random_layer(&memory[0]), random_layer(&memory[1])},
	};
	d.c.act = S2_ACT_RELU;
	s2_mark mark = s2_arena_mark(x.scratch);
	REQUIRE_OK(s2_past_store_init(&d.store, LAYERS, HEADS, D, &err));
	enter(&d, &a, x.scratch, MOST_ENC);
	enter(&d, &b, x.scratch, 2);
	for (int step = 0; step < STEPS; step++) {
		if (step == 12) {
			s2_cache_release(&b.cache);
			enter(&d, &b, x.scratch, 4);
		}
		run_step(&d, (sentence *[]){&b, &a}, step >= 3 && step < 30 ? 2 : 1);
		if (step == 2) /* only b so far: a comes in now */
			CHECK_INT(a.cache.n_steps, 0);
	}
	CHECK_INT(b.cache.n_steps, STEPS - 12);
	CHECK_INT(a.cache.n_steps, 27);
	s2_past_store_free(&d.store);
	s2_arena_reset(x.scratch, mark);
}

/* What no hypothesis has in its past any more is used again: a store does not grow with the steps. */
static void test_reuse(void)
{
	enum { LONG = 20000 };
	s2_past_store store;
	s2_cache cache, other;
	const int32_t parent[2] = {0, 0};
	s2_mark mark = s2_arena_mark(x.scratch);
	REQUIRE_OK(s2_past_store_init(&store, 1, 1, D, &err));
	REQUIRE_OK(s2_cache_init(&cache, &x, &store, x.scratch, 2, LONG, 0, &err));
	for (int i = 0; i < 1000; i++)
		REQUIRE_OK(s2_cache_advance(&cache, i ? parent : NULL, i ? 2 : 1, &err));
	/* Both rows continue row 0: 1000 tokens live beside the last dropped one. */
	CHECK(store.n_blocks * S2_PAST_SLOTS < 1000 + 3 * S2_PAST_SLOTS);
	for (int i = 0; i < 1000; i++)
		for (int j = 0; j < i; j++)
			if (cache.past[i] == cache.past[j])
				REQUIRE(!"two tokens in one row");
	size_t blocks = store.n_blocks;
	s2_cache_release(&cache);
	REQUIRE_OK(s2_cache_init(&other, &x, &store, x.scratch, 1, LONG, 0, &err));
	for (size_t i = 0; i < blocks * S2_PAST_SLOTS; i++)
		REQUIRE_OK(s2_cache_advance(&other, NULL, 1, &err));
	CHECK_INT(store.n_blocks, blocks);
	REQUIRE_OK(s2_cache_advance(&other, NULL, 1, &err));
	CHECK_INT(store.n_blocks, blocks + 1);
	s2_past_store_free(&store);
	s2_arena_reset(x.scratch, mark);
}

static void test_cache_bounds(void)
{
	s2_past_store store, huge;
	s2_cache cache;
	const int32_t parent[2] = {0, 5};
	s2_mark mark = s2_arena_mark(x.scratch);
	REQUIRE_OK(s2_past_store_init(&store, 1, 1, D, &err));
	CHECK_INT(s2_cache_init(&cache, &x, &store, x.scratch, 0, 4, 0, &err), S2ST_EINPUT);
	CHECK_INT(s2_cache_init(&cache, &x, &store, x.scratch, 4, SIZE_MAX / 8, 0, &err), S2ST_EMEM);
	CHECK_INT(s2_cache_init(&cache, &x, &store, x.scratch, 4, 4, SIZE_MAX / 8, &err), S2ST_EMEM);
	CHECK_INT(s2_past_store_init(&huge, 1, 1, SIZE_MAX / 8, &err), S2ST_EMEM);
	REQUIRE_OK(s2_past_store_init(&huge, SIZE_MAX / 64, 1, D, &err));
	REQUIRE_OK(s2_cache_init(&cache, &x, &huge, x.scratch, 4, 4, 0, &err));
	CHECK_INT(s2_cache_advance(&cache, NULL, 1, &err), S2ST_EMEM);
	s2_cache_release(&cache);
	REQUIRE_OK(s2_cache_init(&cache, &x, &store, x.scratch, 2, 2, 0, &err));
	CHECK_INT(s2_cache_advance(&cache, NULL, 3, &err), S2ST_EINTERNAL);
	CHECK_INT(s2_cache_advance(&cache, NULL, 0, &err), S2ST_EINTERNAL);
	REQUIRE_OK(s2_cache_advance(&cache, NULL, 1, &err));
	CHECK_INT(s2_cache_advance(&cache, parent, 2, &err), S2ST_EINTERNAL);
	REQUIRE_OK(s2_cache_advance(&cache, NULL, 1, &err));
	CHECK_INT(s2_cache_advance(&cache, NULL, 1, &err), S2ST_EINTERNAL);
	s2_past_store_free(&huge);
	s2_past_store_free(&store);
	s2_arena_reset(x.scratch, mark);
}

static void test_embedding(void)
{
	const float table[] = {1, 2, 3, 4, 5, 6};
	s2_weight w = {.data = table, .dtype = S2_F32, .rank = 2, .dims = {2, 3}, .strides = {3, 1}};
	float row[3];
	s2_embedding_row(row, &w, 1);
	CHECK(row[0] == 4 && row[1] == 5 && row[2] == 6);
	s2_weight turned = {.data = table, .dtype = S2_F32, .rank = 2, .dims = {3, 2}, .strides = {1, 3}};
	s2_embedding_row(row, &turned, 2);
	CHECK(row[0] == 3 && row[1] == 6);
}

static void test_activation_names(void)
{
	CHECK_INT(s2_activation("relu"), S2_ACT_RELU);
	CHECK_INT(s2_activation("gelu"), S2_ACT_GELU);
	CHECK_INT(s2_activation("linear"), S2_ACT_NONE);
	CHECK_INT(s2_activation("gelu_fast"), -1);
}

int main(void)
{
	const s2_kernels *k;
	REQUIRE_OK(s2_kernels_find(&k, NULL, &err));
	REQUIRE_OK(s2_exec_init(&x, NULL, k, &err));
	for (int i = 0; i < 8; i++)
		test_sequence(i & 1, i & 2, i & 4);
	test_buckets();
	test_steps(true);
	test_steps(false);
	test_reuse();
	test_cache_bounds();
	test_embedding();
	test_activation_names();
	s2_exec_free(&x);
	return TEST_RESULT();
}
