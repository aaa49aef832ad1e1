/* dict.txt: a dictionary whose symbols find their way back, or a sentence. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/dict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2_dict *d;
	int rc = s2_dict_parse(&d, (const char *)data, n, "d", &err);
	if (rc < 0) {
		if (d || !err.text[0] || rc != S2ST_EFORMAT)
			abort();
		return 0;
	}
	if (s2_dict_size(d) < 4)
		abort();
	for (size_t i = 0; i < s2_dict_size(d); i++) {
		int64_t found = s2_dict_index(d, s2_dict_symbol(d, i));
		/* An overwritten symbol's name leads to the later id. */
		if (found < (int64_t)i || strcmp(s2_dict_symbol(d, (size_t)found), s2_dict_symbol(d, i)) != 0)
			abort();
		if (s2_dict_unit(d, i) < -1)
			abort();
	}
	s2_dict_free(d);
	return 0;
}
