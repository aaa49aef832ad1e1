/* A set of embeddings: the length of an .npy in two bytes, the .npy, the .ids beside it. What opens has a name for each
 * row, and each row can be read. */
#include <stdint.h>

#include "api/mine.h"
#include "s2st.h"
#include "tempdir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void read_rows(const s2st_embeddings *e)
{
	const size_t rows = s2st_embeddings_count(e), dim = (size_t)s2st_embeddings_dim(e);
	if (rows == 0 || dim == 0)
		abort();
	for (size_t i = 0; i < rows; i++)
		if (!*s2st_embeddings_id(e, i) || !*s2st_embeddings_audio(e, i))
			abort();
	float *all = malloc(rows * dim * sizeof *all);
	if (!all)
		abort();
	s2_rows_gather(&e->rows, all, NULL, 0, rows, NULL);
	free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int made;
	s2st_error err = {""};
	s2st_embeddings *e;
	if (n < 2)
		return 0;
	if (!made++)
		test_tempdir_make();
	size_t npy = (size_t)data[0] | (size_t)data[1] << 8;
	npy = npy < n - 2 ? npy : n - 2;
	test_temp_file("e.ids", data + 2 + npy, n - 2 - npy);
	if (s2st_embeddings_open(&e, test_temp_file("e.npy", data + 2, npy), &err) < 0) {
		if (!strstr(err.text, "e.npy") && !strstr(err.text, "e.ids"))
			abort();
		return 0;
	}
	read_rows(e);
	s2st_embeddings_free(e);
	return 0;
}
