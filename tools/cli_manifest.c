/* S2UT training manifests with their config.yaml, as examples/speech_to_speech/preprocessing/prep_s2ut_data.py and
 * data_utils.py write them. */
#include "cli_manifest.h"

#include <stdlib.h>
#include <string.h>

struct cli_target {
	char *id, *path;
	bool used;
};

/* ---- targets ---- */

static int by_id(const void *pa, const void *pb)
{
	const struct cli_target *a = pa, *b = pb;
	return strcmp(a->id, b->id);
}

static int add_target(cli_s2ut_manifest *m, const s2st_input *row, s2st_error *err)
{
	if ((m->n & (m->n - 1)) == 0) { /* full: room is a power of two */
		struct cli_target *more = reallocarray(m->targets, m->n ? m->n * 2 : 1, sizeof *more);
		if (!more)
			return cli_fail_memory(err);
		m->targets = more;
	}
	struct cli_target *t = &m->targets[m->n++];
	*t = (struct cli_target){strdup(row->id), strdup(row->path), false};
	return t->id && t->path ? S2ST_OK : cli_fail_memory(err);
}

int cli_s2ut_manifest_open(cli *c, cli_s2ut_manifest *m, const cli_source *source, s2st_error *err)
{
	const s2st_inputs_options opt = {
		.audio_root = source->audio_root, .recursive = source->recursive, .unique_ids = true};
	s2st_input row;
	s2st_inputs *in;
	int more;
	int rc = s2st_inputs_open(&in, &c->args[--c->n_args], 1, &opt, err);
	if (rc < 0)
		return rc;
	while ((more = s2st_inputs_next(in, &row, err)) > 0 && rc == S2ST_OK) {
		if (row.problem)
			cli_error(c, row.path, row.problem);
		else
			rc = add_target(m, &row, err);
		m->incomplete |= row.problem != NULL;
	}
	s2st_inputs_free(in);
	if (m->n && rc == S2ST_OK)
		qsort(m->targets, m->n, sizeof *m->targets, by_id);
	return more < 0 ? more : rc;
}

void cli_s2ut_manifest_close(cli_s2ut_manifest *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->targets[i].id);
		free(m->targets[i].path);
	}
	free(m->targets);
}

/* "a, b, c" of the first three. */
static void add_example(char *list, size_t size, size_t n, const char *id)
{
	const size_t used = strlen(list);
	if (n < 3)
		snprintf(list + used, size - used, "%s%.50s", n ? ", " : "", id);
}

const char *cli_s2ut_manifest_target(cli_s2ut_manifest *m, const char *id)
{
	for (size_t low = 0, high = m->n; low < high;) {
		const size_t middle = low + (high - low) / 2;
		struct cli_target *t = &m->targets[middle];
		const int order = strcmp(id, t->id);
		if (order == 0) {
			t->used = true;
			return t->path;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	add_example(m->first_alone, sizeof m->first_alone, m->n_alone++, id);
	return NULL;
}

/* ---- the table ---- */

int cli_manifest_row_start(FILE *f, const char *id, const char *path, int64_t frames, s2st_error *err)
{
	if (strpbrk(id, "\t\r\n") || strpbrk(path, "\t\r\n"))
		return cli_fail(err, S2ST_EINPUT, "a name with a tab or a line end cannot be in a manifest");
	fprintf(f, "%s\t%s\t%lld\t", id, path, (long long)frames);
	return S2ST_OK;
}

int cli_s2ut_manifest_row(FILE *f, const s2st_input *row, const int32_t *units, size_t n, s2st_error *err)
{
	s2st_audio_info audio;
	int rc = s2st_audio_get_info(&audio, row->path, err);
	if (rc == S2ST_OK)
		rc = cli_manifest_row_start(f, row->id, row->path, audio.frames / 160, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%d", i ? " " : "", units[i]);
	fprintf(f, "\t%zu\n", n);
	return S2ST_OK;
}

/* ---- config.yaml ---- */

/* SpecAugment's policy "lb" and what yaml.dump makes of the rest. */
static const char filter_bank[] =
	"input_channels: 1\n"
	"input_feat_per_channel: 80\n"
	"specaugment:\n"
	"  freq_mask_F: 27\n"
	"  freq_mask_N: 1\n"
	"  time_mask_N: 1\n"
	"  time_mask_T: 100\n"
	"  time_mask_p: 1.0\n"
	"  time_wrap_W: 0\n"
	"transforms:\n"
	"  '*':\n"
	"  - utterance_cmvn\n"
	"  _train:\n"
	"  - utterance_cmvn\n"
	"  - specaugment\n";

static const char waveforms[] =
	"standardize_audio: true\n"
	"use_audio_input: true\n"
	"use_sample_rate: 16000\n"
	"vocab_filename: dict.txt\n";

static void print_config(FILE *f, const cli_config *k)
{
	if (k->audio_root) {
		fputs("audio_root: ", f);
		cli_json_string(f, k->audio_root);
		fputc('\n', f);
	}
	fputs(k->waveforms ? waveforms : filter_bank, f);
	if (!k->vocoder || !k->vocoder_config)
		return;
	fputs("vocoder:\n  checkpoint: ", f);
	cli_json_string(f, k->vocoder);
	fputs("\n  config: ", f);
	cli_json_string(f, k->vocoder_config);
	fputs("\n  type: code_hifigan\n", f);
}

int cli_write_companion(const cli *c, const char *path, const char *text, size_t n, s2st_error *err)
{
	if (cli_has_text(path, text, n))
		return S2ST_OK;
	if (!c->overwrite && cli_is_file(path))
		return cli_fail(err, S2ST_EIO, "%s: is there already, for other manifests: --overwrite replaces it",
				path);
	return cli_write_text(path, text, n, err);
}

int cli_write_config(const cli *c, const char *beside, const cli_config *config, s2st_error *err)
{
	const char *slash = strrchr(beside, '/');
	const int dir = slash ? (int)(slash - beside) + 1 : 0;
	char *path = NULL, *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	if (f)
		print_config(f, config);
	int rc = f && fclose(f) == 0 && asprintf(&path, "%.*sconfig.yaml", dir, beside) >= 0 ? S2ST_OK
											     : cli_fail_memory(err);
	if (rc == S2ST_OK)
		rc = cli_write_companion(c, path, text, n, err);
	free(path);
	free(text);
	return rc;
}

static void say_alone(cli *c, const cli_s2ut_manifest *m, size_t n, const char *what, const char *other,
		      const char *examples)
{
	char text[400];
	if (n == 0 || (c->quiet && !m->strict))
		return;
	snprintf(text, sizeof text, "%zu %s%s without %s (%s%s)", n, what, n == 1 ? "" : "s", other, examples,
		 n > 3 ? ", ..." : "");
	cli_error(c, NULL, text);
}

int cli_s2ut_manifest_begin(const cli *c, const cli_s2ut_manifest *m, s2st_writer *w, s2st_error *err)
{
	const cli_config config = {.vocoder = m->vocoder, .vocoder_config = m->vocoder_config};
	int rc = cli_write_config(c, c->output, &config, err);
	if (rc == S2ST_OK)
		rc = s2st_writer_printf(w, err, "id\tsrc_audio\tsrc_n_frames\ttgt_audio\ttgt_n_frames\n");
	return rc;
}

void cli_s2ut_manifest_end(cli *c, const cli_s2ut_manifest *m, int *code)
{
	char examples[200] = "";
	size_t unused = 0;
	for (size_t i = 0; i < m->n; i++)
		if (!m->targets[i].used)
			add_example(examples, sizeof examples, unused++, m->targets[i].id);
	if (c->n_shards > 1)
		unused = 0; /* they belong to other parts */
	say_alone(c, m, m->n_alone, "source", "target", m->first_alone);
	say_alone(c, m, unused, "target", "source", examples);
	if (*code == CLI_OK && (m->incomplete || (m->strict && (m->n_alone || unused))))
		*code = CLI_FAILED;
}
