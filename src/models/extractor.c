#include "models/extractor.h"

enum { RATE = 16000, RECIPE_HOP = 160, LOGMEL_BINS = 80 };

int s2_extractor_open(s2_extractor *e, s2st_feature_type type, const char *model, s2st_precision precision,
		      s2st_error *err)
{
	*e = (s2_extractor){.type = type, .sample_rate = RATE, .hop = RECIPE_HOP};
	if (type != S2ST_FEATURE_NETWORK && precision != S2ST_FP32)
		return s2_fail(err, S2ST_EINPUT, "features: no network computes them, so there is nothing to do in %s",
			       s2st_precision_name(precision));
	switch (type) {
	case S2ST_FEATURE_NETWORK:
		S2_TRY(s2_encoder_open(&e->net, model, precision, err));
		e->kind = e->net->config.kind;
		e->dim = e->net->config.layer.dim;
		e->hop = s2_encoder_hop(&e->net->config);
		e->n_layers = e->net->config.n_layers;
		e->sample_rate = e->net->config.sample_rate;
		return S2ST_OK;
	case S2ST_FEATURE_LOGMEL:
		e->kind = "logmel";
		e->dim = LOGMEL_BINS;
		return s2_fbank_new_scaled(&e->fbank, RATE, LOGMEL_BINS, 1.0f, err);
	case S2ST_FEATURE_MFCC:
		e->kind = "mfcc";
		e->dim = S2_MFCC_DIM;
		return s2_mfcc_new(&e->mfcc, RATE, err);
	}
	return s2_fail(err, S2ST_EINPUT, "features: no type %d is known", (int)type);
}

void s2_extractor_close(s2_extractor *e)
{
	s2_encoder_free(e->net);
	s2_fbank_free(e->fbank);
	s2_mfcc_free(e->mfcc);
	*e = (s2_extractor){0};
}

int s2_extractor_layer(const s2_extractor *e, int layer, size_t *out, s2st_error *err)
{
	*out = 0;
	if (e->n_layers == 0)
		return S2ST_OK;
	if (layer != -1 && (layer < 1 || (size_t)layer > e->n_layers))
		return s2_fail(err, S2ST_EINPUT, "layer: expected 1 to %zu, or -1 for the last, found %d", e->n_layers,
			       layer);
	*out = layer == -1 ? e->n_layers : (size_t)layer;
	return S2ST_OK;
}
