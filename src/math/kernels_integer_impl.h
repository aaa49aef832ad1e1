/* The tile of a product of integers; after the primitives of kernels_reduced_impl.h: vd is a vector of int32 sums,
 * vd_put(acc, sums, scale) puts them, scaled, into VN floats of acc, and vd_add adds them there. int8 has zeros: its
 * sum of (q - zero) * w begins at -zero * (sum of w). */
#include "math/kernels_reduced_impl.h"

/* Sums of tap j before its products. */
static CHAIN_INLINE void begin(vd sums[MR][2], const s2_reduced_tile *t, size_t j, size_t rows, size_t vecs)
{
	if (!t->w_sum) {
		UNROLL
		for (size_t i = 0; i < rows; i++)
			for (size_t v = 0; v < vecs; v++)
				sums[i][v] = vd_zero();
		return;
	}
	const s2_run *run = t->runs + j * t->run_tap;
	vd w_sum[2];
	for (size_t v = 0; v < vecs; v++)
		w_sum[v] = vd_load_words(t->w_sum + j * S2_PANEL + v * VN);
	UNROLL
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < vecs; v++)
			sums[i][v] = vd_times(w_sum[v], -run[i * t->run_row].zero);
}

static CHAIN_INLINE void tile_body(const s2_reduced_tile *t, size_t rows, size_t vecs)
{
	float *const acc = t->acc;
	const size_t ld = t->ld_acc, run_row = t->run_row;
	for (size_t j = 0; j < t->taps; j++) {
		const s2_run *run = t->runs + j * t->run_tap;
		vd sums[MR][2];
		begin(sums, t, j, rows, vecs);
		chain(sums, t->a + j * t->tap, t->row, t->panel + j * t->words * S2_PANEL, t->words, rows, vecs);
		if (j == 0) {
			UNROLL
			for (size_t i = 0; i < rows; i++)
				for (size_t v = 0; v < vecs; v++)
					vd_put(acc + i * ld + v * VN, sums[i][v], run[i * run_row].scale);
			continue;
		}
		UNROLL
		for (size_t i = 0; i < rows; i++)
			for (size_t v = 0; v < vecs; v++)
				vd_add(acc + i * ld + v * VN, sums[i][v], run[i * run_row].scale);
	}
	for (size_t i = 0; i < rows && t->w_scale; i++)
		for (size_t v = 0; v < vecs; v++)
			vd_scale(acc + i * ld + v * VN, t->w_scale + v * VN);
}

static void tile(const s2_reduced_tile *t)
{
	switch (t->rows) {
		EACH_ROW_COUNT(TILE_CASE)
	}
}
