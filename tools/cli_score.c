/* A score as asr-bleu prints it: sacreBLEU's lines, or an object of JSON. */
#include "cli_recordings.h"

#include <math.h>

static void print_four(FILE *f, const char *key, const double at[S2ST_BLEU_ORDER])
{
	fprintf(f, ", \"%s\": [", key);
	for (int i = 0; i < S2ST_BLEU_ORDER; i++) {
		fputs(i ? ", " : "", f);
		if (at[i] == floor(at[i]))
			fprintf(f, "%.0f", at[i]);
		else
			cli_json_real(f, at[i]);
	}
	fputc(']', f);
}

static void print_confidence(FILE *f, const s2st_confidence *c)
{
	fputs("{\"mean\": ", f);
	cli_json_real(f, c->mean);
	fputs(", \"ci\": ", f);
	cli_json_real(f, c->ci);
	fputc('}', f);
}

static void print_json(FILE *f, const cli_score *s)
{
	fputs("{\"score\": ", f);
	cli_json_real(f, s->score.score);
	if (s->is_bleu) {
		print_four(f, "counts", s->score.counts);
		print_four(f, "totals", s->score.totals);
		print_four(f, "precisions", s->score.precisions);
		fputs(", \"bp\": ", f);
		cli_json_real(f, s->score.bp);
	}
	fprintf(f, ", \"sys_len\": %lld, \"ref_len\": %lld, \"signature\": ", (long long)s->score.sys_len,
		(long long)s->score.ref_len);
	cli_json_string(f, s->signature);
	if (s->has_confidence) {
		fputs(", \"confidence\": ", f);
		print_confidence(f, &s->confidence);
	}
	if (s->has_baseline) {
		fputs(", \"baseline\": {\"score\": ", f);
		cli_json_real(f, s->comparison.baseline_score);
		fputs(", \"confidence\": ", f);
		print_confidence(f, &s->comparison.baseline);
		fputs("}, \"system\": ", f);
		print_confidence(f, &s->comparison.system);
		fputs(", \"p_value\": ", f);
		cli_json_real(f, s->comparison.p_value);
	}
	fputs("}\n", f);
}

static void print_text(FILE *f, const cli_score *s)
{
	const s2st_comparison *cmp = &s->comparison;
	fprintf(f, "%s\n%s\n", s->score.text, s->signature);
	if (s->has_confidence)
		fprintf(f, "bootstrap: %.2f +- %.2f (95%%, %d samples, seed %d)\n", s->confidence.mean,
			s->confidence.ci, s->samples, s->seed);
	if (s->has_baseline)
		fprintf(f, "baseline: %.2f (%.2f +- %.2f), this: %.2f (%.2f +- %.2f), p = %.4f (%d samples, seed %d)\n",
			cmp->baseline_score, cmp->baseline.mean, cmp->baseline.ci, cmp->system_score, cmp->system.mean,
			cmp->system.ci, cmp->p_value, s->samples, s->seed);
}

void cli_score_print(FILE *f, const cli_score *s, bool json)
{
	(json ? print_json : print_text)(f, s);
}
