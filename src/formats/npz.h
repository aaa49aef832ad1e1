/* numpy's .npz: a zip of .npy files, stored or deflated.  Layer: formats. */
#ifndef S2_FORMATS_NPZ_H
#define S2_FORMATS_NPZ_H

#include "formats/tensor.h"

/* Array `name` (without ".npy") of an archive, copied into `a`. */
S2ST_CHECK int s2_npz_read(s2_tensor *out, s2_arena *a, const char *path, const char *name, s2st_error *err);

#endif
