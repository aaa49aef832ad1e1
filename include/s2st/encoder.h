/* Speech to units of the same speech: encoders of the wav2vec 2.0 family, k-means, training.
 * Part of s2st.h, which tells how the library is used. */
#ifndef S2ST_ENCODER_H
#define S2ST_ENCODER_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- speech to units (encoder and k-means) ------------------------------------------------------------------- */

/* What units are made of. */
typedef enum s2st_feature_type {
	S2ST_FEATURE_NETWORK, /* a layer of HuBERT, wav2vec 2.0, ... */
	S2ST_FEATURE_LOGMEL,  /* 80 log-mel values each 10 ms, GSLM's */
	S2ST_FEATURE_MFCC,    /* 39 values each 10 ms: 13 cepstra with their first and second differences */
} s2st_feature_type;

typedef struct s2st_encoder s2st_encoder;

typedef struct s2st_encoder_info {
	const char *kind; /* "hubert", "wav2vec2", "wav2vec_ctc", ..., "logmel", "mfcc" */
	int n_layers;     /* 0 without a network */
	int dim;          /* values of a frame */
	int sample_rate;  /* audio is resampled to it */
	int hop;          /* samples from a frame to the next */
	bool normalize;   /* audio is normalised over the whole file, which is then read twice if it is long */
} s2st_encoder_info; /* strings live as long as the encoder */

/* `model`: a fairseq checkpoint or a Hugging Face folder; not looked at without a network. */
S2ST_CHECK int s2st_encoder_open(s2st_encoder **out, s2st_context *ctx, s2st_feature_type type, const char *model,
				 s2st_error *err);
void s2st_encoder_free(s2st_encoder *e);
void s2st_encoder_get_info(const s2st_encoder *e, s2st_encoder_info *out);
/* SHA-256 of its checkpoint; "" without a network. */
S2ST_CHECK int s2st_encoder_hash(const s2st_encoder *e, char out[S2ST_HASH_SIZE], s2st_error *err);

typedef struct s2st_kmeans s2st_kmeans;

typedef struct s2st_kmeans_info {
	int k, dim;
	const float *centroids; /* [k, dim]; lives as long as the model */
} s2st_kmeans_info;

/* `path`: joblib's km.bin (plain, zlib or gzip), of which only cluster_centers_ is used, or a .npy matrix [k, dim]. */
S2ST_CHECK int s2st_kmeans_open(s2st_kmeans **out, const char *path, s2st_error *err);
void s2st_kmeans_free(s2st_kmeans *k);
void s2st_kmeans_get_info(const s2st_kmeans *k, s2st_kmeans_info *out);

/* A session: features of audio files after one layer, and the nearest centroid of each frame. No layer above
 * is computed.
 *
 *   s2st_quantizer_open(q, "talk.wav", 0, &err);
 *   while ((rc = s2st_quantizer_next(q, &frames, &err)) > 0)
 *           use(frames.units, frames.n);
 *
 * Files are read in fairseq's chunks of 1,600,000 samples (100 s), each encoded on its own, so memory does not grow
 * with their length. */
typedef struct s2st_quantizer s2st_quantizer;

/* `layer`: 1 to n_layers, or -1 for the last; ignored without a network. `k` NULL: features only. Centroids of another
 * width than the features are refused. */
S2ST_CHECK int s2st_quantizer_new(s2st_quantizer **out, const s2st_encoder *e, int layer, const s2st_kmeans *k,
				  s2st_error *err);
void s2st_quantizer_free(s2st_quantizer *q);

typedef struct s2st_frames {
	const float *features; /* [n, dim] */
	const int32_t *units;  /* [n], below k; the lowest of centroids that are equally near; NULL without k-means */
	size_t n, dim;
} s2st_frames; /* owned by the session, until its next call */

/* Begins a file; `path` as for s2st_audio_read. `channel`: 1 the first, ...; 0 the mean of all. */
/* In place of one layer, the weighted sum of all, as SUPERB's probes take it: `learned` [n_layers + 1] are for what the
 * first layer reads and for each layer's output (the last one under the final norm of pre-norm models); their softmax
 * is taken. */
S2ST_CHECK int s2st_quantizer_mix(s2st_quantizer *q, const float *learned, size_t n, s2st_error *err);
S2ST_CHECK int s2st_quantizer_open(s2st_quantizer *q, const char *path, int channel, s2st_error *err);
/* 1: the next block of frames; 0: the end. A file without any frame is an error. */
S2ST_CHECK int s2st_quantizer_next(s2st_quantizer *q, s2st_frames *out, s2st_error *err);

typedef struct s2st_quantizer_audio {
	size_t samples; /* read so far */
	size_t dropped; /* of these, at the end: a last chunk too short for a frame */
	int sample_rate, source_rate, source_channels;
} s2st_quantizer_audio;
/* About the file that was opened last. */
void s2st_quantizer_get_audio(const s2st_quantizer *q, s2st_quantizer_audio *out);

/* ---- k-means training ---------------------------------------------------------------------------------------- */

/* Mini-batch k-means as scikit-learn's MiniBatchKMeans (1.2) computes it, with its options under its names; the
 * defaults are those of fairseq's simple_kmeans/learn_kmeans.py. Other random numbers, so other centroids, of the same
 * quality. Results do not depend on the number of threads. */
typedef struct s2st_kmeans_options {
	int n_clusters;            /* 100 */
	int batch_size;            /* 10000 */
	int n_init;                /* 20: starts by k-means++, of which the best is taken */
	int max_iter;              /* 100: passes over the data, max_iter * rows / batch_size steps, at most */
	double tol;                /* 0: off; stops when the centroids move less (relative to the data's variance) */
	int max_no_improvement;    /* 100 steps without better smoothed inertia end the training; 0: off */
	double reassignment_ratio; /* 0: sets centroids anew with less than this part of the most used one's frames */
	double fraction;           /* 1: part of the rows that is used, drawn by `seed` */
	uint64_t seed;             /* 0 */
} s2st_kmeans_options;

s2st_kmeans_options s2st_kmeans_defaults(void);
/* Is item `index` (a row, a file) in the fraction that `seed` draws? The same answer in any order and any subset. */
bool s2st_is_drawn(uint64_t seed, uint64_t index, double fraction);

typedef struct s2st_kmeans_trainer s2st_kmeans_trainer;

/* `files`: .npy matrices of feature rows, all of one width; they stay on disk. */
S2ST_CHECK int s2st_kmeans_trainer_new(s2st_kmeans_trainer **out, s2st_context *ctx, const char *const *files,
				       size_t n_files, const s2st_kmeans_options *opt, s2st_error *err);
void s2st_kmeans_trainer_free(s2st_kmeans_trainer *t);

typedef struct s2st_kmeans_progress {
	int64_t rows, step, n_steps;
	int dim;
	double inertia;  /* a frame's mean squared distance in the last batch */
	double smoothed; /* its moving average, which stops the training */
	const char *end; /* why the training has ended; NULL: it has not */
	const float *centroids; /* [n_clusters, dim]; the trainer's */
} s2st_kmeans_progress;

/* One step; the first call also finds the start. 1: done, and more to do; 0: the training has ended. */
S2ST_CHECK int s2st_kmeans_trainer_step(s2st_kmeans_trainer *t, s2st_error *err);
void s2st_kmeans_trainer_get(const s2st_kmeans_trainer *t, s2st_kmeans_progress *out);
/* Mean squared distance of all rows, over a pass through the files. */
S2ST_CHECK int s2st_kmeans_trainer_inertia(s2st_kmeans_trainer *t, double *out, s2st_error *err);
/* All that a later run needs to go on as if it had never stopped. Loading wants the same files and options. */
S2ST_CHECK int s2st_kmeans_trainer_save(const s2st_kmeans_trainer *t, const char *path, s2st_error *err);
S2ST_CHECK int s2st_kmeans_trainer_load(s2st_kmeans_trainer *t, const char *path, s2st_error *err);

#ifdef __cplusplus
}
#endif
#endif
