/* Mined pairs, plain or gzip: whatever the bytes, rows with a finite score and two names, or a sentence that names a
 * line. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "s2st.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	enum { MAX_ROWS = 100000 }; /* gzip of a few kB can hold millions */
	s2st_error err = {""};
	s2st_pairs *p;
	s2st_pair pair;
	char path[40];
	int rc, fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, n) != (ssize_t)n)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	rc = s2st_pairs_open(&p, path, &err);
	for (int rows = 0; rc >= 0 && rows < MAX_ROWS; rows++) {
		rc = s2st_pairs_next(p, &pair, &err);
		if (rc <= 0)
			break;
		if (!isfinite(pair.score) || !*pair.source || !*pair.target || (pair.id && !*pair.id) || pair.line < 1)
			abort();
		if (pair.source_frames < -1 || pair.target_frames < -1 ||
		    strlen(pair.source) + strlen(pair.target) == SIZE_MAX)
			abort(); /* reads every byte for the sanitizer */
	}
	if (rc < 0 && !err.text[0])
		abort();
	s2st_pairs_free(p);
	close(fd);
	return 0;
}
