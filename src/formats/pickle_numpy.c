/* numpy's scalars and arrays in a pickle. */
#include <string.h>

#include "formats/pickle_vm.h"

/* ---- types and sizes ------------------------------------------------------------------------------------------- */

/* numpy.dtype("f8", False, True) with state (3, "<", ...): false for types that tensors do not have. */
static bool parse_dtype(const s2_value *dtype, s2_npy_layout *out)
{
	char descr[3] = {'<'};
	if (!s2_vm_is(dtype, S2_V_OBJECT) || strcmp(dtype->u.obj.cls, "numpy.dtype") != 0 || !dtype->u.obj.args)
		return false;
	const s2_value *code = s2_vm_arg(dtype->u.obj.args, 0), *state = dtype->u.obj.state;
	if (!s2_vm_is(code, S2_V_STR) || code->u.str.len != 2)
		return false;
	if (s2_vm_is(state, S2_V_TUPLE)) {
		const s2_value *order = s2_vm_arg(state, 1);
		if (!s2_vm_is(order, S2_V_STR) || order->u.str.len != 1)
			return false;
		descr[0] = order->u.str.s[0];
	}
	memcpy(descr + 1, code->u.str.s, 2);
	return s2_npy_descr(out, descr, 3, "", NULL) == S2ST_OK;
}

static bool parse_shape(const s2_value *shape, s2_npy_layout *out)
{
	if (!s2_vm_is(shape, S2_V_TUPLE) || shape->u.list.n > S2_MAX_RANK)
		return false;
	out->rank = (int)shape->u.list.n;
	for (int i = 0; i < out->rank; i++) {
		const s2_value *n = shape->u.list.at[i];
		if (!s2_vm_is(n, S2_V_INT) || n->u.i < 0)
			return false;
		out->dims[i] = (size_t)n->u.i;
	}
	return true;
}

bool s2_pickle_array_layout(s2_npy_layout *out, const s2_value *dtype, const s2_value *shape)
{
	return parse_dtype(dtype, out) && parse_shape(shape, out);
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

static bool is_bytes(const s2_value *v) /* Python 2 wrote bytes as str */
{
	return s2_vm_is(v, S2_V_BYTES) || s2_vm_is(v, S2_V_STR);
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
	bool real = t->dtype == S2_F64 || t->dtype == S2_F32 || t->dtype == S2_F16;
	int32_t i32;
	float f32;
	v->kind = real ? S2_V_FLOAT : t->dtype == S2_BOOL ? S2_V_BOOL : S2_V_INT;
	if (t->dtype == S2_F64) {
		memcpy(&v->u.f, t->data, sizeof v->u.f);
	} else if (t->dtype == S2_I64) {
		memcpy(&v->u.i, t->data, sizeof v->u.i);
	} else if (t->dtype == S2_I32) {
		memcpy(&i32, t->data, sizeof i32);
		v->u.i = i32;
	} else {
		s2_tensor_to_f32(t, &f32); /* exact for what is left */
		if (real)
			v->u.f = f32;
		else if (v->kind == S2_V_BOOL)
			v->u.b = f32 != 0;
		else
			v->u.i = (int64_t)f32;
	}
}

/* numpy.core.multiarray.scalar(dtype, bytes) */
int s2_vm_numpy_scalar(s2_vm *vm, s2_value *args, s2_value **out)
{
	s2_npy_layout layout = {0};
	s2_tensor *t;
	if (!parse_dtype(s2_vm_arg(args, 0), &layout) || !is_bytes(s2_vm_arg(args, 1)))
		return s2_vm_object(vm, "numpy.generic", args, out);
	S2_TRY(new_tensor(vm, &layout, s2_vm_arg(args, 1), &t));
	S2_TRY(s2_vm_node(vm, S2_V_NONE, out));
	set_scalar(*out, t);
	return S2ST_OK;
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
int s2_vm_numpy_frombuffer(s2_vm *vm, s2_value *args, s2_value **out)
{
	const s2_value *order = s2_vm_arg(args, 3);
	S2_TRY(s2_vm_object(vm, "numpy.ndarray", args, out));
	return set_array(vm, *out, s2_vm_arg(args, 1), s2_vm_arg(args, 2),
			 s2_vm_is(order, S2_V_STR) && order->u.str.s[0] == 'F', s2_vm_arg(args, 0));
}

/* numpy.core.multiarray._reconstruct(numpy.ndarray, (0,), b"b"): the array comes with BUILD */
int s2_vm_numpy_reconstruct(s2_vm *vm, s2_value *args, s2_value **out)
{
	return s2_vm_object(vm, "numpy.ndarray", args, out);
}

/* numpy.ndarray's state: (version, shape, dtype, is_fortran, bytes) */
int s2_vm_built(s2_vm *vm, s2_value *obj)
{
	const s2_value *state = obj->u.obj.state;
	if (strcmp(obj->u.obj.cls, "numpy.ndarray") != 0 || !s2_vm_is(state, S2_V_TUPLE) || state->u.list.n != 5)
		return S2ST_OK;
	const s2_value *fortran = s2_vm_arg(state, 3);
	return set_array(vm, obj, s2_vm_arg(state, 2), s2_vm_arg(state, 1),
			 s2_vm_is(fortran, S2_V_BOOL) && fortran->u.b, s2_vm_arg(state, 4));
}

