/* Units to speech: the unit HiFi-GAN. Part of s2st.h, which tells how the library is used. */
#ifndef S2ST_VOCODER_H
#define S2ST_VOCODER_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct s2st_vocoder s2st_vocoder;
typedef struct s2st_vocoder_session s2st_vocoder_session;

typedef struct s2st_vocoder_info {
	int n_units;     /* rows of the unit embedding */
	int n_speakers;  /* 0: single speaker or speaker by vector */
	int speaker_dim; /* width of the speaker vector it takes; 0: none */
	int n_styles;    /* 0: none */
	bool has_duration_predictor;
	bool has_f0;
	int n_f0_bins;   /* f0 values are numbers of bins below this; 0: they are used as they are */
	int feature_dim; /* width of the other features it takes; 0: none */
	int sample_rate;
	int hop; /* samples a unit frame */
} s2st_vocoder_info;

/* `config`: config.json of the vocoder; NULL: NAME.json, config.json or vocoder.json beside the model. */
S2ST_CHECK int s2st_vocoder_open(s2st_vocoder **out, s2st_context *ctx, const char *model, const char *config,
				 s2st_error *err);
void s2st_vocoder_free(s2st_vocoder *v);
void s2st_vocoder_get_info(const s2st_vocoder *v, s2st_vocoder_info *out);
S2ST_CHECK int s2st_vocoder_session_new(s2st_vocoder_session **out, const s2st_vocoder *v, s2st_error *err);
void s2st_vocoder_session_free(s2st_vocoder_session *s);

typedef struct s2st_vocode_options {
	bool dur_prediction; /* predict a duration for each unit (reduced units; the model must have a predictor);
			      * false: one frame a unit */
	int speaker;         /* 0 .. n_speakers - 1 */
	const float *speaker_vector; /* [speaker_dim] */
	int style;                   /* 0 .. n_styles - 1 */
	const float *f0; /* [n_f0] for models with f0: one value a frame; where one is finer, the other is repeated */
	size_t n_f0;
	const float *features; /* [n_features, feature_dim]; each row holds for an equal share of the frames */
	size_t n_features;
} s2st_vocode_options;

typedef struct s2st_waveform {
	const float *samples; /* [n]; owned by the session, until its next call */
	size_t n;
	int sample_rate;
	const int32_t *durations; /* [n_durations] frames of each unit; NULL without prediction */
	size_t n_durations;
} s2st_waveform;

/* Units below 0 are dropped, as the reference does (vocoder.py:216-246); units >= n_units are an error. */
S2ST_CHECK int s2st_vocoder_run(s2st_vocoder_session *s, const int32_t *units, size_t n, const s2st_vocode_options *opt,
				s2st_waveform *out, s2st_error *err);

#ifdef __cplusplus
}
#endif
#endif
