/* CTC vocabularies in good and bad files, and the best path by hand. */
#include "formats/json.h"
#include "models/ctc.h"
#include "s2st.h"
#include "test.h"

static s2st_error err;

/* ---- vocabularies ---- */

static int from_dict(s2_ctc_vocab *v, s2_arena *a, const char *text, size_t rows)
{
	s2_dict *d;
	REQUIRE_OK(s2_dict_parse(&d, text, strlen(text), "dict.ltr.txt", &err));
	int rc = s2_ctc_vocab_fairseq(v, d, rows, "dict.ltr.txt", "model.pt", a, &err);
	s2_dict_free(d);
	return rc;
}

static void test_fairseq(void)
{
	s2_ctc_vocab v;
	s2_arena *a = s2_arena_new();
	REQUIRE(a);
	REQUIRE_OK(from_dict(&v, a, "E 5\n| 4\nT 3\n", 7));
	CHECK_INT(v.blank, 0);
	CHECK_INT(v.silence, 5);
	CHECK_STR(v.symbols[6], "T");
	REQUIRE_OK(from_dict(&v, a, "tsi 5\ng 4\n", 6)); /* no "|": </s> is the silence */
	CHECK_INT(v.silence, 2);
	CHECK_INT(from_dict(&v, a, "E 5\n| 4\nT 3\n", 8), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "dict.ltr.txt: expected 8 symbols");
	CHECK_CONTAINS(err.text, "found 7");
	CHECK_INT(from_dict(&v, a, "E 5\n| 4\nT 3\n", 6), S2ST_EMODEL);
	CHECK_CONTAINS(err.text, "expected 6 symbols");
	s2_arena_free(a);
}

static const s2_value *json(s2_arena *a, const char *text)
{
	s2_value *v = NULL;
	if (text)
		REQUIRE_OK(s2_json_parse(&v, a, text, strlen(text), "test", &err));
	return v;
}

typedef struct hf_case {
	const char *vocab, *added, *config, *special;
	size_t rows;
	const char *error; /* NULL: good */
	size_t blank, silence;
} hf_case;

static const hf_case hf_cases[] = {
	/* as the golden model's */
	{.vocab = "{\"<pad>\": 0, \"<s>\": 1, \"</s>\": 2, \"<unk>\": 3, \"|\": 4, \"e\": 5}", .rows = 6, .silence = 4},
	/* as fine-tuning recipes write them: specials added after the letters, with or without rows */
	{.vocab = "{\"a\": 1, \"|\": 0, \"[UNK]\": 2, \"[PAD]\": 3}",
	 .added = "{\"<s>\": 4, \"</s>\": 5}",
	 .config = "{\"pad_token\": \"[PAD]\", \"unk_token\": \"[UNK]\"}",
	 .rows = 6,
	 .blank = 3},
	{.vocab = "{\"a\": 1, \"|\": 0, \"[UNK]\": 2, \"[PAD]\": 3}",
	 .added = "{\"<s>\": 4, \"</s>\": 5}",
	 .special = "{\"pad_token\": {\"content\": \"[PAD]\"}, \"unk_token\": \"[UNK]\"}",
	 .rows = 4,
	 .blank = 3},
	/* special tokens that no file lists */
	{.vocab = "{\"a\": 1, \"|\": 0, \"[UNK]\": 2, \"[PAD]\": 3}",
	 .config = "{\"pad_token\": \"[PAD]\", \"unk_token\": \"[UNK]\"}",
	 .rows = 6,
	 .blank = 3},
	/* a space between words; a delimiter of its own; a gap between the ids */
	{.vocab = "{\"<pad>\": 0, \" \": 1, \"a\": 2}", .rows = 3, .silence = 1},
	{.vocab = "{\"<pad>\": 0, \"|\": 1, \"_\": 2, \"a\": 3}",
	 .config = "{\"word_delimiter_token\": \"_\"}",
	 .rows = 4,
	 .silence = 2},
	{.vocab = "{\"<pad>\": 0, \"|\": 1, \"a\": 3}", .rows = 4, .silence = 1},
	/* bad */
	{.vocab = "{\"<pad>\": 0, \"|\": 1, \"a\": 9}",
	 .rows = 4,
	 .error = "\"a\" has id 9, but the CTC head of hf has only 4"},
	{.vocab = "{\"<pad>\": 0, \"|\": 1, \"a\": 2}", .rows = 40, .error = "expected 40 tokens"},
	{.vocab = "{\"<pad>\": 0, \"|\": 1, \"a\": 1}", .rows = 3, .error = "id 1 stands for \"|\" and for \"a\""},
	{.vocab = "{\"<pad>\": 0, \"|\": -1}", .rows = 3, .error = "a number out of range"},
	{.vocab = "{\"<pad>\": 0, \"|\": \"1\"}", .rows = 3, .error = "expected an id, found"},
	{.vocab = "{\"eng\": {\"a\": 0}}", .rows = 3, .error = "expected an id, found a dict"},
	{.vocab = "[\"a\"]", .rows = 1, .error = "expected a mapping"},
	{.vocab = "{\"|\": 0, \"a\": 1}", .rows = 2, .error = "the blank, pad_token \"<pad>\", has no row"},
	{.vocab = "{\"<pad>\": 0, \"a\": 1}", .rows = 2, .error = "expected a token between words"},
};

static void test_hf(void)
{
	for (size_t i = 0; i < sizeof hf_cases / sizeof *hf_cases; i++) {
		const hf_case *c = &hf_cases[i];
		s2_ctc_vocab v;
		s2_arena *a = s2_arena_new();
		REQUIRE(a);
		const s2_ctc_tokenizer t = {json(a, c->vocab), json(a, c->added), json(a, c->config),
					    json(a, c->special), "vocab.json"};
		int rc = s2_ctc_vocab_hf(&v, &t, c->rows, "hf", a, &err);
		CHECK_INT(rc, c->error ? S2ST_EMODEL : S2ST_OK);
		if (rc < 0) {
			CHECK_CONTAINS(err.text, c->error ? c->error : "no error");
		} else {
			CHECK_INT(v.blank, c->blank);
			CHECK_INT(v.silence, c->silence);
			for (size_t id = 0; id < v.n; id++)
				CHECK(v.symbols[id] != NULL);
		}
		s2_arena_free(a);
	}
}

/* ---- best path ---- */

static void test_greedy(void)
{
	static const char *symbols[] = {"<s>", "a", "b", "|"};
	/* frames:                     _  a  a  _  a  |  |  _  |  b  b  */
	static const size_t path[] = {0, 1, 1, 0, 1, 3, 3, 0, 3, 2, 2};
	enum { FRAMES = sizeof path / sizeof *path };
	static const s2_ctc_run want[] = {{1, 1, 3}, {1, 4, 5}, {3, 5, 7}, {3, 8, 9}, {2, 9, 11}};
	const s2_ctc_vocab v = {symbols, 4, 0, 3, 2};
	float logits[FRAMES * 4];
	s2_ctc_run runs[FRAMES];
	uint64_t seed = 1;
	for (size_t i = 0; i < (size_t)FRAMES * 4; i++)
		logits[i] = test_randf(&seed) + (i % 4 == path[i / 4] ? 2 : 0);
	CHECK_INT(s2_ctc_greedy(runs, &v, logits, FRAMES), 5);
	for (size_t i = 0; i < 5; i++) {
		CHECK_INT(runs[i].id, want[i].id);
		CHECK_INT(runs[i].begin, want[i].begin);
		CHECK_INT(runs[i].end, want[i].end);
	}
	s2_arena *a = s2_arena_new();
	char *text;
	REQUIRE(a);
	REQUIRE_OK(s2_ctc_text(&text, &v, runs, 5, S2_CTC_COLLAPSE, a, &err));
	CHECK_STR(text, "aa  b"); /* two silences with a blank between them, as in the reference */
	REQUIRE_OK(s2_ctc_text(&text, &v, runs, 5, S2_CTC_NONE, a, &err));
	CHECK_STR(text, "a a     b");
	REQUIRE_OK(s2_ctc_text(&text, &v, runs, 0, S2_CTC_NONE, a, &err));
	CHECK_STR(text, "");
	s2_arena_free(a);
	CHECK_INT(s2_ctc_word(&v, runs, 5, S2_CTC_COLLAPSE), 2);
	CHECK_INT(s2_ctc_word(&v, runs, 5, S2_CTC_NONE), 1);
	CHECK_INT(s2_ctc_word(&v, runs + 2, 3, S2_CTC_COLLAPSE), 0);
	CHECK_INT(s2_ctc_drop_unsaid(runs, &v, 5), 4); /* b */
	CHECK(runs[3].id == 3 && runs[3].begin == 8);
	CHECK_INT(s2_ctc_word(&v, runs + 4, 1, S2_CTC_COLLAPSE), 1);
	/* ties go to the lowest id, as torch.argmax on CPU */
	memset(logits, 0, sizeof logits);
	CHECK_INT(s2_ctc_greedy(runs, &v, logits, FRAMES), 0);
}

int main(void)
{
	test_fairseq();
	test_hf();
	test_greedy();
	return TEST_RESULT();
}
