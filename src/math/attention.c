#include "base/size.h"
#include "math/kernels.h"

enum { QUERIES = 168 }; /* rows of scores that are held at one time; whole tiles on every CPU */

typedef struct attention {
	const s2_exec *x;
	const s2_attention_args *a;
	float *out;
	float *scores; /* [threads, QUERIES, n_k] */
	size_t blocks; /* of query rows */
} attention;

/* scores [rows, n_k] of queries i .. i + rows - 1 get the bias of their distances. */
static void add_distances(const attention *t, float *scores, size_t head, size_t i, size_t rows)
{
	const s2_attention_args *a = t->a;
	const float *bias = a->bias + head * (a->n_q + a->n_k - 1) + (a->n_q - 1 - i);
	for (size_t r = 0; r < rows; r++) {
		const float gate = a->gate ? a->gate[(i + r) * a->heads + head] : 1;
		t->x->k->add_scaled(scores + r * a->n_k, bias - r, a->n_k, gate);
	}
}

/* One head for one block of queries: softmax(q · kᵀ + gate * bias) · v. */
static void attend_block(void *arg, size_t index, int worker)
{
	const attention *t = arg;
	const s2_attention_args *a = t->a;
	size_t head = index / t->blocks, i = index % t->blocks * QUERIES, hd = a->head_dim;
	size_t rows = s2_min(QUERIES, a->n_q - i);
	float *scores = t->scores + (size_t)worker * QUERIES * a->n_k;

	s2_left q = s2_left_matrix(a->q + i * a->ld_q + head * hd, rows, hd, a->ld_q);
	s2_right keys = s2_right_f32(a->k + head * hd, a->ld_k);
	s2_gemm_worker(t->x, worker, scores, a->n_k, rows, a->n_k, &q, &keys, NULL);
	if (a->bias)
		add_distances(t, scores, head, i, rows);
	for (size_t r = 0; r < rows; r++)
		t->x->k->softmax(scores + r * a->n_k, a->n_k);
	s2_left p = s2_left_matrix(scores, rows, a->n_k, a->n_k);
	s2_right values = {.w = a->v + head * hd, .dtype = S2_F32, .sn = 1, .st = 0, .sc = (ptrdiff_t)a->ld_v};
	s2_gemm_worker(t->x, worker, t->out + i * a->ld_out + head * hd, a->ld_out, rows, hd, &p, &values, NULL);
}

int s2_attention(const s2_exec *x, float *out, const s2_attention_args *a, s2st_error *err)
{
	attention t = {.x = x, .a = a, .out = out, .blocks = (a->n_q + QUERIES - 1) / QUERIES};
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(t.scores, x->scratch, x->threads * QUERIES, a->n_k, err);
	s2_pool_run(x->pool, a->heads * t.blocks, attend_block, &t);
	s2_arena_reset(x->scratch, mark);
	return S2ST_OK;
}

/* ---- one decoder step -------------------------------------------------------------------------------------------- */

enum { STEP_SMALL = 1 << 16 }; /* multiply-adds below which the caller works alone */

typedef struct step {
	const s2_exec *x;
	const s2_step_attention_args *a;
	float *out;
	float *scores; /* own past: [threads, n_steps]; shared keys: [threads, rows, n_steps] */
} step;

/* Row r, head h over the row's own past. */
static void step_own(void *arg, size_t index, int worker)
{
	const step *t = arg;
	const s2_step_attention_args *a = t->a;
	size_t r = index / a->heads, at = index % a->heads * a->head_dim, width = a->heads * a->head_dim;
	float *scores = t->scores + (size_t)worker * a->n_steps;
	s2_past past = {.ld = a->ld, .rows_cap = a->rows_cap, .slot = a->slot + r * a->ld_slot, .n = a->n_steps};
	past.rows = a->k_cache + at;
	t->x->k->past_scores(scores, a->q + r * width + at, &past, a->head_dim);
	t->x->k->softmax(scores, a->n_steps);
	past.rows = a->v_cache + at;
	t->x->k->past_values(t->out + r * width + at, scores, &past, a->head_dim);
}

/* One head of all rows over keys that they share. */
static void step_shared(void *arg, size_t head, int worker)
{
	const step *t = arg;
	const s2_step_attention_args *a = t->a;
	size_t hd = a->head_dim, width = a->heads * hd, n = a->n_steps, ld = a->rows_cap * a->ld;
	float *scores = t->scores + (size_t)worker * a->rows * n;
	s2_left q = s2_left_matrix(a->q + head * hd, a->rows, hd, width);
	s2_right keys = s2_right_f32(a->k_cache + head * hd, ld);
	s2_gemm_worker(t->x, worker, scores, n, a->rows, n, &q, &keys, NULL);
	for (size_t r = 0; r < a->rows; r++)
		t->x->k->softmax(scores + r * n, n);
	s2_left p = s2_left_matrix(scores, a->rows, n, n);
	s2_right values = {.w = a->v_cache + head * hd, .dtype = S2_F32, .sn = 1, .st = 0, .sc = (ptrdiff_t)ld};
	s2_gemm_worker(t->x, worker, t->out + head * hd, width, a->rows, hd, &p, &values, NULL);
}

int s2_step_attention(const s2_exec *x, float *out, const s2_step_attention_args *a, s2st_error *err)
{
	step t = {.x = x, .a = a, .out = out};
	size_t tasks = a->slot ? a->rows * a->heads : a->heads;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(t.scores, x->scratch, x->threads * (a->slot ? 1 : a->rows), a->n_steps, err);
	bool small = a->rows * a->n_steps * a->heads * a->head_dim < STEP_SMALL;
	s2_pool_run(small ? NULL : x->pool, tasks, a->slot ? step_own : step_shared, &t);
	s2_arena_reset(x->scratch, mark);
	return S2ST_OK;
}
