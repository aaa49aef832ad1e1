/* The features of an audio file, block by block, so that a recording of hours needs no more memory than one of minutes.
 *
 * Layer: models. A network sees the file as fairseq's HubertFeatureReader shows it (textless_nlp/gslm/speech2unit/
 * pretrained/hubert_feature_reader.py:52-73): normalised over the whole file where the model wants that, then cut into
 * chunks of 1,600,000 samples without overlap, each on its own. A last chunk that is too short for a frame, where the
 * reference raises, is dropped. Normalising takes a pass over the file of its own, unless the file is a single chunk.
 * Log-mel and MFCC frames depend on a few neighbours only: they are the same for any size of block. */
#ifndef S2_MODELS_FEATURE_READER_H
#define S2_MODELS_FEATURE_READER_H

#include "audio/audiofile.h"
#include "models/extractor.h"

enum { S2_CHUNK_SAMPLES = 1600000 };

typedef struct s2_feature_reader {
	const s2_extractor *e;
	size_t layer; /* 1..n_layers; 0: no network */
	float *mix;   /* [n_layers + 1] weights of s2_encoder_mix instead; NULL: none */
	s2_exec x;

	float *samples; /* [cap_samples]; the first n_samples wait to be used */
	size_t n_samples, cap_samples;
	float *features; /* [cap_rows, dim] */
	size_t cap_rows;

	s2st_archives *archives; /* of slices; the reader's own */
	s2_audio_stream *stream; /* NULL: no file is open */
	int spool;               /* stdin kept in memory; -1: none */
	bool at_end;
	double mean, scale; /* of the file */
	size_t lead;        /* frames at the start of `samples` that were given out before */
	size_t frames;      /* given out so far */

	size_t n_read, n_dropped; /* samples */
	int source_rate, source_channels;
} s2_feature_reader;

typedef struct s2_frames {
	const float *at; /* [n, dim]; the reader's, until its next call */
	size_t n;
} s2_frames;

S2ST_CHECK int s2_feature_reader_init(s2_feature_reader *r, const s2_extractor *e, size_t layer, s2_pool *pool,
				      const s2_kernels *kernels, s2st_error *err);
void s2_feature_reader_free(s2_feature_reader *r); /* also after a failed init */

/* Features are the sum of all layers from here on, times the softmax of learned [n]. */
S2ST_CHECK int s2_feature_reader_mix(s2_feature_reader *r, const float *learned, size_t n, s2st_error *err);

/* Begins a file (or "-"), and closes the one before. `channel`: from 1; 0 the mean of all. */
S2ST_CHECK int s2_feature_reader_open(s2_feature_reader *r, const char *path, int channel, s2st_error *err);
/* 1: the next block; 0: the end, the file is closed. */
S2ST_CHECK int s2_feature_reader_next(s2_feature_reader *r, s2_frames *out, s2st_error *err);

#endif
