/* What an earlier run has done, so that --resume need not do it again.
 *
 * A journal in the folder of the outputs (".s2st-state", or ".s2st-state.I-of-N" with --shard: each process has a file
 * of its own, and reads all), or beside the one output file (".FILE.s2st-state"). A record belongs to one row, one
 * configuration and one state of the input, and is written after the outputs are in place:
 *
 *   input size, change, hash \t seconds, frames \t number of outputs { \t size \t path }
 *   \t length of text \n text units
 *
 * A row is done if its input is the same (by size and time of change, or else by its contents) and its outputs have
 * their sizes. */
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli_run.h"

#define STATE ".s2st-state"

/* ---- the journal ---- */

static int read_all(cli_state *s, const char *dir, s2st_error *err)
{
	DIR *d = opendir(dir);
	int rc = S2ST_OK;
	if (!d)
		return S2ST_OK;
	/* cppcheck-suppress readdirCalled ; the stream is this call's own, for which readdir is safe */
	for (const struct dirent *e; rc == S2ST_OK && (e = readdir(d));) {
		char *path = NULL;
		if (strncmp(e->d_name, STATE, sizeof STATE - 1) != 0)
			continue;
		if (asprintf(&path, "%s/%s", dir, e->d_name) < 0)
			rc = cli_fail_memory(err);
		else
			rc = s2st_journal_read(s->journal, path, err);
		free(path);
	}
	closedir(d);
	return rc;
}

static int open_in_folder(cli_state *s, const cli *c, s2st_error *err)
{
	char part[40] = "", *path = NULL;
	if (c->n_shards > 1)
		snprintf(part, sizeof part, ".%d-of-%d", c->shard, c->n_shards);
	if (asprintf(&path, "%s/" STATE "%s", s->folder, part) < 0)
		return cli_fail_memory(err);
	const bool used = cli_exists(path);
	int rc = c->dry_run && !used ? S2ST_OK : s2st_journal_open(&s->journal, path, err);
	if (rc == S2ST_OK && used && !c->dry_run)
		s2st_remove_leftovers(s->folder, true);
	if (rc == S2ST_OK && s->look && s->journal)
		rc = read_all(s, s->folder, err);
	free(path);
	return rc;
}

static int open_beside(cli_state *s, const cli *c, const char *file, s2st_error *err)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	char *dir = NULL, *path = NULL;
	int rc = S2ST_OK;
	if (asprintf(&dir, "%.*s", (int)(base - file), file) < 0 || asprintf(&path, "%s.%s" STATE, dir, base) < 0)
		rc = cli_fail_memory(err);
	if (rc == S2ST_OK && !(c->dry_run && !cli_exists(path))) {
		rc = s2st_journal_open(&s->journal, path, err);
		if (rc == S2ST_OK && !c->dry_run)
			s2st_remove_leftovers(*dir ? dir : ".", false);
		if (rc == S2ST_OK)
			rc = s2st_journal_read(s->journal, path, err);
	}
	free(dir);
	free(path);
	return rc;
}

int cli_state_open(cli_state *s, const cli *c, const cli_work *w, s2st_error *err)
{
	*s = (cli_state){.folder = w->folder, .look = c->resume, .config = cli_config_hash(c), .archives = c->archives};
	if (w->folder)
		return open_in_folder(s, c, err);
	if (w->file && c->resume && strcmp(w->file, "-") != 0 && (cli_is_file(w->file) || !cli_exists(w->file)))
		return open_beside(s, c, w->file, err);
	return S2ST_OK;
}

void cli_state_close(cli_state *s)
{
	s2st_journal_free(s->journal);
	s->journal = NULL;
}

/* ---- records ---- */

static uint64_t key_of(const cli_state *s, const cli_work *w, const s2st_input *row)
{
	const char *const texts[] = {row->id, w->audio ? row->path : "", row->target};
	uint64_t h = s->config;
	for (size_t i = 0; i < 3; i++)
		if (texts[i])
			h = s2st_hash(h, texts[i], strlen(texts[i]) + 1);
	return w->by_index ? s2st_hash(h, &row->index, sizeof row->index) : h;
}

/* Rows without a file, and audio that came through stdin, have an empty stamp: what they are is in the key, or
 * unknown. A pair has one of both. */
static int stamp_of(const cli_state *s, const cli_work *w, const s2st_input *row, s2st_stamp_kind kind, s2st_stamp *out,
		    s2st_error *err)
{
	*out = (s2st_stamp){0};
	int rc = w->audio ? s2st_archives_stamp(out, s->archives, row->path, kind, err) : S2ST_OK;
	if (rc < 0 || !w->paired || !row->target)
		return rc;
	s2st_stamp target;
	rc = s2st_archives_stamp(&target, s->archives, row->target, kind, err);
	if (rc < 0)
		return rc;
	out->size += target.size;
	out->changed = (int64_t)s2st_hash((uint64_t)out->changed, &target.changed, sizeof target.changed);
	out->inode = s2st_hash(out->inode, &target.inode, sizeof target.inode);
	out->hash = s2st_hash(out->hash, &target.hash, sizeof target.hash);
	return S2ST_OK;
}

/* Paths in the folder are kept without it: it may be moved. */
static const char *short_path(const cli_state *s, const char *path)
{
	const size_t n = s->folder ? strlen(s->folder) : 0;
	if (n == 0 || strncmp(path, s->folder, n) != 0)
		return path;
	path += n;
	return path + strspn(path, "/");
}

static int full_path(const cli_state *s, const char *kept, char **out, s2st_error *err)
{
	int n = s->folder && kept[0] != '/' ? asprintf(out, "%s/%s", s->folder, kept) : asprintf(out, "%s", kept);
	return n < 0 ? cli_fail_memory(err) : S2ST_OK;
}

static int print_record(FILE *f, const cli_state *s, const s2st_stamp *in, const cli_result *r, s2st_error *err)
{
	fprintf(f, "%" PRId64 " %" PRId64 " %" PRIu64 "\t%.17g %zu\t%zu", in->size, in->changed, in->hash, r->seconds,
		r->frames, r->n_outputs);
	for (size_t i = 0; i < r->n_outputs; i++) {
		s2st_stamp out;
		int rc = s2st_stamp_get(&out, r->outputs[i], S2ST_STAMP_TIME, err);
		if (rc < 0)
			return rc;
		const char *path = short_path(s, r->outputs[i]);
		fprintf(f, "\t%" PRId64 " %zu %s", out.size, strlen(path), path);
	}
	fprintf(f, "\t%zu %s%s", r->text.n, r->text.n ? r->text.bytes : "", r->units.n ? r->units.bytes : "");
	return S2ST_OK;
}

void cli_state_begin(const cli_state *s, const cli_work *w, cli_item *item)
{
	s2st_error ignored;
	if (!s->journal || stamp_of(s, w, &item->row, S2ST_STAMP_TIME, &item->before, &ignored) < 0)
		item->before = (s2st_stamp){0};
}

static bool is_unchanged(const s2st_stamp *before, const s2st_stamp *after)
{
	return before->size == after->size && before->changed == after->changed && before->inode == after->inode;
}

int cli_state_add(const cli_state *s, const cli_work *w, const cli_item *item, s2st_error *err)
{
	char *text = NULL;
	size_t n = 0;
	s2st_stamp in;
	s2st_error ignored;
	if (!s->journal || item->result.n_samples || strlen(item->result.text.bytes) != item->result.text.n)
		return S2ST_OK; /* samples for a stream, and bytes that are no text, are not kept */
	if (stamp_of(s, w, &item->row, S2ST_STAMP_FULL, &in, &ignored) < 0 || !is_unchanged(&item->before, &in))
		return S2ST_OK; /* it was replaced meanwhile, or is stdin: it will be done again */
	FILE *f = open_memstream(&text, &n);
	if (!f)
		return cli_fail_memory(err);
	int rc = print_record(f, s, &in, &item->result, err);
	if (fclose(f) != 0 && rc == S2ST_OK)
		rc = cli_fail_memory(err);
	if (rc == S2ST_OK)
		rc = s2st_journal_add(s->journal, key_of(s, w, &item->row), text, err);
	free(text);
	return rc;
}

/* ---- looking up ---- */

static bool is_same_input(const cli_state *s, const cli_work *w, const s2st_input *row, int64_t size, int64_t changed,
			  uint64_t hash)
{
	s2st_stamp now;
	s2st_error ignored;
	if (stamp_of(s, w, row, S2ST_STAMP_TIME, &now, &ignored) < 0 || now.size != size)
		return false;
	if (now.changed == changed)
		return true;
	return stamp_of(s, w, row, S2ST_STAMP_FULL, &now, &ignored) == S2ST_OK && now.hash == hash;
}

/* Takes a number and the character behind it. */
static bool take_number(char **p, long long *out)
{
	char *end;
	*out = strtoll(*p, &end, 10);
	if (end == *p || !*end)
		return false;
	*p = end + 1;
	return true;
}

/* "size length path": is the output there, as it was? Adds it to the result. */
static int take_output(const cli_state *s, char **p, cli_result *r, s2st_error *err)
{
	long long size, length;
	s2st_stamp now;
	s2st_error missing;
	if (!take_number(p, &size) || !take_number(p, &length) || length < 0 ||
	    strnlen(*p, (size_t)length) < (size_t)length)
		return 0;
	char *end = *p + length, *path;
	const char stop = *end;
	*end = 0;
	int rc = full_path(s, *p, &path, err);
	*end = stop;
	*p = stop ? end + 1 : end;
	if (rc < 0)
		return rc;
	const bool same = s2st_stamp_get(&now, path, S2ST_STAMP_TIME, &missing) == S2ST_OK && now.size == size;
	char **outputs = reallocarray(r->outputs, r->n_outputs + 1, sizeof *outputs);
	if (!outputs) {
		free(path);
		return cli_fail_memory(err);
	}
	r->outputs = outputs;
	outputs[r->n_outputs++] = path;
	return same;
}

static int take_text(cli_text *t, const char *bytes, size_t n, s2st_error *err)
{
	t->bytes = strndup(bytes, n);
	t->n = n;
	return t->bytes ? S2ST_OK : cli_fail_memory(err);
}

static int parse(const cli_state *s, const cli_work *w, const s2st_input *row, char *p, cli_result *r, s2st_error *err)
{
	long long size, changed, frames, n, length;
	char *end;
	if (!take_number(&p, &size) || !take_number(&p, &changed))
		return 0;
	const uint64_t hash = strtoull(p, &end, 10);
	r->seconds = strtod(end, &p);
	if (!take_number(&p, &frames) || !take_number(&p, &n) || !is_same_input(s, w, row, size, changed, hash))
		return 0;
	r->frames = (size_t)frames;
	for (long long i = 0; i < n; i++) {
		int rc = take_output(s, &p, r, err);
		if (rc <= 0)
			return rc;
	}
	if (!take_number(&p, &length) || length < 0 || strnlen(p, (size_t)length) < (size_t)length)
		return 0;
	int rc = take_text(&r->text, p, (size_t)length, err);
	if (rc == S2ST_OK)
		rc = take_text(&r->units, p + length, strlen(p + length), err);
	return rc < 0 ? rc : 1;
}

int cli_state_find(const cli_state *s, const cli_work *w, const s2st_input *row, cli_result *result, s2st_error *err)
{
	char *record = NULL;
	if (!s->journal || !s->look)
		return 0;
	int rc = s2st_journal_find(s->journal, key_of(s, w, row), &record, err);
	if (rc > 0)
		rc = parse(s, w, row, record, result, err);
	if (rc <= 0)
		cli_result_free(result);
	free(record);
	return rc;
}

/* ---- one file of all inputs ---- */

/* One row stands for all of them. */
static s2st_input whole_row(const cli *c)
{
	uint64_t h = c->inputs;
	for (size_t i = 0; i < c->n_args; i++)
		h = s2st_hash(h, c->args[i], strlen(c->args[i]) + 1);
	return (s2st_input){.id = "", .path = "", .index = h};
}

int cli_whole_find(const cli *c, const char *file, s2st_error *err)
{
	const cli_work w = {.file = file, .by_index = true};
	const s2st_input row = whole_row(c);
	cli_result result = {0};
	cli_state state;
	int rc = cli_state_open(&state, c, &w, err);
	if (rc == S2ST_OK)
		rc = cli_state_find(&state, &w, &row, &result, err);
	cli_result_free(&result);
	cli_state_close(&state);
	return rc;
}

int cli_whole_add(const cli *c, const char *const *files, size_t n_files, s2st_error *err)
{
	const cli_work w = {.file = files[0], .by_index = true};
	char text[] = "", **outputs = (char **)(uintptr_t)files; /* they are read only */
	const cli_item item = {.row = whole_row(c),
			       .result = {.text.bytes = text, .outputs = outputs, .n_outputs = n_files}};
	cli_state state;
	int rc = cli_state_open(&state, c, &w, err);
	if (rc == S2ST_OK)
		rc = cli_state_add(&state, &w, &item, err);
	cli_state_close(&state);
	return rc;
}
