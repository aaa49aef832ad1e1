/* S2UT: speech to discrete units with a transformer (https://arxiv.org/abs/2107.05604), and XM transformers, which
 * have the same decoder behind a wav2vec 2.0 encoder (xm.h).
 *
 *   filter bank [frames, n_feat]
 *     -> subsample (strided convolutions)           [T, d]
 *     -> * sqrt(d) + sinusoidal positions from 2
 *     -> encoder layers -> layer norm (pre-norm)    [T, d]
 *     -> with a target speaker: Linear([h, speaker])
 *   units so far
 *     -> embedding * sqrt(d') + positions from 2 (-> layer norm)
 *     -> decoder layers over the encoder output -> layer norm -> output projection -> log-softmax [vocab]
 *   With units_per_step r > 1 a step reads r units (embeddings side by side, one linear) and gives r rows of
 *   log-probabilities (one linear to r vectors, the same output projection for each).
 *
 * Layer: models. fairseq models/speech_to_speech/s2s_transformer.py, models/speech_to_text/s2t_transformer.py,
 * models/transformer/transformer_decoder.py, models/speech_to_speech/modules/stacked_embedding.py. */
#ifndef S2_MODELS_S2UT_H
#define S2_MODELS_S2UT_H

#include "layers/subsample.h"
#include "layers/transformer.h"
#include "models/xm.h"

enum { S2_MAX_UNITS_PER_STEP = 64 };

typedef struct s2_s2ut_config {
	const char *arch; /* "s2ut_transformer", "s2ut_transformer_fisher", "xm_transformer" */
	bool waveform;    /* an XM transformer: frames are samples; of `encoder` only dim is set */
	s2_transformer_config encoder, decoder;
	size_t encoder_layers, decoder_layers;
	size_t n_feat;     /* width of a frame: input_feat_per_channel * input_channels; 1: a sample */
	size_t vocab;      /* rows of the unit embedding: K + 4 (+ language tags) */
	size_t code_size;  /* target_code_size, the K of the task; 0: not said */
	size_t embed_dim;  /* width of the unit embedding; decoder.dim but where project_in_dim is */
	size_t output_dim; /* width before the output projection; decoder.dim but where project_out_dim is */
	size_t units_per_step;
	size_t speaker_dim; /* 0: no target speaker */
	size_t max_source_positions; /* filter-bank frames, or samples */
	size_t max_target_positions; /* decoder steps */
	float encoder_scale, decoder_scale;
	bool token_positions, learned_positions;
} s2_s2ut_config;

typedef struct s2_s2ut_weights {
	s2_subsample subsample;
	s2_transformer_layer *encoder, *decoder;
	s2_norm encoder_norm, embed_norm, decoder_norm; /* w NULL: none */

	s2_linear speaker;                 /* [d, d + speaker_dim] */
	s2_weight embed;                   /* [vocab, embed_dim] */
	s2_weight positions;               /* [max_target_positions + 2, d']; learned only */
	s2_linear project_in, project_out; /* [d', embed_dim], [output_dim, d']; w.data NULL: none */
	s2_linear stack_in, stack_out;     /* [embed_dim, r * embed_dim], [r * output_dim, output_dim]; r > 1 only */
	s2_linear output;                  /* [vocab, output_dim]; the embedding where the two are tied */
} s2_s2ut_weights;

typedef struct s2_s2ut {
	s2_s2ut_config cfg;
	s2_s2ut_weights w;
	s2_xm xm; /* waveform only, in place of w's subsample and encoder */
} s2_s2ut;

/* Sizes come from the tensors and are checked against the config; what tensors cannot tell comes from the config or
 * from the architecture's defaults. Disagreement is an error with both numbers. `xm`: the encoder side of an XM
 * transformer, bound before; NULL: an S2UT transformer. */
S2ST_CHECK int s2_s2ut_configure(s2_s2ut_config *out, const s2_xm *xm, const s2_checkpoint *c, s2st_error *err);

/* Everything lies in the binder's arena and in the checkpoint, which outlive the model. `w2v` as in s2_xm_bind. */
S2ST_CHECK int s2_s2ut_bind(s2_s2ut *out, const s2_binder *b, const s2_value *w2v, s2st_error *err);

/* ---- encoder ---- */

/* out [*len, encoder.dim] in memory of x->scratch from feat [frames, n_feat] (normalised samples with `waveform`).
 * `speaker` [speaker_dim] for models with one. */
S2ST_CHECK int s2_s2ut_encode(const s2_s2ut *m, const s2_exec *x, const float *feat, size_t frames,
			      const float *speaker, float **out, size_t *len, s2st_error *err);

/* ---- decoder ---- */

/* One pass over the weights a step, for the hypotheses of all sentences in hand. */
typedef struct s2_s2ut_decoder {
	const s2_s2ut *m;
	const s2_exec *x;
	s2_past_store store;
} s2_s2ut_decoder;

S2ST_CHECK int s2_s2ut_decoder_init(s2_s2ut_decoder *d, const s2_s2ut *m, const s2_exec *x, s2st_error *err);
void s2_s2ut_decoder_free(s2_s2ut_decoder *d); /* its sentences are void */

/* A sentence joins: `rows` hypotheses, at most max_steps steps (cut to max_target_positions), over enc [enc_len,
 * encoder.dim], which is not needed afterwards. Its memory is `a`'s, apart from the blocks that s2_cache_release gives
 * back to the decoder. */
S2ST_CHECK int s2_s2ut_decoder_enter(s2_s2ut_decoder *d, s2_cache *sentence, s2_arena *a, const float *enc,
				     size_t enc_len, size_t rows, size_t max_steps, s2st_error *err);

/* What a step feeds to one sentence. */
typedef struct s2_s2ut_input {
	s2_cache *sentence;
	const int32_t *tokens; /* [rows, units_per_step] */
	const int32_t *parent; /* [rows], as in s2_cache_advance */
	size_t rows;
} s2_s2ut_input;

/* One step of n sentences, each at a position of its own. log_probs [all rows, units_per_step, vocab] of softmax(logits
 * / temperature), in the order of `in`: a row's bytes do not depend on the others. */
S2ST_CHECK int s2_s2ut_decoder_step(s2_s2ut_decoder *d, const s2_s2ut_input *in, size_t n, float temperature,
				    float *log_probs, s2st_error *err);

#endif
