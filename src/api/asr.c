/* s2st_asr_* of the public header: an encoder with a CTC head, its vocabulary, and transcripts with times.
 *
 * A session's memory is its scratch arena, which each call empties: first the logits lie in it, then the transcript. */
#include <stdlib.h>
#include <string.h>

#include "api/asr.h"
#include "base/sha256.h"
#include "base/size.h"

/* ---- models ----------------------------------------------------------------------------------------------------- */

static int new_model(s2st_asr **out, const s2st_context *ctx, const char *model, s2st_error *err)
{
	s2st_asr *m = *out = calloc(1, sizeof *m);
	if (!m)
		return s2_fail_mem(err, "model");
	m->ctx = ctx;
	m->arena = s2_arena_new();
	m->model = m->arena ? s2_arena_strndup(m->arena, model, strlen(model)) : NULL;
	return m->model ? S2ST_OK : s2_fail_mem(err, "model");
}

static int finish_open(s2st_asr **out, int rc)
{
	if (rc < 0) {
		s2st_asr_free(*out);
		*out = NULL;
	}
	return rc;
}

/* The vocabulary of a model without a language of its own, where adapters may be what it lacks. */
static int open_vocab(s2st_asr *m, const char *dict, s2st_error *err)
{
	s2_languages all;
	s2st_error ignored;
	int rc = s2_ctc_vocab_open(&m->vocab, m->net, m->model, dict, m->arena, err);
	if (rc == S2ST_OK || m->net->language || s2_languages_find(&all, m->net, m->arena, &ignored) < 0 || all.n == 0)
		return rc;
	return s2_fail(err, S2ST_EMODEL, "%s: a model of %zu languages (%s, ...), of which one has to be chosen",
		       m->model, all.n, all.names[0]);
}

static int open_parts(s2st_asr *m, const s2st_asr_files *files, s2st_error *err)
{
	S2_TRY(s2_encoder_open(&m->net, files->model, m->ctx->precision, err));
	if (files->language) {
		m->trunk = m->net;
		m->net = NULL;
		S2_TRY(s2_encoder_open_language(&m->net, m->trunk, files->language, err));
	}
	return open_vocab(m, files->dict, err);
}

int s2st_asr_open(s2st_asr **out, s2st_context *ctx, const s2st_asr_files *files, s2st_error *err)
{
	int rc = new_model(out, ctx, files->model, err);
	return finish_open(out, rc < 0 ? rc : open_parts(*out, files, err));
}

int s2st_asr_open_language(s2st_asr **out, const s2st_asr *from, const char *language, s2st_error *err)
{
	const s2_encoder *trunk = from->net->trunk ? from->net->trunk : from->net;
	int rc = new_model(out, from->ctx, from->model, err);
	if (rc == S2ST_OK)
		rc = s2_encoder_open_language(&(*out)->net, trunk, language, err);
	return finish_open(out, rc < 0 ? rc : open_vocab(*out, NULL, err));
}

int s2st_asr_languages(char ***out, size_t *n, const char *model, s2st_error *err)
{
	s2_encoder *net;
	s2_languages all;
	size_t size = 1;
	*out = NULL;
	S2_TRY(s2_encoder_open(&net, model, S2ST_FP32, err));
	int rc = s2_languages_find(&all, net, net->arena, err);
	for (size_t i = 0; rc == S2ST_OK && i < all.n; i++)
		size += sizeof **out + strlen(all.names[i]) + 1;
	if (rc == S2ST_OK && !(*out = malloc(size)))
		rc = s2_fail_mem(err, model);
	if (rc == S2ST_OK) {
		char *text = (char *)(*out + all.n);
		*n = all.n;
		for (size_t i = 0; i < all.n; i++) {
			(*out)[i] = text;
			text = stpcpy(text, all.names[i]) + 1;
		}
	}
	s2_encoder_free(net);
	return rc;
}

void s2st_asr_free(s2st_asr *m)
{
	if (!m)
		return;
	s2_encoder_free(m->net);
	s2_encoder_free(m->trunk);
	s2_arena_free(m->arena);
	free(m);
}

/* The trunk's, of a model of one language. */
static const char *weights_file(const s2st_asr *m)
{
	return s2_checkpoint_path(m->net->trunk ? m->net->trunk->ckpt : m->net->ckpt);
}

void s2st_asr_get_info(const s2st_asr *m, s2st_asr_info *out)
{
	const s2_encoder_config *c = &m->net->config;
	*out = (s2st_asr_info){
		.kind = c->kind,
		.language = m->net->language,
		.file = weights_file(m),
		.n_vocab = (int)c->n_vocab,
		.blank = (int)m->vocab.blank,
		.silence = (int)m->vocab.silence,
		.normalize = c->normalize,
		.sample_rate = c->sample_rate,
		.hop = (int)s2_encoder_hop(c),
	};
}

int s2st_asr_hash(const s2st_asr *m, char out[S2ST_HASH_SIZE], s2st_error *err)
{
	return s2_sha256_file(out, weights_file(m), err);
}

const char *s2st_asr_symbol(const s2st_asr *m, int id)
{
	return id >= 0 && (size_t)id < m->vocab.n ? m->vocab.symbols[id] : NULL;
}

/* ---- sessions --------------------------------------------------------------------------------------------------- */

int s2st_asr_session_new(s2st_asr_session **out, const s2st_asr *m, s2st_error *err)
{
	*out = NULL;
	s2st_asr_session *s = calloc(1, sizeof *s);
	if (!s)
		return s2_fail_mem(err, "session");
	s->m = m;
	int rc = s2_exec_init(&s->x, m->ctx->pool, m->ctx->kernels, err);
	if (rc < 0) {
		s2st_asr_session_free(s);
		return rc;
	}
	s->empty = s2_arena_mark(s->x.scratch);
	*out = s;
	return S2ST_OK;
}

void s2st_asr_session_free(s2st_asr_session *s)
{
	if (!s)
		return;
	s2_exec_free(&s->x);
	s2_chars_free(&s->text);
	s2_chars_free(&s->spare);
	free(s->utf8);
	free(s);
}

const s2st_asr *s2st_asr_session_model(const s2st_asr_session *s)
{
	return s->m;
}

/* ---- logits ----------------------------------------------------------------------------------------------------- */

int s2st_asr_logits(s2st_asr_session *s, const float *samples, size_t n, s2st_matrix *out, s2st_error *err)
{
	const s2_encoder *net = s->m->net;
	const s2_encoder_config *c = &net->config;
	s2_arena *a = s->x.scratch;
	size_t frames;
	float *logits;
	s2_arena_reset(a, s->empty);
	S2_TRY(s2_check_samples(samples, n, err));
	S2_TRY(s2_encoder_need_frames(c, n, &frames, err));
	S2_ALLOC(logits, a, frames, c->n_vocab, err);
	S2_TRY(s2_encoder_logits(&s->x, net, logits, samples, n, err));
	*out = (s2st_matrix){logits, frames, c->n_vocab};
	return S2ST_OK;
}

/* ---- transcripts ------------------------------------------------------------------------------------------------ */

typedef struct decoding {
	s2st_asr_session *s;
	const s2_ctc_run *runs; /* [n] */
	size_t n;
	s2_ctc_post post;
	bool lowercase;
	double frame; /* seconds */
	s2st_error *err;
} decoding;

/* The text of `n` runs from `first` on, stripped and lower-cased. */
static int text_of(const decoding *d, size_t first, size_t n, const char **out)
{
	s2st_asr_session *s = d->s;
	char *raw;
	S2_TRY(s2_ctc_text(&raw, &s->m->vocab, d->runs + first, n, d->post, s->x.scratch, d->err));
	S2_TRY(s2_chars_decode(&s->text, raw, strlen(raw), d->err));
	s2_chars_strip(&s->text);
	if (d->lowercase) {
		s2_chars_clear(&s->spare);
		s2_chars_lower(&s->text, &s->spare);
		s2_chars_swap(&s->text, &s->spare);
	}
	S2_TRY(s2_chars_check(&s->text, d->err));
	S2_TRY(s2_chars_encode(&s->text, &s->utf8, &s->cap, d->err));
	*out = s2_arena_strndup(s->x.scratch, s->utf8, strlen(s->utf8));
	return *out ? S2ST_OK : s2_fail_mem(d->err, "transcript");
}

static int span_of(const decoding *d, size_t first, size_t n, s2st_span *out)
{
	out->start = (double)d->runs[first].begin * d->frame;
	out->end = (double)d->runs[first + n - 1].end * d->frame;
	return text_of(d, first, n, &out->text);
}

static int spans(const decoding *d, s2st_transcript *out)
{
	const s2_ctc_vocab *v = &d->s->m->vocab;
	s2st_span *words, *symbols;
	size_t n_words = 0, n_symbols = 0;
	S2_ALLOC(words, d->s->x.scratch, d->n, 1, d->err);
	S2_ALLOC(symbols, d->s->x.scratch, d->n, 1, d->err);
	for (size_t i = 0; i < d->n;) {
		const size_t n = s2_ctc_word(v, d->runs + i, d->n - i, d->post);
		if (n)
			S2_TRY(span_of(d, i, n, &words[n_words++]));
		for (size_t j = i; j < i + n; j++)
			S2_TRY(span_of(d, j, 1, &symbols[n_symbols++]));
		i += n ? n : 1;
	}
	*out = (s2st_transcript){.words = words, .n_words = n_words, .symbols = symbols, .n_symbols = n_symbols};
	return S2ST_OK;
}

static int post_of(const char *name, s2_ctc_post *out, s2st_error *err)
{
	if (!name || strcmp(name, "collapse") == 0)
		*out = S2_CTC_COLLAPSE;
	else if (strcmp(name, "none") == 0)
		*out = S2_CTC_NONE;
	else
		return s2_fail(err, S2ST_EINPUT, "post-processing \"%.40s\" is unknown: expected collapse or none",
			       name);
	return S2ST_OK;
}

int s2st_asr_decode(s2st_asr_session *s, const s2st_matrix *logits, const s2st_asr_options *opt, s2st_transcript *out,
		    s2st_error *err)
{
	const s2_encoder_config *c = &s->m->net->config;
	s2_ctc_run *runs;
	decoding d = {
		.s = s,
		.lowercase = opt && opt->lowercase,
		.frame = (double)s2_encoder_hop(c) / c->sample_rate,
		.err = err,
	};
	if (logits->cols != c->n_vocab)
		return s2_fail(err, S2ST_EINPUT, "expected logits of %zu symbols, found %zu", c->n_vocab, logits->cols);
	S2_TRY(post_of(opt ? opt->post_process : NULL, &d.post, err));
	S2_ALLOC(runs, s->x.scratch, logits->rows, 1, err);
	d.runs = runs;
	if (opt && opt->beam > 1)
		S2_TRY(s2_asr_beam(s, logits, opt, d.post, runs, &d.n, err));
	else
		d.n = s2_ctc_greedy(runs, &s->m->vocab, logits->data, logits->rows);
	d.n = s2_ctc_drop_unsaid(runs, &s->m->vocab, d.n);
	S2_TRY(spans(&d, out));
	return text_of(&d, 0, d.n, &out->text);
}

int s2st_asr_transcribe(s2st_asr_session *s, const float *samples, size_t n, const s2st_asr_options *opt,
			s2st_transcript *out, s2st_error *err)
{
	s2st_matrix logits;
	S2_TRY(s2st_asr_logits(s, samples, n, &logits, err));
	return s2st_asr_decode(s, &logits, opt, out, err);
}
