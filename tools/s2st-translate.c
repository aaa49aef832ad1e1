/* s2st-translate: speech to speech, all stages in one process. */
#include <stdlib.h>
#include <string.h>

#include "cli_models.h"

typedef struct translate {
	cli *c;
	cli_models models;
	cli_s2ut s2ut;
	cli_vocoder voice;
	cli_asr asr; /* of --transcript */
	cli_sink sink;
	cli_source source;
	const char *units_path;
	bool transcript;
	s2st_writer *units; /* of --units-out */
	s2st_writer *text;  /* stdout with --json or --transcript, else NULL */
} translate;

/* ---- one input ------------------------------------------------------------------------------------------------- */

/* `transcript` NULL: not asked for. */
static void print_json(FILE *f, const s2st_input *row, const char *path, const s2st_hypothesis *best,
		       const s2st_waveform *wave, const char *transcript)
{
	fputs("{\"id\": ", f);
	cli_json_string(f, row->id);
	fputs(", \"source\": ", f);
	cli_json_string(f, cli_display(row->path));
	fputs(", \"output\": ", f);
	cli_json_string(f, path);
	fprintf(f, ", \"samples\": %zu, \"units\": ", wave->n);
	cli_json_ints(f, best->units, best->n_units);
	if (wave->durations) {
		fputs(", \"durations\": ", f);
		cli_json_ints(f, wave->durations, wave->n_durations);
	}
	fputs(", \"score\": ", f);
	cli_json_real(f, best->score);
	if (transcript) {
		fputs(", \"transcript\": ", f);
		cli_json_string(f, transcript);
	}
	fputs("}\n", f);
}

/* What a recogniser hears in the translation; NULL without --transcript. */
static int transcribe(const translate *t, s2st_asr_session *s, const s2st_waveform *wave, const char **out,
		      s2st_error *err)
{
	s2st_transcript said;
	*out = NULL;
	if (!t->transcript)
		return S2ST_OK;
	if (wave->sample_rate != t->asr.info.sample_rate)
		return cli_fail(err, S2ST_EMODEL, "%s speaks at %d Hz, but %s listens at %d Hz", t->voice.model_file,
				wave->sample_rate, t->asr.files.model, t->asr.info.sample_rate);
	int rc = s2st_asr_transcribe(s, wave->samples, wave->n, &t->asr.options, &said, err);
	if (rc == S2ST_OK)
		*out = said.text;
	return rc;
}

static int say(const translate *t, const cli_sessions *s, cli_item *item, const s2st_hypothesis *best,
	       const char *path, s2st_error *err)
{
	s2st_waveform wave;
	s2st_vocode_options options = t->voice.options;
	options.speaker = cli_speaker(&t->voice, item->row.index);
	int rc = s2st_vocoder_run(s->vocoder, best->units, best->n_units, &options, &wave, err);
	if (rc == S2ST_OK)
		rc = cli_sink_put(t->c, &t->sink, path, &wave, &item->result, err);
	const char *transcript = NULL;
	if (rc == S2ST_OK)
		rc = transcribe(t, s->asr, &wave, &transcript, err);
	if (rc == S2ST_OK && t->c->json)
		print_json(item->result.text.f, &item->row, path, best, &wave, transcript);
	else if (rc == S2ST_OK && transcript)
		fprintf(item->result.text.f, "%s\t%s\n", item->row.id, transcript);
	return rc;
}

static int take(void *self, cli_sessions *own, cli_item *item, const s2st_audio *audio, const s2st_nbest *best,
		s2st_error *err)
{
	const translate *t = self;
	const s2st_hypothesis *first = &best->hyps[0];
	char *path = NULL;
	(void)audio;
	cli_unit_line(item->result.units.f, item->row.id, first->units, first->n_units);
	if (first->n_units == 0)
		return cli_fail(err, S2ST_EINPUT, "the translation has no units, there is nothing to say");
	int rc = cli_sink_path(&path, &t->sink, item->row.id, err);
	if (rc == S2ST_OK)
		rc = say(t, own, item, first, path, err);
	free(path);
	return rc;
}

static void work(void *self, void *own, cli_item *const *items, size_t n)
{
	const translate *t = self;
	cli_generate(&t->s2ut, self, own, items, n, take);
}

static int place(void *self, const s2st_input *row, char **path, s2st_error *err)
{
	const translate *t = self;
	return t->sink.place == CLI_TO_FOLDER ? cli_sink_path(path, &t->sink, row->id, err) : S2ST_OK;
}

static int emit_text(s2st_writer *w, const cli_text *text, s2st_error *err)
{
	if (!w)
		return S2ST_OK;
	int rc = s2st_writer_write(w, text->bytes, text->n, err);
	return rc < 0 ? rc : s2st_writer_flush(w, err);
}

static int emit(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	translate *t = self;
	(void)row;
	int rc = cli_sink_emit(&t->sink, result, err);
	if (rc == S2ST_OK)
		rc = emit_text(t->units, &result->units, err);
	if (rc == S2ST_OK)
		rc = emit_text(t->text, &result->text, err);
	return rc;
}

/* ---- the tool -------------------------------------------------------------------------------------------------- */

static int run(cli *c, translate *t)
{
	s2st_error err;
	int code = CLI_OK, rc = S2ST_OK;
	bool whole = false;
	s2st_inputs *inputs = cli_open_inputs(c, &t->source, true, &code);
	if (!inputs)
		return code;
	if (c->json || t->transcript)
		rc = cli_open_stream(c, &t->text, "-", &err);
	if (rc == S2ST_OK && t->units_path)
		rc = cli_open_stream(c, &t->units, t->units_path, &err);
	if (rc == S2ST_OK)
		code = cli_sink_open(c, &t->sink, c->output, false, s2st_inputs_count(inputs));
	if (rc == S2ST_OK && code == CLI_OK) {
		const cli_work w = {
			.self = t,
			.source = inputs,
			.total = s2st_inputs_count(inputs),
			.models = &t->models,
			.audio = true,
			.place = place,
			.folder = t->sink.place == CLI_TO_FOLDER ? t->sink.path : NULL,
			.file = t->sink.path,
			.by_index = t->voice.random_speaker,
			.separators = t->transcript && !c->json ? "\t" : t->units ? "" : NULL,
			.next = cli_next_input,
			.work_group = work,
			.batch = cli_group_size(&t->models),
			.emit = emit,
		};
		code = cli_run(c, &w, &whole);
		code = cli_sink_close(c, &t->sink, whole, code);
	}
	if (whole && t->units) {
		rc = s2st_writer_commit(t->units, &err);
		t->units = NULL;
	}
	if (rc < 0) {
		cli_error(c, NULL, err.text);
		code = CLI_FAILED;
	}
	s2st_writer_abort(t->units);
	s2st_writer_abort(t->text);
	s2st_inputs_free(inputs);
	return code;
}

static void check_options(cli *c, const translate *t)
{
	if (!c->output && (c->n_args == 0 || (c->n_args == 1 && strcmp(c->args[0], "-") == 0)))
		c->output = "-"; /* stdin to stdout */
	if (!c->output)
		cli_misuse(c, "no output: give -o DIR, -o FILE.wav, or -o - for stdout");
	const int to_stdout =
		(strcmp(c->output, "-") == 0) + (c->json || t->transcript) +
		(t->units_path && strcmp(t->units_path, "-") == 0);
	if (to_stdout > 1)
		cli_misuse(c, "only one of -o -, --units-out - and --json or --transcript can have stdout");
	const char *reads = strcmp(c->output, "-") == 0 ? NULL : cli_reads_output(c, &t->source, c->output);
	if (reads)
		cli_misuse(c, "-o %s: inputs are looked for in '%s': the next run would find the results there",
			   c->output, reads);
}

static const char about[] =
	"Speech in, speech of the target language out.\n"
	"An INPUT is an audio file (wav, flac, ogg, mp3), 'archive.zip:offset:length', a folder, a fairseq\n"
	"manifest (.tsv), a list of paths (.txt, .lst), or '-': a list or audio on stdin.";

static const char more[] =
	"-o FILE.wav   for one input\n"
	"-o DIR        DIR/ID.wav; ID is the input's file name without its suffix, or its id in the manifest\n"
	"-o -          stdout, also without -o when the input is stdin: one wav (or --container raw)\n"
	"--json        {\"id\", \"source\", \"output\", \"samples\", \"units\", \"score\"}, with durations\n"
	"              \"durations\" (frames of each unit), with --transcript \"transcript\" too\n\n"
	"  s2st-translate --pack models/es-en-demo in.wav -o out.wav";

int main(int argc, char **argv)
{
	cli c = {
		.tool = "s2st-translate",
		.synopsis = "[options] (--pack DIR | -m S2UT.pt --vocoder VOCODER.pt) [-o PATH] [INPUT...]",
		.about = about,
		.more = more,
	};
	translate t = {.c = &c};
	cli_s2ut_defaults(&t.s2ut);
	cli_vocoder_defaults(&t.voice);
	cli_option model[CLI_N_S2UT_OPTIONS], voice[CLI_N_VOICE_OPTIONS];
	cli_s2ut_options(&t.s2ut, model);
	cli_voice_options(&t.voice, &t.sink, voice);
	const cli_option vocoder[] = {
		{0, "vocoder", CLI_TEXT, "FILE", &t.voice.model_file, 0, 0,
		 "unit HiFi-GAN checkpoint as fairseq saved it"},
		{0, "vocoder-config", CLI_TEXT, "FILE", &t.voice.config_file, 0, 0,
		 "its config.json; none: the one beside the model"},
		{0, "vocoder-speaker-embed", CLI_TEXT, "FILE", &t.voice.speaker_file, 0, 0,
		 ".npy vector of the speaker, for vocoders that take one"},
	};
	const cli_option output[] = {
		{0, "units-out", CLI_TEXT, "FILE", &t.units_path, 0, 0, "write the units too, 'id|u u u'"},
		{0, "transcript", CLI_FLAG, NULL, &t.transcript, 0, 0,
		 "print what a recogniser hears in the translation, 'id<TAB>text'"},
	};
	const cli_option asr[] = {
		{0, "asr", CLI_TEXT, "PATH", &t.asr.files.model, 0, 0, "recogniser of --transcript"},
		{0, "asr-dict", CLI_TEXT, "FILE", &t.asr.files.dict, 0, 0,
		 "its dictionary; none: the one in the checkpoint or beside the model"},
	};
	cli_option source[CLI_N_SOURCE_OPTIONS];
	cli_source_options(&t.source, source);
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "Model and search", model, CLI_N_S2UT_OPTIONS);
	cli_add_group(&c, "Vocoder", vocoder, sizeof vocoder / sizeof *vocoder);
	cli_add_group(&c, "Voice", voice, CLI_N_VOICE_OPTIONS);
	cli_add_group(&c, "Recogniser", asr, sizeof asr / sizeof *asr);
	cli_add_group(&c, "Input", source, CLI_N_SOURCE_OPTIONS);
	cli_add_group(&c, "Output", output, sizeof output / sizeof *output);
	cli_parse(&c);
	t.models = (cli_models){.s2ut = &t.s2ut, .vocoder = &t.voice, .asr = t.transcript ? &t.asr : NULL};
	int code = cli_models_configure(&c, &t.models);
	if (code == CLI_OK) {
		check_options(&c, &t);
		if ((code = cli_models_open(&c, &t.models)) == CLI_OK)
			code = run(&c, &t);
	}
	cli_models_close(&t.models);
	return cli_end(&c, code);
}
