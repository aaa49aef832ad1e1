/* s2st-report: what a run made, as one HTML page to look at and listen to.
 *
 * Everything that is known of a file lies in JSON lines of other tools, joined by id: the --report of the run, --json
 * of s2st-translate, vocode, asr-transcribe, and of asr-bleu --per-sentence. The page (s2st-report.html) holds a line
 * for each file and draws it when it comes into view. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "cli_picture.h"

extern const char s2st_page[];

typedef struct file {
	char *id, *source, *target, *reason, *transcript, *reference;
	bool failed;
	double seconds, audio, speed, score, bleu; /* NAN: not known */
	int32_t *units, *durations;
	size_t n_units, n_durations;
} file;

typedef struct report {
	cli *c;
	const char *folder, *attention, *page;
	char *page_folder; /* as realpath says it */
	file **files;      /* [n] in the order in which they were first named */
	size_t n, cap;
	void *by_id; /* of tsearch */
	size_t next;
	s2st_context *context;
	s2st_encoder *mels; /* what spectrograms are made of */
	s2st_writer *out;
} report;

/* ---- files ---------------------------------------------------------------------------------------------------- */

static int by_id(const void *pa, const void *pb)
{
	const file *a = pa, *b = pb;
	return strcmp(a->id, b->id);
}

static void free_file(file *f)
{
	char *const texts[] = {f->id, f->source, f->target, f->reason, f->transcript, f->reference};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	free(f->units);
	free(f->durations);
	free(f);
}

static int append(report *r, const char *id, file **out, s2st_error *err)
{
	if (r->n == r->cap) {
		const size_t cap = r->cap ? 2 * r->cap : 64;
		file **more = reallocarray(r->files, cap, sizeof(*more));
		if (!more)
			return cli_fail_memory(err);
		r->files = more;
		r->cap = cap;
	}
	file *f = calloc(1, sizeof *f);
	if (!f)
		return cli_fail_memory(err);
	f->seconds = f->audio = f->speed = f->score = f->bleu = NAN;
	f->id = strdup(id);
	r->files[r->n++] = *out = f;
	return f->id && tsearch(f, &r->by_id, by_id) ? S2ST_OK : cli_fail_memory(err);
}

/* The file of that id, made if it is new. */
static int find(report *r, const char *id, file **out, s2st_error *err)
{
	const file wanted = {.id = (char *)(uintptr_t)id};
	file *const *known = tfind(&wanted, &r->by_id, by_id);
	if (!known)
		return append(r, id, out, err);
	*out = *known;
	return S2ST_OK;
}

/* ---- what is known of them ------------------------------------------------------------------------------------ */

static int take_text(char **to, const s2st_records *in, const char *key, s2st_error *err)
{
	const char *text = s2st_records_text(in, key);
	if (!text)
		return S2ST_OK;
	free(*to);
	*to = strdup(text);
	return *to ? S2ST_OK : cli_fail_memory(err);
}

static int take_ints(int32_t **to, size_t *n, s2st_records *in, const char *key, s2st_error *err)
{
	const int32_t *ints;
	size_t count;
	int rc = s2st_records_ints(in, key, &ints, &count, err);
	if (rc < 0 || !ints)
		return rc;
	free(*to);
	*n = count;
	*to = reallocarray(NULL, count + 1, sizeof **to);
	if (!*to)
		return cli_fail_memory(err);
	memcpy(*to, ints, count * sizeof **to);
	return S2ST_OK;
}

/* "score" is the model's, or with a hypothesis beside it the sentence's. */
static int take(report *r, s2st_records *in, s2st_error *err)
{
	static const struct {
		const char *key;
		size_t at;
	} texts[] = {
		{"input", offsetof(file, source)},	{"source", offsetof(file, source)},
		{"output", offsetof(file, target)},	{"reason", offsetof(file, reason)},
		{"transcript", offsetof(file, transcript)}, {"text", offsetof(file, transcript)},
		{"hypothesis", offsetof(file, transcript)}, {"reference", offsetof(file, reference)},
	};
	const char *id = s2st_records_text(in, "id"), *status = s2st_records_text(in, "status");
	file *f;
	if (!id)
		return S2ST_OK;
	int rc = find(r, id, &f, err);
	for (size_t i = 0; i < sizeof texts / sizeof *texts && rc == S2ST_OK; i++)
		rc = take_text((char **)((char *)f + texts[i].at), in, texts[i].key, err);
	if (rc == S2ST_OK)
		rc = take_ints(&f->units, &f->n_units, in, "units", err);
	if (rc == S2ST_OK)
		rc = take_ints(&f->durations, &f->n_durations, in, "durations", err);
	if (rc < 0)
		return rc;
	if (status)
		f->failed = strcmp(status, "failed") == 0;
	(void)s2st_records_number(in, "seconds", &f->seconds);
	(void)s2st_records_number(in, "audio_seconds", &f->audio);
	(void)s2st_records_number(in, "x_real_time", &f->speed);
	(void)s2st_records_number(in, "score", s2st_records_text(in, "hypothesis") ? &f->bleu : &f->score);
	return S2ST_OK;
}

static int read_records(report *r, const char *path, s2st_error *err)
{
	s2st_records *in;
	int rc = s2st_records_open(&in, path, err), more = 0;
	while (rc == S2ST_OK && (more = s2st_records_next(in, err)) > 0)
		rc = take(r, in, err);
	s2st_records_free(in);
	return rc < 0 ? rc : more;
}

/* The audio of the folder: files that no line tells of, and where the translations are that one tells of. */
static int read_folder(report *r, s2st_error *err)
{
	s2st_inputs *in;
	s2st_input row;
	file *f;
	const bool alone = r->n == 0;
	int rc = s2st_inputs_open(&in, &r->folder, 1, NULL, err), more = 0;
	if (rc < 0)
		return alone ? rc : S2ST_OK; /* a run in which all failed made no audio */
	while (rc == S2ST_OK && (more = s2st_inputs_next(in, &row, err)) > 0) {
		rc = row.problem ? cli_fail(err, S2ST_EIO, "%s", row.problem) : find(r, row.id, &f, err);
		if (rc == S2ST_OK && !f->target && !f->failed) {
			f->target = strdup(row.path);
			rc = f->target ? S2ST_OK : cli_fail_memory(err);
		}
	}
	s2st_inputs_free(in);
	return rc < 0 ? rc : more;
}

enum { MS_PER_FRAME = 20 };

/* ---- a line of the page ---------------------------------------------------------------------------------------- */

/* The way from the page to a file, as a URL: relative, so that both can be moved together. */
static int print_url(FILE *out, const char *key, const report *r, const char *path, s2st_error *err)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~/";
	char *to = realpath(path, NULL);
	if (!to)
		return errno == ENOMEM ? cli_fail_memory(err) : S2ST_OK; /* a slice, or gone: no player */
	size_t common = 0, i = 0;
	for (; to[i] && to[i] == r->page_folder[i]; i++)
		if (to[i] == '/')
			common = i + 1;
	if (!r->page_folder[i] && to[i] == '/')
		common = i + 1;
	fprintf(out, ", \"%s\": \"", key);
	if (r->page_folder[i] || to[i] != '/')
		for (const char *p = r->page_folder + common; *p; p += strcspn(p, "/"), p += *p == '/')
			fputs("../", out);
	for (const char *p = to + common; *p; p++)
		fprintf(out, strchr(plain, *p) ? "%c" : "%%%02X", (unsigned char)*p);
	fputc('"', out);
	free(to);
	return S2ST_OK;
}

static void print_number(FILE *out, const char *key, double x)
{
	if (isnan(x))
		return;
	fprintf(out, ", \"%s\": ", key);
	cli_json_real(out, (double)(float)x);
}

static void print_text(FILE *out, const char *key, const char *text)
{
	if (!text || !*text)
		return;
	fprintf(out, ", \"%s\": ", key);
	cli_json_string(out, text);
}

static void print_ints(FILE *out, const char *key, const int32_t *ints, size_t n)
{
	if (!ints || n == 0)
		return;
	fprintf(out, ", \"%s\": ", key);
	cli_json_ints(out, ints, n);
}

static void print_head(FILE *out, const file *f)
{
	fputs("{\"id\": ", out);
	cli_json_string(out, f->id);
	fprintf(out, ", \"failed\": %s", f->failed ? "true" : "false");
	print_number(out, "seconds", f->seconds);
	print_number(out, "audio", f->audio);
	print_number(out, "speed", f->speed);
	print_number(out, "score", f->score);
	print_number(out, "bleu", f->bleu);
	print_text(out, "reason", f->reason);
	print_text(out, "transcript", f->transcript);
	print_text(out, "reference", f->reference);
	fprintf(out, "}\t{\"n_units\": %zu", f->n_units);
}

static int print_sound(FILE *out, const report *r, s2st_quantizer *q, const char *path, const char *url_key,
		       const char *key, s2st_error *err)
{
	if (!path)
		return S2ST_OK;
	const int rc = cli_print_spectrogram(out, key, q, path, err);
	return rc < 0 ? rc : print_url(out, url_key, r, path, err);
}

static int print_file(FILE *out, const report *r, s2st_quantizer *q, const file *f, s2st_error *err)
{
	s2st_error why;
	char *path = NULL;
	print_head(out, f);
	print_ints(out, "units", f->units, f->n_units);
	if (f->n_durations == f->n_units)
		print_ints(out, "durations", f->durations, f->n_durations);
	int rc = f->failed ? S2ST_OK : print_sound(out, r, q, f->target, "target_url", "target", err);
	if (rc == S2ST_OK && r->attention)
		rc = cli_output_path(&path, r->attention, f->id, ".npy", err);
	if (rc == S2ST_OK && path && cli_exists(path))
		rc = cli_print_attention(out, path, err);
	/* The source of an input that failed may be the reason: then there is nothing to show. */
	const int source = rc < 0 ? rc : print_sound(out, r, q, f->source, "source_url", "source", &why);
	if (source < 0 && rc == S2ST_OK && !f->failed)
		rc = cli_fail(err, source, "%s", why.text);
	fputs("}\n", out);
	free(path);
	return rc;
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static int next(void *source, s2st_input *row, s2st_error *err)
{
	report *r = source;
	(void)err;
	if (r->next == r->n)
		return 0;
	const file *f = r->files[r->next];
	*row = (s2st_input){.id = f->id, .path = f->target ? f->target : f->id, .index = r->next++, .n_frames = -1};
	return 1;
}

static int open_session(void *self, void **own, s2st_error *err)
{
	const report *r = self;
	s2st_quantizer *q = NULL;
	const int rc = s2st_quantizer_new(&q, r->mels, 0, NULL, err);
	*own = q;
	return rc;
}

static void close_session(void *self, void *own)
{
	(void)self;
	s2st_quantizer_free(own);
}

static int work(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const report *r = self;
	return print_file(result->text.f, r, own, r->files[row->index], err);
}

/* Inside a page, "</script" would end its data. */
static int emit(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const report *r = self;
	const char *at = result->text.bytes, *end = at + result->text.n;
	int rc = S2ST_OK;
	(void)row;
	while (at < end && rc == S2ST_OK) {
		const char *sign = memchr(at, '<', (size_t)(end - at));
		rc = s2st_writer_write(r->out, at, (size_t)((sign ? sign : end) - at), err);
		if (sign && rc == S2ST_OK)
			rc = s2st_writer_write(r->out, "\\u003c", 6, err);
		at = sign ? sign + 1 : end;
	}
	return rc;
}

static int print_about(const report *r, s2st_error *err)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	if (!f)
		return cli_fail_memory(err);
	fputs("{\"folder\": ", f);
	cli_json_string(f, r->folder);
	fprintf(f, ", \"frame_ms\": %d}\n", MS_PER_FRAME);
	cli_result about = {0};
	if (fclose(f) != 0) {
		free(text);
		return cli_fail_memory(err);
	}
	about.text.bytes = text;
	about.text.n = n;
	const int rc = emit((void *)(uintptr_t)r, NULL, &about, err);
	free(text);
	return rc;
}

static int write_page(report *r, int *code, s2st_error *err)
{
	static const char place[] = "@DATA@\n";
	const char *at = strstr(s2st_page, place), *rest = at + sizeof place - 1;
	bool whole = false;
	int rc = s2st_writer_write(r->out, s2st_page, (size_t)(at - s2st_page), err);
	if (rc == S2ST_OK)
		rc = print_about(r, err);
	if (rc < 0)
		return rc;
	const cli_work w = {
		.self = r,
		.source = r,
		.total = (int64_t)r->n,
		.context = r->context,
		.open = open_session,
		.close = close_session,
		.next = next,
		.work = work,
		.emit = emit,
	};
	*code = cli_run(r->c, &w, &whole);
	if (!whole)
		return S2ST_OK;
	rc = s2st_writer_write(r->out, rest, strlen(rest), err);
	if (rc == S2ST_OK)
		rc = s2st_writer_commit(r->out, err);
	r->out = NULL;
	return rc;
}

/* DIR/report.jsonl, DIR/results.jsonl and DIR/attention, where nothing else is said. */
static int read_all(report *r, s2st_error *err)
{
	static const char *const usual[] = {"report", "results"};
	cli *c = r->c;
	char *path = NULL;
	int rc = S2ST_OK;
	for (size_t i = 1; i < c->n_args && rc == S2ST_OK; i++)
		rc = read_records(r, c->args[i], err);
	for (size_t i = 0; i < 2 && c->n_args == 1 && rc == S2ST_OK; i++) {
		rc = cli_output_path(&path, r->folder, usual[i], ".jsonl", err);
		if (rc == S2ST_OK && cli_exists(path))
			rc = read_records(r, path, err);
		free(path);
		path = NULL;
	}
	return rc < 0 ? rc : read_folder(r, err);
}

static int open_all(report *r, char **attention, char **page, s2st_error *err)
{
	cli *c = r->c;
	int rc = S2ST_OK;
	if (!cli_is_folder(r->folder))
		return cli_fail(err, S2ST_EIO, "%s: expected the folder that a run wrote into", r->folder);
	if (!r->attention) {
		rc = cli_output_path(attention, r->folder, "attention", "", err);
		r->attention = rc == S2ST_OK && cli_is_folder(*attention) ? *attention : NULL;
	}
	if (rc == S2ST_OK)
		rc = cli_output_path(page, r->folder, "report", ".html", err);
	if (rc < 0)
		return rc;
	r->page = c->output ? c->output : *page;
	if (!r->page)
		return cli_fail_memory(err);
	const char *slash = strrchr(r->page, '/');
	char *folder = slash ? strndup(r->page, (size_t)(slash - r->page) + 1) : strdup(".");
	r->page_folder = folder ? realpath(folder, NULL) : NULL;
	free(folder);
	if (!r->page_folder)
		return cli_fail(err, S2ST_EIO, "%s: its folder: %s", r->page, strerror(errno));
	rc = s2st_context_new(&r->context, &(s2st_context_options){.threads = c->jobs}, err);
	if (rc == S2ST_OK)
		rc = s2st_encoder_open(&r->mels, r->context, S2ST_FEATURE_LOGMEL, NULL, err);
	if (rc == S2ST_OK)
		rc = read_all(r, err);
	return rc < 0 ? rc : cli_open_stream(c, &r->out, r->page, err);
}

static int run(report *r)
{
	s2st_error err;
	char *attention = NULL, *page = NULL;
	int code = CLI_OK, rc = open_all(r, &attention, &page, &err);
	if (rc == S2ST_OK)
		rc = write_page(r, &code, &err);
	if (rc == S2ST_OK && !r->out)
		cli_info(r->c, "%zu files in %s", r->n, r->page);
	if (rc < 0) {
		cli_error(r->c, NULL, err.text);
		code = CLI_FAILED;
	}
	s2st_writer_abort(r->out);
	s2st_encoder_free(r->mels);
	s2st_context_free(r->context);
	free(attention);
	free(page);
	free(r->page_folder);
	return code;
}

static const char about[] =
	"One HTML page about what a run made: players, spectrograms, units with their durations, attention,\n"
	"transcripts, scores, and what failed. Players refer to the audio where it lies; all else is in the page.";

static const char more[] =
	"FILE.jsonl is what other tools print, joined by id; the first file says the order of the page:\n"
	"  the --report of the run                 inputs, outputs, failures, speed\n"
	"  s2st-translate --json, vocode --json    units, durations, model scores\n"
	"  asr-transcribe --json                   transcripts\n"
	"  asr-bleu --per-sentence --json          transcripts, references, sentence scores\n"
	"Without any: DIR/report.jsonl and DIR/results.jsonl, where they are. Attention comes from\n"
	"DIR/attention/ID.npy, which s2ut-generate --attention-out DIR/attention writes.\n\n"
	"  s2st-translate --pack PACK --json --report out/report.jsonl -o out/ talks/ > out/results.jsonl\n"
	"  s2st-report out/ && xdg-open out/report.html";

int main(int argc, char **argv)
{
	cli c = {
		.tool = "s2st-report",
		.no_resume = true,
		.synopsis = "[options] DIR [FILE.jsonl...]",
		.about = about,
		.more = more,
	};
	report r = {.c = &c};
	const cli_option options[] = {
		{0, "attention", CLI_TEXT, "DIR", &r.attention, 0, 0,
		 "attention of each file, ID.npy [tokens, source]; none: DIR/attention"},
	};
	cli_begin(&c, argc, argv);
	cli_add_group(&c, "Input", options, sizeof options / sizeof *options);
	cli_parse(&c);
	cli_no_precision(&c, "pages are made without a network");
	if (c.n_args == 0)
		cli_misuse(&c, "expected the folder that a run wrote into");
	if (c.n_shards > 1 || c.resume || c.dry_run)
		cli_misuse(&c, "a page is of the whole: --shard, --resume and --dry-run have no use here");
	r.folder = c.args[0];
	const int code = run(&r);
	tdestroy(r.by_id, (void (*)(void *))free_file);
	free(r.files);
	return cli_end(&c, code);
}
