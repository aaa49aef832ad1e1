/* One vector for all frames of a file: their mean or their maximum. */
#include <stdlib.h>

#include "cli_encoder.h"

int cli_pool_begin(cli_pool *p, cli_pooling kind, size_t dim, s2st_error *err)
{
	p->kind = kind;
	p->dim = dim;
	p->n = 0;
	if (kind == CLI_POOL_NONE || p->sum)
		return S2ST_OK;
	p->sum = calloc(dim, sizeof *p->sum);
	p->row = calloc(dim, sizeof *p->row);
	return p->sum && p->row ? S2ST_OK : cli_fail_memory(err);
}

void cli_pool_add(cli_pool *p, const float *frames, size_t n)
{
	for (size_t t = 0; t < n; t++, p->n++)
		for (size_t i = 0; i < p->dim; i++) {
			const double v = (double)frames[t * p->dim + i];
			if (p->n == 0)
				p->sum[i] = v;
			else if (p->kind == CLI_POOL_MEAN)
				p->sum[i] += v;
			else if (v > p->sum[i])
				p->sum[i] = v;
		}
}

const float *cli_pool_row(cli_pool *p)
{
	for (size_t i = 0; i < p->dim; i++)
		p->row[i] = (float)(p->kind == CLI_POOL_MEAN ? p->sum[i] / (double)p->n : p->sum[i]);
	return p->row;
}

void cli_pool_free(cli_pool *p)
{
	free(p->sum);
	free(p->row);
}
