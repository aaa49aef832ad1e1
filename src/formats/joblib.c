#include "formats/joblib.h"

#include <string.h>

#include "base/gzip.h"
#include "base/size.h"
#include "formats/npy.h"
#include "formats/pickle.h"

/* A model of some MB may expand to this; a bomb stops here. */
static const size_t max_inflated = (size_t)1 << 30;

/* joblib/compressor.py */
static const struct {
	const char *magic;
	size_t n;
	const char *refused; /* NULL: zlib reads it */
} compressions[] = {
	{"x", 1, NULL},
	{"\x1f\x8b", 2, NULL},
	{"BZ", 2, "bzip2"},
	{"\xfd" "7zXZ", 5, "xz"},
	{"\x5d\0", 2, "lzma"},
	{"\x04\x22\x4d\x18", 4, "lz4"},
	{"ZF", 2, "zlib in the container of joblib before 0.9.3"},
};

enum { N_COMPRESSIONS = sizeof compressions / sizeof *compressions };

/* Place in the table; N_COMPRESSIONS: not compressed. */
static size_t find_compression(const unsigned char *bytes, size_t n)
{
	size_t i = 0;
	while (i < N_COMPRESSIONS &&
	       (n < compressions[i].n || memcmp(bytes, compressions[i].magic, compressions[i].n) != 0))
		i++;
	return i;
}

bool s2_joblib_sniff(const unsigned char *bytes, size_t n)
{
	return find_compression(bytes, n) < N_COMPRESSIONS || (n >= 2 && bytes[0] == 0x80 && bytes[1] <= 5);
}

/* ---- compressed files ---------------------------------------------------------------------------------------- */

/* Twice through zlib: once to know how much memory, once to fill it. */
static int expand(const unsigned char **bytes, size_t *n, s2_arena *a, const char *name, s2st_error *err)
{
	size_t length;
	S2_TRY(s2_inflate(*bytes, *n, NULL, max_inflated, &length, name, err));
	unsigned char *out = s2_arena_alloc(a, s2_max(length, 1), 1, 1);
	if (!out)
		return s2_fail_mem(err, name);
	S2_TRY(s2_inflate(*bytes, *n, out, length, &length, name, err));
	*bytes = out;
	*n = length;
	return S2ST_OK;
}

/* ---- arrays in the stream ------------------------------------------------------------------------------------ */

typedef struct reader {
	const unsigned char *bytes;
	size_t n;
	const char *name;
	s2_arena *arena;
} reader;

static bool is_wrapper(const char *cls)
{
	static const char tail[] = "joblib.numpy_pickle.NumpyArrayWrapper"; /* sklearn.externals had a copy */
	const size_t n = strlen(cls);
	return n >= sizeof tail - 1 && strcmp(cls + n - (sizeof tail - 1), tail) == 0;
}

/* Bytes of an array that no tensor holds: "u4", "U10", "V16" name their item size, in characters of 4 bytes for U. */
static int skipped_size(size_t *out, const reader *r, const s2_value *dtype, const s2_value *shape, s2st_error *err)
{
	const s2_value *code = s2_value_at(dtype && dtype->kind == S2_V_OBJECT ? dtype->u.obj.args : NULL, 0);
	const char *s = code && code->kind == S2_V_STR ? code->u.str.s : "";
	if (*s == 'O')
		return s2_fail(err, S2ST_EFORMAT, "%s: expected arrays of numbers, found one of Python objects",
			       r->name);
	*out = *s == 'U' ? 4 : 1;
	size_t item = 0;
	for (const char *p = *s ? s + 1 : s; *p >= '0' && *p <= '9' && item < (1 << 24); p++)
		item = item * 10 + (size_t)(*p - '0');
	bool ok = *s && item > 0 && s2_mul(*out, item, out);
	for (size_t i = 0; ok && i < s2_value_len(shape); i++) {
		const s2_value *dim = s2_value_at(shape, i);
		ok = dim->kind == S2_V_INT && dim->u.i >= 0 && s2_mul(*out, (size_t)dim->u.i, out);
	}
	return ok ? S2ST_OK
		  : s2_fail(err, S2ST_EFORMAT, "%s: an array of type \"%.20s\" cannot be stepped over", r->name, s);
}

/* Moves over `n` bytes. */
static int step(const reader *r, size_t *pos, size_t n, s2st_error *err)
{
	if (n > r->n - *pos)
		return s2_fail(err, S2ST_EFORMAT,
			       "%s: truncated in an array: expected %zu bytes at byte %zu, found %zu", r->name, n, *pos,
			       r->n - *pos);
	*pos += n;
	return S2ST_OK;
}

static int skip_padding(const reader *r, const s2_value *wrapper, size_t *pos, s2st_error *err)
{
	const s2_value *alignment = s2_value_get(wrapper, "numpy_array_alignment_bytes");
	if (!alignment || alignment->kind == S2_V_NONE)
		return S2ST_OK;
	size_t at = *pos;
	S2_TRY(step(r, pos, 1, err));
	return step(r, pos, r->bytes[at], err);
}

/* s2_pickle_options.built */
static int read_array(void *arg, s2_value *obj, size_t *pos, s2st_error *err)
{
	const reader *r = arg;
	s2_npy_layout layout = {0};
	size_t size;
	if (!is_wrapper(obj->u.obj.cls))
		return S2ST_OK;
	const s2_value *dtype = s2_value_get(obj, "dtype"), *shape = s2_value_get(obj, "shape");
	S2_TRY(skip_padding(r, obj, pos, err));
	if (!s2_pickle_array_layout(&layout, dtype, shape)) {
		S2_TRY(skipped_size(&size, r, dtype, shape, err));
		return step(r, pos, size, err);
	}
	layout.fortran = *s2_value_get_str(obj, "order", "C") == 'F';
	S2_TRY(s2_npy_data_size(&size, &layout, r->name, err));
	s2_tensor *t = s2_arena_zalloc(r->arena, 1, 1, sizeof *t);
	if (!t)
		return s2_fail_mem(err, r->name);
	S2_TRY(s2_npy_tensor(t, r->arena, &layout, r->bytes + *pos, r->n - *pos, r->name, err));
	obj->kind = S2_V_ARRAY;
	obj->u.tensor = t;
	return step(r, pos, size, err);
}

int s2_joblib_parse(s2_value **root, s2_arena *a, const unsigned char *bytes, size_t n, const char *name,
		    s2st_error *err)
{
	s2_pickle p;
	const size_t compression = find_compression(bytes, n);
	if (compression < N_COMPRESSIONS) {
		const char *refused = compressions[compression].refused;
		if (refused)
			return s2_fail(err, S2ST_EFORMAT,
				       "%s: compressed with %s, which is not supported: expected a plain, zlib or gzip "
				       "joblib file",
				       name, refused);
		S2_TRY(expand(&bytes, &n, a, name, err));
	}
	reader r = {bytes, n, name, a};
	S2_TRY(s2_pickle_read(&p, a, bytes, n, &(s2_pickle_options){.name = name, .built = read_array, .arg = &r},
			      err));
	*root = p.root;
	return S2ST_OK;
}
