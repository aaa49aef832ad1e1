/* Inside of the pickle reader: the machine (pickle.c), its opcodes (pickle_ops.c), what names mean (pickle_calls.c),
 * numpy (pickle_numpy.c) and tensors (pickle_tensor.c).  Layer: formats. */
#ifndef S2_FORMATS_PICKLE_VM_H
#define S2_FORMATS_PICKLE_VM_H

#include "formats/pickle.h"

struct s2_vm;

/* One row of the opcode table: its handler and up to two parameters, which it finds in vm->op. */
typedef struct s2_vm_op {
	const char *name;
	int (*run)(struct s2_vm *vm);
	int a, b;
} s2_vm_op;
extern const s2_vm_op s2_vm_ops[256];

typedef struct s2_vm {
	const unsigned char *bytes;
	size_t n, pos;
	const s2_vm_op *op; /* that runs */
	const s2_pickle_options *opt;
	s2_arena *arena;
	s2st_error *err;

	s2_value **stack;
	size_t n_stack, cap_stack;
	size_t *marks; /* heights of the stack */
	size_t n_marks, cap_marks;
	s2_value **memo; /* NULL: not set */
	size_t n_memo, cap_memo;

	size_t charged; /* bytes of tree made so far */
	s2_value *none, *yes, *no; /* one node each: constants are never changed */
	s2_value *storages;
	bool stopped;
} s2_vm;

enum { S2_VM_MAX_STACK = 1 << 22, S2_VM_MAX_MEMO = 1 << 23 };

/* ---- errors: "FILE: malformed pickle at byte N: ..." */
#define s2_vm_fail(vm, ...) (s2_vm_error((vm), __VA_ARGS__), S2ST_EFORMAT) /* a macro for the reason of s2_fail */
#define s2_vm_fail_mem(vm) s2_fail_mem((vm)->err, (vm)->opt->name)
void s2_vm_error(s2_vm *vm, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- memory: every byte that a stream makes us keep is charged, so that a small file cannot build a large tree */
int s2_vm_charge(s2_vm *vm, size_t bytes);
int s2_vm_node(s2_vm *vm, s2_vkind kind, s2_value **out);
int s2_vm_text(s2_vm *vm, s2_vkind kind, const void *s, size_t n, s2_value **out); /* S2_V_STR or S2_V_BYTES */
int s2_vm_object(s2_vm *vm, const char *cls, s2_value *args, s2_value **out);
int s2_vm_append(s2_vm *vm, s2_value *list, s2_value *item);
int s2_vm_put(s2_vm *vm, s2_value *dict, s2_value *key, s2_value *val);

/* ---- stack and memo; nothing reaches below the last mark */
int s2_vm_push(s2_vm *vm, s2_value *v);
int s2_vm_pop(s2_vm *vm, s2_value **out);
int s2_vm_peek(s2_vm *vm, s2_value **out);
int s2_vm_need(s2_vm *vm, size_t n);
size_t s2_vm_height(const s2_vm *vm);
int s2_vm_mark(s2_vm *vm);
/* The objects above the last mark leave the stack; they stay readable until the next push. */
int s2_vm_pop_mark(s2_vm *vm, s2_value ***items, size_t *n);
int s2_vm_memoize(s2_vm *vm, size_t i);

/* ---- input */
int s2_vm_take(s2_vm *vm, size_t n, const unsigned char **out);
int s2_vm_take_uint(s2_vm *vm, int width, uint64_t *out); /* little endian, 1 to 8 bytes */
int s2_vm_take_counted(s2_vm *vm, int width, const unsigned char **out, size_t *n);
int s2_vm_take_line(s2_vm *vm, const char **out, size_t *n);

/* ---- names */
/* A name that GLOBAL brought and nothing has called: objects made by a call have args. */
static inline bool s2_vm_is_reference(const s2_value *v)
{
	return v->kind == S2_V_OBJECT && !v->u.obj.args && !v->u.obj.state && !v->u.obj.items;
}
/* One argument of a call, NULL behind the last. */
static inline s2_value *s2_vm_arg(const s2_value *args, size_t i)
{
	return i < args->u.list.n ? args->u.list.at[i] : NULL;
}
static inline bool s2_vm_is(const s2_value *v, s2_vkind kind)
{
	return v && v->kind == kind;
}
/* A reference to "module.name"; names that act on the machine are refused. */
int s2_vm_name(s2_vm *vm, const char *module, size_t m, const char *name, size_t n, s2_value **out);
/* What `callable`(*args) stands for by the table; an inert object for names that are not in it. */
int s2_vm_call(s2_vm *vm, const s2_value *callable, s2_value *args, s2_value **out);
/* After BUILD: turns an object whose class has a meaning here (numpy.ndarray) into that value, in place. */
int s2_vm_built(s2_vm *vm, s2_value *obj);

/* torch._utils._rebuild_tensor* and what wraps them */
int s2_vm_rebuild_tensor(s2_vm *vm, s2_value *args, s2_value **out);
int s2_vm_rebuild_tensor_v3(s2_vm *vm, s2_value *args, s2_value **out);

/* numpy.core.multiarray.scalar and _reconstruct, numpy.core.numeric._frombuffer */
int s2_vm_numpy_scalar(s2_vm *vm, s2_value *args, s2_value **out);
int s2_vm_numpy_reconstruct(s2_vm *vm, s2_value *args, s2_value **out);
int s2_vm_numpy_frombuffer(s2_vm *vm, s2_value *args, s2_value **out);

#endif
