#include "base/size.h"
#include "math/packed.h"

enum {
	COLUMNS = 128
}; /* of one task: several tiles and whole panels, and enough tasks for a crew where rows are few */

_Static_assert(COLUMNS % S2_PANEL == 0, "tasks begin where panels do");

typedef struct group {
	const s2_exec *x;
	const s2_gemm_item *items;
	size_t n;
} group;

static size_t n_blocks(const s2_gemm_item *item)
{
	return item->m ? (item->n + COLUMNS - 1) / COLUMNS : 0;
}

/* One block of columns of one product. */
static void run_block(void *arg, size_t task, int worker)
{
	const group *g = arg;
	const s2_gemm_item *item = g->items;
	for (; task >= n_blocks(item); item++)
		task -= n_blocks(item);
	size_t from = task * COLUMNS, n = s2_min(COLUMNS, item->n - from);
	s2_right b = item->b;
	s2_epilogue e = item->e;
	s2_packed packed;
	if (b.packed) {
		packed = s2_packed_columns(b.packed, from, n);
		b.packed = &packed;
	} else {
		b.w = (const char *)b.w + (ptrdiff_t)from * b.sn * (ptrdiff_t)s2_dtype_size(b.dtype);
	}
	if (e.bias)
		e.bias += from;
	if (e.residual)
		e.residual += from;
	s2_gemm_worker(g->x, worker, item->out + from, item->ldo, item->m, n, &item->a, &b, &e);
}

void s2_gemm_group(const s2_exec *x, const s2_gemm_item *items, size_t n)
{
	group g = {x, items, n};
	size_t tasks = 0;
	for (size_t i = 0; i < n; i++)
		tasks += n_blocks(&items[i]);
	s2_pool_run(x->pool, tasks, run_block, &g);
}
