/* Hugging Face's safetensors: 8-byte length, a JSON header {name: {dtype, shape, data_offsets}}, raw tensors.
 * Layer: formats. */
#ifndef S2_FORMATS_SAFETENSORS_H
#define S2_FORMATS_SAFETENSORS_H

#include "formats/tensor.h"

bool s2_safetensors_is(const unsigned char *bytes, size_t n);

/* Tensors (names too) in `a`, data where it lies in `bytes` [n], which outlive them. Order is the header's. */
S2ST_CHECK int s2_safetensors_read(s2_tensor **out, size_t *n_tensors, s2_arena *a, const unsigned char *bytes,
				   size_t n, const char *name, s2st_error *err);

#endif
