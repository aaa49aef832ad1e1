/* chrF (Popović 2015) and chrF++ (2017) as sacreBLEU computes them (sacrebleu/metrics/chrf.py): F-score of character
 * n-grams, in chrF++ of word n-grams too; of several references the one with the best sentence score counts. */
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "text/metric.h"

static int check(const s2st_score_options *opt, s2st_error *err)
{
	if (opt->char_order < 1 || opt->char_order > S2_CHRF_MAX_CHARS || opt->word_order < 0 ||
	    opt->word_order > S2_CHRF_MAX_WORDS || opt->beta < 1)
		return s2_fail(err, S2ST_EINPUT,
			       "chrF: character order %d, word order %d, beta %d: expected 1 to %d, 0 to %d, 1 or more",
			       opt->char_order, opt->word_order, opt->beta, S2_CHRF_MAX_CHARS, S2_CHRF_MAX_WORDS);
	return S2ST_OK;
}

static size_t n_orders(const s2st_score_options *opt)
{
	return (size_t)opt->char_order + (size_t)opt->word_order;
}

static size_t n_stats(const s2st_score_options *opt)
{
	return 3 * n_orders(opt);
}

/* ---- counting ---- */

static int characters(const s2_chars *s, bool whitespace, s2_ids *out, s2st_error *err)
{
	out->n = 0;
	for (size_t i = 0; i < s->n; i++)
		if (whitespace || !s2_is_space(s->c[i]))
			S2_TRY(s2_ids_put(out, s->c[i], err));
	return S2ST_OK;
}

static bool is_ascii_punctuation(uint32_t c)
{
	return c < 0x80 && c > ' ' && c != 0x7f && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
	       !(c >= 'A' && c <= 'Z');
}

/* Words with one mark parted from the end or else from the start: "(hi)" gives "(hi" and ")". */
static int words(s2_metric_scratch *m, const s2_chars *s, s2_ids *out, s2st_error *err)
{
	s2_word w;
	out->n = 0;
	for (size_t at = 0; s2_next_word(s, &at, &w);) {
		size_t cut = 0; /* where the second part starts */
		if (w.n > 1 && is_ascii_punctuation(w.c[w.n - 1]))
			cut = w.n - 1;
		else if (w.n > 1 && is_ascii_punctuation(w.c[0]))
			cut = 1;
		uint32_t first = cut ? s2_trie_path(&m->words, w.c, cut) : 0;
		uint32_t last = s2_trie_path(&m->words, w.c + cut, w.n - cut);
		if (!last || (cut && !first))
			return s2_fail_mem(err, "n-grams");
		if (cut)
			S2_TRY(s2_ids_put(out, first, err));
		S2_TRY(s2_ids_put(out, last, err));
	}
	return S2ST_OK;
}

static int count_side(s2_trie *grams, const s2_ids *ids, size_t order, bool is_hyp, s2st_error *err)
{
	for (size_t i = 0; i < ids->n; i++) {
		uint32_t node = 0;
		for (size_t k = 0; k < order && i + k < ids->n; k++) {
			node = s2_trie_step(grams, node, ids->id[i + k]);
			if (!node)
				return s2_fail_mem(err, "n-grams");
			if (is_hyp)
				grams->nodes[node].hyp++;
			else
				grams->nodes[node].ref++;
		}
	}
	return S2ST_OK;
}

/* Hypothesis, reference and common n-grams of each order. */
static int count_orders(s2_metric_scratch *m, size_t order, uint32_t *stats, s2st_error *err)
{
	S2_TRY(s2_trie_clear(&m->grams, err));
	S2_TRY(count_side(&m->grams, &m->hyp_ids, order, true, err));
	S2_TRY(count_side(&m->grams, &m->ref_ids, order, false, err));
	memset(stats, 0, 3 * order * sizeof *stats);
	for (size_t i = 1; i < m->grams.n; i++) {
		const s2_trie_node *g = &m->grams.nodes[i];
		uint32_t *of_order = stats + 3 * (size_t)(g->depth - 1);
		of_order[0] += g->hyp;
		of_order[1] += g->ref;
		of_order[2] += g->hyp < g->ref ? g->hyp : g->ref;
	}
	for (size_t k = 0; k < order; k++)
		if (stats[3 * k + 1] == 0) /* the reference is too short for this order: it does not count */
			stats[3 * k] = 0;
	return S2ST_OK;
}

static int count_pair(s2_metric_scratch *m, const s2st_score_options *opt, uint32_t *stats, s2st_error *err)
{
	S2_TRY(characters(&m->hyp, opt->whitespace, &m->hyp_ids, err));
	S2_TRY(characters(&m->ref, opt->whitespace, &m->ref_ids, err));
	S2_TRY(count_orders(m, (size_t)opt->char_order, stats, err));
	if (opt->word_order == 0)
		return S2ST_OK;
	S2_TRY(s2_trie_clear(&m->words, err));
	S2_TRY(words(m, &m->hyp, &m->hyp_ids, err));
	S2_TRY(words(m, &m->ref, &m->ref_ids, err));
	return count_orders(m, (size_t)opt->word_order, stats + 3 * (size_t)opt->char_order, err);
}

static double f_score(const s2st_score_options *opt, const int64_t *stats)
{
	double precision = 0, recall = 0, factor = (double)opt->beta * (double)opt->beta;
	int orders = 0;
	for (size_t k = 0; k < n_orders(opt); k++) {
		const int64_t *s = stats + 3 * k;
		if (s[0] == 0 || s[1] == 0)
			continue;
		precision += (double)s[2] / (double)s[0];
		recall += (double)s[2] / (double)s[1];
		orders++;
	}
	if (orders == 0 || precision + recall == 0)
		return 0;
	precision /= orders;
	recall /= orders;
	return 100 * ((1 + factor) * precision * recall / (factor * precision + recall));
}

static int count(s2_metric_scratch *m, const s2st_score_options *opt, const s2_metric_text *text, uint32_t *stats,
		 s2st_error *err)
{
	double best = -1;
	S2_TRY(s2_metric_decode(m, &m->hyp, text->hyp, opt->lowercase, "hypothesis", err));
	for (size_t i = 0; i < text->n_refs; i++) {
		uint32_t now[S2_MAX_STATS];
		int64_t wide[S2_MAX_STATS];
		S2_TRY(s2_metric_decode(m, &m->ref, text->refs[i], opt->lowercase, "reference", err));
		S2_TRY(count_pair(m, opt, now, err));
		for (size_t k = 0; k < n_stats(opt); k++)
			wide[k] = now[k];
		double f = f_score(opt, wide);
		if (f > best) {
			best = f;
			memcpy(stats, now, n_stats(opt) * sizeof *stats);
		}
	}
	return S2ST_OK;
}

static void score(const s2st_score_options *opt, const int64_t *stats, s2st_score *out)
{
	out->score = f_score(opt, stats);
	out->sys_len = stats[0];
	out->ref_len = stats[1];
}

static void describe(const s2st_score_options *opt, s2st_score *out, char *signature, size_t size)
{
	static const char plus[] = "++++"; /* S2_CHRF_MAX_WORDS */
	snprintf(out->text, sizeof out->text, "chrF%d%.*s = %.2f", opt->beta, opt->word_order, plus, out->score);
	snprintf(signature, size, "case:%s|eff:yes|nc:%d|nw:%d|space:%s", opt->lowercase ? "lc" : "mixed",
		 opt->char_order, opt->word_order, opt->whitespace ? "yes" : "no");
}

const s2_metric s2_metric_chrf = {check, n_stats, count, score, describe};
