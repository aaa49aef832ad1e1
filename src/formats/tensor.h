/* A named array inside a mapped file: dtype, dims and strides over bytes that stay where they lie.
 *
 * Layer: formats. Everything here has been checked against the storage's size when the file was opened. */
#ifndef S2_FORMATS_TENSOR_H
#define S2_FORMATS_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dtype.h"
#include "base/status.h"

enum { S2_MAX_RANK = 8 };

typedef struct s2_tensor {
	const char *name;
	const unsigned char *data; /* element [0, 0, ...]; little endian; any alignment */
	s2_dtype dtype;
	int rank;                       /* 0: a scalar */
	size_t dims[S2_MAX_RANK];
	ptrdiff_t strides[S2_MAX_RANK]; /* in elements */
} s2_tensor;

size_t s2_tensor_count(const s2_tensor *t); /* product of dims; cannot overflow after open */
int s2_tensor_is_contiguous(const s2_tensor *t);

/* All elements in C order, widened (or narrowed, for float64) to float32. Integers convert too. */
void s2_tensor_to_f32(const s2_tensor *t, float *out);
/* "[512, 80, 5]" into buf; returns buf. */
const char *s2_tensor_shape_text(const s2_tensor *t, char *buf, size_t size);

#endif
