#include <string.h>

#include "base/size.h"
#include "math/attention_int16.h"
#include "math/kernels.h"

enum { QUERIES = 168 }; /* rows of scores that are held at one time; whole tiles on every CPU */

typedef struct attention {
	const s2_exec *x;
	const s2_attention_args *a;
	float *out;
	float *scores; /* [threads, QUERIES, ld] */
	size_t ld;     /* n_k, or what `narrow` says */
	const s2_narrow_keys *narrow; /* NULL: float32 */
	float *far;    /* [threads, QUERIES, n_k + QUERIES - 1] where keys of distances are multiplied */
	size_t blocks; /* of query rows */
} attention;

/* scores [rows, n_k] of queries i .. i + rows - 1 get the bias of their distances. */
static void add_distances(const attention *t, float *scores, size_t head, size_t i, size_t rows)
{
	const s2_attention_args *a = t->a;
	const float *bias = a->bias + head * (a->n_q + a->n_k - 1) + (a->n_q - 1 - i);
	for (size_t r = 0; r < rows; r++) {
		const float gate = a->gate ? a->gate[(i + r) * a->heads + head] : 1;
		t->x->k->add_scaled(scores + r * t->ld, bias - r, a->n_k, gate);
	}
}

/* The same of products: a block needs rows + n_k - 1 distances, of which query r uses n_k from rows - 1 - r on. */
static void add_products(const attention *t, int worker, float *scores, size_t head, size_t i, size_t rows)
{
	const s2_attention_args *a = t->a;
	const size_t span = rows + a->n_k - 1, first = a->n_q - i - rows, at = head * a->head_dim;
	float *far = t->far + (size_t)worker * QUERIES * (a->n_k + QUERIES - 1);
	s2_left q = s2_left_matrix(a->distance_q + i * a->ld_distance + at, rows, a->head_dim, a->ld_distance);
	s2_right keys = s2_right_f32(a->distance_k + first * a->ld_distance + at, a->ld_distance);
	s2_gemm_worker(t->x, worker, far, span, rows, span, &q, &keys, NULL);
	for (size_t r = 0; r < rows; r++)
		t->x->k->add_scaled(scores + r * t->ld, far + r * span + (rows - 1 - r), a->n_k, 1);
}

/* scores [rows, n_k] = q · kᵀ */
static void multiply_keys(const attention *t, int worker, float *scores, size_t head, size_t i, size_t rows)
{
	const s2_attention_args *a = t->a;
	const size_t hd = a->head_dim;
	if (t->narrow) {
		s2_narrow_scores(t->x, t->narrow, scores, head, i, rows);
		return;
	}
	s2_left q = s2_left_matrix(a->q + i * a->ld_q + head * hd, rows, hd, a->ld_q);
	s2_right keys = s2_right_f32(a->k + head * hd, a->ld_k);
	s2_gemm_worker(t->x, worker, scores, t->ld, rows, a->n_k, &q, &keys, NULL);
}

/* out = softmax(scores) · v */
static void multiply_values(const attention *t, int worker, float *scores, size_t head, size_t i, size_t rows)
{
	const s2_attention_args *a = t->a;
	const size_t hd = a->head_dim;
	if (t->narrow) {
		s2_narrow_values(t->x, t->narrow, t->out, scores, head, i, rows);
		return;
	}
	for (size_t r = 0; r < rows; r++)
		t->x->k->softmax(scores + r * t->ld, a->n_k);
	s2_left p = s2_left_matrix(scores, rows, a->n_k, t->ld);
	s2_right values = {.w = a->v + head * hd, .dtype = S2_F32, .sn = 1, .st = 0, .sc = (ptrdiff_t)a->ld_v};
	s2_gemm_worker(t->x, worker, t->out + i * a->ld_out + head * hd, a->ld_out, rows, hd, &p, &values, NULL);
}

/* One head for one block of queries: softmax(q · kᵀ + gate * bias) · v. */
static void attend_block(void *arg, size_t index, int worker)
{
	const attention *t = arg;
	const s2_attention_args *a = t->a;
	const size_t head = index / t->blocks, i = index % t->blocks * QUERIES, rows = s2_min(QUERIES, a->n_q - i);
	float *scores = t->scores + (size_t)worker * QUERIES * t->ld;
	multiply_keys(t, worker, scores, head, i, rows);
	if (a->bias)
		add_distances(t, scores, head, i, rows);
	if (a->distance_k)
		add_products(t, worker, scores, head, i, rows);
	multiply_values(t, worker, scores, head, i, rows);
}

int s2_attention(const s2_exec *x, float *out, const s2_attention_args *a, s2st_error *err)
{
	attention t = {.x = x, .a = a, .out = out, .ld = a->n_k, .blocks = (a->n_q + QUERIES - 1) / QUERIES};
	s2_narrow_keys narrow;
	s2_mark mark = s2_arena_mark(x->scratch);
	if (a->narrow && s2_narrow_suits(a)) {
		S2_TRY(s2_narrow_keys_init(&narrow, x, a, err));
		t.narrow = &narrow;
		t.ld = narrow.ld;
	}
	S2_ALLOC(t.scores, x->scratch, x->threads * QUERIES, t.ld, err);
	if (a->distance_k)
		S2_ALLOC(t.far, x->scratch, x->threads * QUERIES, a->n_k + QUERIES - 1, err);
	s2_pool_run(x->pool, a->heads * t.blocks, attend_block, &t);
	s2_arena_reset(x->scratch, mark);
	return S2ST_OK;
}
