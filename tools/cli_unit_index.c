/* Where the unit lines of a file are, by name: the lines stay in the file. The first of a name counts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli_manifest.h"

int cli_unit_index_open(cli_unit_index *x, const char *path, s2st_error *err)
{
	*x = (cli_unit_index){.path = path, .f = fopen(path, "r")};
	if (!x->f)
		return cli_fail(err, S2ST_EIO, "%s: cannot open: %s", path, strerror(errno));
	char *line = NULL;
	size_t cap = 0, number = 0, at = 0, earlier;
	ssize_t got;
	int rc = s2st_names_new(&x->names, err);
	while (rc >= 0 && (got = getline(&line, &cap, x->f)) >= 0) {
		const char *bar = memrchr(line, '|', (size_t)got);
		number++;
		if (bar)
			rc = s2st_names_add(x->names, line, (size_t)(bar - line), at, &earlier, err);
		else
			rc = cli_fail(err, S2ST_EFORMAT, "%s:%zu: expected 'name|unit unit unit'", path, number);
		at += (size_t)got;
	}
	if (rc >= 0 && ferror(x->f))
		rc = cli_fail(err, S2ST_EIO, "%s: cannot read: %s", path, strerror(errno));
	free(line);
	return rc < 0 ? rc : S2ST_OK;
}

void cli_unit_index_close(cli_unit_index *x)
{
	if (x->f)
		fclose(x->f);
	s2st_names_free(x->names);
	*x = (cli_unit_index){0};
}

int cli_unit_index_find(cli_unit_index *x, const char *name, s2st_unit_line *out, s2st_error *err)
{
	char *line = NULL;
	size_t cap = 0, at;
	ssize_t got = -1;
	if (!s2st_names_find(x->names, name, strlen(name), &at))
		return cli_fail(err, S2ST_EINPUT, "%s has no units of '%s'", x->path, name);
	if (fseeko(x->f, (off_t)at, SEEK_SET) == 0)
		got = getline(&line, &cap, x->f);
	int rc = got < 0 ? cli_fail(err, S2ST_EIO, "%s: cannot read: %s", x->path, strerror(errno))
			 : s2st_unit_line_parse(out, line, (size_t)got, err);
	free(line);
	if (rc < 0)
		return rc;
	if (out->name && strcmp(out->name, name) == 0)
		return S2ST_OK;
	s2st_unit_line_free(out); /* another name with the same hash, or another file by now */
	return cli_fail(err, S2ST_EIO, "%s: the line of '%s' is not where it was", x->path, name);
}
