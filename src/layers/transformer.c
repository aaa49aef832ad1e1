#include "layers/transformer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "math/ops.h"

/* ---- weights ---- */

enum { MAX_ROWS = 30, GATE_OUT = 8 };

static size_t add_rows(s2_bind_row *rows, size_t n, const s2_bind_row *more, size_t n_more)
{
	memcpy(rows + n, more, n_more * sizeof *more);
	return n + n_more;
}

/* Those of the feed-forward part come last: *n_dense of them, which layers with a mixture of experts lack. */
static size_t layer_rows(s2_bind_row *rows, size_t *n_dense, const s2_transformer_config *c)
{
#define L s2_transformer_layer
	size_t d = c->dim, n = 0;
	const s2_bind_row self[] = {
		S2_ROWS_LINEAR(L, self.q, "self_attn.q_proj", d, d),
		S2_ROWS_LINEAR(L, self.k, "self_attn.k_proj", d, d),
		S2_ROWS_LINEAR(L, self.v, "self_attn.v_proj", d, d),
		S2_ROWS_LINEAR(L, self.out, "self_attn.out_proj", d, d),
		S2_ROWS_NORM(L, self_norm, "self_attn_layer_norm", d),
		S2_ROWS_NORM(L, final_norm, "final_layer_norm", d),
	};
	const s2_bind_row dense[] = {
		S2_ROWS_LINEAR(L, fc1, "fc1", c->ffn, d),
		S2_ROWS_LINEAR(L, fc2, "fc2", d, c->ffn),
	};
	const s2_bind_row cross[] = {
		S2_ROWS_LINEAR(L, cross.q, "encoder_attn.q_proj", d, d),
		S2_ROWS_LINEAR(L, cross.k, "encoder_attn.k_proj", d, c->cross_dim),
		S2_ROWS_LINEAR(L, cross.v, "encoder_attn.v_proj", d, c->cross_dim),
		S2_ROWS_LINEAR(L, cross.out, "encoder_attn.out_proj", d, d),
		S2_ROWS_NORM(L, cross_norm, "encoder_attn_layer_norm", d),
	};
	const s2_bind_row distances[] = {
		{"self_attn.relative_attention_bias.weight", offsetof(L, distances), 2, {c->buckets, c->heads},
		 S2_BIND_F32 | S2_BIND_OPTIONAL},
	};
	const s2_bind_row gate[] = {
		S2_ROWS_LINEAR(L, gate, "self_attn.grep_linear", GATE_OUT, d / c->heads),
		{"self_attn.grep_a", offsetof(L, gate_scale), 4, {1, c->heads, 1, 1}, S2_BIND_F32},
	};
#undef L
	_Static_assert(sizeof self + sizeof cross + sizeof distances + sizeof gate + sizeof dense ==
			       MAX_ROWS * sizeof *rows,
		       "room for every row");
	n = add_rows(rows, n, self, sizeof self / sizeof *self);
	if (c->cross_dim)
		n = add_rows(rows, n, cross, sizeof cross / sizeof *cross);
	if (c->buckets)
		n = add_rows(rows, n, distances, sizeof distances / sizeof *distances);
	if (c->gated)
		n = add_rows(rows, n, gate, sizeof gate / sizeof *gate);
	*n_dense = sizeof dense / sizeof *dense;
	return add_rows(rows, n, dense, *n_dense);
}

/* Part of `name` after "PREFIXn."; NULL: not inside the stack. */
static const char *inside_layer(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);
	if (strncmp(name, prefix, len) != 0)
		return NULL;
	size_t digits = strspn(name + len, "0123456789");
	return digits && name[len + digits] == '.' ? name + len + digits + 1 : NULL;
}

static int refuse_strangers(const s2_binder *b, const s2_transformer_config *c, const s2_bind_row *rows, size_t n_rows,
			    const char *prefix, s2st_error *err)
{
	static const char adapter[] = "adapter_layer.";
	for (size_t i = 0; i < s2_checkpoint_n_tensors(b->ckpt); i++) {
		const char *name = s2_checkpoint_tensor_at(b->ckpt, i)->name, *part = inside_layer(name, prefix);
		bool known = !part || s2_moe_knows(part) ||
			     (c->adapted && strncmp(part, adapter, sizeof adapter - 1) == 0);
		for (size_t j = 0; !known && j < n_rows; j++) {
			char own[128];
			const char *theirs = s2_bind_name(b, rows[j].name, own, sizeof own);
			known = theirs && strcmp(part, theirs) == 0;
		}
		if (!known)
			return s2_fail(err, S2ST_EMODEL,
				       "%s: tensor %s belongs to a kind of transformer layer that is not supported",
				       s2_checkpoint_path(b->ckpt), name);
	}
	return 0;
}

int s2_transformer_bind(s2_transformer_layer **out, const s2_binder *b, const s2_transformer_config *c, size_t n,
			const char *prefix, s2st_error *err)
{
	s2_bind_row rows[MAX_ROWS];
	size_t n_dense, n_rows = layer_rows(rows, &n_dense, c);
	S2_TRY(refuse_strangers(b, c, rows, n_rows, prefix, err));
	S2_ZALLOC(*out, b->arena, n, 1, err);
	for (size_t i = 0; i < n; i++) {
		char name[128];
		snprintf(name, sizeof name, "%s%zu.", prefix, i);
		s2_transformer_layer *l = &(*out)[i];
		S2_TRY(s2_moe_bind(&l->moe, b, c->dim, name, err));
		S2_TRY(s2_bind(b, l, rows, l->moe.n_experts ? n_rows - n_dense : n_rows, name, err));
	}
	return 0;
}

int s2_activation(const char *name)
{
	static const struct {
		const char *name;
		s2_act act;
	} known[] = {{"relu", S2_ACT_RELU},
		     {"gelu", S2_ACT_GELU},
		     {"tanh", S2_ACT_TANH},
		     {"swish", S2_ACT_SWISH},
		     {"linear", S2_ACT_NONE}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(name, known[i].name) == 0)
			return (int)known[i].act;
	return -1;
}

/* ---- forward ---- */

static s2_epilogue query_scale(const s2_transformer_config *c)
{
	size_t head_dim = c->dim / c->heads;
	return (s2_epilogue){.scale = 1 / sqrtf((float)head_dim)};
}

/* h += layer(in), whose rows are ld apart, then for post-norm the norm that closes the sublayer. */
static void close_sublayer(const s2_exec *x, const s2_transformer_config *c, float *h, size_t rows, const s2_linear *l,
			   const float *in, size_t ld, const s2_norm *norm)
{
	s2_linear_rows(x, h, c->dim, in, ld, rows, l, &(s2_epilogue){.residual = h, .ld_residual = c->dim});
	if (!c->pre_norm)
		s2_norm_forward(x, h, h, rows, c->dim, norm);
}

/* What the sublayer reads: norm(h) in `buf`, or h itself. */
static const float *open_sublayer(const s2_exec *x, const s2_transformer_config *c, float *buf, const float *h,
				  size_t rows, const s2_norm *norm)
{
	if (!c->pre_norm)
		return h;
	s2_norm_forward(x, buf, h, rows, c->dim, norm);
	return buf;
}

static int feed_forward(const s2_exec *x, const s2_transformer_config *c, const s2_transformer_layer *l, float *h,
			size_t rows, float *buf, s2st_error *err)
{
	float *inner;
	const float *in = open_sublayer(x, c, buf, h, rows, &l->final_norm);
	if (l->moe.n_experts) {
		S2_TRY(s2_moe_forward(x, &l->moe, c->top1 ? 1 : 2, c->act, h, in, rows, err));
		if (!c->pre_norm)
			s2_norm_forward(x, h, h, rows, c->dim, &l->final_norm);
		return 0;
	}
	const size_t ld = s2_left_ld(c->ffn);
	S2_ALLOC(inner, x->scratch, rows, ld, err);
	s2_linear_forward(x, inner, ld, in, rows, &l->fc1, &(s2_epilogue){.act = c->act});
	close_sublayer(x, c, h, rows, &l->fc2, inner, ld, &l->final_norm);
	return 0;
}

/* WavLM's gates [t, heads]: each head's slice of the query input goes through a linear of eight outputs; the first four
 * added up make gate a, the others gate b, and a (b s - 1) + 2 scales the bias (wavlm/modules.py). */
static int distance_gates(const s2_exec *x, const s2_transformer_config *c, const s2_transformer_layer *l, float *gates,
			  const float *in, size_t t, s2st_error *err)
{
	float *raw;
	const size_t n = t * c->heads;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(raw, x->scratch, n, GATE_OUT, err);
	s2_linear_forward(x, raw, GATE_OUT, in, n, &l->gate, NULL);
	for (size_t i = 0; i < n; i++) {
		const float *r = raw + i * GATE_OUT;
		const float a = 1 / (1 + expf(-(r[0] + r[1] + r[2] + r[3])));
		const float b = 1 / (1 + expf(-(r[4] + r[5] + r[6] + r[7])));
		gates[i] = a * (b * l->gate_scale[i % c->heads] - 1) + 2;
	}
	s2_arena_reset(x->scratch, mark);
	return 0;
}

static int attend_sequence(const s2_exec *x, const s2_transformer_config *c, const s2_transformer_layer *l, float *h,
			   size_t t, const float *bias, float *buf, s2st_error *err)
{
	float *q, *k, *v, *gates = NULL;
	size_t d = c->dim;
	const s2_epilogue scaled = query_scale(c);
	S2_ALLOC(q, x->scratch, t, d, err);
	S2_ALLOC(k, x->scratch, t, d, err);
	S2_ALLOC(v, x->scratch, t, d, err);
	const float *in = open_sublayer(x, c, buf, h, t, &l->self_norm);
	s2_linear_forward(x, q, d, in, t, &l->self.q, &scaled);
	s2_linear_forward(x, k, d, in, t, &l->self.k, NULL);
	s2_linear_forward(x, v, d, in, t, &l->self.v, NULL);
	if (bias && c->gated) {
		S2_ALLOC(gates, x->scratch, t, c->heads, err);
		S2_TRY(distance_gates(x, c, l, gates, in, t, err));
	}
	const s2_attention_args args = {
		.q = q,
		.k = k,
		.v = v,
		.ld_q = d,
		.ld_k = d,
		.ld_v = d,
		.ld_out = d,
		.n_q = t,
		.n_k = t,
		.heads = c->heads,
		.head_dim = d / c->heads,
		.bias = bias,
		.gate = gates,
		.narrow = l->self.k.w.packed != NULL,
	};
	S2_TRY(s2_attention(x, buf, &args, err));
	close_sublayer(x, c, h, t, &l->self.out, buf, c->dim, &l->self_norm);
	return 0;
}

int s2_transformer_forward(const s2_exec *x, const s2_transformer_config *c, const s2_transformer_layer *l, float *h,
			   size_t t, const float *bias, s2st_error *err)
{
	float *buf;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(buf, x->scratch, t, c->dim, err);
	s2_mark inner = s2_arena_mark(x->scratch);
	S2_TRY(attend_sequence(x, c, l, h, t, bias, buf, err));
	s2_arena_reset(x->scratch, inner);
	S2_TRY(feed_forward(x, c, l, h, t, buf, err));
	s2_arena_reset(x->scratch, mark);
	return 0;
}

int s2_transformer_cross(const s2_exec *x, const s2_transformer_layer *l, const s2_cache *sentence, size_t i,
			 const float *enc, s2st_error *err)
{
	const s2_step_heads heads = sentence->store->heads;
	size_t n = sentence->source_len, dim = heads.heads * heads.head_dim;
	float *k, *v;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(k, x->scratch, n, dim, err);
	S2_ALLOC(v, x->scratch, n, dim, err);
	s2_linear_forward(x, k, dim, enc, n, &l->cross.k, NULL);
	s2_linear_forward(x, v, dim, enc, n, &l->cross.v, NULL);
	s2_source_block_fill(x, heads, sentence->cross[i], n, k, v);
	s2_arena_reset(x->scratch, mark);
	return 0;
}

/* out [batch->rows, dim]: the attention of q over the sentences' pasts, or over their sources in layer `i`. */
static int attend_step(const s2_exec *x, const s2_cache_batch *batch, size_t i, bool over_source, const float *q,
		       float *out, s2st_error *err)
{
	const s2_past_store *store = batch->store;
	s2_step_keys *keys;
	size_t first = 0;
	S2_ALLOC(keys, x->scratch, batch->n, 1, err);
	for (size_t s = 0; s < batch->n; s++) {
		const s2_cache *own = batch->sentences[s];
		if (over_source)
			keys[s] = (s2_step_keys){.n = own->source_len,
						 .source = own->cross[i],
						 .weights = i + 1 == store->n_layers ? own->cross_weights : NULL};
		else
			keys[s] = (s2_step_keys){.n = own->n_steps,
						 .blocks = own->blocks,
						 .live = own->live,
						 .n_blocks = own->n_blocks,
						 .at = i * store->layer_floats,
						 .past = own->past,
						 .ld_past = own->max_steps};
		keys[s].first = first;
		keys[s].rows = own->rows;
		first += own->rows;
	}
	const s2_step_attention_args args = {
		.q = q,
		.sentences = keys,
		.n_sentences = batch->n,
		.h = store->heads,
	};
	return s2_step_attention(x, out, &args, err);
}

/* Keys and values of the newest tokens join their sentences' pasts. */
static void remember(const s2_cache_batch *batch, size_t layer, size_t dim, const float *k, const float *v)
{
	for (size_t s = 0, row = 0; s < batch->n; row += batch->sentences[s++]->rows)
		s2_cache_put(batch->sentences[s], layer, k + row * dim, v + row * dim);
}

static int attend_past(const s2_exec *x, const s2_transformer_config *c, const s2_transformer_layer *l,
		       const s2_cache_batch *batch, size_t i, float *h, float *q, float *buf, s2st_error *err)
{
	float *k, *v;
	size_t d = c->dim, rows = batch->rows;
	const s2_epilogue scaled = query_scale(c);
	S2_ALLOC(k, x->scratch, rows, d, err);
	S2_ALLOC(v, x->scratch, rows, d, err);
	const float *in = open_sublayer(x, c, buf, h, rows, &l->self_norm);
	s2_linear_forward(x, q, d, in, rows, &l->self.q, &scaled);
	s2_linear_forward(x, k, d, in, rows, &l->self.k, NULL);
	s2_linear_forward(x, v, d, in, rows, &l->self.v, NULL);
	remember(batch, i, d, k, v);
	S2_TRY(attend_step(x, batch, i, false, q, buf, err));
	close_sublayer(x, c, h, rows, &l->self.out, buf, c->dim, &l->self_norm);
	return 0;
}

static int attend_source(const s2_exec *x, const s2_transformer_config *c, const s2_transformer_layer *l,
			 const s2_cache_batch *batch, size_t i, float *h, float *q, float *buf, s2st_error *err)
{
	const s2_epilogue scaled = query_scale(c);
	const float *in = open_sublayer(x, c, buf, h, batch->rows, &l->cross_norm);
	s2_linear_forward(x, q, c->dim, in, batch->rows, &l->cross.q, &scaled);
	S2_TRY(attend_step(x, batch, i, true, q, buf, err));
	close_sublayer(x, c, h, batch->rows, &l->cross.out, buf, c->dim, &l->cross_norm);
	return 0;
}

int s2_transformer_step(const s2_exec *x, const s2_transformer_config *c, const s2_transformer_layer *l,
			const s2_cache_batch *batch, size_t i, float *h, s2st_error *err)
{
	float *q, *buf;
	s2_mark mark = s2_arena_mark(x->scratch);
	S2_ALLOC(q, x->scratch, batch->rows, c->dim, err);
	S2_ALLOC(buf, x->scratch, batch->rows, c->dim, err);
	S2_TRY(attend_past(x, c, l, batch, i, h, q, buf, err));
	if (c->cross_dim)
		S2_TRY(attend_source(x, c, l, batch, i, h, q, buf, err));
	S2_TRY(feed_forward(x, c, l, h, batch->rows, buf, err));
	s2_arena_reset(x->scratch, mark);
	return 0;
}
