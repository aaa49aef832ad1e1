/* Pairs of local copies of the test sets: EuroParl-ST, FLEURS, VoxPopuli, in the layouts that they are published in and
 * that fairseq's examples/speech_matrix/valid_test_sets prepares. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli_manifest.h"

/* Takes the strings of `e`; `whole`: memory was found for all of them. */
static int add(cli_corpus *k, const cli_example *e, bool whole, s2st_error *err)
{
	if (k->n == k->cap) {
		const size_t cap = k->cap ? 2 * k->cap : 64;
		cli_example *more = reallocarray(k->at, cap, sizeof *more);
		if (!more)
			return cli_fail_memory(err);
		k->at = more;
		k->cap = cap;
	}
	k->at[k->n++] = *e;
	return whole && e->id && e->source ? S2ST_OK : cli_fail_memory(err);
}

void cli_corpus_free(cli_corpus *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->at[i].id);
		free(k->at[i].source);
		free(k->at[i].target);
		free(k->at[i].text);
	}
	free(k->at);
	*k = (cli_corpus){0};
}

__attribute__((format(printf, 1, 2))) static char *format(const char *fmt, ...)
{
	char *text;
	va_list ap;
	va_start(ap, fmt);
	const int rc = vasprintf(&text, fmt, ap);
	va_end(ap);
	return rc < 0 ? NULL : text;
}

static int read_lines(s2st_sentences **out, const char *columns, char *path, s2st_error *err)
{
	*out = NULL;
	const int rc = path ? s2st_sentences_read(out, path, columns, err) : cli_fail_memory(err);
	free(path);
	return rc;
}

/* ---- EuroParl-ST v1.1: SRC/TGT/SPLIT/segments.lst "audio start end", segments.TGT; SRC/audios/audio.m4a ----- */

static char *find_speech(const char *dir, const char *lang, const char *name)
{
	static const char *const suffixes[] = {"wav", "flac", "ogg", "mp3"};
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		char *path = format("%s/%s/audios/%s.%s", dir, lang, name, suffixes[i]);
		if (!path || cli_exists(path))
			return path;
		free(path);
	}
	return format("%s/%s/audios/%s.wav", dir, lang, name);
}

static int add_segment(cli_corpus *k, const cli_corpus_place *p, const char *line, const char *text, s2st_error *err)
{
	char name[256], from[32], to[32], *end1, *end2;
	if (sscanf(line, "%255s %31s %31s", name, from, to) != 3)
		return cli_fail(err, S2ST_EFORMAT, "expected 'audio start end', found '%.100s'", line);
	cli_example e = {.start = strtod(from, &end1), .end = strtod(to, &end2)};
	if (*end1 || *end2 || strchr(name, '/') || !(e.start >= 0) || !(e.end > e.start) || e.end > 1e6)
		return cli_fail(err, S2ST_EFORMAT, "expected seconds that go forward, found '%.100s'", line);
	e.id = format("%s_%s_%s", name, from, to);
	e.source = find_speech(p->dir, p->source_lang, name);
	e.text = strdup(text);
	return add(k, &e, e.text != NULL, err);
}

static int read_epst(cli_corpus *k, const cli_corpus_place *p, s2st_error *err)
{
	const char *s = p->source_lang, *t = p->target_lang;
	s2st_sentences *segments, *texts = NULL;
	int rc = read_lines(&segments, NULL, format("%s/%s/%s/%s/segments.lst", p->dir, s, t, p->split), err);
	if (rc == S2ST_OK)
		rc = read_lines(&texts, NULL, format("%s/%s/%s/%s/segments.%s", p->dir, s, t, p->split, t), err);
	if (rc == S2ST_OK && s2st_sentences_count(segments) != s2st_sentences_count(texts))
		rc = cli_fail(err, S2ST_EFORMAT, "%s/%s/%s/%s: expected as many texts as segments, found %zu and %zu",
			      p->dir, s, t, p->split, s2st_sentences_count(texts), s2st_sentences_count(segments));
	for (size_t i = 0; rc == S2ST_OK && i < s2st_sentences_count(segments); i++) {
		s2st_error why;
		rc = add_segment(k, p, s2st_sentences_texts(segments, i)[0], s2st_sentences_texts(texts, i)[0], &why);
		if (rc < 0)
			rc = cli_fail(err, rc, "%s/%s/%s/%s/segments.lst:%zu: %s", p->dir, s, t, p->split,
				      s2st_sentences_line(segments, i), why.text);
	}
	s2st_sentences_free(segments);
	s2st_sentences_free(texts);
	return rc;
}

/* ---- FLEURS: LOCALE/SPLIT.tsv "id file raw_text text ...", LOCALE/audio/SPLIT/file ------------------------------- */

typedef struct recording {
	long id; /* of the sentence, the same in all languages */
	size_t order;
	char *file, *text;
} recording;

typedef struct recordings {
	recording *at;
	size_t n;
	char *folder; /* of the audio */
} recordings;

static int by_sentence(const void *pa, const void *pb)
{
	const recording *a = pa, *b = pb;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

static char *find_locale(const char *dir, const char *lang)
{
	static const char *const locales[] = {"cs_cz", "de_de", "en_us", "es_419", "et_ee", "fi_fi",
					      "fr_fr", "hr_hr", "hu_hu", "it_it",  "lt_lt", "nl_nl",
					      "pl_pl", "pt_br", "ro_ro", "sk_sk",  "sl_si"};
	for (size_t i = 0; i < sizeof locales / sizeof *locales; i++)
		if (strlen(lang) == 2 && strncmp(locales[i], lang, 2) == 0)
			return format("%s/%s", dir, locales[i]);
	return format("%s/%s", dir, lang);
}

static int parse_recording(recording *r, const char *line, s2st_error *err)
{
	char *end;
	r->id = strtol(line, &end, 10);
	const char *file = *end == '\t' ? end + 1 : NULL, *raw = file ? strchr(file, '\t') : NULL;
	const char *text = raw ? strchr(raw + 1, '\t') : NULL;
	if (end == line || !text || memchr(file, '/', (size_t)(raw - file)) || raw == file)
		return cli_fail(err, S2ST_EFORMAT, "expected 'id file raw_text text', found '%.100s'", line);
	r->file = strndup(file, (size_t)(raw - file));
	r->text = strndup(text + 1, strcspn(text + 1, "\t"));
	return r->file && r->text ? S2ST_OK : cli_fail_memory(err);
}

static int read_language(recordings *r, const char *dir, const char *lang, const char *split, s2st_error *err)
{
	char *locale = find_locale(dir, lang);
	s2st_sentences *lines = NULL;
	s2st_error why;
	int rc = locale ? read_lines(&lines, NULL, format("%s/%s.tsv", locale, split), err) : cli_fail_memory(err);
	if (rc == S2ST_OK) {
		r->folder = format("%s/audio/%s", locale, split);
		if (r->folder && !cli_is_folder(r->folder)) {
			free(r->folder);
			r->folder = format("%s/%s", locale, split);
		}
		r->at = calloc(s2st_sentences_count(lines), sizeof *r->at);
		rc = r->at && r->folder ? S2ST_OK : cli_fail_memory(err);
	}
	for (size_t i = 0; rc == S2ST_OK && i < s2st_sentences_count(lines); i++) {
		r->at[r->n].order = i;
		rc = parse_recording(&r->at[r->n++], s2st_sentences_texts(lines, i)[0], &why);
		if (rc < 0)
			rc = cli_fail(err, rc, "%s/%s.tsv:%zu: %s", locale, split, s2st_sentences_line(lines, i),
				      why.text);
	}
	if (rc == S2ST_OK)
		qsort(r->at, r->n, sizeof *r->at, by_sentence);
	s2st_sentences_free(lines);
	free(locale);
	return rc;
}

static void free_language(recordings *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->at[i].file);
		free(r->at[i].text);
	}
	free(r->at);
	free(r->folder);
}

/* The k-th speaker of a sentence is paired with the k-th of its translation, from the start again where there are fewer
 * (align_fleurs_data.py). */
static int align(cli_corpus *k, const recordings *s, const recordings *t, s2st_error *err)
{
	int rc = S2ST_OK;
	for (size_t i = 0, j = 0; rc == S2ST_OK && i < s->n;) {
		size_t i_end = i, j_end;
		while (i_end < s->n && s->at[i_end].id == s->at[i].id)
			i_end++;
		while (j < t->n && t->at[j].id < s->at[i].id)
			j++;
		for (j_end = j; j_end < t->n && t->at[j_end].id == s->at[i].id;)
			j_end++;
		for (size_t n = i; n < i_end && j_end > j && rc == S2ST_OK; n++) {
			const recording *from = &s->at[n], *to = &t->at[j + (n - i) % (j_end - j)];
			const char *dot = strrchr(from->file, '.');
			cli_example e = {.start = -1,
					 .id = strndup(from->file, dot ? (size_t)(dot - from->file) : SIZE_MAX / 2),
					 .source = format("%s/%s", s->folder, from->file),
					 .target = format("%s/%s", t->folder, to->file),
					 .text = strdup(to->text)};
			rc = add(k, &e, e.target && e.text, err);
		}
		i = i_end;
		j = j_end;
	}
	return rc;
}

static int read_fleurs(cli_corpus *k, const cli_corpus_place *p, s2st_error *err)
{
	recordings s = {0}, t = {0};
	int rc = read_language(&s, p->dir, p->source_lang, p->split, err);
	if (rc == S2ST_OK)
		rc = read_language(&t, p->dir, p->target_lang, p->split, err);
	if (rc == S2ST_OK)
		rc = align(k, &s, &t, err);
	free_language(&s);
	free_language(&t);
	return rc;
}

/* ---- VoxPopuli: transcribed_data/SRC/TGT/s2s.tsv of its get_s2s_data.py, with asr_SPLIT.tsv --------------------- */

static int by_text(const void *pa, const void *pb)
{
	const char *const *a = pa, *const *b = pb;
	return strcmp(*a, *b);
}

static int read_voxpopuli(cli_corpus *k, const cli_corpus_place *p, s2st_error *err)
{
	const char *s = p->source_lang, *t = p->target_lang;
	s2st_sentences *pairs = NULL, *split = NULL;
	const char **ids = NULL;
	char *spoken = format("%s/transcribed_data/%s/%s/s2s_ref.tsv", p->dir, s, t);
	const char *table = spoken && cli_exists(spoken) ? "s2s_ref.tsv" : "s2s.tsv";
	int rc = read_lines(&pairs, "src_id,tgt_id,tgt_text",
			    format("%s/transcribed_data/%s/%s/%s", p->dir, s, t, table), err);
	if (rc == S2ST_OK)
		rc = read_lines(&split, "id", format("%s/transcribed_data/%s/asr_%s.tsv", p->dir, s, p->split), err);
	const size_t n = rc == S2ST_OK ? s2st_sentences_count(split) : 0;
	if (rc == S2ST_OK && !(ids = calloc(n, sizeof *ids)))
		rc = cli_fail_memory(err);
	for (size_t i = 0; i < n && ids; i++)
		ids[i] = s2st_sentences_texts(split, i)[0];
	if (n && ids)
		qsort(ids, n, sizeof *ids, by_text);
	for (size_t i = 0; rc == S2ST_OK && i < s2st_sentences_count(pairs); i++) {
		const char *const *row = s2st_sentences_texts(pairs, i);
		if (!bsearch(&row[0], ids, n, sizeof *ids, by_text))
			continue; /* of another split */
		cli_example e = {.start = -1,
				 .id = strdup(row[0]),
				 .source = format("%s/transcribed_data/%s/%.4s/%s.ogg", p->dir, s, row[0], row[0]),
				 .target = format("%s/transcribed_data/%s/%s/%.4s/%s.ogg", p->dir, s, t, row[1],
						  row[1]),
				 .text = strdup(row[2])};
		rc = add(k, &e, e.target && e.text, err);
	}
	free(spoken);
	free(ids);
	s2st_sentences_free(pairs);
	s2st_sentences_free(split);
	return rc;
}

int cli_corpus_read(cli_corpus *k, const cli_corpus_place *place, s2st_error *err)
{
	static int (*const readers[])(cli_corpus *, const cli_corpus_place *, s2st_error *) = {
		[CLI_EPST] = read_epst, [CLI_FLEURS] = read_fleurs, [CLI_VOXPOPULI] = read_voxpopuli};
	const int rc = readers[place->kind](k, place, err);
	if (rc == S2ST_OK && k->n == 0)
		return cli_fail(err, S2ST_EINPUT, "%s: no pairs of %s and %s in the split '%s'", place->dir,
				place->source_lang, place->target_lang, place->split);
	return rc;
}
