/* BLEU (Papineni et al. 2002) as sacreBLEU computes it (sacrebleu/metrics/bleu.py): counts are summed over the corpus;
 * several references give each n-gram its largest count and the sentence its closest length. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "text/metric.h"

enum { HYP_LEN, REF_LEN, CORRECT, TOTAL = CORRECT + S2_BLEU_ORDER, N_STATS = TOTAL + S2_BLEU_ORDER };

typedef enum smoothing { SMOOTH_EXP, SMOOTH_FLOOR, SMOOTH_ADD_K, SMOOTH_NONE, N_SMOOTHINGS } smoothing;
static const char *const smoothing_names[] = {"exp", "floor", "add-k", "none"};

static smoothing smoothing_of(const s2st_score_options *opt)
{
	smoothing s = SMOOTH_EXP;
	while (s < N_SMOOTHINGS && strcmp(smoothing_names[s], opt->smooth) != 0)
		s++;
	return s;
}

static int check(const s2st_score_options *opt, s2st_error *err)
{
	s2_tokenizer *tokenize;
	if (smoothing_of(opt) == N_SMOOTHINGS)
		return s2_fail(err, S2ST_EINPUT, "smoothing \"%s\" is unknown: expected exp, floor, add-k or none",
			       opt->smooth);
	return s2_tokenizer_find(&tokenize, opt->tokenize, err);
}

static size_t n_stats(const s2st_score_options *opt)
{
	(void)opt;
	return N_STATS;
}

/* ---- counting ---- */

static int tokens(s2_metric_scratch *m, const s2st_score_options *opt, const char *utf8, const char *what,
		  s2_chars *text, s2_ids *ids, s2st_error *err)
{
	s2_tokenizer *tokenize;
	S2_TRY(s2_tokenizer_find(&tokenize, opt->tokenize, err));
	S2_TRY(s2_metric_decode(m, text, utf8, opt->lowercase, what, err));
	s2_chars_rstrip(text);
	tokenize(text, &m->spare);
	S2_TRY(s2_chars_check(text, err));
	return s2_metric_words(m, text, ids, err);
}

static int count_grams(s2_trie *grams, const s2_ids *ids, bool is_hyp, s2st_error *err)
{
	for (size_t i = 0; i < ids->n; i++) {
		uint32_t node = 0;
		for (size_t k = 0; k < S2_BLEU_ORDER && i + k < ids->n; k++) {
			node = s2_trie_step(grams, node, ids->id[i + k]);
			if (!node)
				return s2_fail_mem(err, "n-grams");
			if (is_hyp)
				grams->nodes[node].hyp++;
			else
				grams->nodes[node].ref_now++;
		}
	}
	return S2ST_OK;
}

static void merge_reference(s2_trie *grams)
{
	for (size_t i = 1; i < grams->n; i++) {
		s2_trie_node *g = &grams->nodes[i];
		if (g->ref_now > g->ref)
			g->ref = g->ref_now;
		g->ref_now = 0;
	}
}

static size_t distance(size_t a, size_t b)
{
	return a > b ? a - b : b - a;
}

static int count(s2_metric_scratch *m, const s2st_score_options *opt, const s2_metric_text *text, uint32_t *stats,
		 s2st_error *err)
{
	S2_TRY(s2_trie_clear(&m->words, err));
	S2_TRY(s2_trie_clear(&m->grams, err));
	S2_TRY(tokens(m, opt, text->hyp, "hypothesis", &m->hyp, &m->hyp_ids, err));
	S2_TRY(count_grams(&m->grams, &m->hyp_ids, true, err));
	size_t hyp_len = m->hyp_ids.n, ref_len = 0;
	for (size_t i = 0; i < text->n_refs; i++) {
		S2_TRY(tokens(m, opt, text->refs[i], "reference", &m->ref, &m->ref_ids, err));
		S2_TRY(count_grams(&m->grams, &m->ref_ids, false, err));
		merge_reference(&m->grams);
		size_t n = m->ref_ids.n, now = distance(n, hyp_len), best = distance(ref_len, hyp_len);
		if (i == 0 || now < best || (now == best && n < ref_len))
			ref_len = n;
	}
	memset(stats, 0, N_STATS * sizeof *stats);
	stats[HYP_LEN] = (uint32_t)hyp_len;
	stats[REF_LEN] = (uint32_t)ref_len;
	for (size_t i = 1; i < m->grams.n; i++) {
		const s2_trie_node *g = &m->grams.nodes[i];
		stats[CORRECT + g->depth - 1] += g->hyp < g->ref ? g->hyp : g->ref;
		stats[TOTAL + g->depth - 1] += g->hyp;
	}
	return S2ST_OK;
}

/* ---- the score ---- */

static double smoothing_value(const s2st_score_options *opt)
{
	if (opt->smooth_value >= 0)
		return opt->smooth_value;
	return smoothing_of(opt) == SMOOTH_FLOOR ? 0.1 : 1;
}

static double brevity_penalty(int64_t sys_len, int64_t ref_len)
{
	if (sys_len >= ref_len)
		return 1;
	return sys_len > 0 ? exp(1 - (double)ref_len / (double)sys_len) : 0;
}

/* Fills precisions and adds what add-k adds to counts and totals; returns the order to average over. */
static size_t precisions(const s2st_score_options *opt, s2st_score *out)
{
	smoothing how = smoothing_of(opt);
	double value = smoothing_value(opt), halving = 1;
	size_t order = S2_BLEU_ORDER;
	for (size_t n = 0; n < S2_BLEU_ORDER; n++) {
		if (how == SMOOTH_ADD_K && n > 0) {
			out->counts[n] += value;
			out->totals[n] += value;
		}
		if (out->totals[n] == 0)
			break;
		if (opt->effective_order)
			order = n + 1;
		if (out->counts[n] > 0) {
			out->precisions[n] = 100 * out->counts[n] / out->totals[n];
		} else if (how == SMOOTH_EXP) {
			halving *= 2;
			out->precisions[n] = 100 / (halving * out->totals[n]);
		} else if (how == SMOOTH_FLOOR) {
			out->precisions[n] = 100 * value / out->totals[n];
		}
	}
	return order;
}

static void score(const s2st_score_options *opt, const int64_t *stats, s2st_score *out)
{
	const double log_zero = -9999999999.0; /* the reference's stand-in for log(0) */
	bool any = false;
	out->sys_len = stats[HYP_LEN];
	out->ref_len = stats[REF_LEN];
	out->bp = brevity_penalty(out->sys_len, out->ref_len);
	for (size_t n = 0; n < S2_BLEU_ORDER; n++) {
		out->counts[n] = (double)stats[CORRECT + n];
		out->totals[n] = (double)stats[TOTAL + n];
		any = any || stats[CORRECT + n] > 0;
	}
	if (!any)
		return;
	size_t order = precisions(opt, out);
	double sum = 0;
	for (size_t n = 0; n < order; n++)
		sum += out->precisions[n] > 0 ? log(out->precisions[n]) : log_zero;
	out->score = out->bp * exp(sum / (double)order);
}

static void describe(const s2st_score_options *opt, s2st_score *out, char *signature, size_t size)
{
	const double *p = out->precisions;
	snprintf(out->text, sizeof out->text,
		 "BLEU = %.2f %.1f/%.1f/%.1f/%.1f (BP = %.3f ratio = %.3f hyp_len = %lld ref_len = %lld)", out->score,
		 p[0], p[1], p[2], p[3], out->bp, out->ref_len ? (double)out->sys_len / (double)out->ref_len : 0,
		 (long long)out->sys_len, (long long)out->ref_len);
	char value[32] = "";
	smoothing how = smoothing_of(opt);
	if (how == SMOOTH_FLOOR || how == SMOOTH_ADD_K)
		snprintf(value, sizeof value, "[%.2f]", smoothing_value(opt));
	snprintf(signature, size, "case:%s|eff:%s|tok:%s|smooth:%s%s", opt->lowercase ? "lc" : "mixed",
		 opt->effective_order ? "yes" : "no", opt->tokenize, opt->smooth, value);
}

const s2_metric s2_metric_bleu = {check, n_stats, count, score, describe};
