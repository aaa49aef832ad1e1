/* Scores worked out by hand, the scorer's refusals, and that a failure leaves it as it was. */
#include "s2st.h"

#include "test.h"

static s2st_scorer *scorer(s2st_score_options o)
{
	s2st_error err;
	s2st_scorer *s;
	REQUIRE_OK(s2st_scorer_new(&s, &o, &err));
	return s;
}

static void add(s2st_scorer *s, const char *hyp, const char *ref)
{
	s2st_error err;
	REQUIRE_OK(s2st_scorer_add(s, hyp, &ref, 1, NULL, &err));
}

static s2st_score score_one(s2st_score_options o, const char *hyp, const char *ref)
{
	s2st_scorer *s = scorer(o);
	s2st_score out;
	add(s, hyp, ref);
	s2st_scorer_score(s, &out);
	s2st_scorer_free(s);
	return out;
}

/* Papineni et al., section 2: "the" seven times against "the cat is on the mat" has modified precision 2/7. */
static void test_bleu_by_hand(void)
{
	s2st_score_options o = s2st_score_defaults(S2ST_BLEU);
	s2st_score s = score_one(o, "the the the the the the the", "The cat is on the mat");
	CHECK(s.counts[0] == 1 && s.totals[0] == 7);
	o.lowercase = true;
	s = score_one(o, "the the the the the the the", "The cat is on the mat");
	CHECK(s.counts[0] == 2 && s.totals[0] == 7);
	CHECK_STR(s.signature, "nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:2.6.0-compatible");

	/* 4 of 5, 2 of 4, 1 of 3, 0 of 2 n-grams; one word short of the reference */
	o.smooth = "none";
	s = score_one(o, "a b c x d", "a b c d e f");
	CHECK(s.counts[0] == 4 && s.counts[1] == 2 && s.counts[2] == 1 && s.counts[3] == 0);
	CHECK(s.totals[3] == 2);
	CHECK(s.score == 0);
	CHECK(fabs(s.bp - exp(1 - 6.0 / 5)) < 1e-15);
	o.smooth = "exp"; /* the first empty order counts half an n-gram */
	s = score_one(o, "a b c x d", "a b c d e f");
	CHECK(fabs(s.score - 100 * exp(-0.2) * pow(4.0 / 5 * 2 / 4 * 1 / 3 * 0.5 / 2, 0.25)) < 1e-12);
}

static void test_error_rates_by_hand(void)
{
	s2st_score s = score_one(s2st_score_defaults(S2ST_WER), "the bat sat mat", "the cat sat on mat");
	CHECK(s.substitutions == 1 && s.deletions == 1 && s.insertions == 0);
	CHECK(s.score == 40);
	CHECK_STR(s.text, "WER = 40.00 (S = 1 D = 1 I = 0 hyp_len = 4 ref_len = 5)");
	s = score_one(s2st_score_defaults(S2ST_CER), "kitten", "sitting");
	CHECK(s.substitutions == 2 && s.deletions == 1 && s.insertions == 0); /* Levenshtein's classic */
	CHECK_INT(s.ref_len, 7);
	s = score_one(s2st_score_defaults(S2ST_WER), "a b c", "x");
	CHECK(s.score == 300);
	s = score_one(s2st_score_defaults(S2ST_WER), "", " ");
	CHECK(s.score == 0);
	s = score_one(s2st_score_defaults(S2ST_WER), "a", " ");
	CHECK(s.score == 100);
	s = score_one(s2st_score_defaults(S2ST_CER), " a \t b ", "a b");
	CHECK(s.score == 0);
}

static void test_chrf_by_hand(void)
{
	s2st_score_options o = s2st_score_defaults(S2ST_CHRF);
	o.char_order = 2;
	/* characters: 3 of 4 both ways; pairs: ab of {ab bx xc} against {ab bc cd} */
	s2st_score s = score_one(o, "ab xc", "abcd");
	double f = (3.0 / 4 + 1.0 / 3) / 2;
	CHECK(fabs(s.score - 100 * f) < 1e-12);
	CHECK_STR(s.signature, "nrefs:1|case:mixed|eff:yes|nc:2|nw:0|space:no|version:2.6.0-compatible");
	o.word_order = 2;
	s = score_one(o, "hi!", "hi !");
	CHECK(s.score == 100); /* "hi" and "!" either way */
	CHECK_CONTAINS(s.text, "chrF2++ = 100.00");
	s = score_one(o, "", "abc");
	CHECK(s.score == 0);
}

static void test_refusals(void)
{
	s2st_error err;
	s2st_scorer *s = scorer(s2st_score_defaults(S2ST_BLEU));
	const char *none[] = {NULL, ""}, *bad[] = {"caf\xe9 x"}, *overlong[] = {"\xc0\xaf"},
		   *surrogate[] = {"ab\xed\xa0\x80"};
	add(s, "one two three four", "one two three four");
	CHECK_INT(s2st_scorer_add(s, "x", none, 2, NULL, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "reference is empty");
	CHECK_INT(s2st_scorer_add(s, "x", none, 0, NULL, &err), S2ST_EINPUT);
	CHECK_INT(s2st_scorer_add(s, "x", bad, 1, NULL, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "reference: text: byte 4 is not valid UTF-8");
	CHECK_INT(s2st_scorer_add(s, "\xf0\x9f\x98", bad, 1, NULL, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "hypothesis: text: byte 1");
	CHECK_INT(s2st_scorer_add(s, "x", overlong, 1, NULL, &err), S2ST_EINPUT);
	CHECK_INT(s2st_scorer_add(s, "x", surrogate, 1, NULL, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "byte 3");
	s2st_score out;
	s2st_scorer_score(s, &out);
	CHECK_INT(s2st_scorer_count(s), 1);
	CHECK(fabs(out.score - 100) < 1e-9); /* nothing of the refused sentences was counted */
	s2st_scorer_free(s);

	struct {
		s2st_score_options o;
		const char *says;
	} wrong[] = {{s2st_score_defaults(S2ST_BLEU), "tokenizer \"ja\""},
		     {s2st_score_defaults(S2ST_BLEU), "smoothing"},
		     {s2st_score_defaults(S2ST_CHRF), "character order 0"},
		     {s2st_score_defaults(S2ST_CHRF), "word order 9"},
		     {s2st_score_defaults(S2ST_CHRF), "beta 0"},
		     {s2st_score_defaults(S2ST_BLEU), "metric 17"},
		     {s2st_score_defaults(S2ST_BLEU), "no known name"}};
	wrong[0].o.tokenize = "ja";
	wrong[1].o.smooth = "epsilon";
	wrong[2].o.char_order = 0;
	wrong[3].o.word_order = 9;
	wrong[4].o.beta = 0;
	wrong[5].o.metric = (s2st_metric)17;
	wrong[6].o.tokenize = "a name that no tokenizer could have";
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		CHECK_INT(s2st_scorer_new(&s, &wrong[i].o, &err), S2ST_EINPUT);
		CHECK(!s);
		CHECK_CONTAINS(err.text, wrong[i].says);
	}
	s2st_scorer_free(NULL);
}

static void test_bootstrap_refusals(void)
{
	s2st_error err;
	s2st_confidence c;
	s2st_comparison cmp;
	s2st_score_options lower = s2st_score_defaults(S2ST_BLEU);
	lower.lowercase = true;
	s2st_scorer *empty = scorer(lower), *a = scorer(s2st_score_defaults(S2ST_BLEU)), *b = scorer(lower);
	add(a, "x y", "x y");
	add(b, "x y", "x y");
	CHECK_INT(s2st_scorer_bootstrap(empty, 100, 1, &c, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "0 sentences");
	CHECK_INT(s2st_scorer_bootstrap(a, 0, 1, &c, &err), S2ST_EINPUT);
	CHECK_INT(s2st_scorer_compare(a, b, 100, 1, &cmp, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "different options");
	add(b, "x", "y");
	CHECK_INT(s2st_scorer_compare(a, b, 100, 1, &cmp, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "the baseline has 1 sentences, the system 2");
	s2st_scorer_free(empty);
	s2st_scorer_free(a);
	s2st_scorer_free(b);
}

/* A system against itself: no difference is ever larger than none, and an empty scorer has a score. */
static void test_edges(void)
{
	s2st_error err;
	s2st_comparison cmp;
	s2st_scorer *s = scorer(s2st_score_defaults(S2ST_BLEU));
	s2st_score out;
	s2st_scorer_score(s, &out);
	CHECK(out.score == 0);
	for (int i = 0; i < 50; i++)
		add(s, i % 3 ? "a b c d e" : "a b c", "a b c d e");
	REQUIRE_OK(s2st_scorer_compare(s, s, 40, 7, &cmp, &err));
	CHECK(cmp.p_value == 1.0 / 41);
	CHECK(cmp.baseline.mean == cmp.system.mean && cmp.system.ci > 0);
	s2st_scorer_free(s);
}

int main(void)
{
	test_bleu_by_hand();
	test_error_rates_by_hand();
	test_chrf_by_hand();
	test_refusals();
	test_bootstrap_refusals();
	test_edges();
	return TEST_RESULT();
}
