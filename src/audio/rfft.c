/* Radix-4 passes and, for odd powers of two, one radix-2 pass (P. N. Swarztrauber, FFTPACK: rfftf1, radf4, radf2).
 *
 * A pass of radix r turns `blocks` * r interleaved spectra of `length` samples each into `blocks` spectra that are r
 * times as long:
 *   in  [r, blocks, length]   spectrum j of block k at in + (j * blocks + k) * length
 *   out [blocks, r, length]
 * each spectrum as re(0), re(1), im(1), ...; the first pass has length 1. */
#include "audio/rfft.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_PASSES = 20 };

typedef struct pass {
	int radix;
	size_t blocks, length;
	const float *twiddles; /* [radix - 1, length - 1]: cos, sin pairs */
} pass;

struct s2_rfft {
	int n_passes;
	pass passes[MAX_PASSES]; /* in the order of work */
	float *twiddles;         /* behind the passes */
};

/* The radix-2 pass, if any, comes last, on the longest spectra. */
static int choose_passes(s2_rfft *f, size_t n)
{
	int n_passes = 0;
	size_t length = 1;
	while (n / length >= 4) {
		f->passes[n_passes++] = (pass){.radix = 4, .blocks = n / length / 4, .length = length};
		length *= 4;
	}
	if (length < n)
		f->passes[n_passes++] = (pass){.radix = 2, .blocks = 1, .length = length};
	return n_passes;
}

static size_t count_twiddles(const pass *p)
{
	return (size_t)(p->radix - 1) * (p->length - 1);
}

static void fill_twiddles(const pass *p, float *out, size_t n)
{
	for (size_t j = 1; j < (size_t)p->radix; j++)
		for (size_t i = 1; i <= (p->length - 1) / 2; i++) {
			double angle = 2 * M_PI * (double)(j * p->blocks * i) / (double)n;
			out[(j - 1) * (p->length - 1) + 2 * i - 2] = (float)cos(angle);
			out[(j - 1) * (p->length - 1) + 2 * i - 1] = (float)sin(angle);
		}
}

int s2_rfft_new(s2_rfft **out, size_t n, s2st_error *err)
{
	*out = NULL;
	if (n < 2 || n > (size_t)1 << 20 || (n & (n - 1)) != 0)
		return s2_fail(err, S2ST_EINPUT, "Fourier transform: expected a power of two from 2 to 2^20, found %zu",
			       n);
	s2_rfft *f = calloc(1, sizeof *f);
	if (!f)
		return s2_fail_mem(err, "Fourier transform");
	f->n_passes = choose_passes(f, n);
	size_t total = 1;
	for (int i = 0; i < f->n_passes; i++)
		total += count_twiddles(&f->passes[i]);
	f->twiddles = calloc(total, sizeof *f->twiddles);
	if (!f->twiddles) {
		s2_rfft_free(f);
		return s2_fail_mem(err, "Fourier transform");
	}
	float *next = f->twiddles;
	for (int i = 0; i < f->n_passes; i++) {
		fill_twiddles(&f->passes[i], next, n);
		f->passes[i].twiddles = next;
		next += count_twiddles(&f->passes[i]);
	}
	*out = f;
	return S2ST_OK;
}

void s2_rfft_free(s2_rfft *f)
{
	if (!f)
		return;
	free(f->twiddles);
	free(f);
}

/* (cos - i sin) * (re + i im), the turn of one bin. */
static inline void turn(float *re, float *im, const float *twiddle, const float *bin)
{
	*re = twiddle[0] * bin[0] + twiddle[1] * bin[1];
	*im = twiddle[0] * bin[1] - twiddle[1] * bin[0];
}

static void radix2(const pass *p, float *restrict out, const float *restrict in)
{
	size_t len = p->length;
	for (size_t k = 0; k < p->blocks; k++) {
		const float *a = in + k * len, *b = in + (p->blocks + k) * len;
		float *lo = out + 2 * k * len, *hi = lo + len;
		lo[0] = a[0] + b[0];
		hi[len - 1] = a[0] - b[0];
		if (len % 2 == 0) {
			hi[0] = -b[len - 1];
			lo[len - 1] = a[len - 1];
		}
		for (size_t i = 1; i + 1 < len; i += 2) {
			size_t mirror = len - i - 2; /* bin len - i of the longer spectrum */
			float br, bi;
			turn(&br, &bi, p->twiddles + i - 1, b + i);
			lo[i] = a[i] + br;
			hi[mirror] = a[i] - br;
			lo[i + 1] = bi + a[i + 1];
			hi[mirror + 1] = bi - a[i + 1];
		}
	}
}

/* Bins 0 and, for even lengths, the middle of the four spectra a, b, c, d: purely real, no turns. */
static void radix4_ends(size_t len, float *o, const float *a, const float *b, const float *c, const float *d)
{
	static const float half_sqrt2 = 0.707106781186547524f;
	float *o0 = o, *o1 = o + len, *o2 = o + 2 * len, *o3 = o + 3 * len;
	float odd = d[0] + b[0], even = a[0] + c[0];
	o2[0] = d[0] - b[0];
	o1[len - 1] = a[0] - c[0];
	o0[0] = even + odd;
	o3[len - 1] = even - odd;
	if (len % 2 == 0) {
		size_t mid = len - 1;
		float im = -half_sqrt2 * (b[mid] + d[mid]), re = half_sqrt2 * (b[mid] - d[mid]);
		o0[mid] = a[mid] + re;
		o2[mid] = a[mid] - re;
		o3[0] = im + c[mid];
		o1[0] = im - c[mid];
	}
}

static void radix4(const pass *p, float *restrict out, const float *restrict in)
{
	size_t len = p->length, step = p->blocks * len;
	const float *w1 = p->twiddles, *w2 = w1 + (len - 1), *w3 = w2 + (len - 1);
	for (size_t k = 0; k < p->blocks; k++) {
		const float *a = in + k * len, *b = a + step, *c = b + step, *d = c + step;
		float *o0 = out + 4 * k * len, *o1 = o0 + len, *o2 = o1 + len, *o3 = o2 + len;
		radix4_ends(len, o0, a, b, c, d);
		for (size_t i = 1; i + 1 < len; i += 2) {
			size_t mirror = len - i - 2;
			float br, bi, cr, ci, dr, di;
			turn(&br, &bi, w1 + i - 1, b + i);
			turn(&cr, &ci, w2 + i - 1, c + i);
			turn(&dr, &di, w3 + i - 1, d + i);
			float sum_r = dr + br, diff_r = dr - br, sum_i = bi + di, diff_i = bi - di;
			float even_r = a[i] + cr, odd_r = a[i] - cr, even_i = a[i + 1] + ci, odd_i = a[i + 1] - ci;
			o0[i] = even_r + sum_r;
			o3[mirror] = even_r - sum_r;
			o0[i + 1] = sum_i + even_i;
			o3[mirror + 1] = sum_i - even_i;
			o2[i] = odd_r + diff_i;
			o1[mirror] = odd_r - diff_i;
			o2[i + 1] = diff_r + odd_i;
			o1[mirror + 1] = diff_r - odd_i;
		}
	}
}

float *s2_rfft_run(const s2_rfft *f, float *x, float *work)
{
	for (int i = 0; i < f->n_passes; i++) {
		const pass *p = &f->passes[i];
		if (p->radix == 4)
			radix4(p, work, x);
		else
			radix2(p, work, x);
		float *swap = x;
		x = work;
		work = swap;
	}
	return x;
}
