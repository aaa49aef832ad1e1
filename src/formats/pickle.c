/* The pickle machine: memory, stack, memo, input and the loop. What each opcode does is in pickle_ops.c. */
#include "formats/pickle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "formats/pickle_vm.h"

/* A dictionary of a million symbols takes about 200 MB; a bomb stops here. */
static const size_t max_memory = (size_t)512 << 20;

void s2_vm_error(s2_vm *vm, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	s2_error_text(vm->err, "%s: malformed pickle at byte %zu: %s", vm->opt->name, vm->pos, text);
}

/* ---- nodes, stack, memo -------------------------------------------------------------------------------------- */

int s2_vm_charge(s2_vm *vm, size_t bytes)
{
	size_t limit;
	if (!s2_add(vm->charged, bytes, &vm->charged) || !s2_add(max_memory, vm->n, &limit) || vm->charged > limit)
		return s2_vm_fail(vm, "its objects would take more than %zu MB", max_memory >> 20);
	return S2ST_OK;
}

int s2_vm_node(s2_vm *vm, s2_vkind kind, s2_value **out)
{
	S2_TRY(s2_vm_charge(vm, 64));
	*out = s2_value_new(vm->arena, kind);
	return *out ? S2ST_OK : s2_vm_fail_mem(vm);
}

int s2_vm_text(s2_vm *vm, s2_vkind kind, const void *s, size_t n, s2_value **out)
{
	S2_TRY(s2_vm_node(vm, kind, out));
	S2_TRY(s2_vm_charge(vm, n < SIZE_MAX - 64 ? n + 64 : n));
	(*out)->u.str.s = s2_arena_strndup(vm->arena, s, n);
	(*out)->u.str.len = n;
	return (*out)->u.str.s ? S2ST_OK : s2_vm_fail_mem(vm);
}

int s2_vm_object(s2_vm *vm, const char *cls, s2_value *args, s2_value **out)
{
	S2_TRY(s2_vm_node(vm, S2_V_OBJECT, out));
	(*out)->u.obj.cls = cls;
	(*out)->u.obj.args = args;
	return S2ST_OK;
}

int s2_vm_append(s2_vm *vm, s2_value *list, s2_value *item)
{
	S2_TRY(s2_vm_charge(vm, 2 * sizeof item));
	return s2_value_append(vm->arena, list, item) == 0 ? S2ST_OK : s2_vm_fail_mem(vm);
}

int s2_vm_put(s2_vm *vm, s2_value *dict, s2_value *key, s2_value *val)
{
	S2_TRY(s2_vm_charge(vm, 2 * sizeof(s2_pair)));
	return s2_value_put(vm->arena, dict, key, val) == 0 ? S2ST_OK : s2_vm_fail_mem(vm);
}

/* The malloc'ed array with room for `wanted` elements, new ones zero; NULL: out of memory, `at` still valid. */
static void *reserve(void *at, size_t *cap, size_t wanted, size_t elem)
{
	if (wanted <= *cap)
		return at;
	size_t bigger = s2_max(wanted, s2_max(256, *cap * 2));
	char *p = realloc(at, bigger * elem);
	if (p) {
		memset(p + *cap * elem, 0, (bigger - *cap) * elem);
		*cap = bigger;
	}
	return p;
}

int s2_vm_push(s2_vm *vm, s2_value *v)
{
	if (vm->n_stack >= S2_VM_MAX_STACK)
		return s2_vm_fail(vm, "stack of more than %d", S2_VM_MAX_STACK);
	s2_value **stack = reserve(vm->stack, &vm->cap_stack, vm->n_stack + 1, sizeof *stack);
	if (!stack)
		return s2_vm_fail_mem(vm);
	vm->stack = stack;
	vm->stack[vm->n_stack++] = v;
	return S2ST_OK;
}

size_t s2_vm_height(const s2_vm *vm)
{
	return vm->n_stack - (vm->n_marks ? vm->marks[vm->n_marks - 1] : 0);
}

int s2_vm_need(s2_vm *vm, size_t n)
{
	return s2_vm_height(vm) >= n ? S2ST_OK : s2_vm_fail(vm, "stack underflow");
}

int s2_vm_pop(s2_vm *vm, s2_value **out)
{
	S2_TRY(s2_vm_need(vm, 1));
	*out = vm->stack[--vm->n_stack];
	return S2ST_OK;
}

int s2_vm_peek(s2_vm *vm, s2_value **out)
{
	S2_TRY(s2_vm_need(vm, 1));
	*out = vm->stack[vm->n_stack - 1];
	return S2ST_OK;
}

int s2_vm_mark(s2_vm *vm)
{
	if (vm->n_marks >= S2_VM_MAX_STACK)
		return s2_vm_fail(vm, "more than %d marks", S2_VM_MAX_STACK);
	size_t *marks = reserve(vm->marks, &vm->cap_marks, vm->n_marks + 1, sizeof *marks);
	if (!marks)
		return s2_vm_fail_mem(vm);
	vm->marks = marks;
	vm->marks[vm->n_marks++] = vm->n_stack;
	return S2ST_OK;
}

int s2_vm_pop_mark(s2_vm *vm, s2_value ***items, size_t *n)
{
	if (vm->n_marks == 0)
		return s2_vm_fail(vm, "no mark on the stack");
	size_t from = vm->marks[--vm->n_marks];
	*items = vm->stack ? vm->stack + from : NULL;
	*n = vm->n_stack - from;
	vm->n_stack = from;
	return S2ST_OK;
}

/* Picklers number the memo in order, each entry after at least one byte: an index beyond the bytes read is a bomb. */
int s2_vm_memoize(s2_vm *vm, size_t i)
{
	s2_value *v;
	S2_TRY(s2_vm_peek(vm, &v));
	if (i > vm->pos || i >= S2_VM_MAX_MEMO)
		return s2_vm_fail(vm, "memo index %zu", i);
	s2_value **memo = reserve(vm->memo, &vm->cap_memo, i + 1, sizeof *memo);
	if (!memo)
		return s2_vm_fail_mem(vm);
	vm->memo = memo;
	vm->n_memo += memo[i] == NULL;
	memo[i] = v;
	return S2ST_OK;
}

/* ---- input --------------------------------------------------------------------------------------------------- */

int s2_vm_take(s2_vm *vm, size_t n, const unsigned char **out)
{
	if (n > vm->n - vm->pos)
		return s2_fail(vm->err, S2ST_EFORMAT, "%s: truncated in the pickle at byte %zu", vm->opt->name,
			       vm->pos);
	*out = vm->bytes + vm->pos;
	vm->pos += n;
	return S2ST_OK;
}

int s2_vm_take_uint(s2_vm *vm, int width, uint64_t *out)
{
	const unsigned char *p;
	S2_TRY(s2_vm_take(vm, (size_t)width, &p));
	*out = 0;
	for (int i = width - 1; i >= 0; i--)
		*out = *out << 8 | p[i];
	return S2ST_OK;
}

int s2_vm_take_counted(s2_vm *vm, int width, const unsigned char **out, size_t *n)
{
	uint64_t len;
	S2_TRY(s2_vm_take_uint(vm, width, &len));
	*n = (size_t)len;
	return s2_vm_take(vm, *n, out);
}

int s2_vm_take_line(s2_vm *vm, const char **out, size_t *n)
{
	const unsigned char *start = vm->bytes + vm->pos, *end = memchr(start, '\n', vm->n - vm->pos);
	if (!end)
		return s2_fail(vm->err, S2ST_EFORMAT, "%s: truncated in the pickle at byte %zu", vm->opt->name,
			       vm->pos);
	*out = (const char *)start;
	*n = (size_t)(end - start);
	vm->pos += *n + 1;
	return S2ST_OK;
}

/* ---- running ------------------------------------------------------------------------------------------------- */

static int set_up(s2_vm *vm)
{
	S2_TRY(s2_vm_node(vm, S2_V_NONE, &vm->none));
	S2_TRY(s2_vm_node(vm, S2_V_BOOL, &vm->yes));
	S2_TRY(s2_vm_node(vm, S2_V_BOOL, &vm->no));
	vm->yes->u.b = true;
	return s2_vm_node(vm, S2_V_LIST, &vm->storages);
}

static int run(s2_vm *vm)
{
	while (!vm->stopped) {
		const unsigned char *code;
		S2_TRY(s2_vm_take(vm, 1, &code));
		vm->op = &s2_vm_ops[*code];
		if (!vm->op->run)
			return s2_vm_fail(vm, "unknown opcode 0x%02x", *code);
		S2_TRY(vm->op->run(vm));
	}
	return S2ST_OK;
}

int s2_pickle_read(s2_pickle *out, s2_arena *a, const unsigned char *bytes, size_t n, const s2_pickle_options *opt,
		   s2st_error *err)
{
	s2_vm vm = {.bytes = bytes, .n = n, .opt = opt, .arena = a, .err = err};
	int rc = set_up(&vm);
	if (rc == S2ST_OK)
		rc = run(&vm);
	if (rc == S2ST_OK)
		*out = (s2_pickle){vm.stack[vm.n_stack - 1], vm.storages, vm.pos};
	free(vm.stack);
	free(vm.marks);
	free(vm.memo);
	return rc;
}
