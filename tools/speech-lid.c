/* speech-lid: which language is spoken, the likeliest ones with their probabilities. */
#include <math.h>
#include <string.h>

#include "cli_models.h"

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_FAIRSEQ };

typedef struct lid {
	cli *c;
	s2st_lid_files files;
	cli_source source;
	int format, top;
	s2st_context *context;
	s2st_lid *model;
	s2st_lid_info info;
	s2st_writer *out;
} lid;

/* ---- lines ---- */

static void print_json(FILE *f, const s2st_input *row, const s2st_guess *guesses, int n)
{
	fputs("{\"id\": ", f);
	cli_json_string(f, row->id);
	fputs(", \"source\": ", f);
	cli_json_string(f, cli_display(row->path));
	fputs(", \"languages\": [", f);
	for (int i = 0; i < n; i++) {
		fprintf(f, "%s{\"lang\": ", i ? ", " : "");
		cli_json_string(f, guesses[i].language);
		fputs(", \"prob\": ", f);
		cli_json_real(f, (double)expf(guesses[i].log_prob));
		fputc('}', f);
	}
	fputs("]}\n", f);
}

/* A line of predictions.txt: [["eng", 0.91], ["deu", 0.05]] */
static void print_fairseq(FILE *f, const s2st_guess *guesses, int n)
{
	fputc('[', f);
	for (int i = 0; i < n; i++) {
		fputs(i ? ", [" : "[", f);
		cli_json_string(f, guesses[i].language);
		fputs(", ", f);
		cli_json_real(f, (double)expf(guesses[i].log_prob));
		fputc(']', f);
	}
	fputs("]\n", f);
}

static void print_text(FILE *f, const s2st_input *row, const s2st_guess *guesses, int n)
{
	fputs(row->id, f);
	for (int i = 0; i < n; i++)
		fprintf(f, "\t%s\t%.4f", guesses[i].language, exp((double)guesses[i].log_prob));
	fputc('\n', f);
}

/* ---- one input ---- */

static int open_session(void *self, void **own, s2st_error *err)
{
	const lid *l = self;
	s2st_lid_session *session = NULL;
	int rc = s2st_lid_session_new(&session, l->model, err);
	*own = session;
	return rc;
}

static void close_session(void *self, void *own)
{
	(void)self;
	s2st_lid_session_free(own);
}

static int work(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const lid *l = self;
	const int n = l->top < l->info.n_languages ? l->top : l->info.n_languages;
	s2st_audio audio;
	const s2st_guess *guesses;
	int rc = cli_read_audio(result, &audio, row->path, err);
	if (rc < 0)
		return rc;
	rc = s2st_identify(own, audio.samples, audio.n, &guesses, err);
	s2st_audio_free(&audio);
	if (rc < 0)
		return rc;
	if (l->format == FORMAT_JSON || l->c->json)
		print_json(result->text.f, row, guesses, n);
	else if (l->format == FORMAT_FAIRSEQ)
		print_fairseq(result->text.f, guesses, n);
	else
		print_text(result->text.f, row, guesses, n);
	return S2ST_OK;
}

static int emit(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const lid *l = self;
	(void)row;
	int rc = s2st_writer_write(l->out, result->text.bytes, result->text.n, err);
	return rc == S2ST_OK ? s2st_writer_flush(l->out, err) : rc;
}

static int run(lid *l)
{
	cli *c = l->c;
	s2st_error err;
	int code = CLI_OK;
	bool whole = false;
	s2st_inputs *inputs = cli_open_inputs(c, &l->source, false, &code);
	if (!inputs)
		return code;
	int rc = cli_open_stream(c, &l->out, c->output ? c->output : "-", &err);
	if (rc == S2ST_OK) {
		const cli_work w = {
			.self = l,
			.source = inputs,
			.total = s2st_inputs_count(inputs),
			.context = l->context,
			.open = open_session,
			.close = close_session,
			.audio = true,
			.file = c->output,
			.separators = !c->json ? "\t" : NULL,
			.next = cli_next_input,
			.work = work,
			.emit = emit,
		};
		code = cli_run(c, &w, &whole);
		if (whole)
			rc = s2st_writer_commit(l->out, &err);
		else
			s2st_writer_abort(l->out);
	}
	if (rc < 0) {
		cli_error(c, NULL, err.text);
		code = CLI_FAILED;
	}
	s2st_inputs_free(inputs);
	return code;
}

/* ---- the tool ---- */

static int do_all(lid *l, cli_models *models)
{
	cli *c = l->c;
	s2st_error err;
	int code = cli_models_configure(c, models);
	if (code != CLI_OK)
		return code;
	if (!l->files.model && models->pack) {
		l->files.model = s2st_pack_file(models->pack, "lid");
		l->files.dict = l->files.dict ? l->files.dict : s2st_pack_file(models->pack, "lid_dict");
	}
	if (!l->files.model)
		cli_misuse(c, "no model: give -m MODEL or --pack DIR");
	code = cli_models_open(c, models);
	if (code != CLI_OK)
		return code;
	if (cli_depend(c, l->files.model, &err) < 0 ||
	    (l->files.dict ? cli_depend(c, l->files.dict, &err)
			   : cli_depend_beside(c, l->files.model, "dict.lang.txt", &err)) < 0) {
		cli_error(c, l->files.model, err.text);
		return CLI_MODEL;
	}
	l->context = models->context;
	if (s2st_lid_open(&l->model, models->context, &l->files, &err) < 0) {
		cli_error(c, l->files.model, err.text);
		return CLI_MODEL;
	}
	s2st_lid_get_info(l->model, &l->info);
	return run(l);
}

static const char about[] =
	"Speech in, its language out: the likeliest ones with their probabilities, a line an input.\n"
	"An INPUT is an audio file (wav, flac, ogg, mp3), 'archive.zip:offset:length', a folder, a fairseq\n"
	"manifest (.tsv), a list of paths (.txt, .lst), or '-': a list or audio on stdin.";

static const char more[] =
	"--format text           id<TAB>eng<TAB>0.9512<TAB>deu<TAB>0.0217 ...\n"
	"--format json, --json   {\"id\", \"source\", \"languages\": [{\"lang\", \"prob\"}, ...]}\n"
	"--format fairseq        [[\"eng\", 0.9512], ...], the lines of MMS's predictions.txt\n"
	"The whole of an input is heard at once, as in the reference: some seconds are enough.\n\n"
	"  speech-lid -m mms1b_l126.pt --dict dict.lang.txt --top 1 talks/\n"
	"  speech-lid -m mms-lid-126/ --json talks/";

int main(int argc, char **argv)
{
	cli c = {
		.tool = "speech-lid",
		.synopsis = "[options] (-m MODEL [--dict FILE] | --pack DIR) [INPUT...]",
		.about = about,
		.more = more,
	};
	lid l = {.c = &c, .top = 3};
	const cli_option model[] = {
		{'m', "model", CLI_TEXT, "PATH", &l.files.model, 0, 0,
		 "classifier of languages: fairseq checkpoint or Hugging Face folder"},
		{0, "dict", CLI_TEXT, "FILE", &l.files.dict, 0, 0,
		 "its languages, dict.lang.txt; none: beside the checkpoint, or in config.json"},
	};
	const cli_option output[] = {
		{0, "format", CLI_CHOICE, "text|json|fairseq", &l.format, 0, 0, "of the lines, see below"},
		{0, "top", CLI_INT, "K", &l.top, 1, 100000, "languages of each input, at most"},
	};
	cli_option source[CLI_N_SOURCE_OPTIONS];
	cli_source_options(&l.source, source);
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "Model", model, sizeof model / sizeof *model);
	cli_add_group(&c, "Input", source, CLI_N_SOURCE_OPTIONS);
	cli_add_group(&c, "Output", output, sizeof output / sizeof *output);
	cli_parse(&c);
	cli_models models = {0};
	int code = do_all(&l, &models);
	s2st_lid_free(l.model);
	cli_models_close(&models);
	return cli_end(&c, code);
}
