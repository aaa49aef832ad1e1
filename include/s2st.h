/* s2st: speech-to-speech translation from the original checkpoint files.
 *
 * The model of the library in one screen
 * --------------------------------------
 * context   threads and CPU kernels. Make one, share it, free it last.
 * model     an opened checkpoint (s2ut, encoder, kmeans, vocoder). Immutable; any number of threads may use one model.
 * session   scratch memory, caches and results of one caller. One thread at a time; as many sessions as you like.
 *
 *   s2st_error err;
 *   s2st_context *ctx;  s2st_s2ut *m;  s2st_s2ut_session *s;
 *   s2st_context_new(&ctx, NULL, &err);
 *   s2st_s2ut_open(&m, ctx, &(s2st_s2ut_files){.model = "s2ut.pt"}, &err);
 *   s2st_s2ut_session_new(&s, m, &err);
 *   s2st_audio a;
 *   if (s2st_audio_read(&a, "in.wav", 16000, &err) < 0) die(err.text);
 *   s2st_search_options opt = s2st_search_defaults();
 *   s2st_nbest best;
 *   s2st_s2ut_generate(s, a.samples, a.n, &opt, &best, &err);
 *   for (size_t i = 0; i < best.hyps[0].n_units; i++) printf("%d ", best.hyps[0].units[i]);
 *
 * Every function that can fail returns a negative s2st_status and writes one sentence (file, thing, expected, found)
 * into the caller's s2st_error. The library never prints, never exits and keeps no globals. `free`
 * functions accept NULL.
 */
#ifndef S2ST_H
#define S2ST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define S2ST_CHECK __attribute__((warn_unused_result))
#else
#define S2ST_CHECK
#endif

#define S2ST_VERSION "0.1.0"
const char *s2st_version(void);

/* ---- errors ------------------------------------------------------------------------------------------------- */

typedef enum s2st_status {
	S2ST_OK = 0,
	S2ST_EIO = -1,       /* a file cannot be opened, read or written */
	S2ST_EFORMAT = -2,   /* bytes are not what their format promises: truncated, corrupt, unknown */
	S2ST_EMODEL = -3,    /* a readable model that cannot be used: wrong kind, config and tensors disagree */
	S2ST_EINPUT = -4,    /* an argument or an input (audio, units) cannot be processed */
	S2ST_EMEM = -5,      /* out of memory, or a size that no memory could hold */
	S2ST_EINTERNAL = -6, /* a defect of this library */
} s2st_status;

typedef struct s2st_error {
	char text[1024]; /* one sentence, no newline; untouched on success */
} s2st_error;

enum { S2ST_HASH_SIZE = 65 }; /* SHA-256 in hexadecimal digits and a NUL */

const char *s2st_status_name(int status); /* "cannot read or write", ...; never NULL */

/* ---- context ------------------------------------------------------------------------------------------------ */

typedef struct s2st_context s2st_context;

/* What the products of networks are computed in. Weights are converted when a model is opened; all between the products
 * stays float32, and so do products that are too narrow to gain. */
typedef enum s2st_precision {
	S2ST_FP32, /* as the reference computes */
	S2ST_BF16, /* bfloat16 operands, float32 sums */
	S2ST_INT8, /* 8-bit operands with a scale for each output of a weight and each frame of a signal, exact sums */
	S2ST_N_PRECISIONS
} s2st_precision;

const char *s2st_precision_name(s2st_precision p); /* "fp32", "bf16", "int8"; never NULL */

typedef struct s2st_context_options {
	int threads;     /* worker threads of a stage; 0: one per core this process may use */
	/* "scalar", "avx2", "avx512", "avx512-vnni", "avx512-bf16"; NULL: the best this CPU has (or $S2ST_ISA) */
	const char *isa;
	s2st_precision precision; /* of all models opened with the context */
} s2st_context_options;

S2ST_CHECK int s2st_context_new(s2st_context **out, const s2st_context_options *opt, s2st_error *err);
void s2st_context_free(s2st_context *ctx);
const char *s2st_context_isa(const s2st_context *ctx);
int s2st_context_threads(const s2st_context *ctx);
s2st_precision s2st_context_precision(const s2st_context *ctx);
/* How many of the context's threads may work on one call from now on, the calling one included; results do not depend
 * on it. For callers with several sessions at work, which then share the cores: with as many as there are threads, 1.
 * May be called from any thread at any time. */
void s2st_context_limit(s2st_context *ctx, int threads);

/* ---- audio in ----------------------------------------------------------------------------------------------- */

typedef struct s2st_audio {
	float *samples; /* [n] mono in [-1, 1), at the rate that was asked for */
	size_t n;
	int sample_rate;     /* of `samples` */
	int source_rate;     /* of the file; differs: it was resampled by libsoxr (HQ) */
	int source_channels; /* of the file; above 1: folded by the mean over channels */
} s2st_audio;

/* `path`: a wav/flac/ogg/mp3 file (or what else libsndfile reads), "archive.zip:offset:length" (a stored member), or
 * "-" for stdin (kept in memory, up to 4 GiB). `sample_rate` 0 keeps the file's own rate. Refuses empty audio, samples
 * that are not finite and more than 24 hours. A wave that ends before its header says so gives what it has, as in
 * soundfile. */
S2ST_CHECK int s2st_audio_read(s2st_audio *out, const char *path, int sample_rate, s2st_error *err);
void s2st_audio_free(s2st_audio *a);
/* Asks the system to have `path` in memory soon, where it is a regular file or a slice of one; does not wait for it. */
void s2st_audio_ahead(const char *path);

typedef struct s2st_audio_info {
	int64_t frames; /* samples of each channel, as the file's header says */
	int sample_rate, channels;
} s2st_audio_info;
/* The same paths; nothing is decoded. */
S2ST_CHECK int s2st_audio_get_info(s2st_audio_info *out, const char *path, s2st_error *err);

/* Archives that stay open (mapped) between calls, for the thousands of slices of one zip. Any number of threads may
 * share one; it is freed last. A zip that was replaced in the meantime is noticed and opened anew. */
typedef struct s2st_archives s2st_archives;
S2ST_CHECK int s2st_archives_new(s2st_archives **out, s2st_error *err);
void s2st_archives_free(s2st_archives *a);
/* As s2st_audio_read and s2st_audio_get_info; `a` NULL: an archive is opened for the call alone. */
S2ST_CHECK int s2st_archives_read(s2st_audio *out, s2st_archives *a, const char *path, int sample_rate,
				  s2st_error *err);
S2ST_CHECK int s2st_archives_get_info(s2st_audio_info *out, s2st_archives *a, const char *path, s2st_error *err);

/* ---- lists of inputs ---------------------------------------------------------------------------------------- */

typedef struct s2st_inputs s2st_inputs;

typedef struct s2st_input {
	/* manifest id, else file name without folder and suffix ("x_10_20" for "x.zip:10:20"); of a file in a folder
	 * below the given one with that folder: "sub/x" */
	const char *id;
	const char *path;   /* for s2st_audio_read */
	const char *target; /* column tgt_audio or tgt_text of a manifest: reference units; NULL where there is none */
	size_t index;       /* row in the whole list, before sharding: fairseq's sample id */
	int64_t n_frames;   /* as the manifest says (samples, or fbank frames for S2UT); -1 unknown */
} s2st_input; /* strings live until the next call; audio that came through stdin, as long as the s2st_inputs */

typedef struct s2st_inputs_options {
	int shard, n_shards;    /* the rows that s2st_shard_range says; n_shards 0 or 1: all */
	const char *audio_root; /* joined before relative paths of S2UT manifests; NULL or "": none */
	bool recursive;         /* walk folders below the given folders */
	bool unique_ids;        /* ids will name files: a second input with the same id is an error */
} s2st_inputs_options;

/* Each of `args` is an audio file, a zip slice, a folder (its wav, flac, ogg and mp3 files sorted by name), a fairseq
 * manifest (.tsv: GSLM style, first line a root folder, or S2UT or S2T style with a header line), a list of paths
 * (.txt, .lst, .list), either of them compressed (.tsv.gz), or "-" (as well as a named pipe): stdin, which holds either
 * one audio file, whose id is "stdin", or a list or manifest. Files missing from disk are found when they are read, not
 * here. All else that is wrong with a list is found here, unless it comes through a pipe: then it is read row by row,
 * as the writer gives it. */
S2ST_CHECK int s2st_inputs_open(s2st_inputs **out, const char *const *args, size_t n_args,
				const s2st_inputs_options *opt, s2st_error *err);
S2ST_CHECK int s2st_inputs_next(s2st_inputs *in, s2st_input *out, s2st_error *err); /* 1 a row, 0 the end, < 0 error */
int64_t s2st_inputs_count(const s2st_inputs *in);                                  /* rows of this shard; -1 unknown */
void s2st_inputs_free(s2st_inputs *in);

/* Mined pairs, as SpeechMatrix publishes them (aligned_speech/en-fr.tsv.gz): "score<TAB>audio<TAB>audio" a line, below
 * a header that begins with "score"; or a table with the columns score, src_audio and tgt_audio among others
 * (s2u_manifests/en-fr/train_mined.tsv). Plain or gzip; one line in memory at a time. */
typedef struct s2st_pairs s2st_pairs;

typedef struct s2st_pair {
	double score;
	const char *source, *target; /* paths, mostly zip slices; the target of a train_mined.tsv is its units */
	const char *id;              /* NULL where the table has no such column */
	int64_t source_frames, target_frames; /* src_n_frames, tgt_n_frames; -1 likewise */
	size_t line;                 /* in the file, from 1 */
} s2st_pair; /* strings live until the next call */

/* "-" is stdin. */
S2ST_CHECK int s2st_pairs_open(s2st_pairs **out, const char *path, s2st_error *err);
S2ST_CHECK int s2st_pairs_next(s2st_pairs *p, s2st_pair *out, s2st_error *err); /* 1 a pair, 0 the end, < 0 error */
void s2st_pairs_free(s2st_pairs *p);

/* Rows [*begin, *end) of `total` that belong to part `shard` of `n_shards`: fairseq's round(total / n * shard), halves
 * to even (simple_kmeans/feature_utils.py:23-32). */
void s2st_shard_range(size_t total, int shard, int n_shards, size_t *begin, size_t *end);

/* ---- files out ---------------------------------------------------------------------------------------------- */

/* A file appears whole or not at all: bytes go to a temporary name beside it, commit does fsync and rename.
 * "-" is stdout (commit flushes and reports what the pipe says). A path that ends in .gz is written compressed. */
typedef struct s2st_writer s2st_writer;
S2ST_CHECK int s2st_writer_open(s2st_writer **out, const char *path, s2st_error *err);
S2ST_CHECK int s2st_writer_write(s2st_writer *w, const void *data, size_t n, s2st_error *err);
S2ST_CHECK int s2st_writer_printf(s2st_writer *w, s2st_error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
S2ST_CHECK int s2st_writer_flush(s2st_writer *w, s2st_error *err);
S2ST_CHECK int s2st_writer_commit(s2st_writer *w, s2st_error *err); /* frees w, also on failure */
void s2st_writer_abort(s2st_writer *w);                             /* removes the temporary file, frees w */

typedef enum s2st_sample_format { S2ST_S16, S2ST_FLOAT } s2st_sample_format;

/* RIFF wave, mono, at most 4 GiB. S16 as soundfile writes PCM_16: clip to [-1, 1), scale by 32768, round down. Samples
 * that are no numbers are refused. */
S2ST_CHECK int s2st_wav_write(s2st_writer *w, const float *samples, size_t n, int sample_rate, s2st_sample_format fmt,
			      s2st_error *err);
/* Headerless samples, little endian. */
S2ST_CHECK int s2st_pcm_write(s2st_writer *w, const float *samples, size_t n, s2st_sample_format fmt, s2st_error *err);
/* numpy .npy version 1.0, C order. `descr` is "<f4", "<i4", "<f8" or "<i8". */
S2ST_CHECK int s2st_npy_write(s2st_writer *w, const char *descr, const size_t *dims, size_t rank, const void *data,
			      s2st_error *err);

/* A .npy matrix of float32 whose rows come piece by piece. Its file cannot be a pipe: the header is written last. */
typedef struct s2st_npy_rows s2st_npy_rows;
S2ST_CHECK int s2st_npy_rows_open(s2st_npy_rows **out, const char *path, size_t cols, s2st_error *err);
S2ST_CHECK int s2st_npy_rows_add(s2st_npy_rows *w, const float *rows, size_t n, s2st_error *err);
size_t s2st_npy_rows_count(const s2st_npy_rows *w);
/* Takes the rows after the first `n` back. */
S2ST_CHECK int s2st_npy_rows_cut(s2st_npy_rows *w, size_t n, s2st_error *err);
S2ST_CHECK int s2st_npy_rows_commit(s2st_npy_rows *w, s2st_error *err); /* frees w, also on failure */
void s2st_npy_rows_abort(s2st_npy_rows *w);

/* All values of a .npy file in C order as float32; *out is malloc'ed. */
S2ST_CHECK int s2st_npy_read(float **out, size_t *n, const char *path, s2st_error *err);
/* The same of a matrix: [rows, cols]. */
S2ST_CHECK int s2st_npy_read_matrix(float **out, size_t *rows, size_t *cols, const char *path, s2st_error *err);

/* ---- what other tools printed ------------------------------------------------------------------------------- */

/* JSON lines, an object a line, as --json and --report print them. Plain or gzip; one in memory at a time. */
typedef struct s2st_records s2st_records;
S2ST_CHECK int s2st_records_open(s2st_records **out, const char *path, s2st_error *err);
S2ST_CHECK int s2st_records_next(s2st_records *r, s2st_error *err); /* 1 an object, 0 the end, < 0 error */
void s2st_records_free(s2st_records *r);
/* Members of the current object, until the next call. */
const char *s2st_records_text(const s2st_records *r, const char *key);                /* NULL: no such string */
bool s2st_records_number(const s2st_records *r, const char *key, double *out);        /* false: no such number */
/* A list of whole numbers; *out NULL: there is none. */
S2ST_CHECK int s2st_records_ints(s2st_records *r, const char *key, const int32_t **out, size_t *n, s2st_error *err);

/* Removes the temporary files that writers which were killed have left in `dir`, and in the folders in it where
 * `recursive`; those of writers at work stay. What cannot be removed is left there. */
void s2st_remove_leftovers(const char *dir, bool recursive);

/* ---- runs that can be taken up again ------------------------------------------------------------------------- */

/* 64 bits of `bytes`, going on from `hash` (FNV-1a with a last mix): tells things apart, is no protection. */
#define S2ST_HASH_START 0u
uint64_t s2st_hash(uint64_t hash, const void *bytes, size_t n);

typedef struct s2st_stamp {
	int64_t size, mtime; /* bytes; nanoseconds */
	uint64_t inode;      /* and device */
	uint64_t hash;       /* of the contents; 0: not asked for */
} s2st_stamp;

typedef enum s2st_stamp_kind {
	S2ST_STAMP_TIME,    /* no hash: nothing is read */
	S2ST_STAMP_SAMPLED, /* of a file over 64 MiB its ends, which hold a zip's checksums, and a page of each MiB */
	S2ST_STAMP_FULL,
} s2st_stamp_kind;

/* What tells whether a file is still the same: `path` as for s2st_audio_read (not stdin). */
S2ST_CHECK int s2st_stamp_get(s2st_stamp *out, const char *path, s2st_stamp_kind kind, s2st_error *err);

/* A file of records, text under a 64-bit key, that a process may be killed over at any time: each is appended in one
 * write and carries a checksum, what is torn is passed over. Several threads may add; else one at a time. */
typedef struct s2st_journal s2st_journal;
/* Opens or makes `path`. */
S2ST_CHECK int s2st_journal_open(s2st_journal **out, const char *path, s2st_error *err);
/* Reads the records of `path`, which may be the journal's own file; those of one key replace earlier ones. */
S2ST_CHECK int s2st_journal_read(s2st_journal *j, const char *path, s2st_error *err);
S2ST_CHECK int s2st_journal_add(s2st_journal *j, uint64_t key, const char *text, s2st_error *err);
/* The text that was read under `key`, malloc'ed: 1; 0: there is none. */
S2ST_CHECK int s2st_journal_find(const s2st_journal *j, uint64_t key, char **text, s2st_error *err);
void s2st_journal_free(s2st_journal *j);

/* ---- unit lines --------------------------------------------------------------------------------------------- */

/* One line of units: "name|3 1 4", "3 1 4", or the D-line of fairseq-generate, "D-7\tscore\t3 1 4". */
typedef struct s2st_unit_line {
	char *name;     /* NULL: none */
	int64_t sample; /* 7 of a D-line; -1: none */
	int32_t *units;
	size_t n;
} s2st_unit_line;

/* `line` [n], with or without its line end. 1: units; 0: a line without any that belongs to fairseq-generate's output
 * (S-, T-, H-, P-, ... and its summary); negative: no unit line, and why. */
S2ST_CHECK int s2st_unit_line_parse(s2st_unit_line *out, const char *line, size_t n, s2st_error *err);
void s2st_unit_line_free(s2st_unit_line *l);

/* ---- speech to units (S2UT) --------------------------------------------------------------------------------- */

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

typedef struct s2st_matrix {
	const float *data; /* [rows, cols], C order; owned by the session, until its next call */
	size_t rows, cols;
} s2st_matrix;

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

/* ---- units to speech (unit HiFi-GAN) ------------------------------------------------------------------------ */

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

/* ---- speech to text (CTC) ----------------------------------------------------------------------------------- */

/* wav2vec 2.0 family encoders fine-tuned with a CTC head: what ASR-BLEU listens with. A whole file is one input, as in
 * the reference: time grows with the square of its length, memory with its length. */
typedef struct s2st_asr s2st_asr;
typedef struct s2st_asr_session s2st_asr_session;

typedef struct s2st_asr_files {
	const char *model; /* fairseq checkpoint, or a Hugging Face folder */
	const char *dict;  /* dict.ltr.txt (fairseq) or vocab.json; NULL: in the checkpoint or beside the model */
	const char *language; /* of a model with adapters (MMS): "eng"; NULL: the one it was saved with */
} s2st_asr_files;

typedef struct s2st_asr_info {
	const char *kind;     /* "wav2vec_ctc", ... */
	const char *file;     /* the one with the weights */
	const char *language; /* of its adapters; NULL: none was chosen */
	int n_vocab;          /* rows of the head */
	int blank, silence;
	bool normalize; /* input is layer-normed over the file */
	int sample_rate;
	int hop; /* samples a frame */
} s2st_asr_info; /* strings live as long as the model */

S2ST_CHECK int s2st_asr_open(s2st_asr **out, s2st_context *ctx, const s2st_asr_files *files, s2st_error *err);
/* Another language of `from`'s model: only adapters, head and vocabulary are new, the rest is used by both, so `from`
 * has to live longer. A language that is not there is an error that lists near names. */
S2ST_CHECK int s2st_asr_open_language(s2st_asr **out, const s2st_asr *from, const char *language, s2st_error *err);
/* Which languages a model has adapters for, sorted; none: *n is 0. One block with its strings: free(*out). */
S2ST_CHECK int s2st_asr_languages(char ***out, size_t *n, const char *model, s2st_error *err);
void s2st_asr_free(s2st_asr *m);
void s2st_asr_get_info(const s2st_asr *m, s2st_asr_info *out);
/* SHA-256 of that file: which recogniser a score is from. */
S2ST_CHECK int s2st_asr_hash(const s2st_asr *m, char out[S2ST_HASH_SIZE], s2st_error *err);
const char *s2st_asr_symbol(const s2st_asr *m, int id); /* NULL: outside the vocabulary */
S2ST_CHECK int s2st_asr_session_new(s2st_asr_session **out, const s2st_asr *m, s2st_error *err);
void s2st_asr_session_free(s2st_asr_session *s);
const s2st_asr *s2st_asr_session_model(const s2st_asr_session *s);

/* A back-off n-gram model over words, in ARPA format (KenLM, SRILM). */
typedef struct s2st_lm s2st_lm;
S2ST_CHECK int s2st_lm_open(s2st_lm **out, const char *path, s2st_error *err);
void s2st_lm_free(s2st_lm *lm);
/* Can this recogniser spell the model's words? One in capitals, say, would only do harm to one of small letters: an
 * error where it can spell less than half of them. */
S2ST_CHECK int s2st_asr_check_lm(const s2st_asr *m, const s2st_lm *lm, s2st_error *err);

typedef struct s2st_asr_options {
	const char *post_process; /* "collapse" (default): letters, silence is a space; "none": symbols are words */
	bool lowercase;           /* as Python's str.lower */
	int beam;                 /* above 1: prefix beam search; else the best path */
	const s2st_lm *lm;        /* for the beam search; NULL: none */
	double lm_weight;         /* times the natural log of a word's probability */
	double word_score;        /* added for each word, with a language model */
} s2st_asr_options;

typedef struct s2st_span {
	const char *text;
	double start, end; /* seconds */
} s2st_span;

typedef struct s2st_transcript {
	const char *text;       /* UTF-8, without space at its ends; "" where nothing was heard */
	const s2st_span *words; /* [n_words] */
	size_t n_words;
	const s2st_span *symbols; /* [n_symbols] letters, without silences */
	size_t n_symbols;
} s2st_transcript; /* owned by the session, until its next call */

/* `samples` [n] mono at the model's rate (16 kHz). Logits [frames, n_vocab], not softmaxed. */
S2ST_CHECK int s2st_asr_logits(s2st_asr_session *s, const float *samples, size_t n, s2st_matrix *out, s2st_error *err);
/* Best path: the argmax of each frame, repeats collapsed, blanks dropped; or the best text of a beam search, with times
 * from its likeliest path. `opt` NULL: all zero, the best path. */
S2ST_CHECK int s2st_asr_transcribe(s2st_asr_session *s, const float *samples, size_t n, const s2st_asr_options *opt,
				   s2st_transcript *out, s2st_error *err);
/* The same for logits [frames, n_vocab], for example those of s2st_asr_logits. */
S2ST_CHECK int s2st_asr_decode(s2st_asr_session *s, const s2st_matrix *logits, const s2st_asr_options *opt,
			       s2st_transcript *out, s2st_error *err);

/* ---- which language (MMS) -------------------------------------------------------------------------------------- */

/* Language identification by a wav2vec 2.0 classifier. A file is one input, as in the reference. */
typedef struct s2st_lid s2st_lid;
typedef struct s2st_lid_session s2st_lid_session;

typedef struct s2st_lid_files {
	const char *model; /* fairseq checkpoint, or a Hugging Face folder */
	const char *dict;  /* dict.lang.txt (fairseq); NULL: beside the model */
} s2st_lid_files;

typedef struct s2st_lid_info {
	const char *kind; /* "wav2vec_classification", ... */
	int n_languages;
	int sample_rate;
	bool normalize; /* input is layer-normed over the file */
} s2st_lid_info; /* strings live as long as the model */

typedef struct s2st_guess {
	const char *language; /* as the model calls it */
	float log_prob;       /* natural */
} s2st_guess;

S2ST_CHECK int s2st_lid_open(s2st_lid **out, s2st_context *ctx, const s2st_lid_files *files, s2st_error *err);
void s2st_lid_free(s2st_lid *m);
void s2st_lid_get_info(const s2st_lid *m, s2st_lid_info *out);
S2ST_CHECK int s2st_lid_session_new(s2st_lid_session **out, const s2st_lid *m, s2st_error *err);
void s2st_lid_session_free(s2st_lid_session *s);
/* `samples` [n] mono at the model's rate (16 kHz). *out [n_languages], likeliest first: the session's, until its next
 * call. */
S2ST_CHECK int s2st_identify(s2st_lid_session *s, const float *samples, size_t n, const s2st_guess **out,
			     s2st_error *err);

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

/* ---- scoring ------------------------------------------------------------------------------------------------- */

/* Text metrics as sacreBLEU 2.6 and the field's papers define them. A scorer takes sentences one at a time and keeps
 * only their counts (at most 144 bytes a sentence). Texts are UTF-8. One thread at a time. */
typedef enum s2st_metric { S2ST_BLEU, S2ST_CHRF, S2ST_WER, S2ST_CER } s2st_metric;

#define S2ST_BLEU_ORDER 4

typedef struct s2st_score_options {
	s2st_metric metric;
	bool lowercase;
	const char *tokenize; /* BLEU: "13a" (default), "none", "char", "intl", "zh" */
	const char *smooth;   /* BLEU: "exp" (default), "floor", "add-k", "none" */
	double smooth_value;  /* of floor and add-k; below 0: 0.1 and 1 */
	bool effective_order; /* BLEU: leave out orders without an n-gram; on for sentence scores, off for corpora */
	int char_order;       /* chrF: 6 */
	int word_order;       /* chrF: 0; chrF++ is 2 */
	int beta;             /* chrF: 2 */
	bool whitespace;      /* chrF: count spaces as characters */
} s2st_score_options;

s2st_score_options s2st_score_defaults(s2st_metric metric);

typedef struct s2st_score {
	double score;                       /* BLEU, chrF: 0 to 100, high is good; WER, CER: percent, low is good */
	int64_t sys_len, ref_len;           /* tokens (BLEU), words (WER), characters (CER, chrF) */
	double counts[S2ST_BLEU_ORDER];     /* BLEU: n-grams in common, with what add-k adds */
	double totals[S2ST_BLEU_ORDER];     /* BLEU: n-grams of the hypotheses, likewise */
	double precisions[S2ST_BLEU_ORDER]; /* BLEU: percent, smoothed */
	double bp;                          /* BLEU: brevity penalty */
	int64_t substitutions, deletions, insertions; /* WER, CER */
	char text[192];      /* "BLEU = 21.80 54.1/28.0/16.5/10.1 (BP = ...)" */
	char signature[192]; /* "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:..." */
} s2st_score;

typedef struct s2st_scorer s2st_scorer;
S2ST_CHECK int s2st_scorer_new(s2st_scorer **out, const s2st_score_options *opt, s2st_error *err);
void s2st_scorer_free(s2st_scorer *s);
/* References that are NULL or "" do not count; at least one must. `sentence` (NULL: not wanted) is this sentence's own
 * score. After a failure the scorer is as before. */
S2ST_CHECK int s2st_scorer_add(s2st_scorer *s, const char *hyp, const char *const *refs, size_t n_refs,
			       s2st_score *sentence, s2st_error *err);
size_t s2st_scorer_count(const s2st_scorer *s);
/* The corpus score of the sentences so far. */
void s2st_scorer_score(const s2st_scorer *s, s2st_score *out);

/* Bootstrap resampling with sacreBLEU's statistics and its random numbers: same seed (12345 there), same samples. */
typedef struct s2st_confidence {
	double mean, ci; /* 95% of the resampled scores lie in mean +- ci */
} s2st_confidence;
S2ST_CHECK int s2st_scorer_bootstrap(const s2st_scorer *s, int n_samples, uint64_t seed, s2st_confidence *out,
				     s2st_error *err);

typedef struct s2st_comparison {
	double baseline_score, system_score;
	s2st_confidence baseline, system;
	double p_value; /* two-sided: that so large a difference of the scores is chance */
} s2st_comparison;
/* Paired: both scorers have the same options and the same sentences in the same order. */
S2ST_CHECK int s2st_scorer_compare(const s2st_scorer *baseline, const s2st_scorer *system, int n_samples, uint64_t seed,
				   s2st_comparison *out, s2st_error *err);

/* Sentences of a UTF-8 file, stripped of space at their ends: one a line, or `columns` ("tgt_text", or several
 * separated by commas) of a tab-separated table with a header line and without quoting. Errors name line and byte; a
 * file without sentences is one. */
typedef struct s2st_sentences s2st_sentences;
S2ST_CHECK int s2st_sentences_read(s2st_sentences **out, const char *path, const char *columns, s2st_error *err);
void s2st_sentences_free(s2st_sentences *s);
size_t s2st_sentences_count(const s2st_sentences *s);
size_t s2st_sentences_columns(const s2st_sentences *s);                     /* 1 of a plain file */
const char *const *s2st_sentences_texts(const s2st_sentences *s, size_t i); /* [columns] */
const char *s2st_sentences_id(const s2st_sentences *s, size_t i);           /* column id of a table; NULL: none */
size_t s2st_sentences_line(const s2st_sentences *s, size_t i);              /* in the file, from 1 */

/* Text normalisers, by name: "none"; "speech_matrix" and "fisher" (fairseq's cleaners: numbers and English titles to
 * words, no punctuation but the apostrophe); "whisper_basic"; "hokkien" (Tâi-lô initials and finals to syllables).
 * `language`: "en", "es", "fr" spell numbers out in speech_matrix, any other leaves them; NULL is "en". */
typedef struct s2st_normalizer s2st_normalizer;
S2ST_CHECK int s2st_normalizer_new(s2st_normalizer **out, const char *name, const char *language, s2st_error *err);
void s2st_normalizer_free(s2st_normalizer *n);
/* `*out` is the normaliser's, until its next call. */
S2ST_CHECK int s2st_normalizer_run(s2st_normalizer *n, const char *text, const char **out, s2st_error *err);

/* ---- packs -------------------------------------------------------------------------------------------------- */

/* A folder with pack.json: models that fit together, their languages, units, licence and recommended options. All its
 * files lie in the folder; a Hugging Face model is a folder in it, or "." itself. Opening checks pack.json and that
 * every file is there. */
typedef struct s2st_pack s2st_pack;
S2ST_CHECK int s2st_pack_open(s2st_pack **out, const char *dir, s2st_error *err);
void s2st_pack_free(s2st_pack *p);
/* Path (beginning with `dir` as given) of a role: "s2ut", "config", "dict", "w2v_config", "vocoder", "vocoder_config",
 * "encoder", "kmeans", "asr", "asr_dict", "embedder"; NULL: the pack has none. */
const char *s2st_pack_file(const s2st_pack *p, const char *role);
const char *s2st_pack_text(const s2st_pack *p, const char *key); /* "source_language", "licence", ...; or NULL */
/* What the pack recommends ("search": {"beam": 10, ...}, "vocoder": {"dur_prediction": true, ...}) over `opt`. */
void s2st_pack_search(const s2st_pack *p, s2st_search_options *opt);
void s2st_pack_vocode(const s2st_pack *p, s2st_vocode_options *opt);
/* The encoder layer that the pack's "units" name; 0: it does not say. */
int s2st_pack_layer(const s2st_pack *p);
/* Do the encoder, this layer of it and these centroids (NULL, 0, NULL: not known) make the units the pack means? */
S2ST_CHECK int s2st_pack_check_units(const s2st_pack *p, const s2st_encoder *e, int layer, const s2st_kmeans *k,
				     s2st_error *err);
/* Do these opened models (NULL: not opened) have the K that the pack's "units" say? */
S2ST_CHECK int s2st_pack_check(const s2st_pack *p, const s2st_s2ut *m, const s2st_vocoder *v, s2st_error *err);
/* Reads all files of the pack and compares them with its "sha256"; an error where one differs or has no sum. */
S2ST_CHECK int s2st_pack_verify(const s2st_pack *p, s2st_error *err);
/* Do these two fit? Every unit that the one can say has an embedding in the other, and both know the same K (the
 * dictionary of an XM transformer may lack some). */
S2ST_CHECK int s2st_check_fit(const s2st_s2ut *m, const s2st_vocoder *v, s2st_error *err);

/* ---- inspection --------------------------------------------------------------------------------------------- */

/* What a file is: container, model kind, config, tensors, what it fits with. `*out` is malloc'ed text (JSON: one
 * object on one line). Nothing in the file is executed and no path in it is followed. */
S2ST_CHECK int s2st_inspect(char **out, const char *path, bool json, bool verbose, s2st_error *err);
/* Tensor `name` of a checkpoint, written as .npy (float16/bfloat16 widened to float32). */
S2ST_CHECK int s2st_inspect_npy(s2st_writer *w, const char *path, const char *name, s2st_error *err);

#ifdef __cplusplus
}
#endif
#endif
