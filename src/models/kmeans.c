#include "models/kmeans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum { BLOCK_ROWS = 512, TASK_ROWS = 64 };

static double squared_norm(const float *v, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (double)v[i] * (double)v[i];
	return sum;
}

static int fill(s2_kmeans *m, const float *centroids, const char *name, s2st_error *err)
{
	float *c, *norms;
	S2_ALLOC(c, m->arena, m->k, m->dim, err);
	S2_ALLOC(norms, m->arena, m->k, 1, err);
	for (size_t i = 0; i < m->k * m->dim; i++) {
		if (!isfinite(centroids[i]))
			return s2_fail(err, S2ST_EMODEL, "%s: centroid %zu holds a value that is not finite", name, i / m->dim);
		c[i] = centroids[i];
	}
	for (size_t i = 0; i < m->k; i++)
		norms[i] = (float)squared_norm(c + i * m->dim, m->dim);
	m->centroids = c;
	m->norms = norms;
	return 0;
}

int s2_kmeans_new(s2_kmeans **out, const float *centroids, size_t k, size_t dim, const char *name, s2st_error *err)
{
	*out = NULL;
	if (k == 0 || dim == 0 || k > INT32_MAX)
		return s2_fail(err, S2ST_EMODEL, "%s: expected centroids [K, dim], found [%zu, %zu]", name, k, dim);
	s2_kmeans *m = calloc(1, sizeof *m);
	if (!m)
		return s2_fail_mem(err, "k-means");
	m->arena = s2_arena_new();
	m->k = k;
	m->dim = dim;
	int rc = m->arena ? fill(m, centroids, name, err) : s2_fail_mem(err, "k-means");
	if (rc < 0)
		s2_kmeans_free(m);
	else
		*out = m;
	return rc;
}

void s2_kmeans_free(s2_kmeans *m)
{
	if (!m)
		return;
	s2_arena_free(m->arena);
	free(m);
}

/* ---- assignment ---- */

typedef struct nearest {
	const s2_kmeans *m;
	const float *features; /* [n, dim] */
	const float *dots;     /* [n, k] */
	int32_t *units;
	float *dist;
	size_t n;
} nearest;

static void find_nearest(void *arg, size_t block, int worker)
{
	(void)worker;
	const nearest *a = arg;
	size_t k = a->m->k;
	for (size_t t = block * TASK_ROWS; t < s2_min(a->n, (block + 1) * TASK_ROWS); t++) {
		const float *dots = a->dots + t * k;
		size_t best = 0;
		float least = INFINITY;
		for (size_t i = 0; i < k; i++) {
			float d = a->m->norms[i] - 2 * dots[i];
			if (d < least) {
				least = d;
				best = i;
			}
		}
		a->units[t] = (int32_t)best;
		if (a->dist) {
			double d = squared_norm(a->features + t * a->m->dim, a->m->dim) + (double)least;
			a->dist[t] = (float)fmax(d, 0);
		}
	}
}

int s2_kmeans_assign(const s2_exec *x, const s2_kmeans *m, int32_t *units, float *dist, const float *features, size_t rows,
		     s2st_error *err)
{
	const s2_right centroids = s2_right_f32(m->centroids, m->dim);
	s2_mark mark = s2_arena_mark(x->scratch);
	float *dots;
	S2_ALLOC(dots, x->scratch, s2_min(rows, BLOCK_ROWS), m->k, err);
	for (size_t from = 0; from < rows; from += BLOCK_ROWS) {
		size_t n = s2_min(BLOCK_ROWS, rows - from);
		const float *block = features + from * m->dim;
		const s2_left left = s2_left_matrix(block, n, m->dim, m->dim);
		s2_gemm(x, dots, m->k, n, m->k, &left, &centroids, NULL);
		nearest a = {m, block, dots, units + from, dist ? dist + from : NULL, n};
		s2_pool_run(x->pool, (n + TASK_ROWS - 1) / TASK_ROWS, find_nearest, &a);
	}
	s2_arena_reset(x->scratch, mark);
	return 0;
}
