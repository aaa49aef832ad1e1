#include "base/near.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"

enum { LONGEST = 63, SHOWN = 5 };

/* Levenshtein's distance over the first LONGEST bytes. */
static size_t edits(const char *a, const char *b)
{
	const size_t n = s2_min(strlen(a), LONGEST), m = s2_min(strlen(b), LONGEST);
	size_t row[LONGEST + 1];
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			const size_t paired = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			row[j] = s2_min(paired, s2_min(row[j], row[j - 1]) + 1);
		}
	}
	return row[m];
}

/* How far `name` is from `want`, where the beginning of the other is near; SIZE_MAX: too far to be meant. */
static size_t farness(const char *want, const char *name)
{
	const size_t len = strlen(want), far = edits(want, name);
	if (len > 0 && strncmp(want, name, len) == 0)
		return 0;
	if (name[0] && strncmp(want, name, strlen(name)) == 0)
		return 1;
	return far <= s2_max(len / 2, 1) ? far : SIZE_MAX;
}

const char *s2_near_names(char *buf, size_t size, const char *want, const char *const *names, size_t n)
{
	size_t best[SHOWN], place[SHOWN], found = 0, used = 0;
	for (size_t i = 0; i < n; i++) {
		const size_t far = farness(want, names[i]);
		size_t at = found;
		if (far == SIZE_MAX)
			continue;
		while (at > 0 && best[at - 1] > far)
			at--;
		if (at == SHOWN)
			continue;
		found = s2_min(found + 1, SHOWN);
		for (size_t j = found - 1; j > at; j--) {
			best[j] = best[j - 1];
			place[j] = place[j - 1];
		}
		best[at] = far;
		place[at] = i;
	}
	buf[0] = 0;
	for (size_t i = 0; i < found && used < size; i++) {
		const int len = snprintf(buf + used, size - used, "%s%s", i ? ", " : "", names[place[i]]);
		used += len < 0 ? size : (size_t)len;
	}
	return buf;
}
