/* Vocabularies of CTC heads: a Hugging Face tokenizer's files, separated by NULs, or a dict.ltr.txt. What opens has a
 * symbol for every row, and a blank and a silence among them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/json.h"
#include "models/ctc.h"

enum { ROWS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_vocab(int rc, const s2_ctc_vocab *v, const s2st_error *err)
{
	if (rc < 0) {
		if (!err->text[0])
			abort();
		return;
	}
	if (v->n != ROWS || v->blank >= ROWS || v->silence >= ROWS)
		abort();
	for (size_t i = 0; i < ROWS; i++)
		if (!v->symbols[i] || strlen(v->symbols[i]) == SIZE_MAX) /* reads every byte for the sanitizer */
			abort();
}

static void try_dict(s2_arena *a, const char *text, size_t n)
{
	s2st_error err = {""};
	s2_ctc_vocab v;
	s2_dict *d;
	if (s2_dict_parse(&d, text, n, "fuzz", &err) < 0)
		return;
	check_vocab(s2_ctc_vocab_fairseq(&v, d, ROWS, "fuzz", "model", a, &err), &v, &err);
	s2_dict_free(d);
}

static void try_tokenizer(s2_arena *a, const char *text, size_t n)
{
	s2st_error err = {""};
	s2_value *files[4] = {NULL};
	s2_ctc_vocab v;
	for (size_t i = 0; i < 4 && n > 0; i++) {
		const size_t len = strnlen(text, n);
		if (len && s2_json_parse(&files[i], a, text, len, "fuzz", &err) < 0)
			return;
		text += len < n ? len + 1 : n;
		n -= len < n ? len + 1 : n;
	}
	if (!files[0])
		return;
	const s2_ctc_tokenizer t = {files[0], files[1], files[2], files[3], "fuzz"};
	check_vocab(s2_ctc_vocab_hf(&v, &t, ROWS, "model", a, &err), &v, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2_arena *a = s2_arena_new();
	if (!a || n == 0)
		return s2_arena_free(a), 0;
	if (data[0] % 2)
		try_dict(a, (const char *)data + 1, n - 1);
	else
		try_tokenizer(a, (const char *)data + 1, n - 1);
	s2_arena_free(a);
	return 0;
}
