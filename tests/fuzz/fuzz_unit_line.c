/* Unit lines: whatever the bytes, units or a sentence; units that were read print as a line that reads the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "s2st.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_again(const s2st_unit_line *l)
{
	s2st_error err;
	s2st_unit_line again;
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	if (!f)
		abort();
	fputs("name|", f);
	for (size_t i = 0; i < l->n; i++)
		fprintf(f, " %d", l->units[i]);
	fclose(f);
	if (s2st_unit_line_parse(&again, text, size, &err) != 1 || again.n != l->n ||
	    memcmp(again.units, l->units, l->n * sizeof *l->units) != 0 || strcmp(again.name, "name") != 0)
		abort();
	s2st_unit_line_free(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2st_unit_line l;
	int rc = s2st_unit_line_parse(&l, (const char *)data, n, &err);
	if (rc < 0 && !err.text[0])
		abort();
	if (rc == 1) {
		if (l.n == 0)
			abort();
		check_again(&l);
	}
	s2st_unit_line_free(&l);
	return 0;
}
