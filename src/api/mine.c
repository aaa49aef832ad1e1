/* s2st_miner_* of the public header over mine/neighbours.h, margin.h and segments.h. */
#include "api/mine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "base/index.h"
#include "base/size.h"
#include "mine/indexed.h"
#include "mine/margin.h"
#include "mine/segments.h"

struct s2st_miner {
	const s2st_embeddings *source, *target;
	s2st_mine_options opt;
	s2_exec x;
	s2_arena *arena; /* of the pairs */
	s2_neighbour_search exact;
	s2_indexed_search indexed; /* with an index_dir, in its place */
	bool searched; /* the lists are complete */
	bool finished; /* the pairs are there */
	s2st_mined_pair *pairs;
	size_t n, n_mined;
};

s2st_mine_options s2st_mine_defaults(void)
{
	return (s2st_mine_options){.k = 16, .threshold = 1.06, .max_overlap = -1, .probes = 32};
}

/* ---- segments ---------------------------------------------------------------------------------------------------- */

/* Numbers recordings in the order in which they come. */
static int number_of(s2_index *recordings, const s2_segment *g, size_t next, size_t *out, s2st_error *err)
{
	if (s2_index_get(recordings, g->recording, g->n_recording, out))
		return S2ST_OK;
	*out = next;
	return s2_index_put(recordings, g->recording, g->n_recording, next) == 0 ? S2ST_OK
										 : s2_fail_mem(err, "recordings");
}

/* The intervals of one side of the pairs; a row that is no segment is a recording of its own. */
static int intervals_of(s2_interval *out, const s2st_miner *m, bool target, s2_index *recordings, s2st_error *err)
{
	size_t segments = 0;
	const s2st_embeddings *e = target ? m->target : m->source;
	for (size_t i = 0; i < m->n; i++) {
		const size_t row = target ? m->pairs[i].target : m->pairs[i].source;
		s2_segment g;
		out[i] = (s2_interval){.group = i, .worth = m->pairs[i].score - m->opt.threshold};
		if (!s2_segment_parse(&g, e->audio[row]))
			continue;
		segments++;
		S2_TRY(number_of(recordings, &g, i, &out[i].group, err));
		out[i].start = g.start;
		out[i].end = g.end;
	}
	if (m->n && !segments)
		return s2_fail(err, S2ST_EINPUT,
			       "%s: expected segments of recordings, as NAME_START_END, PATH|START|END or PATH START "
			       "END RATE, found none; for example \"%.200s\"",
			       e->rows.files[0].map.path, e->audio[target ? m->pairs[0].target : m->pairs[0].source]);
	return S2ST_OK;
}

static int keep_apart(s2st_miner *m, bool target, s2st_error *err)
{
	s2_interval *intervals;
	bool *keep;
	s2_mark mark = s2_arena_mark(m->x.scratch);
	S2_ALLOC(intervals, m->x.scratch, m->n, 1, err);
	S2_ALLOC(keep, m->x.scratch, m->n, 1, err);
	s2_index *recordings = s2_index_new();
	int rc = recordings ? intervals_of(intervals, m, target, recordings, err) : s2_fail_mem(err, "recordings");
	s2_index_free(recordings);
	S2_TRY(rc);
	S2_TRY(s2_best_intervals(keep, intervals, m->n, m->opt.max_overlap, m->x.scratch, err));
	size_t kept = 0;
	for (size_t i = 0; i < m->n; i++)
		if (keep[i])
			m->pairs[kept++] = m->pairs[i];
	m->n = kept;
	s2_arena_reset(m->x.scratch, mark);
	return S2ST_OK;
}

/* ---- life cycle -------------------------------------------------------------------------------------------------- */

static int check(const s2st_mine_options *opt, s2st_error *err)
{
	if (opt->k < 1 || opt->k > S2_NEIGHBOURS_MAX)
		return s2_fail(err, S2ST_EINPUT, "k: expected 1 to %d neighbours, found %d", S2_NEIGHBOURS_MAX, opt->k);
	if (!isfinite(opt->threshold))
		return s2_fail(err, S2ST_EINPUT, "threshold: expected a number, found %g", opt->threshold);
	if (!(opt->max_overlap < 1))
		return s2_fail(err, S2ST_EINPUT, "max_overlap: expected a part below 1, found %g", opt->max_overlap);
	if (opt->index_dir && opt->probes < 1)
		return s2_fail(err, S2ST_EINPUT, "probes: expected lists to look into, found %d", opt->probes);
	return S2ST_OK;
}

static int fill(s2st_miner *m, const s2st_context *ctx, s2st_error *err)
{
	S2_TRY(check(&m->opt, err));
	S2_TRY(s2_exec_init(&m->x, ctx->pool, ctx->kernels, err));
	m->arena = s2_arena_new();
	if (!m->arena)
		return s2_fail_mem(err, "pairs");
	const s2_rows *source = &m->source->rows, *target = &m->target->rows;
	const s2st_mine_options *o = &m->opt;
	if (o->index_dir)
		return s2_indexed_init(&m->indexed, &m->x, source, target, (size_t)o->k, o->index_dir, o->index_type,
				       o->probes, err);
	return s2_neighbours_init(&m->exact, &m->x, source, target, (size_t)o->k, 0, err);
}

int s2st_miner_new(s2st_miner **out, s2st_context *ctx, const s2st_embeddings *source, const s2st_embeddings *target,
		   const s2st_mine_options *opt, s2st_error *err)
{
	*out = NULL;
	s2st_miner *m = calloc(1, sizeof *m);
	if (!m)
		return s2_fail_mem(err, "mining");
	m->source = source;
	m->target = target;
	m->opt = *opt;
	int rc = fill(m, ctx, err);
	if (rc < 0)
		s2st_miner_free(m);
	else
		*out = m;
	return rc;
}

void s2st_miner_free(s2st_miner *m)
{
	if (!m)
		return;
	s2_neighbours_free(&m->exact);
	s2_indexed_free(&m->indexed);
	s2_arena_free(m->arena);
	s2_exec_free(&m->x);
	free(m);
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static int finish(s2st_miner *m, s2st_error *err)
{
	s2_pair *pairs;
	const s2_neighbours *forward = m->opt.index_dir ? &m->indexed.lists[0] : &m->exact.forward;
	const s2_neighbours *backward = m->opt.index_dir ? &m->indexed.lists[1] : &m->exact.backward;
	S2_TRY(s2_margin_pairs(&pairs, &m->n_mined, forward, backward, m->opt.margin, m->opt.retrieval,
			       m->opt.threshold, m->arena, err));
	m->n = m->n_mined;
	S2_ALLOC(m->pairs, m->arena, m->n, 1, err);
	for (size_t i = 0; i < m->n; i++)
		m->pairs[i] = (s2st_mined_pair){pairs[i].score, pairs[i].source, pairs[i].target};
	if (m->opt.max_overlap >= 0 && m->opt.overlap_side != S2ST_OVERLAP_TARGET)
		S2_TRY(keep_apart(m, false, err));
	if (m->opt.max_overlap >= 0 && m->opt.overlap_side != S2ST_OVERLAP_SOURCE)
		S2_TRY(keep_apart(m, true, err));
	m->finished = true;
	return S2ST_OK;
}

int s2st_miner_step(s2st_miner *m, s2st_error *err)
{
	if (m->finished)
		return 0;
	if (!m->searched) {
		const int more = m->opt.index_dir ? s2_indexed_step(&m->indexed, err) : s2_neighbours_step(&m->exact);
		m->searched = more == 0;
		return more < 0 ? more : 1;
	}
	return finish(m, err);
}

void s2st_miner_get(const s2st_miner *m, s2st_miner_progress *out)
{
	const size_t n = m->source->rows.n, n_target = m->target->rows.n;
	*out = (s2st_miner_progress){.done = m->exact.done, .total = n, .n_mined = m->n_mined};
	if (m->opt.index_dir) {
		const int direction = m->indexed.direction;
		out->done = direction == 2 ? n + n_target : m->indexed.done + (direction ? n : 0);
		out->total = n + n_target;
		if (m->indexed.making) {
			out->indexing = true;
			out->done = m->indexed.added;
			out->total = direction ? n : n_target;
		}
	}
	if (m->finished) {
		out->pairs = m->pairs;
		out->n = m->n;
	}
}
