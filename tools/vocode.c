/* vocode: unit lines to speech. */
#include <stdlib.h>
#include <string.h>

#include "cli_lines.h"
#include "cli_models.h"

typedef struct vocode {
	cli *c;
	cli_models models;
	cli_vocoder voice;
	cli_sink sink;
	const char *f0_path, *features_path;
	s2st_writer *json; /* stdout; NULL without --json */
} vocode;

/* A curve for a line: a file is for every line, a folder holds ID.npy. */
static int read_curve(const char *place, const char *id, float **out, size_t *n, s2st_error *err)
{
	char *path = NULL;
	if (!place)
		return S2ST_OK;
	if (!cli_is_folder(place))
		return s2st_npy_read(out, n, place, err);
	int rc = cli_output_path(&path, place, id, ".npy", err);
	if (rc == S2ST_OK)
		rc = s2st_npy_read(out, n, path, err);
	free(path);
	return rc;
}

/* --f0 and --features of a line into `options`; the caller frees both, also on failure. */
static int read_conditions(const vocode *v, const char *id, s2st_vocode_options *options, float **f0, float **features,
			   s2st_error *err)
{
	size_t n = 0;
	const size_t width = v->voice.info.feature_dim > 0 ? (size_t)v->voice.info.feature_dim : 1;
	int rc = read_curve(v->f0_path, id, f0, &options->n_f0, err);
	if (rc == S2ST_OK)
		rc = read_curve(v->features_path, id, features, &n, err);
	if (rc == S2ST_OK && n % width)
		return cli_fail(err, S2ST_EINPUT, "--features: expected rows of %zu values, found %zu values", width,
				n);
	options->f0 = *f0;
	options->features = *features;
	options->n_features = n / width;
	return rc;
}

static void print_json(FILE *f, const char *id, const char *path, const s2st_waveform *wave)
{
	fputs("{\"id\": ", f);
	cli_json_string(f, id);
	fputs(", \"output\": ", f);
	cli_json_string(f, path);
	fprintf(f, ", \"samples\": %zu, \"durations\": ", wave->n);
	if (wave->durations)
		cli_json_ints(f, wave->durations, wave->n_durations);
	else
		fputs("null", f);
	fputs("}\n", f);
}

static int speak(const vocode *v, s2st_vocoder_session *s, const s2st_unit_line *line, size_t index, const char *path,
		 cli_result *result, s2st_error *err)
{
	char number[24];
	const char *id = line->name ? line->name : number;
	s2st_vocode_options options = v->voice.options;
	s2st_waveform wave;
	float *f0 = NULL, *features = NULL;
	snprintf(number, sizeof number, "%zu", index);
	options.speaker = cli_speaker(&v->voice, index);
	int rc = read_conditions(v, id, &options, &f0, &features, err);
	if (rc == S2ST_OK)
		rc = s2st_vocoder_run(s, line->units, line->n, &options, &wave, err);
	if (rc == S2ST_OK)
		rc = cli_sink_put(v->c, &v->sink, path, &wave, result, err);
	if (rc == S2ST_OK) {
		result->seconds = (double)wave.n / wave.sample_rate;
		if (v->json)
			print_json(result->text.f, id, path, &wave);
	}
	free(f0);
	free(features);
	return rc;
}

static int work(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const vocode *v = self;
	const cli_sessions *s = own;
	s2st_unit_line line;
	char *path = NULL;
	int rc = s2st_unit_line_parse(&line, row->target, strlen(row->target), err);
	if (rc < 0)
		return rc;
	rc = cli_sink_path(&path, &v->sink, row->id, err);
	if (rc == S2ST_OK)
		rc = speak(v, s->vocoder, &line, row->index, path, result, err);
	free(path);
	s2st_unit_line_free(&line);
	return rc;
}

static int place(void *self, const s2st_input *row, char **path, s2st_error *err)
{
	const vocode *v = self;
	return v->sink.place == CLI_TO_FOLDER ? cli_sink_path(path, &v->sink, row->id, err) : S2ST_OK;
}

static int emit(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	vocode *v = self;
	(void)row;
	int rc = cli_sink_emit(&v->sink, result, err);
	if (rc == S2ST_OK && v->json)
		rc = s2st_writer_write(v->json, result->text.bytes, result->text.n, err);
	if (rc == S2ST_OK && v->json)
		rc = s2st_writer_flush(v->json, err);
	return rc;
}

/* ---- the tool -------------------------------------------------------------------------------------------------- */

static int run(cli *c, vocode *v)
{
	s2st_error err;
	cli_lines in;
	bool whole = false;
	int rc = cli_lines_open(c, &in, &v->voice, &err);
	if (rc == S2ST_OK && c->json)
		rc = cli_open_stream(c, &v->json, "-", &err);
	if (rc < 0)
		cli_error(c, NULL, err.text);
	int code = rc < 0 ? CLI_FAILED : cli_sink_open(c, &v->sink, c->output, true, in.total);
	if (code == CLI_OK) {
		const cli_work w = {
			.self = v,
			.source = &in,
			.total = in.total,
			.models = &v->models,
			.place = place,
			.folder = v->sink.place == CLI_TO_FOLDER ? v->sink.path : NULL,
			.file = v->sink.path,
			.by_index = v->voice.random_speaker,
			.next = cli_next_line,
			.work = work,
			.emit = emit,
		};
		code = cli_run(c, &w, &whole);
		code = cli_sink_close(c, &v->sink, whole, code);
	}
	if (in.some_missing && code == CLI_OK)
		code = CLI_FAILED;
	s2st_writer_abort(v->json);
	cli_lines_close(&in);
	return code;
}

static void check_options(const cli *c)
{
	if (!c->output)
		cli_misuse(c, "no output: give -o DIR, -o FILE.wav, or -o - for stdout");
	if (c->json && strcmp(c->output, "-") == 0)
		cli_misuse(c, "--json and the audio of -o - both want stdout");
}

/* Curves belong to vocoders that take them, and only to these. */
static int check_conditions(const vocode *v)
{
	const struct {
		const char *option, *given;
		bool takes;
	} conditions[] = {
		{"f0", v->f0_path, v->voice.info.has_f0},
		{"features", v->features_path, v->voice.info.feature_dim > 0},
	};
	for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
		if (conditions[i].takes && !conditions[i].given)
			return cli_misused(v->c, "%s needs --%s", v->voice.model_file, conditions[i].option);
		if (!conditions[i].takes && conditions[i].given)
			return cli_misused(v->c, "--%s: %s takes none", conditions[i].option, v->voice.model_file);
	}
	return CLI_OK;
}

static const char about[] =
	"Unit lines in ('id|u u u', 'u u u', or what fairseq-generate printed), speech out. A FILE holds\n"
	"such lines; '-' or none: stdin.";

static const char more[] =
	"-o DIR        DIR/ID.wav for lines with an id, DIR/N_pred.wav for the others (N_spkK_pred.wav where\n"
	"              the vocoder has several speakers); N counts lines from 0\n"
	"-o FILE.wav   for one line\n"
	"-o -          stdout: raw samples of all lines, or one wav with --container wav\n"
	"--json        {\"id\", \"output\", \"samples\", \"durations\"}; durations are null without prediction\n\n"
	"  s2ut-generate --pack models/es-en-demo in.wav | vocode --pack models/es-en-demo -o out.wav";

int main(int argc, char **argv)
{
	cli c = {
		.tool = "vocode",
		.synopsis = "[options] (-m MODEL.pt [-c CONFIG.json] | --pack DIR) -o PATH [FILE...]",
		.about = about,
		.more = more,
	};
	vocode v = {.c = &c};
	cli_vocoder_defaults(&v.voice);
	const cli_option model[] = {
		{'m', "model", CLI_TEXT, "FILE", &v.voice.model_file, 0, 0,
		 "unit HiFi-GAN checkpoint as fairseq saved it"},
		{'c', "config", CLI_TEXT, "FILE", &v.voice.config_file, 0, 0,
		 "its config.json; none: the one beside the model"},
		{0, "speaker-embed", CLI_TEXT, "FILE", &v.voice.speaker_file, 0, 0,
		 ".npy vector of the speaker, for vocoders that take one"},
		{0, "f0", CLI_TEXT, "PATH", &v.f0_path, 0, 0,
		 "for vocoders that take f0: FILE.npy, one value a frame, or a folder with ID.npy for each line"},
		{0, "features", CLI_TEXT, "PATH", &v.features_path, 0, 0,
		 "for vocoders that take other features: likewise, [n, width]"},
	};
	cli_option voice[CLI_N_VOICE_OPTIONS];
	cli_voice_options(&v.voice, &v.sink, voice);
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "Model", model, sizeof model / sizeof *model);
	cli_add_group(&c, "Output", voice, CLI_N_VOICE_OPTIONS);
	cli_parse(&c);
	v.models.vocoder = &v.voice;
	int code = cli_models_configure(&c, &v.models);
	if (code == CLI_OK) {
		check_options(&c);
		code = cli_models_open(&c, &v.models);
		if (code == CLI_OK)
			code = check_conditions(&v);
		if (code == CLI_OK)
			code = run(&c, &v);
	}
	cli_models_close(&v.models);
	return cli_end(&c, code);
}
