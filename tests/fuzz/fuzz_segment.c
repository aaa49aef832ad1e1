/* Names of segments: whatever the text, a segment that is in it or none; one that was read reads the same when it is
 * written out. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mine/segments.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_again(const s2_segment *g)
{
	char *text;
	s2_segment again;
	if (asprintf(&text, "%.*s|%.17f|%.17f", (int)g->n_recording, g->recording, g->start, g->end) < 0)
		abort();
	/* numbers of more digits than a position has are no numbers of segments */
	if (strlen(text) < g->n_recording + 50 && s2_segment_parse(&again, text) &&
	    (again.n_recording != g->n_recording || !(again.start < again.end)))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2_segment g;
	char *text = strndup((const char *)data, n);
	if (!text)
		abort();
	if (s2_segment_parse(&g, text)) {
		if (g.recording < text || g.n_recording == 0 || g.recording + g.n_recording >= text + strlen(text) ||
		    !(g.start >= 0 && g.start < g.end))
			abort();
		check_again(&g);
	}
	free(text);
	return 0;
}
