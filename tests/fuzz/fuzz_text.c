/* Scoring and normalising of any bytes: lines are a hypothesis and its references. Scores stay in their range, a text
 * against itself is perfect, and what a normaliser writes is valid UTF-8. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "s2st.h"

enum { MAX_REFS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void demand(int holds)
{
	if (!holds)
		abort();
}

static void score(s2st_score_options o, const char *hyp, const char *const *refs, size_t n_refs)
{
	s2st_error err = {""};
	s2st_scorer *s;
	s2st_score out, own;
	demand(s2st_scorer_new(&s, &o, &err) == S2ST_OK);
	int rc = s2st_scorer_add(s, hyp, refs, n_refs, &out, &err);
	demand(rc == S2ST_OK || err.text[0]);
	if (rc == S2ST_OK) {
		demand(isfinite(out.score) && out.score >= 0);
		demand(o.metric >= S2ST_WER || out.score <= 100.0001);
		demand(out.text[0] && out.signature[0]);
		s2st_comparison cmp;
		demand(s2st_scorer_compare(s, s, 3, 1, &cmp, &err) == S2ST_OK && cmp.p_value == 0.25);
	}
	const char *self[] = {hyp};
	if (rc == S2ST_OK && hyp[0] && s2st_scorer_add(s, hyp, self, 1, &own, &err) == S2ST_OK && o.metric >= S2ST_WER)
		demand(own.score == 0);
	s2st_scorer_free(s);
}

static void normalize(const char *name, const char *language, const char *text)
{
	s2st_error err = {""};
	s2st_normalizer *n, *again;
	const char *out, *same;
	demand(s2st_normalizer_new(&n, name, language, &err) == S2ST_OK);
	demand(s2st_normalizer_new(&again, "none", NULL, &err) == S2ST_OK);
	if (s2st_normalizer_run(n, text, &out, &err) == S2ST_OK) {
		demand(s2st_normalizer_run(again, out, &same, &err) == S2ST_OK);
		demand(strcmp(out, same) == 0);
	} else {
		demand(err.text[0] != 0);
	}
	s2st_normalizer_free(n);
	s2st_normalizer_free(again);
}

static void run(char *text)
{
	static const char *const tokenizers[] = {"13a", "none", "char", "intl", "zh"};
	static const char *const names[] = {"none", "speech_matrix", "fisher", "whisper_basic", "hokkien"};
	static const char *const languages[] = {"en", "es", "fr", "zh"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		normalize(names[i], languages[0], text);
	for (size_t i = 1; i < sizeof languages / sizeof *languages; i++)
		normalize("speech_matrix", languages[i], text);

	char *line = strtok(text, "\n");
	const char *refs[MAX_REFS] = {NULL}, *hyp = line ? line : "";
	for (size_t i = 0; i < MAX_REFS && line; i++)
		refs[i] = line = strtok(NULL, "\n");
	s2st_score_options o = s2st_score_defaults(S2ST_BLEU);
	for (size_t i = 0; i < sizeof tokenizers / sizeof *tokenizers; i++) {
		o.tokenize = tokenizers[i];
		o.lowercase = i % 2 == 1;
		o.effective_order = i % 2 == 0;
		score(o, hyp, refs, MAX_REFS);
	}
	o = s2st_score_defaults(S2ST_CHRF);
	o.word_order = 2;
	score(o, hyp, refs, MAX_REFS);
	score(s2st_score_defaults(S2ST_WER), hyp, refs, MAX_REFS);
	score(s2st_score_defaults(S2ST_CER), hyp, refs, MAX_REFS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n > 4096)
		return 0;
	char *text = malloc(n + 1);
	if (!text)
		return 0;
	memcpy(text, data, n);
	text[n] = 0;
	run(text);
	free(text);
	return 0;
}
