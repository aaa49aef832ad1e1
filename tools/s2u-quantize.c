/* s2u-quantize: speech to discrete units with an encoder layer and k-means, or the features themselves. */
#include <stdlib.h>
#include <string.h>

#include "cli_encoder.h"
#include "cli_features.h"
#include "cli_manifest.h"
#include "cli_models.h"

enum { FORMAT_GSLM, FORMAT_KM, FORMAT_S2UT_MANIFEST, FORMAT_JSON };

typedef struct quantize {
	cli *c;
	cli_encoder encoder;
	const char *kmeans_file, *export_path;
	int format;
	bool reduce, durations, hide_fname, compat_names;
	cli_source source;
	cli_s2ut_manifest manifest;
	s2st_kmeans *kmeans;
	s2st_inputs *inputs;

	s2st_writer *out;      /* NULL: no unit lines */
	cli_features features; /* .path NULL: none */
} quantize;

/* What a thread has for itself. */
typedef struct worker {
	s2st_quantizer *session;
	int32_t *units, *counts; /* [cap] of the input at hand; counts: how often each repeats */
	size_t n_units, cap;
	cli_pool pool;
} worker;

/* ---- units ---- */

static int reserve(worker *me, size_t more, s2st_error *err)
{
	if (me->cap - me->n_units >= more)
		return S2ST_OK;
	const size_t cap = (me->n_units + more) * 2;
	int32_t *units = reallocarray(me->units, cap, sizeof *units);
	if (units)
		me->units = units;
	int32_t *counts = reallocarray(me->counts, cap, sizeof *counts);
	if (counts)
		me->counts = counts;
	if (!units || !counts)
		return cli_fail_memory(err);
	me->cap = cap;
	return S2ST_OK;
}

/* With --reduce equal neighbours become one, over the borders of blocks too. */
static int add_units(worker *me, const s2st_frames *frames, bool reduce, s2st_error *err)
{
	int rc = reserve(me, frames->n, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < frames->n; i++) {
		if (reduce && me->n_units && me->units[me->n_units - 1] == frames->units[i]) {
			me->counts[me->n_units - 1]++;
			continue;
		}
		me->units[me->n_units] = frames->units[i];
		me->counts[me->n_units++] = 1;
	}
	return S2ST_OK;
}

/* ---- lines ---- */

static void print_numbers(FILE *f, const int32_t *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%d", i ? " " : "", at[i]);
}

/* os.path.basename(path).rstrip('.' + extension): takes away all characters of that set, not the suffix
 * (quantize_with_kmeans.py:127). */
static void print_stripped(FILE *f, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
	size_t n = strlen(base);
	while (dot && n && strchr(dot, base[n - 1]))
		n--;
	fprintf(f, "%.*s", (int)n, base);
}

static void print_name(FILE *f, const quantize *q, const s2st_input *row)
{
	if (q->compat_names && strcmp(row->id, "stdin") != 0)
		print_stripped(f, row->path);
	else
		fputs(row->id, f);
	if (q->encoder.channel)
		fprintf(f, "-channel%d", q->encoder.channel);
	fputc('|', f);
}

static void print_json(FILE *f, const quantize *q, const worker *me, const s2st_input *row)
{
	fputs("{\"id\": ", f);
	cli_json_string(f, row->id);
	fputs(", \"source\": ", f);
	cli_json_string(f, cli_display(row->path));
	fputs(", \"units\": ", f);
	cli_json_ints(f, me->units, me->n_units);
	if (q->durations) {
		fputs(", \"durations\": ", f);
		cli_json_ints(f, me->counts, me->n_units);
	}
	fputs("}\n", f);
}

static void print_line(FILE *f, const quantize *q, const worker *me, const s2st_input *row)
{
	if (q->format == FORMAT_JSON) {
		print_json(f, q, me, row);
		return;
	}
	if (q->format == FORMAT_GSLM && !q->hide_fname)
		print_name(f, q, row);
	print_numbers(f, me->units, me->n_units);
	if (q->durations) {
		fputc('|', f);
		print_numbers(f, me->counts, me->n_units);
	}
	fputc('\n', f);
}

/* ---- one input ---- */

static int read_frames(const quantize *q, worker *me, cli_feature_rows *rows, s2st_error *err)
{
	s2st_frames frames;
	int rc;
	while ((rc = s2st_quantizer_next(me->session, &frames, err)) > 0) {
		if (cli_caught_signal())
			return cli_fail(err, S2ST_EIO, "stopped");
		rc = cli_features_add(rows, frames.features, frames.n, err);
		if (rc >= 0 && q->kmeans)
			rc = add_units(me, &frames, q->reduce, err);
		if (rc < 0)
			break;
	}
	return rc;
}

/* Units of `path` into me->units, features to where they belong. `row` names the output. */
static int quantize_file(const quantize *q, worker *me, const char *path, const s2st_input *row, cli_result *result,
			 s2st_error *err)
{
	cli_feature_rows rows;
	me->n_units = 0;
	int rc = s2st_quantizer_open(me->session, path, q->encoder.channel, err);
	if (rc == S2ST_OK)
		rc = cli_features_begin(&q->features, &rows, &me->pool, row, result, err);
	if (rc < 0)
		return rc;
	rc = read_frames(q, me, &rows, err);
	rc = cli_features_end(&rows, row, rc, err);
	if (rc == S2ST_OK)
		cli_encoder_note(&q->encoder, me->session, row, result);
	return rc;
}

static int open_worker(void *self, void **own, s2st_error *err)
{
	const quantize *q = self;
	worker *me = calloc(1, sizeof *me);
	*own = me;
	if (!me)
		return cli_fail_memory(err);
	int rc = cli_encoder_session(&q->encoder, &me->session, err);
	if (rc < 0)
		free(me);
	return rc;
}

static void close_worker(void *self, void *own)
{
	worker *me = own;
	(void)self;
	s2st_quantizer_free(me->session);
	cli_pool_free(&me->pool);
	free(me->units);
	free(me->counts);
	free(me);
}

static int work(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const quantize *q = self;
	int rc = quantize_file(q, own, row->path, row, result, err);
	if (rc == S2ST_OK && q->out)
		print_line(result->text.f, q, own, row);
	return rc;
}

/* A row of the source side: the units are those of the target with the same id. */
static int next_pair(void *source, s2st_input *row, s2st_error *err)
{
	quantize *q = source;
	int rc = s2st_inputs_next(q->inputs, row, err);
	if (rc > 0)
		row->target = cli_s2ut_manifest_target(&q->manifest, row->id);
	return rc;
}

static int work_pair(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const worker *me = own;
	if (!row->target)
		return S2ST_OK;
	int rc = quantize_file(self, own, row->target, row, result, err);
	if (rc == S2ST_OK)
		rc = cli_s2ut_manifest_row(result->text.f, row, me->units, me->n_units, err);
	return rc;
}

static int emit(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const quantize *q = self;
	(void)row;
	if (!q->out)
		return S2ST_OK;
	if (q->format == FORMAT_KM && result->text.n == 0) /* line n is of row n: that of a failed one is empty */
		return s2st_writer_write(q->out, "\n", 1, err);
	int rc = s2st_writer_write(q->out, result->text.bytes, result->text.n, err);
	return rc < 0 ? rc : s2st_writer_flush(q->out, err);
}

/* ---- outputs ---- */

/* The file of features that an input gets. */
static int place(void *self, const s2st_input *row, char **path, s2st_error *err)
{
	const quantize *q = self;
	return cli_output_path(path, q->features.path, row->id, ".npy", err);
}

static int open_outputs(quantize *q, s2st_error *err)
{
	int rc = S2ST_OK;
	if (q->kmeans)
		rc = cli_open_stream(q->c, &q->out, q->c->output ? q->c->output : "-", err);
	return rc == S2ST_OK ? cli_features_open(q->c, &q->features, (size_t)q->encoder.info.dim, err) : rc;
}

static int commit_outputs(quantize *q, s2st_error *err)
{
	int rc = cli_features_commit(&q->features, err);
	if (rc == S2ST_OK && q->out) {
		rc = s2st_writer_commit(q->out, err);
		q->out = NULL;
	}
	return rc;
}

static void abort_outputs(quantize *q)
{
	cli_features_abort(&q->features);
	s2st_writer_abort(q->out);
}

static int run(quantize *q)
{
	cli *c = q->c;
	s2st_error err;
	bool whole = false;
	int code = CLI_OK;
	const bool pairs = q->format == FORMAT_S2UT_MANIFEST;
	const bool named = (q->format != FORMAT_KM && !q->hide_fname && !q->compat_names) || pairs;
	int rc = pairs ? cli_s2ut_manifest_open(c, &q->manifest, &q->source, &err) : S2ST_OK;
	if (rc < 0) {
		cli_error(c, NULL, err.text);
		return CLI_FAILED;
	}
	q->inputs = cli_open_inputs(c, &q->source, named || cli_features_in_folder(&q->features), &code);
	if (!q->inputs)
		return code;
	rc = open_outputs(q, &err);
	if (rc == S2ST_OK && pairs && q->out)
		rc = cli_s2ut_manifest_begin(c, &q->manifest, q->out, &err);
	if (rc == S2ST_OK) {
		const cli_work w = {
			.self = q,
			.source = pairs ? (void *)q : q->inputs,
			.total = s2st_inputs_count(q->inputs),
			.context = q->encoder.context,
			.open = open_worker,
			.close = close_worker,
			.serial = q->features.all.rows != NULL, /* features follow one another */
			.audio = true,
			.paired = pairs,
			.keep_failed = q->format == FORMAT_KM,
			.folder = !q->kmeans && cli_features_in_folder(&q->features) ? q->features.path : NULL,
			.file = q->features.all.rows ? NULL : c->output,
			.separators = q->format == FORMAT_GSLM && !q->hide_fname ? "" : NULL,
			.next = pairs ? next_pair : cli_next_input,
			.work = pairs ? work_pair : work,
			.place = cli_features_in_folder(&q->features) ? place : NULL,
			.emit = emit,
		};
		code = cli_run(c, &w, &whole);
		if (whole && pairs)
			cli_s2ut_manifest_end(c, &q->manifest, &code);
		if (whole)
			rc = commit_outputs(q, &err);
	}
	abort_outputs(q);
	if (rc < 0) {
		cli_error(c, NULL, err.text);
		code = CLI_FAILED;
	}
	s2st_inputs_free(q->inputs);
	return code;
}

/* ---- models ---- */

static void check_options(quantize *q)
{
	const cli *c = q->c;
	q->reduce |= q->durations;
	if (q->features.pooling != CLI_POOL_NONE && !q->features.path)
		cli_misuse(c, "--pool: vectors go to --features-out PATH");
	if (c->json)
		q->format = FORMAT_JSON;
	if (q->export_path && !q->kmeans_file)
		cli_misuse(c, "--export-npy writes the centroids of -k FILE or --pack DIR");
	if (!q->kmeans_file && !q->features.path)
		cli_misuse(c, "nothing to do: give -k FILE for units, --features-out PATH for features");
	cli_encoder_check(c, &q->encoder);
	if (q->format != FORMAT_S2UT_MANIFEST)
		return;
	if (!q->kmeans_file || c->n_args != 2 || !c->output || strcmp(c->output, "-") == 0)
		cli_misuse(c,
			   "--format s2ut-manifest: expected -k FILE, -o FILE.tsv and two folders, source and target");
}

static int open_kmeans(quantize *q)
{
	s2st_error err;
	if (q->kmeans_file && s2st_kmeans_open(&q->kmeans, q->kmeans_file, &err) < 0) {
		cli_error(q->c, q->kmeans_file, err.text);
		return CLI_MODEL;
	}
	return CLI_OK;
}

static int open_models(quantize *q, const cli_models *models)
{
	s2st_error err;
	const cli_encoder *e = &q->encoder;
	int code = cli_encoder_open(q->c, &q->encoder, models->context, q->kmeans, q->kmeans_file);
	if (code != CLI_OK || !models->pack ||
	    s2st_pack_check_units(models->pack, e->model, e->layer, q->kmeans, &err) == S2ST_OK)
		return code;
	cli_error(q->c, NULL, err.text);
	return CLI_MODEL;
}

static int export(quantize *q)
{
	s2st_error err;
	s2st_npy_rows *rows;
	s2st_kmeans_info info;
	s2st_kmeans_get_info(q->kmeans, &info);
	int rc = cli_check_output(q->c, q->export_path, &err);
	if (rc == S2ST_OK && q->c->dry_run)
		return CLI_OK;
	if (rc == S2ST_OK)
		rc = s2st_npy_rows_open(&rows, q->export_path, (size_t)info.dim, &err);
	if (rc == S2ST_OK) {
		rc = s2st_npy_rows_add(rows, info.centroids, (size_t)info.k, &err);
		if (rc == S2ST_OK)
			rc = s2st_npy_rows_commit(rows, &err);
		else
			s2st_npy_rows_abort(rows);
	}
	if (rc == S2ST_OK)
		return CLI_OK;
	cli_error(q->c, NULL, err.text);
	return CLI_FAILED;
}

static void close_models(quantize *q)
{
	cli_encoder_close(&q->encoder);
	s2st_kmeans_free(q->kmeans);
	cli_s2ut_manifest_close(&q->manifest);
}

/* ---- the tool ---- */

/* The last file of a run whose features go into one matrix; NULL: each input is recorded for itself, or nothing is. */
static const char *whole_output(const quantize *q)
{
	const char *path = q->kmeans_file ? q->c->output : q->features.path;
	return cli_features_in_file(&q->features) && path && strcmp(path, "-") != 0 ? path : NULL;
}

/* The record of all that such a run has written. */
static int record_whole(const quantize *q, const char *path, s2st_error *err)
{
	char *lines = cli_features_lines(&q->features);
	if (!lines)
		return cli_fail_memory(err);
	const char *const files[] = {path, q->features.path, lines};
	int rc = cli_whole_add(q->c, files, sizeof files / sizeof *files, err);
	free(lines);
	return rc;
}

static int run_or_skip(quantize *q)
{
	cli *c = q->c;
	s2st_error err;
	const char *path = whole_output(q);
	int code = path && c->resume ? cli_depend_inputs(c, &q->source, NULL, NULL) : CLI_OK;
	if (code != CLI_OK)
		return code;
	int rc = path ? cli_whole_find(c, path, &err) : 0;
	if (rc > 0) {
		cli_info(c, "%s is done, of the same inputs, model and options", path);
		return CLI_OK;
	}
	if (rc >= 0) {
		code = run(q);
		if (code == CLI_OK && path && !c->dry_run)
			rc = record_whole(q, path, &err);
	}
	if (rc < 0)
		cli_error(c, NULL, err.text);
	return rc < 0 ? CLI_FAILED : code;
}

static int do_all(quantize *q, cli_models *models)
{
	cli *c = q->c;
	int code = cli_models_configure(c, models);
	if (code != CLI_OK)
		return code;
	cli_encoder_configure(c, &q->encoder, models->pack, !q->kmeans_file);
	if (models->pack && q->encoder.feature_type == S2ST_FEATURE_NETWORK && !q->kmeans_file)
		q->kmeans_file = s2st_pack_file(models->pack, "kmeans");
	if (q->export_path && c->n_args == 0)
		cli_no_precision(c, "centroids are exported without a network");
	if (q->export_path && c->n_args == 0)
		cli_no_report(c, "centroids are exported, there are no inputs");
	if (q->export_path && q->kmeans_file) {
		code = open_kmeans(q);
		if (code == CLI_OK)
			code = export(q);
		if (code != CLI_OK || c->n_args == 0)
			return code;
	}
	check_options(q);
	code = q->kmeans ? CLI_OK : open_kmeans(q);
	if (code == CLI_OK)
		code = cli_models_open(c, models);
	if (code == CLI_OK)
		code = open_models(q, models);
	return code == CLI_OK ? run_or_skip(q) : code;
}

static const char about[] =
	"Speech in, discrete units of the same speech out, one line an input: 'name|u u u'. A frame of a layer of\n"
	"HuBERT (mHuBERT, wav2vec 2.0, XLSR) becomes the number of the nearest of K centroids, 50 a second.\n"
	"An INPUT is an audio file (wav, flac, ogg, mp3), 'archive.zip:offset:length', a folder, a fairseq\n"
	"manifest (.tsv), a list of paths (.txt, .lst), or '-': a list or audio on stdin.";

static const char more[] =
	"--format gslm           'name|u u u' (GSLM, textlesslib); with --durations 'name|u u u|n n n'\n"
	"--format km             'u u u', line n for input n (simple_kmeans); empty where an input failed\n"
	"--format json, --json   {\"id\", \"source\", \"units\", \"durations\"}\n"
	"--format s2ut-manifest  training manifest of an S2UT model. INPUTs: a folder of source speech and one\n"
	"                        of target speech; files of the same name belong together. -o FILE.tsv gets\n"
	"                        id, src_audio, src_n_frames, tgt_audio, tgt_n_frames, and config.yaml beside\n"
	"                        it what fairseq-train needs\n\n"
	"Audio over 100 s is cut into chunks of 1,600,000 samples as in fairseq; memory does not grow.\n"
	"-k takes joblib's km.bin as scikit-learn wrote it, or .npy centroids.\n\n"
	"  s2u-quantize --pack models/es-en-demo talks/ -o units.txt\n"
	"  s2u-quantize -m hubert_base_ls960.pt --layer 6 -k km100.bin --reduce manifest.tsv\n"
	"  s2u-quantize -m hubert_base_ls960.pt --layer 9 --features-out feat.npy --shard 0/10 train.tsv\n"
	"  s2u-quantize -m mhubert.pt --layer 11 -k km1000.bin --reduce --format s2ut-manifest \\\n"
	"      -o data/train.tsv es/train en/train\n"
	"  s2u-quantize -k km.bin --export-npy centroids.npy\n"
	"  s2u-quantize -m WavLM-Base+.pt --layer-weights sv.npy --pool mean --features-out speakers.npy calls/";

int main(int argc, char **argv)
{
	cli c = {
		.tool = "s2u-quantize",
		.synopsis = "[options] (-m MODEL --layer L -k FILE | --pack DIR) [INPUT...]",
		.about = about,
		.more = more,
	};
	quantize q = {.c = &c};
	cli_option model[CLI_N_ENCODER_OPTIONS + 2];
	cli_encoder_options(&q.encoder, model);
	model[CLI_N_ENCODER_OPTIONS] = (cli_option){'k', "kmeans", CLI_TEXT, "FILE", &q.kmeans_file, 0, 0,
						    "k-means model: km.bin or .npy [K, D]"};
	model[CLI_N_ENCODER_OPTIONS + 1] =
		(cli_option){0, "layer-weights", CLI_TEXT, "FILE", &q.encoder.weights_file, 0, 0,
			     "instead of a layer the sum of all by softmax of these weights, .npy [layers + 1]"};
	const cli_option output[] = {
		{0, "format", CLI_CHOICE, "gslm|km|s2ut-manifest|json", &q.format, 0, 0, "lines, see below"},
		{0, "reduce", CLI_FLAG, NULL, &q.reduce, 0, 0, "merge repeated units: '5 5 7' is '5 7'"},
		{0, "durations", CLI_FLAG, NULL, &q.durations, 0, 0, "--reduce, and how often each unit was repeated"},
		{0, "hide-fname", CLI_FLAG, NULL, &q.hide_fname, 0, 0,
		 "units without 'name|' (with --channel N, names are 'name-channelN')"},
		{0, "compat-names", CLI_FLAG, NULL, &q.compat_names, 0, 0,
		 "names as fairseq cuts them ('nova.wav' is 'no'); names may come twice"},
		{0, "features-out", CLI_TEXT, "PATH", &q.features.path, 0, 0,
		 "write the features: DIR/ID.npy each, or all into FILE.npy with FILE.len (frames of each)"},
		{0, "pool", CLI_CHOICE, "none|mean|max", &q.features.pooling, 0, 0,
		 "one vector a file in --features-out: over its frames; FILE.npy comes with FILE.ids"},
		{0, "export-npy", CLI_TEXT, "FILE", &q.export_path, 0, 0, "write the centroids of -k as .npy [K, D]"},
	};
	const cli_option manifest[] = {
		{0, "strict", CLI_FLAG, NULL, &q.manifest.strict, 0, 0,
		 "exit 1 if a source or a target has no partner"},
		{0, "vocoder", CLI_TEXT, "FILE", &q.manifest.vocoder, 0, 0,
		 "vocoder checkpoint that config.yaml names"},
		{0, "vocoder-config", CLI_TEXT, "FILE", &q.manifest.vocoder_config, 0, 0, "and its configuration"},
	};
	cli_option source[CLI_N_SOURCE_OPTIONS];
	cli_source_options(&q.source, source);
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "Model", model, sizeof model / sizeof *model);
	cli_add_group(&c, "Input", source, CLI_N_SOURCE_OPTIONS);
	cli_add_group(&c, "Output", output, sizeof output / sizeof *output);
	cli_add_group(&c, "With --format s2ut-manifest", manifest, sizeof manifest / sizeof *manifest);
	cli_parse(&c);
	cli_models models = {0};
	int code = do_all(&q, &models);
	close_models(&q);
	cli_models_close(&models);
	return cli_end(&c, code);
}
