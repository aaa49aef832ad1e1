/* Lists of inputs, files out, records of a run, lines of units.
 * Part of s2st.h, which tells how the library is used. */
#ifndef S2ST_FILES_H
#define S2ST_FILES_H

#include "audio.h"

#ifdef __cplusplus
extern "C" {
#endif

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
	/* a sentence: the path is that of a folder that cannot be read, or the id came before in a list that cannot be
	 * read twice; NULL: all other rows */
	const char *problem;
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
 * here, and a folder that cannot be read is a row with a problem. All else that is wrong with a list is found here,
 * unless it comes through a pipe: then it is read row by row, as the writer gives it, and an id that comes again is a
 * row with a problem. */
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

/* Removes the temporary files that writers which were killed have left in `dir`, and in the folders in it where
 * `recursive`; those of writers at work stay. What cannot be removed is left there. */
void s2st_remove_leftovers(const char *dir, bool recursive);

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

/* ---- runs that can be taken up again ------------------------------------------------------------------------- */

/* 64 bits of `bytes`, going on from `hash` (FNV-1a by words, then mixed): tells things apart, is no protection. */
#define S2ST_HASH_START 0u
uint64_t s2st_hash(uint64_t hash, const void *bytes, size_t n);

/* Names with a number each, to find the one that comes twice: 21 to 43 bytes a name in memory, however long it is.
 * Names are told apart by their 64-bit hashes: two of a million are taken for one with a probability of 3e-8. */
typedef struct s2st_names s2st_names;
S2ST_CHECK int s2st_names_new(s2st_names **out, s2st_error *err);
/* `name` [n]. 1: new, and now remembered with `number`; 0: it was there, with the number *earlier; < 0: error. */
S2ST_CHECK int s2st_names_add(s2st_names *names, const char *name, size_t n, size_t number, size_t *earlier,
			      s2st_error *err);
bool s2st_names_find(const s2st_names *names, const char *name, size_t n, size_t *number);
void s2st_names_free(s2st_names *names);

typedef struct s2st_stamp {
	int64_t size;    /* bytes, of a zip slice its own */
	int64_t changed; /* nanoseconds: when contents or name changed last (ctime), a date that nobody can set */
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
/* The same, with archives that stay open: of a slice. */
S2ST_CHECK int s2st_archives_stamp(s2st_stamp *out, s2st_archives *archives, const char *path, s2st_stamp_kind kind,
				   s2st_error *err);

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

#ifdef __cplusplus
}
#endif
#endif
