/* Is a file still the one that it was? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audio/audiofile.h"
#include "base/file.h"
#include "base/size.h"

enum { MIB = 1 << 20, PAGE = 4096, LARGE = 64 * MIB };

/* The ends and a page of each MiB in between. The end of a zip holds the checksums of all that is in it. */
static uint64_t hash_samples(const unsigned char *bytes, size_t n)
{
	uint64_t h = s2st_hash(S2ST_HASH_START, bytes, MIB);
	for (size_t at = MIB; at < n - MIB; at += MIB)
		h = s2st_hash(h, bytes + at, PAGE);
	return s2st_hash(h, bytes + n - MIB, MIB);
}

/* Of a slice (`length` not 0) the archive may be open already. */
static int hash_file(s2st_stamp *out, s2st_archives *archives, const char *path, size_t offset, size_t length,
		     bool sampled, s2st_error *err)
{
	s2_archive *file;
	s2st_archives *a = length ? archives : NULL;
	if (out->size == 0) {
		out->hash = s2st_hash(S2ST_HASH_START, NULL, 0);
		return S2ST_OK;
	}
	S2_TRY(s2_archive_take(&file, a, path, length, err));
	const s2_map *map = s2_archive_map(file);
	const size_t n = length ? length : map->size;
	int rc = S2ST_OK;
	if (offset > map->size || n > map->size - offset)
		rc = s2_fail(err, S2ST_EFORMAT, "%s: expected a part of %zu bytes, found %zu bytes at offset %zu", path,
			     map->size, n, offset);
	else if (sampled && n > LARGE)
		out->hash = hash_samples(map->bytes + offset, n);
	else
		out->hash = s2st_hash(S2ST_HASH_START, map->bytes + offset, n);
	s2_archive_give(a, file);
	return rc;
}

int s2st_archives_stamp(s2st_stamp *out, s2st_archives *archives, const char *path, s2st_stamp_kind kind,
			s2st_error *err)
{
	struct stat st;
	size_t n_path = strlen(path), offset = 0, length = 0;
	int rc = S2ST_OK;
	bool found = stat(path, &st) == 0;
	const bool is_slice = !found && errno == ENOENT && s2_parse_slice(path, &n_path, &offset, &length);
	char *file = strndup(path, n_path);
	if (!file)
		return s2_fail_mem(err, path);
	if (is_slice)
		found = stat(file, &st) == 0;
	if (!found) {
		rc = s2_fail(err, S2ST_EIO, "%s: cannot open: %s", path, strerror(errno));
	} else if (kind != S2ST_STAMP_TIME && !S_ISREG(st.st_mode)) {
		rc = s2_fail(err, S2ST_EIO, "%s: expected a regular file: others have no contents to compare", path);
	} else {
		*out = (s2st_stamp){.size = is_slice ? (int64_t)length : st.st_size,
				    .changed = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec,
				    .inode = (uint64_t)st.st_ino ^ (uint64_t)st.st_dev << 48};
		if (kind != S2ST_STAMP_TIME)
			rc = hash_file(out, archives, file, offset, length, kind == S2ST_STAMP_SAMPLED, err);
	}
	free(file);
	return rc;
}

int s2st_stamp_get(s2st_stamp *out, const char *path, s2st_stamp_kind kind, s2st_error *err)
{
	return s2st_archives_stamp(out, NULL, path, kind, err);
}
