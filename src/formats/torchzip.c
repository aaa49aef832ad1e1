#include "formats/torchzip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/size.h"

enum {
	LOCAL_HEADER = 30,
	CENTRAL_HEADER = 46,
	END_RECORD = 22,
	END64_LOCATOR = 20,
	END64_RECORD = 56,
	ZIP64_EXTRA = 1,
	MAX_NAME = 200,
};

/* Weights hardly compress: an archive that inflates to more than this many times its size is a bomb. */
enum { MAX_RATIO = 100 };
static const size_t free_inflation = (size_t)16 << 20;

typedef struct entry {
	size_t header;       /* of the local header */
	unsigned char *held; /* inflated */
} entry;

struct s2_torchzip {
	const unsigned char *bytes;
	size_t n;
	char *name;
	zip_t *zip;
	entry *entries; /* [n_entries], in the directory's order, as libzip numbers them */
	size_t n_entries;
	char prefix[MAX_NAME + 1]; /* "archive/" */
	size_t inflated;
};

static int fail(const s2_torchzip *z, s2st_error *err, const char *what)
{
	return s2_fail(err, S2ST_EFORMAT, "%s: malformed zip archive: %s", z->name, what);
}

static uint64_t le(const unsigned char *p, int width)
{
	uint64_t u = 0;
	for (int i = width - 1; i >= 0; i--)
		u = u << 8 | p[i];
	return u;
}

/* ---- where entries lie: libzip does not tell, so the offsets are read from the same directory ------------------ */

/* Offset of the central directory. The archive's comment, whose length libzip knows, ends the file. */
static int directory_offset(const s2_torchzip *z, size_t *out, s2st_error *err)
{
	int comment = 0;
	(void)zip_get_archive_comment(z->zip, &comment, ZIP_FL_ENC_RAW);
	size_t tail = END_RECORD + (size_t)comment;
	if (comment < 0 || z->n < tail || memcmp(z->bytes + z->n - tail, "PK\5\6", 4) != 0)
		return fail(z, err, "no end record");
	size_t end = z->n - tail;
	*out = le(z->bytes + end + 16, 4);
	if (*out != UINT32_MAX)
		return S2ST_OK;
	if (end < END64_LOCATOR || memcmp(z->bytes + end - END64_LOCATOR, "PK\6\7", 4) != 0)
		return fail(z, err, "no zip64 locator");
	uint64_t end64 = le(z->bytes + end - END64_LOCATOR + 8, 8);
	if (z->n < END64_RECORD || end64 > z->n - END64_RECORD || memcmp(z->bytes + end64, "PK\6\6", 4) != 0)
		return fail(z, err, "no zip64 end record");
	*out = le(z->bytes + end64 + 48, 8);
	return S2ST_OK;
}

/* The zip64 extra field holds, in this order, those of size, compressed size and offset that are all ones in `h`. */
static int zip64_offset(const s2_torchzip *z, const unsigned char *h, const unsigned char *extra, size_t n, size_t *out,
			s2st_error *err)
{
	size_t skip = (le(h + 24, 4) == UINT32_MAX ? 8u : 0u) + (le(h + 20, 4) == UINT32_MAX ? 8u : 0u);
	while (n >= 4) {
		size_t len = le(extra + 2, 2);
		if (len > n - 4)
			break;
		if (le(extra, 2) == ZIP64_EXTRA) {
			if (len < skip + 8)
				break;
			*out = le(extra + 4 + skip, 8);
			return S2ST_OK;
		}
		extra += 4 + len;
		n -= 4 + len;
	}
	return fail(z, err, "no zip64 offset");
}

/* One record of the directory, which has to be the one that libzip saw. */
static int read_record(s2_torchzip *z, size_t i, size_t *at, s2st_error *err)
{
	if (*at > z->n || z->n - *at < CENTRAL_HEADER || memcmp(z->bytes + *at, "PK\1\2", 4) != 0)
		return fail(z, err, "directory is cut off");
	const unsigned char *h = z->bytes + *at;
	size_t name_len = le(h + 28, 2), extra_len = le(h + 30, 2), comment_len = le(h + 32, 2);
	if (z->n - *at - CENTRAL_HEADER < name_len + extra_len + comment_len)
		return fail(z, err, "directory is cut off");
	const char *name = zip_get_name(z->zip, i, ZIP_FL_ENC_RAW);
	if (!name || strlen(name) != name_len || memcmp(h + CENTRAL_HEADER, name, name_len) != 0)
		return fail(z, err, "two directories that differ");
	z->entries[i].header = le(h + 42, 4);
	if (z->entries[i].header == UINT32_MAX)
		S2_TRY(zip64_offset(z, h, h + CENTRAL_HEADER + name_len, extra_len, &z->entries[i].header, err));
	*at += CENTRAL_HEADER + name_len + extra_len + comment_len;
	return S2ST_OK;
}

static int read_directory(s2_torchzip *z, s2st_error *err)
{
	zip_int64_t count = zip_get_num_entries(z->zip, 0);
	size_t at;
	S2_TRY(directory_offset(z, &at, err));
	z->n_entries = count > 0 ? (size_t)count : 0;
	z->entries = calloc(z->n_entries + 1, sizeof *z->entries);
	if (!z->entries)
		return s2_fail_mem(err, z->name);
	for (size_t i = 0; i < z->n_entries; i++)
		S2_TRY(read_record(z, i, &at, err));
	return S2ST_OK;
}

/* ---- entries --------------------------------------------------------------------------------------------------- */

/* Sentences of these functions start where "FILE: ENTRY: " ends. */

/* Data of a stored entry, in the mapping. */
static int stored_bytes(const s2_torchzip *z, size_t i, size_t size, const unsigned char **out, s2st_error *err)
{
	size_t header = z->entries[i].header, start;
	if (header > z->n || z->n - header < LOCAL_HEADER || memcmp(z->bytes + header, "PK\3\4", 4) != 0)
		return s2_fail(err, S2ST_EFORMAT, "no local header where the directory says");
	const unsigned char *h = z->bytes + header;
	start = LOCAL_HEADER + le(h + 26, 2) + le(h + 28, 2);
	if (start > z->n - header || size > z->n - header - start)
		return s2_fail(err, S2ST_EFORMAT, "truncated: it ends beyond the file");
	*out = h + start;
	return S2ST_OK;
}

static int inflate_entry(s2_torchzip *z, size_t i, size_t size, const unsigned char **out, s2st_error *err)
{
	size_t limit;
	if (!s2_add(z->inflated, size, &z->inflated) || !s2_mul(z->n, MAX_RATIO, &limit) ||
	    !s2_add(limit, free_inflation, &limit) || z->inflated > limit)
		return s2_fail(err, S2ST_EFORMAT, "compressed entries inflate to more than %d times the file",
			       MAX_RATIO);
	unsigned char *held = malloc(size + 1);
	if (!held)
		return s2_fail_mem(err, "a compressed entry");
	z->entries[i].held = held;
	zip_file_t *f = zip_fopen_index(z->zip, i, 0);
	zip_int64_t got = f ? zip_fread(f, held, size) : -1;
	bool whole = got >= 0 && (size_t)got == size && zip_fread(f, held + size, 1) == 0; /* the end checks the CRC */
	if (f)
		zip_fclose(f);
	if (!whole)
		return s2_fail(err, S2ST_EFORMAT, "it cannot be decompressed");
	*out = held;
	return S2ST_OK;
}

static int find_bytes(s2_torchzip *z, size_t i, const unsigned char **bytes, size_t *n, s2st_error *err)
{
	zip_stat_t st;
	if (zip_stat_index(z->zip, i, 0, &st) != 0 || !(st.valid & ZIP_STAT_SIZE) || st.size > SIZE_MAX / 2)
		return s2_fail(err, S2ST_EFORMAT, "it has no size");
	if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) && st.encryption_method != ZIP_EM_NONE)
		return s2_fail(err, S2ST_EFORMAT, "it is encrypted");
	*n = (size_t)st.size;
	*bytes = z->entries[i].held;
	if (*bytes)
		return S2ST_OK;
	return st.comp_method == ZIP_CM_STORE ? stored_bytes(z, i, *n, bytes, err)
					      : inflate_entry(z, i, *n, bytes, err);
}

/* Bytes of entry PREFIX + `name`; *found false when there is none. */
static int entry_bytes(s2_torchzip *z, const char *name, bool *found, const unsigned char **bytes, size_t *n,
		       s2st_error *err)
{
	char full[MAX_NAME + 100];
	snprintf(full, sizeof full, "%s%s", z->prefix, name);
	zip_int64_t i = zip_name_locate(z->zip, full, 0); /* other flags would make it a linear search */
	*found = i >= 0;
	if (i < 0)
		return S2ST_OK;
	int rc = find_bytes(z, (size_t)i, bytes, n, err);
	return rc < 0 ? s2_fail_prefix(err, rc, "%s: %s", z->name, full) : rc;
}

/* ---- the container ----------------------------------------------------------------------------------------------- */

/* The folder that holds data.pkl; torch writes one top folder, named after the file. */
static int find_prefix(s2_torchzip *z, s2st_error *err)
{
	for (size_t i = 0; i < z->n_entries; i++) {
		const char *name = zip_get_name(z->zip, i, ZIP_FL_ENC_RAW), *slash = strrchr(name, '/');
		size_t n = slash ? (size_t)(slash + 1 - name) : 0;
		if (strcmp(name + n, "data.pkl") != 0 || n > MAX_NAME)
			continue;
		memcpy(z->prefix, name, n);
		z->prefix[n] = 0;
		return S2ST_OK;
	}
	return s2_fail(err, S2ST_EFORMAT, "%s: a zip archive without data.pkl, so no torch checkpoint", z->name);
}

static int check_kind(s2_torchzip *z, s2st_error *err)
{
	const unsigned char *bytes;
	size_t n;
	bool found;
	S2_TRY(entry_bytes(z, "byteorder", &found, &bytes, &n, err));
	if (found && !(n == 6 && memcmp(bytes, "little", 6) == 0))
		return s2_fail(err, S2ST_EFORMAT, "%s: byte order: expected little, found %.*s", z->name,
			       (int)s2_min(n, 20), (const char *)bytes);
	S2_TRY(entry_bytes(z, "constants.pkl", &found, &bytes, &n, err));
	if (found)
		return s2_fail(err, S2ST_EFORMAT,
			       "%s: a TorchScript program; expected a checkpoint saved by torch.save", z->name);
	return S2ST_OK;
}

static int open_zip(s2_torchzip *z, s2st_error *err)
{
	zip_error_t why;
	zip_error_init(&why);
	zip_source_t *source = zip_source_buffer_create(z->bytes, z->n, 0, &why);
	z->zip = source ? zip_open_from_source(source, ZIP_RDONLY, &why) : NULL;
	int rc = S2ST_OK;
	if (!z->zip) {
		rc = s2_fail(err, S2ST_EFORMAT, "%s: truncated or malformed zip archive: %s", z->name,
			     zip_error_strerror(&why));
		zip_source_free(source);
	}
	zip_error_fini(&why);
	return rc;
}

int s2_torchzip_open(s2_torchzip **out, const unsigned char *bytes, size_t n, const char *name, s2st_error *err)
{
	*out = NULL;
	s2_torchzip *z = calloc(1, sizeof *z);
	if (!z)
		return s2_fail_mem(err, name);
	z->bytes = bytes;
	z->n = n;
	z->name = strdup(name);
	int rc = z->name ? open_zip(z, err) : s2_fail_mem(err, name);
	if (rc == S2ST_OK)
		rc = read_directory(z, err);
	if (rc == S2ST_OK)
		rc = find_prefix(z, err);
	if (rc == S2ST_OK)
		rc = check_kind(z, err);
	if (rc < 0) {
		s2_torchzip_close(z);
		return rc;
	}
	*out = z;
	return S2ST_OK;
}

void s2_torchzip_close(s2_torchzip *z)
{
	if (!z)
		return;
	for (size_t i = 0; i < z->n_entries && z->entries; i++)
		free(z->entries[i].held);
	free(z->entries);
	if (z->zip)
		zip_discard(z->zip);
	free(z->name);
	free(z);
}

int s2_torchzip_pickle(s2_torchzip *z, s2_arena *a, s2_pickle *out, s2st_error *err)
{
	const unsigned char *bytes = NULL;
	size_t n = 0;
	bool found;
	S2_TRY(entry_bytes(z, "data.pkl", &found, &bytes, &n, err));
	return s2_pickle_read(out, a, bytes, n, &(s2_pickle_options){.name = z->name}, err);
}

int s2_torchzip_storage(void *arg, const s2_storage *storage, const unsigned char **bytes, size_t *n, s2st_error *err)
{
	s2_torchzip *z = arg;
	char name[90];
	bool found = false;
	if (storage->key_len < 64 && strlen(storage->key) == storage->key_len) {
		snprintf(name, sizeof name, "data/%s", storage->key);
		S2_TRY(entry_bytes(z, name, &found, bytes, n, err));
	}
	if (!found)
		return s2_fail(err, S2ST_EFORMAT, "%s: the archive has no storage %.40s", z->name, storage->key);
	return S2ST_OK;
}
