/* Speech to one vector, and which vectors of two sets belong together.
 * Part of s2st.h, which tells how the library is used. */
#ifndef S2ST_MINE_H
#define S2ST_MINE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- speech to one vector (SpeechLASER, speakers) ------------------------------------------------------------ */

/* Embeddings of whole utterances. SpeechLASER: those of the same meaning lie close in every language. ECAPA-TDNN over
 * WavLM: those of the same speaker do, by the cosine of their angle. A file is one input, as in the reference: time
 * grows with the square of its length. */
typedef struct s2st_embedder s2st_embedder;
typedef struct s2st_embedder_session s2st_embedder_session;

typedef struct s2st_embedder_info {
	const char *kind; /* "wav2vec2_laser", "ecapa_tdnn" */
	int dim;          /* values of an embedding */
	int sample_rate;
	bool normalize; /* input is layer-normed over the file */
} s2st_embedder_info; /* strings live as long as the model */

S2ST_CHECK int s2st_embedder_open(s2st_embedder **out, s2st_context *ctx, const char *model, s2st_error *err);
void s2st_embedder_free(s2st_embedder *m);
void s2st_embedder_get_info(const s2st_embedder *m, s2st_embedder_info *out);
S2ST_CHECK int s2st_embedder_session_new(s2st_embedder_session **out, const s2st_embedder *m, s2st_error *err);
void s2st_embedder_session_free(s2st_embedder_session *s);
/* `samples` [n] mono at the model's rate (16 kHz). *out [dim]: the session's, until its next call. */
S2ST_CHECK int s2st_embed(s2st_embedder_session *s, const float *samples, size_t n, const float **out, s2st_error *err);

/* ---- mining: which utterances of two sets translate each other --------------------------------------------------- */

/* Rows of embeddings with their names. `path`: FILE.npy [n, dim] with FILE.ids beside it (a line a row, "id" or
 * "id<TAB>audio", as speech-embed writes them), or a folder of such files, taken in order of their names. The rows stay
 * on disk. */
typedef struct s2st_embeddings s2st_embeddings;
S2ST_CHECK int s2st_embeddings_open(s2st_embeddings **out, const char *path, s2st_error *err);
void s2st_embeddings_free(s2st_embeddings *e);
size_t s2st_embeddings_count(const s2st_embeddings *e);
int s2st_embeddings_dim(const s2st_embeddings *e);
const char *s2st_embeddings_id(const s2st_embeddings *e, size_t row);
const char *s2st_embeddings_audio(const s2st_embeddings *e, size_t row); /* the id where there is no audio */

/* What a pair scores: a is its cosine similarity, b the mean of its rows' similarities to their nearest neighbours. */
typedef enum s2st_margin {
	S2ST_MARGIN_RATIO,    /* a / b */
	S2ST_MARGIN_DISTANCE, /* a - b */
	S2ST_MARGIN_ABSOLUTE, /* a */
} s2st_margin;

/* Which pairs: each source row's best target (forward), each target row's best source (backward), those that both say
 * (intersection), or from the best of either down, every row at most once (max). */
typedef enum s2st_retrieval {
	S2ST_RETRIEVE_MAX, S2ST_RETRIEVE_INTERSECTION, S2ST_RETRIEVE_FORWARD, S2ST_RETRIEVE_BACKWARD
} s2st_retrieval;

/* Of which recordings segments that overlap are left out. */
typedef enum s2st_overlap_side { S2ST_OVERLAP_SOURCE, S2ST_OVERLAP_TARGET, S2ST_OVERLAP_BOTH } s2st_overlap_side;

typedef struct s2st_mine_options {
	int k; /* 16 neighbours each way, 1 to 1024 */
	s2st_margin margin;
	s2st_retrieval retrieval;
	double threshold;   /* pairs that score less are left out */
	double max_overlap; /* what two segments of a recording may share, as a part of the longer one; below 0: any */
	s2st_overlap_side overlap_side;
	/* For sets that are too many to compare each with each: candidates come from FAISS indexes in this folder, made
	 * where they are not there; scores are exact. NULL: exact search. */
	const char *index_dir;
	const char *index_type; /* FAISS's name, "IVF4096,PQ64", ...; NULL: by the number of rows */
	int probes;             /* 32 lists of the index that are looked into */
} s2st_mine_options; /* strings have to outlive the miner */

s2st_mine_options s2st_mine_defaults(void);

typedef struct s2st_mined_pair {
	double score;
	size_t source, target; /* rows */
} s2st_mined_pair;

typedef struct s2st_miner s2st_miner;

typedef struct s2st_miner_progress {
	size_t done, total;           /* rows whose neighbours are found: of the source; with indexes, of both */
	bool indexing;                /* an index is being made: rows that are in it instead */
	const s2st_mined_pair *pairs; /* [n] best first, once all is done; the miner's */
	size_t n;
	size_t n_mined; /* before overlapping segments were left out */
} s2st_miner_progress;

/* Both sets are read once, and refused where they do not fit or a row is no finite numbers; they have to outlive the
 * miner. The same pairs for any number of threads; ties go to the lower row. */
S2ST_CHECK int s2st_miner_new(s2st_miner **out, s2st_context *ctx, const s2st_embeddings *source,
			      const s2st_embeddings *target, const s2st_mine_options *opt, s2st_error *err);
void s2st_miner_free(s2st_miner *m);
/* 1: a part is done, and more to do; 0: the pairs are there. */
S2ST_CHECK int s2st_miner_step(s2st_miner *m, s2st_error *err);
void s2st_miner_get(const s2st_miner *m, s2st_miner_progress *out);

#ifdef __cplusplus
}
#endif
#endif
