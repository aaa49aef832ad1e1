/* Inside of s2st_asr: an encoder with a CTC head, its vocabulary, and what a caller's session keeps.  Layer: api. */
#ifndef S2_API_ASR_H
#define S2_API_ASR_H

#include "api/context.h"
#include "models/ctc.h"
#include "text/chars.h"

struct s2st_asr {
	const s2st_context *ctx;
	s2_encoder *trunk; /* NULL: net is whole, or uses the trunk of another s2st_asr */
	s2_encoder *net;
	const char *model; /* as it was opened, in `arena` */
	s2_arena *arena; /* of the vocabulary */
	s2_ctc_vocab vocab;
};

struct s2st_asr_session {
	const s2st_asr *m;
	s2_exec x;
	s2_mark empty;
	s2_chars text, spare; /* for what str.strip and str.lower do */
	char *utf8;           /* [cap] */
	size_t cap;
};

/* Prefix beam search with the options' language model: the best text as runs [*n] of its likeliest path. */
S2ST_CHECK int s2_asr_beam(s2st_asr_session *s, const s2st_matrix *logits, const s2st_asr_options *opt,
			   s2_ctc_post post, s2_ctc_run *runs, size_t *n, s2st_error *err);

#endif
