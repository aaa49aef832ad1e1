#include "layers/moe.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "math/ops.h"

enum { MAX_TOP = 2, MAX_EXPERTS = 1 << 16 };

/* ---- weights ---- */

static int bind_experts(s2_moe *m, const s2_binder *b, const char *prefix, s2st_error *err)
{
	char name[160];
	size_t dims[2], found;
	snprintf(name, sizeof name, "%smoe_layer.experts.", prefix);
	found = s2_bind_count(b->ckpt, name, "fc1.weight");
	if (found != m->n_experts)
		return s2_fail(
			err, S2ST_EMODEL,
			"%s: expected %zu experts, the rows of %smoe_layer.gate.wg.weight, found %zu; are all of "
			"its rank files there?",
			s2_checkpoint_path(b->ckpt), m->n_experts, prefix, found);
	snprintf(name, sizeof name, "%smoe_layer.experts.0.fc1.weight", prefix);
	S2_TRY(s2_bind_shape(b->ckpt, name, 2, dims, err));
	m->ffn = dims[0];
	S2_ZALLOC(m->experts, b->arena, m->n_experts, 1, err);
	const s2_bind_row rows[] = {S2_ROWS_LINEAR(s2_expert, fc1, "fc1", m->ffn, m->dim),
				    S2_ROWS_LINEAR(s2_expert, fc2, "fc2", m->dim, m->ffn)};
	for (size_t i = 0; i < m->n_experts; i++) {
		snprintf(name, sizeof name, "%smoe_layer.experts.%zu.", prefix, i);
		S2_TRY(s2_bind(b, &m->experts[i], rows, sizeof rows / sizeof *rows, name, err));
	}
	return 0;
}

int s2_moe_bind(s2_moe *out, const s2_binder *b, size_t dim, const char *prefix, s2st_error *err)
{
	char name[160];
	size_t dims[2];
	*out = (s2_moe){.dim = dim};
	snprintf(name, sizeof name, "%smoe_layer.gate.wg.weight", prefix);
	if (!s2_checkpoint_tensor(b->ckpt, name))
		return 0;
	S2_TRY(s2_bind_shape(b->ckpt, name, 2, dims, err));
	if (dims[0] > MAX_EXPERTS)
		return s2_fail(err, S2ST_EMODEL, "%s: tensor %s: %zu experts are not plausible",
			       s2_checkpoint_path(b->ckpt), name, dims[0]);
	/* Float32 whatever the binder's precision: a small product whose rounding would send tokens elsewhere. */
	const s2_bind_row gate[] = {{"moe_layer.gate.wg.weight", offsetof(s2_moe, gate.w), 2, {dims[0], dim}, 0}};
	S2_TRY(s2_bind(b, out, gate, 1, prefix, err));
	out->n_experts = dims[0];
	return bind_experts(out, b, prefix, err);
}

bool s2_moe_knows(const char *name)
{
	static const char experts[] = "moe_layer.experts.";
	static const char *const own[] = {".fc1.weight", ".fc1.bias", ".fc2.weight", ".fc2.bias"};
	if (strcmp(name, "moe_layer.gate.wg.weight") == 0)
		return true;
	if (strncmp(name, experts, sizeof experts - 1) != 0)
		return false;
	name += sizeof experts - 1;
	size_t digits = strspn(name, "0123456789");
	for (size_t i = 0; digits && i < sizeof own / sizeof *own; i++)
		if (strcmp(name + digits, own[i]) == 0)
			return true;
	return false;
}

/* ---- gate ---- */

typedef struct choice {
	size_t row, expert;
	float weight;
} choice;

/* Which expert gets which rows: those of expert e are row[first[e]] .. row[first[e + 1] - 1], ascending. */
typedef struct routes {
	size_t n; /* rows * top */
	size_t *first, *row;
	float *weight; /* [n] */
} routes;

static size_t likeliest(const float *p, size_t n, size_t but)
{
	size_t best = but == 0 && n > 1 ? 1 : 0;
	for (size_t i = 0; i < n; i++)
		if (i != but && p[i] > p[best])
			best = i;
	return best;
}

/* The experts of one row, from its probabilities; they have got as many entries as `top`. */
static void choose(choice *out, const float *p, size_t n_experts, size_t top)
{
	out[0].expert = likeliest(p, n_experts, S2_ANY);
	out[0].weight = p[out[0].expert];
	if (top == 1)
		return;
	out[1].expert = likeliest(p, n_experts, out[0].expert);
	out[1].weight = p[out[1].expert];
	float sum = out[0].weight + out[1].weight; /* at least 2 / n_experts of what the softmax gave, never 0 */
	out[0].weight /= sum;
	out[1].weight /= sum;
}

static int route(const s2_exec *x, const s2_moe *m, routes *r, const float *in, size_t rows, size_t top,
		 s2st_error *err)
{
	float *p;
	choice *chosen;
	r->n = rows * top;
	S2_ALLOC(p, x->scratch, rows, m->n_experts, err);
	S2_ALLOC(chosen, x->scratch, rows, top, err);
	S2_ZALLOC(r->first, x->scratch, m->n_experts + 2, 1, err);
	S2_ALLOC(r->row, x->scratch, rows, top, err);
	S2_ALLOC(r->weight, x->scratch, rows, top, err);
	s2_linear_forward(x, p, m->n_experts, in, rows, &m->gate, NULL);
	s2_softmax(x, p, rows, m->n_experts);
	/* A counting sort by expert; counts lie two further on, so that the fill leaves `first` as it has to be. */
	for (size_t i = 0; i < rows; i++) {
		choose(chosen + i * top, p + i * m->n_experts, m->n_experts, top);
		for (size_t j = 0; j < top; j++) {
			chosen[i * top + j].row = i;
			r->first[chosen[i * top + j].expert + 2]++;
		}
	}
	for (size_t e = 2; e < m->n_experts + 2; e++)
		r->first[e] += r->first[e - 1];
	for (size_t i = 0; i < r->n; i++) {
		size_t at = r->first[chosen[i].expert + 1]++;
		r->row[at] = chosen[i].row;
		r->weight[at] = chosen[i].weight;
	}
	return 0;
}

/* ---- experts ---- */

/* One product a hit expert: out [n, l.out] = e(in [n, l.in] · wᵀ), each over its own rows. */
static void run_experts(const s2_exec *x, const s2_moe *m, const routes *r, s2_gemm_item *items, bool first,
			float *out, const float *in, s2_act act)
{
	size_t n = 0, width_in = first ? m->dim : m->ffn, width = first ? m->ffn : m->dim;
	for (size_t e = 0; e < m->n_experts; e++) {
		size_t from = r->first[e], rows = r->first[e + 1] - from;
		const s2_linear *l = first ? &m->experts[e].fc1 : &m->experts[e].fc2;
		if (rows == 0)
			continue;
		items[n] = (s2_gemm_item){
			.out = out + from * width,
			.ldo = width,
			.m = rows,
			.n = width,
			.a = s2_left_matrix(in + from * width_in, rows, width_in, width_in),
			.b = s2_right_weight(&l->w),
			.e = {.bias = l->b, .act = act},
		};
		n++;
	}
	s2_gemm_group(x, items, n);
}

int s2_moe_forward(const s2_exec *x, const s2_moe *m, size_t top, s2_act act, float *h, const float *in, size_t rows,
		   s2st_error *err)
{
	routes r;
	float *gathered, *inner, *result;
	s2_gemm_item *items;
	size_t dim = m->dim;
	top = s2_min(s2_min(top, m->n_experts), MAX_TOP);
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_TRY(route(x, m, &r, in, rows, top, err));
	S2_ALLOC(gathered, x->scratch, r.n, dim, err);
	S2_ALLOC(inner, x->scratch, r.n, m->ffn, err);
	S2_ZALLOC(result, x->scratch, rows, dim, err);
	S2_ALLOC(items, x->scratch, m->n_experts, 1, err);
	for (size_t i = 0; i < r.n; i++)
		memcpy(gathered + i * dim, in + r.row[i] * dim, dim * sizeof *gathered);
	run_experts(x, m, &r, items, true, inner, gathered, act);
	run_experts(x, m, &r, items, false, gathered, inner, S2_ACT_NONE);
	for (size_t i = 0; i < r.n; i++)
		s2_add_scaled(x, result + r.row[i] * dim, gathered + i * dim, dim, r.weight[i]);
	s2_add_scaled(x, h, result, rows * dim, 1);
	s2_arena_reset(x->scratch, mark);
	return 0;
}
