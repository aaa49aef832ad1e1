/* ARPA models: whatever the bytes, a model whose answers are numbers, or an error that names the file. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/arpa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2_arpa *m;
	if (s2_arpa_parse(&m, (const char *)data, n, "fuzz", &err) < 0) {
		if (m || strncmp(err.text, "fuzz: ", 6) != 0)
			abort();
		return 0;
	}
	s2_arpa_state s = s2_arpa_begin(m);
	for (size_t i = 0; i < s2_arpa_n_words(m) && i < 100; i++) {
		const char *word = s2_arpa_word(m, i * 7 % s2_arpa_n_words(m));
		if (!isfinite(s2_arpa_score(m, &s, s2_arpa_find(m, word, strlen(word)), &s)))
			abort();
		if (s.n >= s2_arpa_order(m) && s.n > 0)
			abort();
	}
	if (!isfinite(s2_arpa_end(m, &s)) || !isfinite(s2_arpa_score(m, &s, s2_arpa_find(m, "?", 1), &s)))
		abort();
	s2_arpa_free(m);
	return 0;
}
