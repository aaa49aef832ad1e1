#include "search/ctc_beam.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* Symbols that are so much less likely than a frame's best are not followed (natural log: 6e-6). */
static const float symbol_margin = 12;

enum { NONE = UINT32_MAX };

/* A prefix: its parent with one symbol more. */
typedef struct node {
	uint32_t parent, symbol;
	uint32_t sibling, child; /* children of a node are a list; NONE: no more */
	uint32_t state;          /* of the language model after the words that have ended */
	uint32_t depth;
	double lm;               /* what it says so far */
	uint32_t entry;          /* of the frame at hand, valid if `stamp` is its number */
	uint32_t stamp;
} node;

/* A prefix that is alive: log-probabilities of its paths that end in a blank, and in its last symbol. */
typedef struct entry {
	uint32_t node;
	double blank, symbol;
	double score; /* of both, with the language model */
} entry;

typedef struct search {
	const s2_ctc_beam_options *opt;
	node *nodes; /* [n, cap] */
	size_t n_nodes, cap_nodes;
	entry *live, *next; /* [n_live], [n_next, cap_entries] */
	size_t n_live, n_next, cap_entries;
	uint32_t *spelling; /* [frames] of the word at hand */
	uint32_t *symbols;  /* [n_symbols] that are followed in the frame at hand */
	uint32_t frame;
	s2st_error *err;
} search;

static double log_add(double a, double b)
{
	if (a < b)
		return log_add(b, a);
	return b == -INFINITY ? a : a + log1p(exp(b - a));
}

/* ---- prefixes --------------------------------------------------------------------------------------------------- */

static uint32_t new_node(search *s, uint32_t parent, uint32_t symbol)
{
	if (s->n_nodes == s->cap_nodes) {
		const size_t cap = s->cap_nodes ? 2 * s->cap_nodes : 1024;
		node *more = cap < NONE ? reallocarray(s->nodes, cap, sizeof *more) : NULL;
		if (!more)
			return NONE;
		s->nodes = more;
		s->cap_nodes = cap;
	}
	const uint32_t id = (uint32_t)s->n_nodes++;
	s->nodes[id] = (node){.parent = parent, .symbol = symbol, .sibling = NONE, .child = NONE};
	return id;
}

/* Symbols of the unfinished word at `at`, into s->spelling from its start. */
static size_t spell(const search *s, uint32_t at, const uint32_t **word)
{
	size_t n = 0, end = s->nodes[at].depth;
	for (; at != 0 && s->nodes[at].symbol != s->opt->silence; at = s->nodes[at].parent)
		s->spelling[end - ++n] = s->nodes[at].symbol;
	*word = s->spelling + end - n;
	return n;
}

/* The language model's word for the one that ends at `at`, if one does. */
static int end_word(search *s, uint32_t at, uint32_t *state, double *lm)
{
	const uint32_t *word;
	double score = 0;
	*state = s->nodes[at].state;
	*lm = s->nodes[at].lm;
	if (!s->opt->lm || at == 0)
		return S2ST_OK;
	const size_t n = spell(s, at, &word);
	if (n == 0)
		return S2ST_OK;
	S2_TRY(s->opt->lm->word(s->opt->lm->self, *state, word, n, state, &score, s->err));
	*lm += score;
	return S2ST_OK;
}

/* What the language model says about the new prefix `id`. */
static int judge(search *s, uint32_t id)
{
	const node new = s->nodes[id];
	uint32_t state = s->nodes[new.parent].state;
	double lm = s->nodes[new.parent].lm, score = 0;
	if (s->opt->lm && s->opt->symbols_are_words) {
		if (new.symbol != s->opt->silence)
			S2_TRY(s->opt->lm->word(s->opt->lm->self, state, &new.symbol, 1, &state, &score, s->err));
		lm += score;
	} else if (new.symbol == s->opt->silence) {
		S2_TRY(end_word(s, new.parent, &state, &lm));
	}
	s->nodes[id].state = state;
	s->nodes[id].lm = lm;
	return S2ST_OK;
}

static int child_of(search *s, uint32_t parent, uint32_t symbol, uint32_t *out)
{
	uint32_t id = s->nodes[parent].child;
	while (id != NONE && s->nodes[id].symbol != symbol)
		id = s->nodes[id].sibling;
	*out = id;
	if (id != NONE)
		return S2ST_OK;
	id = new_node(s, parent, symbol);
	if (id == NONE)
		return s2_fail_mem(s->err, "the prefixes of a search");
	s->nodes[id].sibling = s->nodes[parent].child;
	s->nodes[id].depth = s->nodes[parent].depth + 1;
	s->nodes[parent].child = id;
	*out = id;
	return judge(s, id);
}

/* ---- a frame ---------------------------------------------------------------------------------------------------- */

/* The entry of prefix `id` among the next ones; NULL: memory is out. */
static entry *next_entry(search *s, uint32_t id)
{
	node *n = &s->nodes[id];
	if (n->stamp == s->frame)
		return &s->next[n->entry];
	if (s->n_next == s->cap_entries) {
		const size_t cap = s->cap_entries ? 2 * s->cap_entries : 1024;
		entry *more = reallocarray(s->next, cap, sizeof *more);
		if (!more)
			return NULL;
		s->next = more;
		more = reallocarray(s->live, cap, sizeof *more);
		if (!more)
			return NULL;
		s->live = more;
		s->cap_entries = cap;
	}
	n->stamp = s->frame;
	n->entry = (uint32_t)s->n_next;
	s->next[s->n_next] = (entry){.node = id, .blank = -INFINITY, .symbol = -INFINITY};
	return &s->next[s->n_next++];
}

static int extend(search *s, const entry *e, uint32_t symbol, double from, double p)
{
	uint32_t id;
	if (from == -INFINITY)
		return S2ST_OK;
	S2_TRY(child_of(s, e->node, symbol, &id));
	entry *to = next_entry(s, id);
	if (!to)
		return s2_fail_mem(s->err, "the prefixes of a search");
	to->symbol = log_add(to->symbol, from + p);
	return S2ST_OK;
}

/* All that a prefix can become: itself with a blank or its last symbol again, or one symbol more. A symbol that repeats
 * the last one is a second one only after a blank. */
static int follow(search *s, const entry *e, const float *logp, size_t n_symbols)
{
	const uint32_t last = e->node ? s->nodes[e->node].symbol : NONE;
	const double both = log_add(e->blank, e->symbol);
	entry *same = next_entry(s, e->node);
	if (!same)
		return s2_fail_mem(s->err, "the prefixes of a search");
	same->blank = log_add(same->blank, both + (double)logp[s->opt->blank]);
	if (last != NONE)
		same->symbol = log_add(same->symbol, e->symbol + (double)logp[last]);
	for (size_t i = 0; i < n_symbols; i++) {
		const uint32_t symbol = s->symbols[i];
		S2_TRY(extend(s, e, symbol, symbol == last ? e->blank : both, (double)logp[symbol]));
	}
	return S2ST_OK;
}

static int by_score(const void *pa, const void *pb)
{
	const entry *a = pa, *b = pb;
	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return (a->node > b->node) - (a->node < b->node);
}

static size_t likely_symbols(search *s, const float *logp, size_t n_symbols)
{
	float best = logp[0];
	size_t n = 0;
	for (size_t i = 1; i < n_symbols; i++)
		best = logp[i] > best ? logp[i] : best;
	for (size_t i = 0; i < n_symbols; i++)
		if (i != s->opt->blank && logp[i] >= best - symbol_margin)
			s->symbols[n++] = (uint32_t)i;
	return n;
}

static int step(search *s, const float *logp, size_t n_symbols)
{
	const size_t n = likely_symbols(s, logp, n_symbols);
	s->frame++;
	s->n_next = 0;
	for (size_t i = 0; i < s->n_live; i++) {
		const entry e = s->live[i];
		S2_TRY(follow(s, &e, logp, n));
	}
	for (size_t i = 0; i < s->n_next; i++)
		s->next[i].score = log_add(s->next[i].blank, s->next[i].symbol) + s->nodes[s->next[i].node].lm;
	qsort(s->next, s->n_next, sizeof *s->next, by_score);
	entry *swap = s->live;
	s->live = s->next;
	s->next = swap;
	s->n_live = s2_min(s->n_next, s->opt->beam);
	return S2ST_OK;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

/* The live prefix that is best when its last word and the sentence end. */
static int finish(search *s, uint32_t *best)
{
	double top = -INFINITY;
	*best = s->live[0].node;
	for (size_t i = 0; i < s->n_live && s->opt->lm; i++) {
		const entry *e = &s->live[i];
		uint32_t state = s->nodes[e->node].state;
		double lm = s->nodes[e->node].lm;
		if (!s->opt->symbols_are_words)
			S2_TRY(end_word(s, e->node, &state, &lm));
		const double score = log_add(e->blank, e->symbol) + lm + s->opt->lm->end(s->opt->lm->self, state);
		if (score > top) {
			top = score;
			*best = e->node;
		}
	}
	return S2ST_OK;
}

static int run(search *s, const float *logp, size_t frames, size_t n_symbols, uint32_t *best)
{
	if (new_node(s, NONE, NONE) == NONE || !next_entry(s, 0))
		return s2_fail_mem(s->err, "the prefixes of a search");
	s->live[0] = (entry){.node = 0, .blank = 0, .symbol = -INFINITY};
	s->n_live = 1;
	for (size_t t = 0; t < frames; t++)
		S2_TRY(step(s, logp + t * n_symbols, n_symbols));
	return finish(s, best);
}

int s2_ctc_beam(uint32_t **out, size_t *n, const float *logp, size_t frames, size_t n_symbols,
		const s2_ctc_beam_options *opt, s2_arena *a, s2st_error *err)
{
	search s = {.opt = opt, .err = err, .frame = 1};
	uint32_t best = 0;
	S2_ALLOC(s.spelling, a, frames, 1, err);
	S2_ALLOC(s.symbols, a, n_symbols, 1, err);
	S2_ALLOC(*out, a, frames, 1, err);
	int rc = run(&s, logp, frames, n_symbols, &best);
	if (rc == S2ST_OK) {
		*n = s.nodes[best].depth;
		for (size_t i = *n; i-- > 0; best = s.nodes[best].parent)
			(*out)[i] = s.nodes[best].symbol;
	}
	free(s.nodes);
	free(s.live);
	free(s.next);
	return rc;
}
