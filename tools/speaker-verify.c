/* speaker-verify: do two recordings have the same speaker? The cosine of their embeddings. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_embedder.h"
#include "cli_models.h"

typedef struct verify {
	cli *c;
	cli_embedder embedder;
	double threshold;
	float *vectors[2];
	size_t n; /* vectors so far */
} verify;

static int open_session(void *self, void **own, s2st_error *err)
{
	return cli_embedder_session(&((const verify *)self)->embedder, own, err);
}

static int work(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const size_t dim = (size_t)((const verify *)self)->embedder.info.dim;
	const float *vector;
	int rc = cli_embedder_run(own, row, result, &vector, err);
	if (rc < 0)
		return rc;
	result->samples = reallocarray(NULL, dim, sizeof *vector); /* it travels to emit so */
	if (!result->samples)
		return cli_fail_memory(err);
	memcpy(result->samples, vector, dim * sizeof *vector);
	return S2ST_OK;
}

static int emit(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	verify *v = self;
	(void)row;
	(void)err;
	if (v->n < 2)
		v->vectors[v->n++] = result->samples;
	result->samples = NULL;
	return S2ST_OK;
}

/* torch's cosine_similarity. */
static double cosine(const float *a, const float *b, size_t n)
{
	double ab = 0, aa = 0, bb = 0;
	for (size_t i = 0; i < n; i++) {
		ab += (double)a[i] * (double)b[i];
		aa += (double)a[i] * (double)a[i];
		bb += (double)b[i] * (double)b[i];
	}
	return ab / fmax(sqrt(aa * bb), 1e-8);
}

static void print_json(FILE *f, const verify *v, double score)
{
	fputs("{\"a\": ", f);
	cli_json_string(f, v->c->args[0]);
	fputs(", \"b\": ", f);
	cli_json_string(f, v->c->args[1]);
	fputs(", \"score\": ", f);
	cli_json_real(f, (double)(float)score);
	fprintf(f, ", \"same\": %s}\n", score >= v->threshold ? "true" : "false");
}

static int print_score(const verify *v)
{
	s2st_error err;
	s2st_writer *out;
	cli *c = v->c;
	cli_text text = {0};
	const double score = cosine(v->vectors[0], v->vectors[1], (size_t)v->embedder.info.dim);
	text.f = open_memstream(&text.bytes, &text.n);
	int rc = text.f ? S2ST_OK : cli_fail_memory(&err);
	if (rc == S2ST_OK && c->json)
		print_json(text.f, v, score);
	else if (rc == S2ST_OK)
		fprintf(text.f, "%.4f\t%s\n", score, score >= v->threshold ? "same" : "different");
	if (rc == S2ST_OK && fclose(text.f) != 0)
		rc = cli_fail_memory(&err);
	if (rc == S2ST_OK)
		rc = cli_open_stream(c, &out, c->output ? c->output : "-", &err);
	if (rc == S2ST_OK) {
		rc = s2st_writer_write(out, text.bytes, text.n, &err);
		if (rc == S2ST_OK)
			rc = s2st_writer_commit(out, &err);
		else
			s2st_writer_abort(out);
	}
	free(text.bytes);
	if (rc < 0)
		cli_error(c, NULL, err.text);
	return rc < 0 ? CLI_FAILED : CLI_OK;
}

static int run(verify *v)
{
	cli *c = v->c;
	int code = CLI_OK;
	bool whole = false;
	const cli_source source = {0};
	s2st_inputs *inputs = cli_open_inputs(c, &source, false, &code);
	if (!inputs)
		return code;
	const cli_work w = {
		.self = v,
		.source = inputs,
		.total = s2st_inputs_count(inputs),
		.context = v->embedder.context,
		.open = open_session,
		.close = cli_embedder_session_close,
		.audio = true,
		.next = cli_next_input,
		.work = work,
		.emit = emit,
	};
	code = w.total == 2 ? cli_run(c, &w, &whole) : cli_misused(c, "expected two recordings, A and B");
	s2st_inputs_free(inputs);
	return code == CLI_OK && whole && v->n == 2 ? print_score(v) : code;
}

/* ---- the tool ---- */

static int do_all(verify *v, cli_models *models)
{
	cli *c = v->c;
	s2st_error err;
	if (!v->embedder.file)
		cli_misuse(c, "no model: give -m MODEL.pth");
	if (c->n_args != 2)
		cli_misuse(c, "expected two recordings, A and B, found %zu", c->n_args);
	if (c->n_shards > 1 || c->resume || c->dry_run)
		cli_misuse(c, "a score is of the pair: --shard, --resume and --dry-run have no use here");
	if (c->output && strcmp(c->output, "-") != 0 && cli_check_output(c, c->output, &err) < 0) {
		cli_error(c, NULL, err.text);
		return CLI_FAILED;
	}
	int code = cli_models_configure(c, models);
	if (code == CLI_OK)
		code = cli_models_open(c, models);
	if (code != CLI_OK)
		return code;
	code = cli_embedder_open(c, &v->embedder, models->context);
	if (code != CLI_OK)
		return code;
	if (strcmp(v->embedder.info.kind, "ecapa_tdnn") != 0) {
		cli_error(c, v->embedder.file, "expected a speaker encoder (ECAPA-TDNN), found another embedder");
		return CLI_MODEL;
	}
	return run(v);
}

static const char about[] =
	"Two recordings in, one number out: how alike their speakers sound, the cosine of the embeddings that the\n"
	"speaker verification release of WavLM (UniSpeech-SAT, HuBERT, XLSR) makes: 1 the same, around 0 others.\n"
	"A and B are audio files (wav, flac, ogg, mp3) or 'archive.zip:offset:length'.";

static const char more[] =
	"Prints 'score<TAB>same' or 'score<TAB>different'; --json {\"a\", \"b\", \"score\", \"same\"}.\n"
	"What score tells speakers apart depends on model and recordings: --threshold sets it.\n"
	"The embeddings of many files: speech-embed -m MODEL.pth -o speakers.npy DIR/\n\n"
	"  speaker-verify -m wavlm_large_finetune.pth a.wav b.wav";

int main(int argc, char **argv)
{
	cli c = {
		.tool = "speaker-verify",
		.no_resume = true,
		.synopsis = "[options] -m MODEL.pth A.wav B.wav",
		.about = about,
		.more = more,
	};
	verify v = {.c = &c, .threshold = 0.5};
	const cli_option model[] = {
		{'m', "model", CLI_TEXT, "MODEL", &v.embedder.file, 0, 0, "encoder with an ECAPA-TDNN, as released"},
	};
	const cli_option output[] = {
		{0, "threshold", CLI_REAL, "X", &v.threshold, -1, 1, "from this score on the speaker is the same"},
	};
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "Model", model, sizeof model / sizeof *model);
	cli_add_group(&c, "Output", output, sizeof output / sizeof *output);
	cli_parse(&c);
	cli_models models = {0};
	int code = do_all(&v, &models);
	free(v.vectors[0]);
	free(v.vectors[1]);
	cli_embedder_close(&v.embedder);
	cli_models_close(&models);
	return cli_end(&c, code);
}
