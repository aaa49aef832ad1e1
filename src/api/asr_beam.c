/* Prefix beam search over a recogniser's outputs, and the n-gram model that judges its words. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/asr.h"
#include "base/index.h"
#include "base/size.h"
#include "math/ops.h"
#include "search/ctc_beam.h"
#include "text/arpa.h"

struct s2st_lm {
	s2_arpa *arpa;
	char *name;
};

int s2st_lm_open(s2st_lm **out, const char *path, s2st_error *err)
{
	*out = NULL;
	s2st_lm *lm = calloc(1, sizeof *lm);
	if (!lm)
		return s2_fail_mem(err, path);
	lm->name = strdup(path);
	int rc = lm->name ? s2_arpa_read(&lm->arpa, path, err) : s2_fail_mem(err, path);
	if (rc < 0)
		s2st_lm_free(lm);
	else
		*out = lm;
	return rc;
}

void s2st_lm_free(s2st_lm *lm)
{
	if (!lm)
		return;
	s2_arpa_free(lm->arpa);
	free(lm->name);
	free(lm);
}

/* ---- does a language model fit ---------------------------------------------------------------------------------- */

enum { LONGEST_SYMBOL = 32, LONGEST_WORD = 256 };

/* Can `word` be cut into symbols? */
static bool can_spell(const s2_index *symbols, const char *word)
{
	bool reached[LONGEST_WORD + 1] = {[0] = true};
	const size_t n = strlen(word);
	size_t id;
	if (n > LONGEST_WORD)
		return false;
	for (size_t i = 0; i < n; i++)
		for (size_t len = 1; reached[i] && len <= s2_min(LONGEST_SYMBOL, n - i); len++)
			reached[i + len] |= s2_index_get(symbols, word + i, len, &id);
	return reached[n];
}

static bool is_special(const char *word)
{
	return strcmp(word, "<s>") == 0 || strcmp(word, "</s>") == 0 || strcmp(word, "<unk>") == 0;
}

static int count_words(const s2st_asr *m, const s2st_lm *lm, const s2_index *symbols, s2st_error *err)
{
	size_t n = 0, spelt = 0;
	const char *other = NULL;
	for (size_t i = 0; i < s2_arpa_n_words(lm->arpa); i++) {
		const char *word = s2_arpa_word(lm->arpa, i);
		if (is_special(word))
			continue;
		const bool can = can_spell(symbols, word);
		n++;
		spelt += can;
		if (!can && !other)
			other = word;
	}
	if (spelt * 2 >= n && n > 0)
		return S2ST_OK;
	return s2_fail(err, S2ST_EMODEL,
		       "%s: expected words that %s can spell, found %zu of %zu; one that it cannot: \"%.60s\"",
		       lm->name, s2_checkpoint_path(m->net->ckpt), spelt, n, other ? other : "");
}

int s2st_asr_check_lm(const s2st_asr *m, const s2st_lm *lm, s2st_error *err)
{
	s2_index *symbols = s2_index_new();
	int rc = symbols ? S2ST_OK : s2_fail_mem(err, lm->name);
	for (size_t i = 0; i < m->vocab.n && rc == S2ST_OK; i++)
		if (s2_index_put(symbols, m->vocab.symbols[i], strlen(m->vocab.symbols[i]), i) < 0)
			rc = s2_fail_mem(err, lm->name);
	if (rc == S2ST_OK)
		rc = count_words(m, lm, symbols, err);
	s2_index_free(symbols);
	return rc;
}

/* ---- the model as the search sees it ---------------------------------------------------------------------------- */

typedef struct judge {
	const s2_arpa *arpa;
	const s2_ctc_vocab *vocab;
	double weight, word_score; /* weight: times log10 */
	s2_arpa_state *states;     /* [n, cap] */
	size_t n, cap;
	char *word; /* [word_cap] */
	size_t word_cap;
} judge;

static int new_state(judge *j, uint32_t *id, s2st_error *err)
{
	if (j->n == j->cap) {
		const size_t cap = j->cap ? 2 * j->cap : 256;
		s2_arpa_state *more = cap < UINT32_MAX ? reallocarray(j->states, cap, sizeof *more) : NULL;
		if (!more)
			return s2_fail_mem(err, "the language model's states");
		j->states = more;
		j->cap = cap;
	}
	*id = (uint32_t)j->n++;
	return S2ST_OK;
}

static int join(judge *j, const uint32_t *symbols, size_t n, size_t *len, s2st_error *err)
{
	*len = 0;
	for (size_t i = 0; i < n; i++) {
		const char *symbol = j->vocab->symbols[symbols[i]];
		const size_t more = strlen(symbol);
		if (*len + more > j->word_cap) {
			const size_t cap = 2 * (*len + more);
			char *word = realloc(j->word, cap);
			if (!word)
				return s2_fail_mem(err, "a word");
			j->word = word;
			j->word_cap = cap;
		}
		memcpy(j->word + *len, symbol, more);
		*len += more;
	}
	return S2ST_OK;
}

static int judge_word(void *self, uint32_t state, const uint32_t *symbols, size_t n, uint32_t *next, double *score,
		      s2st_error *err)
{
	judge *j = self;
	size_t len;
	uint32_t id;
	S2_TRY(join(j, symbols, n, &len, err));
	S2_TRY(new_state(j, &id, err));
	const uint32_t word = s2_arpa_find(j->arpa, j->word ? j->word : "", len);
	*score = j->weight * s2_arpa_score(j->arpa, &j->states[state], word, &j->states[id]) + j->word_score;
	*next = id;
	return S2ST_OK;
}

static double judge_end(void *self, uint32_t state)
{
	const judge *j = self;
	return j->weight * s2_arpa_end(j->arpa, &j->states[state]);
}

/* ---- search ----------------------------------------------------------------------------------------------------- */

static int search(s2st_asr_session *s, const float *logp, size_t frames, const s2st_asr_options *opt, s2_ctc_post post,
		  judge *j, s2_ctc_run *runs, size_t *n, s2st_error *err)
{
	const s2_ctc_vocab *v = &s->m->vocab;
	const s2_ctc_lm lm = {j, judge_word, judge_end};
	const s2_ctc_beam_options o = {
		.beam = (size_t)opt->beam,
		.blank = v->blank,
		.silence = v->silence,
		.symbols_are_words = post == S2_CTC_NONE,
		.lm = opt->lm ? &lm : NULL,
	};
	uint32_t first, *symbols;
	if (opt->lm) {
		S2_TRY(new_state(j, &first, err));
		j->states[first] = s2_arpa_begin(j->arpa);
	}
	S2_TRY(s2_ctc_beam(&symbols, n, logp, frames, v->n, &o, s->x.scratch, err));
	return s2_ctc_align(runs, v, logp, frames, symbols, *n, s->x.scratch, err);
}

int s2_asr_beam(s2st_asr_session *s, const s2st_matrix *logits, const s2st_asr_options *opt, s2_ctc_post post,
		s2_ctc_run *runs, size_t *n, s2st_error *err)
{
	judge j = {
		.arpa = opt->lm ? opt->lm->arpa : NULL,
		.vocab = &s->m->vocab,
		.weight = opt->lm_weight * M_LN10,
		.word_score = opt->word_score,
	};
	float *logp;
	S2_ALLOC(logp, s->x.scratch, logits->rows, logits->cols, err);
	memcpy(logp, logits->data, logits->rows * logits->cols * sizeof *logp);
	s2_log_softmax(&s->x, logp, logits->rows, logits->cols);
	int rc = search(s, logp, logits->rows, opt, post, &j, runs, n, err);
	free(j.states);
	free(j.word);
	return rc;
}
