/* The tile of an int8 product; after the primitives of kernels_reduced_impl.h: vd is a vector of int32 sums, and vd_add
 * (acc, sums, scale) adds them, scaled, to VN floats of acc. The sum of (q - zero) * w begins at -zero * (sum of w). */
#include "math/kernels_reduced_impl.h"

static CHAIN_INLINE void tile_body(const s2_reduced_tile *t, size_t rows, size_t vecs)
{
	float *const acc = t->acc;
	const size_t ld = t->ld_acc, run_row = t->run_row;
	for (size_t i = 0; i < rows; i++)
		memset(acc + i * ld, 0, NR * sizeof *acc);
	for (size_t j = 0; j < t->taps; j++) {
		const s2_run *run = t->runs + j * t->run_tap;
		vd sums[MR][2], w_sum[2];
		for (size_t v = 0; v < vecs; v++)
			w_sum[v] = vd_load_words(t->w_sum + j * S2_PANEL + v * VN);
		UNROLL
		for (size_t i = 0; i < rows; i++)
			for (size_t v = 0; v < vecs; v++)
				sums[i][v] = vd_times(w_sum[v], -run[i * run_row].zero);
		chain(sums, t->a + j * t->tap, t->row, t->panel + j * t->words * S2_PANEL, t->words, rows, vecs);
		UNROLL
		for (size_t i = 0; i < rows; i++)
			for (size_t v = 0; v < vecs; v++)
				vd_add(acc + i * ld + v * VN, sums[i][v], run[i * run_row].scale);
	}
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < vecs; v++)
			vd_scale(acc + i * ld + v * VN, t->w_scale + v * VN);
}

static void tile(const s2_reduced_tile *t)
{
	switch (t->rows) {
		EACH_ROW_COUNT(TILE_CASE)
	}
}
