/* What turns audio into feature frames: a network of the wav2vec 2.0 family, or a recipe without a network.
 *
 * Layer: models. Immutable after open, shared by threads. */
#ifndef S2_MODELS_EXTRACTOR_H
#define S2_MODELS_EXTRACTOR_H

#include "audio/fbank.h"
#include "audio/mfcc.h"
#include "models/encoder.h"

typedef struct s2_extractor {
	s2st_feature_type type;
	const char *kind; /* "hubert", ..., "logmel", "mfcc" */
	s2_encoder *net;  /* S2ST_FEATURE_NETWORK */
	s2_fbank *fbank;  /* S2ST_FEATURE_LOGMEL: 80 bins, samples not scaled (GSLM's LogMelFeatureReader) */
	s2_mfcc *mfcc;    /* S2ST_FEATURE_MFCC */
	size_t dim, hop;
	size_t n_layers; /* 0 without a network */
	int sample_rate;
} s2_extractor;

/* `model` and `precision`: for s2_encoder_open. Without a network there is no model, and no precision but fp32. */
S2ST_CHECK int s2_extractor_open(s2_extractor *e, s2st_feature_type type, const char *model, s2st_precision precision,
				 s2st_error *err);
void s2_extractor_close(s2_extractor *e); /* also after a failed open */

/* `layer` as users give it (1-based, -1 the last; anything where there are no layers) to 1..n_layers (0: no layers). */
S2ST_CHECK int s2_extractor_layer(const s2_extractor *e, int layer, size_t *out, s2st_error *err);

#endif
