/* The state of a training on disk: a line of text with all numbers, then the centroids (float32) and counts (float64).
 *
 *   s2st-kmeans-2 k dim rows batch n_init max_iter max_no_improvement tol reassignment_ratio fraction seed features
 *   step since_reassigned no_improvement absolute_tol inertia smoothed best random[5] */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "models/kmeans_train.h"

enum { LINE = 1024 };
static const char kind[] = "s2st-kmeans-2 ";

/* What has to be the same for a training to go on. */
static int print_setting(const s2_kmeans_trainer *t, char *out, size_t size)
{
	const s2st_kmeans_options *o = &t->opt;
	return snprintf(out, size, "%s%zu %zu %zu %zu %d %d %d %a %a %a %llu %llx", kind, t->k, t->dim, t->rows.n,
			t->batch, o->n_init, o->max_iter, o->max_no_improvement, o->tol, o->reassignment_ratio,
			o->fraction, (unsigned long long)o->seed, (unsigned long long)t->features);
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

/* The next number of the line, base 10 or 16; false: there is none, or it is too large. */
static bool take_whole(const char **at, int base, unsigned long long *out)
{
	char *end;
	errno = 0;
	*out = strtoull(*at, &end, base);
	bool ok = end != *at && errno == 0 && !memchr(*at, '-', (size_t)(end - *at));
	*at = end;
	return ok;
}

static bool take_real(const char **at, double *out)
{
	char *end;
	*out = strtod(*at, &end);
	bool ok = end != *at;
	*at = end;
	return ok;
}

static bool read_line(s2_kmeans_trainer *t, const char *line)
{
	unsigned long long step[3], state[2], increment[2], kept[2];
	double *const reals[] = {&t->tol, &t->inertia, &t->smoothed, &t->best};
	const char *at = line;
	bool ok = true;
	for (size_t i = 0; i < 3; i++)
		ok = ok && take_whole(&at, 10, &step[i]);
	for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
		ok = ok && take_real(&at, reals[i]);
	for (size_t i = 0; i < 2; i++)
		ok = ok && take_whole(&at, 16, &state[i]);
	for (size_t i = 0; i < 2; i++)
		ok = ok && take_whole(&at, 16, &increment[i]);
	ok = ok && take_whole(&at, 16, &kept[0]) && take_whole(&at, 10, &kept[1]) && *at == 0;
	if (!ok || kept[0] > UINT32_MAX)
		return false;
	t->step = step[0];
	t->since_reassigned = step[1];
	t->no_improvement = step[2];
	s2_random r = {0};
	r.state = (unsigned __int128)state[0] << 64 | state[1];
	r.increment = (unsigned __int128)increment[0] << 64 | increment[1];
	r.kept = (uint32_t)kept[0];
	r.has_kept = kept[1] != 0;
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
	if (n < sizeof kind || memcmp(map->bytes, kind, sizeof kind - 1) != 0)
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
