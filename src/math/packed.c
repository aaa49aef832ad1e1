#include "math/packed.h"

#include <math.h>
#include <string.h>

#include "base/half.h"
#include "base/size.h"

enum {
	NARROW = 8,         /* outputs or channels below which a product stays float32 */
	MAX_CHANNELS = 65536, /* 255 * 127 times this fits an int32 */
	INT8_STEPS = 127,
};

bool s2_packs(size_t n, size_t c)
{
	return n >= NARROW && c >= NARROW;
}

static size_t per_word(s2st_precision p)
{
	return p == S2ST_BF16 ? 2 : 4;
}

/* Where the words of output n, tap j lie: every S2_PANEL-th from here on. */
static uint32_t *words_of(const s2_packed *w, size_t n, size_t j)
{
	return w->panels + ((n / S2_PANEL * w->taps + j) * w->words) * S2_PANEL + n % S2_PANEL;
}

static void put_bf16(const s2_packed *w, size_t n, const float *row)
{
	for (size_t j = 0; j < w->taps; j++) {
		uint32_t *to = words_of(w, n, j);
		for (size_t k = 0; k < w->words; k++, row += 2, to += S2_PANEL)
			*to = s2_f32_to_bf16(row[0]) | (uint32_t)s2_f32_to_bf16(row[1]) << 16;
	}
}

static void put_int8(const s2_packed *w, size_t n, const float *row, float top)
{
	const float by = top > 0 ? INT8_STEPS / top : 0;
	w->scale[n] = top / INT8_STEPS;
	for (size_t j = 0; j < w->taps; j++) {
		uint32_t *to = words_of(w, n, j);
		int32_t sum = 0;
		for (size_t k = 0; k < w->words; k++, to += S2_PANEL) {
			uint32_t word = 0;
			for (int s = 0; s < 32; s += 8) {
				const int32_t q = (int32_t)rintf(*row++ * by);
				sum += q;
				word |= ((uint32_t)q & 0xff) << s;
			}
			*to = word;
		}
		w->sum[(n / S2_PANEL * w->taps + j) * S2_PANEL + n % S2_PANEL] = sum;
	}
}

/* Output n as taps * words * per_word floats; the return value is the largest magnitude, or not finite. */
static float read_output(float *row, const s2_packed *w, const s2_right *b, size_t n)
{
	const ptrdiff_t size = (ptrdiff_t)s2_dtype_size(b->dtype);
	const size_t wide = w->words * per_word(w->precision);
	float top = 0;
	for (size_t j = 0; j < w->taps; j++, row += wide) {
		const ptrdiff_t at = (ptrdiff_t)n * b->sn + (ptrdiff_t)j * b->st;
		s2_to_f32_strided(row, (const char *)b->w + at * size, b->dtype, b->sc, w->c);
		for (size_t i = 0; i < w->c; i++)
			top = fabsf(row[i]) <= top ? top : fabsf(row[i]); /* a NaN stays */
		for (size_t i = w->c; i < wide; i++)
			row[i] = 0;
	}
	return top;
}

static int pack_into(s2_packed *w, const s2_right *b, float *row, s2st_error *err)
{
	for (size_t n = 0; n < w->n; n++) {
		const float top = read_output(row, w, b, n);
		if (!isfinite(top))
			return s2_fail(err, S2ST_EMODEL, "output %zu of a weight is not finite, which %s cannot hold",
				       n, s2st_precision_name(w->precision));
		if (w->scale)
			put_int8(w, n, row, top);
		else
			put_bf16(w, n, row);
	}
	return S2ST_OK;
}

int s2_pack(s2_packed **out, s2_arena *a, s2st_precision precision, const s2_right *b, size_t n, size_t taps, size_t c,
	    s2st_error *err)
{
	*out = NULL;
	if (precision == S2ST_FP32 || !s2_packs(n, c))
		return S2ST_OK;
	s2_packed *w;
	const size_t words = (c + per_word(precision) - 1) / per_word(precision);
	const size_t panels = (n + S2_PANEL - 1) / S2_PANEL;
	size_t panel;
	if (c > MAX_CHANNELS || !s2_mul(taps, words + 1, &panel) || panel > s2_gemm_pack_floats() / 2)
		return s2_fail(err, S2ST_EMODEL, "a product over %zu x %zu values is too long for %s", taps, c,
			       s2st_precision_name(precision));
	S2_ALLOC(w, a, 1, 1, err);
	*w = (s2_packed){.precision = precision, .n = n, .taps = taps, .c = c, .words = words};
	S2_ZALLOC(w->panels, a, panels, taps * words * S2_PANEL, err);
	if (precision == S2ST_INT8) {
		S2_ZALLOC(w->scale, a, panels, S2_PANEL, err);
		S2_ZALLOC(w->sum, a, panels, taps * S2_PANEL, err);
	}
	s2_arena *temp = s2_arena_new();
	float *row = temp ? s2_arena_alloc(temp, taps * words, per_word(precision), sizeof *row) : NULL;
	int rc = row ? pack_into(w, b, row, err) : s2_fail_mem(err, "a weight's conversion");
	s2_arena_free(temp);
	if (rc >= 0)
		*out = w;
	return rc;
}

s2_packed s2_packed_columns(const s2_packed *w, size_t from, size_t n)
{
	const size_t before = from / S2_PANEL * w->taps;
	s2_packed part = *w;
	part.n = n;
	part.panels += before * w->words * S2_PANEL;
	if (w->scale) {
		part.scale += from;
		part.sum += before * S2_PANEL;
	}
	return part;
}
