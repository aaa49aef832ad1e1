/* torch.save's zip archives (PyTorch 1.6 and later): NAME/data.pkl and NAME/data/KEY.
 *
 * Layer: formats. libzip reads the directory and inflates compressed entries (into memory that the container owns,
 * with a cap); stored entries are used where they lie in the mapping. Checksums of stored entries are not computed:
 * that would read the whole file, and torch itself does not. */
#ifndef S2_FORMATS_TORCHZIP_H
#define S2_FORMATS_TORCHZIP_H

#include "formats/pickle.h"

typedef struct s2_torchzip s2_torchzip;

/* `bytes` [n] is the whole archive and outlives the container; `name` is for messages. */
S2ST_CHECK int s2_torchzip_open(s2_torchzip **out, const unsigned char *bytes, size_t n, const char *name,
				s2st_error *err);
void s2_torchzip_close(s2_torchzip *z);

S2ST_CHECK int s2_torchzip_pickle(s2_torchzip *z, s2_arena *a, s2_pickle *out, s2st_error *err);

/* An s2_find_storage; `arg` is the s2_torchzip. */
int s2_torchzip_storage(void *arg, const s2_storage *storage, const unsigned char **bytes, size_t *n, s2st_error *err);

#endif
