/* The inner loops of products in reduced precision, for vector units.
 *
 * Included by kernels_bf16_*.c and kernels_int8_*.c after their primitives: vd, a vector of VN sums; vd_dot(sums, word,
 * words), which adds the products of one word of the left operand with a word of each of VN columns; MR and
 * EACH_ROW_COUNT (1 to MR). Two vectors of columns make a tile. */

enum { NR = 2 * VN };
_Static_assert(MR <= (int)S2_MAX_MR && NR <= (int)S2_MAX_NR && (int)S2_PANEL % NR == 0, "tile and panels fit");

#if defined(__has_feature) /* clang's way to say what gcc says with a macro */
#if __has_feature(address_sanitizer)
#define INSTRUMENTED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define INSTRUMENTED
#endif
#ifdef INSTRUMENTED /* unrolled, the instrumented code takes a compiler minutes */
#define CHAIN_INLINE __attribute__((noinline))
#define UNROLL
#define UNROLL_CHAIN
#else
#define CHAIN_INLINE inline __attribute__((always_inline))
#define UNROLL       _Pragma("GCC unroll 16")
#define UNROLL_CHAIN _Pragma("GCC unroll 2")
#endif

enum { AHEAD = 32 }; /* rows of a panel that memory has time for: 4 KiB */

/* sums += one tap. `rows` and `vecs` are constants at every call, so that the sums stay in registers. */
static CHAIN_INLINE void chain(vd sums[MR][2], const uint32_t *a, size_t row, const uint32_t *panel, size_t words,
			       size_t rows, size_t vecs)
{
	const uint32_t *a0 = a, *a5 = a0 + 5 * row, *a10 = a5 + 5 * row; /* as in kernels_gemm_impl.h */
	UNROLL_CHAIN
	for (size_t k = 0; k < words; k++, panel += S2_PANEL) {
		vd_words b[2];
		for (size_t v = 0; v < vecs; v++) {
			__builtin_prefetch(panel + (size_t)AHEAD * S2_PANEL + v * 16, 0, 2);
			b[v] = vd_load_words(panel + v * VN);
		}
		UNROLL
		for (size_t i = 0; i < rows; i++) {
			const uint32_t *base = i < 5 ? a0 : i < 10 ? a5 : a10;
			const vd_word word = vd_set1(base[i % 5 * row + k]);
			for (size_t v = 0; v < vecs; v++)
				sums[i][v] = vd_dot(sums[i][v], word, b[v]);
		}
	}
}

/* tile_body(t, rows, vecs) with constants for the last two. */
#define TILE_CASE(r)                        \
	case r:                             \
		if (t->cols > VN)           \
			tile_body(t, r, 2); \
		else                        \
			tile_body(t, r, 1); \
		break;
