#include "mine/segments.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ------------------------------------------------------------------------------------------------------ */

/* The number that is all of [at, end). */
static bool read_number(const char *at, const char *end, double *out)
{
	char text[32], *stop;
	const size_t n = (size_t)(end - at);
	if (n == 0 || n >= sizeof text || !isdigit((unsigned char)at[0]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isdigit((unsigned char)at[i]) && at[i] != '.')
			return false;
	memcpy(text, at, n);
	text[n] = 0;
	*out = strtod(text, &stop);
	return *stop == 0;
}

static const char *last(const char *text, const char *end, char c)
{
	return memrchr(text, c, (size_t)(end - text));
}

/* "NAME<c>START<c>END" that ends at `end`. */
static bool parse_tail(s2_segment *out, const char *text, const char *end, char c)
{
	const char *second = last(text, end, c);
	const char *first = second ? last(text, second, c) : NULL;
	double start, stop;
	if (!first || first == text)
		return false;
	if (!read_number(first + 1, second, &start) || !read_number(second + 1, end, &stop) || !(start < stop))
		return false;
	*out = (s2_segment){text, (size_t)(first - text), start, stop};
	return true;
}

static size_t count(const char *text, char c)
{
	size_t n = 0;
	for (; *text; text++)
		n += *text == c;
	return n;
}

bool s2_segment_parse(s2_segment *out, const char *text)
{
	const char *end = text + strlen(text), *bar = last(text, end, '|'), *space = last(text, end, ' ');
	double rate; /* the same for all segments of a recording */
	if (bar && count(text, '|') == 3)
		return read_number(bar + 1, end, &rate) && parse_tail(out, text, bar, '|');
	if (bar)
		return count(text, '|') == 2 && parse_tail(out, text, end, '|');
	if (space && read_number(space + 1, end, &rate) && parse_tail(out, text, space, ' '))
		return true;
	if (parse_tail(out, text, end, '_')) /* before the suffix is looked for: numbers may have a point */
		return true;
	const char *slash = last(text, end, '/'), *dot = last(slash ? slash : text, end, '.');
	return dot && parse_tail(out, text, dot, '_');
}

/* ---- the best set ----------------------------------------------------------------------------------------------- */

typedef struct item {
	size_t group, index;
	double start, end, worth;
} item;

static int compare_items(const void *a, const void *b)
{
	const item *p = a, *q = b;
	if (p->group != q->group)
		return p->group < q->group ? -1 : 1;
	if (p->end != q->end)
		return p->end < q->end ? -1 : 1;
	return (p->index > q->index) - (p->index < q->index);
}

/* How many of items [n] end at or before `start`. */
static size_t before(const item *items, size_t n, double start)
{
	size_t low = 0, high = n;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (items[middle].end <= start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* total[i] is the worth of the best set among the first i items. */
static void schedule(bool *keep, const item *items, size_t n, double *total, size_t *previous)
{
	total[0] = 0;
	for (size_t i = 0; i < n; i++) {
		previous[i] = before(items, i, items[i].start);
		total[i + 1] = fmax(total[i], total[previous[i]] + items[i].worth);
	}
	for (size_t i = n; i > 0;) {
		const bool taken = total[previous[i - 1]] + items[i - 1].worth >= total[i - 1];
		keep[items[i - 1].index] = taken;
		i = taken ? previous[i - 1] : i - 1;
	}
}

int s2_best_intervals(bool *keep, const s2_interval *intervals, size_t n, double overlap, s2_arena *a, s2st_error *err)
{
	item *items;
	double *total;
	size_t *previous;
	s2_mark mark = s2_arena_mark(a);
	S2_ALLOC(items, a, n, 1, err);
	S2_ALLOC(total, a, n + 1, 1, err);
	S2_ALLOC(previous, a, n, 1, err);
	for (size_t i = 0; i < n; i++) {
		const s2_interval *v = &intervals[i];
		const double cut = (v->end - v->start) * overlap / 2;
		keep[i] = false;
		items[i] = (item){v->group, i, v->start + cut, v->end - cut, v->worth};
	}
	qsort(items, n, sizeof *items, compare_items);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && items[end].group == items[i].group;)
			end++;
		schedule(keep, items + i, end - i, total, previous);
	}
	s2_arena_reset(a, mark);
	return S2ST_OK;
}
