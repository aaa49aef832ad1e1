#include "audio/archives.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	PLACES = 8,          /* SpeechMatrix has one zip a language; a pair of them is read at a time */
	AROUND = 64 << 10,   /* bytes that come in with the first one that is touched */
	RESIDENT = 16 << 20, /* of an archive in the process; the system's cache has them anyway */
};

struct s2_archive {
	s2_map map;
	struct stat file; /* when it was mapped */
	size_t users;
	size_t last_use; /* by the clock of the archives */
	size_t touched;  /* bytes, at most, since the mapping was emptied */
	bool kept;       /* in a place */
};

struct s2st_archives {
	pthread_mutex_t lock; /* of all below */
	s2_archive *places[PLACES];
	size_t clock, opened;
};

int s2st_archives_new(s2st_archives **out, s2st_error *err)
{
	s2st_archives *a = calloc(1, sizeof *a);
	*out = a;
	if (!a)
		return s2_fail_mem(err, "archives");
	pthread_mutex_init(&a->lock, NULL);
	return S2ST_OK;
}

static void archive_free(s2_archive *archive)
{
	if (archive)
		s2_map_close(&archive->map);
	free(archive);
}

void s2st_archives_free(s2st_archives *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < PLACES; i++)
		archive_free(a->places[i]);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

static int archive_open(s2_archive **out, const char *path, s2st_error *err)
{
	s2_archive *archive = calloc(1, sizeof *archive);
	*out = NULL;
	if (!archive)
		return s2_fail_mem(err, path);
	/* Looked at first: should it be replaced in between, the next take sees a difference and maps it again. */
	if (stat(path, &archive->file) != 0)
		archive->file = (struct stat){0};
	archive->users = 1;
	int rc = s2_map_open(&archive->map, path, err);
	if (rc < 0) {
		archive_free(archive);
		return rc;
	}
	*out = archive;
	return S2ST_OK;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Takes it out of its place; whoever uses it gives it back last. */
static void drop(s2_archive **place)
{
	s2_archive *archive = *place;
	*place = NULL;
	if (!archive)
		return;
	archive->kept = false;
	if (archive->users == 0)
		archive_free(archive);
}

static s2_archive *find(s2st_archives *a, const char *path)
{
	struct stat now;
	for (size_t i = 0; i < PLACES; i++) {
		s2_archive *archive = a->places[i];
		if (!archive || strcmp(archive->map.path, path) != 0)
			continue;
		if (stat(path, &now) == 0 && is_same_file(&archive->file, &now))
			return archive;
		drop(&a->places[i]);
	}
	return NULL;
}

/* An empty place, or the one that was not used for longest; NULL: all are in use. */
static s2_archive **find_place(s2st_archives *a)
{
	s2_archive **oldest = NULL;
	for (size_t i = 0; i < PLACES; i++) {
		s2_archive **place = &a->places[i];
		if (!*place)
			return place;
		if ((*place)->users == 0 && (!oldest || (*place)->last_use < (*oldest)->last_use))
			oldest = place;
	}
	return oldest;
}

/* Pages of a mapping stay in the process as long as there is memory: those of slices read before would add up to the
 * whole archive. Who is reading one gets its pages back from the cache. */
static void make_room(s2_archive *archive, size_t n)
{
	n = n > AROUND ? n : AROUND;
	if (archive->touched > RESIDENT) {
		s2_map_forget(&archive->map);
		archive->touched = 0;
	}
	archive->touched = n < SIZE_MAX - archive->touched ? archive->touched + n : SIZE_MAX;
}

static int take(s2_archive **out, s2st_archives *a, const char *path, size_t n, s2st_error *err)
{
	*out = find(a, path);
	if (*out) {
		(*out)->users++;
	} else {
		S2_TRY(archive_open(out, path, err));
		a->opened++;
		s2_archive **place = find_place(a);
		if (place) {
			drop(place);
			*place = *out;
			(*out)->kept = true;
		}
	}
	(*out)->last_use = ++a->clock;
	make_room(*out, n);
	return S2ST_OK;
}

int s2_archive_take(s2_archive **out, s2st_archives *a, const char *path, size_t n, s2st_error *err)
{
	if (!a)
		return archive_open(out, path, err);
	pthread_mutex_lock(&a->lock);
	const int rc = take(out, a, path, n, err);
	pthread_mutex_unlock(&a->lock);
	return rc;
}

void s2_archive_give(s2st_archives *a, s2_archive *archive)
{
	if (!archive)
		return;
	if (a)
		pthread_mutex_lock(&a->lock);
	archive->users--;
	const bool unwanted = !archive->kept && archive->users == 0;
	if (a)
		pthread_mutex_unlock(&a->lock);
	if (unwanted)
		archive_free(archive);
}

const s2_map *s2_archive_map(const s2_archive *archive)
{
	return &archive->map;
}

size_t s2_archives_opened(s2st_archives *a)
{
	pthread_mutex_lock(&a->lock);
	const size_t n = a->opened;
	pthread_mutex_unlock(&a->lock);
	return n;
}
