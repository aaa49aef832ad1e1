/* fairseq's config.yaml: what a speech model is fed with.
 *
 * Layer: models. fairseq/data/audio/data_cfg.py (S2TDataConfig, S2SDataConfig), data/audio/feature_transforms/. Read
 * are the kind of input and the size of a frame, the evaluation-time feature transforms and the target dictionary;
 * training-only keys are passed over. Files are only looked for beside the config itself, whatever folder it names. */
#ifndef S2_MODELS_DATA_CONFIG_H
#define S2_MODELS_DATA_CONFIG_H

#include <stdbool.h>

#include "base/arena.h"

enum { S2_MAX_TRANSFORMS = 8 };

typedef struct s2_transform {
	const float *mean, *std; /* [n_bins]: global CMVN; NULL: CMVN over the utterance, with */
	bool norm_means, norm_vars;
} s2_transform;

typedef struct s2_data_config {
	/* use_audio_input: samples in place of a filter bank, layer-normed over the utterance whatever
	 * standardize_audio says (speech_to_text_dataset.py:246 tests a method, which is always true). */
	bool waveform;
	size_t n_bins;   /* of the filter bank; 1: a sample */
	size_t channels; /* of the input; 1 */
	size_t n_transforms;
	s2_transform transforms[S2_MAX_TRANSFORMS]; /* in this order */

	const char *vocab;   /* path of the target dictionary; NULL: none named */
	bool lang_tag_first; /* the first decoder input is a language tag of `vocab`, not </s> */
	bool lang_tag_forced; /* prepend_tgt_lang_tag: the first output is one */
	const char *eos;     /* symbol that ends (and, as </s> does, starts) a sentence; NULL: </s> */
	const char *text;    /* "80-bin filter bank, utterance_cmvn" */
} s2_data_config;

/* What a model without a config.yaml gets: as many bins as it takes, utterance CMVN; or samples. */
S2ST_CHECK int s2_data_config_default(s2_data_config *out, s2_arena *a, bool waveform, size_t n_bins, s2st_error *err);

/* Strings lie in `a`. Transforms are those of the split "test", else of "_eval", else of "*". */
S2ST_CHECK int s2_data_config_read(s2_data_config *out, s2_arena *a, const char *path, s2st_error *err);

/* feat [frames, n_bins], in place; filter banks only. */
void s2_data_config_apply(const s2_data_config *c, float *feat, size_t frames);

#endif
