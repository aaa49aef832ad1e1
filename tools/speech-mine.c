/* speech-mine: pairs of utterances that translate each other, from the embeddings of two languages. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_models.h"

typedef struct mine {
	cli *c;
	const char *threshold_text;
	int margin, retrieval, overlap_side; /* CLI_CHOICE, as the enums of s2st.h */
	s2st_mine_options options;
	s2st_embeddings *source, *target;
	s2st_miner *miner;
} mine;

/* ---- results ----------------------------------------------------------------------------------------------------- */

static void print_json(FILE *f, const mine *m, const s2st_mined_pair *p)
{
	fprintf(f, "{\"score\": %.6f, \"source\": ", p->score);
	cli_json_string(f, s2st_embeddings_id(m->source, p->source));
	fputs(", \"target\": ", f);
	cli_json_string(f, s2st_embeddings_id(m->target, p->target));
	fputs(", \"src_audio\": ", f);
	cli_json_string(f, s2st_embeddings_audio(m->source, p->source));
	fputs(", \"tgt_audio\": ", f);
	cli_json_string(f, s2st_embeddings_audio(m->target, p->target));
	fputs("}\n", f);
}

static void print_pair(FILE *f, const mine *m, const s2st_mined_pair *p)
{
	if (m->c->json)
		print_json(f, m, p);
	else
		fprintf(f, "%.6f\t%s\t%s\n", p->score, s2st_embeddings_audio(m->source, p->source),
			s2st_embeddings_audio(m->target, p->target));
}

static int write_pair(const mine *m, s2st_writer *w, const s2st_mined_pair *p, s2st_error *err)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	if (!f)
		return cli_fail_memory(err);
	print_pair(f, m, p);
	int rc = fclose(f) == 0 ? s2st_writer_write(w, text, n, err) : cli_fail_memory(err);
	free(text);
	return rc;
}

static int write_pairs(const mine *m, s2st_error *err)
{
	s2st_writer *w;
	s2st_miner_progress p;
	s2st_miner_get(m->miner, &p);
	int rc = cli_open_stream(m->c, &w, m->c->output ? m->c->output : "-", err);
	if (rc < 0)
		return rc;
	if (!m->c->json)
		rc = s2st_writer_printf(w, err, "score\tsrc_audio\ttgt_audio\n");
	for (size_t i = 0; rc == S2ST_OK && i < p.n; i++)
		rc = write_pair(m, w, &p.pairs[i], err);
	if (rc == S2ST_OK)
		return s2st_writer_commit(w, err);
	s2st_writer_abort(w);
	return rc;
}

/* ---- the search -------------------------------------------------------------------------------------------------- */

static void show(const mine *m)
{
	s2st_miner_progress p;
	if (m->c->quiet || !isatty(STDERR_FILENO))
		return;
	s2st_miner_get(m->miner, &p);
	fprintf(stderr, "\r\033[K%s%zu/%zu rows", p.indexing ? "making an index: " : "", p.done, p.total);
	m->c->bar_shown = true;
}

/* 0, or 1 where a signal has ended it. */
static int search(mine *m, s2st_error *err)
{
	int rc;
	while ((rc = s2st_miner_step(m->miner, err)) > 0) {
		show(m);
		if (cli_caught_signal())
			return 1;
	}
	if (m->c->bar_shown)
		fputs("\r\033[K", stderr);
	m->c->bar_shown = false;
	return rc;
}

static int run(mine *m, s2st_context *context)
{
	cli *c = m->c;
	s2st_error err;
	s2st_miner_progress p;
	int rc = m->options.index_dir ? cli_make_folder(m->options.index_dir, &err) : S2ST_OK;
	if (rc == S2ST_OK)
		rc = s2st_embeddings_open(&m->source, c->args[0], &err);
	if (rc == S2ST_OK)
		rc = s2st_embeddings_open(&m->target, c->args[1], &err);
	if (rc == S2ST_OK)
		rc = s2st_miner_new(&m->miner, context, m->source, m->target, &m->options, &err);
	if (rc == S2ST_OK)
		rc = search(m, &err);
	if (rc == S2ST_OK)
		rc = cli_depends_check(c, &err);
	if (rc == S2ST_OK)
		rc = write_pairs(m, &err);
	if (rc == S2ST_OK && c->output)
		rc = cli_whole_add(c, &c->output, 1, &err);
	if (rc < 0)
		cli_error(c, NULL, err.text);
	if (rc != S2ST_OK)
		return CLI_FAILED;
	s2st_miner_get(m->miner, &p);
	cli_info(c, "%zu source and %zu target rows, %zu pairs, %zu kept", s2st_embeddings_count(m->source),
		 s2st_embeddings_count(m->target), p.n_mined, p.n);
	return CLI_OK;
}

/* ---- the tool ---------------------------------------------------------------------------------------------------- */

static double read_threshold(const mine *m)
{
	char *end;
	const char *text = m->threshold_text;
	if (!text && m->options.margin != S2ST_MARGIN_RATIO)
		cli_misuse(m->c, "--margin: give --threshold X, the usual one is for ratios");
	if (!text)
		return m->options.threshold;
	errno = 0;
	const double x = strtod(text, &end);
	if (end == text || *end || errno || !isfinite(x))
		cli_misuse(m->c, "--threshold: expected a number, found '%s'", text);
	return x;
}

/* Their contents decide what is done: FILE.npy with FILE.ids, or all in a folder. */
static int depend_on_inputs(cli *c, s2st_error *err)
{
	int rc = S2ST_OK;
	for (size_t i = 0; i < c->n_args && rc == S2ST_OK; i++) {
		const char *dot = strrchr(c->args[i], '.');
		char *ids = NULL;
		if (asprintf(&ids, "%.*s.ids", (int)(dot ? dot - c->args[i] : 0), c->args[i]) < 0)
			return cli_fail_memory(err);
		rc = cli_depend_input(c, c->args[i], err);
		if (rc == S2ST_OK && dot)
			rc = cli_depend_input(c, ids, err);
		free(ids);
	}
	return rc;
}

static int do_all(mine *m, cli_models *models)
{
	cli *c = m->c;
	s2st_error err;
	const char *o = c->output;
	m->options.margin = (s2st_margin)m->margin;
	m->options.retrieval = (s2st_retrieval)m->retrieval;
	m->options.overlap_side = (s2st_overlap_side)m->overlap_side;
	m->options.threshold = read_threshold(m);
	if (c->n_args != 2)
		cli_misuse(c, "expected two sets of embeddings, SOURCE and TARGET, found %zu", c->n_args);
	if (c->n_shards > 1)
		cli_misuse(c, "--shard: a search takes all rows; it is speech-embed that works in parts");
	if (c->dry_run)
		cli_misuse(c, "--dry-run: pairs are of all rows, there is nothing to list");
	int rc = depend_on_inputs(c, &err);
	if (rc == S2ST_OK)
		rc = o ? cli_whole_find(c, o, &err) : 0;
	if (rc > 0) {
		cli_info(c, "%s is done, of the same embeddings and options", o);
		return CLI_OK;
	}
	if (rc < 0) {
		cli_error(c, NULL, err.text);
		return CLI_FAILED;
	}
	if (o && strcmp(o, "-") != 0 && cli_check_output(c, o, &err) < 0) { /* said before the search, not after it */
		cli_error(c, NULL, err.text);
		return CLI_FAILED;
	}
	const int code = cli_models_open(c, models);
	return code == CLI_OK ? run(m, models->context) : code;
}

static const char about[] =
	"Finds which utterances of two languages say the same: margin-based mining, as SpeechMatrix was made.\n"
	"SOURCE and TARGET are what speech-embed writes: FILE.npy with FILE.ids, or a folder of such files.\n"
	"Out come pairs, best first, in SpeechMatrix's layout: score, src_audio, tgt_audio, separated by tabs.";

static const char more[] =
	"A pair scores its cosine similarity a against b, the mean of what both have to their k nearest:\n"
	"--margin ratio a/b, distance a-b, absolute a. Published thresholds of the ratio: 1.06 to 1.09.\n"
	"--retrieval max           from the best pair down, every utterance at most once\n"
	"            intersection  pairs of which each is the best of the other\n"
	"            forward       for every source its best target; backward: the other way\n"
	"--max-overlap F: names that end in _START_END (or PATH|START|END, PATH START END RATE) are segments\n"
	"of a recording. Of those that share more than F of the longer one, the set is kept whose scores lie\n"
	"above the threshold by most in total.\n"
	"--index DIR: for more than some hundred thousand rows, where comparing each with each takes days.\n"
	"Candidates then come from FAISS indexes in DIR, made at first and searched on disk; scores stay exact.\n"
	"-o FILE.gz is compressed. Ties go to the lower row; the pairs do not depend on the number of threads.\n\n"
	"  speech-mine -o es-en.tsv.gz es.npy en.npy\n"
	"  speech-mine -k 8 --retrieval intersection --threshold 1.09 --max-overlap 0.2 es/ en/";

int main(int argc, char **argv)
{
	cli c = {
		.tool = "speech-mine",
		.synopsis = "[options] SOURCE TARGET",
		.about = about,
		.more = more,
	};
	mine m = {.c = &c, .options = s2st_mine_defaults()};
	const cli_option mining[] = {
		{'k', "neighbours", CLI_INT, "K", &m.options.k, 1, 1024, "nearest neighbours each way"},
		{0, "margin", CLI_CHOICE, "ratio|distance|absolute", &m.margin, 0, 0, "what a pair scores, see below"},
		{0, "retrieval", CLI_CHOICE, "max|intersection|forward|backward", &m.retrieval, 0, 0,
		 "which pairs, see below"},
		{0, "threshold", CLI_TEXT, "X", &m.threshold_text, 0, 0,
		 "leave out pairs that score less; none: 1.06 for ratios"},
		{0, "max-overlap", CLI_REAL, "F", &m.options.max_overlap, -1, 0.99,
		 "what segments of a recording may share; -1: anything"},
		{0, "overlap-side", CLI_CHOICE, "source|target|both", &m.overlap_side, 0, 0, "of which recordings"},
	};
	const cli_option large[] = {
		{0, "index", CLI_TEXT, "DIR", &m.options.index_dir, 0, 0, "approximate search with FAISS, see below"},
		{0, "index-type", CLI_TEXT, "TYPE", &m.options.index_type, 0, 0,
		 "FAISS's name of one to make; none: IVF lists with PQ64 by the number of rows"},
		{0, "probes", CLI_INT, "N", &m.options.probes, 1, 1e6, "lists of an index to look into"},
	};
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "Mining", mining, sizeof mining / sizeof *mining);
	cli_add_group(&c, "Large sets", large, sizeof large / sizeof *large);
	cli_parse(&c);
	cli_no_precision(&c, "embeddings are compared without a network");
	cli_no_report(&c, "pairs are of all rows, not of one input each");
	cli_models models = {0};
	const int code = do_all(&m, &models);
	s2st_miner_free(m.miner);
	s2st_embeddings_free(m.source);
	s2st_embeddings_free(m.target);
	cli_models_close(&models);
	return cli_end(&c, code);
}
