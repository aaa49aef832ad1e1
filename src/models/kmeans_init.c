/* k-means++ (Arthur and Vassilvitskii 2007), greedy as scikit-learn has it (_kmeans_plusplus): of 2 + ln(k) candidates
 * the one that lowers the sum of squared distances most. */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "models/kmeans_train.h"

enum { MAX_CANDIDATES = 32 }; /* 2 + ln of any number of clusters is less */

typedef struct search {
	const s2_exec *x;
	const float *rows;
	size_t n, dim, n_candidates;
	float *squares;  /* [n] |row|^2 */
	double *closest; /* [n] squared distance to the nearest centroid so far */
	double *cumulated;
	float *picked; /* [n_candidates, dim] */
	float *dots;   /* [n, n_candidates] */
	size_t candidates[MAX_CANDIDATES];
} search;

static double distance(const search *s, size_t row, size_t j)
{
	const double d = (double)s->squares[row] + (double)s->squares[s->candidates[j]] -
			 2 * (double)s->dots[row * s->n_candidates + j];
	return row == s->candidates[j] ? 0 : fmax(d, 0);
}

static void measure(search *s, size_t n_candidates)
{
	const s2_left left = s2_left_matrix(s->rows, s->n, s->dim, s->dim);
	s->n_candidates = n_candidates;
	for (size_t j = 0; j < n_candidates; j++)
		memcpy(s->picked + j * s->dim, s->rows + s->candidates[j] * s->dim, s->dim * sizeof *s->picked);
	const s2_right right = s2_right_f32(s->picked, s->dim);
	s2_gemm(s->x, s->dots, n_candidates, s->n, n_candidates, &left, &right, NULL);
}

/* The first row at which the cumulated distances exceed `at`. */
static size_t find(const search *s, double at)
{
	size_t low = 0, high = s->n;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (s->cumulated[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return s2_min(low, s->n - 1);
}

/* Draws candidates by distance and returns the place of the best. */
static size_t pick(search *s, s2_random *random, size_t n_candidates)
{
	double sum = 0, least = INFINITY;
	size_t best = 0;
	for (size_t i = 0; i < s->n; i++)
		s->cumulated[i] = sum += s->closest[i];
	for (size_t j = 0; j < n_candidates; j++)
		s->candidates[j] = find(s, s2_random_double(random) * sum);
	measure(s, n_candidates);
	for (size_t j = 0; j < n_candidates; j++) {
		double left = 0;
		for (size_t i = 0; i < s->n; i++)
			left += fmin(s->closest[i], distance(s, i, j));
		if (left < least) {
			least = left;
			best = j;
		}
	}
	return best;
}

static void take(search *s, float *out, size_t j)
{
	memcpy(out, s->rows + s->candidates[j] * s->dim, s->dim * sizeof *out);
	for (size_t i = 0; i < s->n; i++)
		s->closest[i] = fmin(s->closest[i], distance(s, i, j));
}

int s2_kmeans_plusplus(s2_kmeans_trainer *t, float *out, const float *rows, size_t n, s2st_error *err)
{
	const size_t trials = 2 + (size_t)log((double)t->k);
	search s = {.x = &t->x, .rows = rows, .n = n, .dim = t->dim};
	s2_mark mark = s2_arena_mark(t->x.scratch);
	S2_ALLOC(s.squares, t->x.scratch, n, 1, err);
	S2_ALLOC(s.closest, t->x.scratch, n, 1, err);
	S2_ALLOC(s.cumulated, t->x.scratch, n, 1, err);
	S2_ALLOC(s.picked, t->x.scratch, trials, t->dim, err);
	S2_ALLOC(s.dots, t->x.scratch, n, trials, err);
	for (size_t i = 0; i < n; i++) {
		double sum = 0;
		for (size_t c = 0; c < t->dim; c++)
			sum += (double)rows[i * t->dim + c] * (double)rows[i * t->dim + c];
		s.squares[i] = (float)sum;
		s.closest[i] = INFINITY;
	}
	s.candidates[0] = s2_random_below(&t->random, (uint32_t)n);
	measure(&s, 1);
	take(&s, out, 0);
	for (size_t k = 1; k < t->k; k++) {
		const size_t best = pick(&s, &t->random, trials);
		take(&s, out + k * t->dim, best);
	}
	s2_arena_reset(t->x.scratch, mark);
	return S2ST_OK;
}
