/* The tile of a bfloat16 product; after the primitives of kernels_reduced_impl.h: vd is a vector of float32 sums. */
#include "math/kernels_reduced_impl.h"

static CHAIN_INLINE void tile_body(const s2_reduced_tile *t, size_t rows, size_t vecs)
{
	vd sums[MR][2];
	UNROLL
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < vecs; v++)
			sums[i][v] = vd_zero();
	for (size_t j = 0; j < t->taps; j++)
		chain(sums, t->a + j * t->tap, t->row, t->panel + j * t->words * S2_PANEL, t->words, rows, vecs);
	UNROLL
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < vecs; v++)
			vd_store(t->acc + i * t->ld_acc + v * VN, sums[i][v]);
}

static void tile(const s2_reduced_tile *t)
{
	switch (t->rows) {
		EACH_ROW_COUNT(TILE_CASE)
	}
}
