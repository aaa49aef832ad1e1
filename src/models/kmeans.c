#include "models/kmeans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "formats/joblib.h"
#include "formats/npy.h"

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
			return s2_fail(err, S2ST_EMODEL, "%s: centroid %zu holds a value that is not finite", name,
				       i / m->dim);
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

/* ---- files ---- */

static int from_tensor(s2_kmeans **out, const s2_tensor *t, const char *name, s2st_error *err)
{
	char shape[64];
	if (t->rank != 2)
		return s2_fail(err, S2ST_EMODEL, "%s: expected centroids [K, dim], found %s", name,
			       s2_tensor_shape_text(t, shape, sizeof shape));
	float *centroids = reallocarray(NULL, s2_max(s2_tensor_count(t), 1), sizeof *centroids);
	if (!centroids)
		return s2_fail_mem(err, name);
	s2_tensor_to_f32(t, centroids);
	int rc = s2_kmeans_new(out, centroids, t->dims[0], t->dims[1], name, err);
	free(centroids);
	return rc;
}

/* A scikit-learn model with `cluster_centers_`, or the bare matrix. */
static int from_joblib(s2_kmeans **out, s2_arena *a, const s2_map *map, s2st_error *err)
{
	s2_value *root;
	S2_TRY(s2_joblib_parse(&root, a, map->bytes, map->size, map->path, err));
	const s2_value *centers = root->kind == S2_V_ARRAY ? root : s2_value_get(root, "cluster_centers_");
	if (!centers)
		return s2_fail(err, S2ST_EMODEL, "%s: expected a k-means model with cluster_centers_, found %s",
			       map->path, s2_value_kind_name(root));
	if (centers->kind != S2_V_ARRAY)
		return s2_fail(err, S2ST_EMODEL, "%s: cluster_centers_: expected an array of numbers, found %s",
			       map->path, s2_value_kind_name(centers));
	return from_tensor(out, centers->u.tensor, map->path, err);
}

static int from_npy(s2_kmeans **out, s2_arena *a, const s2_map *map, s2st_error *err)
{
	s2_tensor t;
	S2_TRY(s2_npy_parse(&t, a, map->bytes, map->size, map->path, err));
	return from_tensor(out, &t, map->path, err);
}

int s2_kmeans_open(s2_kmeans **out, const char *path, s2st_error *err)
{
	s2_map map;
	*out = NULL;
	S2_TRY(s2_map_open(&map, path, err));
	s2_arena *a = s2_arena_new();
	int rc;
	if (!a)
		rc = s2_fail_mem(err, path);
	else if (map.size >= 6 && memcmp(map.bytes, "\x93NUMPY", 6) == 0)
		rc = from_npy(out, a, &map, err);
	else if (s2_joblib_sniff(map.bytes, map.size))
		rc = from_joblib(out, a, &map, err);
	else
		rc = s2_fail(err, S2ST_EFORMAT,
			     "%s: expected a k-means model (km.bin of joblib, or .npy), found something else", path);
	s2_arena_free(a);
	s2_map_close(&map);
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
			a->dist[t] = d < 0 ? 0 : (float)d; /* NaN stays */
		}
	}
}

int s2_kmeans_assign(const s2_exec *x, const s2_kmeans *m, int32_t *units, float *dist, const float *features,
		     size_t rows, s2st_error *err)
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
