/* One handler per opcode, by table.
 *
 * Opcodes and their stack effects: CPython Lib/pickletools.py. Protocol 0's text opcodes are refused by name: neither
 * torch nor joblib ever wrote them. */
#include <string.h>

#include "formats/pickle_vm.h"

enum { MAX_PROTOCOL = 5 };

/* ---- scalars ------------------------------------------------------------------------------------------------- */

static int op_none(s2_vm *vm)
{
	return s2_vm_push(vm, vm->none);
}

static int op_bool(s2_vm *vm)
{
	return s2_vm_push(vm, vm->op->a ? vm->yes : vm->no);
}

static int push_int(s2_vm *vm, int64_t i)
{
	s2_value *v;
	S2_TRY(s2_vm_node(vm, S2_V_INT, &v));
	v->u.i = i;
	return s2_vm_push(vm, v);
}

static int op_int(s2_vm *vm)
{
	uint64_t u;
	S2_TRY(s2_vm_take_uint(vm, vm->op->a, &u));
	return push_int(vm, vm->op->a == 4 ? (int64_t)(int32_t)(uint32_t)u : (int64_t)u); /* only BININT has a sign */
}

/* Two's complement, little endian. More than 64 bits (the legacy container's magic number, random states) is kept as
 * an inert object around the bytes. */
static int op_long(s2_vm *vm)
{
	const unsigned char *p;
	size_t n;
	S2_TRY(s2_vm_take_counted(vm, vm->op->a, &p, &n));
	if (n <= 8) {
		uint64_t u = n && p[n - 1] >= 0x80 ? UINT64_MAX : 0;
		for (size_t i = n; i-- > 0;)
			u = u << 8 | p[i];
		return push_int(vm, (int64_t)u);
	}
	s2_value *bytes, *args, *v;
	S2_TRY(s2_vm_text(vm, S2_V_BYTES, p, n, &bytes));
	S2_TRY(s2_vm_node(vm, S2_V_TUPLE, &args));
	S2_TRY(s2_vm_append(vm, args, bytes));
	S2_TRY(s2_vm_object(vm, S2_PICKLE_BIG_INT, args, &v));
	return s2_vm_push(vm, v);
}

static int op_float(s2_vm *vm)
{
	const unsigned char *p;
	uint64_t bits = 0;
	s2_value *v;
	S2_TRY(s2_vm_take(vm, 8, &p));
	for (int i = 0; i < 8; i++)
		bits = bits << 8 | p[i];
	S2_TRY(s2_vm_node(vm, S2_V_FLOAT, &v));
	memcpy(&v->u.f, &bits, sizeof bits);
	return s2_vm_push(vm, v);
}

static int op_text(s2_vm *vm)
{
	const unsigned char *p;
	size_t n;
	s2_value *v;
	S2_TRY(s2_vm_take_counted(vm, vm->op->a, &p, &n));
	S2_TRY(s2_vm_text(vm, (s2_vkind)vm->op->b, p, n, &v));
	return s2_vm_push(vm, v);
}

/* ---- containers ---------------------------------------------------------------------------------------------- */

static int op_empty(s2_vm *vm)
{
	s2_value *v;
	S2_TRY(s2_vm_node(vm, (s2_vkind)vm->op->a, &v));
	return s2_vm_push(vm, v);
}

static int op_tuple_n(s2_vm *vm)
{
	size_t n = (size_t)vm->op->a;
	s2_value *v;
	S2_TRY(s2_vm_need(vm, n));
	S2_TRY(s2_vm_node(vm, S2_V_TUPLE, &v));
	for (size_t i = 0; i < n; i++)
		S2_TRY(s2_vm_append(vm, v, vm->stack[vm->n_stack - n + i]));
	vm->n_stack -= n;
	return s2_vm_push(vm, v);
}

/* TUPLE, LIST, FROZENSET: all above the mark. */
static int op_sequence(s2_vm *vm)
{
	s2_value **items, *v;
	size_t n;
	S2_TRY(s2_vm_pop_mark(vm, &items, &n));
	S2_TRY(s2_vm_node(vm, (s2_vkind)vm->op->a, &v));
	for (size_t i = 0; i < n; i++)
		S2_TRY(s2_vm_append(vm, v, items[i]));
	return s2_vm_push(vm, v);
}

/* Where APPENDS (list) or SETITEMS (dict) put things: the container itself, or the items of an inert object. */
static int items_of(s2_vm *vm, s2_value *v, s2_vkind kind, s2_value **out)
{
	*out = v;
	if (v->kind == S2_V_OBJECT && !s2_vm_is_reference(v)) {
		if (!v->u.obj.items)
			S2_TRY(s2_vm_node(vm, kind, &v->u.obj.items));
		*out = v->u.obj.items;
	}
	if ((*out)->kind != kind)
		return s2_vm_fail(vm, "expected %s to fill, found %s", kind == S2_V_DICT ? "a dict" : "a list",
				  s2_value_kind_name(v));
	return S2ST_OK;
}

static int append_all(s2_vm *vm, s2_vkind kind, s2_value **items, size_t n)
{
	s2_value *v, *list;
	S2_TRY(s2_vm_peek(vm, &v));
	S2_TRY(items_of(vm, v, kind, &list));
	for (size_t i = 0; i < n; i++)
		S2_TRY(s2_vm_append(vm, list, items[i]));
	return S2ST_OK;
}

static int put_pairs(s2_vm *vm, s2_value *dict, s2_value **items, size_t n)
{
	if (n % 2)
		return s2_vm_fail(vm, "a key without a value");
	for (size_t i = 0; i < n; i += 2)
		S2_TRY(s2_vm_put(vm, dict, items[i], items[i + 1]));
	return S2ST_OK;
}

static int put_all(s2_vm *vm, s2_value **items, size_t n)
{
	s2_value *v, *dict;
	S2_TRY(s2_vm_peek(vm, &v));
	S2_TRY(items_of(vm, v, S2_V_DICT, &dict));
	return put_pairs(vm, dict, items, n);
}

static int op_append(s2_vm *vm)
{
	s2_value *item;
	S2_TRY(s2_vm_pop(vm, &item));
	return append_all(vm, S2_V_LIST, &item, 1);
}

static int op_appends(s2_vm *vm) /* and ADDITEMS */
{
	s2_value **items;
	size_t n;
	S2_TRY(s2_vm_pop_mark(vm, &items, &n));
	return append_all(vm, (s2_vkind)vm->op->a, items, n);
}

static int op_setitem(s2_vm *vm)
{
	s2_value *pair[2];
	S2_TRY(s2_vm_pop(vm, &pair[1]));
	S2_TRY(s2_vm_pop(vm, &pair[0]));
	return put_all(vm, pair, 2);
}

static int op_setitems(s2_vm *vm)
{
	s2_value **items;
	size_t n;
	S2_TRY(s2_vm_pop_mark(vm, &items, &n));
	return put_all(vm, items, n);
}

static int op_dict(s2_vm *vm)
{
	s2_value **items, *v;
	size_t n;
	S2_TRY(s2_vm_pop_mark(vm, &items, &n));
	S2_TRY(s2_vm_node(vm, S2_V_DICT, &v));
	S2_TRY(put_pairs(vm, v, items, n));
	return s2_vm_push(vm, v);
}

/* ---- stack and memo ------------------------------------------------------------------------------------------ */

static int op_mark(s2_vm *vm)
{
	return s2_vm_mark(vm);
}

static int op_pop_mark(s2_vm *vm)
{
	s2_value **items;
	size_t n;
	return s2_vm_pop_mark(vm, &items, &n);
}

static int op_pop(s2_vm *vm)
{
	s2_value *v;
	if (s2_vm_height(vm) == 0)
		return op_pop_mark(vm); /* as CPython does */
	return s2_vm_pop(vm, &v);
}

static int op_dup(s2_vm *vm)
{
	s2_value *v;
	S2_TRY(s2_vm_peek(vm, &v));
	return s2_vm_push(vm, v);
}

static int op_get(s2_vm *vm)
{
	uint64_t i;
	S2_TRY(s2_vm_take_uint(vm, vm->op->a, &i));
	if (i >= vm->cap_memo || !vm->memo[i])
		return s2_vm_fail(vm, "memo %llu is not set", (unsigned long long)i);
	return s2_vm_push(vm, vm->memo[i]);
}

static int op_put(s2_vm *vm)
{
	uint64_t i;
	S2_TRY(s2_vm_take_uint(vm, vm->op->a, &i));
	return s2_vm_memoize(vm, (size_t)i);
}

static int op_memoize(s2_vm *vm)
{
	return s2_vm_memoize(vm, vm->n_memo);
}

/* ---- names and objects --------------------------------------------------------------------------------------- */

static int take_name(s2_vm *vm, s2_value **out)
{
	const char *module, *name;
	size_t m, n;
	S2_TRY(s2_vm_take_line(vm, &module, &m));
	S2_TRY(s2_vm_take_line(vm, &name, &n));
	return s2_vm_name(vm, module, m, name, n, out);
}

static int op_global(s2_vm *vm)
{
	s2_value *v;
	S2_TRY(take_name(vm, &v));
	return s2_vm_push(vm, v);
}

static int op_stack_global(s2_vm *vm)
{
	s2_value *module, *name, *v;
	S2_TRY(s2_vm_pop(vm, &name));
	S2_TRY(s2_vm_pop(vm, &module));
	if (module->kind != S2_V_STR || name->kind != S2_V_STR)
		return s2_vm_fail(vm, "not a class name");
	S2_TRY(s2_vm_name(vm, module->u.str.s, module->u.str.len, name->u.str.s, name->u.str.len, &v));
	return s2_vm_push(vm, v);
}

static int call_and_push(s2_vm *vm, const s2_value *callable, s2_value *args)
{
	s2_value *v;
	if (!s2_vm_is_reference(callable))
		return s2_vm_fail(vm, "expected a class to call, found %s", s2_value_kind_name(callable));
	if (args->kind != S2_V_TUPLE)
		return s2_vm_fail(vm, "expected a tuple of arguments, found %s", s2_value_kind_name(args));
	S2_TRY(s2_vm_call(vm, callable, args, &v));
	return s2_vm_push(vm, v);
}

static int op_reduce(s2_vm *vm) /* and NEWOBJ: a class called with a tuple */
{
	s2_value *callable, *args;
	S2_TRY(s2_vm_pop(vm, &args));
	S2_TRY(s2_vm_pop(vm, &callable));
	return call_and_push(vm, callable, args);
}

static int op_newobj_ex(s2_vm *vm)
{
	s2_value *callable, *args, *keywords;
	S2_TRY(s2_vm_pop(vm, &keywords));
	S2_TRY(s2_vm_pop(vm, &args));
	S2_TRY(s2_vm_pop(vm, &callable));
	if (keywords->kind != S2_V_DICT)
		return s2_vm_fail(vm, "expected a dict of keyword arguments, found %s", s2_value_kind_name(keywords));
	if (keywords->u.dict.n > 0 && args->kind == S2_V_TUPLE) {
		s2_value *all; /* with the keywords as its last: no name of the table takes any */
		S2_TRY(s2_vm_node(vm, S2_V_TUPLE, &all));
		for (size_t i = 0; i < args->u.list.n; i++)
			S2_TRY(s2_vm_append(vm, all, args->u.list.at[i]));
		S2_TRY(s2_vm_append(vm, all, keywords));
		args = all;
	}
	return call_and_push(vm, callable, args);
}

/* INST names the class in the stream, OBJ has it first above the mark; both take the rest as arguments. */
static int op_old_object(s2_vm *vm)
{
	const bool named = vm->op->a;
	s2_value **items, *cls = NULL, *args;
	size_t n, first = 0;
	if (named)
		S2_TRY(take_name(vm, &cls));
	S2_TRY(s2_vm_pop_mark(vm, &items, &n));
	if (!named) {
		if (n == 0)
			return s2_vm_fail(vm, "stack underflow");
		cls = items[first++];
	}
	S2_TRY(s2_vm_node(vm, S2_V_TUPLE, &args));
	for (; first < n; first++)
		S2_TRY(s2_vm_append(vm, args, items[first]));
	return call_and_push(vm, cls, args);
}

/* Attributes given to a plain value (an OrderedDict's _metadata, a tensor's) mean nothing here and are dropped. */
static int op_build(s2_vm *vm)
{
	s2_value *state, *v;
	S2_TRY(s2_vm_pop(vm, &state));
	S2_TRY(s2_vm_peek(vm, &v));
	if (v->kind != S2_V_OBJECT)
		return S2ST_OK;
	if (s2_vm_is_reference(v))
		return s2_vm_fail(vm, "state for the class %s itself", v->u.obj.cls);
	v->u.obj.state = state;
	S2_TRY(s2_vm_built(vm, v));
	if (!vm->opt->built || v->kind != S2_V_OBJECT)
		return S2ST_OK;
	size_t pos = vm->pos;
	S2_TRY(vm->opt->built(vm->opt->arg, v, &pos, vm->err));
	if (pos < vm->pos || pos > vm->n)
		return s2_fail(vm->err, S2ST_EINTERNAL, "%s: array reader left the file", vm->opt->name);
	vm->pos = pos;
	return S2ST_OK;
}

/* A storage is an object of its type whose arguments are the id. */
static int op_persistent(s2_vm *vm)
{
	s2_value *id, *v;
	S2_TRY(s2_vm_pop(vm, &id));
	if (id->kind != S2_V_TUPLE || id->u.list.n < 2 || id->u.list.at[0]->kind != S2_V_STR ||
	    !s2_vm_is_reference(id->u.list.at[1]))
		return s2_vm_fail(vm, "persistent id is no storage");
	if (strcmp(id->u.list.at[0]->u.str.s, "module") == 0) /* legacy: a class, with its source code */
		return s2_vm_push(vm, id->u.list.at[1]);
	S2_TRY(s2_vm_object(vm, id->u.list.at[1]->u.obj.cls, id, &v));
	S2_TRY(s2_vm_append(vm, vm->storages, v));
	return s2_vm_push(vm, v);
}

/* ---- control ------------------------------------------------------------------------------------------------- */

static int op_proto(s2_vm *vm)
{
	const unsigned char *p;
	S2_TRY(s2_vm_take(vm, 1, &p));
	return *p <= MAX_PROTOCOL ? S2ST_OK
				  : s2_vm_fail(vm, "protocol %d is not supported (up to %d is)", *p, MAX_PROTOCOL);
}

/* Frames say how far a reader may read ahead; we have all bytes. */
static int op_frame(s2_vm *vm)
{
	uint64_t n;
	S2_TRY(s2_vm_take_uint(vm, 8, &n));
	return n <= vm->n - vm->pos ? S2ST_OK : s2_vm_fail(vm, "truncated: frame of %llu bytes", (unsigned long long)n);
}

static int op_stop(s2_vm *vm)
{
	vm->stopped = true;
	return s2_vm_need(vm, 1);
}

static int op_refused(s2_vm *vm)
{
	return s2_vm_fail(vm, "opcode %s is not supported", vm->op->name);
}

const s2_vm_op s2_vm_ops[256] = {
	[0x80] = {"PROTO", op_proto, 0, 0},
	[0x95] = {"FRAME", op_frame, 0, 0},
	['.'] = {"STOP", op_stop, 0, 0},
	['N'] = {"NONE", op_none, 0, 0},
	[0x88] = {"NEWTRUE", op_bool, 1, 0},
	[0x89] = {"NEWFALSE", op_bool, 0, 0},
	['K'] = {"BININT1", op_int, 1, 0},
	['M'] = {"BININT2", op_int, 2, 0},
	['J'] = {"BININT", op_int, 4, 0},
	[0x8a] = {"LONG1", op_long, 1, 0},
	[0x8b] = {"LONG4", op_long, 4, 0},
	['G'] = {"BINFLOAT", op_float, 0, 0},
	['U'] = {"SHORT_BINSTRING", op_text, 1, S2_V_STR}, /* Python 2's str: text in all that is read here */
	['T'] = {"BINSTRING", op_text, 4, S2_V_STR},
	[0x8c] = {"SHORT_BINUNICODE", op_text, 1, S2_V_STR},
	['X'] = {"BINUNICODE", op_text, 4, S2_V_STR},
	[0x8d] = {"BINUNICODE8", op_text, 8, S2_V_STR},
	['C'] = {"SHORT_BINBYTES", op_text, 1, S2_V_BYTES},
	['B'] = {"BINBYTES", op_text, 4, S2_V_BYTES},
	[0x8e] = {"BINBYTES8", op_text, 8, S2_V_BYTES},
	[0x96] = {"BYTEARRAY8", op_text, 8, S2_V_BYTES},
	[')'] = {"EMPTY_TUPLE", op_empty, S2_V_TUPLE, 0},
	[']'] = {"EMPTY_LIST", op_empty, S2_V_LIST, 0},
	['}'] = {"EMPTY_DICT", op_empty, S2_V_DICT, 0},
	[0x8f] = {"EMPTY_SET", op_empty, S2_V_SET, 0},
	[0x85] = {"TUPLE1", op_tuple_n, 1, 0},
	[0x86] = {"TUPLE2", op_tuple_n, 2, 0},
	[0x87] = {"TUPLE3", op_tuple_n, 3, 0},
	['t'] = {"TUPLE", op_sequence, S2_V_TUPLE, 0},
	['l'] = {"LIST", op_sequence, S2_V_LIST, 0},
	[0x91] = {"FROZENSET", op_sequence, S2_V_SET, 0},
	['d'] = {"DICT", op_dict, 0, 0},
	['a'] = {"APPEND", op_append, 0, 0},
	['e'] = {"APPENDS", op_appends, S2_V_LIST, 0},
	[0x90] = {"ADDITEMS", op_appends, S2_V_SET, 0},
	['s'] = {"SETITEM", op_setitem, 0, 0},
	['u'] = {"SETITEMS", op_setitems, 0, 0},
	['('] = {"MARK", op_mark, 0, 0},
	['0'] = {"POP", op_pop, 0, 0},
	['1'] = {"POP_MARK", op_pop_mark, 0, 0},
	['2'] = {"DUP", op_dup, 0, 0},
	['h'] = {"BINGET", op_get, 1, 0},
	['j'] = {"LONG_BINGET", op_get, 4, 0},
	['q'] = {"BINPUT", op_put, 1, 0},
	['r'] = {"LONG_BINPUT", op_put, 4, 0},
	[0x94] = {"MEMOIZE", op_memoize, 0, 0},
	['c'] = {"GLOBAL", op_global, 0, 0},
	[0x93] = {"STACK_GLOBAL", op_stack_global, 0, 0},
	['R'] = {"REDUCE", op_reduce, 0, 0},
	[0x81] = {"NEWOBJ", op_reduce, 0, 0},
	[0x92] = {"NEWOBJ_EX", op_newobj_ex, 0, 0},
	['i'] = {"INST", op_old_object, 1, 0},
	['o'] = {"OBJ", op_old_object, 0, 0},
	['b'] = {"BUILD", op_build, 0, 0},
	['Q'] = {"BINPERSID", op_persistent, 0, 0},
	['P'] = {"PERSID", op_refused, 0, 0},
	['I'] = {"INT", op_refused, 0, 0},
	['L'] = {"LONG", op_refused, 0, 0},
	['F'] = {"FLOAT", op_refused, 0, 0},
	['S'] = {"STRING", op_refused, 0, 0},
	['V'] = {"UNICODE", op_refused, 0, 0},
	['g'] = {"GET", op_refused, 0, 0},
	['p'] = {"PUT", op_refused, 0, 0},
	[0x82] = {"EXT1", op_refused, 0, 0},
	[0x83] = {"EXT2", op_refused, 0, 0},
	[0x84] = {"EXT4", op_refused, 0, 0},
	[0x97] = {"NEXT_BUFFER", op_refused, 0, 0},
	[0x98] = {"READONLY_BUFFER", op_refused, 0, 0},
};

