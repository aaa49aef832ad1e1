/* The left operand is the weight, the right one the patches of a run of output positions: so the result is
 * channels-first as torch has it. */
#include "base/size.h"
#include "math/conv.h"

enum { POSITIONS = 128 }; /* output positions of a task */

typedef struct conv2d {
	const s2_exec *x;
	const s2_conv2d *c;
	float *out;
	const float *in;
	size_t h, w, w_out, positions;
	const float *weight; /* [c_out, depth], float32 */
	size_t depth;        /* c_in * k * k */
	float *patches;      /* [threads, depth, POSITIONS] */
	s2_act act;
} conv2d;

static size_t out_size(size_t n, const s2_conv2d *c)
{
	return n + 2 * c->pad < c->k ? 0 : (n + 2 * c->pad - c->k) / c->stride + 1;
}

/* patches[(ci, ky, kx), p] of output positions p0 .. p0 + n */
static void gather_patches(const conv2d *v, float *patches, size_t p0, size_t n)
{
	const s2_conv2d *c = v->c;
	for (size_t d = 0; d < v->depth; d++, patches += POSITIONS) {
		size_t kx = d % c->k, ky = d / c->k % c->k;
		const float *plane = v->in + d / (c->k * c->k) * v->h * v->w;
		for (size_t i = 0; i < n; i++) {
			size_t y = (p0 + i) / v->w_out * c->stride + ky, col = (p0 + i) % v->w_out * c->stride + kx;
			bool inside = y >= c->pad && y - c->pad < v->h && col >= c->pad && col - c->pad < v->w;
			patches[i] = inside ? plane[(y - c->pad) * v->w + (col - c->pad)] : 0;
		}
	}
}

static void run_positions(void *arg, size_t index, int worker)
{
	const conv2d *v = arg;
	const s2_conv2d *c = v->c;
	size_t p0 = index * POSITIONS, n = s2_min(POSITIONS, v->positions - p0);
	float *patches = v->patches + (size_t)worker * v->depth * POSITIONS, *out = v->out + p0;
	gather_patches(v, patches, p0, n);
	for (size_t co = 0; co < c->c_out; co++)
		for (size_t i = 0; i < n; i++)
			out[co * v->positions + i] = c->bias ? c->bias[co] : 0;
	s2_left a = s2_left_matrix(v->weight, c->c_out, v->depth, v->depth);
	s2_right b = {.w = patches, .dtype = S2_F32, .sn = 1, .st = 0, .sc = POSITIONS};
	s2_epilogue e = {.accumulate = true, .act = v->act};
	s2_gemm_worker(v->x, worker, out, v->positions, c->c_out, n, &a, &b, &e);
}

static int widen_weight(float **out, const s2_exec *x, const s2_conv2d *c, size_t depth, s2st_error *err)
{
	float *weight;
	S2_ALLOC(*out, x->scratch, c->c_out, depth, err);
	weight = *out;
	ptrdiff_t size = (ptrdiff_t)s2_dtype_size(c->dtype);
	for (size_t co = 0; co < c->c_out; co++)
		for (size_t ci = 0; ci < c->c_in; ci++)
			for (size_t ky = 0; ky < c->k; ky++, weight += c->k) {
				ptrdiff_t at = (ptrdiff_t)co * c->strides[0] + (ptrdiff_t)ci * c->strides[1] +
					       (ptrdiff_t)ky * c->strides[2];
				s2_to_f32_strided(weight, (const char *)c->w + at * size, c->dtype, c->strides[3],
						  c->k);
			}
	return S2ST_OK;
}

static int forward(conv2d *v, s2st_error *err)
{
	float *weight = NULL;
	S2_TRY(widen_weight(&weight, v->x, v->c, v->depth, err));
	v->weight = weight;
	S2_ALLOC(v->patches, v->x->scratch, v->x->threads * v->depth, POSITIONS, err);
	s2_pool_run(v->x->pool, (v->positions + POSITIONS - 1) / POSITIONS, run_positions, v);
	return S2ST_OK;
}

int s2_conv2d_forward(const s2_exec *x, float *out, const float *in, size_t h, size_t w, const s2_conv2d *c, s2_act act,
		      s2st_error *err)
{
	conv2d v = {.x = x, .c = c, .out = out, .in = in, .h = h, .w = w, .act = act};
	v.w_out = out_size(w, c);
	v.positions = out_size(h, c) * v.w_out;
	v.depth = c->c_in * c->k * c->k;
	s2_mark mark = s2_arena_mark(x->scratch);
	int rc = forward(&v, err);
	s2_arena_reset(x->scratch, mark);
	return rc;
}
