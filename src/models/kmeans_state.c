/* The state of a training on disk: a line of text with all numbers, then the centroids (float32) and counts (float64).
 *
 *   s2st-kmeans-1 k dim rows batch n_init reassignment_ratio seed step since_reassigned no_improvement inertia smoothed
 *   best random[5] */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "models/kmeans_train.h"

enum { LINE = 1024 };

/* What has to be the same for a training to go on. */
static int print_setting(const s2_kmeans_trainer *t, char *out, size_t size)
{
	return snprintf(out, size, "s2st-kmeans-1 %zu %zu %zu %zu %d %a %llu", t->k, t->dim, t->rows.n, t->batch,
			t->opt.n_init, t->opt.reassignment_ratio, (unsigned long long)t->opt.seed);
}

static unsigned long long half(unsigned __int128 x, int upper)
{
	return (unsigned long long)(upper ? x >> 64 : x);
}

static int write_state(const s2_kmeans_trainer *t, s2st_writer *w, s2st_error *err)
{
	char setting[LINE / 2];
	const s2_random *r = &t->random;
	print_setting(t, setting, sizeof setting);
	S2_TRY(s2st_writer_printf(w, err, "%s %zu %zu %zu %a %a %a %a %llx %llx %llx %llx %x %d\n", setting, t->step,
				  t->since_reassigned, t->no_improvement, t->tol, t->inertia, t->smoothed, t->best,
				  half(r->state, 1), half(r->state, 0), half(r->increment, 1), half(r->increment, 0),
				  r->kept, r->has_kept));
	S2_TRY(s2st_writer_write(w, t->centroids, t->k * t->dim * sizeof *t->centroids, err));
	return s2st_writer_write(w, t->counts, t->k * sizeof *t->counts, err);
}

int s2_kmeans_trainer_save(const s2_kmeans_trainer *t, const char *path, s2st_error *err)
{
	s2st_writer *w;
	if (!t->started)
		return s2_fail(err, S2ST_EINPUT, "%s: the training has not begun", path);
	S2_TRY(s2st_writer_open(&w, path, err));
	int rc = write_state(t, w, err);
	if (rc < 0)
		s2st_writer_abort(w);
	else
		rc = s2st_writer_commit(w, err);
	return rc;
}

static bool read_line(s2_kmeans_trainer *t, const char *line)
{
	unsigned long long state[2], increment[2];
	int kept, n = 0;
	s2_random r = {0};
	if (sscanf(line, " %zu %zu %zu %la %la %la %la %llx %llx %llx %llx %x %d%n", &t->step, &t->since_reassigned,
		   &t->no_improvement, &t->tol, &t->inertia, &t->smoothed, &t->best, &state[0], &state[1],
		   &increment[0], &increment[1], &r.kept, &kept, &n) != 13 || line[n])
		return false;
	r.state = (unsigned __int128)state[0] << 64 | state[1];
	r.increment = (unsigned __int128)increment[0] << 64 | increment[1];
	r.has_kept = kept != 0;
	t->random = r;
	return (r.increment & 1) == 1 && t->step > 0 && t->tol >= 0 && !isnan(t->smoothed) && !isnan(t->best);
}

static bool are_finite(const s2_kmeans_trainer *t)
{
	bool ok = true;
	for (size_t i = 0; i < t->k * t->dim; i++)
		ok &= isfinite(t->centroids[i]) != 0;
	for (size_t i = 0; i < t->k; i++)
		ok &= t->counts[i] >= 0 && isfinite(t->counts[i]);
	return ok;
}

static int read_state(s2_kmeans_trainer *t, const s2_map *map, s2st_error *err)
{
	char setting[LINE / 2], line[LINE];
	const size_t centroids = t->k * t->dim * sizeof *t->centroids, counts = t->k * sizeof *t->counts;
	const unsigned char *end = memchr(map->bytes, '\n', s2_min(map->size, LINE));
	const size_t n = end ? (size_t)(end - map->bytes) : 0;
	if (n < 14 || memcmp(map->bytes, "s2st-kmeans-1 ", 14) != 0)
		return s2_fail(err, S2ST_EFORMAT, "%s: expected the state of a k-means training, found something else",
			       map->path);
	memcpy(line, map->bytes, n);
	line[n] = 0;
	const size_t length = (size_t)print_setting(t, setting, sizeof setting);
	if (strncmp(line, setting, length) != 0 || line[length] != ' ')
		return s2_fail(err, S2ST_EINPUT,
			       "%s: the training that was stopped had other features or options: remove the file, or "
			       "start again with the same ones",
			       map->path);
	if (map->size != n + 1 + centroids + counts || !read_line(t, line + length))
		return s2_fail(err, S2ST_EFORMAT, "%s: the state of the training is damaged", map->path);
	memcpy(t->centroids, end + 1, centroids);
	memcpy(t->counts, end + 1 + centroids, counts);
	t->started = true;
	return are_finite(t) ? S2ST_OK
			     : s2_fail(err, S2ST_EFORMAT, "%s: the state of the training is damaged", map->path);
}

int s2_kmeans_trainer_load(s2_kmeans_trainer *t, const char *path, s2st_error *err)
{
	s2_map map;
	S2_TRY(s2_map_open(&map, path, err));
	int rc = read_state(t, &map, err);
	s2_map_close(&map);
	return rc;
}
