#include "formats/safetensors.h"

#include <string.h>

#include "base/size.h"
#include "formats/json.h"

static const size_t max_header = (size_t)100 << 20; /* the format's own limit */

static const struct {
	const char *name;
	s2_dtype dtype;
} dtypes[] = {
	{"F32", S2_F32}, {"F16", S2_F16}, {"BF16", S2_BF16}, {"F64", S2_F64}, {"I64", S2_I64},
	{"I32", S2_I32}, {"I16", S2_I16}, {"I8", S2_I8},     {"U8", S2_U8},   {"BOOL", S2_BOOL},
};

static uint64_t header_size(const unsigned char *bytes)
{
	uint64_t u = 0;
	for (int i = 7; i >= 0; i--)
		u = u << 8 | bytes[i];
	return u;
}

bool s2_safetensors_is(const unsigned char *bytes, size_t n)
{
	return n >= 10 && bytes[8] == '{' && header_size(bytes) <= max_header;
}

static int fail(const char *file, const char *name, s2st_error *err, const char *what)
{
	return s2_fail(err, S2ST_EFORMAT, "%s: tensor %s: %s", file, name, what);
}

static int find_dtype(s2_dtype *out, const s2_value *entry, const char *name, const char *file, s2st_error *err)
{
	const char *text = s2_value_get_str(entry, "dtype", "");
	for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
		if (strcmp(text, dtypes[i].name) == 0) {
			*out = dtypes[i].dtype;
			return S2ST_OK;
		}
	return s2_fail(err, S2ST_EFORMAT, "%s: tensor %s: type \"%.20s\" is not supported", file, name, text);
}

static bool get_size(const s2_value *list, size_t i, size_t *out)
{
	const s2_value *v = s2_value_at(list, i);
	if (!v || v->kind != S2_V_INT || v->u.i < 0)
		return false;
	*out = (size_t)v->u.i;
	return true;
}

/* Dims and C-order strides; *bytes is the size they ask for. */
static int read_shape(s2_tensor *t, const s2_value *shape, size_t *bytes, const char *file, s2st_error *err)
{
	size_t span = s2_dtype_size(t->dtype);
	*bytes = span;
	if (!shape || shape->kind != S2_V_LIST || s2_value_len(shape) > S2_MAX_RANK)
		return fail(file, t->name, err, "malformed shape");
	t->rank = (int)s2_value_len(shape);
	for (int i = t->rank - 1; i >= 0; i--) {
		t->strides[i] = (ptrdiff_t)(span / s2_dtype_size(t->dtype));
		if (!get_size(shape, (size_t)i, &t->dims[i]))
			return fail(file, t->name, err, "malformed shape");
		if (!s2_mul(span, s2_max(t->dims[i], 1), &span) || span > PTRDIFF_MAX)
			return fail(file, t->name, err, "its size overflows");
		*bytes *= t->dims[i];
	}
	return S2ST_OK;
}

static int read_tensor(s2_tensor *t, const s2_pair *entry, const unsigned char *data, size_t n, const char *file,
		       s2st_error *err)
{
	size_t begin, end, bytes;
	t->name = entry->key->u.str.s;
	S2_TRY(find_dtype(&t->dtype, entry->val, t->name, file, err));
	S2_TRY(read_shape(t, s2_value_get(entry->val, "shape"), &bytes, file, err));
	const s2_value *offsets = s2_value_get(entry->val, "data_offsets");
	if (s2_value_len(offsets) != 2 || !get_size(offsets, 0, &begin) || !get_size(offsets, 1, &end) || begin > end)
		return fail(file, t->name, err, "malformed data_offsets");
	if (end > n)
		return s2_fail(err, S2ST_EFORMAT,
			       "%s: tensor %s ends at byte %zu of the data, which has %zu (truncated?)", file, t->name,
			       end, n);
	if (end - begin != bytes)
		return s2_fail(err, S2ST_EFORMAT, "%s: tensor %s: its shape needs %zu bytes, found %zu", file, t->name,
			       bytes, end - begin);
	t->data = data + begin;
	return S2ST_OK;
}

int s2_safetensors_read(s2_tensor **out, size_t *n_tensors, s2_arena *a, const unsigned char *bytes, size_t n,
			const char *name, s2st_error *err)
{
	const s2_pair *entries;
	s2_value *header;
	size_t len = (size_t)header_size(bytes), used = 0;
	if (len > n - 8)
		return s2_fail(err, S2ST_EFORMAT, "%s: truncated in the safetensors header", name);
	S2_TRY(s2_json_parse(&header, a, (const char *)bytes + 8, len, name, err));
	size_t count = s2_value_pairs(header, &entries);
	s2_tensor *tensors = s2_arena_zalloc(a, count, 1, sizeof *tensors);
	if (!tensors)
		return s2_fail_mem(err, name);
	for (size_t i = 0; i < count; i++)
		if (strcmp(entries[i].key->u.str.s, "__metadata__") != 0)
			S2_TRY(read_tensor(&tensors[used++], &entries[i], bytes + 8 + len, n - 8 - len, name, err));
	*out = tensors;
	*n_tensors = used;
	return S2ST_OK;
}
