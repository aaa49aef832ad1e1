/* The encoder of s2u-quantize and s2u-kmeans: its options, opening, notices about what it read. */
#include "cli_encoder.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_TOLERANCE = 160 }; /* samples by which a manifest may be off, hubert_feature_reader.py */

void cli_encoder_options(cli_encoder *e, cli_option out[CLI_N_ENCODER_OPTIONS])
{
	const cli_option options[CLI_N_ENCODER_OPTIONS] = {
		{'m', "model", CLI_TEXT, "MODEL", &e->model_file, 0, 0,
		 "encoder: fairseq checkpoint or Hugging Face folder"},
		{0, "layer", CLI_TEXT, "L", &e->layer_text, 0, 0,
		 "features after this layer, from 1; -1 is the last; none: the pack's"},
		{0, "feature-type", CLI_CHOICE, "hubert|logmel|mfcc", &e->feature_type, 0, 0,
		 "a layer of the model, 80 log-mel bins or 39 MFCC values (both each 10 ms)"},
		{0, "channel", CLI_INT, "N", &e->channel, 0, 1024, "use channel N, from 1; 0: the mean of all"},
	};
	memcpy(out, options, sizeof options);
}

static int read_layer(const cli *c, const char *text)
{
	char *end;
	errno = 0;
	const long layer = strtol(text, &end, 10);
	if (end == text || *end || errno || layer < -1 || layer == 0 || layer > INT_MAX)
		cli_misuse(c, "--layer: expected a number from 1, or -1 for the last, found '%s'", text);
	return (int)layer;
}

void cli_encoder_configure(const cli *c, cli_encoder *e, const s2st_pack *pack, bool pack_layer)
{
	const bool network = e->feature_type == S2ST_FEATURE_NETWORK;
	pack_layer = pack_layer && !e->model_file;
	if (pack && network && !e->model_file)
		e->model_file = s2st_pack_file(pack, "encoder");
	if (e->layer_text)
		e->layer = read_layer(c, e->layer_text);
	else if (pack && pack_layer)
		e->layer = s2st_pack_layer(pack);
}

void cli_encoder_check(const cli *c, const cli_encoder *e)
{
	const bool network = e->feature_type == S2ST_FEATURE_NETWORK;
	if (network && !e->model_file)
		cli_misuse(c, "no encoder: give -m MODEL or --pack DIR");
	if (e->weights_file && (!network || e->layer_text))
		cli_misuse(c, "--layer-weights: of all layers of a network; found %s",
			   network ? "--layer too" : "--feature-type");
	if (network && e->layer == 0 && !e->weights_file)
		cli_misuse(c, "no layer: give --layer N, the one that the k-means model was made from (-1: the last)");
	if (!network && e->model_file)
		cli_misuse(c, "--feature-type: these features need no model, found -m %s", e->model_file);
	if (!network)
		cli_no_precision(c, "no network computes these features");
}

int cli_encoder_open(cli *c, cli_encoder *e, s2st_context *context, const s2st_kmeans *kmeans, const char *kmeans_file)
{
	s2st_error err;
	const char *about = e->model_file;
	e->context = context;
	e->kmeans = kmeans;
	int rc = cli_depend(c, e->model_file, &err);
	if (rc == S2ST_OK)
		rc = cli_depend(c, kmeans_file, &err);
	if (rc == S2ST_OK)
		rc = cli_depend(c, e->weights_file, &err);
	if (rc == S2ST_OK && e->weights_file &&
	    (rc = s2st_npy_read(&e->weights, &e->n_weights, e->weights_file, &err)) < 0)
		about = e->weights_file;
	if (rc == S2ST_OK)
		rc = s2st_encoder_open(&e->model, context, (s2st_feature_type)e->feature_type, e->model_file, &err);
	if (rc == S2ST_OK) {
		s2st_encoder_get_info(e->model, &e->info);
		s2st_quantizer *session = NULL;
		rc = cli_encoder_session(e, &session, &err);
		if (rc == S2ST_EMODEL)
			about = kmeans_file;
		s2st_quantizer_free(session);
	}
	if (rc == S2ST_OK)
		return CLI_OK;
	cli_error(c, about, err.text);
	return rc == S2ST_EINPUT ? CLI_USAGE : CLI_MODEL;
}

int cli_encoder_session(const cli_encoder *e, s2st_quantizer **out, s2st_error *err)
{
	int rc = s2st_quantizer_new(out, e->model, e->weights ? -1 : e->layer, e->kmeans, err);
	if (rc < 0 || !e->weights)
		return rc;
	rc = s2st_quantizer_mix(*out, e->weights, e->n_weights, err);
	if (rc < 0) {
		s2st_quantizer_free(*out);
		*out = NULL;
	}
	return rc;
}

void cli_encoder_close(cli_encoder *e)
{
	s2st_encoder_free(e->model);
	free(e->weights);
}

void cli_encoder_note(const cli_encoder *e, const s2st_quantizer *session, const s2st_input *row, cli_result *result)
{
	s2st_quantizer_audio a;
	const char *name = cli_display(row->path);
	s2st_quantizer_get_audio(session, &a);
	cli_note_audio(result, row->path, a.source_rate, a.sample_rate, e->channel ? 1 : a.source_channels);
	if (a.dropped)
		cli_result_note(result, CLI_NOTE_TAIL,
				"%s: the last %zu samples are too few for a frame and were left out", name, a.dropped);
	/* GSLM manifests count samples; tables, which also have targets, count 10 ms frames. */
	const int64_t said = row->target ? -1 : row->n_frames, off = said - (int64_t)a.samples;
	if (said >= 0 && a.source_rate == a.sample_rate && (off > LENGTH_TOLERANCE || off < -LENGTH_TOLERANCE))
		cli_result_note(result, CLI_NOTE_LENGTH, "%s: the manifest says %lld samples, found %zu", name,
				(long long)said, a.samples);
	result->seconds = (double)a.samples / a.sample_rate;
}
