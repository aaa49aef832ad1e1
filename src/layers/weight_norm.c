/* torch.nn.utils.weight_norm of a convolution, undone at load: w = v * (g / ||v||).  Layer: layers. */
#include <math.h>
#include <stdio.h>

#include "layers/bind.h"

typedef struct parts {
	const float *g, *v; /* contiguous, C order */
} parts;

typedef struct spelling {
	const char *g, *v;
} spelling;

static const spelling spellings[] = {
	{"weight_g", "weight_v"},                                                   /* torch.nn.utils.weight_norm */
	{"parametrizations.weight.original0", "parametrizations.weight.original1"}, /* torch >= 2 */
};
enum { N_SPELLINGS = sizeof spellings / sizeof spellings[0] };

static bool has(const s2_binder *b, const char *prefix, const char *name)
{
	char full[256];
	int n = snprintf(full, sizeof full, "%s%s", prefix, name);
	return n > 0 && (size_t)n < sizeof full && s2_checkpoint_tensor(b->ckpt, full);
}

/* Euclidean norm of each slice along `dim`, summed in double so that the only rounding is the result's. */
static void slice_norms(double *norms, const float *v, const size_t dims[3], int dim)
{
	size_t outer = 1, inner = 1;
	for (int i = 0; i < dim; i++)
		outer *= dims[i];
	for (int i = dim + 1; i < 3; i++)
		inner *= dims[i];
	for (size_t d = 0; d < dims[dim]; d++)
		norms[d] = 0;
	for (size_t o = 0; o < outer; o++)
		for (size_t d = 0; d < dims[dim]; d++) {
			double sum = 0;
			for (size_t i = 0; i < inner; i++, v++)
				sum += (double)*v * (double)*v;
			norms[d] += sum;
		}
	for (size_t d = 0; d < dims[dim]; d++)
		norms[d] = sqrt(norms[d]);
}

/* w = v * scale[index along norm_dim], written in the order of the result's memory: axes[2] is contiguous there. */
static void scale_into(float *w, const float *v, const float *scale, const size_t dims[3], const int axes[3],
		       int norm_dim)
{
	const size_t from[3] = {dims[1] * dims[2], dims[2], 1};
	const size_t v0 = from[axes[0]], v1 = from[axes[1]], v2 = from[axes[2]];
	const size_t s0 = axes[0] == norm_dim, s1 = axes[1] == norm_dim, s2 = axes[2] == norm_dim;
	for (size_t a = 0; a < dims[axes[0]]; a++)
		for (size_t b = 0; b < dims[axes[1]]; b++)
			for (size_t c = 0; c < dims[axes[2]]; c++)
				*w++ = v[a * v0 + b * v1 + c * v2] * scale[a * s0 + b * s1 + c * s2];
}

/* `name` is v's, for messages. */
static int fold(const s2_binder *b, s2_weight *out, const parts *p, const char *prefix, const char *name,
		const size_t dims[3], int norm_dim, int inner_dim, s2_arena *temp, s2st_error *err)
{
	double *norms;
	float *scale, *w;
	S2_ALLOC(norms, temp, dims[norm_dim], 1, err);
	S2_ALLOC(scale, temp, dims[norm_dim], 1, err);
	S2_ALLOC(w, b->arena, dims[0] * dims[1], dims[2], err); /* no overflow: v has as many elements */
	slice_norms(norms, p->v, dims, norm_dim);
	for (size_t d = 0; d < dims[norm_dim]; d++) {
		if (!(norms[d] > 0 && isfinite(norms[d]) && isfinite(p->g[d])))
			return s2_fail(err, S2ST_EMODEL,
				       "%s: tensor %s%s: expected a positive norm of slice %zu, found %g (times %g)",
				       s2_checkpoint_path(b->ckpt), prefix, name, d, norms[d], (double)p->g[d]);
		scale[d] = p->g[d] / (float)norms[d]; /* float32 from here on, as torch computes it */
	}
	int axes[3] = {inner_dim == 0 ? 1 : 0, inner_dim == 2 ? 1 : 2, inner_dim};
	scale_into(w, p->v, scale, dims, axes, norm_dim);
	*out = (s2_weight){.data = w, .dtype = S2_F32, .rank = 3, .dims = {dims[0], dims[1], dims[2]}};
	ptrdiff_t stride = 1;
	for (int i = 2; i >= 0; i--) {
		out->strides[axes[i]] = stride;
		stride *= (ptrdiff_t)dims[axes[i]];
	}
	return 0;
}

int s2_bind_weight_norm(const s2_binder *b, s2_weight *out, const char *prefix, const size_t dims[3], int norm_dim,
			int inner_dim, s2st_error *err)
{
	const size_t d = dims[norm_dim];
	for (int i = 0; i < N_SPELLINGS; i++) {
		const spelling *s = &spellings[i];
		if (!has(b, prefix, s->g) && !has(b, prefix, s->v))
			continue;
		s2_bind_row rows[2] = {
			{s->g, offsetof(parts, g), 3, {1, 1, 1}, S2_BIND_F32},
			{s->v, offsetof(parts, v), 3, {dims[0], dims[1], dims[2]}, S2_BIND_F32},
		};
		rows[0].dims[norm_dim] = d;
		parts p = {NULL, NULL};
		s2_arena *temp = s2_arena_new(); /* copies of what does not lie there as float32 */
		if (!temp)
			return s2_fail_mem(err, prefix);
		int rc = s2_bind(&(s2_binder){.ckpt = b->ckpt, .arena = temp}, &p, rows, 2, prefix, err);
		if (rc >= 0)
			rc = fold(b, out, &p, prefix, s->v, dims, norm_dim, inner_dim, temp, err);
		s2_arena_free(temp);
		return rc;
	}
	const s2_bind_row plain = {"weight", 0, 3, {dims[0], dims[1], dims[2]}, 0};
	if (has(b, prefix, plain.name))
		return s2_bind(b, out, &plain, 1, prefix, err);
	/* Nothing there: name the tensor as checkpoints usually spell it. */
	const s2_bind_row usual = {"weight_v", 0, 3, {dims[0], dims[1], dims[2]}, 0};
	return s2_bind(b, out, &usual, 1, prefix, err);
}
