/* asr-transcribe: speech to text with a CTC model, as lines, JSON or subtitles. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_models.h"

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_SRT, FORMAT_VTT };

typedef struct transcribe {
	cli *c;
	cli_models models;
	cli_asr asr;
	cli_adapters adapters;
	cli_source source;
	int format;
	bool words, letters, list_langs;
	const char *logits_dir;
	const char *folder; /* one file an input goes there; NULL: everything into `out` */
	s2st_writer *out;
} transcribe;

static int format_of(const transcribe *t)
{
	return t->c->json ? FORMAT_JSON : t->format;
}

/* ---- text and JSON ---- */

static void print_spans(FILE *f, const char *key, const char *name, const s2st_span *spans, size_t n)
{
	fprintf(f, ", \"%s\": [", key);
	for (size_t i = 0; i < n; i++) {
		fprintf(f, "%s{\"%s\": ", i ? ", " : "", name);
		cli_json_string(f, spans[i].text);
		fprintf(f, ", \"start\": %.3f, \"end\": %.3f}", spans[i].start, spans[i].end);
	}
	fputc(']', f);
}

static void print_json(FILE *f, const transcribe *t, const s2st_asr_session *s, const char *id,
		       const s2st_transcript *said)
{
	s2st_asr_info info;
	s2st_asr_get_info(s2st_asr_session_model(s), &info);
	fputs("{\"id\": ", f);
	cli_json_string(f, id);
	if (info.language) {
		fputs(", \"language\": ", f);
		cli_json_string(f, info.language);
	}
	fputs(", \"text\": ", f);
	cli_json_string(f, said->text);
	if (t->words)
		print_spans(f, "words", "word", said->words, said->n_words);
	if (t->letters)
		print_spans(f, "letters", "letter", said->symbols, said->n_symbols);
	fputs("}\n", f);
}

/* ---- subtitles ---- */

/* How many of words [n] the next subtitle holds: it ends at a pause, and where it gets too long to read. */
static size_t subtitle_length(const s2st_span *words, size_t n)
{
	const double pause = 0.6, longest = 6;
	enum { LETTERS = 84 }; /* two lines of 42 */
	size_t letters = strlen(words[0].text), i = 1;
	for (; i < n; i++) {
		letters += 1 + strlen(words[i].text);
		if (words[i].start - words[i - 1].end > pause || words[i].end - words[0].start > longest ||
		    letters > LETTERS)
			break;
	}
	return i;
}

/* "00:01:02,345" */
static void print_time(FILE *f, double seconds, char point)
{
	const long ms = lround(seconds * 1000);
	fprintf(f, "%02ld:%02ld:%02ld%c%03ld", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, point, ms % 1000);
}

/* WebVTT reads <, > and & as markup. */
static void print_word(FILE *f, const char *s, bool vtt)
{
	for (; *s; s++) {
		if (vtt && *s == '<')
			fputs("&lt;", f);
		else if (vtt && *s == '>')
			fputs("&gt;", f);
		else if (vtt && *s == '&')
			fputs("&amp;", f);
		else
			fputc(*s, f);
	}
}

static void print_subtitles(FILE *f, const s2st_transcript *said, bool vtt)
{
	if (vtt)
		fputs("WEBVTT\n\n", f);
	for (size_t i = 0, number = 1; i < said->n_words; number++) {
		const size_t n = subtitle_length(said->words + i, said->n_words - i);
		if (!vtt)
			fprintf(f, "%zu\n", number);
		print_time(f, said->words[i].start, vtt ? '.' : ',');
		fputs(" --> ", f);
		print_time(f, said->words[i + n - 1].end, vtt ? '.' : ',');
		fputc('\n', f);
		for (size_t j = i; j < i + n; j++) {
			if (j > i)
				fputc(' ', f);
			print_word(f, said->words[j].text, vtt);
		}
		fputs("\n\n", f);
		i += n;
	}
}

static void print(FILE *f, const transcribe *t, const s2st_asr_session *s, const char *id, const s2st_transcript *said)
{
	switch (format_of(t)) {
	case FORMAT_JSON: print_json(f, t, s, id, said); break;
	case FORMAT_SRT: print_subtitles(f, said, false); break;
	case FORMAT_VTT: print_subtitles(f, said, true); break;
	default: fprintf(f, "%s\t%s\n", id, said->text);
	}
}

/* ---- one input ---- */

static int write_file(const cli *c, const char *path, cli_result *result, s2st_error *err)
{
	if (fflush(result->text.f) != 0)
		return cli_fail_memory(err);
	int rc = cli_result_output(c, result, path, err);
	return rc < 0 ? rc : cli_write_text(path, result->text.bytes, result->text.n, err);
}

static int hear(const transcribe *t, cli_sessions *s, const s2st_input *row, cli_result *result, s2st_error *err)
{
	s2st_audio audio = {0};
	s2st_matrix logits;
	s2st_transcript said;
	int rc = cli_adapters_use(&t->adapters, s, row, err);
	if (rc == S2ST_OK)
		rc = cli_read_audio(result, &audio, row->path, err);
	if (rc < 0)
		return rc;
	rc = s2st_asr_logits(s->asr, audio.samples, audio.n, &logits, err);
	if (rc == S2ST_OK && t->logits_dir)
		rc = cli_write_matrix(t->c, result, t->logits_dir, row->id, &logits, err);
	if (rc == S2ST_OK)
		rc = s2st_asr_decode(s->asr, &logits, &t->asr.options, &said, err);
	if (rc == S2ST_OK)
		print(result->text.f, t, s->asr, row->id, &said);
	s2st_audio_free(&audio);
	return rc;
}

/* The subtitle file of an input; NULL where all goes into one stream. */
static int file_of(const transcribe *t, const char *id, char **path, s2st_error *err)
{
	*path = NULL;
	if (!t->folder)
		return S2ST_OK;
	return cli_output_path(path, t->folder, id, t->format == FORMAT_SRT ? ".srt" : ".vtt", err);
}

static int work(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const transcribe *t = self;
	cli_sessions *s = own;
	char *path;
	int rc = file_of(t, row->id, &path, err);
	if (rc == S2ST_OK)
		rc = hear(t, s, row, result, err);
	if (rc == S2ST_OK && path)
		rc = write_file(t->c, path, result, err);
	free(path);
	return rc;
}

static int place(void *self, const s2st_input *row, char **path, s2st_error *err)
{
	return file_of(self, row->id, path, err);
}

static int emit(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const transcribe *t = self;
	(void)row;
	if (!t->out)
		return S2ST_OK;
	int rc = s2st_writer_write(t->out, result->text.bytes, result->text.n, err);
	return rc == S2ST_OK ? s2st_writer_flush(t->out, err) : rc;
}

/* ---- the tool ---- */

static bool is_subtitles(const transcribe *t)
{
	return format_of(t) == FORMAT_SRT || format_of(t) == FORMAT_VTT;
}

/* Where the output goes: subtitles of several inputs are files of a folder. */
static int open_output(cli *c, transcribe *t, int64_t total)
{
	s2st_error err;
	int rc;
	const char *o = c->output ? c->output : "-";
	const size_t n = strlen(o);
	if (is_subtitles(t) && (cli_is_folder(o) || (n && o[n - 1] == '/'))) {
		t->folder = o;
		rc = c->dry_run ? S2ST_OK : cli_make_folder(o, &err);
	} else if (is_subtitles(t) && total != 1) {
		return cli_misused(c, "subtitles of several inputs: give a folder, -o DIR/");
	} else {
		rc = cli_open_stream(c, &t->out, o, &err);
	}
	if (rc == S2ST_OK && t->logits_dir && !c->dry_run)
		rc = cli_make_folder(t->logits_dir, &err);
	if (rc < 0)
		cli_error(c, NULL, err.text);
	return rc < 0 ? CLI_FAILED : CLI_OK;
}

static int run(cli *c, transcribe *t)
{
	s2st_error err;
	int code = CLI_OK;
	bool whole = false;
	s2st_inputs *inputs = cli_open_inputs(c, &t->source, t->logits_dir || is_subtitles(t), &code);
	if (!inputs)
		return code;
	code = open_output(c, t, s2st_inputs_count(inputs));
	if (code == CLI_OK) {
		const cli_work w = {
			.self = t,
			.source = inputs,
			.total = s2st_inputs_count(inputs),
			.models = &t->models,
			.audio = true,
			.place = place,
			.folder = t->folder,
			.file = c->output,
			.by_index = t->adapters.table && !t->adapters.by_id,
			.separators = format_of(t) == FORMAT_TEXT ? "\t" : NULL,
			.next = cli_next_input,
			.work = work,
			.emit = emit,
		};
		code = cli_run(c, &w, &whole);
		if (t->out && whole && s2st_writer_commit(t->out, &err) < 0) {
			cli_error(c, NULL, err.text);
			code = CLI_FAILED;
		}
	}
	if (!whole)
		s2st_writer_abort(t->out);
	s2st_inputs_free(inputs);
	return code;
}

static const char about[] =
	"Speech in, text out, one line an input: 'id<TAB>text'.\n"
	"An INPUT is an audio file (wav, flac, ogg, mp3), 'archive.zip:offset:length', a folder, a fairseq\n"
	"manifest (.tsv), a list of paths (.txt, .lst), or '-': a list or audio on stdin.";

static const char more[] =
	"--format json, --json   {\"id\", \"text\"}; with --words also\n"
	"                        \"words\": [{\"word\", \"start\", \"end\"}, ...],\n"
	"                        with --letters \"letters\" likewise, in seconds\n"
	"--format srt, vtt       subtitles; one input, or -o DIR/ for DIR/ID.srt\n"
	"The whole of an input is heard at once, as in the reference: cut what lasts for hours.\n\n"
	"  asr-transcribe --pack models/es-en-demo english/\n"
	"  asr-transcribe -m mms1b_all.pt --lang swh talks/";

static int do_all(cli *c, transcribe *t)
{
	int code = cli_models_configure(c, &t->models);
	if (code == CLI_OK && t->list_langs)
		return cli_adapters_list(c, t->asr.files.model);
	if (code == CLI_OK)
		code = cli_adapters_read(c, &t->adapters, &t->asr);
	if (code == CLI_OK)
		code = cli_models_open(c, &t->models);
	if (code == CLI_OK)
		code = cli_adapters_open(c, &t->adapters, &t->asr);
	return code == CLI_OK ? run(c, t) : code;
}

int main(int argc, char **argv)
{
	cli c = {
		.tool = "asr-transcribe",
		.synopsis = "[options] (-m MODEL [--dict FILE] | --pack DIR) [INPUT...]",
		.about = about,
		.more = more,
	};
	transcribe t = {.c = &c};
	cli_asr_defaults(&t.asr);
	cli_option model[CLI_N_ASR_OPTIONS];
	cli_asr_options(&t.asr, model);
	const cli_option language[] = {
		{0, "lang", CLI_TEXT, "LANG", &t.asr.files.language, 0, 0,
		 "language of a model with adapters, as it calls them ('eng'); none: the one it was saved with"},
		{0, "langs", CLI_TEXT, "FILE", &t.adapters.file, 0, 0,
		 "languages of the inputs: a .tsv with columns id and lang, or a line an input"},
		{0, "list-langs", CLI_FLAG, NULL, &t.list_langs, 0, 0, "print the languages of the model, and no more"},
	};
	const cli_option output[] = {
		{0, "format", CLI_CHOICE, "text|json|srt|vtt", &t.format, 0, 0, "of the transcripts, see below"},
		{0, "lowercase", CLI_FLAG, NULL, &t.asr.options.lowercase, 0, 0, "small letters, as asr-bleu compares"},
		{0, "words", CLI_FLAG, NULL, &t.words, 0, 0, "JSON: when each word was said"},
		{0, "letters", CLI_FLAG, NULL, &t.letters, 0, 0, "JSON: when each letter was said"},
		{0, "logits-out", CLI_TEXT, "DIR", &t.logits_dir, 0, 0,
		 "write the output of the CTC head, DIR/ID.npy [frames, V]"},
	};
	cli_option source[CLI_N_SOURCE_OPTIONS];
	cli_source_options(&t.source, source);
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "Model", model, CLI_N_ASR_OPTIONS);
	cli_add_group(&c, "Language", language, sizeof language / sizeof *language);
	cli_add_group(&c, "Input", source, CLI_N_SOURCE_OPTIONS);
	cli_add_group(&c, "Output", output, sizeof output / sizeof *output);
	cli_parse(&c);
	if ((t.words || t.letters) && format_of(&t) != FORMAT_JSON)
		cli_misuse(&c, "--words and --letters are for --json");
	t.models.asr = &t.asr;
	int code = do_all(&c, &t);
	cli_adapters_close(&t.adapters);
	cli_models_close(&t.models);
	return cli_end(&c, code);
}
