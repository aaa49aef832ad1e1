#include "layers/bind.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 256, MAX_WEIGHT_RANK = 4 };

static int is_float(s2_dtype t)
{
	return t == S2_F32 || t == S2_F16 || t == S2_BF16 || t == S2_F64;
}

/* "[512, *, 5]": what a row asks for. */
static const char *expected_text(const s2_bind_row *row, char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, "[");
	for (int i = 0; i < row->rank && used < size; i++) {
		const char *sep = i ? ", " : "";
		int n = row->dims[i] == S2_ANY ? snprintf(buf + used, size - used, "%s*", sep)
					       : snprintf(buf + used, size - used, "%s%zu", sep, row->dims[i]);
		used += (size_t)n;
	}
	if (used < size)
		snprintf(buf + used, size - used, "]");
	return buf;
}

static int check_row(const s2_binder *b, const s2_bind_row *row, const s2_tensor *t, s2st_error *err)
{
	char want[128], got[160];
	int fits = t->rank == row->rank;
	for (int i = 0; fits && i < row->rank; i++)
		fits = t->dims[i] > 0 && (row->dims[i] == S2_ANY || row->dims[i] == t->dims[i]);
	if (!fits)
		return s2_fail(err, S2ST_EMODEL, "%s: tensor %s: expected %s, found %s", s2_checkpoint_path(b->ckpt),
			       t->name, expected_text(row, want, sizeof want),
			       s2_tensor_shape_text(t, got, sizeof got));
	if (!is_float(t->dtype))
		return s2_fail(err, S2ST_EMODEL, "%s: tensor %s: expected floating-point values, found %s",
			       s2_checkpoint_path(b->ckpt), t->name, s2_dtype_name(t->dtype));
	return 0;
}

static int bind_f32(const s2_binder *b, const float **dest, const s2_tensor *t, s2st_error *err)
{
	int aligned = (uintptr_t)t->data % _Alignof(float) == 0;
	if (t->dtype == S2_F32 && aligned && s2_tensor_is_contiguous(t)) {
		*dest = (const float *)(const void *)t->data;
		return 0;
	}
	float *copy = s2_arena_alloc(b->arena, s2_tensor_count(t), 1, sizeof *copy);
	if (!copy)
		return s2_fail_mem(err, t->name);
	s2_tensor_to_f32(t, copy);
	*dest = copy;
	return 0;
}

static void bind_weight(s2_weight *dest, const s2_tensor *t)
{
	*dest = (s2_weight){.data = t->data, .dtype = t->dtype, .rank = t->rank};
	for (int i = 0; i < t->rank; i++) {
		dest->dims[i] = t->dims[i];
		dest->strides[i] = t->strides[i];
	}
}

/* The original's pages have done their work. */
static int pack_weight(const s2_binder *b, s2_weight *w, const char *name, s2st_error *err)
{
	s2_packed *packed;
	const s2_right right = s2_right_weight(w);
	int rc = s2_pack(&packed, b->arena, b->precision, &right, w->dims[0], 1, w->dims[1], err);
	w->packed = packed;
	if (packed)
		s2_checkpoint_forget(b->ckpt);
	return rc < 0 ? s2_fail_prefix(err, rc, "%s: tensor %s", s2_checkpoint_path(b->ckpt), name) : S2ST_OK;
}

const char *s2_bind_name(const s2_binder *b, const char *row_name, char *buf, size_t size)
{
	const char *head = "", *tail = row_name;
	for (const s2_rename *r = b->rename; r && r->ours; r++) {
		size_t n = strlen(r->ours);
		if (strncmp(row_name, r->ours, n) == 0) {
			head = r->theirs;
			tail = row_name + n;
			break;
		}
	}
	int len = snprintf(buf, size, "%s%s", head, tail);
	return len >= 0 && (size_t)len < size ? buf : NULL;
}

int s2_bind(const s2_binder *b, void *dest, const s2_bind_row *rows, size_t n, const char *prefix, s2st_error *err)
{
	for (size_t i = 0; i < n; i++) {
		const s2_bind_row *row = &rows[i];
		char name[NAME_MAX_BYTES], own[NAME_MAX_BYTES], want[128];
		assert(row->rank <= MAX_WEIGHT_RANK);
		const char *tail = s2_bind_name(b, row->name, own, sizeof own);
		int len = tail ? snprintf(name, sizeof name, "%s%s", prefix, tail) : -1;
		if (len < 0 || (size_t)len >= sizeof name)
			return s2_fail(err, S2ST_EINTERNAL, "tensor name %.64s%.64s is too long", prefix, row->name);
		const s2_tensor *t = s2_checkpoint_tensor(b->ckpt, name);
		if (!t && (row->flags & S2_BIND_OPTIONAL))
			continue;
		if (!t)
			return s2_fail(err, S2ST_EMODEL, "%s: tensor %s: expected %s, found none",
				       s2_checkpoint_path(b->ckpt), name, expected_text(row, want, sizeof want));
		S2_TRY(check_row(b, row, t, err));
		void *field = (char *)dest + row->offset;
		if (row->flags & S2_BIND_F32)
			S2_TRY(bind_f32(b, field, t, err));
		else
			bind_weight(field, t);
		if (row->flags & S2_BIND_PACK)
			S2_TRY(pack_weight(b, field, name, err));
	}
	return 0;
}

int s2_bind_shape(const s2_checkpoint *c, const char *name, int rank, size_t *dims, s2st_error *err)
{
	const s2_tensor *t = s2_checkpoint_tensor(c, name);
	if (!t)
		return s2_fail(err, S2ST_EMODEL, "%s: tensor %s: expected %d dimension%s, found none",
			       s2_checkpoint_path(c), name, rank, rank == 1 ? "" : "s");
	int fits = t->rank == rank;
	for (int i = 0; fits && i < rank; i++)
		fits = t->dims[i] > 0;
	if (!fits) {
		char got[160];
		return s2_fail(err, S2ST_EMODEL, "%s: tensor %s: expected %d non-empty dimension%s, found %s",
			       s2_checkpoint_path(c), name, rank, rank == 1 ? "" : "s",
			       s2_tensor_shape_text(t, got, sizeof got));
	}
	memcpy(dims, t->dims, (size_t)rank * sizeof *dims);
	return 0;
}

/* N of "prefixN.suffix"; -1: the name is not of this form. */
static int64_t stack_index(const char *name, const char *prefix, size_t prefix_len, const char *suffix)
{
	if (strncmp(name, prefix, prefix_len) != 0)
		return -1;
	const char *p = name + prefix_len;
	int64_t n = 0;
	int digits = 0;
	for (; *p >= '0' && *p <= '9'; p++, digits++) {
		if (digits == 9)
			return -1;
		n = n * 10 + (*p - '0');
	}
	return digits && *p == '.' && strcmp(p + 1, suffix) == 0 ? n : -1;
}

size_t s2_bind_count(const s2_checkpoint *c, const char *prefix, const char *suffix)
{
	size_t n_tensors = s2_checkpoint_n_tensors(c), prefix_len = strlen(prefix);
	int64_t highest = -1;
	for (size_t i = 0; i < n_tensors; i++) {
		int64_t n = stack_index(s2_checkpoint_tensor_at(c, i)->name, prefix, prefix_len, suffix);
		if (n > highest)
			highest = n;
	}
	/* A stack of more layers than the file has tensors has holes, which binding will name: no need to make room
	 * for what a hostile number asks. */
	return (size_t)highest + 1 < n_tensors ? (size_t)(highest + 1) : n_tensors;
}
