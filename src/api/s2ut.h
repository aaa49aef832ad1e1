/* Inside of s2st_s2ut: an S2UT network, what it is fed with and what its outputs are called.  Layer: api. */
#ifndef S2_API_S2UT_H
#define S2_API_S2UT_H

#include "api/context.h"
#include "audio/fbank.h"
#include "formats/dict.h"
#include "models/data_config.h"
#include "models/s2ut.h"

struct s2st_s2ut {
	const s2st_context *ctx;
	s2_checkpoint *ckpt; /* the network's weights lie in it */
	s2_arena *arena;
	s2_s2ut net;
	s2_data_config data;
	s2_fbank *fbank; /* NULL: the network takes samples */
	s2_dict *dict;
	size_t n_units; /* highest unit of the dictionary + 1 */
	bool standardize; /* samples are normalised over the utterance */
	int32_t eos;         /* </s>, or what the config names in its place */
	int32_t first_token; /* what decoding starts with: </s>, or a language tag; S2_ASK: several to choose from */
	int32_t first_output; /* what the first output has to be; S2_FREE: anything; S2_ASK */
};

enum { S2_ASK = -1, S2_FREE = -2 };

/* The token that `name` means: a symbol, a language without its brackets, or a token id. */
S2ST_CHECK int s2_s2ut_token(const s2st_s2ut *m, const char *name, int32_t *out, s2st_error *err);

#endif
