/* Weights bind by table: name, shape, destination. One binder checks presence, dtype and every dimension and says what
 * it expected and what it found; networks are lists of rows.
 *
 *   const s2_bind_row rows[] = {
 *       {"fc1.weight", offsetof(layer, fc1.w), 2, {ffn, dim}, 0},
 *       {"fc1.bias", offsetof(layer, fc1.b), 1, {ffn}, S2_BIND_F32},
 *   };
 *   S2_TRY(s2_bind(b, &layer, rows, 2, "encoder.layers.3.", err));
 *
 * Layer: layers. */
#ifndef S2_LAYERS_BIND_H
#define S2_LAYERS_BIND_H

#include "base/arena.h"
#include "formats/checkpoint.h"
#include "math/short_conv.h"

/* A weight used where it lies in the mapped file: any float dtype, any strides. */
typedef struct s2_weight {
	const void *data; /* NULL: absent (optional rows) */
	s2_dtype dtype;
	int rank;
	size_t dims[4];
	ptrdiff_t strides[4]; /* in elements */
	const s2_packed *packed; /* the same in the binder's precision (S2_BIND_PACK); NULL: float32 products */
} s2_weight;

/* Other spellings of one network: where the file says `theirs` at the start of a row's name, we say `ours`. */
typedef struct s2_rename {
	const char *ours, *theirs;
} s2_rename;

typedef struct s2_binder {
	const s2_checkpoint *ckpt;
	s2_arena *arena; /* the model's memory: converted vectors and folded weights, freed with the model */
	s2st_precision precision;
	const s2_rename *rename; /* first match counts, ended by {NULL, NULL}; NULL: the file has our names */
} s2_binder;

/* Name in the file of a row, without its prefix: writes into buf and returns it; NULL: it does not fit. */
const char *s2_bind_name(const s2_binder *b, const char *row_name, char *buf, size_t size);

#define S2_ANY ((size_t)-1) /* a dimension that is derived from the file rather than checked */

enum {
	S2_BIND_F32 = 1,      /* destination is `const float *`: contiguous float32, copied unless it already lies so */
	S2_BIND_OPTIONAL = 2, /* absent: data/pointer stays NULL */
	S2_BIND_PACK = 4,     /* the [n, k] weight of products: converted where the binder's precision is reduced */
}; /* without S2_BIND_F32 the destination is an s2_weight */

typedef struct s2_bind_row {
	const char *name; /* appended to the prefix */
	size_t offset;    /* of the destination in `dest` */
	int rank;
	size_t dims[4];
	unsigned flags;
} s2_bind_row;

S2ST_CHECK int s2_bind(const s2_binder *b, void *dest, const s2_bind_row *rows, size_t n, const char *prefix,
		       s2st_error *err);

/* A convolution's weight [3 dims] under weight norm, folded: w = g * v / ||v||, the norm over all dims but `norm_dim`
 * (torch weight_norm's dim). Takes prefix + "weight_g"/"weight_v", "parametrizations.weight.original0"/"original1", or
 * plain "weight" (used where it lies: weight norm was removed). A folded weight lies in the arena as float32 with
 * `inner_dim` contiguous, the dim that a product sums over (c_in). */
S2ST_CHECK int s2_bind_weight_norm(const s2_binder *b, s2_weight *out, const char *prefix, const size_t dims[3],
				   int norm_dim, int inner_dim, s2st_error *err);

/* The weight of a convolution whose sizes *c has: c->w, c->dtype and c->strides, or c->packed alone where the binder's
 * precision is reduced. `norm_dim` as above; -1: plain "weight", used where it lies. */
S2ST_CHECK int s2_bind_conv1d(const s2_binder *b, s2_conv1d *c, const char *prefix, int norm_dim, bool transposed,
			      s2st_error *err);
S2ST_CHECK int s2_bind_bias(const s2_binder *b, const float **out, const char *prefix, size_t n, s2st_error *err);
/* The weight and, if it has one, the bias of a convolution at stride 1 or 2. Where it has a short form in the binder's
 * precision, that is all that is kept: *fast, neither c->w nor c->bias; else *fast is NULL. */
S2ST_CHECK int s2_bind_short_conv(const s2_binder *b, s2_conv1d *c, const s2_short_conv **fast, const char *prefix,
				  int norm_dim, bool bias, s2st_error *err);

/* Shape of a tensor, to derive what a config lacks: dims of `name`, or S2ST_EMODEL saying it is missing or of other
 * rank. */
S2ST_CHECK int s2_bind_shape(const s2_checkpoint *c, const char *name, int rank, size_t *dims, s2st_error *err);
/* Highest N + 1 for which "prefixN." + suffix exists (layers of a stack); 0: none. */
size_t s2_bind_count(const s2_checkpoint *c, const char *prefix, const char *suffix);

/* The right operand of a gemm from a [n, k] weight. */
static inline s2_right s2_right_weight(const s2_weight *w)
{
	return (s2_right){
		.w = w->data,
		.dtype = w->dtype,
		.sn = w->strides[0],
		.st = 0,
		.sc = w->strides[1],
		.packed = w->packed,
	};
}

#endif
