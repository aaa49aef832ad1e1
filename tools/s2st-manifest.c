/* s2st-manifest: training and test manifests from mined pairs (SpeechMatrix) and from local copies of test sets.
 *
 * Rows are made one at a time: a million mined pairs need no more memory than a few, but for 32 bytes a line of
 * --units. */
#include <stdlib.h>
#include <string.h>

#include "cli_manifest.h"

enum { FORMAT_S2UT, FORMAT_XM };

typedef struct manifest {
	cli *c;
	int from, format, clusters;
	const char *source_lang, *target_lang, *split, *audio_root, *audio_out, *normalize;
	const char *units_path, *source_units_path, *targets_path;
	double threshold;

	s2st_pairs *pairs;
	bool swapped; /* the file is of the other direction */
	int64_t kept, seen;
	char *id, *source, *target; /* of the pair given last */
	cli_corpus corpus;
	size_t next;
	cli_unit_index units, source_units;
	s2st_normalizer *normalizer;
	s2st_audio speech; /* that segments are cut from */
	char *speech_path;

	s2st_writer *out, *targets, *references, *source_table;
} manifest;

/* ---- the published thresholds ----------------------------------------------------------------------------------- */

/* examples/speech_matrix/speech_to_speech/prep_bilingual_textless_manifest.py: the more there is, the better it has
 * to be. Pairs in the order of the alphabet. */
static double published_threshold(const char *a, const char *b)
{
	static const char *const high[] = {"en-es", "en-fr", "de-en", "en-it", "en-pl", "en-pt", "es-fr",
					   "es-it", "es-pt", "fr-it", "fr-pt", "it-pt", "en-nl", NULL};
	static const char *const middle[] = {
		"en-ro", "cs-de", "de-es", "de-pl", "en-sk", "cs-fr", "es-nl", "en-fi", "cs-es", "en-hu", "cs-en",
		"hu-it", "nl-pt", "pl-pt", "nl-pl", "de-fr", "de-it", "fr-nl", "it-nl", "es-pl", "cs-pl", "de-nl",
		"es-ro", "it-pl", "fr-ro", "de-pt", "pl-sk", "cs-it", "it-ro", "cs-nl", "cs-sk", "fr-pl", NULL};
	char pair[64];
	const bool ordered = strcmp(a, b) < 0;
	snprintf(pair, sizeof pair, "%s-%s", ordered ? a : b, ordered ? b : a);
	for (size_t i = 0; high[i]; i++)
		if (strcmp(high[i], pair) == 0)
			return 1.09;
	for (size_t i = 0; middle[i]; i++)
		if (strcmp(middle[i], pair) == 0)
			return 1.07;
	return 1.06;
}

/* ---- rows in ---------------------------------------------------------------------------------------------------- */

static int keep(char **to, const char *root, const char *s, s2st_error *err)
{
	free(*to);
	*to = NULL;
	const bool joined = root && s[0] != '/';
	if (asprintf(to, "%s%s%s", joined ? root : "", joined ? "/" : "", s) < 0)
		*to = NULL;
	return *to ? S2ST_OK : cli_fail_memory(err);
}

/* The id that tools give a path, hence the name of its unit line. */
static int id_of(char **out, const char *path, s2st_error *err)
{
	s2st_inputs *in;
	s2st_input row;
	int rc = s2st_inputs_open(&in, &path, 1, NULL, err);
	if (rc == S2ST_OK && (rc = s2st_inputs_next(in, &row, err)) > 0)
		rc = keep(out, NULL, row.id, err);
	s2st_inputs_free(in);
	return rc;
}

/* The next pair at or above the threshold. A table with ids has units where others have the target's audio. */
static int next_pair(manifest *m, s2st_input *row, s2st_error *err)
{
	s2st_pair p;
	int rc;
	while ((rc = s2st_pairs_next(m->pairs, &p, err)) == 1 && p.score < m->threshold)
		m->seen++;
	if (rc != 1)
		return rc;
	m->seen++;
	m->kept++;
	const char *source = m->swapped ? p.target : p.source, *target = m->swapped ? p.source : p.target;
	rc = keep(&m->source, m->audio_root, source, err);
	if (rc == S2ST_OK)
		rc = keep(&m->target, p.id ? NULL : m->audio_root, target, err);
	if (rc == S2ST_OK)
		rc = p.id ? keep(&m->id, NULL, p.id, err) : id_of(&m->id, source, err);
	*row = (s2st_input){.id = m->id,
			    .path = m->source,
			    .target = m->target,
			    .index = (size_t)m->kept - 1,
			    .n_frames = p.id ? p.source_frames : -1};
	return rc < 0 ? rc : 1;
}

static int next(void *source, s2st_input *row, s2st_error *err)
{
	manifest *m = source;
	if (m->from == CLI_PAIRS)
		return next_pair(m, row, err);
	if (m->next == m->corpus.n)
		return 0;
	const cli_example *e = &m->corpus.at[m->next];
	*row = (s2st_input){.id = e->id, .path = e->source, .target = e->target, .index = m->next++, .n_frames = -1};
	return 1;
}

/* ---- one row ---------------------------------------------------------------------------------------------------- */

static int write_wav(s2st_writer *w, const float *samples, size_t n, int rate, s2st_error *err)
{
	const int rc = s2st_wav_write(w, samples, n, rate, S2ST_S16, err);
	if (rc == S2ST_OK)
		return s2st_writer_commit(w, err);
	s2st_writer_abort(w);
	return rc;
}

/* A segment as a file of its own, at 16 kHz; segments of a speech follow one another, so it is read once. */
static int cut(manifest *m, const cli_example *e, cli_result *result, char **path, s2st_error *err)
{
	s2st_writer *w = NULL;
	int rc = S2ST_OK;
	if (!m->speech_path || strcmp(m->speech_path, e->source) != 0) {
		s2st_audio_free(&m->speech);
		rc = keep(&m->speech_path, NULL, e->source, err);
		if (rc == S2ST_OK && (rc = cli_read_audio(result, &m->speech, e->source, err)) < 0) {
			free(m->speech_path);
			m->speech_path = NULL;
		}
	}
	const double rate = m->speech.sample_rate;
	const size_t begin = (size_t)(e->start * rate), end = (size_t)(e->end * rate);
	if (rc == S2ST_OK && begin >= m->speech.n)
		rc = cli_fail(err, S2ST_EINPUT, "%s: expected %.2f s of speech, found %.2f s", e->source, e->end,
			      (double)m->speech.n / rate);
	if (rc == S2ST_OK)
		rc = cli_output_path(path, m->audio_out, e->id, ".wav", err);
	if (rc == S2ST_OK)
		rc = cli_result_create(m->c, result, *path, &w, err);
	if (rc < 0)
		return rc;
	return write_wav(w, m->speech.samples + begin, (end < m->speech.n ? end : m->speech.n) - begin,
			 m->speech.sample_rate, err);
}

static int print_units(FILE *f, cli_unit_index *units, const char *path, s2st_error *err)
{
	s2st_unit_line line = {0};
	char *name = NULL;
	int rc = id_of(&name, path, err);
	if (rc >= 0)
		rc = cli_unit_index_find(units, name, &line, err);
	if (rc >= 0) {
		for (size_t i = 0; i < line.n; i++)
			fprintf(f, "%s%d", i ? " " : "", line.units[i]);
		fprintf(f, "\t%zu", line.n);
		s2st_unit_line_free(&line);
	}
	free(name);
	return rc < 0 ? rc : S2ST_OK;
}

static size_t count_words(const char *s)
{
	size_t n = 0;
	for (s += strspn(s, " "); *s; s += strcspn(s, " "), s += strspn(s, " "))
		n++;
	return n;
}

/* What the row is translated to: units by name; units of the table; the audio; or nothing ("0", as the test sets of
 * SpeechMatrix have it). */
static int print_target(manifest *m, const s2st_input *row, FILE *f, bool has_units, s2st_error *err)
{
	s2st_audio_info audio;
	if (m->units.f && row->target && !has_units)
		return print_units(f, &m->units, row->target, err);
	if (has_units) {
		fprintf(f, "%s\t%zu", row->target, count_words(row->target));
		return S2ST_OK;
	}
	if (m->from != CLI_PAIRS) {
		fputs("0\t1", f);
		return S2ST_OK;
	}
	const int rc = s2st_archives_get_info(&audio, m->c->archives, row->target, err);
	if (rc == S2ST_OK)
		fprintf(f, "%s\t%lld", row->target, (long long)(audio.frames / (m->format == FORMAT_XM ? 1 : 160)));
	return rc;
}

static int work(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err)
{
	manifest *m = self;
	const cli_example *e = m->from == CLI_PAIRS ? NULL : &m->corpus.at[row->index];
	char *segment = NULL;
	s2st_audio_info audio = {.frames = row->n_frames * 160};
	FILE *f = result->text.f;
	(void)own;
	int rc = e && e->start >= 0 ? cut(m, e, result, &segment, err) : S2ST_OK;
	const char *path = segment ? segment : row->path;
	if (rc == S2ST_OK && row->n_frames < 0)
		rc = s2st_archives_get_info(&audio, m->c->archives, path, err);
	if (rc == S2ST_OK)
		rc = cli_manifest_row_start(f, row->id, path, audio.frames / (m->format == FORMAT_XM ? 1 : 160), err);
	if (rc == S2ST_OK)
		rc = print_target(m, row, f, m->from == CLI_PAIRS && row->n_frames >= 0, err);
	if (rc == S2ST_OK && m->source_units.f) {
		fprintf(result->units.f, "%s\t", row->id);
		rc = print_units(result->units.f, &m->source_units, row->path, err);
	}
	fprintf(f, "\n");
	free(segment);
	return rc;
}

static int emit(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const manifest *m = self;
	const char *text = m->references ? m->corpus.at[row->index].text : NULL;
	int rc = s2st_writer_write(m->out, result->text.bytes, result->text.n, err);
	if (rc == S2ST_OK && m->targets && row->target)
		rc = s2st_writer_printf(m->targets, err, "%s\n", row->target);
	if (rc == S2ST_OK && text && m->normalizer)
		rc = s2st_normalizer_run(m->normalizer, text, &text, err);
	if (rc == S2ST_OK && text)
		rc = s2st_writer_printf(m->references, err, "%s\n", text);
	const char *count = result->units.n ? memrchr(result->units.bytes, '\t', result->units.n) : NULL;
	if (rc == S2ST_OK && m->source_table && count)
		rc = s2st_writer_printf(m->source_table, err, "%.*s\n", (int)(count - result->units.bytes),
					result->units.bytes);
	return rc;
}

/* ---- outputs ---------------------------------------------------------------------------------------------------- */

/* "DIR/data/train.tsv" -> "DIR/data/" + middle + name or the output's own + suffix. */
static char *beside(const manifest *m, const char *middle, const char *name, const char *suffix)
{
	const char *out = m->c->output, *slash = strrchr(out, '/'), *base = slash ? slash + 1 : out;
	const char *dot = strrchr(base, '.');
	const int stem = (int)(dot ? (size_t)(dot - base) : strlen(base));
	char *path = NULL;
	if (asprintf(&path, "%.*s%s%.*s%s", (int)(base - out), out, middle, name ? (int)strlen(name) : stem,
		     name ? name : base, suffix) < 0)
		return NULL;
	return path;
}

static int open_at(const cli *c, s2st_writer **w, char *path, s2st_error *err)
{
	const int rc = path ? cli_open_stream(c, w, path, err) : cli_fail_memory(err);
	free(path);
	return rc;
}

static int write_at(const cli *c, char *path, const char *text, size_t n, s2st_error *err)
{
	const int rc = path ? cli_write_companion(c, path, text, n, err) : cli_fail_memory(err);
	free(path);
	return rc;
}

static int write_dict(const manifest *m, const char *middle, s2st_error *err)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	for (int i = 0; f && i < m->clusters; i++)
		fprintf(f, "%d 1\n", i);
	int rc = f && fclose(f) == 0 ? S2ST_OK : cli_fail_memory(err);
	if (rc == S2ST_OK)
		rc = write_at(m->c, beside(m, middle, "dict", ".txt"), text, n, err);
	free(text);
	return rc;
}

/* Of SpeechMatrix: units of the source as a second task (data_helper/config_multitask.yaml). */
static const char multitask[] =
	"source_unit:\n"
	"  data: source_unit\n"
	"  decoder_type: transformer\n"
	"  dict: source_unit/dict.txt\n"
	"  encoder_layer: 6\n"
	"  loss_weight: 8.0\n"
	"  target_type: text\n";

static int write_configs(const manifest *m, s2st_error *err)
{
	int rc = cli_write_config(m->c, m->c->output, &(cli_config){.waveforms = m->format == FORMAT_XM}, err);
	if (rc == S2ST_OK && m->format == FORMAT_XM)
		rc = write_dict(m, "", err);
	if (rc == S2ST_OK && m->source_units.f)
		rc = write_at(m->c, beside(m, "", "config_multitask", ".yaml"), multitask, sizeof multitask - 1, err);
	if (rc == S2ST_OK && m->source_units.f)
		rc = write_dict(m, "source_unit/", err);
	return rc;
}

static int open_outputs(manifest *m, s2st_error *err)
{
	static const char *const headers[] = {"id\tsrc_audio\tsrc_n_frames\ttgt_audio\ttgt_n_frames\n",
					      "id\taudio\tn_frames\ttgt_text\ttgt_n_frames\n"};
	char suffix[40];
	char *folder = beside(m, "source_unit", "", "");
	int rc = cli_open_stream(m->c, &m->out, m->c->output, err);
	if (rc == S2ST_OK)
		rc = s2st_writer_printf(m->out, err, "%s", headers[m->format]);
	if (rc == S2ST_OK && m->targets_path)
		rc = cli_open_stream(m->c, &m->targets, m->targets_path, err);
	snprintf(suffix, sizeof suffix, ".%s", m->target_lang);
	if (rc == S2ST_OK && m->from != CLI_PAIRS && *m->corpus.at[0].text)
		rc = open_at(m->c, &m->references, beside(m, "", NULL, suffix), err);
	if (rc == S2ST_OK && m->source_units.f) {
		rc = folder ? cli_make_folder(folder, err) : cli_fail_memory(err);
		if (rc == S2ST_OK)
			rc = open_at(m->c, &m->source_table, beside(m, "source_unit/", NULL, ".tsv"), err);
		if (rc == S2ST_OK)
			rc = s2st_writer_printf(m->source_table, err, "id\ttgt_text\n");
	}
	if (rc == S2ST_OK && m->audio_out)
		rc = cli_make_folder(m->audio_out, err);
	if (rc == S2ST_OK)
		rc = write_configs(m, err);
	free(folder);
	return rc;
}

static int commit_outputs(manifest *m, s2st_error *err)
{
	s2st_writer **const all[] = {&m->targets, &m->references, &m->source_table, &m->out};
	int rc = S2ST_OK;
	for (size_t i = 0; i < sizeof all / sizeof *all && rc == S2ST_OK; i++) {
		s2st_writer *w = *all[i];
		*all[i] = NULL;
		rc = w ? s2st_writer_commit(w, err) : S2ST_OK;
	}
	return rc;
}

/* ---- the tool --------------------------------------------------------------------------------------------------- */

static int open_inputs(manifest *m, s2st_error *err)
{
	const char *path = m->c->args[0];
	const cli_corpus_place place = {(cli_corpus_kind)m->from, path, m->source_lang, m->target_lang, m->split};
	int rc = m->from == CLI_PAIRS ? s2st_pairs_open(&m->pairs, path, err)
				      : cli_corpus_read(&m->corpus, &place, err);
	if (rc == S2ST_OK && m->units_path)
		rc = cli_unit_index_open(&m->units, m->units_path, err);
	if (rc == S2ST_OK && m->source_units_path)
		rc = cli_unit_index_open(&m->source_units, m->source_units_path, err);
	if (rc == S2ST_OK && m->from != CLI_PAIRS)
		rc = s2st_normalizer_new(&m->normalizer, m->normalize, m->target_lang, err);
	return rc;
}

static int run(manifest *m)
{
	cli *c = m->c;
	s2st_error err;
	int code = CLI_OK, rc = open_inputs(m, &err);
	bool whole = false;
	if (rc == S2ST_OK)
		rc = open_outputs(m, &err);
	if (rc == S2ST_OK) {
		const cli_work w = {
			.self = m,
			.source = m,
			.total = m->from == CLI_PAIRS ? -1 : (int64_t)m->corpus.n,
			.serial = true, /* segments of a speech follow one another */
			.next = next,
			.work = work,
			.emit = emit,
		};
		code = cli_run(c, &w, &whole);
		if (whole)
			rc = commit_outputs(m, &err);
		if (rc == S2ST_OK && m->from == CLI_PAIRS)
			cli_info(c, "%lld of %lld pairs score %g or more", (long long)m->kept, (long long)m->seen,
				 m->threshold);
	}
	if (rc < 0) {
		cli_error(c, NULL, err.text);
		code = CLI_FAILED;
	}
	return code;
}

static void drop(manifest *m)
{
	s2st_writer_abort(m->out);
	s2st_writer_abort(m->targets);
	s2st_writer_abort(m->references);
	s2st_writer_abort(m->source_table);
	s2st_pairs_free(m->pairs);
	cli_corpus_free(&m->corpus);
	cli_unit_index_close(&m->units);
	cli_unit_index_close(&m->source_units);
	s2st_normalizer_free(m->normalizer);
	s2st_audio_free(&m->speech);
	free(m->speech_path);
	free(m->id);
	free(m->source);
	free(m->target);
}

/* "DIR/en-es.tsv.gz" says its languages, in the order of its columns. */
static void check_options(manifest *m)
{
	static char first[16], second[16];
	cli *c = m->c;
	cli_no_precision(c, "manifests are made without a network");
	if (c->n_args != 1)
		cli_misuse(c, "expected one PATH, found %zu", c->n_args);
	if (c->n_shards > 1 || c->resume || c->dry_run)
		cli_misuse(c, "a manifest is of the whole: --shard, --resume and --dry-run have no use here");
	if (!c->output || strcmp(c->output, "-") == 0)
		cli_misuse(c, "-o FILE.tsv is needed: config.yaml and other files come beside it");
	const char *slash = strrchr(c->args[0], '/'), *name = slash ? slash + 1 : c->args[0];
	const bool named = sscanf(name, "%15[a-z]-%15[a-z].tsv", first, second) == 2;
	if (named && m->from == CLI_PAIRS) {
		m->source_lang = m->source_lang ? m->source_lang : first;
		m->target_lang = m->target_lang ? m->target_lang : second;
		m->swapped = strcmp(m->source_lang, second) == 0 && strcmp(m->target_lang, first) == 0;
	}
	if ((!m->source_lang || !m->target_lang) && (m->from != CLI_PAIRS || m->threshold <= 0))
		cli_misuse(c, "--source-lang and --target-lang are needed%s",
			   m->from == CLI_PAIRS ? ", or --threshold" : "");
	if (m->from == CLI_EPST && !m->audio_out)
		cli_misuse(c, "--audio-out DIR is needed: speeches are cut into segments there");
	if (m->from == CLI_PAIRS && m->threshold <= 0 && m->source_lang && m->target_lang)
		m->threshold = published_threshold(m->source_lang, m->target_lang);
}

static const char about[] =
	"Manifests for training and testing from mined pairs and from test sets, with config.yaml beside them.\n"
	"PATH is, by --from:\n"
	"  pairs       SpeechMatrix's aligned_speech/en-es.tsv.gz, or train_mined.tsv\n"
	"  epst        the folder of EuroParl-ST v1.1, with speeches as wav, flac, ogg or mp3\n"
	"  fleurs      the folder of FLEURS's en_us, es_419, ...\n"
	"  voxpopuli   the folder of VoxPopuli's transcribed_data";

static const char more[] =
	"Pairs below the threshold are left out: 1.09, 1.07 or 1.06, as was published for the languages. Targets\n"
	"are units where --units has them by name ('es_aud_10_20|3 1 4', as s2u-quantize prints), else audio.\n"
	"Test sets without --units have '0'; their references, normalised, come beside the manifest.\n\n"
	"  s2st-manifest --from pairs en-es.tsv.gz --audio-root audios --targets-out targets.txt -o train.tsv\n"
	"  s2u-quantize -m mhubert.pt --layer 11 -k km1000.bin --reduce targets.txt > units.txt\n"
	"  s2st-manifest --from pairs en-es.tsv.gz --audio-root audios --units units.txt -o train.tsv";

int main(int argc, char **argv)
{
	cli c = {
		.tool = "s2st-manifest",
		.no_resume = true,
		.synopsis = "[options] --from KIND PATH -o FILE.tsv",
		.about = about,
		.more = more,
	};
	manifest m = {.c = &c, .split = "test", .clusters = 1000, .normalize = "speech_matrix"};
	const cli_option input[] = {
		{0, "from", CLI_CHOICE, "pairs|epst|fleurs|voxpopuli", &m.from, 0, 0, "what PATH is, see above"},
		{0, "source-lang", CLI_TEXT, "CODE", &m.source_lang, 0, 0, "'en'; pairs: as the file is called"},
		{0, "target-lang", CLI_TEXT, "CODE", &m.target_lang, 0, 0, "'es'; likewise"},
		{0, "threshold", CLI_REAL, "SCORE", &m.threshold, 0, 100, "of pairs; 0: the published one"},
		{0, "split", CLI_TEXT, "NAME", &m.split, 0, 0, "of a test set: test, dev"},
		{0, "audio-root", CLI_TEXT, "DIR", &m.audio_root, 0, 0, "put before the relative paths of pairs"},
		{0, "units", CLI_TEXT, "FILE", &m.units_path, 0, 0, "lines 'name|u u u' of the targets"},
		{0, "source-units", CLI_TEXT, "FILE", &m.source_units_path, 0, 0,
		 "of the sources: a second task, with config_multitask.yaml and source_unit/"},
	};
	const cli_option output[] = {
		{0, "format", CLI_CHOICE, "s2ut|xm", &m.format, 0, 0,
		 "columns, lengths, config and dictionary for S2UT or XM"},
		{0, "clusters", CLI_INT, "K", &m.clusters, 1, 1000000, "units in dict.txt"},
		{0, "targets-out", CLI_TEXT, "FILE", &m.targets_path, 0, 0, "list the targets' audio"},
		{0, "audio-out", CLI_TEXT, "DIR", &m.audio_out, 0, 0, "where segments of EuroParl-ST go"},
		{0, "normalize", CLI_TEXT, "NAME", &m.normalize, 0, 0, "of references: none, speech_matrix, ..."},
	};
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "Input", input, sizeof input / sizeof *input);
	cli_add_group(&c, "Output", output, sizeof output / sizeof *output);
	cli_parse(&c);
	check_options(&m);
	const int code = run(&m);
	drop(&m);
	return cli_end(&c, code);
}
