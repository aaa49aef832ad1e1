/* What a tool is asked to work on: files, folders, manifests, lists, stdin; one row after the other.
 *
 * Rows are made when they are asked for. Whatever can be read twice is read once at the start, which counts its rows
 * and finds bad lines and doubled ids before hours of work; a pipe of paths is read as the paths come. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/audiofile.h"
#include "audio/folder.h"
#include "audio/manifest.h"
#include "audio/spool.h"
#include "base/file.h"
#include "base/names.h"

typedef enum source_kind { FILE_PATH, FOLDER, MANIFEST } source_kind;

typedef struct source {
	source_kind kind;
	char *path;    /* FILE_PATH */
	char *id;      /* FILE_PATH: where the path does not tell it; else NULL */
	char *problem; /* FILE_PATH: of a folder that cannot be read; else NULL */
	s2_folder folder;
	s2_manifest *manifest;
	int spool;   /* descriptor behind `path`; -1: none */
	size_t next; /* FILE_PATH, FOLDER: the file to give out */
} source;

struct s2st_inputs {
	source *sources;
	size_t n_sources;
	size_t current;    /* source */
	size_t row;        /* rows read of the whole list */
	size_t begin, end; /* rows of this shard; end SIZE_MAX: unknown */
	bool unique;
	s2st_names ids; /* of rows whose ids are checked as they come */
	char *id;       /* of the current row, made from its path */
	char *problem;  /* of the current row, whose id came before; NULL: of none yet */
};

static bool has_suffix(const char *path, const char *const *suffixes)
{
	size_t n = strlen(path);
	for (; *suffixes; suffixes++) {
		size_t m = strlen(*suffixes);
		if (n > m && strcasecmp(path + n - m, *suffixes) == 0)
			return true;
	}
	return false;
}

static const char *const MANIFEST_SUFFIXES[] = {".tsv", ".tsv.gz", NULL};
static const char *const LIST_SUFFIXES[] = {".txt", ".lst", ".list", ".txt.gz", ".lst.gz", ".list.gz", NULL};

/* ---- opening -------------------------------------------------------------------------------------------------- */

static int set_file(source *s, const char *path, s2st_error *err)
{
	s->kind = FILE_PATH;
	s->path = strdup(path);
	return s->path ? S2ST_OK : s2_fail_mem(err, path);
}

/* Text has no control characters; audio has some in its first bytes, or MPEG's frame sync, or is called a RIFF wave. */
static bool is_audio(const char *head, size_t n)
{
	const unsigned char *b = (const unsigned char *)head;
	if (n >= 2 && b[0] == 0xff && (b[1] & 0xe0) == 0xe0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (b[i] < 0x20 && b[i] != '\t' && b[i] != '\r' && b[i] != '\n')
			return true;
	return n >= 12 && memcmp(b, "RIFF", 4) == 0 && memcmp(b + 8, "WAVE", 4) == 0;
}

/* Everything that `lines` still has, as a file in memory. */
static int spool_rest(s2_lines *lines, s2st_error *err)
{
	return s2_spool(lines->fd, lines->buf + lines->start, lines->end - lines->start, lines->name, err);
}

/* One audio file that comes through a pipe: kept in memory, under a path that s2st_audio_read can open. */
static int set_piped_audio(source *s, s2_lines *lines, s2st_error *err)
{
	char path[S2_SPOOL_PATH_SIZE];
	s->spool = spool_rest(lines, err);
	if (s->spool < 0)
		return s->spool;
	s2_spool_path(path, s->spool);
	S2_TRY(set_file(s, path, err));
	s->id = strdup(s2_path_base(lines->name));
	return s->id ? S2ST_OK : s2_fail_mem(err, lines->name);
}

/* The same lines, kept in memory: a part of a list can only be found by counting all of it first. */
static int spool_lines(s2_lines *lines, s2st_error *err)
{
	s2_lines spooled;
	int fd = spool_rest(lines, err);
	if (fd < 0)
		return fd;
	S2_TRY(s2_lines_open(&spooled, fd, lines->name, err));
	s2_lines_close(lines);
	*lines = spooled;
	return S2ST_OK;
}

/* As many bytes as tell audio from a list: who writes one short path into a pipe waits for its result before the next.
 * A wave may have a line end in its length. */
static int peek_kind(s2_lines *lines, const char **head, size_t *n, s2st_error *err)
{
	enum { ENOUGH = 12 };
	size_t want = 0;
	do {
		S2_TRY(s2_lines_peek(lines, ++want, head, n, err));
	} while (*n == want && want < ENOUGH && ((*head)[want - 1] != '\n' || strncmp(*head, "RIFF", 4) == 0));
	return S2ST_OK;
}

/* stdin or a named pipe: audio, or a list in any of the forms of manifest.h. Leaves `lines` to the caller, closed or
 * not. */
static int set_pipe(source *s, s2_lines *lines, const s2st_inputs_options *opt, s2st_error *err)
{
	const char *head;
	size_t n;
	S2_TRY(peek_kind(lines, &head, &n, err));
	if (n == 0)
		return s2_fail(err, S2ST_EINPUT, "%s: expected audio or a list of audio files, found nothing",
			       lines->name);
	if (is_audio(head, n))
		return set_piped_audio(s, lines, err);
	if (opt->n_shards > 1 && !s2_lines_rewindable(lines))
		S2_TRY(spool_lines(lines, err));
	s->kind = MANIFEST;
	return s2_manifest_open(&s->manifest, lines, false, opt->audio_root, err);
}

static int set_folder(source *s, const char *path, const s2st_inputs_options *opt, s2st_error *err)
{
	s2st_error why = {""};
	int rc = s2_folder_list(&s->folder, path, &s2_folder_audio, opt->recursive, &why);
	s->kind = FOLDER;
	if (rc != S2ST_EIO)
		return rc < 0 ? s2_fail(err, rc, "%s", why.text) : S2ST_OK;
	S2_TRY(set_file(s, path, err));
	s->problem = strdup(why.text);
	return s->problem ? S2ST_OK : s2_fail_mem(err, path);
}

static int set_source(source *s, const char *arg, const s2st_inputs_options *opt, s2st_error *err)
{
	struct stat st = {0};
	bool is_stdin = strcmp(arg, "-") == 0, exists = !is_stdin && stat(arg, &st) == 0;
	bool is_pipe = is_stdin || (exists && !S_ISREG(st.st_mode));
	s->spool = -1;
	if (exists && S_ISDIR(st.st_mode))
		return set_folder(s, arg, opt, err);
	if (!is_pipe && !has_suffix(arg, MANIFEST_SUFFIXES) && !has_suffix(arg, LIST_SUFFIXES))
		return set_file(s, arg, err);

	s2_lines lines;
	int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(arg, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return s2_fail(err, S2ST_EIO, "%s: cannot open: %s", is_stdin ? "stdin" : arg, strerror(errno));
	S2_TRY(s2_lines_open(&lines, fd, is_stdin ? "stdin" : arg, err));
	if (is_pipe) {
		int rc = set_pipe(s, &lines, opt, err);
		s2_lines_close(&lines);
		return rc;
	}
	s->kind = MANIFEST;
	return s2_manifest_open(&s->manifest, &lines, has_suffix(arg, MANIFEST_SUFFIXES), opt->audio_root, err);
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

/* A name for outputs: without suffix. "a.zip:10:20" gives "a_10_20", which tells its members apart. */
static char *make_id(const char *base)
{
	size_t n, offset, length;
	char *id = NULL;
	bool is_slice = s2_parse_slice(base, &n, &offset, &length);
	if (!is_slice)
		n = strlen(base);
	const char *dot = memrchr(base, '.', n);
	int stem = (int)(dot && dot > s2_path_base(base) ? dot - base : (ptrdiff_t)n);
	if (!is_slice)
		return strndup(base, (size_t)stem);
	return asprintf(&id, "%.*s_%zu_%zu", stem, base, offset, length) < 0 ? NULL : id;
}

/* What is below the folder that was given: outputs of a tree are a tree. */
static const char *name_of(const source *s, const char *path)
{
	const char *base = s2_path_base(path);
	return s->kind == FOLDER ? path + s->folder.n_dir : base;
}

static int next_of_source(source *s, s2st_input *out, s2st_error *err)
{
	size_t n = s->kind == FOLDER ? s->folder.n : 1;
	if (s->kind == MANIFEST)
		return s2_manifest_next(s->manifest, out, err);
	if (s->next == n)
		return 0;
	const bool in_folder = s->kind == FOLDER;
	*out = (s2st_input){.id = s->id,
			    .path = in_folder ? s->folder.paths[s->next] : s->path,
			    .n_frames = -1,
			    .problem = in_folder ? s2_folder_problem(&s->folder, s->next) : s->problem};
	s->next++;
	return 1;
}

/* The next row of the whole list. */
static int next_row(s2st_inputs *in, s2st_input *out, s2st_error *err)
{
	int rc = 0;
	while (in->current < in->n_sources && (rc = next_of_source(&in->sources[in->current], out, err)) == 0)
		in->current++;
	if (rc <= 0)
		return rc;
	out->index = in->row++;
	if (!out->id) {
		free(in->id);
		in->id = make_id(name_of(&in->sources[in->current], out->path));
		if (!in->id)
			return s2_fail_mem(err, out->path);
		out->id = in->id;
	}
	return 1;
}

static int check_id(s2st_inputs *in, const s2st_input *row, s2st_error *err)
{
	size_t earlier;
	int rc = 1;
	if (in->unique && !row->problem)
		rc = s2st_names_add(&in->ids, row->id, strlen(row->id), row->index, &earlier, err);
	if (rc == 0)
		return s2_fail(err, S2ST_EINPUT,
			       "%s: expected inputs with different names, found \"%s\" again (first: input %zu)",
			       row->path, row->id, earlier + 1);
	return rc;
}

static int rewind_sources(s2st_inputs *in, s2st_error *err)
{
	in->current = in->row = 0;
	for (size_t i = 0; i < in->n_sources; i++) {
		in->sources[i].next = 0;
		if (in->sources[i].kind == MANIFEST)
			S2_TRY(s2_manifest_rewind(in->sources[i].manifest, err));
	}
	return S2ST_OK;
}

/* Reads all rows once, if that is possible: counts them, and finds what is wrong with them before any work is done. */
static int survey(s2st_inputs *in, const s2st_inputs_options *opt, s2st_error *err)
{
	in->end = SIZE_MAX;
	for (size_t i = 0; i < in->n_sources; i++)
		if (in->sources[i].kind == MANIFEST && !s2_manifest_rewindable(in->sources[i].manifest))
			return S2ST_OK;
	s2st_input row;
	int rc;
	while ((rc = next_row(in, &row, err)) == 1)
		S2_TRY(check_id(in, &row, err));
	if (rc < 0)
		return rc;
	s2st_shard_range(in->row, opt->shard, opt->n_shards, &in->begin, &in->end);
	in->unique = false; /* done */
	s2_names_clear(&in->ids);
	return rewind_sources(in, err);
}

/* ---- the public face ------------------------------------------------------------------------------------------ */

static int open_all(s2st_inputs *in, const char *const *args, size_t n_args, const s2st_inputs_options *opt,
		    s2st_error *err)
{
	if (n_args == 0)
		return s2_fail(err, S2ST_EINPUT, "expected audio files, folders, a manifest or a list, found no input");
	if (opt->n_shards < 0 || opt->shard < 0 || (opt->shard > 0 && opt->shard >= opt->n_shards))
		return s2_fail(err, S2ST_EINPUT, "shard: expected 0 to %d, found %d", opt->n_shards - 1, opt->shard);
	in->unique = opt->unique_ids;
	in->sources = calloc(n_args, sizeof *in->sources);
	if (!in->sources)
		return s2_fail_mem(err, "inputs");
	for (; in->n_sources < n_args; in->n_sources++) {
		source *s = &in->sources[in->n_sources];
		int rc = set_source(s, args[in->n_sources], opt, err);
		if (rc < 0) {
			in->n_sources++; /* partly made: to be freed as well */
			return rc;
		}
	}
	return survey(in, opt, err);
}

int s2st_inputs_open(s2st_inputs **out, const char *const *args, size_t n_args, const s2st_inputs_options *opt,
		     s2st_error *err)
{
	static const s2st_inputs_options defaults;
	*out = NULL;
	s2st_inputs *in = calloc(1, sizeof *in);
	if (!in)
		return s2_fail_mem(err, "inputs");
	int rc = open_all(in, args, n_args, opt ? opt : &defaults, err);
	if (rc < 0) {
		s2st_inputs_free(in);
		return rc;
	}
	*out = in;
	return S2ST_OK;
}

/* The rows before are done by now, those behind may be as well. */
static int mark_id(s2st_inputs *in, s2st_input *row, s2st_error *err)
{
	const int rc = check_id(in, row, err);
	if (rc != S2ST_EINPUT)
		return rc;
	free(in->problem);
	in->problem = strdup(err->text);
	row->problem = in->problem;
	return in->problem ? 1 : s2_fail_mem(err, row->path);
}

int s2st_inputs_next(s2st_inputs *in, s2st_input *out, s2st_error *err)
{
	while (in->row < in->end) {
		int rc = next_row(in, out, err);
		if (rc == 1)
			rc = mark_id(in, out, err);
		if (rc != 1 || out->index >= in->begin)
			return rc;
	}
	return 0;
}

int64_t s2st_inputs_count(const s2st_inputs *in)
{
	return in->end == SIZE_MAX ? -1 : (int64_t)(in->end - in->begin);
}

void s2st_inputs_free(s2st_inputs *in)
{
	if (!in)
		return;
	for (size_t i = 0; i < in->n_sources; i++) {
		source *s = &in->sources[i];
		free(s->path);
		free(s->id);
		free(s->problem);
		s2_folder_free(&s->folder);
		s2_manifest_free(s->manifest);
		if (s->spool >= 0)
			close(s->spool);
	}
	free(in->sources);
	s2_names_clear(&in->ids);
	free(in->id);
	free(in->problem);
	free(in);
}
