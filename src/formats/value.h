/* One tree for everything that configures a model: pickle, JSON and YAML all become s2_value nodes in an arena.
 *
 * Layer: formats. Nodes are inert data. A pickled object (argparse.Namespace, fairseq Dictionary, an unknown class)
 * is S2_V_OBJECT: its class name, constructor arguments and state; nothing was ever called to make it. Trees from
 * pickles can share nodes and hold cycles (a list inside itself): walkers bound their depth. */
#ifndef S2_FORMATS_VALUE_H
#define S2_FORMATS_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "formats/tensor.h"

typedef enum s2_vkind {
	S2_V_NONE, S2_V_BOOL, S2_V_INT, S2_V_FLOAT, S2_V_STR, S2_V_BYTES, S2_V_LIST, S2_V_TUPLE, S2_V_SET, S2_V_DICT,
	S2_V_OBJECT, S2_V_TENSOR, S2_V_ARRAY /* numpy array: `tensor` too */
} s2_vkind;

typedef struct s2_value s2_value;

typedef struct s2_pair {
	s2_value *key, *val;
} s2_pair;

struct s2_value {
	s2_vkind kind;
	bool seen; /* for a reader's walk that visits shared nodes once; no meaning afterwards */
	union {
		bool b;
		int64_t i;
		double f;
		struct { const char *s; size_t len; } str;        /* NUL-terminated; may hold NULs inside */
		struct { s2_value **at; size_t n, cap; } list;    /* list, tuple, set */
		struct { s2_pair *at; size_t n, cap; } dict;      /* insertion order; later keys win */
		struct {
			const char *cls;  /* "argparse.Namespace", "omegaconf.dictconfig.DictConfig", ... */
			s2_value *args;   /* tuple, or NULL */
			s2_value *state;  /* what BUILD gave, or NULL */
			s2_value *items;  /* dict or list that SETITEMS/APPENDS filled, or NULL */
		} obj;
		s2_tensor *tensor;
	} u;
};

const char *
s2_value_kind_name(const s2_value *v); /* "dict", "list", "int", class name of an object; "nothing" for NULL */

/* Member `key` of a dict, of an object's state dict (Namespace), or of an omegaconf DictConfig (its `_content`, with
 * AnyNode-like leaves unwrapped to their `_val`). NULL: absent, or v is NULL or no mapping. */
const s2_value *s2_value_get(const s2_value *v, const char *key);
/* "model.w2v_args.model" walks down; NULL when any step is absent. */
const s2_value *s2_value_path(const s2_value *v, const char *dotted);
/* The leaf behind omegaconf wrappers (AnyNode, IntegerNode, ListConfig, ...); v itself otherwise. A leaf that is an
 * interpolation ("${task.normalize}", as fairseq's dataclasses write them) is followed through the tree it lies in. */
const s2_value *s2_value_unwrap(const s2_value *v);
/* List or tuple access, omegaconf ListConfig included. */
size_t s2_value_len(const s2_value *v);
const s2_value *s2_value_at(const s2_value *v, size_t i);
/* Pairs of a mapping as above, in order; 0 when v is none. Values still wear their omegaconf wrappers. */
size_t s2_value_pairs(const s2_value *v, const s2_pair **out);

/* Typed reads with a default when absent or None. Wrong kind: S2ST_EMODEL naming file, key, expected and found.
 * Numbers given as strings are accepted (Namespaces of old checkpoints hold "1"), bools as ints. */
int s2_value_get_int(const s2_value *v, const char *key, int64_t def, int64_t *out, const char *file, s2st_error *err);
int s2_value_get_float(const s2_value *v, const char *key, double def, double *out, const char *file, s2st_error *err);
int s2_value_get_bool(const s2_value *v, const char *key, bool def, bool *out, const char *file, s2st_error *err);
const char *s2_value_get_str(const s2_value *v, const char *key, const char *def); /* def when absent or no string */

/* Constructors for the readers; NULL when memory is out. */
s2_value *s2_value_new(s2_arena *a, s2_vkind kind);
s2_value *s2_value_new_str(s2_arena *a, const char *s, size_t len);
int s2_value_append(s2_arena *a, s2_value *list, s2_value *item);             /* 0, or -1 out of memory */
int s2_value_put(s2_arena *a, s2_value *dict, s2_value *key, s2_value *val);  /* 0, or -1 */

/* JSON text of a tree on one line: tensors as {"dtype", "shape"}, objects as {"__class__", members...}, omegaconf
 * containers as what they hold, bytes as "<N bytes>". Always valid JSON: what lies deeper than 64 levels or beyond
 * about max_bytes is "...". malloc'ed string or NULL (out of memory). */
char *s2_value_to_json(const s2_value *v, size_t max_bytes);

#endif
