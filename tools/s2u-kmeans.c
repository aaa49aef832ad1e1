/* s2u-kmeans: learns the centroids that s2u-quantize makes units with. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli_encoder.h"
#include "cli_features.h"
#include "cli_models.h"
#include "cli_origin.h"

typedef struct learn {
	cli *c;
	cli_encoder encoder;
	cli_source source;
	s2st_kmeans_options options;
	int seed, save_every;
	double fraction;
	const char *features_path; /* .npy of audio's features; NULL: OUT.features.npy, removed in the end */

	char *stem; /* OUT without .npy */
	char *features_file, *state_file, *card_file;
	cli_origin origin; /* of features_file */
	s2st_npy_rows *rows;
	s2st_inputs *inputs;
	uint64_t taken; /* cli_hash_input of the inputs so far */
	s2st_kmeans_trainer *trainer;
	double inertia;
} learn;

/* ---- features of audio ---- */

static bool is_drawn(const void *self, const s2st_input *row)
{
	const learn *l = self;
	return s2st_is_drawn((uint64_t)l->seed, row->index, l->fraction);
}

static int next_drawn(void *self, s2st_input *row, s2st_error *err)
{
	learn *l = self;
	int rc;
	do
		rc = s2st_inputs_next(l->inputs, row, err);
	while (rc > 0 && !is_drawn(l, row));
	if (rc > 0)
		l->taken = cli_hash_input(l->taken, l->c, row);
	return rc;
}

static int open_session(void *self, void **own, s2st_error *err)
{
	const learn *l = self;
	s2st_quantizer *session = NULL;
	int rc = cli_encoder_session(&l->encoder, &session, err);
	*own = session;
	return rc;
}

static void close_session(void *self, void *own)
{
	(void)self;
	s2st_quantizer_free(own);
}

static int add_features(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err)
{
	learn *l = self;
	s2st_quantizer *session = own;
	s2st_frames frames;
	s2st_error ignored;
	const size_t start = s2st_npy_rows_count(l->rows);
	int rc = s2st_quantizer_open(session, row->path, l->encoder.channel, err);
	while (rc >= 0 && (rc = s2st_quantizer_next(session, &frames, err)) > 0) {
		rc = s2st_npy_rows_add(l->rows, frames.features, frames.n, err);
		if (rc >= 0 && cli_caught_signal())
			rc = cli_fail(err, S2ST_EIO, "stopped");
	}
	if (rc == S2ST_OK)
		cli_encoder_note(&l->encoder, session, row, result);
	else if (s2st_npy_rows_cut(l->rows, start, &ignored) < 0)
		return cli_fail(err, S2ST_EIO, "%s", ignored.text);
	return rc;
}

static int no_result(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	(void)self;
	(void)row;
	(void)result;
	(void)err;
	return S2ST_OK;
}

/* Features of all audio into l->features_file. Returns an exit code; CLI_FAILED with `*usable` when some failed. */
static int extract(learn *l, bool *usable)
{
	s2st_error err;
	int code = CLI_OK;
	*usable = false;
	l->inputs = cli_open_inputs(l->c, &l->source, false, &code);
	if (!l->inputs)
		return code;
	int rc = s2st_npy_rows_open(&l->rows, l->features_file, (size_t)l->encoder.info.dim, &err);
	if (rc == S2ST_OK) {
		const cli_work w = {
			.self = l,
			.source = l,
			.total = l->fraction < 1 ? -1 : s2st_inputs_count(l->inputs),
			.context = l->encoder.context,
			.serial = true, /* features follow one another */
			.audio = true,
			.next = next_drawn,
			.open = open_session,
			.close = close_session,
			.work = add_features,
			.emit = no_result,
		};
		code = cli_run(l->c, &w, usable);
		/* The origin first: features without one are not gone on with. */
		rc = *usable ? cli_origin_write(&l->origin, l->taken, code == CLI_OK, &err) : S2ST_OK;
		if (*usable && rc == S2ST_OK)
			rc = s2st_npy_rows_commit(l->rows, &err);
		else
			s2st_npy_rows_abort(l->rows);
	}
	if (rc < 0) {
		cli_error(l->c, NULL, err.text);
		*usable = false;
		code = CLI_FAILED;
	}
	return code;
}

/* ---- training ---- */

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void show(learn *l, bool line)
{
	s2st_kmeans_progress p;
	cli *c = l->c;
	s2st_kmeans_trainer_get(l->trainer, &p);
	if (line)
		cli_info(c, "step %lld of %lld: inertia %.6g, smoothed %.6g", (long long)p.step, (long long)p.n_steps,
			 p.inertia, p.smoothed);
	if (c->quiet || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[Kstep %lld/%lld, inertia %.6g", (long long)p.step, (long long)p.n_steps, p.smoothed);
	c->bar_shown = true;
}

/* Steps until the training ends or a signal comes. The state is saved now and then, and when stopped. */
static int train(learn *l, s2st_error *err)
{
	double shown = now(), saved = shown;
	int rc, step = 0;
	while ((rc = s2st_kmeans_trainer_step(l->trainer, err)) > 0) {
		const double t = now();
		step++;
		if (t - shown >= 0.2 || step % 100 == 0) {
			show(l, step % 100 == 0);
			shown = t;
		}
		if (cli_caught_signal() || (l->save_every && t - saved >= l->save_every)) {
			rc = s2st_kmeans_trainer_save(l->trainer, l->state_file, err);
			if (rc < 0 || cli_caught_signal())
				return rc < 0 ? rc : 1;
			saved = now();
		}
	}
	if (rc == S2ST_OK)
		show(l, true);
	return rc == S2ST_OK ? s2st_kmeans_trainer_inertia(l->trainer, &l->inertia, err) : rc;
}

/* ---- results ---- */

static int write_centroids(const learn *l, const s2st_kmeans_progress *p, s2st_error *err)
{
	const size_t dims[] = {(size_t)l->options.n_clusters, (size_t)p->dim};
	s2st_writer *w;
	int rc = s2st_writer_open(&w, l->c->output, err);
	if (rc < 0)
		return rc;
	rc = s2st_npy_write(w, "<f4", dims, 2, p->centroids, err);
	if (rc == S2ST_OK)
		return s2st_writer_commit(w, err);
	s2st_writer_abort(w);
	return rc;
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	return slash ? slash + 1 : path;
}

static void print_card(FILE *f, const learn *l, const s2st_kmeans_progress *p)
{
	const s2st_kmeans_options *o = &l->options;
	fputs("{\"encoder\": ", f);
	cli_json_string(f, base_name(l->encoder.model_file));
	fputs(", \"sha256\": ", f);
	cli_json_string(f, *l->origin.hash ? l->origin.hash : NULL);
	fputs(", \"kind\": ", f);
	cli_json_string(f, l->encoder.info.kind);
	fprintf(f, ", \"layer\": %d, \"k\": %d, \"dim\": %d, \"rows\": %lld, \"inertia\": ", l->encoder.layer,
		o->n_clusters, p->dim, (long long)p->rows);
	cli_json_real(f, l->inertia);
	fprintf(f, ", \"steps\": %lld, \"end\": ", (long long)p->step);
	cli_json_string(f, p->end);
	fprintf(f, ", \"batch_size\": %d, \"n_init\": %d, \"max_iter\": %d, \"tol\": ", o->batch_size, o->n_init,
		o->max_iter);
	cli_json_real(f, o->tol);
	fprintf(f, ", \"max_no_improvement\": %d, \"reassignment_ratio\": ", o->max_no_improvement);
	cli_json_real(f, o->reassignment_ratio);
	fprintf(f, ", \"seed\": %d, \"fraction\": ", l->seed);
	cli_json_real(f, l->fraction);
	fputs("}\n", f);
}

static int write_card(const learn *l, const s2st_kmeans_progress *p, s2st_error *err)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	if (f)
		print_card(f, l, p);
	if (!f || fclose(f) != 0) {
		free(text);
		return cli_fail_memory(err);
	}
	int rc = cli_write_text(l->card_file, text, n, err);
	if (rc == S2ST_OK && l->c->json)
		fputs(text, stdout);
	free(text);
	return rc;
}

static int finish(learn *l, s2st_error *err)
{
	s2st_kmeans_progress p;
	s2st_kmeans_trainer_get(l->trainer, &p);
	int rc = write_centroids(l, &p, err);
	if (rc == S2ST_OK)
		rc = write_card(l, &p, err);
	if (rc < 0)
		return rc;
	unlink(l->state_file);
	if (!l->c->quiet) {
		char text[200];
		snprintf(text, sizeof text, "%d centroids of %lld frames: inertia %.6g a frame after %lld steps, %s",
			 l->options.n_clusters, (long long)p.rows, l->inertia, (long long)p.step, p.end);
		cli_error(l->c, NULL, text);
	}
	return S2ST_OK;
}

/* ---- the tool ---- */

/* Are the inputs features already? Either all or none. */
static bool are_features(const cli *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n_args; i++)
		n += cli_is_matrix(c->args[i]);
	if (n && n < c->n_args)
		cli_misuse(c, "expected either feature files (.npy) or audio, found both");
	return n > 0;
}

static int name_files(learn *l)
{
	const char *out = l->c->output;
	int ok = asprintf(&l->stem, "%.*s", (int)(strlen(out) - 4), out);
	ok = ok < 0 ? ok : asprintf(&l->state_file, "%s.state", l->stem);
	ok = ok < 0 ? ok : asprintf(&l->card_file, "%s.json", l->stem);
	if (ok >= 0 && l->features_path)
		ok = (l->features_file = strdup(l->features_path)) ? 0 : -1;
	else if (ok >= 0)
		ok = asprintf(&l->features_file, "%s.features.npy", l->stem);
	if (ok >= 0)
		ok = asprintf(&l->origin.file, "%.*s.json", (int)(strlen(l->features_file) - 4), l->features_file);
	return ok < 0 ? -1 : 0;
}

/* Trains on `files`. Returns an exit code. */
static int learn_from(learn *l, s2st_context *context, const char *const *files, size_t n)
{
	s2st_error err;
	int rc = s2st_kmeans_trainer_new(&l->trainer, context, files, n, &l->options, &err);
	if (rc == S2ST_OK && l->c->resume && cli_exists(l->state_file)) {
		s2st_kmeans_progress p;
		rc = s2st_kmeans_trainer_load(l->trainer, l->state_file, &err);
		s2st_kmeans_trainer_get(l->trainer, &p);
		if (rc == S2ST_OK)
			cli_info(l->c, "going on after step %lld", (long long)p.step);
	}
	if (rc == S2ST_OK)
		rc = train(l, &err);
	if (rc == S2ST_OK && files == l->c->args) /* others are its own */
		rc = cli_depends_check(l->c, &err);
	if (rc == S2ST_OK)
		rc = finish(l, &err);
	if (rc < 0)
		cli_error(l->c, NULL, err.text);
	return rc == S2ST_OK ? CLI_OK : CLI_FAILED; /* 1: stopped by a signal, the state is saved */
}

/* Features of audio: those that were kept, or new ones. Returns as extract does. */
static int find_features(learn *l, bool *usable)
{
	cli *c = l->c;
	s2st_error err;
	bool complete = true;
	*usable = false;
	int rc = s2st_encoder_hash(l->encoder.model, l->origin.hash, &err);
	if (rc == S2ST_OK && !(c->resume && cli_exists(l->features_file)))
		return extract(l, usable);
	if (rc == S2ST_OK)
		rc = cli_origin_check(&l->origin, l->features_file, &complete, &err);
	if (rc == S2ST_OK && !complete)
		(void)cli_fail(&err, S2ST_EINPUT,
			       "%s: lacks inputs that failed when it was made: remove it to try "
			       "them again",
			       l->features_file);
	if (rc < 0 || !complete)
		cli_error(c, NULL, err.text);
	*usable = rc == S2ST_OK;
	return *usable && complete ? CLI_OK : CLI_FAILED;
}

static int learn_from_audio(learn *l)
{
	bool usable;
	const int code = find_features(l, &usable);
	if (!usable)
		return code;
	l->options.fraction = 1; /* it has chosen the files */
	const char *const files[] = {l->features_file};
	const int trained = learn_from(l, l->encoder.context, files, 1);
	if (trained == CLI_OK && !l->features_path) {
		unlink(l->features_file);
		unlink(l->origin.file);
	}
	return trained != CLI_OK ? trained : code;
}

/* ---- what is done, what may be written ---- */

/* All that the centroids are made of goes into their record. Returns an exit code. */
static int depend_on_all(learn *l, s2st_context *context, bool features)
{
	cli *c = l->c;
	s2st_error err;
	int rc = S2ST_OK;
	for (size_t i = 0; i < c->n_args && features && rc == S2ST_OK; i++)
		rc = cli_depend_input(c, c->args[i], &err);
	if (rc < 0) {
		cli_error(c, NULL, err.text);
		return CLI_FAILED;
	}
	int code = features ? CLI_OK : cli_encoder_open(c, &l->encoder, context, NULL, NULL);
	if (code == CLI_OK && !features && c->resume)
		code = cli_depend_inputs(c, &l->source, is_drawn, l);
	return code;
}

static int record(const learn *l, s2st_error *err)
{
	const char *const files[] = {l->c->output, l->card_file, l->features_file, l->origin.file};
	return cli_whole_add(l->c, files, l->features_path ? 4 : 2, err);
}

/* The card, which --json prints. */
static int print_again(const learn *l, s2st_error *err)
{
	int byte;
	FILE *f = fopen(l->card_file, "r");
	if (!f)
		return cli_fail(err, S2ST_EIO, "%s: cannot open: %s", l->card_file, strerror(errno));
	while ((byte = getc(f)) != EOF)
		putchar(byte);
	fclose(f);
	return S2ST_OK;
}

/* Is everything that will be written free to be? What a stopped run left is not thrown away unasked. */
static int check_outputs(const learn *l, bool features, s2st_error *err)
{
	const char *const files[] = {l->c->output, l->card_file, l->state_file, l->features_file, l->origin.file};
	int rc = S2ST_OK;
	for (size_t i = 0; i < (features ? 3 : 5) && rc == S2ST_OK; i++)
		rc = cli_check_output(l->c, files[i], err);
	return rc;
}

static void check_options(learn *l, bool features)
{
	const cli *c = l->c;
	if (!c->output || !cli_is_matrix(c->output))
		cli_misuse(c, "expected -o FILE.npy for the centroids");
	if (l->features_path && !cli_is_matrix(l->features_path))
		cli_misuse(c, "--features-out: expected FILE.npy, found '%s'", l->features_path);
	if (!features) {
		cli_encoder_check(c, &l->encoder);
		return;
	}
	cli_no_precision(c, "features (.npy) are there already, no network runs");
	cli_no_report(c, "features (.npy) are there already, no audio is read");
	if (l->features_path)
		cli_misuse(c, "--features-out belongs to audio inputs, found features (.npy)");
	if (c->n_shards > 1)
		cli_misuse(c, "--shard belongs to audio inputs, found features (.npy)");
}

static int do_all(learn *l, cli_models *models)
{
	cli *c = l->c;
	s2st_error err;
	int code = cli_models_configure(c, models);
	if (code != CLI_OK)
		return code;
	const bool features = are_features(c);
	cli_encoder_configure(c, &l->encoder, models->pack, true);
	check_options(l, features);
	l->options.seed = (uint64_t)l->seed;
	l->options.fraction = l->fraction;
	l->origin = (cli_origin){.c = c, .encoder = &l->encoder, .seed = l->seed, .fraction = l->fraction};
	if (c->dry_run)
		cli_misuse(c, "--dry-run: centroids are of all inputs, there is nothing to list");
	if (name_files(l) < 0) {
		cli_error(c, NULL, "out of memory");
		return CLI_FAILED;
	}
	int rc = check_outputs(l, features, &err);
	if (rc == S2ST_OK) {
		code = cli_models_open(c, models);
		if (code == CLI_OK)
			code = depend_on_all(l, models->context, features);
		if (code != CLI_OK)
			return code;
		rc = cli_whole_find(c, c->output, &err);
	}
	if (rc > 0) {
		cli_info(c, "%s is done, of the same inputs and options", c->output);
		rc = c->json ? print_again(l, &err) : S2ST_OK;
	} else if (rc == S2ST_OK) {
		code = features ? learn_from(l, models->context, c->args, c->n_args) : learn_from_audio(l);
		rc = code == CLI_OK ? record(l, &err) : S2ST_OK;
	}
	if (rc < 0)
		cli_error(c, NULL, err.text);
	return rc < 0 ? CLI_FAILED : code;
}

static const char about[] =
	"Learns K centroids from speech: mini-batch k-means over the features of an encoder layer, as fairseq's\n"
	"recipes have it (scikit-learn's MiniBatchKMeans with k-means++). INPUTs are audio (files, folders,\n"
	"manifests, lists) or feature files (.npy) that s2u-quantize --features-out wrote. Features stay on disk:\n"
	"memory follows the batch, not the data. The same seed gives the same centroids on any number of threads.";

static const char more[] =
	"Writes FILE.npy [K, D], which s2u-quantize -k takes, and FILE.json, which says how it was made.\n"
	"Stopped by a signal it leaves FILE.state (and FILE.features.npy of audio); --resume goes on from there if\n"
	"options and inputs are the same, and does nothing where FILE.npy is recorded as made of them.\n"
	"GSLM's recipe is --n-init 20 --max-iter 150 --reassignment-ratio 0.5 --fraction 0.1.\n\n"
	"  s2u-kmeans -m hubert_base_ls960.pt --layer 6 -k 100 -o km100.npy train.tsv\n"
	"  s2u-kmeans -k 500 -v -o km500.npy feat/train_*.npy\n"
	"  s2u-quantize -m hubert_base_ls960.pt --layer 6 -k km100.npy talks/";

static void clean_up(learn *l)
{
	s2st_kmeans_trainer_free(l->trainer);
	s2st_inputs_free(l->inputs);
	cli_encoder_close(&l->encoder);
	free(l->stem);
	free(l->features_file);
	free(l->origin.file);
	free(l->state_file);
	free(l->card_file);
}

int main(int argc, char **argv)
{
	static const char *const idle[] = {"json", "save-every", NULL};
	cli c = {
		.tool = "s2u-kmeans",
		.synopsis = "[options] -k K -o FILE.npy (FEATURES.npy... | -m MODEL --layer L INPUT...)",
		.about = about,
		.more = more,
		.idle = idle,
	};
	learn l = {.c = &c, .options = s2st_kmeans_defaults(), .fraction = 1, .save_every = 60};
	s2st_kmeans_options *o = &l.options;
	const cli_option training[] = {
		{'k', "clusters", CLI_INT, "K", &o->n_clusters, 1, 1 << 20, "number of centroids"},
		{0, "batch-size", CLI_INT, "N", &o->batch_size, 1, 1 << 24, "frames of a step"},
		{0, "n-init", CLI_INT, "N", &o->n_init, 1, 10000, "starts by k-means++, of which the best is taken"},
		{0, "max-iter", CLI_INT, "N", &o->max_iter, 1, 1000000, "passes over the data, at most"},
		{0, "tol", CLI_REAL, "T", &o->tol, 0, 1e6,
		 "stop when the centroids move less, relative to the variance; 0: off"},
		{0, "max-no-improvement", CLI_INT, "N", &o->max_no_improvement, 0, 1000000,
		 "stop after N steps without less inertia; 0: off"},
		{0, "reassignment-ratio", CLI_REAL, "R", &o->reassignment_ratio, 0, 1,
		 "set centroids anew that get less than R times the frames of the most used"},
		{0, "seed", CLI_INT, "N", &l.seed, 0, INT_MAX, "of all random draws"},
		{0, "fraction", CLI_REAL, "P", &l.fraction, 1e-9, 1,
		 "part of the audio files, or of the rows of feature files, that is used, drawn by --seed"},
		{0, "save-every", CLI_INT, "SECONDS", &l.save_every, 0, 1000000,
		 "how often FILE.state is written; 0: never"},
		{0, "features-out", CLI_TEXT, "FILE", &l.features_path, 0, 0,
		 "keep the features of audio in this .npy; none: FILE.features.npy, removed in the end"},
	};
	cli_option encoder[CLI_N_ENCODER_OPTIONS], source[CLI_N_SOURCE_OPTIONS];
	cli_encoder_options(&l.encoder, encoder);
	cli_source_options(&l.source, source);
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "Training", training, sizeof training / sizeof *training);
	cli_add_group(&c, "Features of audio", encoder, CLI_N_ENCODER_OPTIONS);
	cli_add_group(&c, "Input", source, CLI_N_SOURCE_OPTIONS);
	cli_parse(&c);
	cli_models models = {0};
	int code = do_all(&l, &models);
	clean_up(&l);
	cli_models_close(&models);
	return cli_end(&c, code);
}
