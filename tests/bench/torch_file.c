#include "bench/torch_file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { ALIGN = 64, MAX_NAME = 64, CHUNK = 1 << 16 };

/* A stored member of the zip container. */
typedef struct member {
	char name[MAX_NAME];
	uint32_t crc, size, at; /* where its local header begins */
} member;

struct torch_file {
	const char *path;
	FILE *zip, *pickle; /* the container; data.pkl so far, in memory */
	char *text;
	size_t text_size;
	member *members;
	size_t n_members, n_tensors;
	uint64_t seed;
};

static void check(bool ok, const torch_file *f)
{
	if (!ok) {
		perror(f ? f->path : "torch_file");
		exit(1);
	}
}

static void put(FILE *to, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		putc((int)(value >> 8 * i & 255), to);
}

/* ---- zip: local header, data, ..., directory (APPNOTE 4.3) ------------------------------------------------------ */

/* Both headers share this middle. */
static void put_entry(FILE *to, const member *m)
{
	put(to, 0, 2);           /* flags */
	put(to, 0, 2);           /* stored */
	put(to, 0x00210000u, 4); /* 1980-01-01 */
	put(to, m->crc, 4);
	put(to, m->size, 4);
	put(to, m->size, 4);
	put(to, (uint32_t)strlen(m->name), 2);
}

static void local_header(torch_file *f, const member *m)
{
	/* torch pads an extra field so that data is aligned */
	size_t end = m->at + 30 + strlen(m->name) + 4, pad = (ALIGN - end % ALIGN) % ALIGN;
	put(f->zip, 0x04034b50, 4);
	put(f->zip, 20, 2);
	put_entry(f->zip, m);
	put(f->zip, (uint32_t)pad + 4, 2);
	fputs(m->name, f->zip);
	put(f->zip, 0x4246, 2); /* "FB" */
	put(f->zip, (uint32_t)pad, 2);
	for (size_t i = 0; i < pad; i++)
		putc('Z', f->zip);
}

/* Room for one more member, its header written with a checksum to come. */
static member *begin_member(torch_file *f, const char *name, size_t size)
{
	long at = ftell(f->zip);
	check(at >= 0 && (uint64_t)at + size < UINT32_MAX, f);
	f->members = realloc(f->members, (f->n_members + 1) * sizeof *f->members);
	check(f->members != NULL, f);
	member *m = &f->members[f->n_members++];
	*m = (member){.size = (uint32_t)size, .at = (uint32_t)at, .crc = (uint32_t)crc32(0, NULL, 0)};
	snprintf(m->name, sizeof m->name, "archive/%s", name);
	local_header(f, m);
	return m;
}

static void add_bytes(torch_file *f, member *m, const void *bytes, size_t n)
{
	check(fwrite(bytes, 1, n, f->zip) == n, f);
	m->crc = (uint32_t)crc32(m->crc, bytes, (uInt)n);
}

/* Now that the checksum is known. */
static void end_member(torch_file *f, const member *m)
{
	check(fseek(f->zip, (long)m->at + 14, SEEK_SET) == 0, f);
	put(f->zip, m->crc, 4);
	check(fseek(f->zip, 0, SEEK_END) == 0, f);
}

static void directory(torch_file *f)
{
	uint32_t at = (uint32_t)ftell(f->zip);
	for (size_t i = 0; i < f->n_members; i++) {
		const member *m = &f->members[i];
		put(f->zip, 0x02014b50, 4);
		put(f->zip, 20, 2);
		put(f->zip, 20, 2);
		put_entry(f->zip, m);
		put(f->zip, 0, 4); /* no extra field, no comment */
		put(f->zip, 0, 4); /* disk, internal attributes */
		put(f->zip, 0, 4);
		put(f->zip, m->at, 4);
		fputs(m->name, f->zip);
	}
	uint32_t size = (uint32_t)ftell(f->zip) - at;
	put(f->zip, 0x06054b50, 4);
	put(f->zip, 0, 4);
	put(f->zip, (uint32_t)f->n_members, 2);
	put(f->zip, (uint32_t)f->n_members, 2);
	put(f->zip, size, 4);
	put(f->zip, at, 4);
	put(f->zip, 0, 2);
}

/* ---- pickle, protocol 2 ----------------------------------------------------------------------------------------- */

static void pickle_str(torch_file *f, const char *s)
{
	putc('X', f->pickle); /* BINUNICODE */
	put(f->pickle, (uint32_t)strlen(s), 4);
	fputs(s, f->pickle);
}

static void pickle_int(torch_file *f, size_t value)
{
	putc('J', f->pickle); /* BININT */
	put(f->pickle, (uint32_t)value, 4);
}

torch_file *torch_open(const char *path)
{
	torch_file *f = calloc(1, sizeof *f);
	check(f != NULL, NULL);
	f->path = path;
	f->seed = 1;
	f->zip = fopen(path, "wb");
	f->pickle = open_memstream(&f->text, &f->text_size);
	check(f->zip && f->pickle, f);
	fputs("\x80\x02}(", f->pickle); /* PROTO, EMPTY_DICT, MARK */
	return f;
}

void torch_close(torch_file *f)
{
	fputs("u.", f->pickle); /* SETITEMS, STOP */
	check(fclose(f->pickle) == 0, f);
	member *m = begin_member(f, "data.pkl", f->text_size);
	add_bytes(f, m, f->text, f->text_size);
	end_member(f, m);
	m = begin_member(f, "version", 2);
	add_bytes(f, m, "3\n", 2);
	end_member(f, m);
	directory(f);
	check(fclose(f->zip) == 0, f);
	free(f->text);
	free(f->members);
	free(f);
}

void torch_begin(torch_file *f, const char *key)
{
	pickle_str(f, key);
	fputs("}(", f->pickle);
}

void torch_end(torch_file *f)
{
	putc('u', f->pickle);
}

void torch_str(torch_file *f, const char *key, const char *value)
{
	pickle_str(f, key);
	pickle_str(f, value);
}

void torch_int(torch_file *f, const char *key, int value)
{
	pickle_str(f, key);
	pickle_int(f, (size_t)value);
}

void torch_bool(torch_file *f, const char *key, bool value)
{
	pickle_str(f, key);
	putc(value ? 0x88 : 0x89, f->pickle);
}

void torch_none(torch_file *f, const char *key)
{
	pickle_str(f, key);
	putc('N', f->pickle);
}

static void add_values(torch_file *f, double mean, double spread, size_t n)
{
	float values[CHUNK];
	char name[MAX_NAME / 2];
	snprintf(name, sizeof name, "data/%zu", f->n_tensors);
	member *m = begin_member(f, name, n * sizeof *values);
	for (size_t done = 0, run; done < n; done += run) {
		run = n - done < CHUNK ? n - done : CHUNK;
		for (size_t i = 0; i < run; i++) {
			f->seed = f->seed * 6364136223846793005u + 1442695040888963407u;
			values[i] = (float)(mean + spread * ((double)(f->seed >> 40) / (1 << 23) - 1));
		}
		add_bytes(f, m, values, run * sizeof *values);
	}
	end_member(f, m);
}

void torch_random(torch_file *f, const char *key, double mean, double spread, size_t d0, size_t d1, size_t d2)
{
	size_t dims[3] = {d0, d1, d2}, n = d0 * (d1 ? d1 : 1) * (d2 ? d2 : 1);
	int rank = d2 ? 3 : d1 ? 2 : 1;
	char name[16];
	add_values(f, mean, spread, n);
	snprintf(name, sizeof name, "%zu", f->n_tensors++);
	pickle_str(f, key);
	fputs("ctorch._utils\n_rebuild_tensor_v2\n((", f->pickle);
	pickle_str(f, "storage");
	fputs("ctorch\nFloatStorage\n", f->pickle);
	pickle_str(f, name);
	pickle_str(f, "cpu");
	pickle_int(f, n);
	fputs("tQ", f->pickle); /* TUPLE, BINPERSID */
	pickle_int(f, 0);
	putc('(', f->pickle);
	for (int i = 0; i < rank; i++)
		pickle_int(f, dims[i]);
	fputs("t(", f->pickle);
	for (int i = 0; i < rank; i++) {
		n /= dims[i];
		pickle_int(f, n);
	}
	fputs("t\x89"
	      "ccollections\nOrderedDict\n)RtR",
	      f->pickle);
}
