/* Inside of s2st_s2ut and its sessions: an S2UT network, what it is fed with and what its outputs are called.
 *
 * Layer: api. */
#ifndef S2_API_S2UT_H
#define S2_API_S2UT_H

#include "api/context.h"
#include "audio/fbank.h"
#include "formats/dict.h"
#include "models/data_config.h"
#include "models/s2ut.h"
#include "search/beam.h"

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

/* A sentence that is being decoded. */
typedef struct s2_seat {
	s2_arena *memory; /* of everything below */
	s2_cache sentence;
	s2_beam *beam;
	s2_beam_rows rows;    /* of the next step */
	s2st_s2ut_item *item; /* NULL: the seat is free */
} s2_seat;

struct s2st_s2ut_session {
	const s2st_s2ut *m;
	s2_exec x;
	s2_s2ut_decoder decoder;
	s2_arena *results;
	s2_mark empty, no_results;
	s2_seat *seats; /* [n_seats] as many as a batch has needed so far */
	size_t n_seats;
};

/* Empties the session's memory. */
void s2_s2ut_begin(s2st_s2ut_session *s);
/* In x.scratch: what the encoder gives for samples [n], of which the network takes *frames. */
S2ST_CHECK int s2_s2ut_encode_samples(s2st_s2ut_session *s, const float *samples, size_t n, const float *speaker,
				      s2st_matrix *out, size_t *frames, s2st_error *err);
/* StackedEmbedding.forward: the units_per_step tokens that one number stands for. */
void s2_s2ut_unpack(const s2_s2ut_config *c, int64_t token, int32_t *tokens);
size_t s2_s2ut_code_units(const s2_s2ut_config *c); /* K */

/* The token that `name` means: a symbol, a language without its brackets, or a token id. */
S2ST_CHECK int s2_s2ut_token(const s2st_s2ut *m, const char *name, int32_t *out, s2st_error *err);

#endif
