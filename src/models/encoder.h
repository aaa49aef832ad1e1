/* The wav2vec 2.0 family as one network: wav2vec 2.0, HuBERT, mHuBERT, XLSR, WavLM, base and large, with
 * or without a CTC head; UniSpeech, UniSpeech-SAT and ILS-SSL, DistilHuBERT, data2vec.
 *
 *   samples [n]
 *     └ (x - mean) / std over the file                  when the task says `normalize`
 *     └ conv stack                                      [t, 512]   each: conv → (norm) → GELU
 *         extractor_mode default:    group norm (one group a channel) after the first conv only
 *         extractor_mode layer_norm: layer norm after each
 *     └ layer_norm → post_extract_proj                  [t, d]
 *     └ x + GELU(pos_conv(x)) (→ encoder.layer_norm when post-norm)
 *         data2vec: x + f(f(...f(x))), f(x) = GELU(layer_norm(conv(x))) without weights in the norm
 *     └ transformer layers                              [t, d]     layer n = output after the n-th, 1-based
 *         WavLM: attention scores + gate(query) * bias(distance)
 *         conformer: layers/conformer.h, without the positional convolution
 *         MMS: after each layer the adapter of a language
 *     └ encoder.layer_norm when pre-norm → proj         [t, V]     CTC head
 *
 * Layer: models. Equals fairseq models/wav2vec/wav2vec2.py and models/hubert/hubert.py in evaluation for one utterance
 * without padding. The reference pads to `required_seq_len_multiple` and masks the pad: attention never sees it, so the
 * frames that remain are the same and we do not pad. The conv stack runs in tiles of frames: memory follows it. */
#ifndef S2_MODELS_ENCODER_H
#define S2_MODELS_ENCODER_H

#include "layers/adapter.h"
#include "layers/conformer.h"
#include "layers/distance.h"
#include "layers/transformer.h"

enum { S2_ENCODER_MAX_CONV = 16 };

typedef enum s2_encoder_layout { S2_LAYOUT_FAIRSEQ, S2_LAYOUT_HF } s2_encoder_layout;

typedef struct s2_encoder_config {
	const char *kind; /* "hubert", "wav2vec2", "wav2vec_ctc", "hubert_ctc"; arena or static */
	s2_encoder_layout layout;
	const char *prefix; /* of the encoder's tensors: "", "w2v_encoder.w2v_model.", "wav2vec2.", ... */
	const char *head;   /* prefix of the CTC projection; NULL: none */
	size_t n_conv;
	struct {
		size_t c_in, c_out, k, stride;
	} conv[S2_ENCODER_MAX_CONV];
	bool conv_bias;
	bool conv_layer_norm; /* each conv; else group norm after the first */
	bool has_feature_norm; /* layer_norm before the projection; DistilHuBERT has none */
	bool has_projection;   /* post_extract_proj; absent when the widths agree */
	size_t pos_kernel, pos_groups;
	size_t pos_depth; /* convolutions of positions, one on another (data2vec); 0: a single one with weight norm */
	s2_transformer_config layer;
	s2_conformer_config conformer; /* dim 0: layers are the transformer's */
	s2_distance_buckets distances; /* WavLM; n 0: attention knows no distances */
	size_t n_layers;
	s2_act adapter_act; /* of layers that end with an adapter (layer.adapted) */
	bool normalize; /* input layer-normed over the file */
	int sample_rate;
	size_t n_vocab; /* rows of the CTC head; 0: none */
} s2_encoder_config;

typedef struct s2_encoder_weights {
	struct {
		s2_conv1d conv;
		const s2_short_conv *fast; /* used instead, and conv has no weight; NULL: it would save nothing */
		s2_norm norm;              /* w NULL: none */
	} conv[S2_ENCODER_MAX_CONV];
	s2_norm feature_norm; /* layer_norm, over the conv stack's channels */
	s2_linear projection;
	s2_conv1d *pos_convs; /* [pos_depth], at least one */
	const s2_short_conv **pos_fast; /* likewise */
	s2_norm norm; /* encoder.layer_norm */
	s2_transformer_layer *layers;
	s2_conformer_layer *conformers; /* in place of layers */
	s2_adapter *adapters; /* [n_layers]; NULL: none */
	s2_linear head;
} s2_encoder_weights;

typedef struct s2_encoder {
	s2_checkpoint *ckpt;
	s2_arena *arena;
	s2_encoder_config config;
	s2_encoder_weights weights;
	s2st_precision precision; /* of the weights */
	const struct s2_encoder *trunk; /* of one language: whose weights these are but for adapters, head; NULL: own */
	const char *language;           /* NULL: none, or that of the adapters in the trunk's own tensors */
} s2_encoder;

/* `path`: a fairseq checkpoint, or a Hugging Face folder (config.json with pytorch_model.bin or model.safetensors). */
S2ST_CHECK int s2_encoder_open(s2_encoder **out, const char *path, s2st_precision precision, s2st_error *err);
void s2_encoder_free(s2_encoder *m);

/* MMS: adapters and heads of many languages on one trunk (encoder_adapters.c). fairseq keeps them in the checkpoint's
 * `adapter`, Hugging Face in files adapter.LANG.safetensors beside the model. */
typedef struct s2_languages {
	const char **names; /* [n], sorted */
	size_t n, cap;
} s2_languages;

/* In the caller's arena; n 0: the model has none. */
S2ST_CHECK int s2_languages_find(s2_languages *l, const s2_encoder *m, s2_arena *a, s2st_error *err);
/* The model of a language, which uses the trunk's weights and needs it to live. */
S2ST_CHECK int s2_encoder_open_language(s2_encoder **out, const s2_encoder *trunk, const char *language,
					s2st_error *err);

size_t s2_encoder_hop(const s2_encoder_config *c);                 /* samples a frame: product of the strides */
size_t s2_encoder_frames(const s2_encoder_config *c, size_t n);    /* frames of n samples; 0: too short */
size_t s2_encoder_min_samples(const s2_encoder_config *c);         /* shortest input with one frame (400) */
/* The same frames for one who cannot do with none: too few samples are an error. */
S2ST_CHECK int s2_encoder_need_frames(const s2_encoder_config *c, size_t n, size_t *frames, s2st_error *err);

/* wav2vec 2.0's input normalisation, over the whole file and before any chunking: F.layer_norm, eps 1e-5. In place. */
void s2_encoder_normalize(float *samples, size_t n);
/* Samples as a file has them -> as the network takes them: a normalised copy in scratch memory, where it wants that. */
S2ST_CHECK int s2_encoder_input(const s2_exec *x, const s2_encoder *m, const float **samples, size_t n,
				s2st_error *err);

/* A convolution of a whole signal [len, c_in]; `fast`: its short form, or NULL; work: what that needs. */
void s2_encoder_convolve(const s2_exec *x, const s2_conv1d *c, const s2_short_conv *fast, float *out, const float *in,
			 size_t len, bool gelu, float *work);

/* Output of the conv stack [frames, c_out of the last conv], caller's memory. */
S2ST_CHECK int s2_encoder_conv(const s2_exec *x, const s2_encoder *m, float *out, const float *samples, size_t n,
			       s2st_error *err);

/* Features after layer `layer` (1 .. n_layers; no layer above it is computed) into out [frames, dim], caller's memory.
 * With `final` the encoder's last norm is applied as the CTC fine-tunes do (pre-norm models); the reference's feature
 * readers leave it out for every explicit layer, the last one included (wav2vec2.py:1074-1082). */
S2ST_CHECK int s2_encoder_features(const s2_exec *x, const s2_encoder *m, float *out, const float *samples, size_t n,
				   size_t layer, bool final, s2st_error *err);

/* The weights of s2_encoder_mix from those that probes learn: softmax, out [n]. */
void s2_encoder_mix_weights(float *out, const float *learned, size_t n);
/* SUPERB's representation: the sum of what the first layer reads and all layers' outputs (the last one under the final
 * norm of pre-norm models), times weights [n_layers + 1]. out [frames, dim]. */
S2ST_CHECK int s2_encoder_mix(const s2_exec *x, const s2_encoder *m, float *out, const float *samples, size_t n,
			      const float *weights, s2st_error *err);

/* CTC logits [frames, n_vocab] from features with the final norm. */
void s2_encoder_head(const s2_exec *x, const s2_encoder *m, float *out, const float *features, size_t frames);
/* The head's output [frames, n_vocab] for samples as a file has them: normalised if the model wants that, encoded by
 * all layers, projected. */
S2ST_CHECK int s2_encoder_logits(const s2_exec *x, const s2_encoder *m, float *out, const float *samples, size_t n,
				 s2st_error *err);

/* config (encoder_config.c): from the checkpoint's config where it says, from the tensors where it does not. `w2v`: a
 * config of the encoder that goes before the checkpoint's; NULL: none. */
S2ST_CHECK int s2_encoder_config_fairseq(s2_encoder_config *c, const s2_checkpoint *ckpt, const s2_value *w2v,
					 s2_arena *a, s2st_error *err);
S2ST_CHECK int s2_encoder_config_hf(s2_encoder_config *c, const s2_checkpoint *ckpt, const s2_value *json,
				    const s2_value *preprocessor, const char *json_name, s2_arena *a, s2st_error *err);
/* Weights by table (encoder_weights.c). */
S2ST_CHECK int s2_encoder_bind(s2_encoder_weights *w, const s2_encoder_config *c, const s2_binder *b, s2st_error *err);
/* Adapters and head of m->language in place of the trunk's. */
S2ST_CHECK int s2_encoder_bind_language(s2_encoder *m, const s2_binder *b, s2st_error *err);

#endif
