/* Unit HiFi-GAN: discrete units to a waveform.
 *
 * Layer: models. Equals fairseq's CodeHiFiGANVocoder (models/text_to_speech/{vocoder,codehifigan,hifigan}.py) in eval
 * mode with weight norm removed. Channels-last; F frames, L samples, stage s has C >> (s+1) channels:
 *
 *   units [n] ── dict ── [n, E] ──(duration predictor: each row repeated)── [F, E]
 *        [F, E | f0 | speaker | style | features] = [F, model_in_dim]
 *        conv_pre k7                                            [F, C]
 *        per stage: leaky 0.1, transposed conv (rate u)         [F*u.., C/2]
 *                   mean over kernels of residual blocks        [F*u.., C/2]
 *        leaky 0.01, conv_post k7, tanh                         [L]
 *
 * Long inputs are computed in tiles of frames and, inside a stage, in tiles of rows: each reads its neighbours' rows as
 * far as its convolutions reach, and zeros only beyond the true ends. A sample's sum is the same chain of operations in
 * any tile, so tile sizes and threads change no byte, and scratch memory does not grow with the input. */
#ifndef S2_MODELS_VOCODER_H
#define S2_MODELS_VOCODER_H

#include "formats/value.h"
#include "layers/linear.h"
#include "math/short_conv.h"

enum {
	S2_VOCODER_MAX_STAGES = 16,
	S2_VOCODER_MAX_KERNELS = 16,
	S2_VOCODER_MAX_DILATIONS = 8,
};

/* config.json (codehifigan.py, hifigan.py); everything has been range-checked. */
typedef struct s2_vocoder_config {
	size_t n_units, embedding_dim, in_dim; /* in_dim = model_in_dim */
	size_t channels;                       /* upsample_initial_channel, halved by each stage */
	size_t n_stages, rate[S2_VOCODER_MAX_STAGES], kernel[S2_VOCODER_MAX_STAGES];
	size_t n_kernels, res_kernel[S2_VOCODER_MAX_KERNELS];
	size_t n_dilations[S2_VOCODER_MAX_KERNELS];
	size_t dilation[S2_VOCODER_MAX_KERNELS][S2_VOCODER_MAX_DILATIONS];
	bool multispkr, embedder; /* speakers by number, or by vector where `embedder` */
	size_t n_speakers, embedder_dim;
	bool multistyle; /* textlesslib's Expresso vocoders */
	size_t n_styles;
	bool f0;
	size_t n_f0_bins; /* 0: f0 values are a channel of their own, else numbers of an embedding's rows */
	bool has_durations;
	size_t dur_hidden_dim;
	size_t feature_dim; /* what in_dim holds beyond the parts above */
	size_t hop;         /* product of the rates */
	int sample_rate;
} s2_vocoder_config;

S2ST_CHECK int s2_vocoder_config_read(s2_vocoder_config *out, const char *path, s2st_error *err);
S2ST_CHECK int s2_vocoder_config_parse(s2_vocoder_config *out, const s2_value *json, const char *name, s2st_error *err);

/* Conv1d with "same" padding: c.pad rows on either side. */
typedef struct s2_vocoder_pair {
	/* x += second(leaky(first(leaky(x)))), or, without a second (its k is 0), x += first(leaky(x)) */
	s2_conv1d first, second;
	const s2_short_conv *fast[2]; /* used instead, and they have no weight; NULL: where that would save nothing */
} s2_vocoder_pair;

typedef struct s2_vocoder_block {
	size_t n_pairs;
	s2_vocoder_pair pairs[S2_VOCODER_MAX_DILATIONS];
	size_t reach; /* rows of input on either side of an output row, at most */
} s2_vocoder_block;

typedef struct s2_vocoder_stage {
	s2_conv1d up; /* transposed */
	size_t n_blocks;
	s2_vocoder_block blocks[S2_VOCODER_MAX_KERNELS];
	size_t reach;     /* of the widest block */
	size_t conv_work; /* floats that a convolution works with, at most */
} s2_vocoder_stage;

/* VariancePredictor (fastspeech2.py): conv k3, ReLU, LayerNorm, twice; linear to one number. */
typedef struct s2_vocoder_durations {
	s2_conv1d conv1, conv2;
	s2_norm ln1, ln2;
	s2_linear proj; /* [1, hidden] */
} s2_vocoder_durations;

/* Immutable after open; shared by threads. */
typedef struct s2_vocoder {
	s2_vocoder_config cfg;
	s2_checkpoint *ckpt;
	const char *name; /* of the model file, for messages */
	s2_arena *arena;

	s2_weight dict;     /* [n_units, E] */
	s2_weight speakers; /* [n_speakers, E]; no data: none, or by vector */
	s2_linear speaker;  /* [E, embedder_dim]; no data: none, or by number */
	s2_weight styles;   /* [n_styles, E] */
	s2_weight f0_bins;  /* [n_f0_bins, E] */
	s2_vocoder_durations durations;
	s2_conv1d pre, post;
	s2_vocoder_stage stages[S2_VOCODER_MAX_STAGES];
} s2_vocoder;

/* `config` NULL: NAME.json, config.json or vocoder.json beside the model. On failure *v is to be freed as well. */
S2ST_CHECK int s2_vocoder_open(s2_vocoder *v, const char *model, const char *config, s2st_precision precision,
			       s2st_error *err);
void s2_vocoder_free(s2_vocoder *v); /* what it holds, not v itself */

/* Sets reach and conv_work once the convolutions are there. */
void s2_vocoder_stage_finish(s2_vocoder_stage *s);

/* Samples of `frames` frames: frames * hop, and a few more where kernel - rate is odd. SIZE_MAX: too many to count. */
size_t s2_vocoder_out_len(const s2_vocoder *v, size_t frames);

/* Sizes of the tiles; they change speed and memory, never a byte of the result. */
typedef struct s2_vocoder_tiles {
	size_t frames; /* of a whole pass through the network */
	size_t floats; /* of one signal of a stage's tile */
} s2_vocoder_tiles;

/* One caller's scratch memory and results. */
typedef struct s2_vocoder_state {
	const s2_vocoder *v;
	s2_exec x;
	s2_vocoder_tiles tiles;
	s2_arena *input; /* units, durations and conditions of the current call */
	float *wave;     /* [wave_cap] */
	size_t wave_cap;
} s2_vocoder_state;

S2ST_CHECK int s2_vocoder_state_init(s2_vocoder_state *s, const s2_vocoder *v, s2_pool *pool, const s2_kernels *k,
				     s2st_error *err);
void s2_vocoder_state_free(s2_vocoder_state *s); /* what it holds, not s itself */
S2ST_CHECK int s2_vocoder_run(s2_vocoder_state *s, const int32_t *units, size_t n, const s2st_vocode_options *opt,
			      s2st_waveform *out, s2st_error *err);

/* ---- between the parts of the vocoder ------------------------------------------------------------------------- */

/* What the generator reads: F rows [in_dim], made when a tile asks for them (vocoder_input.c). */
typedef struct s2_vocoder_input {
	size_t n_units, n_frames;
	const int32_t *units;     /* [n_units] without negative ones */
	const int32_t *durations; /* [n_units] or NULL: 1 each */
	const size_t *ends;       /* [n_units] frames up to and with each unit; NULL without durations */
	size_t repeat;            /* generator frames for each frame of the units (f0 can be finer than the units) */
	const float *f0;
	size_t f0_repeat; /* generator frames for each value */
	const float *speaker, *style; /* [E]; NULL: none */
	const float *features;        /* [.., feature_dim] */
	size_t feature_repeat;
} s2_vocoder_input;

S2ST_CHECK int s2_vocoder_input_init(s2_vocoder_input *in, s2_vocoder_state *s, const int32_t *units, size_t n,
				     const s2st_vocode_options *opt, s2st_error *err);
/* Rows [first, end) of the generator's input into out [end - first, in_dim]. */
void s2_vocoder_input_rows(const s2_vocoder_input *in, const s2_vocoder *v, float *out, size_t first, size_t end);
/* Frames of each unit: max(1, round(exp(p) - 1)), into out [n]. */
S2ST_CHECK int s2_vocoder_predict(s2_vocoder_state *s, const int32_t *units, size_t n, int32_t *out, s2st_error *err);
/* The generator (vocoder_generate.c): wave [s2_vocoder_out_len]. */
S2ST_CHECK int s2_vocoder_generate(s2_vocoder_state *s, const s2_vocoder_input *in, float *wave, s2st_error *err);

#endif
