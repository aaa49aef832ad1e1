#include "audio/columns.h"

#include <stdlib.h>
#include <string.h>

int s2_count_columns(const char *line)
{
	int n = 1;
	for (; (line = strchr(line, '\t')); line++)
		n++;
	return n;
}

int s2_find_column(const char *header, const char *name)
{
	size_t length = strlen(name);
	int column = 0;
	for (const char *at = header;; at++, column++) {
		size_t n = strcspn(at, "\t");
		if (n == length && memcmp(at, name, n) == 0)
			return column;
		at += n;
		if (!*at)
			return S2_NO_COLUMN;
	}
}

char *s2_next_column(char **rest)
{
	char *field = *rest, *tab = strchr(field, '\t');
	if (tab)
		*tab++ = 0;
	*rest = tab;
	return field;
}

bool s2_parse_frames(const char *text, int64_t *out)
{
	size_t n = strspn(text, "0123456789");
	if (n == 0 || n > 18 || text[n])
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}
