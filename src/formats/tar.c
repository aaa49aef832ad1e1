#include "formats/tar.h"

#include <stdint.h>
#include <string.h>

#include "base/size.h"

/* Header fields (POSIX.1-1988 ustar): offset and length. */
enum {
	BLOCK = 512,
	NAME = 0, NAME_SIZE = 100,
	SIZE = 124, SIZE_SIZE = 12,
	SUM = 148, SUM_SIZE = 8,
	TYPE = 156,
	MAGIC = 257,
	PREFIX = 345, PREFIX_SIZE = 155,
	MAX_LONG_NAME = 4096,
};

typedef struct reader {
	s2_arena *a;
	const unsigned char *bytes;
	size_t n, at;
	const char *name;      /* of the archive */
	const char *long_name; /* of the next member, from the header before it; NULL: none */
	s2st_error *err;
} reader;

bool s2_tar_is(const unsigned char *bytes, size_t n)
{
	return n >= BLOCK && memcmp(bytes + MAGIC, "ustar", 5) == 0;
}

static int fail(const reader *r, const char *what)
{
	return s2_fail(r->err, S2ST_EFORMAT, "%s: malformed tar archive: %s at byte %zu", r->name, what, r->at);
}

/* Octal digits up to a blank or NUL; GNU writes what does not fit as big-endian bytes after 0x80. */
static bool read_number(const unsigned char *p, size_t n, uint64_t *out)
{
	uint64_t u = 0;
	size_t i = 0;
	if (p[0] == 0x80) {
		for (i = 1; i < n; i++) {
			if (u >> 56)
				return false;
			u = u << 8 | p[i];
		}
		*out = u;
		return true;
	}
	while (i < n && p[i] == ' ')
		i++;
	size_t first = i;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		u = u << 3 | (uint64_t)(p[i] - '0');
	if (i == first || (i < n && p[i] != ' ' && p[i] != 0))
		return false;
	*out = u;
	return true;
}

/* The sum of all bytes of the header, its own field read as blanks. */
static bool sum_is_right(const unsigned char *h)
{
	uint64_t said, sum = 0;
	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= SUM && i < SUM + SUM_SIZE ? ' ' : h[i];
	return read_number(h + SUM, SUM_SIZE, &said) && said == sum;
}

static bool is_end(const unsigned char *h)
{
	for (size_t i = 0; i < BLOCK; i++)
		if (h[i])
			return false;
	return true;
}

/* "PREFIX/NAME" of a header, or the long name that came before it. */
static int member_name(const reader *r, const unsigned char *h, const char **out)
{
	char text[PREFIX_SIZE + 1 + NAME_SIZE + 1];
	size_t prefix = strnlen((const char *)h + PREFIX, PREFIX_SIZE), n = strnlen((const char *)h + NAME, NAME_SIZE);
	size_t used = 0;
	*out = r->long_name;
	if (*out)
		return 0;
	/* GNU's own headers ("ustar  ") keep times where the prefix would be. */
	if (prefix && h[MAGIC + 5] == 0) {
		memcpy(text, h + PREFIX, prefix);
		text[prefix] = '/';
		used = prefix + 1;
	}
	memcpy(text + used, h + NAME, n);
	*out = s2_arena_strndup(r->a, text, used + n);
	return *out ? 0 : s2_fail_mem(r->err, r->name);
}

/* The value of "path" in pax records, "LENGTH KEY=VALUE\n" each. */
static int pax_name(reader *r, const unsigned char *bytes, size_t n)
{
	static const char key[] = "path=";
	size_t at = 0;
	while (at < n) {
		size_t len = 0, digits = 0;
		for (; at + digits < n && digits < 7 && bytes[at + digits] >= '0' && bytes[at + digits] <= '9';
		     digits++)
			len = len * 10 + (size_t)(bytes[at + digits] - '0');
		size_t head = digits + 1;
		if (digits == 0 || len <= head || len > n - at || bytes[at + digits] != ' ')
			return fail(r, "pax record");
		const char *record = (const char *)bytes + at + head;
		size_t size = len - head - 1, skip = sizeof key - 1; /* without the line end */
		if (size >= skip && memcmp(record, key, skip) == 0) {
			r->long_name = s2_arena_strndup(r->a, record + skip, s2_min(size - skip, MAX_LONG_NAME));
			if (!r->long_name)
				return s2_fail_mem(r->err, r->name);
		}
		at += len;
	}
	return 0;
}

static int gnu_name(reader *r, const unsigned char *bytes, size_t n)
{
	r->long_name =
		s2_arena_strndup(r->a, (const char *)bytes, strnlen((const char *)bytes, s2_min(n, MAX_LONG_NAME)));
	return r->long_name ? 0 : s2_fail_mem(r->err, r->name);
}

/* 1: a regular file in *out; 0: something else was passed over; negative: malformed. */
static int next_member(reader *r, s2_tar_member *out)
{
	const unsigned char *h = r->bytes + r->at;
	uint64_t size;
	if (r->n - r->at < BLOCK || memcmp(h + MAGIC, "ustar", 5) != 0 || !sum_is_right(h))
		return fail(r, "no header");
	if (!read_number(h + SIZE, SIZE_SIZE, &size) || size > r->n - r->at - BLOCK)
		return fail(r, "a member is cut off");
	const unsigned char *bytes = h + BLOCK;
	size_t padded = ((size_t)size + BLOCK - 1) / BLOCK * BLOCK;
	int type = h[TYPE], rc = 0;
	if (type == 'x') {
		rc = pax_name(r, bytes, (size_t)size);
	} else if (type == 'L') {
		rc = gnu_name(r, bytes, (size_t)size);
	} else {
		if (type == '0' || type == 0) {
			*out = (s2_tar_member){.bytes = bytes, .n = (size_t)size};
			rc = member_name(r, h, &out->name);
			if (rc == 0)
				rc = 1;
		}
		r->long_name = NULL;
	}
	r->at += BLOCK + s2_min(padded, r->n - r->at - BLOCK);
	return rc;
}

int s2_tar_list(s2_tar_member **out, size_t *n_out, s2_arena *a, const unsigned char *bytes, size_t n,
		const char *name, s2st_error *err)
{
	/* Members have a block each, so their number is bounded by the size of the archive. */
	reader r = {.a = a, .bytes = bytes, .n = n, .name = name, .err = err};
	s2_tar_member *members = NULL;
	size_t count = 0, cap = 0;
	while (r.at < n && !(n - r.at >= BLOCK && is_end(bytes + r.at))) {
		s2_tar_member m;
		int rc = next_member(&r, &m);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		if (count == cap) {
			s2_tar_member *more;
			cap = cap ? 2 * cap : 16;
			S2_ALLOC(more, a, cap, 1, err);
			if (count)
				memcpy(more, members, count * sizeof *more);
			members = more;
		}
		members[count++] = m;
	}
	*out = members;
	*n_out = count;
	return 0;
}
