/* Mini-batch k-means (Sculley 2010) as scikit-learn 1.2 has it: cluster/_kmeans.py, MiniBatchKMeans.fit.
 *
 *   n_init times: k-means++ over init_size = 3 * batch_size rows; the start with the least inertia over another such
 *   sample is taken. Then up to max_iter * n / batch_size steps, each:
 *     batch_size rows drawn with replacement; each goes to its nearest centroid;
 *     a centroid becomes the mean of all rows it ever got (weights in `counts`);
 *     now and then centroids that got less than reassignment_ratio * the most are set to rows of the batch.
 *   It ends when the moving average of the batches' inertia has not fallen for max_no_improvement steps, or when the
 *   squared movement of the centroids is at most tol * the mean variance of a feature.
 *
 * Layer: models. All sums run over rows in their order and are split by column only: threads do not change them. */
#ifndef S2_MODELS_KMEANS_TRAIN_H
#define S2_MODELS_KMEANS_TRAIN_H

#include "base/random.h"
#include "models/kmeans.h"
#include "formats/rows.h"

typedef struct s2_kmeans_trainer {
	s2st_kmeans_options opt;
	s2_rows rows;
	s2_exec x;
	size_t k, dim, batch, init_size;
	size_t n_steps;
	double tol; /* absolute */
	uint64_t features; /* hash of the files, which save and load compare */

	float *sample;   /* [max(batch, init_size), dim] rows at hand */
	uint32_t *which; /* their numbers */
	int32_t *labels;
	float *dist;

	/* what save and load keep */
	float *centroids; /* [k, dim] */
	double *counts;   /* [k] rows that made the centroid */
	s2_random random;
	size_t step; /* steps done; 0: not started */
	size_t since_reassigned;
	size_t no_improvement;
	double inertia, smoothed, best; /* smoothed < 0: none yet; best INFINITY: likewise */
	bool ended_by_tol;
	bool started;
} s2_kmeans_trainer;

S2ST_CHECK int s2_kmeans_trainer_init(s2_kmeans_trainer *t, const char *const *files, size_t n,
				      const s2st_kmeans_options *opt, s2_pool *pool, const s2_kernels *kernels,
				      s2st_error *err);
void s2_kmeans_trainer_free(s2_kmeans_trainer *t); /* also after a failed init */

S2ST_CHECK int s2_kmeans_trainer_step(s2_kmeans_trainer *t, s2st_error *err); /* 1 more to do, 0 ended */
const char *s2_kmeans_trainer_end(const s2_kmeans_trainer *t);                /* NULL: not ended */
S2ST_CHECK int s2_kmeans_trainer_inertia(s2_kmeans_trainer *t, double *out, s2st_error *err);

/* Sum of the squared distances of rows [n, dim] to their nearest of `centroids`; t->labels [n] gets these. */
S2ST_CHECK int s2_kmeans_trainer_assign(s2_kmeans_trainer *t, const float *centroids, const float *rows, size_t n,
					double *inertia, s2st_error *err);
/* k-means++ over rows [n, dim] into out [k, dim] (kmeans_init.c). */
S2ST_CHECK int s2_kmeans_plusplus(s2_kmeans_trainer *t, float *out, const float *rows, size_t n, s2st_error *err);

S2ST_CHECK int s2_kmeans_trainer_save(const s2_kmeans_trainer *t, const char *path, s2st_error *err);
S2ST_CHECK int s2_kmeans_trainer_load(s2_kmeans_trainer *t, const char *path, s2st_error *err);

#endif
