#include "math/attention_int16.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

enum {
	MAX_HEAD = 128,      /* times S2_INT16_TOP squared: below 2^31 */
	MAX_KEYS = 1 << 16, /* a half for each, from rounding, and SHARES, times VALUE: below 2^31 */
	SHARES = 1 << 19,
	VALUE = 3840,
};

bool s2_narrow_suits(const s2_attention_args *a)
{
	return a->head_dim <= MAX_HEAD && a->n_k <= MAX_KEYS;
}

/* ---- keys and values -------------------------------------------------------------------------------------------- */

typedef struct packing {
	const s2_exec *x;
	const s2_narrow_keys *n;
} packing;

/* Key j is column j % S2_PANEL of its panel. */
static void pack_keys(const packing *p, size_t head)
{
	const s2_narrow_keys *n = p->n;
	const s2_attention_args *a = n->a;
	const float *k = a->k + head * a->head_dim;
	uint32_t *panel = n->keys + head * n->k_panels * n->k_words * S2_PANEL, words[MAX_HEAD / 2];
	float *scales = n->key_scales + head * n->k_panels * S2_PANEL;
	for (size_t j = 0; j < n->k_panels * S2_PANEL; j++) {
		uint32_t *to = panel + j / S2_PANEL * n->k_words * S2_PANEL + j % S2_PANEL;
		scales[j] = 0;
		memset(words, 0, n->k_words * sizeof *words);
		if (j < a->n_k)
			scales[j] = p->x->k->int16->convert(words, k + j * a->ld_k, a->head_dim).scale;
		for (size_t i = 0; i < n->k_words; i++)
			to[i * S2_PANEL] = words[i];
	}
}

/* What values [keys, cols] of a panel are multiplied with, and their scales. */
static void scale_values(float *by, float *scales, const float *v, size_t ld, size_t keys, size_t cols)
{
	float top[S2_PANEL] = {0}, check[S2_PANEL] = {0};
	for (size_t j = 0; j < keys; j++, v += ld)
		for (size_t c = 0; c < cols; c++) {
			const float size = fabsf(v[c]);
			top[c] = size > top[c] ? size : top[c];
			check[c] += v[c] * 0.0f; /* NaN where a value is not finite */
		}
	for (size_t c = 0; c < S2_PANEL; c++) {
		const bool finite = check[c] == 0, any = finite && top[c] >= S2_INT16_TINY;
		by[c] = any ? VALUE / top[c] : 0;
		scales[c] = any ? top[c] / VALUE : finite ? 0 : NAN;
	}
}

static void pack_values(const packing *p, size_t head, size_t panel)
{
	const s2_narrow_keys *n = p->n;
	const s2_attention_args *a = n->a;
	const size_t at = head * n->v_panels + panel, cols = s2_min(S2_PANEL, a->head_dim - panel * S2_PANEL);
	const float *v = a->v + head * a->head_dim + panel * S2_PANEL;
	uint32_t *to = n->values + at * n->v_words * S2_PANEL;
	float by[S2_PANEL];
	scale_values(by, n->value_scales + at * S2_PANEL, v, a->ld_v, a->n_k, cols);
	for (size_t j = 0; j < a->n_k; j += 2, v += 2 * a->ld_v, to += S2_PANEL) {
		const float *next = j + 1 < a->n_k ? v + a->ld_v : NULL;
		for (size_t c = 0; c < cols; c++)
			to[c] = s2_int16_of(by[c] > 0 ? v[c] * by[c] : 0) |
				(next ? s2_int16_of(by[c] > 0 ? next[c] * by[c] : 0) : 0) << 16;
		memset(to + cols, 0, (S2_PANEL - cols) * sizeof *to);
	}
}

static void pack_head(void *arg, size_t head, int worker)
{
	(void)worker;
	const packing *p = arg;
	pack_keys(p, head);
	for (size_t i = 0; i < p->n->v_panels; i++)
		pack_values(p, head, i);
}

int s2_narrow_keys_init(s2_narrow_keys *n, const s2_exec *x, const s2_attention_args *a, s2st_error *err)
{
	*n = (s2_narrow_keys){.a = a,
			      .k_words = (a->head_dim + 1) / 2,
			      .v_words = (a->n_k + 1) / 2,
			      .k_panels = (a->n_k + S2_PANEL - 1) / S2_PANEL,
			      .v_panels = (a->head_dim + S2_PANEL - 1) / S2_PANEL,
			      /* Never a multiple of 2 KiB: a tile's rows would share few sets of the L1 cache. */
			      .ld = s2_round_up(a->n_k, S2_PANEL) + 16};
	const size_t k_panels = a->heads * n->k_panels, v_panels = a->heads * n->v_panels;
	S2_ALLOC(n->keys, x->scratch, k_panels * n->k_words, S2_PANEL, err);
	S2_ALLOC(n->key_scales, x->scratch, k_panels, S2_PANEL, err);
	S2_ALLOC(n->values, x->scratch, v_panels * n->v_words, S2_PANEL, err);
	S2_ALLOC(n->value_scales, x->scratch, v_panels, S2_PANEL, err);
	packing p = {x, n};
	s2_pool_run(x->pool, a->heads, pack_head, &p);
	return S2ST_OK;
}

/* ---- products ---------------------------------------------------------------------------------------------------- */

void s2_narrow_scores(const s2_exec *x, const s2_narrow_keys *n, float *scores, size_t head, size_t i, size_t rows)
{
	const s2_attention_args *a = n->a;
	const s2_reduced_kernels *k = x->k->int16;
	uint32_t words[S2_MAX_MR * MAX_HEAD / 2];
	s2_run runs[S2_MAX_MR];
	s2_reduced_tile t = {.a = words,
			     .row = n->k_words,
			     .taps = 1,
			     .words = n->k_words,
			     .ld_acc = n->ld,
			     .cols = k->nr,
			     .runs = runs,
			     .run_row = 1};
	for (size_t r = 0; r < rows; r += k->mr) {
		t.rows = s2_min(k->mr, rows - r);
		for (size_t m = 0; m < t.rows; m++)
			runs[m] = k->convert(words + m * n->k_words, a->q + (i + r + m) * a->ld_q + head * a->head_dim,
					     a->head_dim);
		for (size_t j = 0; j < n->k_panels * S2_PANEL; j += k->nr) {
			const size_t panel = head * n->k_panels + j / S2_PANEL;
			t.panel = n->keys + panel * n->k_words * S2_PANEL + j % S2_PANEL;
			t.w_scale = n->key_scales + panel * S2_PANEL + j % S2_PANEL;
			t.acc = scores + r * n->ld + j;
			k->tile(&t);
		}
	}
}

void s2_narrow_values(const s2_exec *x, const s2_narrow_keys *n, float *out, float *scores, size_t head, size_t i,
		      size_t rows)
{
	const s2_attention_args *a = n->a;
	const s2_reduced_kernels *k = x->k->int16;
	uint32_t *words = (uint32_t *)(void *)scores; /* each row in its scores' place */
	float tile[S2_MAX_MR * S2_MAX_NR];
	s2_run runs[S2_MAX_MR];
	s2_reduced_tile t = {.row = n->ld,
			     .taps = 1,
			     .words = n->v_words,
			     .acc = tile,
			     .ld_acc = k->nr,
			     .cols = k->nr,
			     .runs = runs,
			     .run_row = 1};
	for (size_t r = 0; r < rows; r += k->mr) {
		t.rows = s2_min(k->mr, rows - r);
		t.a = words + r * n->ld;
		for (size_t m = 0; m < t.rows; m++)
			runs[m] = x->k->softmax_words(words + (r + m) * n->ld, scores + (r + m) * n->ld, a->n_k,
						      SHARES);
		for (size_t j = 0; j < a->head_dim; j += k->nr) {
			const size_t panel = head * n->v_panels + j / S2_PANEL, cols = s2_min(k->nr, a->head_dim - j);
			t.panel = n->values + panel * n->v_words * S2_PANEL + j % S2_PANEL;
			t.w_scale = n->value_scales + panel * S2_PANEL + j % S2_PANEL;
			k->tile(&t);
			for (size_t m = 0; m < t.rows; m++)
				memcpy(out + (i + r + m) * a->ld_out + head * a->head_dim + j, tile + m * k->nr,
				       cols * sizeof *out);
		}
	}
}
