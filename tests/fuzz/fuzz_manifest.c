/* Lists and manifests: whatever the bytes, rows with an id and a path or a sentence; twice the same after a rewind. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audio/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int read_rows(s2_manifest *m, size_t *rows, s2st_error *err)
{
	s2st_input row;
	int rc;
	for (*rows = 0; (rc = s2_manifest_next(m, &row, err)) == 1; ++*rows) {
		if (!row.path || !*row.path || row.n_frames < -1 || (row.id && !*row.id))
			abort();
		if (strlen(row.path) + (row.target ? strlen(row.target) : 0) == SIZE_MAX)
			abort(); /* reads every byte for the sanitizer */
	}
	if (rc < 0 && !err->text[0])
		abort();
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2_lines lines;
	s2_manifest *m;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	/* The first byte chooses .tsv or list. */
	if (fd < 0 || (n > 1 && write(fd, data + 1, n - 1) != (ssize_t)n - 1) || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	if (s2_lines_open(&lines, fd, "fuzz", &err) < 0)
		return 0;
	if (s2_manifest_open(&m, &lines, n && data[0] % 2, "root", &err) < 0) {
		if (!err.text[0])
			abort();
		return 0;
	}
	size_t rows, again;
	int first = read_rows(m, &rows, &err);
	if (s2_manifest_rewind(m, &err) < 0 || read_rows(m, &again, &err) != first || rows != again)
		abort();
	s2_manifest_free(m);
	return 0;
}
