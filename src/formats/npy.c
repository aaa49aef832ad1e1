#include "formats/npy.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"

static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

static const struct {
	char code[3]; /* kind and bytes */
	s2_dtype dtype;
} descrs[] = {
	{"f4", S2_F32}, {"f2", S2_F16}, {"f8", S2_F64}, {"i8", S2_I64}, {"i4", S2_I32},
	{"i2", S2_I16}, {"i1", S2_I8},	{"u1", S2_U8},	{"b1", S2_BOOL},
};

/* ---- layouts ------------------------------------------------------------------------------------------------- */

int s2_npy_descr(s2_npy_layout *out, const char *descr, size_t len, const char *what, s2st_error *err)
{
	bool ordered = len > 0 && descr[0] && strchr("<>|=", descr[0]);
	const char *code = ordered ? descr + 1 : descr;
	size_t code_len = len - ordered;
	for (size_t i = 0; i < sizeof descrs / sizeof *descrs && code_len == 2; i++)
		if (memcmp(descrs[i].code, code, 2) == 0) {
			out->dtype = descrs[i].dtype;
			out->swapped = ordered && descr[0] == '>' && s2_dtype_size(out->dtype) > 1;
			return S2ST_OK;
		}
	if (code_len >= 1 && code[0] == 'O')
		return s2_fail(err, S2ST_EFORMAT, "%s: expected an array of numbers, found one of Python objects",
			       what);
	return s2_fail(err, S2ST_EFORMAT, "%s: array type \"%.*s\" is not supported", what, (int)s2_min(len, 40),
		       descr);
}

int s2_npy_data_size(size_t *out, const s2_npy_layout *l, const char *what, s2st_error *err)
{
	size_t n = s2_dtype_size(l->dtype), span = n;
	for (int i = 0; i < l->rank; i++)
		if (!s2_mul(n, l->dims[i], &n) || !s2_mul(span, s2_max(l->dims[i], 1), &span) || span > PTRDIFF_MAX)
			return s2_fail(err, S2ST_EFORMAT, "%s: array size overflows", what);
	*out = n;
	return S2ST_OK;
}

static unsigned char *swap_bytes(s2_arena *a, const unsigned char *in, size_t bytes, size_t elem)
{
	unsigned char *out = s2_arena_alloc(a, bytes, 1, 1);
	for (size_t i = 0; out && i < bytes; i += elem)
		for (size_t k = 0; k < elem; k++)
			out[i + k] = in[i + elem - 1 - k];
	return out;
}

int s2_npy_tensor(s2_tensor *out, s2_arena *a, const s2_npy_layout *l, const unsigned char *data, size_t n,
		  const char *what, s2st_error *err)
{
	size_t bytes;
	S2_TRY(s2_npy_data_size(&bytes, l, what, err));
	if (bytes > n)
		return s2_fail(err, S2ST_EFORMAT, "%s: truncated: expected %zu bytes of array, found %zu", what, bytes,
			       n);
	if (l->swapped && !(data = swap_bytes(a, data, bytes, s2_dtype_size(l->dtype))))
		return s2_fail_mem(err, what);
	out->data = data;
	out->dtype = l->dtype;
	out->rank = l->rank;
	ptrdiff_t stride = 1;
	for (int k = 0; k < l->rank; k++) {
		int i = l->fortran ? k : l->rank - 1 - k;
		out->dims[i] = l->dims[i];
		out->strides[i] = stride;
		stride *= (ptrdiff_t)s2_max(l->dims[i], 1);
	}
	return S2ST_OK;
}

/* ---- header: a Python dict literal --------------------------------------------------------------------------- */

typedef struct scanner {
	const char *at, *end;
	const char *name;
	s2st_error *err;
} scanner;

static int fail_header(const scanner *s)
{
	return s2_fail(s->err, S2ST_EFORMAT, "%s: malformed .npy header", s->name);
}

static bool take(scanner *s, const char *word)
{
	size_t n = strlen(word);
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n'))
		s->at++;
	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
		return false;
	s->at += n;
	return true;
}

static int scan_string(scanner *s, const char **text, size_t *len)
{
	char quote = take(s, "'") ? '\'' : '"';
	if (quote == '"' && !take(s, "\""))
		return fail_header(s);
	const char *close = memchr(s->at, quote, (size_t)(s->end - s->at));
	if (!close)
		return fail_header(s);
	*text = s->at;
	*len = (size_t)(close - s->at);
	s->at = close + 1;
	return S2ST_OK;
}

static int scan_dim(scanner *s, size_t *out)
{
	const char *start = s->at;
	*out = 0;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
		if (!s2_mul(*out, 10, out) || !s2_add(*out, (size_t)(*s->at - '0'), out))
			return s2_fail(s->err, S2ST_EFORMAT, "%s: array size overflows", s->name);
		s->at++;
	}
	if (s->at == start)
		return fail_header(s);
	(void)take(s, "L"); /* Python 2 wrote long integers so */
	return S2ST_OK;
}

static int scan_shape(scanner *s, s2_npy_layout *l)
{
	if (!take(s, "("))
		return fail_header(s);
	while (!take(s, ")")) {
		if (l->rank == S2_MAX_RANK)
			return s2_fail(s->err, S2ST_EFORMAT, "%s: expected at most %d dimensions", s->name,
				       S2_MAX_RANK);
		S2_TRY(scan_dim(s, &l->dims[l->rank++]));
		if (!take(s, ",")) {
			if (!take(s, ")"))
				return fail_header(s);
			break;
		}
	}
	return S2ST_OK;
}

static int scan_member(scanner *s, s2_npy_layout *l, unsigned *seen)
{
	const char *key, *descr;
	size_t len, descr_len;
	unsigned bit;
	S2_TRY(scan_string(s, &key, &len));
	if (!take(s, ":"))
		return fail_header(s);
	if (len == 5 && memcmp(key, "descr", 5) == 0) {
		bit = 1;
		if (take(s, "["))
			return s2_fail(s->err, S2ST_EFORMAT, "%s: structured arrays are not supported", s->name);
		S2_TRY(scan_string(s, &descr, &descr_len));
		S2_TRY(s2_npy_descr(l, descr, descr_len, s->name, s->err));
	} else if (len == 13 && memcmp(key, "fortran_order", 13) == 0) {
		bit = 2;
		l->fortran = take(s, "True");
		if (!l->fortran && !take(s, "False"))
			return fail_header(s);
	} else if (len == 5 && memcmp(key, "shape", 5) == 0) {
		bit = 4;
		if (*seen & bit)
			return fail_header(s);
		S2_TRY(scan_shape(s, l));
	} else {
		return fail_header(s);
	}
	*seen |= bit;
	return S2ST_OK;
}

static int scan_header(scanner *s, s2_npy_layout *l)
{
	unsigned seen = 0;
	if (!take(s, "{"))
		return fail_header(s);
	while (!take(s, "}")) {
		S2_TRY(scan_member(s, l, &seen));
		if (!take(s, ",")) {
			if (!take(s, "}"))
				return fail_header(s);
			break;
		}
	}
	return seen == 7 ? S2ST_OK : fail_header(s);
}

/* ---- files --------------------------------------------------------------------------------------------------- */

int s2_npy_parse(s2_tensor *out, s2_arena *a, const unsigned char *bytes, size_t n, const char *name, s2st_error *err)
{
	if (n < 10 || memcmp(bytes, magic, sizeof magic) != 0)
		return s2_fail(err, S2ST_EFORMAT, "%s: expected a .npy file, found something else", name);
	int version = bytes[6];
	if (version < 1 || version > 3)
		return s2_fail(err, S2ST_EFORMAT, "%s: .npy version %d is not supported (1 to 3 are)", name, version);
	size_t start = version == 1 ? 10 : 12, len = bytes[8] | (size_t)bytes[9] << 8;
	if (version > 1 && n >= 12)
		len |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
	if (n < start || len > n - start)
		return s2_fail(err, S2ST_EFORMAT, "%s: truncated in the .npy header", name);
	s2_npy_layout layout = {0};
	scanner s = {(const char *)bytes + start, (const char *)bytes + start + len, name, err};
	S2_TRY(scan_header(&s, &layout));
	*out = (s2_tensor){.name = name};
	return s2_npy_tensor(out, a, &layout, bytes + start + len, n - start - len, name, err);
}

int s2_npy_read(s2_tensor *out, s2_arena *a, const char *path, s2st_error *err)
{
	s2_map map;
	S2_TRY(s2_map_open(&map, path, err));
	unsigned char *bytes = s2_arena_alloc(a, map.size, 1, 1);
	char *name = s2_arena_strndup(a, path, strlen(path));
	size_t n = map.size;
	if (bytes)
		memcpy(bytes, map.bytes, n);
	s2_map_close(&map);
	if (!bytes || !name)
		return s2_fail_mem(err, path);
	return s2_npy_parse(out, a, bytes, n, name, err);
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

int s2_npy_header(unsigned char out[S2_NPY_HEADER], size_t *n, size_t *bytes, const char *descr, const size_t *dims,
		  size_t rank, s2st_error *err)
{
	char shape[S2_MAX_RANK * 24] = "", *text = (char *)out + 10;
	s2_npy_layout l = {.rank = (int)rank};
	size_t used = 0;
	if (rank > S2_MAX_RANK || strlen(descr) != 3 || descr[0] != '<')
		return s2_fail(err, S2ST_EINPUT, "npy: array of type \"%s\" and %zu dimensions is not supported", descr,
			       rank);
	S2_TRY(s2_npy_descr(&l, descr, 3, "npy", err));
	for (size_t i = 0; i < rank; i++) {
		l.dims[i] = dims[i];
		used += (size_t)snprintf(shape + used, sizeof shape - used, "%zu%s", dims[i],
					 i + 1 < rank ? ", " : rank == 1 ? "," : "");
	}
	S2_TRY(s2_npy_data_size(bytes, &l, "npy", err));
	/* numpy pads with spaces so that the data starts at a multiple of 64. */
	int len = snprintf(text, S2_NPY_HEADER - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr,
			   shape);
	*n = s2_round_up(10 + (size_t)len + 1, 64);
	memset(text + len, ' ', *n - 10 - (size_t)len);
	out[*n - 1] = '\n';
	memcpy(out, magic, sizeof magic);
	out[6] = 1;
	out[7] = 0;
	out[8] = (unsigned char)((*n - 10) & 0xff);
	out[9] = (unsigned char)((*n - 10) >> 8);
	return S2ST_OK;
}

int s2st_npy_write(s2st_writer *w, const char *descr, const size_t *dims, size_t rank, const void *data,
		   s2st_error *err)
{
	unsigned char header[S2_NPY_HEADER];
	size_t n, bytes;
	S2_TRY(s2_npy_header(header, &n, &bytes, descr, dims, rank, err));
	S2_TRY(s2st_writer_write(w, header, n, err));
	return s2st_writer_write(w, data, bytes, err);
}
