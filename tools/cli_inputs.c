/* The inputs of tools that read audio: files, folders, manifests, lists, stdin. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

void cli_source_options(cli_source *s, cli_option out[CLI_N_SOURCE_OPTIONS])
{
	const cli_option options[CLI_N_SOURCE_OPTIONS] = {
		{'r', "recursive", CLI_FLAG, NULL, &s->recursive, 0, 0, "look into the folders of folders too"},
		{0, "audio-root", CLI_TEXT, "DIR", &s->audio_root, 0, 0,
		 "put before the relative paths of an S2UT manifest"},
	};
	memcpy(out, options, sizeof options);
}

s2st_inputs *cli_open_inputs(cli *c, const cli_source *source, bool unique, int *code)
{
	static const char *const from_stdin[] = {"-"};
	s2st_error err;
	s2st_inputs *in = NULL;
	const s2st_inputs_options opt = {.shard = c->shard,
					 .n_shards = c->n_shards,
					 .audio_root = source->audio_root,
					 .recursive = source->recursive,
					 .unique_ids = unique};
	if (c->n_args == 0 && isatty(STDIN_FILENO)) {
		*code = cli_misused(c, "no inputs: give audio files, folders, a manifest, or '-' for stdin");
		return NULL;
	}
	const char *const *args = c->n_args ? c->args : from_stdin;
	if (s2st_inputs_open(&in, args, c->n_args ? c->n_args : 1, &opt, &err) < 0) {
		cli_error(c, NULL, err.text);
		*code = CLI_FAILED;
		return NULL;
	}
	return in;
}

int cli_next_input(void *inputs, s2st_input *row, s2st_error *err)
{
	return s2st_inputs_next(inputs, row, err);
}

/* `path` without links, or of the folders that lead to it those that are there; malloc'ed, NULL: out of memory. */
static char *resolve(const char *path, bool *there)
{
	char *copy = strdup(path), *found = copy ? realpath(copy, NULL) : NULL;
	*there = found != NULL;
	while (copy && !found && *copy) {
		char *slash = strrchr(copy, '/');
		copy[!slash ? 0 : slash == copy ? 1 : slash - copy] = 0;
		found = realpath(*copy ? copy : ".", NULL);
		if (slash == copy)
			break;
	}
	free(copy);
	return found;
}

const char *cli_reads_output(const cli *c, const cli_source *source, const char *output)
{
	const char *reads = NULL;
	bool there;
	char *place = resolve(output, &there);
	for (size_t i = 0; i < c->n_args && place && !reads; i++) {
		char *root = cli_is_folder(c->args[i]) ? realpath(c->args[i], NULL) : NULL;
		const size_t n = root ? strlen(root) : 0;
		const bool starts = root && strncmp(place, root, n) == 0, same = starts && !place[n];
		if (source->recursive ? same || (starts && (place[n] == '/' || n == 1)) : same && there)
			reads = c->args[i];
		free(root);
	}
	free(place);
	return reads;
}

/* An input that cannot be read is in it by its name: the result is without it. */
uint64_t cli_hash_input(uint64_t h, const cli *c, const s2st_input *row)
{
	s2st_error ignored;
	s2st_stamp stamp = {0};
	if (!row->problem && s2st_archives_stamp(&stamp, c->archives, row->path, S2ST_STAMP_FULL, &ignored) < 0)
		stamp = (s2st_stamp){0};
	h = s2st_hash(h, row->id, strlen(row->id) + 1);
	h = s2st_hash(h, row->path, strlen(row->path) + 1);
	return s2st_hash(h, &stamp.hash, sizeof stamp.hash);
}

int cli_depend_inputs(cli *c, const cli_source *source, bool (*wanted)(const void *self, const s2st_input *row),
		      const void *self)
{
	s2st_error err;
	s2st_input row;
	int code = CLI_OK, rc;
	bool from_stdin = c->n_args == 0;
	for (size_t i = 0; i < c->n_args; i++)
		from_stdin |= strcmp(c->args[i], "-") == 0;
	if (from_stdin)
		cli_misuse(c, "--resume: stdin cannot be compared with what an earlier run was given");
	s2st_inputs *in = cli_open_inputs(c, source, false, &code);
	if (!in)
		return code;
	c->inputs = S2ST_HASH_START;
	while ((rc = s2st_inputs_next(in, &row, &err)) > 0)
		if (!wanted || wanted(self, &row))
			c->inputs = cli_hash_input(c->inputs, c, &row);
	if (rc < 0)
		cli_error(c, NULL, err.text);
	s2st_inputs_free(in);
	return rc < 0 ? CLI_FAILED : CLI_OK;
}
