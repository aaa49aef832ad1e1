/* Python pickles (protocols 1 to 5) as inert trees. Nothing is imported, nothing is called.
 *
 * Layer: formats. The machine follows CPython's pickle opcodes; what a name means is decided by one fixed table
 * (pickle_calls.c), as in torch/_weights_only_unpickler.py:
 *   - plain data types (OrderedDict, set, torch.Size, numpy scalars and arrays, tensors) become what they stand for;
 *   - a name from a module that acts on the machine (os, subprocess, builtins.eval, ...) refuses the whole file;
 *   - every other name is a tagged S2_V_OBJECT: class, arguments, state, items.
 * A class or function that is only referred to, not called, is an S2_V_OBJECT without args, state and items.
 *
 * Sizes come from strangers: memory, stack and memo have caps, every length is checked against the bytes left. */
#ifndef S2_FORMATS_PICKLE_H
#define S2_FORMATS_PICKLE_H

#include "formats/npy.h"
#include "formats/value.h"

typedef struct s2_pickle_options {
	const char *name; /* of the file, for messages */
	/* For streams with raw bytes after a BUILD (joblib); NULL: none. Called with each object that BUILD completed;
	 * may rewrite it in place and move *pos over bytes that are not pickle. */
	int (*built)(void *arg, s2_value *obj, size_t *pos, s2st_error *err);
	void *arg;
} s2_pickle_options;

typedef struct s2_pickle {
	s2_value *root;
	s2_value *storages; /* list: every storage that a persistent id named, in order, repeats included */
	size_t end;         /* first byte after STOP */
} s2_pickle;

S2ST_CHECK int s2_pickle_read(s2_pickle *out, s2_arena *a, const unsigned char *bytes, size_t n,
			      const s2_pickle_options *opt, s2st_error *err);

/* ---- tensors that a pickle names ----------------------------------------------------------------------------- */

/* A persistent id: ("storage", torch.FloatStorage, key, device, n[, view]). */
typedef struct s2_storage {
	const char *key; /* names the container's bytes */
	size_t key_len;
	s2_dtype dtype;
	bool typed;     /* dtype is known; untyped storages count bytes */
	size_t elem;    /* bytes of an element */
	size_t n;       /* elements in the container */
	size_t first, view_n; /* the part of them that this storage is: a view (legacy container), else 0 and n */
} s2_storage;

/* Every S2_V_TENSOR of a pickle points to the `t` of one of these: `t.data` is NULL until resolved. */
typedef struct s2_lazy_tensor {
	s2_tensor t; /* first */
	s2_storage storage;
	size_t offset; /* of element [0, 0, ...] in the storage, in elements */
} s2_lazy_tensor;

/* What an element of the list `storages` says. */
S2ST_CHECK int s2_storage_parse(s2_storage *out, const s2_value *storage, const char *name, s2st_error *err);

/* Finds the bytes of a storage in the container; its sentence names file and storage. */
typedef int s2_find_storage(void *arg, const s2_storage *storage, const unsigned char **bytes, size_t *n,
			    s2st_error *err);

/* Checks offset + sum((size - 1) * stride) against the storage, the storage against its bytes, and fills t->data.
 * `what` names file and tensor. */
S2ST_CHECK int s2_lazy_resolve(s2_tensor *t, s2_find_storage *find, void *arg, const char *what, s2st_error *err);

/* Type, byte order and shape of an array as numpy pickles them: numpy.dtype("f8", ...) and a tuple of sizes. False: not
 * of a type that tensors have. */
bool s2_pickle_array_layout(s2_npy_layout *out, const s2_value *dtype, const s2_value *shape);

/* A big integer (more than 64 bits) is an object of this class; its one argument is the little-endian bytes. */
#define S2_PICKLE_BIG_INT "builtins.int"

#endif
