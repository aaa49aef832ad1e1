/* Where the unit lines of a file are, by name: 16 bytes a line in memory, whatever the length of the lines. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

struct cli_unit_place {
	uint64_t hash; /* of the name; 0: a free place */
	off_t at;      /* of the line */
};

static uint64_t hash(const char *s, size_t n)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 1099511628211u;
	return h ? h : 1;
}

/* First place for this hash from i on: one that has it, or a free one. */
static size_t probe(const cli_unit_index *x, uint64_t h, size_t i)
{
	i &= x->cap - 1;
	while (x->places[i].hash && x->places[i].hash != h)
		i = (i + 1) & (x->cap - 1);
	return i;
}

static int put(cli_unit_index *x, uint64_t h, off_t at, s2st_error *err)
{
	if (x->n * 2 >= x->cap) {
		cli_unit_index wider = {.cap = x->cap ? 2 * x->cap : 1024};
		wider.places = calloc(wider.cap, sizeof *wider.places);
		if (!wider.places)
			return cli_fail_memory(err);
		for (size_t i = 0; i < x->cap; i++) {
			size_t to = (size_t)x->places[i].hash;
			if (!x->places[i].hash)
				continue;
			while (wider.places[to &= wider.cap - 1].hash)
				to++;
			wider.places[to] = x->places[i];
		}
		free(x->places);
		x->places = wider.places;
		x->cap = wider.cap;
	}
	size_t i = (size_t)h;
	while (x->places[i &= x->cap - 1].hash)
		i++;
	x->places[i] = (struct cli_unit_place){h, at};
	x->n++;
	return S2ST_OK;
}

int cli_unit_index_open(cli_unit_index *x, const char *path, s2st_error *err)
{
	*x = (cli_unit_index){.path = path, .f = fopen(path, "r")};
	if (!x->f)
		return cli_fail(err, S2ST_EIO, "%s: cannot open: %s", path, strerror(errno));
	char *line = NULL;
	size_t cap = 0, number = 0;
	off_t at = 0;
	ssize_t got;
	int rc = S2ST_OK;
	while (rc == S2ST_OK && (got = getline(&line, &cap, x->f)) >= 0) {
		const char *bar = memchr(line, '|', (size_t)got);
		number++;
		if (bar)
			rc = put(x, hash(line, (size_t)(bar - line)), at, err);
		else
			rc = cli_fail(err, S2ST_EFORMAT, "%s:%zu: expected 'name|unit unit unit'", path, number);
		at += got;
	}
	if (rc == S2ST_OK && ferror(x->f))
		rc = cli_fail(err, S2ST_EIO, "%s: cannot read: %s", path, strerror(errno));
	free(line);
	return rc;
}

void cli_unit_index_close(cli_unit_index *x)
{
	if (x->f)
		fclose(x->f);
	free(x->places);
	*x = (cli_unit_index){0};
}

int cli_unit_index_find(cli_unit_index *x, const char *name, s2st_unit_line *out, s2st_error *err)
{
	const uint64_t h = hash(name, strlen(name));
	for (size_t i = (size_t)h; x->cap; i++) {
		i = probe(x, h, i);
		if (!x->places[i].hash)
			break;
		char *line = NULL;
		size_t cap = 0;
		ssize_t got = -1;
		if (fseeko(x->f, x->places[i].at, SEEK_SET) == 0)
			got = getline(&line, &cap, x->f);
		int rc = got < 0 ? cli_fail(err, S2ST_EIO, "%s: cannot read: %s", x->path, strerror(errno))
				 : s2st_unit_line_parse(out, line, (size_t)got, err);
		free(line);
		if (rc < 0)
			return rc;
		if (out->name && strcmp(out->name, name) == 0)
			return S2ST_OK;
		s2st_unit_line_free(out); /* another name with the same hash */
	}
	return cli_fail(err, S2ST_EINPUT, "%s has no units of '%s'", x->path, name);
}
