#include "text/scorer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* Whose definitions these are. The signature must not claim to be sacreBLEU itself. */
#define SACREBLEU_VERSION "2.6.0-compatible"

s2st_score_options s2st_score_defaults(s2st_metric metric)
{
	return (s2st_score_options){
		.metric = metric, .tokenize = "13a", .smooth = "exp", .smooth_value = -1, .char_order = 6, .beta = 2};
}

static int keep_name(char *out, size_t size, const char *name, const char *otherwise, s2st_error *err)
{
	int n = snprintf(out, size, "%s", name ? name : otherwise);
	if (n < 0 || (size_t)n >= size)
		return s2_fail(err, S2ST_EINPUT, "scoring: \"%.40s...\" is no known name", name);
	return S2ST_OK;
}

static int set_up(s2st_scorer *s, const s2st_score_options *opt, s2st_error *err)
{
	s->opt = *opt;
	S2_TRY(keep_name(s->tokenize, sizeof s->tokenize, opt->tokenize, "13a", err));
	S2_TRY(keep_name(s->smooth, sizeof s->smooth, opt->smooth, "exp", err));
	s->opt.tokenize = s->tokenize;
	s->opt.smooth = s->smooth;
	switch (opt->metric) {
	case S2ST_BLEU: s->metric = &s2_metric_bleu; break;
	case S2ST_CHRF: s->metric = &s2_metric_chrf; break;
	case S2ST_WER:
	case S2ST_CER: s->metric = &s2_metric_wer; break;
	default: return s2_fail(err, S2ST_EINPUT, "scoring: metric %d is unknown", (int)opt->metric);
	}
	S2_TRY(s->metric->check(&s->opt, err));
	s->n_stats = s->metric->n_stats(&s->opt);
	return S2ST_OK;
}

int s2st_scorer_new(s2st_scorer **out, const s2st_score_options *opt, s2st_error *err)
{
	*out = NULL;
	s2st_scorer *s = calloc(1, sizeof *s);
	if (!s)
		return s2_fail_mem(err, "a scorer");
	int rc = set_up(s, opt, err);
	if (rc < 0)
		s2st_scorer_free(s);
	else
		*out = s;
	return rc;
}

void s2st_scorer_free(s2st_scorer *s)
{
	if (!s)
		return;
	free(s->stats);
	s2_metric_scratch_free(&s->scratch);
	free(s);
}

static int reserve_row(s2st_scorer *s, s2st_error *err)
{
	if (s->n < s->cap)
		return S2ST_OK;
	size_t cap = s->cap ? s->cap + s->cap / 2 : 1024, bytes;
	uint32_t *grown = NULL;
	if (s2_mul(cap, s->n_stats * sizeof *grown, &bytes))
		grown = realloc(s->stats, bytes);
	if (!grown)
		return s2_fail_mem(err, "sentence counts");
	s->stats = grown;
	s->cap = cap;
	return S2ST_OK;
}

static void describe(const s2st_scorer *s, size_t fewest_refs, size_t most_refs, s2st_score *out)
{
	char middle[128], nrefs[24] = "var";
	s->metric->describe(&s->opt, out, middle, sizeof middle);
	if (fewest_refs == most_refs)
		snprintf(nrefs, sizeof nrefs, "%zu", most_refs);
	snprintf(out->signature, sizeof out->signature, "nrefs:%s|%s|version:%s", nrefs, middle, SACREBLEU_VERSION);
}

/* The references that are there. */
static int choose_refs(const char *const *refs, size_t n_refs, const char **kept, size_t *n_kept, s2st_error *err)
{
	*n_kept = 0;
	for (size_t i = 0; i < n_refs; i++)
		if (refs[i] && refs[i][0])
			kept[(*n_kept)++] = refs[i];
	if (*n_kept == 0)
		return s2_fail(err, S2ST_EINPUT, "the reference is empty");
	return S2ST_OK;
}

static int add(s2st_scorer *s, const s2_metric_text *text, s2st_score *sentence, s2st_error *err)
{
	S2_TRY(reserve_row(s, err));
	uint32_t *row = s->stats + s->n * s->n_stats;
	S2_TRY(s->metric->count(&s->scratch, &s->opt, text, row, err));
	int64_t own[S2_MAX_STATS];
	for (size_t k = 0; k < s->n_stats; k++) {
		own[k] = row[k];
		s->sums[k] += row[k];
	}
	s->fewest_refs = s->n == 0 ? text->n_refs : s2_min(s->fewest_refs, text->n_refs);
	s->most_refs = s2_max(s->most_refs, text->n_refs);
	s->n++;
	if (sentence) {
		*sentence = (s2st_score){0};
		s->metric->score(&s->opt, own, sentence);
		describe(s, text->n_refs, text->n_refs, sentence);
	}
	return S2ST_OK;
}

int s2st_scorer_add(s2st_scorer *s, const char *hyp, const char *const *refs, size_t n_refs, s2st_score *sentence,
		    s2st_error *err)
{
	const char *few[8], **kept = few;
	if (n_refs > sizeof few / sizeof *few)
		kept = calloc(n_refs, sizeof *kept);
	if (!kept)
		return s2_fail_mem(err, "references");
	s2_metric_text text = {.hyp = hyp, .refs = kept};
	int rc = choose_refs(refs, n_refs, kept, &text.n_refs, err);
	if (rc == S2ST_OK)
		rc = add(s, &text, sentence, err);
	if (kept != few)
		free(kept);
	return rc;
}

size_t s2st_scorer_count(const s2st_scorer *s)
{
	return s->n;
}

void s2st_scorer_score(const s2st_scorer *s, s2st_score *out)
{
	*out = (s2st_score){0};
	s->metric->score(&s->opt, s->sums, out);
	describe(s, s->fewest_refs, s->most_refs, out);
}

double s2_scorer_score_of(const s2st_scorer *s, const int64_t *sums)
{
	s2st_score out = {0};
	s->metric->score(&s->opt, sums, &out);
	return out.score;
}
