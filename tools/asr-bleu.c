/* asr-bleu: how well translated speech says what its references say, by way of a speech recogniser. */
#include <stdlib.h>
#include <string.h>

#include "cli_models.h"
#include "cli_recordings.h"

static const char *const tokenizers[] = {"13a", "none", "char", "intl", "zh"};
static const char *const smoothings[] = {"exp", "floor", "add-k", "none"};
enum { TOKENIZE_AUTO = sizeof tokenizers / sizeof *tokenizers };
enum { METRIC_BLEU, METRIC_CHRF, METRIC_CHRFPP, METRIC_WER, METRIC_CER };

typedef struct bleu {
	cli *c;
	cli_models models;
	cli_asr asr;
	cli_source source;
	const char *language_code, *models_dir;
	const char *audio_dir, *transcripts_file, *references_file, *columns, *baseline;
	const char *transcripts_out, *normalize;
	bool lowercase, per_sentence, allow_missing, confidence;
	int metric, tokenize, smooth, samples, seed;
	double smooth_value, min_bleu;
	const cli_language *language;
	char *model_path; /* of --lang */
	s2st_sentences *references;
	s2st_normalizer *normalizer;
	char **texts; /* [n, columns] references, normalised */
	s2st_writer *out;
} bleu;

static size_t count(const bleu *b)
{
	return s2st_sentences_count(b->references);
}

/* ---- hypotheses: from recordings or a file --------------------------------------------------------------------- */

/* Transcribes the recording of every reference. */
static int hear_all(bleu *b, const char *dir, char **hyps)
{
	cli *c = b->c;
	s2st_error err;
	cli_recordings found;
	if (cli_recordings_find(&found, b->references, dir, c->args, c->n_args, &b->source, b->allow_missing,
				&err) < 0) {
		cli_error(c, NULL, err.text);
		return CLI_FAILED;
	}
	if (dir && !found.by_number && !s2st_sentences_id(b->references, 0))
		cli_note(c, CLI_NOTE_ORDER, "%s: no N_pred.wav there, its files are taken in order of their names",
			 dir);
	const int code = cli_recordings_hear(c, &found, &b->models, b->allow_missing, hyps);
	cli_recordings_free(&found);
	return code;
}

static int read_transcripts(bleu *b, const char *path, char **hyps, s2st_error *err)
{
	s2st_sentences *lines;
	int rc = s2st_sentences_read(&lines, path, NULL, err);
	if (rc < 0)
		return rc;
	if (s2st_sentences_count(lines) != count(b))
		rc = cli_fail(err, S2ST_EINPUT, "%s: expected %zu lines, one for each reference, found %zu", path,
			      count(b), s2st_sentences_count(lines));
	for (size_t i = 0; i < count(b) && rc == S2ST_OK; i++) {
		hyps[i] = strdup(s2st_sentences_texts(lines, i)[0]);
		if (!hyps[i])
			rc = cli_fail_memory(err);
	}
	s2st_sentences_free(lines);
	return rc;
}

static void free_texts(char **texts, size_t n)
{
	for (size_t i = 0; texts && i < n; i++)
		free(texts[i]);
	free(texts);
}

/* [n] hypotheses from `file`, from the recordings in `dir`, or (both NULL) from the inputs. */
static int collect(bleu *b, const char *file, const char *dir, char ***out)
{
	s2st_error err;
	int code = CLI_OK, rc = S2ST_OK;
	char **hyps = *out = calloc(count(b), sizeof *hyps);
	if (!hyps)
		rc = cli_fail_memory(&err);
	else if (file)
		rc = read_transcripts(b, file, hyps, &err);
	else
		code = hear_all(b, dir, hyps);
	if (rc < 0) {
		cli_error(b->c, NULL, err.text);
		code = CLI_FAILED;
	}
	return code;
}

/* ---- references ------------------------------------------------------------------------------------------------- */

static int normalized(const bleu *b, const char *text, char **out, s2st_error *err)
{
	int rc = s2st_normalizer_run(b->normalizer, text, &text, err);
	if (rc < 0)
		return rc;
	*out = strdup(text);
	return *out ? S2ST_OK : cli_fail_memory(err);
}

static bool is_table(const char *path)
{
	const size_t n = strlen(path);
	return n > 4 && strcasecmp(path + n - 4, ".tsv") == 0;
}

static int read_references(bleu *b, s2st_error *err)
{
	const char *columns = b->columns ? b->columns : is_table(b->references_file) ? "tgt_text" : NULL;
	int rc = s2st_sentences_read(&b->references, b->references_file, columns, err);
	if (rc < 0)
		return rc;
	const size_t n = count(b), width = s2st_sentences_columns(b->references);
	b->texts = calloc(n * width, sizeof *b->texts);
	if (!b->texts)
		return cli_fail_memory(err);
	for (size_t i = 0; i < n; i++) {
		bool empty = true;
		for (size_t k = 0; k < width; k++) {
			char **text = &b->texts[i * width + k];
			rc = normalized(b, s2st_sentences_texts(b->references, i)[k], text, err);
			if (rc < 0)
				return rc;
			empty &= !**text;
		}
		if (empty)
			return cli_fail(err, S2ST_EINPUT, "%s: line %zu: the reference is empty%s", b->references_file,
					s2st_sentences_line(b->references, i),
					strcmp(b->normalize, "none") ? " after --normalize" : "");
	}
	return S2ST_OK;
}

/* ---- scores ----------------------------------------------------------------------------------------------------- */

static s2st_score_options score_options(const bleu *b)
{
	static const s2st_metric metrics[] = {S2ST_BLEU, S2ST_CHRF, S2ST_CHRF, S2ST_WER, S2ST_CER};
	s2st_score_options o = s2st_score_defaults(metrics[b->metric]);
	const bool chinese = b->language && strcmp(b->language->code, "cmn") == 0;
	o.lowercase = b->lowercase;
	if (b->metric == METRIC_CHRFPP)
		o.word_order = 2;
	if (b->metric == METRIC_BLEU) {
		o.tokenize = b->tokenize != TOKENIZE_AUTO ? tokenizers[b->tokenize] : chinese ? "zh" : "13a";
		o.smooth = smoothings[b->smooth];
		o.smooth_value = b->smooth_value;
	}
	return o;
}

static void print_sentence(FILE *f, const bleu *b, size_t i, double score, const char *hyp, const char *ref)
{
	const char *id = s2st_sentences_id(b->references, i);
	char number[32];
	snprintf(number, sizeof number, "%zu", i);
	if (!b->c->json) {
		fprintf(f, "%s\t%.2f\t%s\t%s\n", id ? id : number, score, hyp, ref);
		return;
	}
	fputs("{\"id\": ", f);
	cli_json_string(f, id ? id : number);
	fputs(", \"score\": ", f);
	cli_json_real(f, score);
	fputs(", \"hypothesis\": ", f);
	cli_json_string(f, hyp);
	fputs(", \"reference\": ", f);
	cli_json_string(f, ref);
	fputs("}\n", f);
}

/* A scorer that has taken all sentences; a line for each goes to `lines` unless NULL. */
static int score_all(const bleu *b, char *const *hyps, s2st_scorer **out, FILE *lines, s2st_error *err)
{
	const s2st_score_options o = score_options(b);
	const size_t width = s2st_sentences_columns(b->references);
	int rc = s2st_scorer_new(out, &o, err);
	for (size_t i = 0; i < count(b) && rc == S2ST_OK; i++) {
		s2st_score one;
		char *hyp = NULL, *const *refs = b->texts + i * width;
		rc = normalized(b, hyps[i] ? hyps[i] : "", &hyp, err);
		if (rc == S2ST_OK)
			rc = s2st_scorer_add(*out, hyp, (const char *const *)refs, width, lines ? &one : NULL, err);
		if (rc == S2ST_OK && lines)
			print_sentence(lines, b, i, one.score, hyp, refs[0]);
		free(hyp);
	}
	return rc;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

/* What the score rests on besides the text: the recogniser, by its file and hash, and what was done to its input. */
static int make_signature(const bleu *b, const s2st_score *score, char *out, size_t size, s2st_error *err)
{
	char hash[S2ST_HASH_SIZE];
	const bool changed = strcmp(b->normalize, "none") != 0;
	if (b->transcripts_file) {
		snprintf(out, size, "%s%s%s", score->signature, changed ? "|norm:" : "", changed ? b->normalize : "");
		return S2ST_OK;
	}
	int rc = s2st_asr_hash(b->asr.model, hash, err);
	if (rc < 0)
		return rc;
	const s2st_asr_options *o = &b->asr.options;
	const char *adapter = b->asr.files.language;
	int n = snprintf(out, size, "%s|asr:%.80s%s%.40s|sha256:%.16s|norm:%s|resample:soxr-hq", score->signature,
			 base_name(b->asr.files.model), adapter ? ":" : "", adapter ? adapter : "", hash, b->normalize);
	if (o->beam > 1)
		n += snprintf(out + n, size - (size_t)n, "|beam:%d", o->beam);
	if (o->lm)
		snprintf(out + n, size - (size_t)n, "|lm:%.80s|lm-weight:%g|word-score:%g", base_name(b->asr.lm_file),
			 o->lm_weight, o->word_score);
	return rc;
}

/* ---- the run ---------------------------------------------------------------------------------------------------- */

static int write_transcripts(const bleu *b, char *const *hyps, s2st_error *err)
{
	s2st_writer *w;
	int rc = cli_open_stream(b->c, &w, b->transcripts_out, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count(b) && rc == S2ST_OK; i++)
		rc = s2st_writer_printf(w, err, "%s\n", hyps[i] ? hyps[i] : "");
	if (rc == S2ST_OK)
		return s2st_writer_commit(w, err);
	s2st_writer_abort(w);
	return rc;
}

static int compare(const bleu *b, char *const *baseline, const s2st_scorer *system, cli_score *r, s2st_error *err)
{
	s2st_scorer *other = NULL;
	int rc = score_all(b, baseline, &other, NULL, err);
	if (rc == S2ST_OK)
		rc = s2st_scorer_compare(other, system, b->samples, (uint64_t)b->seed, &r->comparison, err);
	s2st_scorer_free(other);
	return rc;
}

/* `baseline` is NULL without --baseline. */
static int report_on(const bleu *b, char *const *hyps, char *const *baseline, cli_score *r, FILE *f, s2st_error *err)
{
	s2st_scorer *scorer = NULL;
	int rc = score_all(b, hyps, &scorer, b->per_sentence ? f : NULL, err);
	if (rc == S2ST_OK) {
		s2st_scorer_score(scorer, &r->score);
		rc = make_signature(b, &r->score, r->signature, sizeof r->signature, err);
	}
	if (rc == S2ST_OK && b->confidence)
		rc = s2st_scorer_bootstrap(scorer, b->samples, (uint64_t)b->seed, &r->confidence, err);
	if (rc == S2ST_OK && baseline)
		rc = compare(b, baseline, scorer, r, err);
	s2st_scorer_free(scorer);
	if (rc == S2ST_OK)
		cli_score_print(f, r, b->c->json);
	return rc;
}

static int write_report(const bleu *b, char *const *hyps, char *const *baseline, cli_score *r, s2st_error *err)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	if (!f)
		return cli_fail_memory(err);
	int rc = report_on(b, hyps, baseline, r, f, err);
	bool failed = ferror(f) != 0;
	failed |= fclose(f) != 0;
	if (rc == S2ST_OK && failed)
		rc = cli_fail_memory(err);
	if (rc == S2ST_OK)
		rc = cli_write_text(b->c->output ? b->c->output : "-", text, n, err);
	free(text);
	return rc;
}

static int run(cli *c, bleu *b)
{
	s2st_error err;
	cli_score r = {
		.is_bleu = b->metric == METRIC_BLEU,
		.has_confidence = b->confidence,
		.has_baseline = b->baseline != NULL,
		.samples = b->samples,
		.seed = b->seed,
	};
	char **hyps = NULL, **baseline = NULL;
	const char *language = b->language ? b->language->short_code : b->language_code;
	int rc = s2st_normalizer_new(&b->normalizer, b->normalize, language, &err);
	if (rc < 0)
		return cli_misused(c, "--normalize: %s", err.text);
	rc = read_references(b, &err);
	int code = rc < 0 ? CLI_FAILED : collect(b, b->transcripts_file, b->audio_dir, &hyps);
	if (code == CLI_OK && b->transcripts_out)
		rc = write_transcripts(b, hyps, &err);
	if (code == CLI_OK && rc == S2ST_OK && b->baseline) {
		const bool folder = cli_is_folder(b->baseline);
		code = collect(b, folder ? NULL : b->baseline, folder ? b->baseline : NULL, &baseline);
	}
	if (code == CLI_OK && rc == S2ST_OK)
		rc = write_report(b, hyps, baseline, &r, &err);
	if (rc < 0) {
		cli_error(c, NULL, err.text);
		code = CLI_FAILED;
	} else if (code == CLI_OK && r.score.score < b->min_bleu) {
		(void)cli_fail(&err, 0, "BLEU is %.2f, below --min-bleu %g", r.score.score, b->min_bleu);
		cli_error(c, NULL, err.text);
		code = CLI_FAILED;
	}
	if (b->references) {
		free_texts(hyps, count(b));
		free_texts(baseline, count(b));
		free_texts(b->texts, count(b) * s2st_sentences_columns(b->references));
	}
	s2st_sentences_free(b->references);
	s2st_normalizer_free(b->normalizer);
	return code;
}

/* ---- the tool --------------------------------------------------------------------------------------------------- */

static bool needs_asr(const bleu *b)
{
	return !b->transcripts_file || (b->baseline && cli_is_folder(b->baseline));
}

static void check_options(const cli *c, const bleu *b)
{
	const int sources = (b->audio_dir != NULL) + (b->transcripts_file != NULL) + (c->n_args > 0);
	if (!b->references_file)
		cli_misuse(c, "no references: give --references FILE");
	if (sources > 1)
		cli_misuse(c, "give only one of --audio-dir, --from-transcripts and INPUTs");
	if (sources == 0)
		cli_misuse(c, "nothing to score: give --audio-dir DIR, INPUTs or --from-transcripts FILE");
	if (b->transcripts_file) {
		cli_no_precision(c, "transcripts are scored without a network");
		cli_no_report(c, "transcripts are scored, no recording is heard");
	}
	if (c->n_shards > 1 || c->resume || c->dry_run)
		cli_misuse(c, "a score is of the whole: --shard, --resume and --dry-run have no use here");
	if (b->min_bleu > 0 && b->metric != METRIC_BLEU)
		cli_misuse(c, "--min-bleu is about BLEU: it cannot judge another --metric");
}

/* --lang: language of the table, its model, and what the reference does for Hokkien. */
static void choose_language(cli *c, bleu *b)
{
	if (!b->language_code)
		return;
	b->language = cli_find_language(b->language_code);
	if (!b->language)
		cli_misuse(c, "--lang %s: expected one of %s", b->language_code, cli_language_codes());
	if (strcmp(b->language->code, "hok") == 0) {
		b->asr.post_process = 1;
		b->normalize = "hokkien";
		cli_parse(c); /* what the user says still wins */
	}
	if (b->asr.files.model || c->pack || !needs_asr(b))
		return;
	if (!b->models_dir)
		cli_misuse(c, "--lang %s stands for %s: give the folder it is in, --models DIR", b->language_code,
			   b->language->model);
	b->model_path = cli_language_model(b->language, b->models_dir);
	b->asr.files.model = b->model_path;
}

static const char about[] =
	"ASR-BLEU: a recogniser writes down what was said, BLEU compares it with the references.\n"
	"--audio-dir holds N_pred.wav or N_spkK_pred.wav, N from 0, as vocode and fairseq name them; other names,\n"
	"and INPUTs (files, folders, lists, manifests), go by the references' column 'id', else in order.\n"
	"The recogniser is -m MODEL, that of --pack DIR, or that of --lang CODE in --models DIR.";

static const char more[] =
	"stdout: the score as sacreBLEU prints it, and its signature with the recogniser's name and hash\n"
	"--json: {\"score\", \"counts\", \"totals\", \"precisions\", \"bp\", \"sys_len\", \"ref_len\", \"signature\"}\n"
	"Transcripts are lower-cased, references are as they are, as in the field's script; --lowercase and\n"
	"--normalize change both. A recording that cannot be read fails the run: there is no score then.\n\n"
	"  asr-bleu --pack models/es-en-demo --audio-dir english/ --references ref.en.txt";

int main(int argc, char **argv)
{
	cli c = {
		.tool = "asr-bleu",
		.no_resume = true,
		.synopsis = "[options] --references FILE (--audio-dir DIR | --from-transcripts FILE | INPUT...)",
		.about = about,
		.more = more,
	};
	bleu b = {.c = &c, .normalize = "none", .smooth_value = -1, .samples = 1000, .seed = 12345};
	b.asr.options.lowercase = true;
	b.models.asr = &b.asr;
	cli_asr_defaults(&b.asr);
	cli_option asr[CLI_N_ASR_OPTIONS];
	cli_asr_options(&b.asr, asr);
	const cli_option language[] = {
		{0, "lang", CLI_TEXT, "CODE", &b.language_code, 0, 0,
		 "of the speech ('en', 'eng'): chooses the recogniser that the field uses for it, and what "
		 "--normalize does"},
		{0, "models", CLI_TEXT, "DIR", &b.models_dir, 0, 0,
		 "where --lang looks for DIR/OWNER/NAME or DIR/NAME"},
		{0, "asr-lang", CLI_TEXT, "LANG", &b.asr.files.language, 0, 0,
		 "language of a recogniser with adapters (MMS), as it calls them ('eng')"},
	};
	const cli_option input[] = {
		{0, "audio-dir", CLI_TEXT, "DIR", &b.audio_dir, 0, 0, "folder of the speech to score"},
		{0, "from-transcripts", CLI_TEXT, "FILE", &b.transcripts_file, 0, 0,
		 "score these lines, without a recogniser"},
		{0, "references", CLI_TEXT, "FILE", &b.references_file, 0, 0, "one sentence a line, or a table (.tsv)"},
		{0, "reference-column", CLI_TEXT, "NAME", &b.columns, 0, 0,
		 "of the table, 'A,B' for several references; none: tgt_text"},
		{0, "allow-missing", CLI_FLAG, NULL, &b.allow_missing, 0, 0,
		 "recordings that are missing or cannot be read score as empty"},
	};
	const cli_option score[] = {
		{0, "metric", CLI_CHOICE, "bleu|chrf|chrf++|wer|cer", &b.metric, 0, 0, "what to compute"},
		{0, "tokenize", CLI_CHOICE, "13a|none|char|intl|zh|auto", &b.tokenize, 0, 0,
		 "BLEU's words; auto: zh for Chinese, else 13a"},
		{0, "smooth", CLI_CHOICE, "exp|floor|add-k|none", &b.smooth, 0, 0, "BLEU's missing n-grams"},
		{0, "smooth-value", CLI_REAL, "X", &b.smooth_value, -1, 1e6, "of floor and add-k; -1: 0.1 and 1"},
		{0, "lowercase", CLI_FLAG, NULL, &b.lowercase, 0, 0, "compare without case"},
		{0, "normalize", CLI_TEXT, "NAME", &b.normalize, 0, 0,
		 "none, speech_matrix, fisher, whisper_basic or hokkien, for both sides"},
		{0, "confidence", CLI_FLAG, NULL, &b.confidence, 0, 0, "95% interval by bootstrap resampling"},
		{0, "baseline", CLI_TEXT, "PATH", &b.baseline, 0, 0,
		 "folder of speech or file of transcripts to compare with, by paired bootstrap"},
		{0, "bootstrap-samples", CLI_INT, "N", &b.samples, 1, 1000000, "of --confidence and --baseline"},
		{0, "seed", CLI_INT, "N", &b.seed, 0, INT32_MAX, "likewise"},
		{0, "min-bleu", CLI_REAL, "X", &b.min_bleu, 0, 100, "exit 1 below it"},
	};
	const cli_option output[] = {
		{0, "transcripts-out", CLI_TEXT, "FILE", &b.transcripts_out, 0, 0, "what was heard, one line each"},
		{0, "per-sentence", CLI_FLAG, NULL, &b.per_sentence, 0, 0,
		 "a line for each sentence first: id, score, transcript, reference"},
	};
	cli_option source[CLI_N_SOURCE_OPTIONS];
	cli_source_options(&b.source, source);
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "Recogniser", asr, CLI_N_ASR_OPTIONS);
	cli_add_group(&c, "Language", language, sizeof language / sizeof *language);
	cli_add_group(&c, "Input", input, sizeof input / sizeof *input);
	cli_add_group(&c, "Lists", source, CLI_N_SOURCE_OPTIONS);
	cli_add_group(&c, "Score", score, sizeof score / sizeof *score);
	cli_add_group(&c, "Output", output, sizeof output / sizeof *output);
	cli_parse(&c);
	check_options(&c, &b);
	choose_language(&c, &b);
	int code = needs_asr(&b) ? cli_models_configure(&c, &b.models) : CLI_OK;
	if (!b.language && b.models.pack)
		b.language = cli_find_language(s2st_pack_text(b.models.pack, "target_language"));
	if (code == CLI_OK && needs_asr(&b))
		code = cli_models_open(&c, &b.models);
	if (code == CLI_OK)
		code = run(&c, &b);
	cli_models_close(&b.models);
	free(b.model_path);
	return cli_end(&c, code);
}
