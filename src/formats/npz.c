#include "formats/npz.h"

#include <stdio.h>
#include <zip.h>

#include "formats/npy.h"

enum { MAX_MEMBER = 64 << 20 };

static int read_member(unsigned char **out, size_t *n, s2_arena *a, zip_t *zip, const char *member, s2st_error *err)
{
	zip_stat_t st;
	zip_int64_t at = zip_name_locate(zip, member, 0);
	if (at < 0)
		return s2_fail(err, S2ST_EFORMAT, "expected an array %s, found none", member);
	if (zip_stat_index(zip, (zip_uint64_t)at, 0, &st) != 0 || !(st.valid & ZIP_STAT_SIZE) || st.size > MAX_MEMBER)
		return s2_fail(err, S2ST_EFORMAT, "%s: expected at most %d bytes", member, MAX_MEMBER);
	S2_ALLOC(*out, a, st.size, 1, err);
	*n = st.size;
	zip_file_t *f = zip_fopen_index(zip, (zip_uint64_t)at, 0);
	zip_int64_t got = f ? zip_fread(f, *out, st.size) : -1;
	if (f)
		zip_fclose(f);
	return got == (zip_int64_t)st.size ? 0 : s2_fail(err, S2ST_EFORMAT, "%s is truncated or corrupt", member);
}

int s2_npz_read(s2_tensor *out, s2_arena *a, const char *path, const char *name, s2st_error *err)
{
	int why;
	unsigned char *bytes = NULL;
	size_t n = 0;
	char member[128], what[640];
	zip_t *zip = zip_open(path, ZIP_RDONLY, &why);
	if (!zip) {
		zip_error_t e;
		zip_error_init_with_code(&e, why);
		bool absent = why == ZIP_ER_NOENT || why == ZIP_ER_OPEN || why == ZIP_ER_READ;
		int rc = s2_fail(err, absent ? S2ST_EIO : S2ST_EFORMAT, "%s: %s", path, zip_error_strerror(&e));
		zip_error_fini(&e);
		return rc;
	}
	snprintf(member, sizeof member, "%s.npy", name);
	snprintf(what, sizeof what, "%s: %s", path, member);
	int rc = read_member(&bytes, &n, a, zip, member, err);
	zip_discard(zip);
	if (rc < 0)
		return s2_fail_prefix(err, rc, "%s", path);
	return s2_npy_parse(out, a, bytes, n, what, err);
}
