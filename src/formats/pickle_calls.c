/* What the names in a pickle mean. Nothing here imports or calls anything: a listed name builds the value that the
 * Python call would have given, an unlisted one becomes an inert object. */
#include <string.h>

#include "base/size.h"
#include "base/utf8.h"
#include "formats/pickle_vm.h"

/* ---- names that act ------------------------------------------------------------------------------------------ */

/* Modules (and functions) that act on the machine: processes, files, network, code. No checkpoint has a use for them;
 * a pickle that names one was made to attack its reader, so the file is refused rather than half understood. */
static const char *const acting[] = {
	"os", "posix", "nt", "sys", "subprocess", "shutil", "socket", "ssl", "select", "selectors", "signal", "pty",
	"tty", "fcntl", "mmap", "resource", "ctypes", "_ctypes", "cffi", "importlib", "_frozen_importlib", "imp",
	"pkgutil", "runpy", "code", "codeop", "codecs.open", "commands", "popen2", "platform", "tempfile", "glob",
	"io", "_io", "pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib.load", "shelve", "marshal",
	"operator", "_operator", "threading", "_thread", "multiprocessing", "concurrent", "asyncio", "sched",
	"webbrowser", "urllib", "http", "httplib", "ftplib", "smtplib", "telnetlib", "xmlrpc", "socketserver",
	"requests", "aiohttp", "pdb", "bdb", "cProfile", "profile", "timeit", "trace", "doctest", "unittest", "pydoc",
	"inspect", "ast", "site", "venv", "ensurepip", "pip", "setuptools", "distutils", "_distutils_hack", "ptrace",
	"types.CodeType", "types.FunctionType", "functools.reduce", "itertools", "torch.load",
	"torch.serialization.load", "torch.hub", "torch.jit", "torch.utils.cpp_extension", "torch.utils.bottleneck",
	"numpy.load", "numpy.testing", "numpy.f2py", "numpy.distutils", "numpy.core.multiarray.fromfile",
	"numpy.fromfile", "pandas.eval", "pandas.read_pickle",
};

/* Of builtins only plain data types may be named. */
static const char *const plain_builtins[] = {
	"bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "long", "object", "range",
	"set", "slice", "str", "tuple", "unicode", "xrange", "Ellipsis", "NotImplemented",
};

/* `name` is `prefix` or lies below it. */
static bool is_under(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(name, prefix, n) == 0 && (name[n] == 0 || name[n] == '.');
}

static bool acts(const char *name)
{
	for (size_t i = 0; i < sizeof acting / sizeof *acting; i++)
		if (is_under(name, acting[i]))
			return true;
	if (!is_under(name, "builtins"))
		return false;
	for (size_t i = 0; i < sizeof plain_builtins / sizeof *plain_builtins; i++)
		if (name[8] && strcmp(name + 9, plain_builtins[i]) == 0)
			return false;
	return true;
}

/* Protocol 4 lets an attribute have dots: "torch", "serialization.os.system" reaches os through another module. */
int s2_vm_check_name(s2_vm *vm, const char *full, const char *attribute)
{
	bool refused = acts(full);
	for (const char *dot = strchr(attribute, '.'), *part = attribute; dot && !refused; dot = strchr(part, '.')) {
		refused = acts(part);
		part = dot + 1;
	}
	if (!refused)
		return S2ST_OK;
	return s2_fail(vm->err, S2ST_EFORMAT, "%s: the pickle wants to call %s; refused, nothing was run",
		       vm->opt->name, full);
}

/* ---- plain data types ---------------------------------------------------------------------------------------- */

static s2_value *arg(const s2_value *args, size_t i)
{
	return i < args->u.list.n ? args->u.list.at[i] : NULL;
}

static bool is_kind(const s2_value *v, s2_vkind kind)
{
	return v && v->kind == kind;
}

static bool is_sequence(const s2_value *v)
{
	return v && (v->kind == S2_V_LIST || v->kind == S2_V_TUPLE || v->kind == S2_V_SET);
}

static int bad_arguments(s2_vm *vm, const char *what)
{
	return s2_vm_fail(vm, "arguments of %s", what);
}

static int call_sequence(s2_vm *vm, s2_value *args, s2_vkind kind, s2_value **out)
{
	const s2_value *from = arg(args, 0);
	if (from && !is_sequence(from))
		return bad_arguments(vm, "a sequence type");
	S2_TRY(s2_vm_node(vm, kind, out));
	for (size_t i = 0; from && i < from->u.list.n; i++)
		S2_TRY(s2_vm_append(vm, *out, from->u.list.at[i]));
	return S2ST_OK;
}

static int call_list(s2_vm *vm, s2_value *args, s2_value **out)
{
	return call_sequence(vm, args, S2_V_LIST, out);
}

static int call_tuple(s2_vm *vm, s2_value *args, s2_value **out) /* torch.Size too */
{
	return call_sequence(vm, args, S2_V_TUPLE, out);
}

static int call_set(s2_vm *vm, s2_value *args, s2_value **out)
{
	return call_sequence(vm, args, S2_V_SET, out);
}

/* From nothing, a mapping, or a sequence of pairs. */
static int fill_dict(s2_vm *vm, const s2_value *from, s2_value **out)
{
	S2_TRY(s2_vm_node(vm, S2_V_DICT, out));
	if (!from || from->kind == S2_V_NONE)
		return S2ST_OK;
	if (from->kind == S2_V_DICT) {
		for (size_t i = 0; i < from->u.dict.n; i++)
			S2_TRY(s2_vm_put(vm, *out, from->u.dict.at[i].key, from->u.dict.at[i].val));
		return S2ST_OK;
	}
	if (!is_sequence(from))
		return bad_arguments(vm, "a dict type");
	for (size_t i = 0; i < from->u.list.n; i++) {
		const s2_value *pair = from->u.list.at[i];
		if (!is_sequence(pair) || pair->u.list.n != 2)
			return bad_arguments(vm, "a dict type");
		S2_TRY(s2_vm_put(vm, *out, pair->u.list.at[0], pair->u.list.at[1]));
	}
	return S2ST_OK;
}

static int call_dict(s2_vm *vm, s2_value *args, s2_value **out)
{
	return fill_dict(vm, arg(args, 0), out);
}

static int call_defaultdict(s2_vm *vm, s2_value *args, s2_value **out) /* (factory[, mapping]) */
{
	return fill_dict(vm, arg(args, 1), out);
}

/* Text of Python 2's binary strings: each code point is a byte. */
static int call_encode(s2_vm *vm, s2_value *args, s2_value **out)
{
	const s2_value *text = arg(args, 0), *encoding = arg(args, 1);
	if (!is_kind(text, S2_V_STR) || !is_kind(encoding, S2_V_STR) ||
	    (strcmp(encoding->u.str.s, "latin1") != 0 && strcmp(encoding->u.str.s, "latin-1") != 0))
		return bad_arguments(vm, "_codecs.encode");
	size_t n = text->u.str.len, used = 0;
	S2_TRY(s2_vm_charge(vm, n));
	char *bytes = s2_arena_alloc(vm->arena, n + 1, 1, 1);
	if (!bytes)
		return s2_vm_fail_mem(vm);
	for (size_t i = 0; i < n;) {
		uint32_t cp = 0;
		size_t len = s2_utf8_next(text->u.str.s + i, n - i, &cp);
		if (len == 0 || cp > 0xff)
			return bad_arguments(vm, "_codecs.encode");
		bytes[used++] = (char)cp;
		i += len;
	}
	bytes[used] = 0;
	S2_TRY(s2_vm_node(vm, S2_V_BYTES, out));
	(*out)->u.str.s = bytes;
	(*out)->u.str.len = used;
	return S2ST_OK;
}

static int call_bytes(s2_vm *vm, s2_value *args, s2_value **out) /* bytes(), bytearray(b), bytearray(text, "latin-1") */
{
	if (args->u.list.n == 0)
		return s2_vm_text(vm, S2_V_BYTES, "", 0, out);
	if (args->u.list.n == 2)
		return call_encode(vm, args, out);
	*out = arg(args, 0);
	return is_kind(*out, S2_V_BYTES) ? S2ST_OK : bad_arguments(vm, "bytes");
}

static int call_first(s2_vm *vm, s2_value *args, s2_value **out) /* torch._utils._rebuild_parameter */
{
	*out = arg(args, 0);
	return *out ? S2ST_OK : bad_arguments(vm, "a wrapper");
}

/* ---- objects of Python 2's protocol -------------------------------------------------------------------------- */

/* copyreg._reconstructor(cls, base, state) */
static int call_reconstructor(s2_vm *vm, s2_value *args, s2_value **out)
{
	const s2_value *cls = arg(args, 0);
	s2_value *empty, *items = arg(args, 2);
	if (!cls || !s2_vm_is_reference(cls))
		return bad_arguments(vm, "copyreg._reconstructor");
	S2_TRY(s2_vm_node(vm, S2_V_TUPLE, &empty));
	S2_TRY(s2_vm_object(vm, cls->u.obj.cls, empty, out));
	if (is_kind(items, S2_V_DICT) || is_kind(items, S2_V_LIST))
		(*out)->u.obj.items = items;
	return S2ST_OK;
}

/* copyreg.__newobj__(cls, *args) */
static int call_newobj(s2_vm *vm, s2_value *args, s2_value **out)
{
	const s2_value *cls = arg(args, 0);
	s2_value *rest;
	if (!cls || !s2_vm_is_reference(cls))
		return bad_arguments(vm, "copyreg.__newobj__");
	S2_TRY(s2_vm_node(vm, S2_V_TUPLE, &rest));
	for (size_t i = 1; i < args->u.list.n; i++)
		S2_TRY(s2_vm_append(vm, rest, args->u.list.at[i]));
	return s2_vm_object(vm, cls->u.obj.cls, rest, out);
}

/* torch._tensor._rebuild_from_type_v2(function, type, args, state): a tensor with attributes or of a subclass */
static int call_from_type(s2_vm *vm, s2_value *args, s2_value **out)
{
	const s2_value *function = arg(args, 0);
	s2_value *inner = arg(args, 2);
	if (!function || !s2_vm_is_reference(function) || !is_kind(inner, S2_V_TUPLE) ||
	    strstr(function->u.obj.cls, "_rebuild_from_type"))
		return bad_arguments(vm, "torch._tensor._rebuild_from_type_v2");
	return s2_vm_call(vm, function, inner, out);
}

/* ---- numpy --------------------------------------------------------------------------------------------------- */

/* numpy.dtype("f8", False, True) with state (3, "<", ...): false for types that tensors do not have. */
static bool parse_dtype(const s2_value *dtype, s2_npy_layout *out)
{
	char descr[3] = {'<'};
	if (!is_kind(dtype, S2_V_OBJECT) || strcmp(dtype->u.obj.cls, "numpy.dtype") != 0 || !dtype->u.obj.args)
		return false;
	const s2_value *code = arg(dtype->u.obj.args, 0), *state = dtype->u.obj.state;
	if (!is_kind(code, S2_V_STR) || code->u.str.len != 2)
		return false;
	if (is_kind(state, S2_V_TUPLE)) {
		const s2_value *order = arg(state, 1);
		if (!is_kind(order, S2_V_STR) || order->u.str.len != 1)
			return false;
		descr[0] = order->u.str.s[0];
	}
	memcpy(descr + 1, code->u.str.s, 2);
	return s2_npy_descr(out, descr, 3, "", NULL) == S2ST_OK;
}

static bool is_bytes(const s2_value *v) /* Python 2 wrote bytes as str */
{
	return is_kind(v, S2_V_BYTES) || is_kind(v, S2_V_STR);
}

static int new_tensor(s2_vm *vm, const s2_npy_layout *layout, const s2_value *data, s2_tensor **out)
{
	*out = s2_arena_zalloc(vm->arena, 1, 1, sizeof **out);
	S2_TRY(s2_vm_charge(vm, sizeof **out + (layout->swapped ? data->u.str.len : 0)));
	if (!*out)
		return s2_vm_fail_mem(vm);
	return s2_npy_tensor(*out, vm->arena, layout, (const unsigned char *)data->u.str.s, data->u.str.len,
			     vm->opt->name, vm->err);
}

/* The value of a one-element tensor. */
static void set_scalar(s2_value *v, const s2_tensor *t)
{
	float f;
	double d;
	v->kind = S2_V_INT;
	switch (t->dtype) {
	case S2_F64:
		memcpy(&d, t->data, sizeof d);
		v->kind = S2_V_FLOAT;
		v->u.f = d;
		break;
	case S2_I64: memcpy(&v->u.i, t->data, sizeof v->u.i); break;
	case S2_I32: v->u.i = (int32_t)((uint32_t)t->data[0] | (uint32_t)t->data[1] << 8 | (uint32_t)t->data[2] << 16 |
					(uint32_t)t->data[3] << 24); break;
	case S2_BOOL:
		v->kind = S2_V_BOOL;
		v->u.b = t->data[0] != 0;
		break;
	default:
		s2_tensor_to_f32(t, &f);
		if (t->dtype == S2_F32 || t->dtype == S2_F16 || t->dtype == S2_BF16) {
			v->kind = S2_V_FLOAT;
			v->u.f = f;
		} else {
			v->u.i = (int64_t)f; /* 8 and 16 bit integers: exact */
		}
	}
}

/* numpy.core.multiarray.scalar(dtype, bytes) */
static int call_scalar(s2_vm *vm, s2_value *args, s2_value **out)
{
	s2_npy_layout layout = {0};
	s2_tensor *t;
	if (!parse_dtype(arg(args, 0), &layout) || !is_bytes(arg(args, 1)))
		return s2_vm_object(vm, "numpy.generic", args, out);
	S2_TRY(new_tensor(vm, &layout, arg(args, 1), &t));
	S2_TRY(s2_vm_node(vm, S2_V_NONE, out));
	set_scalar(*out, t);
	return S2ST_OK;
}

/* false: not a tuple of at most S2_MAX_RANK sizes. */
static bool parse_shape(const s2_value *shape, s2_npy_layout *layout)
{
	if (!is_kind(shape, S2_V_TUPLE) || shape->u.list.n > S2_MAX_RANK)
		return false;
	layout->rank = (int)shape->u.list.n;
	for (int i = 0; i < layout->rank; i++) {
		const s2_value *n = shape->u.list.at[i];
		if (!is_kind(n, S2_V_INT) || n->u.i < 0)
			return false;
		layout->dims[i] = (size_t)n->u.i;
	}
	return true;
}

bool s2_pickle_array_layout(s2_npy_layout *out, const s2_value *dtype, const s2_value *shape)
{
	return parse_dtype(dtype, out) && parse_shape(shape, out);
}

/* Turns v into the array; leaves it as it is where a tensor cannot hold it (objects, records, text). */
static int set_array(s2_vm *vm, s2_value *v, const s2_value *dtype, const s2_value *shape, bool fortran,
		     const s2_value *data)
{
	s2_npy_layout layout = {.fortran = fortran};
	s2_tensor *t;
	if (!is_bytes(data) || !s2_pickle_array_layout(&layout, dtype, shape))
		return S2ST_OK;
	S2_TRY(new_tensor(vm, &layout, data, &t));
	v->kind = S2_V_ARRAY;
	v->u.tensor = t;
	return S2ST_OK;
}

/* numpy.core.numeric._frombuffer(bytes, dtype, shape, order) */
static int call_frombuffer(s2_vm *vm, s2_value *args, s2_value **out)
{
	const s2_value *order = arg(args, 3);
	S2_TRY(s2_vm_object(vm, "numpy.ndarray", args, out));
	return set_array(vm, *out, arg(args, 1), arg(args, 2), is_kind(order, S2_V_STR) && order->u.str.s[0] == 'F',
			 arg(args, 0));
}

/* numpy.core.multiarray._reconstruct(numpy.ndarray, (0,), b"b"): the array comes with BUILD */
static int call_numpy_reconstruct(s2_vm *vm, s2_value *args, s2_value **out)
{
	return s2_vm_object(vm, "numpy.ndarray", args, out);
}

/* numpy.ndarray's state: (version, shape, dtype, is_fortran, bytes) */
int s2_vm_built(s2_vm *vm, s2_value *obj)
{
	const s2_value *state = obj->u.obj.state;
	if (strcmp(obj->u.obj.cls, "numpy.ndarray") != 0 || !is_kind(state, S2_V_TUPLE) || state->u.list.n != 5)
		return S2ST_OK;
	const s2_value *fortran = arg(state, 3);
	return set_array(vm, obj, arg(state, 2), arg(state, 1), is_kind(fortran, S2_V_BOOL) && fortran->u.b,
			 arg(state, 4));
}

/* ---- the table ----------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*call)(s2_vm *vm, s2_value *args, s2_value **out);
} calls[] = {
	{"torch._utils._rebuild_tensor_v2", s2_vm_rebuild_tensor},
	{"torch._utils._rebuild_tensor", s2_vm_rebuild_tensor},
	{"torch._utils._rebuild_tensor_v3", s2_vm_rebuild_tensor_v3},
	{"torch._utils._rebuild_parameter", call_first},
	{"torch._utils._rebuild_parameter_with_state", call_first},
	{"torch._tensor._rebuild_from_type_v2", call_from_type},
	{"torch.Size", call_tuple},
	{"collections.OrderedDict", call_dict},
	{"collections.Counter", call_dict},
	{"collections.defaultdict", call_defaultdict},
	{"builtins.dict", call_dict},
	{"builtins.list", call_list},
	{"builtins.tuple", call_tuple},
	{"builtins.set", call_set},
	{"builtins.frozenset", call_set},
	{"builtins.bytes", call_bytes},
	{"builtins.bytearray", call_bytes},
	{"_codecs.encode", call_encode},
	{"copyreg._reconstructor", call_reconstructor},
	{"copyreg.__newobj__", call_newobj},
	{"numpy.core.multiarray.scalar", call_scalar},
	{"numpy._core.multiarray.scalar", call_scalar},
	{"numpy.core.multiarray._reconstruct", call_numpy_reconstruct},
	{"numpy._core.multiarray._reconstruct", call_numpy_reconstruct},
	{"numpy.core.numeric._frombuffer", call_frombuffer},
	{"numpy._core.numeric._frombuffer", call_frombuffer},
};

int s2_vm_call(s2_vm *vm, const s2_value *callable, s2_value *args, s2_value **out)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (strcmp(callable->u.obj.cls, calls[i].name) == 0)
			return calls[i].call(vm, args, out);
	return s2_vm_object(vm, callable->u.obj.cls, args, out);
}
