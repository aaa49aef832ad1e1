/* A k-means quantizer: centroids, and the nearest of them for each feature row.
 *
 * Layer: models. Centroids come from scikit-learn's MiniBatchKMeans in a joblib file (km.bin, `cluster_centers_`;
 * nothing else of it is used) or from a .npy matrix. Assignment is scikit-learn's: argmin over k of |c|^2 - 2 x.c in
 * float32, the lowest k on ties (simple_kmeans/dump_km_label.py:45-51 adds |x|^2, the same for every k). */
#ifndef S2_MODELS_KMEANS_H
#define S2_MODELS_KMEANS_H

#include <stdint.h>

#include "base/arena.h"
#include "math/gemm.h"

typedef struct s2_kmeans {
	s2_arena *arena;
	size_t k, dim;
	const float *centroids; /* [k, dim] */
	const float *norms;     /* [k] squared norms */
} s2_kmeans;

S2ST_CHECK int s2_kmeans_open(s2_kmeans **out, const char *path, s2st_error *err);
/* Copies `centroids` [k, dim]; refuses values that are not finite. `name` is for messages. */
S2ST_CHECK int s2_kmeans_new(s2_kmeans **out, const float *centroids, size_t k, size_t dim, const char *name,
			     s2st_error *err);
void s2_kmeans_free(s2_kmeans *m);

/* units [rows] of features [rows, dim]; dist (or NULL) [rows] gets the squared distances. Scratch follows a block of
 * rows. */
S2ST_CHECK int s2_kmeans_assign(const s2_exec *x, const s2_kmeans *m, int32_t *units, float *dist,
				const float *features, size_t rows, s2st_error *err);

#endif
