/* Errors, threads and kernels: what all other parts need. Part of s2st.h, which tells how the library is used. */
#ifndef S2ST_BASE_H
#define S2ST_BASE_H

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

/* ---- results ------------------------------------------------------------------------------------------------- */

typedef struct s2st_matrix {
	const float *data; /* [rows, cols], C order; owned by the session, until its next call */
	size_t rows, cols;
} s2st_matrix;

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

#ifdef __cplusplus
}
#endif
#endif
