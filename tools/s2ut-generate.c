/* s2ut-generate: speech to discrete units of another language (S2UT), as plain unit lines, fairseq's lines or JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_models.h"

enum { FORMAT_UNITS, FORMAT_FAIRSEQ };
enum { ORDER_INPUT, ORDER_LENGTH };

/* A result that waits for --order length. */
typedef struct held {
	char *text;
	size_t n, frames, index;
} held;

typedef struct generate {
	cli *c;
	cli_models models;
	cli_s2ut s2ut;
	int format, order;
	const char *features_dir, *encoder_dir, *logprobs_dir, *attention_dir, *force_text;
	cli_source source;
	int32_t *forced; /* [n_forced] decoder input of --force-prefix */
	size_t n_forced;
	s2st_writer *out;
	held *held;
	size_t n_held, cap_held;
} generate;

/* ---- formats ---- */

/* torch divides a float32 tensor by math.log(2) in float32. */
static float base2(float natural)
{
	return natural / (float)M_LN2;
}

/* As Dictionary.string prints them: without <s> and </s>, which stacked units do not even end with. */
static void print_symbols(FILE *f, const s2st_s2ut *m, const s2st_hypothesis *h)
{
	enum { BOS = 0, EOS = 2 };
	const char *space = "";
	for (size_t i = 0; i < h->n_tokens; i++) {
		const char *symbol = s2st_s2ut_symbol(m, h->tokens[i]);
		if (h->tokens[i] == BOS || h->tokens[i] == EOS)
			continue;
		fprintf(f, "%s%s", space, symbol ? symbol : "<unk>");
		space = " ";
	}
}

static void print_reference(FILE *f, size_t index, const char *target)
{
	const char *space = "";
	fprintf(f, "T-%zu\t", index);
	for (const char *p = target + strspn(target, " \t"); *p; p += strspn(p, " \t"), space = " ") {
		size_t n = strcspn(p, " \t");
		fprintf(f, "%s%.*s", space, (int)n, p);
		p += n;
	}
	fputc('\n', f);
}

/* The T, H, D, P lines of fairseq_cli/generate.py; there is no S line where the source is speech. */
static void print_fairseq(FILE *f, const generate *g, const s2st_input *row, const s2st_nbest *best)
{
	char score[CLI_REAL_SIZE];
	if (row->target)
		print_reference(f, row->index, row->target);
	for (size_t i = 0; i < best->n; i++) {
		const s2st_hypothesis *h = &best->hyps[i];
		cli_python_float(score, (double)base2((float)h->score));
		for (const char *line = "HD"; *line; line++) {
			fprintf(f, "%c-%zu\t%s\t", *line, row->index, score);
			print_symbols(f, g->s2ut.model, h);
			fputc('\n', f);
		}
		fprintf(f, "P-%zu\t", row->index);
		for (size_t t = 0; t < h->n_tokens; t++)
			fprintf(f, "%s%.4f", t ? " " : "", (double)base2(h->positional_scores[t]));
		fputc('\n', f);
	}
}

static void print_json(FILE *f, const s2st_input *row, const s2st_nbest *best)
{
	fputs("{\"id\": ", f);
	cli_json_string(f, row->id);
	fputs(", \"source\": ", f);
	cli_json_string(f, cli_display(row->path));
	fputs(", \"nbest\": [", f);
	for (size_t i = 0; i < best->n; i++) {
		const s2st_hypothesis *h = &best->hyps[i];
		fprintf(f, "%s{\"units\": ", i ? ", " : "");
		cli_json_ints(f, h->units, h->n_units);
		fputs(", \"tokens\": ", f);
		cli_json_ints(f, h->tokens, h->n_tokens);
		fputs(", \"score\": ", f);
		cli_json_real(f, h->score);
		fputs(", \"positional_scores\": ", f);
		cli_json_reals(f, h->positional_scores, h->n_tokens);
		fputc('}', f);
	}
	fputs("]}\n", f);
}

static void print_best(FILE *f, const generate *g, const s2st_input *row, const s2st_nbest *best)
{
	if (g->c->json) {
		print_json(f, row, best);
	} else if (g->format == FORMAT_FAIRSEQ) {
		print_fairseq(f, g, row, best);
	} else {
		for (size_t i = 0; i < best->n; i++)
			cli_unit_line(f, row->id, best->hyps[i].units, best->hyps[i].n_units);
	}
}

/* ---- one input ---- */

static int write_attention(const generate *g, s2st_s2ut_session *s, const s2st_input *row, const s2st_audio *a,
			   cli_result *result, const s2st_nbest *best, s2st_error *err)
{
	const s2st_hypothesis *h = &best->hyps[0];
	s2st_matrix m;
	int rc = s2st_s2ut_attention(s, a->samples, a->n, g->s2ut.speaker, best->first, h->tokens, h->n_tokens, &m,
				     err);
	return rc < 0 ? rc : cli_write_matrix(g->c, result, g->attention_dir, row->id, &m, err);
}

/* Attention first: the other calls take `best` from the session. */
static int write_insides(const generate *g, s2st_s2ut_session *s, const s2st_input *row, const s2st_audio *a,
			 cli_result *result, const s2st_nbest *best, s2st_error *err)
{
	s2st_matrix m;
	const bool looked = g->attention_dir && best->hyps[0].n_tokens > 0; /* stacked units have no closing </s> */
	int rc = looked ? write_attention(g, s, row, a, result, best, err) : S2ST_OK;
	if (rc == S2ST_OK && g->features_dir) {
		rc = s2st_s2ut_features(s, a->samples, a->n, &m, err);
		if (rc == S2ST_OK)
			rc = cli_write_matrix(g->c, result, g->features_dir, row->id, &m, err);
	}
	if (rc == S2ST_OK && g->encoder_dir) {
		rc = s2st_s2ut_encode(s, a->samples, a->n, g->s2ut.speaker, &m, err);
		if (rc == S2ST_OK)
			rc = cli_write_matrix(g->c, result, g->encoder_dir, row->id, &m, err);
	}
	if (rc == S2ST_OK && g->logprobs_dir) {
		rc = s2st_s2ut_force(s, a->samples, a->n, g->s2ut.speaker, g->forced, g->n_forced, &m, err);
		if (rc == S2ST_OK)
			rc = cli_write_matrix(g->c, result, g->logprobs_dir, row->id, &m, err);
	}
	return rc;
}

static int take(void *self, cli_sessions *own, cli_item *item, const s2st_audio *audio, const s2st_nbest *best,
		s2st_error *err)
{
	const generate *g = self;
	const s2st_input *row = &item->row;
	/* The column src_n_frames of a manifest holds samples // 160; rows without it get the same figure. */
	item->result.frames = row->n_frames >= 0 ? (size_t)row->n_frames : audio->n / 160;
	print_best(item->result.text.f, g, row, best);
	return write_insides(g, own->s2ut, row, audio, &item->result, best, err);
}

static void work(void *self, void *own, cli_item *const *items, size_t n)
{
	const generate *g = self;
	cli_generate(&g->s2ut, self, own, items, n, take);
}

/* ---- output ---- */

static int hold(generate *g, const s2st_input *row, cli_result *result, s2st_error *err)
{
	if (g->n_held == g->cap_held) {
		size_t cap = g->cap_held ? g->cap_held * 2 : 64;
		held *more = reallocarray(g->held, cap, sizeof *more);
		if (!more)
			return cli_fail_memory(err);
		g->held = more;
		g->cap_held = cap;
	}
	g->held[g->n_held++] = (held){result->text.bytes, result->text.n, result->frames, row->index};
	result->text.bytes = NULL;
	return S2ST_OK;
}

static int emit(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	generate *g = self;
	if (g->order == ORDER_LENGTH)
		return hold(g, row, result, err);
	int rc = s2st_writer_write(g->out, result->text.bytes, result->text.n, err);
	return rc < 0 ? rc : s2st_writer_flush(g->out, err); /* the next tool of a pipe works on it at once */
}

/* ordered_indices of speech_to_text_dataset.py:378-385: longest first, ties as they came. */
static int by_length(const void *pa, const void *pb)
{
	const held *a = pa, *b = pb;
	if (a->frames != b->frames)
		return a->frames > b->frames ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

static int write_held(generate *g, s2st_error *err)
{
	int rc = S2ST_OK;
	if (g->n_held)
		qsort(g->held, g->n_held, sizeof *g->held, by_length);
	for (size_t i = 0; i < g->n_held && rc == S2ST_OK; i++)
		rc = s2st_writer_write(g->out, g->held[i].text, g->held[i].n, err);
	return rc;
}

static void drop_held(generate *g)
{
	for (size_t i = 0; i < g->n_held; i++)
		free(g->held[i].text);
	free(g->held);
}

static int run(cli *c, generate *g)
{
	const char *const folders[] = {g->features_dir, g->encoder_dir, g->logprobs_dir, g->attention_dir};
	s2st_error err;
	int code = CLI_OK, rc = S2ST_OK;
	bool whole = false;
	const bool files = g->features_dir || g->encoder_dir || g->logprobs_dir || g->attention_dir;
	s2st_inputs *inputs = cli_open_inputs(c, &g->source, files, &code);
	if (!inputs)
		return code;
	for (size_t i = 0; i < sizeof folders / sizeof *folders && rc == S2ST_OK; i++)
		if (folders[i] && !c->dry_run)
			rc = cli_make_folder(folders[i], &err);
	if (rc == S2ST_OK)
		rc = cli_open_stream(c, &g->out, c->output ? c->output : "-", &err);
	if (rc == S2ST_OK) {
		const cli_work w = {
			.self = g,
			.source = inputs,
			.total = s2st_inputs_count(inputs),
			.models = &g->models,
			.audio = true,
			.file = c->output,
			.by_index = g->format == FORMAT_FAIRSEQ,
			.separators = g->format == FORMAT_UNITS && !c->json ? "" : NULL,
			.next = cli_next_input,
			.work_group = work,
			.batch = files ? 1 : cli_group_size(&g->models), /* files need the session between two inputs */
			.emit = emit,
		};
		code = cli_run(c, &w, &whole);
		if (whole)
			rc = write_held(g, &err);
		if (!whole || rc < 0)
			s2st_writer_abort(g->out);
		else
			rc = s2st_writer_commit(g->out, &err);
	}
	if (rc < 0) {
		cli_error(c, NULL, err.text);
		code = CLI_FAILED;
	}
	s2st_inputs_free(inputs);
	return code;
}

/* What depends on the model's own defaults. */
static int check_search(const cli *c, const s2st_search_options *o)
{
	if (o->nbest > o->beam)
		return cli_misused(c, "--nbest %d: a beam of %d holds no more than that", o->nbest, o->beam);
	return CLI_OK;
}

static void check_options(cli *c, generate *g)
{
	s2st_error err;
	if (!g->force_text != !g->logprobs_dir)
		cli_misuse(c, "--force-prefix and --logprobs-out belong together");
	if (g->force_text && cli_parse_ids(&g->forced, &g->n_forced, g->force_text, &err) < 0)
		cli_misuse(c, "--force-prefix: %s", err.text);
}

static const char about[] =
	"Speech in, discrete units of the target language out, one line an input: 'id|u u u'.\n"
	"An INPUT is an audio file (wav, flac, ogg, mp3), 'archive.zip:offset:length', a folder, a fairseq\n"
	"manifest (.tsv), a list of paths (.txt, .lst), or '-': a list or audio on stdin.";

static const char more[] =
	"--format units     'id|u u u'; with --nbest, the lines of one id follow one another, best first\n"
	"--format fairseq   the T-, H-, D-, P- lines of fairseq-generate: scores in base 2, ids are row numbers\n"
	"--json             {\"id\", \"source\", \"nbest\": [{\"units\", \"tokens\", \"score\",\n"
	"                   \"positional_scores\"}, ...]}, natural logarithms\n\n"
	"Mixtures of experts (gshard: -m NAME-shared.pt with NAME-rank-N.pt beside it, or a .tar of them): each\n"
	"token goes to its two likeliest experts, and none is left out. fairseq's evaluation adds Gumbel noise\n"
	"to the second choice and drops tokens beyond an expert's share of a batch: its output changes from run\n"
	"to run, this does not.\n\n"
	"  s2ut-generate --pack models/es-en-demo talks/ | vocode --pack models/es-en-demo -o english/";

int main(int argc, char **argv)
{
	cli c = {
		.tool = "s2ut-generate",
		.synopsis = "[options] (-m MODEL.pt | --pack DIR) [INPUT...]",
		.about = about,
		.more = more,
	};
	generate g = {.c = &c};
	cli_s2ut_defaults(&g.s2ut);
	cli_option model[CLI_N_S2UT_OPTIONS];
	cli_s2ut_options(&g.s2ut, model);
	const cli_option output[] = {
		{0, "nbest", CLI_INT, "N", &g.s2ut.search.nbest, 1, 1000, "hypotheses printed for an input"},
		{0, "format", CLI_CHOICE, "units|fairseq", &g.format, 0, 0, "lines on stdout, see below"},
		{0, "order", CLI_CHOICE, "input|length", &g.order, 0, 0,
		 "of the lines; length: longest first, as fairseq-generate prints them"},
		{0, "features-out", CLI_TEXT, "DIR", &g.features_dir, 0, 0,
		 "write the model's input, DIR/ID.npy [frames, bins]"},
		{0, "encoder-out", CLI_TEXT, "DIR", &g.encoder_dir, 0, 0,
		 "write the encoder's output, DIR/ID.npy [T, D]"},
		{0, "force-prefix", CLI_TEXT, "IDS", &g.force_text, 0, 0,
		 "decoder input as token ids ('2,17,5', 2 is the starting </s>) for --logprobs-out"},
		{0, "attention-out", CLI_TEXT, "DIR", &g.attention_dir, 0, 0,
		 "write where the decoder looks for each token of the best hypothesis, DIR/ID.npy [n, T]: its last "
		 "layer, mean of the heads"},
		{0, "logprobs-out", CLI_TEXT, "DIR", &g.logprobs_dir, 0, 0,
		 "write the log-probabilities after each of these tokens, DIR/ID.npy [n, V]"},
	};
	cli_option source[CLI_N_SOURCE_OPTIONS];
	cli_source_options(&g.source, source);
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "Model and search", model, CLI_N_S2UT_OPTIONS);
	cli_add_group(&c, "Input", source, CLI_N_SOURCE_OPTIONS);
	cli_add_group(&c, "Output", output, sizeof output / sizeof *output);
	cli_parse(&c);
	g.models.s2ut = &g.s2ut;
	int code = cli_models_configure(&c, &g.models);
	if (code == CLI_OK) {
		check_options(&c, &g);
		if ((code = cli_models_open(&c, &g.models)) == CLI_OK &&
		    (code = check_search(&c, &g.s2ut.search)) == CLI_OK)
			code = run(&c, &g);
	}
	cli_models_close(&g.models);
	drop_held(&g);
	free(g.forced);
	return cli_end(&c, code);
}
