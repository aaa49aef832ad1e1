/* Search with an S2UT model, for one input or many. Sentences that are decoded at one time sit side by side: a step is
 * one pass over the decoder's weights for all their hypotheses. Who is done makes room for the next, so sentences are
 * at different positions; what a sentence gets to see, and so its result, does not depend on the others. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/s2ut.h"
#include "base/size.h"
#include "search/stacked.h"

s2st_search_options s2st_search_defaults(void)
{
	return (s2st_search_options){
		.beam = 5, .nbest = 1, .max_len_b = 200, .min_len = 1, .lenpen = 1, .temperature = 1};
}

s2st_search_options s2st_s2ut_search_defaults(const s2st_s2ut *m)
{
	s2st_search_options o = s2st_search_defaults();
	if (m->net.cfg.waveform) {
		o.beam = 10;
		o.max_len_a = 1.0 / 320;
	}
	return o;
}

/* What holds for all sentences of a call. */
typedef struct search {
	s2st_s2ut_session *s;
	s2st_search_options o;
	s2_beam_decoder ids;
	int32_t prefix; /* what the first output has to be; S2_FREE: anything */
	size_t beam;
} search;

static int check_options(const s2st_search_options *o, s2st_error *err)
{
	if (o->beam < 1 || o->nbest < 1 || o->nbest > o->beam)
		return s2_fail(err, S2ST_EINPUT, "search: expected 1 <= nbest <= beam, found nbest %d and beam %d",
			       o->nbest, o->beam);
	if (!(o->max_len_a >= 0 && o->max_len_a < INFINITY) || o->max_len_b < 0 || o->min_len < 0)
		return s2_fail(err, S2ST_EINPUT,
			       "search: expected max_len_a, max_len_b and min_len of 0 or more, found %g, %d and %d",
			       o->max_len_a, o->max_len_b, o->min_len);
	if (o->batch < 0)
		return s2_fail(err, S2ST_EINPUT, "search: expected a batch of 0 or more, found %d", o->batch);
	return 0;
}

static int search_init(search *t, s2st_s2ut_session *s, const s2st_search_options *opt, s2st_error *err)
{
	const s2_s2ut_config *c = &s->m->net.cfg;
	*t = (search){
		.s = s, .o = opt ? *opt : s2st_s2ut_search_defaults(s->m), .prefix = s->m->first_output};
	S2_TRY(check_options(&t->o, err));
	t->beam = s2_min((size_t)t->o.beam, c->vocab - 1);
	t->ids = (s2_beam_decoder){
		.vocab = c->vocab, .bos = s->m->first_token, .pad = S2_PAD, .eos = s->m->eos, .unk = S2_UNK};
	if (c->units_per_step > 1)
		return 0;
	if (t->o.prefix)
		S2_TRY(s2_s2ut_token(s->m, t->o.prefix, s->m->data.lang_tag_first ? &t->ids.bos : &t->prefix, err));
	if (t->ids.bos == S2_ASK || t->prefix == S2_ASK)
		return s2_fail(err, S2ST_EINPUT,
			       "%s: speaks several languages: expected a prefix that names one, found none",
			       s2_checkpoint_path(s->m->ckpt));
	return 0;
}

/* ---- results ---- */

/* Units are the tokens with numeric symbols: language tags and </s> are not spoken. */
static int publish_one(const s2st_s2ut_session *s, s2st_hypothesis *to, const s2_beam_hyp *h, s2st_error *err)
{
	int32_t *units;
	size_t n_units = 0;
	S2_ALLOC(units, s->results, h->n, 1, err);
	for (size_t i = 0; i < h->n; i++) {
		int32_t unit = s2_dict_unit(s->m->dict, (size_t)h->tokens[i]);
		if (unit >= 0)
			units[n_units++] = unit;
	}
	*to = (s2st_hypothesis){.tokens = h->tokens,
				.n_tokens = h->n,
				.units = units,
				.n_units = n_units,
				.positional_scores = h->positional_scores,
				.score = (double)h->score,
				.hit_max_len = h->hit_max_len};
	return 0;
}

static int publish(const s2st_s2ut_session *s, int32_t first, s2st_nbest *out, const s2_beam_hyp *hyps, size_t n,
		   s2st_error *err)
{
	s2st_hypothesis *published;
	S2_ALLOC(published, s->results, n, 1, err);
	for (size_t i = 0; i < n; i++)
		S2_TRY(publish_one(s, &published[i], &hyps[i], err));
	*out = (s2st_nbest){published, n, first};
	return 0;
}

/* ---- one sentence ---- */

/* min(int(a * src_len + b), max_decoder_positions - 1), with the utterance's own length. */
static size_t longest_output(const s2_s2ut_config *c, const s2st_search_options *o, size_t frames)
{
	double asked = floor(o->max_len_a * (double)frames + o->max_len_b);
	size_t most = c->max_target_positions - 1;
	return asked < (double)most ? (size_t)asked : most;
}

static int begin_beam(search *t, s2_seat *seat, const s2st_matrix *enc, size_t frames, s2st_error *err)
{
	const s2st_search_options *o = &t->o;
	size_t max_len = longest_output(&t->s->m->net.cfg, o, frames);
	if ((size_t)o->min_len > max_len)
		return s2_fail(err, S2ST_EINPUT, "search: min_len %d is above the longest output, %zu tokens",
			       o->min_len, max_len);
	const s2_beam_options opt = {
		.beam = o->beam,
		.nbest = o->nbest,
		.max_len = max_len,
		.min_len = (size_t)o->min_len,
		.lenpen = o->lenpen,
		.unkpen = o->unkpen,
		.temperature = o->temperature,
		.normalize = true,
		.no_repeat_ngram = o->no_repeat_ngram,
		.prefix = &t->prefix,
		.n_prefix = t->prefix != S2_FREE,
	};
	S2_TRY(s2_beam_begin(&seat->beam, &t->ids, &opt, seat->memory, err));
	return s2_s2ut_decoder_enter(&t->s->decoder, &seat->sentence, seat->memory, enc->data, enc->rows, t->beam,
				     max_len + 1, err);
}

/* Encoder and start of the search. */
static int begin(search *t, s2_seat *seat, const s2st_s2ut_item *item, s2st_error *err)
{
	s2st_s2ut_session *s = t->s;
	s2st_matrix enc;
	size_t frames;
	s2_mark mark = s2_arena_mark(s->x.scratch);
	S2_TRY(s2_s2ut_encode_samples(s, item->samples, item->n, t->o.speaker, &enc, &frames, err));
	S2_TRY(begin_beam(t, seat, &enc, frames, err));
	s2_arena_reset(s->x.scratch, mark);
	return 0;
}

static int finish(search *t, const s2_seat *seat, s2st_nbest *out, s2st_error *err)
{
	s2_beam_hyp *hyps;
	size_t n;
	S2_TRY(s2_beam_finish(seat->beam, t->s->results, &hyps, &n, err));
	return publish(t->s, t->ids.bos, out, hyps, n, err);
}

static void leave(s2_seat *seat)
{
	s2_cache_release(&seat->sentence);
	s2_arena_reset(seat->memory, (s2_mark){0});
	seat->item = NULL;
}

/* ---- all sentences ---- */

static int open_seats(s2st_s2ut_session *s, size_t n, s2st_error *err)
{
	if (n <= s->n_seats)
		return 0;
	s2_seat *seats = reallocarray(s->seats, n, sizeof *seats);
	if (!seats)
		return s2_fail_mem(err, "batch");
	s->seats = seats;
	for (; s->n_seats < n; s->n_seats++) {
		seats[s->n_seats] = (s2_seat){.memory = s2_arena_new()};
		if (!seats[s->n_seats].memory)
			return s2_fail_mem(err, "batch");
	}
	return 0;
}

static bool is_over(s2st_s2ut_item *item, int status)
{
	item->status = status;
	return status < 0;
}

/* Gives free seats to the inputs that come next; of those that fail here the next takes the place. */
static void fill(search *t, size_t n_seats, s2st_s2ut_item **waiting, size_t n, size_t *next)
{
	for (size_t i = 0; i < n_seats; i++) {
		s2_seat *seat = &t->s->seats[i];
		while (!seat->item && *next < n) {
			seat->item = waiting[(*next)++];
			seat->sentence = (s2_cache){.store = &t->s->decoder.store};
			s2_mark mark = s2_arena_mark(t->s->x.scratch);
			if (is_over(seat->item, begin(t, seat, seat->item, &seat->item->error))) {
				s2_arena_reset(t->s->x.scratch, mark);
				leave(seat);
			}
		}
	}
}

/* One step of all seats that have a search going; *n of them, 0: all are done. */
static int step(search *t, s2_seat **live, size_t n, s2st_error *err)
{
	s2st_s2ut_session *s = t->s;
	s2_s2ut_input *in;
	float *log_probs;
	size_t rows = 0;
	S2_ALLOC(in, s->x.scratch, n, 1, err);
	for (size_t i = 0; i < n; i++) {
		const s2_beam_rows *r = &live[i]->rows;
		in[i] = (s2_s2ut_input){&live[i]->sentence, r->tokens, r->parent, r->n};
		rows += r->n;
	}
	S2_ALLOC(log_probs, s->x.scratch, rows, t->ids.vocab, err);
	S2_TRY(s2_s2ut_decoder_step(&s->decoder, in, n, (float)t->o.temperature, log_probs, err));
	for (size_t i = 0; i < n; i++) {
		s2_beam_feed(live[i]->beam, log_probs);
		log_probs += live[i]->rows.n * t->ids.vocab;
	}
	return 0;
}

/* Puts the seats that go on into `live` and takes the results of those that are done. */
static size_t sort_out(search *t, size_t n_seats, s2_seat **live)
{
	size_t n = 0;
	for (size_t i = 0; i < n_seats; i++) {
		s2_seat *seat = &t->s->seats[i];
		if (!seat->item)
			continue;
		if (s2_beam_next(seat->beam, &seat->rows)) {
			live[n++] = seat;
			continue;
		}
		seat->item->status = finish(t, seat, &seat->item->best, &seat->item->error);
		leave(seat);
	}
	return n;
}

/* A step that failed (for want of memory) leaves nobody a state to go on from. */
static void abandon(s2_seat **live, size_t n, int status, const s2st_error *why)
{
	for (size_t i = 0; i < n; i++) {
		live[i]->item->status = status;
		live[i]->item->error = *why;
		leave(live[i]);
	}
}

static int run(search *t, s2st_s2ut_item **items, size_t n, s2st_error *err)
{
	s2_arena *scratch = t->s->x.scratch;
	size_t n_seats = s2_min(s2st_s2ut_batch(t->s->m, &t->o), n), next = 0;
	s2_seat **live;
	S2_TRY(open_seats(t->s, n_seats, err));
	S2_ALLOC(live, scratch, n_seats, 1, err);
	for (;;) {
		fill(t, n_seats, items, n, &next);
		size_t n_live = sort_out(t, n_seats, live);
		if (n_live == 0 && next == n)
			return 0;
		s2_mark mark = s2_arena_mark(scratch);
		s2st_error why;
		int rc = n_live ? step(t, live, n_live, &why) : 0;
		s2_arena_reset(scratch, mark);
		if (rc < 0)
			abandon(live, n_live, rc, &why);
	}
}

/* ---- stacked units: greedy, each input on its own ---- */

typedef struct stacked {
	s2_s2ut_decoder *d;
	s2_cache sentence;
} stacked;

static int stacked_step(void *self, size_t step, int64_t token, float *log_probs, s2st_error *err)
{
	stacked *t = self;
	int32_t tokens[S2_MAX_UNITS_PER_STEP];
	(void)step;
	s2_s2ut_unpack(&t->d->m->cfg, token, tokens);
	return s2_s2ut_decoder_step(t->d, &(s2_s2ut_input){&t->sentence, tokens, NULL, 1}, 1, 1, log_probs, err);
}

static int search_stacked(search *t, s2st_s2ut_item *item, s2st_error *err)
{
	s2st_s2ut_session *s = t->s;
	const s2_s2ut_config *c = &s->m->net.cfg;
	stacked self = {.d = &s->decoder};
	const s2_stacked_decoder decoder = {
		.self = &self,
		.vocab = c->vocab,
		.n_units = s2_s2ut_code_units(c),
		.units_per_step = c->units_per_step,
		.pad = S2_PAD,
		.eos = S2_EOS,
		.unk = S2_UNK,
		.step = stacked_step,
	};
	s2st_matrix enc;
	size_t frames;
	s2_beam_hyp hyp;
	S2_TRY(s2_s2ut_encode_samples(s, item->samples, item->n, t->o.speaker, &enc, &frames, err));
	S2_TRY(s2_s2ut_decoder_enter(&s->decoder, &self.sentence, s->x.scratch, enc.data, enc.rows, 1,
				     c->max_target_positions, err));
	int rc = s2_stacked_search(&decoder, c->max_target_positions, s->results, s->x.scratch, &hyp, err);
	s2_cache_release(&self.sentence);
	return rc < 0 ? rc : publish(s, S2_EOS, &item->best, &hyp, 1, err);
}

/* ---- the public functions ---- */

/* Longest first: what is left at the end, when seats stay empty, is short then. Ties as they came. */
static int by_length(const void *pa, const void *pb)
{
	const s2st_s2ut_item *a = *(s2st_s2ut_item *const *)pa, *b = *(s2st_s2ut_item *const *)pb;
	if (a->n != b->n)
		return a->n > b->n ? -1 : 1;
	return (a > b) - (a < b);
}

/* Some 160 hypotheses make the pass over the weights cost little beside the arithmetic; more of them would only hold
 * more memory. */
size_t s2st_s2ut_batch(const s2st_s2ut *m, const s2st_search_options *opt)
{
	enum { ROWS = 160, MOST = 64 };
	const s2st_search_options o = opt ? *opt : s2st_s2ut_search_defaults(m);
	if (o.batch > 0)
		return (size_t)o.batch;
	return m->net.cfg.units_per_step > 1 || o.beam < 1 ? 1 : s2_min(s2_max(ROWS / (size_t)o.beam, 1), MOST);
}

int s2st_s2ut_generate_batch(s2st_s2ut_session *s, s2st_s2ut_item *items, size_t n, const s2st_search_options *opt,
			     s2st_error *err)
{
	search t;
	s2st_s2ut_item **order;
	s2_s2ut_begin(s);
	S2_TRY(search_init(&t, s, opt, err));
	S2_ALLOC(order, s->x.scratch, n, 1, err);
	for (size_t i = 0; i < n; i++) {
		order[i] = &items[i];
		items[i].status = 0;
		items[i].best = (s2st_nbest){0};
	}
	if (s->m->net.cfg.units_per_step == 1) {
		qsort(order, n, sizeof(*order), by_length);
		return run(&t, order, n, err);
	}
	s2_mark mark = s2_arena_mark(s->x.scratch);
	for (size_t i = 0; i < n; i++) {
		items[i].status = search_stacked(&t, &items[i], &items[i].error);
		s2_arena_reset(s->x.scratch, mark);
	}
	return 0;
}

int s2st_s2ut_generate(s2st_s2ut_session *s, const float *samples, size_t n, const s2st_search_options *opt,
		       s2st_nbest *out, s2st_error *err)
{
	s2st_s2ut_item item = {.samples = samples, .n = n};
	S2_TRY(s2st_s2ut_generate_batch(s, &item, 1, opt, err));
	if (item.status < 0) {
		*err = item.error;
		return item.status;
	}
	*out = item.best;
	return 0;
}
