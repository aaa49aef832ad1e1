/* Which recording belongs to which reference (by number, by id, or in order), and what it says. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli_recordings.h"

/* ---- messages about many -------------------------------------------------------------------------------------- */

enum { NAMED = 8 }; /* so many are named, the others counted */

typedef struct naming {
	char text[512];
	size_t n;
} naming;

static void name_one(naming *l, const char *name)
{
	const size_t used = strlen(l->text);
	if (l->n < NAMED)
		snprintf(l->text + used, sizeof l->text - used, "%s%.50s", l->n ? ", " : "", name);
	l->n++;
}

static const char *names(naming *l)
{
	const size_t used = strlen(l->text);
	if (l->n > NAMED)
		snprintf(l->text + used, sizeof l->text - used, " and %zu more", l->n - NAMED);
	return l->text;
}

/* ---- N_pred.wav ------------------------------------------------------------------------------------------------- */

static const char suffix[] = "_pred.wav";

static bool is_prediction(const char *name)
{
	const size_t n = strlen(name);
	return n >= sizeof suffix - 1 && strcmp(name + n - (sizeof suffix - 1), suffix) == 0;
}

/* N of "N_pred.wav" and "N_spkK_pred.wav", written without leading zeros; false: neither. */
static bool parse_number(const char *name, size_t *number, bool *speaker)
{
	char *end;
	errno = 0;
	const unsigned long long n = strtoull(name, &end, 10);
	if (!isdigit((unsigned char)*name) || errno || n > INT32_MAX || (*name == '0' && end != name + 1))
		return false;
	*number = (size_t)n;
	*speaker = strncmp(end, "_spk", 4) == 0;
	if (*speaker)
		end += 4 + strspn(end + 4, "0123456789");
	return strcmp(end, suffix) == 0;
}

typedef struct predictions {
	cli_recordings *r;
	const char *dir;
	naming bad, doubled, extra;
} predictions;

static int take_prediction(predictions *p, const char *name, s2st_error *err)
{
	cli_recordings *r = p->r;
	size_t number;
	bool speaker;
	if (!parse_number(name, &number, &speaker)) {
		name_one(&p->bad, name);
	} else if (number >= r->n) {
		name_one(&p->extra, name);
	} else if (r->paths[number]) {
		name_one(&p->doubled, name);
	} else if (asprintf(&r->paths[number], "%s/%s", p->dir, name) < 0) {
		r->paths[number] = NULL;
		return cli_fail_memory(err);
	}
	return S2ST_OK;
}

static int judge(predictions *p, s2st_error *err)
{
	if (p->bad.n)
		return cli_fail(err, S2ST_EINPUT, "%s: expected N_pred.wav or N_spkK_pred.wav, found %s", p->dir,
				names(&p->bad));
	if (p->doubled.n)
		return cli_fail(err, S2ST_EINPUT, "%s: a second recording of the same number: %s", p->dir,
				names(&p->doubled));
	if (p->extra.n)
		return cli_fail(err, S2ST_EINPUT, "%s: expected numbers below %zu, the number of references, found %s",
				p->dir, p->r->n, names(&p->extra));
	return S2ST_OK;
}

/* 1: there were such files; 0: none, nothing is filled. */
static int find_predictions(cli_recordings *r, const char *dir, s2st_error *err)
{
	predictions p = {.r = r, .dir = dir};
	const struct dirent *e;
	bool any = false;
	int rc = S2ST_OK;
	DIR *d = opendir(dir);
	if (!d)
		return cli_fail(err, S2ST_EIO, "%s: cannot open: %s", dir, strerror(errno));
	while (rc == S2ST_OK && (errno = 0, e = readdir(d))) {
		if (!is_prediction(e->d_name))
			continue;
		any = true;
		rc = take_prediction(&p, e->d_name, err);
	}
	if (rc == S2ST_OK && errno)
		rc = cli_fail(err, S2ST_EIO, "%s: cannot read: %s", dir, strerror(errno));
	closedir(d);
	if (rc == S2ST_OK)
		rc = judge(&p, err);
	return rc < 0 ? rc : any;
}

/* ---- other inputs ----------------------------------------------------------------------------------------------- */

typedef struct named {
	const char *id;
	size_t at;
} named;

static int compare_ids(const void *pa, const void *pb)
{
	const named *a = pa, *b = pb;
	return strcmp(a->id, b->id);
}

/* The references' ids in order of their bytes; refused where one comes twice. NULL where they have none. */
static int sort_ids(const s2st_sentences *refs, named **out, s2st_error *err)
{
	const size_t n = s2st_sentences_count(refs);
	*out = NULL;
	if (!s2st_sentences_id(refs, 0))
		return S2ST_OK;
	named *ids = calloc(n, sizeof *ids);
	if (!ids)
		return cli_fail_memory(err);
	for (size_t i = 0; i < n; i++)
		ids[i] = (named){s2st_sentences_id(refs, i), i};
	qsort(ids, n, sizeof *ids, compare_ids);
	*out = ids;
	for (size_t i = 1; i < n; i++)
		if (strcmp(ids[i].id, ids[i - 1].id) == 0)
			return cli_fail(err, S2ST_EINPUT, "references: id '%s' comes twice, also in line %zu",
					ids[i].id, s2st_sentences_line(refs, ids[i].at));
	return S2ST_OK;
}

/* References with ids get the inputs of the same ids, others take them as they come. */
static int take_inputs(cli_recordings *r, const named *ids, s2st_inputs *in, s2st_error *err)
{
	naming extra = {.n = 0};
	size_t count = 0;
	s2st_input row;
	int rc;
	for (; (rc = s2st_inputs_next(in, &row, err)) > 0; count++) {
		const named key = {.id = row.id};
		if (row.problem)
			return cli_fail(err, S2ST_EIO, "%s", row.problem);
		const named *found = ids ? bsearch(&key, ids, r->n, sizeof *ids, compare_ids) : NULL;
		const size_t at = found ? found->at : ids ? SIZE_MAX : count;
		if (at >= r->n)
			name_one(&extra, row.id);
		else if (r->paths[at])
			return cli_fail(err, S2ST_EINPUT, "id '%s' comes twice", row.id);
		else if (!(r->paths[at] = strdup(row.path)))
			return cli_fail_memory(err);
	}
	if (rc < 0)
		return rc;
	if (ids && extra.n)
		return cli_fail(err, S2ST_EINPUT, "recordings without a reference: %s", names(&extra));
	if (!ids && count != r->n)
		return cli_fail(err, S2ST_EINPUT,
				"expected %zu recordings, one for each reference and in their order, found %zu", r->n,
				count);
	return S2ST_OK;
}

static int find_inputs(cli_recordings *r, const s2st_sentences *refs, const char *const *args, size_t n_args,
		       const cli_source *source, s2st_error *err)
{
	named *ids = NULL;
	s2st_inputs *in = NULL;
	const s2st_inputs_options opt = {.audio_root = source->audio_root, .recursive = source->recursive};
	int rc = sort_ids(refs, &ids, err);
	if (rc == S2ST_OK)
		rc = s2st_inputs_open(&in, args, n_args, &opt, err);
	if (rc == S2ST_OK)
		rc = take_inputs(r, ids, in, err);
	free(ids);
	if (rc < 0)
		s2st_inputs_free(in);
	else
		r->inputs = in; /* audio that came through stdin lives as long */
	return rc;
}

/* ---- all -------------------------------------------------------------------------------------------------------- */

static int name_missing(const cli_recordings *r, const s2st_sentences *refs, const char *where, s2st_error *err)
{
	naming missing = {.n = 0};
	for (size_t i = 0; i < r->n; i++) {
		char number[32];
		const char *id = s2st_sentences_id(refs, i);
		snprintf(number, sizeof number, "%zu", i);
		if (!r->paths[i])
			name_one(&missing, id && !r->by_number ? id : number);
	}
	if (!missing.n)
		return S2ST_OK;
	const size_t n = missing.n;
	return cli_fail(err, S2ST_EINPUT, "%s: expected %zu recordings, one for each reference, found %zu; missing: %s",
			where, r->n, r->n - n, names(&missing));
}

int cli_recordings_find(cli_recordings *r, const s2st_sentences *refs, const char *dir, const char *const *args,
			size_t n_args, const cli_source *source, bool allow_missing, s2st_error *err)
{
	*r = (cli_recordings){.n = s2st_sentences_count(refs)};
	r->paths = calloc(r->n, sizeof *r->paths);
	if (!r->paths)
		return cli_fail_memory(err);
	int rc = dir ? find_predictions(r, dir, err) : 0;
	r->by_number = rc > 0;
	if (rc == 0)
		rc = find_inputs(r, refs, dir ? &dir : args, dir ? 1 : n_args, source, err);
	if (rc >= 0 && !allow_missing)
		rc = name_missing(r, refs, dir ? dir : n_args ? args[0] : "stdin", err);
	if (rc < 0)
		cli_recordings_free(r);
	return rc < 0 ? rc : S2ST_OK;
}

void cli_recordings_free(cli_recordings *r)
{
	for (size_t i = 0; r->paths && i < r->n; i++)
		free(r->paths[i]);
	free(r->paths);
	s2st_inputs_free(r->inputs);
	*r = (cli_recordings){0};
}

/* ---- transcripts ------------------------------------------------------------------------------------------------ */

typedef struct hearing {
	const cli_recordings *r;
	cli_models *models;
	size_t next;
	char **texts; /* [n] */
} hearing;

static int next_recording(void *source, s2st_input *row, s2st_error *err)
{
	hearing *h = source;
	(void)err;
	while (h->next < h->r->n && !h->r->paths[h->next])
		h->next++;
	if (h->next == h->r->n)
		return 0;
	const char *path = h->r->paths[h->next];
	*row = (s2st_input){.id = path, .path = path, .index = h->next++, .n_frames = -1};
	return 1;
}

static int work(void *self, void *own, const s2st_input *row, cli_result *result, s2st_error *err)
{
	const hearing *h = self;
	const cli_sessions *s = own;
	s2st_audio audio = {0};
	s2st_transcript said;
	int rc = cli_read_audio(result, &audio, row->path, err);
	if (rc < 0)
		return rc;
	rc = s2st_asr_transcribe(s->asr, audio.samples, audio.n, &h->models->asr->options, &said, err);
	if (rc == S2ST_OK)
		fputs(said.text, result->text.f);
	s2st_audio_free(&audio);
	return rc;
}

/* With `allow_missing` what is unreadable is empty. */
static int emit(void *self, const s2st_input *row, cli_result *result, s2st_error *err)
{
	hearing *h = self;
	h->texts[row->index] = strndup(result->text.bytes, result->text.n);
	return h->texts[row->index] ? S2ST_OK : cli_fail_memory(err);
}

int cli_recordings_hear(cli *c, const cli_recordings *r, cli_models *m, bool allow_missing, char **texts)
{
	bool whole;
	hearing h = {.r = r, .models = m, .texts = texts};
	const cli_work w = {
		.self = &h,
		.source = &h,
		.total = (int64_t)r->n,
		.models = m,
		.audio = true,
		.keep_failed = allow_missing,
		.forgive = allow_missing,
		.next = next_recording,
		.work = work,
		.emit = emit,
	};
	return cli_run(c, &w, &whole);
}
