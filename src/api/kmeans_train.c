/* s2st_kmeans_trainer_* of the public header over models/kmeans_train.h. */
#include "models/kmeans_train.h"

#include <stdlib.h>

#include "api/context.h"

struct s2st_kmeans_trainer {
	s2_kmeans_trainer t;
};

int s2st_kmeans_trainer_new(s2st_kmeans_trainer **out, s2st_context *ctx, const char *const *files, size_t n_files,
			    const s2st_kmeans_options *opt, s2st_error *err)
{
	*out = NULL;
	s2st_kmeans_trainer *t = calloc(1, sizeof *t);
	if (!t)
		return s2_fail_mem(err, "k-means training");
	int rc = s2_kmeans_trainer_init(&t->t, files, n_files, opt, ctx->pool, ctx->kernels, err);
	if (rc < 0)
		s2st_kmeans_trainer_free(t);
	else
		*out = t;
	return rc;
}

void s2st_kmeans_trainer_free(s2st_kmeans_trainer *t)
{
	if (!t)
		return;
	s2_kmeans_trainer_free(&t->t);
	free(t);
}

int s2st_kmeans_trainer_step(s2st_kmeans_trainer *t, s2st_error *err)
{
	return s2_kmeans_trainer_step(&t->t, err);
}

void s2st_kmeans_trainer_get(const s2st_kmeans_trainer *t, s2st_kmeans_progress *out)
{
	const s2_kmeans_trainer *m = &t->t;
	*out = (s2st_kmeans_progress){
		.rows = (int64_t)m->rows.n,
		.step = (int64_t)m->step,
		.n_steps = (int64_t)m->n_steps,
		.dim = (int)m->dim,
		.inertia = m->inertia,
		.smoothed = m->smoothed < 0 ? m->inertia : m->smoothed,
		.end = s2_kmeans_trainer_end(m),
		.centroids = m->centroids,
	};
}

int s2st_kmeans_trainer_inertia(s2st_kmeans_trainer *t, double *out, s2st_error *err)
{
	return s2_kmeans_trainer_inertia(&t->t, out, err);
}

int s2st_kmeans_trainer_save(const s2st_kmeans_trainer *t, const char *path, s2st_error *err)
{
	return s2_kmeans_trainer_save(&t->t, path, err);
}

int s2st_kmeans_trainer_load(s2st_kmeans_trainer *t, const char *path, s2st_error *err)
{
	return s2_kmeans_trainer_load(&t->t, path, err);
}
