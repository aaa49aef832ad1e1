#include "math/conv.h"

#include "base/size.h"

size_t s2_conv1d_out_len(const s2_conv1d *c, size_t len)
{
	size_t padded = len + 2 * c->pad, reach = c->dilation * (c->k - 1) + 1;
	return padded < reach ? 0 : (padded - reach) / c->stride + 1;
}

size_t s2_conv_transpose1d_out_len(const s2_conv1d *c, size_t len)
{
	size_t full = len ? (len - 1) * c->stride + c->k : 0;
	return full < 2 * c->pad ? 0 : full - 2 * c->pad;
}

static const void *weight_at(const s2_conv1d *c, ptrdiff_t element)
{
	return c->w ? (const char *)c->w + element * (ptrdiff_t)s2_dtype_size(c->dtype) : NULL;
}

static s2_right group_weight(const s2_conv1d *c, size_t g)
{
	return (s2_right){
		.w = weight_at(c, (ptrdiff_t)(g * (c->c_out / c->groups)) * c->strides[0]),
		.dtype = c->dtype,
		.sn = c->strides[0],
		.st = c->strides[2],
		.sc = c->strides[1],
		.packed = c->packed ? c->packed[g] : NULL,
	};
}

/* m rows of the result, from the one whose first tap lies `pad` rows ahead of in [len, c_in]. */
static void convolve(const s2_exec *x, float *out, size_t ldo, size_t m, const float *in, size_t len, ptrdiff_t pad,
		     const s2_conv1d *c, const s2_epilogue *e)
{
	const size_t n = c->c_out / c->groups, channels = c->c_in / c->groups;
	for (size_t g = 0; g < c->groups; g++) {
		const s2_left a = {
			.x = in + g * channels,
			.len = len,
			.ld = c->c_in,
			.taps = c->k,
			.c = channels,
			.stride = c->stride,
			.dilation = c->dilation,
			.pad = pad,
		};
		const s2_right b = group_weight(c, g);
		s2_epilogue own = e ? *e : (s2_epilogue){0};
		own.bias = c->bias ? c->bias + g * n : NULL;
		if (own.residual)
			own.residual += g * n;
		s2_gemm(x, out + g * n, ldo, m, n, &a, &b, &own);
	}
}

void s2_conv1d_forward(const s2_exec *x, float *out, size_t ldo, const float *in, size_t len, const s2_conv1d *c,
		       const s2_epilogue *e)
{
	convolve(x, out, ldo, s2_conv1d_out_len(c, len), in, len, (ptrdiff_t)c->pad, c, e);
}

void s2_conv1d_span(const s2_exec *x, s2_span out, s2_span in, const s2_conv1d *c, const s2_epilogue *e)
{
	const ptrdiff_t ahead = (ptrdiff_t)in.first - (ptrdiff_t)out.first;
	convolve(x, out.x, c->c_out, out.end - out.first, in.x, in.end - in.first, (ptrdiff_t)c->pad + ahead, c, e);
}

int s2_conv1d_settle(s2_conv1d *c, s2_arena *a, s2st_error *err)
{
	const size_t channels = c->c_in / c->groups;
	float *w;
	if (!c->w)
		return S2ST_OK;
	S2_ALLOC(w, a, c->c_out * c->k, channels, err);
	for (size_t row = 0; row < c->c_out * c->k; row++) {
		ptrdiff_t at = (ptrdiff_t)(row / c->k) * c->strides[0] + (ptrdiff_t)(row % c->k) * c->strides[2];
		s2_to_f32_strided(w + row * channels, weight_at(c, at), c->dtype, c->strides[1], channels);
	}
	c->w = w;
	c->dtype = S2_F32;
	c->strides[0] = (ptrdiff_t)(c->k * channels);
	c->strides[1] = 1;
	c->strides[2] = (ptrdiff_t)channels;
	return S2ST_OK;
}

/* Output o gets in[t] * w[kk] where t*stride + kk = o + pad. Outputs of one phase, (o + pad) % stride = r, use the taps
 * kk = r, r + stride, ...: for u = (o + pad) / stride, tap kk = r + q*stride meets t = u - q. Taken from the last q to
 * the first, that is a convolution of stride 1 over the input. */
static size_t phase_taps(const s2_conv1d *c, size_t r)
{
	return c->k > r ? (c->k - r - 1) / c->stride + 1 : 0;
}

static s2_right phase_weight(const s2_conv1d *c, size_t r)
{
	const size_t taps = phase_taps(c, r);
	return (s2_right){
		.w = weight_at(c, (ptrdiff_t)(r + (taps ? taps - 1 : 0) * c->stride) * c->strides[2]),
		.dtype = c->dtype,
		.sn = c->strides[1],
		.st = -(ptrdiff_t)c->stride * c->strides[2],
		.sc = c->strides[0],
		.packed = c->packed ? c->packed[r] : NULL,
	};
}

static void phase(const s2_exec *x, float *out, const float *in, size_t len, const s2_conv1d *c, size_t r)
{
	size_t out_len = s2_conv_transpose1d_out_len(c, len), taps = phase_taps(c, r);
	size_t u0 = c->pad > r ? (c->pad - r + c->stride - 1) / c->stride : 0; /* first output at or after 0 */
	size_t first = u0 * c->stride + r - c->pad;
	if (first >= out_len)
		return;
	s2_left a = {
		.x = in,
		.len = len,
		.ld = c->c_in,
		.taps = taps ? taps : 1,
		.c = taps ? c->c_in : 0, /* no tap in this phase: the bias alone */
		.stride = 1,
		.dilation = 1,
		.pad = (ptrdiff_t)taps - 1 - (ptrdiff_t)u0,
	};
	s2_right b = phase_weight(c, r);
	s2_epilogue e = {.bias = c->bias};
	s2_gemm(x, out + first * c->c_out, c->stride * c->c_out, (out_len - first - 1) / c->stride + 1, c->c_out, &a,
		&b, &e);
}

void s2_conv_transpose1d_forward(const s2_exec *x, float *out, const float *in, size_t len, const s2_conv1d *c)
{
	for (size_t r = 0; r < c->stride; r++)
		phase(x, out, in, len, c, r);
}

/* A phase without a tap stays as it is: its chain is empty. */
int s2_conv1d_pack(s2_conv1d *c, s2_arena *a, s2st_precision precision, bool transposed, s2st_error *err)
{
	const size_t parts = transposed ? c->stride : c->groups;
	const size_t n = c->c_out / c->groups, channels = c->c_in / c->groups;
	const s2_packed **packed;
	if (precision == S2ST_FP32 || !s2_packs(n, channels))
		return S2ST_OK;
	S2_ZALLOC(packed, a, parts, 1, err);
	for (size_t i = 0; i < parts; i++) {
		const size_t taps = transposed ? phase_taps(c, i) : c->k;
		const s2_right b = transposed ? phase_weight(c, i) : group_weight(c, i);
		s2_packed *one = NULL;
		if (taps)
			S2_TRY(s2_pack(&one, a, precision, &b, n, taps, channels, err));
		packed[i] = one;
	}
	c->packed = packed;
	return S2ST_OK;
}
