/* Files of joblib.dump (scikit-learn's models, GSLM's km.bin) as inert trees.
 *
 * Layer: formats. A joblib file is a pickle that is interrupted by the bytes of its arrays: after the BUILD of each
 * joblib.numpy_pickle.NumpyArrayWrapper come, since joblib 1.2, one byte p and p bytes of padding, and then the array
 * (joblib/numpy_pickle.py). Numeric arrays become S2_V_ARRAY; arrays of other fixed-size types are stepped over and
 * stay inert; arrays of Python objects refuse the file. Nothing is executed: see pickle.h.
 *
 * Plain, zlib and gzip files are read; bzip2, xz, lzma, lz4 and joblib's own old container are refused by name. */
#ifndef S2_FORMATS_JOBLIB_H
#define S2_FORMATS_JOBLIB_H

#include "formats/value.h"

/* Does a file that begins so look like one? */
bool s2_joblib_sniff(const unsigned char *bytes, size_t n);

/* `bytes` [n] is a whole file; it outlives the tree, whose arrays lie in it (in `a` if it is compressed or big endian).
 * `name` is for messages. */
S2ST_CHECK int s2_joblib_parse(s2_value **root, s2_arena *a, const unsigned char *bytes, size_t n, const char *name,
			       s2st_error *err);

#endif
