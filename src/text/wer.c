/* Word and character error rate: edits (substitutions, deletions, insertions) over the length of the reference, summed
 * over the corpus. Words are parted by whitespace; characters include one space between words. Of several references
 * the one with the lowest rate counts. Among scripts of equally few edits the one with the most substitutions is
 * counted, so that the three parts are defined. */
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "text/metric.h"

enum { HYP_LEN, REF_LEN, SUBSTITUTIONS, DELETIONS, INSERTIONS, N_STATS };

static int check(const s2st_score_options *opt, s2st_error *err)
{
	(void)opt, (void)err;
	return S2ST_OK;
}

static size_t n_stats(const s2st_score_options *opt)
{
	(void)opt;
	return N_STATS;
}

static int characters(const s2_chars *s, s2_ids *out, s2st_error *err)
{
	s2_word w;
	out->n = 0;
	for (size_t at = 0; s2_next_word(s, &at, &w);) {
		if (out->n > 0)
			S2_TRY(s2_ids_put(out, ' ', err));
		for (size_t i = 0; i < w.n; i++)
			S2_TRY(s2_ids_put(out, w.c[i], err));
	}
	return S2ST_OK;
}

static int symbols(s2_metric_scratch *m, const s2st_score_options *opt, const s2_chars *s, s2_ids *out, s2st_error *err)
{
	return opt->metric == S2ST_CER ? characters(s, out, err) : s2_metric_words(m, s, out, err);
}

static uint64_t *row_of(s2_metric_scratch *m, size_t n)
{
	if (n > m->row_cap) {
		size_t bytes;
		uint64_t *grown = s2_mul(n, sizeof *grown, &bytes) ? realloc(m->row, bytes) : NULL;
		if (!grown)
			return NULL;
		m->row = grown;
		m->row_cap = n;
	}
	return m->row;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Levenshtein distance row by row. A cell holds edits << 32 | insertions: the smallest number is the fewest edits, and
 * of those the fewest insertions. Deletions and substitutions follow from the lengths. */
static int edit_distance(s2_metric_scratch *m, uint32_t *stats, s2st_error *err)
{
	const uint64_t edit = (uint64_t)1 << 32, insertion = edit + 1;
	const uint32_t *hyp = m->hyp_ids.id, *ref = m->ref_ids.id;
	size_t n_hyp = m->hyp_ids.n, n_ref = m->ref_ids.n;
	stats[HYP_LEN] = (uint32_t)n_hyp;
	stats[REF_LEN] = (uint32_t)n_ref;
	while (n_hyp > 0 && n_ref > 0 && hyp[0] == ref[0])
		hyp++, ref++, n_hyp--, n_ref--;
	while (n_hyp > 0 && n_ref > 0 && hyp[n_hyp - 1] == ref[n_ref - 1])
		n_hyp--, n_ref--;
	uint64_t *row = row_of(m, n_hyp + 1); /* row[j]: the first i of ref against the first j of hyp */
	if (!row)
		return s2_fail_mem(err, "edit distance");
	for (size_t j = 0; j <= n_hyp; j++)
		row[j] = j * insertion;
	for (size_t i = 1; i <= n_ref; i++) {
		uint64_t diagonal = row[0];
		row[0] = i * edit;
		for (size_t j = 1; j <= n_hyp; j++) {
			uint64_t paired = diagonal + (hyp[j - 1] == ref[i - 1] ? 0 : edit);
			diagonal = row[j];
			row[j] = least(paired, least(row[j] + edit, row[j - 1] + insertion));
		}
	}
	uint32_t edits = (uint32_t)(row[n_hyp] >> 32), inserted = (uint32_t)row[n_hyp];
	uint32_t deleted = (uint32_t)(n_ref + inserted - n_hyp);
	stats[INSERTIONS] = inserted;
	stats[DELETIONS] = deleted;
	stats[SUBSTITUTIONS] = edits - inserted - deleted;
	return S2ST_OK;
}

static double rate(double edits, double ref_len)
{
	if (ref_len > 0)
		return 100 * edits / ref_len;
	return edits > 0 ? 100 : 0;
}

static int count(s2_metric_scratch *m, const s2st_score_options *opt, const s2_metric_text *text, uint32_t *stats,
		 s2st_error *err)
{
	double best = 0;
	S2_TRY(s2_trie_clear(&m->words, err));
	S2_TRY(s2_metric_decode(m, &m->hyp, text->hyp, opt->lowercase, "hypothesis", err));
	S2_TRY(symbols(m, opt, &m->hyp, &m->hyp_ids, err));
	for (size_t i = 0; i < text->n_refs; i++) {
		uint32_t now[N_STATS];
		S2_TRY(s2_metric_decode(m, &m->ref, text->refs[i], opt->lowercase, "reference", err));
		S2_TRY(symbols(m, opt, &m->ref, &m->ref_ids, err));
		S2_TRY(edit_distance(m, now, err));
		double r = rate((double)now[SUBSTITUTIONS] + now[DELETIONS] + now[INSERTIONS], now[REF_LEN]);
		if (i == 0 || r < best) {
			best = r;
			for (size_t k = 0; k < N_STATS; k++)
				stats[k] = now[k];
		}
	}
	return S2ST_OK;
}

static void score(const s2st_score_options *opt, const int64_t *stats, s2st_score *out)
{
	(void)opt;
	out->sys_len = stats[HYP_LEN];
	out->ref_len = stats[REF_LEN];
	out->substitutions = stats[SUBSTITUTIONS];
	out->deletions = stats[DELETIONS];
	out->insertions = stats[INSERTIONS];
	out->score = rate((double)(out->substitutions + out->deletions + out->insertions), (double)out->ref_len);
}

static void describe(const s2st_score_options *opt, s2st_score *out, char *signature, size_t size)
{
	snprintf(out->text, sizeof out->text, "%s = %.2f (S = %lld D = %lld I = %lld hyp_len = %lld ref_len = %lld)",
		 opt->metric == S2ST_CER ? "CER" : "WER", out->score, (long long)out->substitutions,
		 (long long)out->deletions, (long long)out->insertions, (long long)out->sys_len,
		 (long long)out->ref_len);
	snprintf(signature, size, "case:%s|tok:%s", opt->lowercase ? "lc" : "mixed",
		 opt->metric == S2ST_CER ? "char" : "word");
}

const s2_metric s2_metric_wer = {check, n_stats, count, score, describe};
