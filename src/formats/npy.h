/* numpy's array file, and the arrays inside joblib files which share its layout.
 *
 * Layer: formats. Versions 1 to 3, C and Fortran order (by strides), little and big endian (a swapped copy). Object
 * and structured arrays are refused by name. The writers are s2st_npy_write and s2st_npy_rows_* of s2st.h. */
#ifndef S2_FORMATS_NPY_H
#define S2_FORMATS_NPY_H

#include "formats/tensor.h"

/* What an array's header says about the bytes after it. */
typedef struct s2_npy_layout {
	s2_dtype dtype;
	bool swapped; /* big endian */
	bool fortran; /* first index varies fastest */
	int rank;
	size_t dims[S2_MAX_RANK];
} s2_npy_layout;

/* dtype and byte order of "<f4", ">i8", "|u1" ... `what` names the array in the sentence. */
S2ST_CHECK int s2_npy_descr(s2_npy_layout *out, const char *descr, size_t len, const char *what, s2st_error *err);

/* Bytes of such an array's data; S2ST_EFORMAT when no memory could hold them. */
S2ST_CHECK int s2_npy_data_size(size_t *out, const s2_npy_layout *l, const char *what, s2st_error *err);

/* The tensor over the first s2_npy_data_size bytes of `data` [n]; fewer are an error. The bytes stay in use, except
 * where they have to be swapped: then the copy lies in `a`. `out->name` is left alone. */
S2ST_CHECK int s2_npy_tensor(s2_tensor *out, s2_arena *a, const s2_npy_layout *l, const unsigned char *data, size_t n,
			     const char *what, s2st_error *err);

/* A whole .npy in memory, which has to outlive the tensor. Bytes after the array are ignored, as numpy does. */
S2ST_CHECK int s2_npy_parse(s2_tensor *out, s2_arena *a, const unsigned char *bytes, size_t n, const char *name,
			    s2st_error *err);
/* A whole .npy file, copied into `a`. */
S2ST_CHECK int s2_npy_read(s2_tensor *out, s2_arena *a, const char *path, s2st_error *err);

/* The header of a file with such an array, [*n] bytes, and how many `*bytes` the array takes. For two dimensions *n is
 * the same for any sizes. */
enum { S2_NPY_HEADER = 384 };
S2ST_CHECK int s2_npy_header(unsigned char out[S2_NPY_HEADER], size_t *n, size_t *bytes, const char *descr,
			     const size_t *dims, size_t rank, s2st_error *err);

#endif
