/* The matrix product's inner loops: register tile, epilogue, packing of the right operand.
 *
 * Included by each kernels_*.c after its vector primitives, KERNEL(name), MR and EACH_ROW_COUNT (1 to MR). NR is two
 * native vectors. */

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
#pragma GCC unroll 16
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
#pragma GCC unroll 16
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < vecs; v++)
			vf_store(t->acc + i * NR + v * VN, acc[i][v]);
}

#define TILE_CASE(r)                        \
	case r:                             \
		if (t->cols > VN)           \
			tile_body(t, r, 2); \
		else                        \
			tile_body(t, r, 1); \
		break;

static void KERNEL(tile)(const s2_tile *t)
{
	switch (t->rows) {
		EACH_ROW_COUNT(TILE_CASE)
	}
}

static ALWAYS_INLINE void finish_columns(const s2_finish *f, size_t j, size_t n, s2_act act)
{
	v16 bias = f->bias ? v16_loadn(f->bias + j, n) : v16_set1(0), scale = v16_set1(f->scale);
	for (size_t i = 0; i < f->rows; i++) {
		v16 v = v16_act(v16_add(v16_loadn(f->acc + i * NR + j, n), bias), act, f->slope);
		v = v16_mul(v, scale);
		if (f->residual)
			v = v16_add(v, v16_loadn(f->residual + i * f->ld_residual + j, n));
		v16_storen(f->out + i * f->ldo + j, v, n);
	}
}

static void KERNEL(finish)(const s2_finish *f)
{
	for (size_t j = 0; j < f->cols; j += 16)
		if (f->cols - j >= 16 && f->act == S2_ACT_NONE)
			finish_columns(f, j, 16, S2_ACT_NONE);
		else
			finish_columns(f, j, s2_min(f->cols - j, 16), f->act);
}

/* ---- packing ----------------------------------------------------------------------------------------------------- */

/* n elements of w, `stride` apart, to float32; the common layouts in vectors. */
static void widen(float *out, const char *w, s2_dtype dtype, ptrdiff_t stride, size_t n)
{
	size_t i = 0;
	if (stride == 1 && dtype == S2_F32) {
		memcpy(out, w, n * sizeof *out);
		return;
	}
	if (stride == 1 && dtype == S2_F16)
		for (; i + VN <= n; i += VN)
			vf_store(out + i, vf_load_f16(w + 2 * i));
	if (stride == 1 && dtype == S2_BF16)
		for (; i + VN <= n; i += VN)
			vf_store(out + i, vf_load_bf16(w + 2 * i));
	s2_to_f32_strided(out + i, w + (ptrdiff_t)(i * s2_dtype_size(dtype)), dtype, stride, n - i);
}

/* VN vectors from element i of as many rows of float32, float16 or bfloat16. */
static ALWAYS_INLINE void load_block(vf *t, const char *const *rows, size_t i, s2_dtype dtype)
{
	if (dtype == S2_F32)
		for (size_t n = 0; n < VN; n++)
			t[n] = vf_load(rows[n] + 4 * i);
	else if (dtype == S2_F16)
		for (size_t n = 0; n < VN; n++)
			t[n] = vf_load_f16(rows[n] + 2 * i);
	else
		for (size_t n = 0; n < VN; n++)
			t[n] = vf_load_bf16(rows[n] + 2 * i);
}

static inline float load_one(const char *row, size_t i, s2_dtype dtype)
{
	float x;
	s2_to_f32(&x, row + i * s2_dtype_size(dtype), dtype, 1);
	return x;
}

/* NR rows of k consecutive elements become a panel. Blocks of VN x VN change from rows to columns in registers; VN rows
 * are read side by side along the whole run, which is as many streams as the hardware's prefetching follows. */
static void pack_rows(float *panel, const char *const *rows, size_t k, s2_dtype dtype)
{
	size_t whole = k / VN * VN;
	for (size_t n = 0; n < NR; n += VN)
		for (size_t i = 0; i < whole; i += VN) {
			vf t[VN];
			load_block(t, rows + n, i, dtype);
			vf_transpose(t);
			for (size_t r = 0; r < VN; r++)
				vf_store(panel + (i + r) * NR + n, t[r]);
		}
	for (size_t i = whole; i < k; i++)
		for (size_t n = 0; n < NR; n++)
			panel[i * NR + n] = load_one(rows[n], i, dtype);
}

enum { PACK_RUN = 64 }; /* elements of a row widened at one time; NR rows of them stay in the L1 cache */

/* The general case: any type and stride, missing columns. */
static void pack_widened(float *panel, const char *w, s2_dtype dtype, ptrdiff_t sn, ptrdiff_t sc, size_t cols, size_t k)
{
	_Alignas(64) float wide[NR][PACK_RUN];
	const char *rows[NR];
	for (size_t n = 0; n < NR; n++)
		rows[n] = (const char *)wide[n];
	if (cols < NR)
		memset(wide[cols], 0, (NR - cols) * sizeof wide[0]);
	ptrdiff_t size = (ptrdiff_t)s2_dtype_size(dtype);
	for (size_t i = 0; i < k; i += PACK_RUN) {
		size_t run = s2_min(k - i, PACK_RUN);
		for (size_t n = 0; n < cols; n++)
			widen(wide[n], w + ((ptrdiff_t)n * sn + (ptrdiff_t)i * sc) * size, dtype, sc, run);
		pack_rows(panel + i * NR, rows, run, S2_F32);
	}
}

static void KERNEL(pack)(float *panel, const void *w, s2_dtype dtype, ptrdiff_t sn, ptrdiff_t sc, size_t cols, size_t k)
{
	ptrdiff_t size = (ptrdiff_t)s2_dtype_size(dtype);
	const char *bytes = w, *rows[NR];
	if (sn == 1 && dtype == S2_F32 && cols == NR) {
		for (size_t i = 0; i < k; i++, panel += NR, bytes += sc * size) {
			vf_store(panel, vf_load(bytes));
			vf_store(panel + VN, vf_load(bytes + VN * sizeof *panel));
		}
		return;
	}
	if (sn == 1 || (cols > 1 && llabs(sn) < llabs(sc))) { /* neighbours in a panel row are neighbours in memory */
		for (size_t i = 0; i < k; i++, panel += NR) {
			widen(panel, bytes + (ptrdiff_t)i * sc * size, dtype, sn, cols);
			if (cols < NR)
				memset(panel + cols, 0, (NR - cols) * sizeof *panel);
		}
		return;
	}
	if (sc != 1 || cols < NR || (dtype != S2_F32 && dtype != S2_F16 && dtype != S2_BF16)) {
		pack_widened(panel, bytes, dtype, sn, sc, cols, k);
		return;
	}
	for (size_t n = 0; n < NR; n++)
		rows[n] = bytes + (ptrdiff_t)n * sn * size;
	pack_rows(panel, rows, k, dtype);
}

/* ---- few rows ---------------------------------------------------------------------------------------------------- */

enum { DIRECT_AHEAD = 256 }; /* elements of a row that memory has time for */

/* VN columns at a time straight from the weights: a block is turned in registers and used up at once, so weights go
 * through the processor once and loads overlap with arithmetic. What comes next, at last in the next VN columns, is
 * asked for meanwhile: so many short streams are more than the hardware's prefetching follows. Columns past the end
 * repeat the last one. */
static ALWAYS_INLINE void direct_body(const s2_tile *t, const s2_right *b, size_t first, size_t rows)
{
	s2_dtype dtype = b->dtype;
	const ptrdiff_t size = (ptrdiff_t)s2_dtype_size(dtype), next = ((ptrdiff_t)VN * b->sn - (ptrdiff_t)t->c) * size;
	const char *w[VN];
	for (size_t n = 0; n < VN; n++)
		w[n] = (const char *)b->w + (ptrdiff_t)s2_min(first + n, t->cols - 1) * b->sn * size;
	vf acc[MR], block[VN];
#pragma GCC unroll 16
	for (size_t r = 0; r < rows; r++)
		acc[r] = t->resume ? vf_load(t->acc + r * NR + first) : vf_set1(0);
	size_t row = t->row, i = 0;
	for (; i + VN <= t->c; i += VN) {
		const float *a0 = t->a + i, *a5 = a0 + 5 * row, *a10 = a5 + 5 * row;
		load_block(block, w, i, dtype);
		const ptrdiff_t later = (ptrdiff_t)(i + DIRECT_AHEAD) * size + (i + DIRECT_AHEAD < t->c ? 0 : next);
		for (size_t n = 0; n < VN; n++)
			__builtin_prefetch(w[n] + later, 0, 2);
		vf_transpose(block);
#pragma GCC unroll 16
		for (size_t k = 0; k < VN; k++)
#pragma GCC unroll 16
			for (size_t r = 0; r < rows; r++) {
				const float *base = r < 5 ? a0 : r < 10 ? a5 : a10;
				acc[r] = vf_fma(vf_set1(base[r % 5 * row + k]), block[k], acc[r]);
			}
	}
	for (; i < t->c; i++) {
		float column[VN];
		for (size_t n = 0; n < VN; n++)
			column[n] = load_one(w[n], i, dtype);
		for (size_t r = 0; r < rows; r++)
			acc[r] = vf_fma(vf_set1(t->a[r * row + i]), vf_load(column), acc[r]);
	}
#pragma GCC unroll 16
	for (size_t r = 0; r < rows; r++)
		vf_store(t->acc + r * NR + first, acc[r]);
}

#define DIRECT_CASE(r)                       \
	case r:                              \
		direct_body(t, b, first, r); \
		break;

static void KERNEL(direct)(const s2_tile *t, const s2_right *b)
{
	for (size_t first = 0; first < t->cols; first += VN)
		switch (t->rows) {
			EACH_ROW_COUNT(DIRECT_CASE)
		}
}
