/* Speech to units: the S2UT and XM transformers and their beam search.
 * Part of s2st.h, which tells how the library is used. */
#ifndef S2ST_S2UT_H
#define S2ST_S2UT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct s2st_s2ut s2st_s2ut;
typedef struct s2st_s2ut_session s2st_s2ut_session;

typedef struct s2st_s2ut_files {
	const char *model;  /* fairseq checkpoint */
	const char *config; /* config.yaml (transforms, vocoder); NULL: beside the model if there, else defaults */
	/* dict.txt; NULL: units 0..K-1 as --target-is-code builds them, but for an XM transformer the vocab_filename of
	 * its config, else dict.txt beside the model. */
	const char *dict;
	/* Configuration of an XM transformer's wav2vec 2.0 encoder: the checkpoint that it started from, or its keys as
	 * JSON or YAML; NULL: derived from the tensors where the model lacks it. */
	const char *w2v_config;
	bool no_standardize; /* an XM transformer's samples are not normalised over the utterance */
} s2st_s2ut_files;

typedef struct s2st_s2ut_info {
	const char *kind; /* "s2ut_transformer", "s2ut_transformer_fisher", "xm_transformer" */
	int n_units;      /* K */
	int n_vocab;      /* rows of the output projection, K + 4 (+ language tags) */
	int units_per_step;
	int encoder_dim, encoder_layers, decoder_layers;
	int speaker_dim; /* width of the speaker vector it takes; 0: none */
	bool waveform;    /* takes samples: an XM transformer */
	int max_source_positions; /* filter-bank frames (10 ms), or samples; longer audio is refused, as there */
	int max_target_positions; /* decoder steps */
	const char *features;     /* "80-bin filter bank, utterance_cmvn": what the config, or its absence, asks for */
} s2st_s2ut_info; /* strings live as long as the model */

S2ST_CHECK int s2st_s2ut_open(s2st_s2ut **out, s2st_context *ctx, const s2st_s2ut_files *files, s2st_error *err);
void s2st_s2ut_free(s2st_s2ut *m);
void s2st_s2ut_get_info(const s2st_s2ut *m, s2st_s2ut_info *out);
S2ST_CHECK int s2st_s2ut_session_new(s2st_s2ut_session **out, const s2st_s2ut *m, s2st_error *err);
void s2st_s2ut_session_free(s2st_s2ut_session *s);

/* Options of fairseq's SequenceGenerator under its names (sequence_generator.py, dataclass/configs.py:811-848). */
typedef struct s2st_search_options {
	int beam;   /* 5 */
	int nbest;  /* 1; at most beam */
	double max_len_a; /* 0: at most a * (fbank frames, or samples where the model takes them) + b tokens */
	int max_len_b;    /* 200 */
	int min_len;      /* 1 */
	double lenpen;    /* 1 */
	double unkpen;    /* 0 */
	double temperature;  /* 1 */
	int no_repeat_ngram; /* 0: off */
	/* First target symbol: "[en]", "en", or a token id; NULL: none. Where the config says
	 * prepend_tgt_lang_tag_as_bos it takes the place of </s> as the first decoder input (--infer-target-lang), else
	 * it is forced as first output. */
	const char *prefix;
	const float *speaker; /* [speaker_dim] for models with a target speaker embedding */
	int batch; /* inputs of s2st_s2ut_generate_batch that are decoded together; 0: as many as the CPU gains from */
} s2st_search_options;
/* Models with units_per_step > 1 are searched greedily, as in the reference: of these options only `speaker` matters to
 * them, and their one hypothesis has no closing </s>. */

s2st_search_options s2st_search_defaults(void);
/* What a model is usually searched with: the above, but for XM transformers beam 10 and max_len_a 1/320, as their
 * length is counted in samples. */
s2st_search_options s2st_s2ut_search_defaults(const s2st_s2ut *m);

typedef struct s2st_hypothesis {
	const int32_t *tokens; /* dictionary ids, the closing </s> (2) included */
	size_t n_tokens;
	const int32_t *units; /* what the vocoder takes: numeric symbols only */
	size_t n_units;
	const float *positional_scores; /* [n_tokens] natural logs */
	double score;                   /* sum / length^lenpen, natural log */
	bool hit_max_len;               /* cut by max-len rather than ended by the model */
} s2st_hypothesis;

typedef struct s2st_nbest {
	const s2st_hypothesis *hyps; /* best first */
	size_t n;
	int32_t first; /* token that the decoder was given before them: </s>, or a language tag */
} s2st_nbest; /* owned by the session, until its next call */

/* `samples` [n] mono, 16 kHz. */
S2ST_CHECK int s2st_s2ut_generate(s2st_s2ut_session *s, const float *samples, size_t n, const s2st_search_options *opt,
				  s2st_nbest *out, s2st_error *err);
/* The same for many inputs, faster: `batch` of them share each pass over the decoder's weights, and when one is done
 * the next takes its place. Every result has the bytes that s2st_s2ut_generate gives for its input alone. One that
 * fails does not stop the others; the call as a whole fails with options that no input could be searched with.
 * Memory grows with `batch`, not with n (but for the results): an input in hand takes 8 * decoder_layers * encoder_dim
 * bytes for each encoder frame and for each different token in its hypotheses. */
typedef struct s2st_s2ut_item {
	const float *samples; /* [n] mono, 16 kHz */
	size_t n;
	int status;       /* out: what s2st_s2ut_generate would return */
	s2st_nbest best;  /* out, where status is not negative */
	s2st_error error; /* out, where it is */
} s2st_s2ut_item;
S2ST_CHECK int s2st_s2ut_generate_batch(s2st_s2ut_session *s, s2st_s2ut_item *items, size_t n,
					const s2st_search_options *opt, s2st_error *err);
/* What `batch` 0 stands for with the other options (NULL: the model's defaults); else `batch`. */
size_t s2st_s2ut_batch(const s2st_s2ut *m, const s2st_search_options *opt);
/* The model's input (fbank after the config's transforms), its encoder output, log-probabilities of a given decoder
 * input `tokens` [n_tokens] (starts with </s>) -> [n_tokens, n_vocab]. With r units a step, `tokens` is </s> and then
 * r tokens for each further step -> [steps * r, n_vocab]. `speaker` [speaker_dim], NULL for models without. */
S2ST_CHECK int s2st_s2ut_features(s2st_s2ut_session *s, const float *samples, size_t n, s2st_matrix *out,
				  s2st_error *err);
S2ST_CHECK int s2st_s2ut_encode(s2st_s2ut_session *s, const float *samples, size_t n, const float *speaker,
				s2st_matrix *out, s2st_error *err);
S2ST_CHECK int s2st_s2ut_force(s2st_s2ut_session *s, const float *samples, size_t n, const float *speaker,
			       const int32_t *tokens, size_t n_tokens, s2st_matrix *out, s2st_error *err);
/* Where the decoder looks when it chooses each token of a hypothesis (`tokens` [n_tokens]; `first` is the nbest's):
 * attention of its last layer, mean of the heads, as fairseq aligns -> [steps, T]; T is the encoder's output, each of
 * whose frames stands for an equal share of the audio. Tokens of the session itself may be given. */
S2ST_CHECK int s2st_s2ut_attention(s2st_s2ut_session *s, const float *samples, size_t n, const float *speaker,
				   int32_t first, const int32_t *tokens, size_t n_tokens, s2st_matrix *out,
				   s2st_error *err);
/* Symbol of a token ("17", "</s>", "[en]"); NULL outside the dictionary. */
const char *s2st_s2ut_symbol(const s2st_s2ut *m, int32_t token);

#ifdef __cplusplus
}
#endif
#endif
