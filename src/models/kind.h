/* What kind of network a checkpoint holds, told by the names of its tensors and, where these are shared, its
 * architecture.
 *
 * Layer: models. Nothing is checked beyond what tells kinds apart: opening the model does that. */
#ifndef S2_MODELS_KIND_H
#define S2_MODELS_KIND_H

#include "formats/checkpoint.h"

typedef enum s2_kind {
	S2_KIND_UNKNOWN,
	S2_KIND_S2UT,
	S2_KIND_S2UT_CONFORMER,
	S2_KIND_S2SPECT,
	S2_KIND_UNITY,
	S2_KIND_S2T,
	S2_KIND_XM,
	S2_KIND_HUBERT,
	S2_KIND_WAV2VEC2,
	S2_KIND_WAVLM,
	S2_KIND_CTC,
	S2_KIND_CTC_HF,
	S2_KIND_CLASSIFIER,
	S2_KIND_LASER,
	S2_KIND_SPEAKER,
	S2_KIND_SPEECHT5,
	S2_KIND_VOCODER,
	S2_KIND_VITS,
	S2_KIND_TEXT,
	S2_KIND_EXPERTS,
	S2_N_KINDS
} s2_kind;

s2_kind s2_model_kind(const s2_checkpoint *c);

/* "s2ut_transformer", "hubert", ... for programs; "an S2UT transformer (speech to units)", ... for sentences. */
const char *s2_kind_name(s2_kind k);
const char *s2_kind_text(s2_kind k);

/* The architecture that a fairseq config names (cfg.model._name, args.arch); NULL: none. */
const char *s2_model_arch(const s2_checkpoint *c);

/* 0, or S2ST_EMODEL: "FILE: expected an S2UT transformer (speech to units), found a unit vocoder". */
S2ST_CHECK int s2_expect_kind(const s2_checkpoint *c, s2_kind want, s2st_error *err);

#endif
