/* What results depend on besides their inputs: the contents of models and other files, and the options. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "cli_run.h"

typedef struct depend {
	char *path;
	bool named; /* the path counts too */
	s2st_stamp stamp;
} depend;

struct cli_depends {
	depend *files;
	size_t n;
};

static int add_file(cli *c, const char *path, bool named, s2st_error *err)
{
	if (!c->depends && !(c->depends = calloc(1, sizeof *c->depends)))
		return cli_fail_memory(err);
	struct cli_depends *d = c->depends;
	depend *files = reallocarray(d->files, d->n + 1, sizeof *files);
	if (!files)
		return cli_fail_memory(err);
	d->files = files;
	files[d->n].named = named;
	files[d->n].path = strdup(path);
	if (!files[d->n].path)
		return cli_fail_memory(err);
	return s2st_stamp_get(&files[d->n++].stamp, path, S2ST_STAMP_SAMPLED, err);
}

/* The files right in a folder, as a Hugging Face model has them. */
static int add_folder(cli *c, const char *dir, bool named, s2st_error *err)
{
	DIR *d = opendir(dir);
	int rc = S2ST_OK;
	if (!d)
		return S2ST_OK; /* who reads it says so */
	/* cppcheck-suppress readdirCalled ; the stream is this call's own, for which readdir is safe */
	for (const struct dirent *e; rc == S2ST_OK && (e = readdir(d));) {
		char *path = NULL;
		if (e->d_name[0] == '.')
			continue;
		if (asprintf(&path, "%s/%s", dir, e->d_name) < 0) {
			rc = cli_fail_memory(err);
			break;
		}
		if (cli_is_file(path))
			rc = add_file(c, path, named, err);
		free(path);
	}
	closedir(d);
	return rc;
}

static int add(cli *c, const char *path, bool named, s2st_error *err)
{
	if (!path || !cli_exists(path))
		return S2ST_OK; /* who opens it says so */
	if (cli_is_folder(path))
		return add_folder(c, path, named, err);
	return cli_is_file(path) ? add_file(c, path, named, err) : S2ST_OK;
}

int cli_depend(cli *c, const char *file, s2st_error *err)
{
	return add(c, file, false, err);
}

int cli_depend_input(cli *c, const char *file, s2st_error *err)
{
	return add(c, file, true, err);
}

int cli_depend_beside(cli *c, const char *file, const char *name, s2st_error *err)
{
	const char *slash = strrchr(file, '/');
	char *path = NULL;
	if (asprintf(&path, "%.*s%s", slash ? (int)(slash - file) + 1 : 0, file, name) < 0)
		return cli_fail_memory(err);
	int rc = cli_depend(c, path, err);
	free(path);
	return rc;
}

int cli_depends_check(cli *c, s2st_error *err)
{
	struct cli_depends *d = c->depends;
	for (size_t i = 0; d && i < d->n; i++) {
		depend *f = &d->files[i];
		s2st_stamp now;
		int rc = s2st_stamp_get(&now, f->path, S2ST_STAMP_TIME, err);
		if (rc == S2ST_OK && now.size == f->stamp.size && now.changed == f->stamp.changed &&
		    now.inode == f->stamp.inode)
			continue;
		/* What was mapped has a hole if a page has ever gone, though the file may be whole again. */
		const bool torn = cli_maps_lost() > 0;
		if (rc == S2ST_OK && !torn)
			rc = s2st_stamp_get(&now, f->path, S2ST_STAMP_SAMPLED, err);
		if (rc < 0 || torn || now.hash != f->stamp.hash)
			return cli_fail(err, S2ST_EMODEL,
					"%s: was replaced while this run used it: what was done since is not recorded, "
					"run it again%s",
					f->path, c->no_resume ? "" : " with --resume");
		f->stamp = now; /* touched, or copied: the same */
	}
	return S2ST_OK;
}

void cli_depends_free(cli *c)
{
	for (size_t i = 0; c->depends && i < c->depends->n; i++)
		free(c->depends->files[i].path);
	if (c->depends)
		free(c->depends->files);
	free(c->depends);
	c->depends = NULL;
}

/* ---- options ---- */

static bool is_among(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* Its value is the path of a file whose contents count. */
static bool is_depend(const cli *c, const char *value)
{
	for (size_t i = 0; c->depends && i < c->depends->n; i++)
		if (strcmp(value, c->depends->files[i].path) == 0)
			return true;
	return false;
}

static uint64_t hash_text(uint64_t h, const char *s)
{
	return s2st_hash(h, s, strlen(s) + 1);
}

static uint64_t hash_option(uint64_t h, const cli *c, const cli_option *o)
{
	/* They say what is done and where it goes, not what comes out; whether there is one counts of `places`. */
	static const char *const ignored[] = {"help",   "version",  "quiet",     "verbose",  "jobs",
					      "shard",  "resume",   "overwrite", "dry-run",  "report",
					      "pack",   "output",   "units-out", "recursive", "batch",
					      "export-npy", NULL};
	static const char *const places[] = {"features-out", "encoder-out", "logprobs-out", "logits-out",
					     "attention-out", NULL};
	const char *text;
	if (is_among(o->name, ignored) || (c->idle && is_among(o->name, c->idle)))
		return h;
	h = hash_text(h, o->name);
	switch (o->kind) {
	case CLI_FLAG: return s2st_hash(h, o->to, sizeof(bool));
	case CLI_INT:
	case CLI_CHOICE: return s2st_hash(h, o->to, sizeof(int));
	case CLI_REAL: return s2st_hash(h, o->to, sizeof(double));
	case CLI_TEXT:
		text = *(const char *const *)o->to;
		if (!text || is_depend(c, text))
			return h;
		return hash_text(h, is_among(o->name, places) ? "asked for" : text);
	case CLI_HELP:
	case CLI_VERSION: break;
	}
	return h;
}

static uint64_t hash_file(const depend *f)
{
	const uint64_t h = s2st_hash(f->stamp.hash, &f->stamp.size, sizeof f->stamp.size);
	return f->named ? hash_text(h, f->path) : h;
}

uint64_t cli_config_hash(const cli *c)
{
	uint64_t files = 0, h = hash_text(S2ST_HASH_START, c->tool);
	h = hash_text(h, s2st_version());
	for (size_t g = 0; g < c->n_groups; g++)
		for (size_t i = 0; i < c->groups[g].n; i++)
			h = hash_option(h, c, &c->groups[g].options[i]);
	/* A sum: folders have no order. */
	for (size_t i = 0; c->depends && i < c->depends->n; i++)
		files += hash_file(&c->depends->files[i]);
	return s2st_hash(h, &files, sizeof files);
}
