/* Small pictures as JSON: 64 levels, a base64 digit each, row after row from the top. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_picture.h"

enum { BANDS = 40, MELS_PER_BAND = 2, MOST_COLUMNS = 240, MOST_ROWS = 96, LEVELS = 64 };

typedef struct picture {
	float *cells; /* [width, BANDS] sums of `frames` frames each; the last of fewer */
	size_t width, frames, in_last;
} picture;

static char digit(double part)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	return digits[part <= 0 ? 0 : part >= 1 ? LEVELS - 1 : (int)(part * (LEVELS - 1) + 0.5)];
}

/* Two columns become one when there is no room for more: memory stays, whatever the length. */
static void halve(picture *p)
{
	for (size_t i = 0; i < p->width / 2; i++)
		for (size_t b = 0; b < BANDS; b++)
			p->cells[i * BANDS + b] = p->cells[2 * i * BANDS + b] + p->cells[(2 * i + 1) * BANDS + b];
	p->width /= 2;
	p->frames *= 2;
	p->in_last = p->frames;
}

static void add_frame(picture *p, const float *mels)
{
	if (p->in_last == p->frames && p->width == MOST_COLUMNS)
		halve(p);
	if (p->width == 0 || p->in_last == p->frames) {
		memset(p->cells + p->width * BANDS, 0, BANDS * sizeof *p->cells);
		p->width++;
		p->in_last = 0;
	}
	float *column = p->cells + (p->width - 1) * BANDS;
	for (size_t i = 0; i < (size_t)BANDS * MELS_PER_BAND; i++)
		column[i / MELS_PER_BAND] += mels[i] / MELS_PER_BAND;
	p->in_last++;
}

/* The loudest cell is white, one 60 dB below it black. High notes on top. */
static void print_levels(FILE *out, const picture *p)
{
	const double range = 6 * log(10); /* of power, in nepers */
	double top = -INFINITY;
	for (size_t x = 0; x < p->width; x++)
		for (size_t b = 0; b < BANDS; b++) {
			const size_t n = x + 1 == p->width ? p->in_last : p->frames;
			p->cells[x * BANDS + b] /= (float)n;
			top = fmax(top, (double)p->cells[x * BANDS + b]);
		}
	for (size_t b = BANDS; b-- > 0;)
		for (size_t x = 0; x < p->width; x++)
			fputc(digit(1 + ((double)p->cells[x * BANDS + b] - top) / range), out);
}

int cli_print_spectrogram(FILE *out, const char *key, s2st_quantizer *q, const char *path, s2st_error *err)
{
	picture p = {.frames = 1, .cells = calloc((size_t)MOST_COLUMNS * BANDS, sizeof *p.cells)};
	s2st_frames frames;
	s2st_quantizer_audio audio;
	if (!p.cells)
		return cli_fail_memory(err);
	int rc = s2st_quantizer_open(q, path, 0, err);
	while (rc >= 0 && (rc = s2st_quantizer_next(q, &frames, err)) > 0)
		for (size_t i = 0; i < frames.n; i++)
			add_frame(&p, frames.features + i * frames.dim);
	if (rc == 0) {
		s2st_quantizer_get_audio(q, &audio);
		fprintf(out, ", \"%s\": {\"seconds\": %.3f, \"width\": %zu, \"height\": %d, \"levels\": \"", key,
			(double)audio.samples / audio.sample_rate, p.width, BANDS);
		print_levels(out, &p);
		fputs("\"}", out);
	}
	free(p.cells);
	return rc;
}

/* The largest weight of the cells that one cell of the picture stands for. */
static double largest(const float *weights, size_t cols, size_t y0, size_t y1, size_t x0, size_t x1)
{
	double top = 0;
	for (size_t y = y0; y < y1; y++)
		for (size_t x = x0; x < x1; x++)
			top = fmax(top, (double)weights[y * cols + x]);
	return top;
}

int cli_print_attention(FILE *out, const char *path, s2st_error *err)
{
	float *weights;
	size_t rows, cols;
	int rc = s2st_npy_read_matrix(&weights, &rows, &cols, path, err);
	if (rc < 0)
		return rc;
	const size_t height = rows < MOST_ROWS ? rows : MOST_ROWS, width = cols < MOST_COLUMNS ? cols : MOST_COLUMNS;
	const double most = height && width ? largest(weights, cols, 0, rows, 0, cols) : 0;
	if (most > 0) {
		fprintf(out, ", \"attention\": {\"rows\": %zu, \"width\": %zu, \"height\": %zu, \"levels\": \"", rows,
			width, height);
		for (size_t y = 0; y < height; y++)
			for (size_t x = 0; x < width; x++) /* the square root brings faint weights out */
				fputc(digit(sqrt(largest(weights, cols, y * rows / height, (y + 1) * rows / height,
							 x * cols / width, (x + 1) * cols / width) /
						 most)),
				      out);
		fputs("\"}", out);
	}
	free(weights);
	return S2ST_OK;
}
