/* torch.save's container before PyTorch 1.6, one stream (torch/serialization.py, _legacy_save):
 *
 *   pickle  magic number          pickle  the object, tensors by persistent ids
 *   pickle  protocol version      pickle  list of storage keys
 *   pickle  sys_info              then for each key: int64 number of elements, the elements
 *
 * Layer: formats. Where a storage lies follows from the numbers in the persistent ids, so nothing of a storage that
 * nobody asks for is read. */
#ifndef S2_FORMATS_TORCHLEGACY_H
#define S2_FORMATS_TORCHLEGACY_H

#include "formats/pickle.h"

typedef struct s2_torchlegacy s2_torchlegacy;

/* Does the stream start with a pickle of the magic number? */
bool s2_torchlegacy_is(const unsigned char *bytes, size_t n);

/* `bytes` [n] is the whole file; it and `name` outlive the container. The object's tree goes to `a` and `root`. */
S2ST_CHECK int s2_torchlegacy_open(s2_torchlegacy **out, s2_value **root, s2_arena *a, const unsigned char *bytes,
				   size_t n, const char *name, s2st_error *err);
void s2_torchlegacy_close(s2_torchlegacy *l);

/* An s2_find_storage; `arg` is the s2_torchlegacy. */
int s2_torchlegacy_storage(void *arg, const s2_storage *storage, const unsigned char **bytes, size_t *n,
			   s2st_error *err);

#endif
