/* Files of sentences: whatever the bytes, valid UTF-8 without space at its ends, or an error that names the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/chars.h"
#include "text/sentences.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_text(const char *text)
{
	s2st_error err;
	s2_chars c = {0};
	if (s2_chars_decode(&c, text, strlen(text), &err) < 0)
		abort();
	if (c.n && (s2_is_space(c.c[0]) || s2_is_space(c.c[c.n - 1])))
		abort();
	s2_chars_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const columns[] = {NULL, "tgt_text", "tgt_text,b", "", "a,,b"};
	s2st_error err = {""};
	s2st_sentences *s;
	if (n == 0)
		return 0;
	/* The first byte chooses the columns. */
	const char *wanted = columns[data[0] % (sizeof columns / sizeof *columns)];
	if (s2_sentences_parse(&s, (const char *)data + 1, n - 1, wanted, "fuzz", &err) < 0) {
		if (s || strncmp(err.text, "fuzz: ", 6) != 0)
			abort();
		return 0;
	}
	if (s2st_sentences_count(s) == 0)
		abort();
	for (size_t i = 0, line = 0; i < s2st_sentences_count(s); i++) {
		for (size_t k = 0; k < s2st_sentences_columns(s); k++)
			check_text(s2st_sentences_texts(s, i)[k]);
		if (s2st_sentences_id(s, i) && !*s2st_sentences_id(s, i))
			abort();
		if (s2st_sentences_line(s, i) <= line)
			abort();
		line = s2st_sentences_line(s, i);
	}
	s2st_sentences_free(s);
	return 0;
}
