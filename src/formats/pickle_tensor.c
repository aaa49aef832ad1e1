/* Tensors of a pickle: what torch._utils._rebuild_tensor* say, kept until someone wants the bytes. */
#include <string.h>

#include "base/size.h"
#include "formats/pickle_vm.h"

static const struct {
	const char *storage, *name, *alias; /* torch.FloatStorage, torch.float32, torch.float */
	s2_dtype dtype;
} types[] = {
	{"FloatStorage", "float32", "float", S2_F32},	 {"HalfStorage", "float16", "half", S2_F16},
	{"BFloat16Storage", "bfloat16", "", S2_BF16},	 {"DoubleStorage", "float64", "double", S2_F64},
	{"LongStorage", "int64", "long", S2_I64},	 {"IntStorage", "int32", "int", S2_I32},
	{"ShortStorage", "int16", "short", S2_I16},	 {"CharStorage", "int8", "", S2_I8},
	{"ByteStorage", "uint8", "", S2_U8},		 {"BoolStorage", "bool", "", S2_BOOL},
};

/* ---- storages ------------------------------------------------------------------------------------------------ */

static const char *last_part(const char *dotted)
{
	const char *dot = strrchr(dotted, '.');
	return dot ? dot + 1 : dotted;
}

/* "torch.FloatStorage", "torch.cuda.FloatStorage", "torch.storage.UntypedStorage"; false: a type we do not have. */
static bool parse_type(s2_storage *out, const char *cls)
{
	const char *name = last_part(cls);
	if (strcmp(name, "UntypedStorage") == 0 || strcmp(name, "_UntypedStorage") == 0) {
		out->elem = 1;
		return true;
	}
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(name, types[i].storage) == 0) {
			out->dtype = types[i].dtype;
			out->typed = true;
			out->elem = s2_dtype_size(out->dtype);
			return true;
		}
	return false;
}

static bool get_size(const s2_value *v, size_t *out)
{
	if (!v || v->kind != S2_V_INT || v->u.i < 0)
		return false;
	*out = (size_t)v->u.i;
	return true;
}

/* (key of the view, first element, elements): torch before 0.4 shared storages so */
static bool parse_view(s2_storage *out, const s2_value *view)
{
	if (view->kind == S2_V_NONE)
		return true;
	return view->kind == S2_V_TUPLE && view->u.list.n == 3 && get_size(view->u.list.at[1], &out->first) &&
	       get_size(view->u.list.at[2], &out->view_n);
}

static bool parse_storage(s2_storage *out, const s2_value *v, bool *known)
{
	*out = (s2_storage){.elem = 1};
	if (v->kind != S2_V_OBJECT || !v->u.obj.args)
		return false;
	const s2_value *id = v->u.obj.args;
	if (id->kind != S2_V_TUPLE || id->u.list.n < 5 || id->u.list.at[0]->kind != S2_V_STR ||
	    strcmp(id->u.list.at[0]->u.str.s, "storage") != 0 || id->u.list.at[2]->kind != S2_V_STR ||
	    !get_size(id->u.list.at[4], &out->n))
		return false;
	out->key = id->u.list.at[2]->u.str.s;
	out->key_len = id->u.list.at[2]->u.str.len;
	out->view_n = out->n;
	*known = parse_type(out, v->u.obj.cls);
	return id->u.list.n < 6 || parse_view(out, id->u.list.at[5]);
}

int s2_storage_parse(s2_storage *out, const s2_value *storage, const char *name, s2st_error *err)
{
	bool known;
	if (!parse_storage(out, storage, &known))
		return s2_fail(err, S2ST_EFORMAT, "%s: malformed storage id", name);
	if (!known)
		return s2_fail(err, S2ST_EFORMAT, "%s: storage type %s is not supported", name, storage->u.obj.cls);
	return S2ST_OK;
}

/* ---- rebuilding ---------------------------------------------------------------------------------------------- */

/* Sizes and strides; those of dimensions that are never stepped through are made harmless. */
static bool parse_layout(s2_tensor *t, const s2_value *size, const s2_value *stride)
{
	size_t span = 8, dim, step;
	bool empty = false;
	if (size->kind != S2_V_TUPLE || stride->kind != S2_V_TUPLE || size->u.list.n != stride->u.list.n ||
	    size->u.list.n > S2_MAX_RANK)
		return false;
	t->rank = (int)size->u.list.n;
	for (int i = 0; i < t->rank; i++) {
		if (!get_size(size->u.list.at[i], &dim) || !get_size(stride->u.list.at[i], &step))
			return false;
		if (!s2_mul(span, s2_max(dim, 1), &span) || span > PTRDIFF_MAX)
			return false;
		t->dims[i] = dim;
		t->strides[i] = dim > 1 ? (ptrdiff_t)step : 1;
		empty = empty || dim == 0;
	}
	for (int i = 0; i < t->rank && empty; i++)
		t->strides[i] = 1;
	return true;
}

/* (storage, offset, size, stride, ...) as `dtype` (NULL: the storage's). Types that we do not have stay inert. */
static int rebuild(s2_vm *vm, s2_value *args, const char *dtype, s2_value **out)
{
	s2_storage storage;
	size_t offset;
	bool known;
	s2_value **at = args->u.list.at;
	if (args->u.list.n < 4 || !parse_storage(&storage, at[0], &known) || !get_size(at[1], &offset))
		return s2_vm_fail(vm, "arguments of a tensor");
	for (size_t i = 0; dtype && i < sizeof types / sizeof *types; i++)
		if (strcmp(dtype, types[i].name) == 0 || strcmp(dtype, types[i].alias) == 0) {
			size_t elem = s2_dtype_size(types[i].dtype);
			storage = (s2_storage){storage.key, storage.key_len, types[i].dtype, true, elem,
					       storage.n / elem, 0, storage.n / elem};
		}
	if (!known || !storage.typed)
		return s2_vm_object(vm, "torch.Tensor", args, out);
	S2_TRY(s2_vm_charge(vm, sizeof(s2_lazy_tensor)));
	s2_lazy_tensor *lazy = s2_arena_zalloc(vm->arena, 1, 1, sizeof *lazy);
	if (!lazy)
		return s2_vm_fail_mem(vm);
	lazy->storage = storage;
	lazy->offset = offset;
	lazy->t.dtype = storage.dtype;
	if (!parse_layout(&lazy->t, at[2], at[3]))
		return s2_vm_fail(vm, "sizes and strides of a tensor");
	S2_TRY(s2_vm_node(vm, S2_V_TENSOR, out));
	(*out)->u.tensor = &lazy->t;
	return S2ST_OK;
}

int s2_vm_rebuild_tensor(s2_vm *vm, s2_value *args, s2_value **out)
{
	return rebuild(vm, args, NULL, out);
}

/* (storage, offset, size, stride, requires_grad, hooks, dtype, ...) over an untyped storage */
int s2_vm_rebuild_tensor_v3(s2_vm *vm, s2_value *args, s2_value **out)
{
	if (args->u.list.n < 7 || !s2_vm_is_reference(args->u.list.at[6]))
		return s2_vm_fail(vm, "arguments of a tensor");
	return rebuild(vm, args, last_part(args->u.list.at[6]->u.obj.cls), out);
}

/* ---- resolving ----------------------------------------------------------------------------------------------- */

/* Position of the last element; false: overflow. */
static bool last_element(const s2_lazy_tensor *l, size_t *out)
{
	size_t step;
	*out = l->offset;
	for (int i = 0; i < l->t.rank; i++)
		if (!s2_mul(l->t.dims[i] - 1, (size_t)l->t.strides[i], &step) || !s2_add(*out, step, out))
			return false;
	return true;
}

static int check_bounds(const s2_lazy_tensor *l, const char *what, s2st_error *err)
{
	const s2_storage *s = &l->storage;
	size_t last, end;
	if (!s2_add(s->first, s->view_n, &end) || end > s->n)
		return s2_fail(err, S2ST_EFORMAT,
			       "%s: its view of storage %.40s ends beyond the storage's %zu elements", what, s->key,
			       s->n);
	if (!last_element(l, &last))
		return s2_fail(err, S2ST_EFORMAT, "%s: offset and strides overflow", what);
	if (last >= s->view_n)
		return s2_fail(err, S2ST_EFORMAT, "%s: its last element is number %zu, storage %.40s has %zu", what,
			       last, s->key, s->view_n);
	return S2ST_OK;
}

int s2_lazy_resolve(s2_tensor *t, s2_find_storage *find, void *arg, const char *what, s2st_error *err)
{
	static const unsigned char nothing[1];
	s2_lazy_tensor *l = (s2_lazy_tensor *)t;
	const s2_storage *s = &l->storage;
	const unsigned char *bytes;
	size_t n, expected;
	if (t->data)
		return S2ST_OK;
	if (s2_tensor_count(t) == 0) {
		t->data = nothing;
		return S2ST_OK;
	}
	S2_TRY(check_bounds(l, what, err));
	S2_TRY(find(arg, s, &bytes, &n, err));
	if (!s2_mul(s->n, s->elem, &expected) || expected > n)
		return s2_fail(err, S2ST_EFORMAT,
			       "%s: storage %.40s: expected %zu elements of %zu bytes, found %zu bytes", what, s->key,
			       s->n, s->elem, n);
	t->data = bytes + (s->first + l->offset) * s->elem;
	return S2ST_OK;
}
