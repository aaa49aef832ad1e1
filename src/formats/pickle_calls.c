/* What the names in a pickle mean. Nothing here imports or calls anything: a listed name builds the value that the
 * Python call would have given, an unlisted one becomes an inert object. */
#include <string.h>

#include "base/size.h"
#include "base/utf8.h"
#include "formats/pickle_vm.h"

enum { MAX_NAME = 500 };

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
	"types.CodeType", "types.FunctionType", "functools.reduce", "torch.load",
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
static int check_name(s2_vm *vm, const char *full, const char *attribute)
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

/* Python 2's module names for what moved. */
static const char *modern(const char *module, size_t *n)
{
	static const struct {
		const char *old, *now;
	} moved[] = {{"__builtin__", "builtins"}, {"copy_reg", "copyreg"}};
	for (size_t i = 0; i < sizeof moved / sizeof *moved; i++)
		if (*n == strlen(moved[i].old) && memcmp(module, moved[i].old, *n) == 0) {
			*n = strlen(moved[i].now);
			return moved[i].now;
		}
	return module;
}

int s2_vm_name(s2_vm *vm, const char *module, size_t m, const char *name, size_t n, s2_value **out)
{
	module = modern(module, &m);
	if (m == 0 || n == 0 || m > MAX_NAME || n > MAX_NAME || memchr(module, 0, m) || memchr(name, 0, n))
		return s2_vm_fail(vm, "not a class name");
	S2_TRY(s2_vm_charge(vm, m + n));
	char *full = s2_arena_alloc(vm->arena, m + n + 2, 1, 1);
	if (!full)
		return s2_vm_fail_mem(vm);
	memcpy(full, module, m);
	full[m] = '.';
	memcpy(full + m + 1, name, n);
	full[m + 1 + n] = 0;
	S2_TRY(check_name(vm, full, full + m + 1));
	return s2_vm_object(vm, full, NULL, out);
}

/* ---- plain data types ---------------------------------------------------------------------------------------- */

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
	const s2_value *from = s2_vm_arg(args, 0);
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
	return fill_dict(vm, s2_vm_arg(args, 0), out);
}

static int call_defaultdict(s2_vm *vm, s2_value *args, s2_value **out) /* (factory[, mapping]) */
{
	return fill_dict(vm, s2_vm_arg(args, 1), out);
}

/* Text of Python 2's binary strings: each code point is a byte. */
static int call_encode(s2_vm *vm, s2_value *args, s2_value **out)
{
	const s2_value *text = s2_vm_arg(args, 0), *encoding = s2_vm_arg(args, 1);
	if (!s2_vm_is(text, S2_V_STR) || !s2_vm_is(encoding, S2_V_STR) ||
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
	*out = s2_vm_arg(args, 0);
	return s2_vm_is(*out, S2_V_BYTES) ? S2ST_OK : bad_arguments(vm, "bytes");
}

static int call_first(s2_vm *vm, s2_value *args, s2_value **out) /* torch._utils._rebuild_parameter */
{
	*out = s2_vm_arg(args, 0);
	return *out ? S2ST_OK : bad_arguments(vm, "a wrapper");
}

/* ---- objects of Python 2's protocol -------------------------------------------------------------------------- */

/* copyreg._reconstructor(cls, base, state) */
static int call_reconstructor(s2_vm *vm, s2_value *args, s2_value **out)
{
	const s2_value *cls = s2_vm_arg(args, 0);
	s2_value *empty, *items = s2_vm_arg(args, 2);
	if (!cls || !s2_vm_is_reference(cls))
		return bad_arguments(vm, "copyreg._reconstructor");
	S2_TRY(s2_vm_node(vm, S2_V_TUPLE, &empty));
	S2_TRY(s2_vm_object(vm, cls->u.obj.cls, empty, out));
	if (s2_vm_is(items, S2_V_DICT) || s2_vm_is(items, S2_V_LIST))
		(*out)->u.obj.items = items;
	return S2ST_OK;
}

/* copyreg.__newobj__(cls, *args) */
static int call_newobj(s2_vm *vm, s2_value *args, s2_value **out)
{
	const s2_value *cls = s2_vm_arg(args, 0);
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
	const s2_value *function = s2_vm_arg(args, 0);
	s2_value *inner = s2_vm_arg(args, 2);
	if (!function || !s2_vm_is_reference(function) || !s2_vm_is(inner, S2_V_TUPLE) ||
	    strstr(function->u.obj.cls, "_rebuild_from_type"))
		return bad_arguments(vm, "torch._tensor._rebuild_from_type_v2");
	return s2_vm_call(vm, function, inner, out);
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
	{"numpy.core.multiarray.scalar", s2_vm_numpy_scalar},
	{"numpy._core.multiarray.scalar", s2_vm_numpy_scalar},
	{"numpy.core.multiarray._reconstruct", s2_vm_numpy_reconstruct},
	{"numpy._core.multiarray._reconstruct", s2_vm_numpy_reconstruct},
	{"numpy.core.numeric._frombuffer", s2_vm_numpy_frombuffer},
	{"numpy._core.numeric._frombuffer", s2_vm_numpy_frombuffer},
};

int s2_vm_call(s2_vm *vm, const s2_value *callable, s2_value *args, s2_value **out)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (strcmp(callable->u.obj.cls, calls[i].name) == 0)
			return calls[i].call(vm, args, out);
	return s2_vm_object(vm, callable->u.obj.cls, args, out);
}
