/* speech-embed: speech to SpeechLASER embeddings, one row of a .npy matrix each, for speech-mine. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli_embedder.h"
#include "cli_features.h"
#include "cli_models.h"

typedef struct embed {
	cli *c;
	cli_embedder embedder;
	cli_source source;

	cli_matrix out; /* with --json the lines alone, which hold the embeddings */
} embed;

/* ---- one input ---- */

static void print_json(FILE *f, const s2st_input *row, const float *vector, size_t dim)
{
	fputs("{\"id\": ", f);
	cli_json_string(f, row->id);
	fputs(", \"source\": ", f);
	cli_json_string(f, cli_display(row->path));
	fputs(", \"embedding\": ", f);
	cli_json_reals(f, vector, dim);
	fputs("}\n", f);
}

/* The vector travels to emit, and into the record for --resume, as text: 8 hexadecimal digits a float. */
static void print_vector(FILE *f, const float *vector, size_t dim)
{
	for (size_t i = 0; i < dim; i++) {
		uint32_t bits;
		memcpy(&bits, &vector[i], sizeof bits);
		fprintf(f, "%08" PRIx32, bits);
	}
}

static int add_row(const cli_matrix *m, const char *digits, size_t dim, s2st_error *err)
{
	float *vector = reallocarray(NULL, dim, sizeof *vector);
	if (!vector)
		return cli_fail_memory(err);
	for (size_t i = 0; i < dim; i++) {
		char one[9] = "";
		memcpy(one, digits + 8 * i, 8);
		const uint32_t bits = (uint32_t)strtoul(one, NULL, 16);
		memcpy(&vector[i], &bits, sizeof bits);
	}
	int rc = s2st_npy_rows_add(m->rows, vector, 1, err);
	free(vector);
	return rc;
}

static int open_session(void *self, void **own, s2st_error *err)
{
	return cli_embedder_session(&((const embed *)self)->embedder, own, err);
}

static int work(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const embed *e = self;
	const size_t dim = (size_t)e->embedder.info.dim;
	const float *vector;
	if (strpbrk(row->id, "\t\r\n") || strpbrk(row->path, "\t\r\n"))
		return cli_fail(err, S2ST_EINPUT, "a name with a tab or a line end cannot stand in the list of ids");
	int rc = cli_embedder_run(own, row, result, &vector, err);
	if (rc < 0)
		return rc;
	if (e->c->json) {
		print_json(result->text.f, row, vector, dim);
	} else {
		fprintf(result->text.f, "%s\t%s\n", row->id, cli_display(row->path));
		print_vector(result->units.f, vector, dim);
	}
	return S2ST_OK;
}

static int emit(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const embed *e = self;
	const cli_matrix *m = &e->out;
	const size_t dim = (size_t)e->embedder.info.dim;
	int rc = S2ST_OK;
	if (m->rows && result->units.n != 8 * dim)
		return cli_fail(err, S2ST_EFORMAT, "%s: expected %zu digits of a vector in the record, found %zu",
				row->path, 8 * dim, result->units.n);
	if (m->rows)
		rc = add_row(m, result->units.bytes, dim, err);
	if (rc == S2ST_OK)
		rc = s2st_writer_write(m->lines, result->text.bytes, result->text.n, err);
	return rc == S2ST_OK && !m->rows ? s2st_writer_flush(m->lines, err) : rc;
}

/* ---- outputs ---- */

static int open_outputs(embed *e, s2st_error *err)
{
	const char *o = e->c->output;
	if (e->c->json)
		return cli_open_stream(e->c, &e->out.lines, o ? o : "-", err);
	return cli_matrix_open(e->c, &e->out, o, "ids", (size_t)e->embedder.info.dim, err);
}

static int run(embed *e)
{
	cli *c = e->c;
	s2st_error err;
	int code = CLI_OK;
	bool whole = false;
	s2st_inputs *inputs = cli_open_inputs(c, &e->source, true, &code);
	if (!inputs)
		return code;
	int rc = open_outputs(e, &err);
	if (rc == S2ST_OK) {
		const cli_work w = {
			.self = e,
			.source = inputs,
			.total = s2st_inputs_count(inputs),
			.context = e->embedder.context,
			.open = open_session,
			.close = cli_embedder_session_close,
			.audio = true,
			.file = c->output,
			.next = cli_next_input,
			.work = work,
			.emit = emit,
		};
		code = cli_run(c, &w, &whole);
		if (whole)
			rc = cli_matrix_commit(&e->out, &err);
	}
	cli_matrix_abort(&e->out);
	if (rc < 0) {
		cli_error(c, NULL, err.text);
		code = CLI_FAILED;
	}
	s2st_inputs_free(inputs);
	return code;
}

/* ---- the tool ---- */

static int do_all(embed *e, cli_models *models)
{
	cli *c = e->c;
	const char *o = c->output;
	if (!c->json && (!o || !cli_is_matrix(o)))
		cli_misuse(c, "expected -o FILE.npy (FILE.ids gets the names of its rows), or --json");
	int code = cli_models_configure(c, models);
	if (code != CLI_OK)
		return code;
	if (!e->embedder.file && models->pack)
		e->embedder.file = s2st_pack_file(models->pack, "embedder");
	if (!e->embedder.file)
		cli_misuse(c, "no model: give -m MODEL.pt or --pack DIR");
	code = cli_models_open(c, models);
	if (code == CLI_OK)
		code = cli_embedder_open(c, &e->embedder, models->context);
	return code == CLI_OK ? run(e) : code;
}

static const char about[] =
	"Speech in, one vector an input out: SpeechLASER embeddings, in which speech of the same meaning lies\n"
	"close whatever its language. What speech-mine finds translations with.\n"
	"An INPUT is an audio file (wav, flac, ogg, mp3), 'archive.zip:offset:length', a folder, a fairseq\n"
	"manifest (.tsv), a list of paths (.txt, .lst), or '-': a list or audio on stdin.";

static const char more[] =
	"-o FILE.npy gets a float32 matrix [inputs, 1024], FILE.ids a line for each row: id<TAB>audio. An input\n"
	"that fails has no row. Of --shard I/N each part writes a file of its own; speech-mine takes them all.\n"
	"--json prints {\"id\", \"source\", \"embedding\"}, a line an input, instead.\n"
	"The whole of an input is heard at once, as in the reference: cut what is longer than a sentence.\n\n"
	"  speech-embed -m romance.pt -o es.npy es/\n"
	"  speech-embed -m english.pt --shard 3/10 -o en/3.npy en.tsv";

int main(int argc, char **argv)
{
	cli c = {
		.tool = "speech-embed",
		.synopsis = "[options] (-m MODEL.pt | --pack DIR) -o FILE.npy [INPUT...]",
		.about = about,
		.more = more,
	};
	embed e = {.c = &c};
	const cli_option model[] = {
		{'m', "model", CLI_TEXT, "MODEL", &e.embedder.file, 0, 0, "SpeechLASER encoder: fairseq checkpoint"},
	};
	cli_option source[CLI_N_SOURCE_OPTIONS];
	cli_source_options(&e.source, source);
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "Model", model, sizeof model / sizeof *model);
	cli_add_group(&c, "Input", source, CLI_N_SOURCE_OPTIONS);
	cli_parse(&c);
	cli_models models = {0};
	int code = do_all(&e, &models);
	cli_embedder_close(&e.embedder);
	cli_models_close(&models);
	return cli_end(&c, code);
}
