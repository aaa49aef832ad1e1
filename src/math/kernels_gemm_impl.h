/* The matrix product's inner loops: register tile, epilogue, packing of the right operand.
 *
 * Included by each kernels_*.c after its vector primitives, MR and KERNEL(name). NR is two native vectors. */

enum { VN = VF_LEN, NR = 2 * VF_LEN };
_Static_assert(MR <= (int)S2_MAX_MR && NR <= (int)S2_MAX_NR, "tile larger than the driver's buffers");

/* The accumulators must stay in registers: `rows` and `vecs` are constants at every call, so that all loops but those
 * over the chain unroll away. Row i is reached from one of three base pointers, which x86 addressing modes can do with
 * two index registers (row, 3*row). */
#if defined(__has_feature) /* clang's way to say what gcc says with a macro */
#if __has_feature(address_sanitizer)
#define INSTRUMENTED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define INSTRUMENTED
#endif
#ifdef INSTRUMENTED
/* Instrumented, the unrolled variants take a compiler minutes: one rolled loop does the same arithmetic. */
#define TILE_INLINE __attribute__((noinline))
#define UNROLL
#define UNROLL_CHAIN
#else
#define TILE_INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
#define UNROLL_CHAIN _Pragma("GCC unroll 4")
#endif

static TILE_INLINE void tile_body(const s2_tile *t, size_t rows, size_t vecs)
{
	vf acc[MR][2];
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < vecs; v++)
			acc[i][v] = t->resume ? vf_load(t->acc + i * NR + v * VN) : vf_set1(0);
	const float *panel = t->panel;
	size_t row = t->row, c = t->c;
	for (size_t j = 0; j < t->taps; j++) {
		const float *a0 = t->a + j * t->tap, *a5 = a0 + 5 * row, *a10 = a5 + 5 * row;
		UNROLL_CHAIN
		for (size_t k = 0; k < c; k++) {
			vf b[2];
			for (size_t v = 0; v < vecs; v++)
				b[v] = vf_load(panel + v * VN);
			panel += NR;
			UNROLL
			for (size_t i = 0; i < rows; i++) {
				const float *base = i < 5 ? a0 : i < 10 ? a5 : a10;
				vf ai = vf_set1(base[i % 5 * row]);
				for (size_t v = 0; v < vecs; v++)
					acc[i][v] = vf_fma(ai, b[v], acc[i][v]);
			}
			a0++;
			a5++;
			a10++;
		}
	}
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < vecs; v++)
			vf_store(t->acc + i * NR + v * VN, acc[i][v]);
}

#define TILE_CASE(r)                           \
	case r:                                \
		if ((r) <= MR && t->cols > VN) \
			tile_body(t, r, 2);    \
		else if ((r) <= MR)            \
			tile_body(t, r, 1);    \
		break;

static void KERNEL(tile)(const s2_tile *t)
{
	switch (t->rows) {
		TILE_CASE(1) TILE_CASE(2) TILE_CASE(3) TILE_CASE(4) TILE_CASE(5) TILE_CASE(6) TILE_CASE(7)
		TILE_CASE(8) TILE_CASE(9) TILE_CASE(10) TILE_CASE(11) TILE_CASE(12) TILE_CASE(13) TILE_CASE(14)
	}
}

static void KERNEL(finish)(const s2_finish *f)
{
	for (size_t j = 0; j < f->cols; j += 16) {
		size_t n = s2_min(f->cols - j, 16);
		v16 bias = f->bias ? v16_loadn(f->bias + j, n) : v16_set1(0);
		for (size_t i = 0; i < f->rows; i++) {
			v16 v = v16_add(v16_loadn(f->acc + i * NR + j, n), bias);
			v = v16_act(v, f->act);
			if (f->scale != 1)
				v = v16_mul(v, v16_set1(f->scale));
			if (f->residual)
				v = v16_add(v, v16_loadn(f->residual + i * f->ld_residual + j, n));
			v16_storen(f->out + i * f->ldo + j, v, n);
		}
	}
}

/* ---- packing ------------------------------------------------------------------------------------------------ */

/* n elements of w, `stride` apart, to float32; the common layouts in vectors. */
static void widen(float *out, const char *w, s2_dtype dtype, ptrdiff_t stride, size_t n)
{
	size_t i = 0;
	if (stride == 1 && dtype == S2_F32) {
		memcpy(out, w, n * sizeof *out);
		return;
	}
	if (stride == 1 && dtype == S2_F16)
		for (; i + 16 <= n; i += 16)
			v16_store(out + i, v16_from_f16(w + 2 * i));
	if (stride == 1 && dtype == S2_BF16)
		for (; i + 16 <= n; i += 16)
			v16_store(out + i, v16_from_bf16(w + 2 * i));
	s2_to_f32_strided(out + i, w + (ptrdiff_t)(i * s2_dtype_size(dtype)), dtype, stride, n - i);
}

/* NR rows of k consecutive float32: blocks of VN x VN change from rows to columns in registers. */
static void pack_rows(float *panel, const float *const *rows, size_t k)
{
	size_t i = 0;
	for (size_t n = 0; n < NR; n += VN)
		for (i = 0; i + VN <= k; i += VN)
			vf_transpose(panel + i * NR + n, NR, rows + n, i);
	for (; i < k; i++)
		for (size_t n = 0; n < NR; n++)
			panel[i * NR + n] = rows[n][i];
}

enum { PACK_RUN = 64 }; /* elements of a row widened at one time; NR rows of them stay in the L1 cache */

static void pack_any_rows(float *panel, const char *w, s2_dtype dtype, ptrdiff_t sn, ptrdiff_t sc, size_t cols, size_t k)
{
	_Alignas(64) float wide[NR][PACK_RUN];
	const float *rows[NR];
	for (size_t n = 0; n < NR; n++)
		rows[n] = wide[n];
	if (cols < NR)
		memset(wide[cols], 0, (NR - cols) * sizeof wide[0]);
	ptrdiff_t size = (ptrdiff_t)s2_dtype_size(dtype);
	for (size_t i = 0; i < k; i += PACK_RUN) {
		size_t run = s2_min(k - i, PACK_RUN);
		for (size_t n = 0; n < cols; n++)
			widen(wide[n], w + ((ptrdiff_t)n * sn + (ptrdiff_t)i * sc) * size, dtype, sc, run);
		pack_rows(panel + i * NR, rows, run);
	}
}

static void KERNEL(pack)(float *panel, const void *w, s2_dtype dtype, ptrdiff_t sn, ptrdiff_t sc, size_t cols, size_t k)
{
	ptrdiff_t size = (ptrdiff_t)s2_dtype_size(dtype);
	const char *bytes = w;
	if (sn == 1 || (cols > 1 && llabs(sn) < llabs(sc))) { /* neighbours in a panel row are neighbours in memory */
		for (size_t i = 0; i < k; i++, panel += NR) {
			widen(panel, bytes + (ptrdiff_t)i * sc * size, dtype, sn, cols);
			if (cols < NR)
				memset(panel + cols, 0, (NR - cols) * sizeof *panel);
		}
	} else if (dtype == S2_F32 && sc == 1 && cols == NR && (uintptr_t)w % sizeof(float) == 0) {
		const float *rows[NR];
		for (size_t n = 0; n < NR; n++)
			rows[n] = (const float *)(const void *)(bytes + (ptrdiff_t)n * sn * size);
		pack_rows(panel, rows, k);
	} else {
		pack_any_rows(panel, bytes, dtype, sn, sc, cols, k);
	}
}
