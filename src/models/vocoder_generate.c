/* Unit HiFi-GAN: the generator (hifigan.py Generator.forward), in tiles.
 *
 * A tile of the output is followed backwards through the network to the rows that each stage has to make for it, then
 * the stages run forwards over just those rows. Inside a stage the rows are cut once more, so that a residual block's
 * signals stay in the cache. Where a signal truly begins or ends, its buffer does too, and the convolution reads zeros
 * there; everywhere else the buffer holds the neighbouring rows. */
#include <string.h>

#include "base/size.h"
#include "math/ops.h"
#include "models/vocoder.h"

#define INNER_SLOPE 0.1f  /* LRELU_SLOPE */
#define LAST_SLOPE  0.01f /* the last one is F.leaky_relu's default */

typedef struct range {
	size_t first, end;
} range;

static range widen(range r, size_t by, size_t len)
{
	return (range){r.first - s2_min(r.first, by), r.end + s2_min(len - r.end, by)};
}

static range range_of(s2_span r)
{
	return (range){r.first, r.end};
}

/* The same buffer seen from row `r.first` on. */
static s2_span part(s2_span b, range r, size_t c)
{
	return (s2_span){b.x + (r.first - b.first) * c, r.first, r.end};
}

/* ---- one tile of a stage -------------------------------------------------------------------------------------- */

/* Input rows that rows `out` of a transposed convolution depend on: out = in * stride + tap - pad. */
static range up_inputs(const s2_conv1d *c, range out, size_t len)
{
	const size_t reach = c->k - 1;
	const size_t low = out.first + c->pad;
	return (range){low <= reach ? 0 : (low - reach + c->stride - 1) / c->stride,
		       s2_min((out.end - 1 + c->pad) / c->stride + 1, len)};
}

/* Rows that the transposed convolution writes for `rows` rows of output wanted, at most. */
static size_t up_rows(const s2_conv1d *c, size_t rows)
{
	return rows + 2 * c->k;
}

/* buffer <- transposed convolution; the result's view begins where that of the wanted rows does. */
static s2_span up_sample(const s2_exec *x, const s2_conv1d *c, range out, s2_span in, size_t in_len, float *buffer)
{
	const range from = up_inputs(c, out, in_len);
	const s2_span src = part(in, from, c->c_in);
	s2_conv_transpose1d_forward(x, buffer, src.x, from.end - from.first, c);
	/* Its first row is at from.first * stride, the rows before `out` lack inputs. */
	return (s2_span){buffer + (out.first - from.first * c->stride) * c->c_out, out.first, out.end};
}

/* ---- residual blocks ------------------------------------------------------------------------------------------ */

static range conv_inputs(const s2_conv1d *c, const s2_short_conv *fast, range out, size_t len)
{
	range r = widen(out, c->pad, len);
	if (fast)
		s2_short_conv_inputs(fast, out.first, out.end, len, &r.first, &r.end);
	return r;
}

/* Rows that a pair reads to give rows `out`; *mid: those of its first convolution. */
static range pair_inputs(const s2_vocoder_pair *p, range out, size_t len, range *mid)
{
	*mid = p->second.k ? conv_inputs(&p->second, p->fast[1], out, len) : out;
	return conv_inputs(&p->first, p->fast[0], *mid, len);
}

/* out = leaky(conv(leaky(in)) + bias) + residual; a slope of 1 is none. */
typedef struct conv_step {
	const s2_conv1d *conv;
	const s2_short_conv *fast;
	s2_span out, in;
	float in_slope, out_slope;
	const float *residual;
} conv_step;

static void run_conv(const s2_exec *x, conv_step s, float *work)
{
	if (s.fast) {
		const s2_short_signal io = {.out = s.out.x,
					    .first = s.out.first,
					    .end = s.out.end,
					    .in = s.in.x,
					    .in_first = s.in.first,
					    .in_end = s.in.end,
					    .residual = s.residual,
					    .in_slope = s.in_slope,
					    .out_slope = s.out_slope};
		s2_short_conv_forward(x, s.fast, &io, work);
		return;
	}
	s2_epilogue e = {.residual = s.residual, .ld_residual = s.conv->c_out};
	if (s.out_slope < 1) {
		e.act = S2_ACT_LEAKY_RELU;
		e.slope = s.out_slope;
	}
	if (s.in_slope < 1) {
		s2_leaky_relu(x, work, s.in.x, (s.in.end - s.in.first) * s.conv->c_in, s.in_slope);
		s.in.x = work;
	}
	s2_conv1d_span(x, s.out, s.in, s.conv, &e);
}

/* out [+]= block(in): x += conv2(leaky(conv1(leaky(x)))) for each pair. `tmp`: work, and two buffers as large as
 * in's. */
static void residual_block(const s2_exec *x, const s2_vocoder_block *b, s2_span out, bool add, s2_span in, size_t c,
			   size_t len, float *const tmp[3])
{
	range give[S2_VOCODER_MAX_DILATIONS] = {{0}}, mid[S2_VOCODER_MAX_DILATIONS] = {{0}}, need = range_of(out);
	for (size_t i = b->n_pairs; i-- > 0;) {
		give[i] = need;
		need = pair_inputs(&b->pairs[i], need, len, &mid[i]);
	}
	s2_span cur = part(in, need, c);
	for (size_t i = 0; i < b->n_pairs; i++) {
		const s2_vocoder_pair *p = &b->pairs[i];
		const bool two = p->second.k > 0, done = i + 1 == b->n_pairs && !add;
		/* A buffer keeps row r of each pass where it was, so that with two convolutions, whose result is not
		 * read while it is made, the sum may lie where its old value did. */
		float *to = two ? tmp[2] : tmp[1 + i % 2];
		conv_step first = {.conv = &p->first, .fast = p->fast[0], .in = cur, .in_slope = INNER_SLOPE,
				   .out_slope = 1};
		conv_step last = first;
		if (two) {
			first.out = (s2_span){tmp[1], mid[i].first, mid[i].end};
			first.out_slope = INNER_SLOPE;
			run_conv(x, first, tmp[0]);
			last = (conv_step){.conv = &p->second, .fast = p->fast[1], .in = first.out, .in_slope = 1,
					   .out_slope = 1};
		}
		last.out = done ? out : part((s2_span){to, in.first, in.end}, give[i], c);
		last.residual = part(cur, give[i], c).x;
		run_conv(x, last, tmp[0]);
		cur = last.out;
	}
	if (add)
		s2_add_scaled(x, out.x, cur.x, (out.end - out.first) * c, 1.0f);
}

/* Rows of a stage's upsampled signal that rows `out` of its result depend on. */
static range stage_inputs(const s2_vocoder_stage *s, range out, size_t len)
{
	range all = out, mid;
	for (size_t i = 0; i < s->n_blocks; i++) {
		range r = out;
		for (size_t j = s->blocks[i].n_pairs; j-- > 0;)
			r = pair_inputs(&s->blocks[i].pairs[j], r, len, &mid);
		all.first = s2_min(all.first, r.first);
		all.end = s2_max(all.end, r.end);
	}
	return all;
}

/* Floats of one signal of stage_tile, for `rows` rows with what they depend on; and of its `work`. */
static size_t signal_floats(const s2_vocoder_stage *s, size_t rows)
{
	return s2_round_up(up_rows(&s->up, rows) * s->up.c_out, 16);
}

static size_t stage_work(const s2_vocoder_stage *s, size_t rows)
{
	const size_t floats = signal_floats(s, rows + 2 * s->reach);
	return 3 * floats + s2_max(floats, s2_round_up(s->conv_work, 16));
}

/* Rows out.first .. out.end of the stage's signal [len, c]; `in` holds the rows [in_len] that they depend on. */
static void stage_tile(const s2_exec *x, const s2_vocoder_stage *s, s2_span out, size_t len, s2_span in, size_t in_len,
		       float slope, float *work)
{
	const size_t c = s->up.c_out;
	const range r = stage_inputs(s, range_of(out), len);
	const size_t floats = signal_floats(s, r.end - r.first);
	float *const tmp[3] = {work + 3 * floats, work + floats, work + 2 * floats};
	const s2_span up = up_sample(x, &s->up, r, in, in_len, work);
	for (size_t i = 0; i < s->n_blocks; i++)
		residual_block(x, &s->blocks[i], out, i > 0, up, c, len, tmp);
	/* The leaky ReLU is what whoever reads it next begins with. */
	s2_divide_leaky(x, out.x, (out.end - out.first) * c, (float)s->n_blocks, slope);
}

/* ---- one stage ------------------------------------------------------------------------------------------------ */

typedef struct stage_job {
	s2_vocoder_state *state;
	const s2_vocoder_stage *stage;
	s2_span out, in;
	size_t len, in_len, tile, work_floats;
	float slope;
	float *work; /* [workers, work_floats] */
} stage_job;

static void run_tile(const stage_job *j, const s2_exec *x, size_t i, float *work)
{
	const size_t first = j->out.first + i * j->tile, end = s2_min(first + j->tile, j->out.end);
	stage_tile(x, j->stage, part(j->out, (range){first, end}, j->stage->up.c_out), j->len, j->in, j->in_len,
		   j->slope, work);
}

static void run_task(void *arg, size_t i, int worker)
{
	const stage_job *j = arg;
	const s2_exec *x = &j->state->x;
	const s2_exec alone = {.k = x->k, .threads = 1, .pack = &x->pack[worker]}; /* a task may not start a loop */
	run_tile(j, &alone, i, j->work + (size_t)worker * j->work_floats);
}

/* Tiles go to the threads where there are enough of them; else the threads share each product. */
static int run_stage(stage_job *j, s2st_error *err)
{
	s2_vocoder_state *s = j->state;
	const size_t rows = j->out.end - j->out.first, threads = s->x.threads;
	const size_t least = 4 * j->stage->reach + 1; /* below, neighbours' rows cost more than the cache saves */
	const size_t most = s2_max(s->tiles.floats / j->stage->up.c_out, least);
	const bool share = threads > 1 && rows / threads >= least;
	size_t n_tiles = (rows + most - 1) / most;
	if (share)
		n_tiles = s2_round_up(n_tiles, threads);
	j->tile = (rows + n_tiles - 1) / n_tiles;
	n_tiles = (rows + j->tile - 1) / j->tile;
	j->work_floats = stage_work(j->stage, j->tile);
	S2_ALLOC(j->work, s->x.scratch, share ? threads : 1, j->work_floats, err);
	if (share)
		s2_pool_run(s->x.pool, n_tiles, run_task, j);
	else
		for (size_t i = 0; i < n_tiles; i++)
			run_tile(j, &s->x, i, j->work);
	return 0;
}

/* ---- one tile of the output ----------------------------------------------------------------------------------- */

typedef struct plan {
	range stage[S2_VOCODER_MAX_STAGES + 1]; /* [0]: of conv_pre, [s + 1]: of stage s */
	size_t len[S2_VOCODER_MAX_STAGES + 1];  /* whole lengths of the same signals */
	size_t floats;                          /* of the largest */
} plan;

static void make_plan(plan *p, const s2_vocoder *v, size_t n_frames, range samples)
{
	const size_t n = v->cfg.n_stages;
	p->len[0] = n_frames;
	for (size_t i = 0; i < n; i++)
		p->len[i + 1] = s2_conv_transpose1d_out_len(&v->stages[i].up, p->len[i]);
	p->stage[n] = widen(samples, v->post.pad, p->len[n]);
	for (size_t i = n; i-- > 0;) {
		const s2_vocoder_stage *s = &v->stages[i];
		p->stage[i] = up_inputs(&s->up, stage_inputs(s, p->stage[i + 1], p->len[i + 1]), p->len[i]);
	}
	p->floats = 0;
	for (size_t i = 0; i <= n; i++)
		p->floats = s2_max(p->floats, (p->stage[i].end - p->stage[i].first) * (v->cfg.channels >> i));
}

static int first_rows(s2_vocoder_state *s, const s2_vocoder_input *in, s2_span out, s2st_error *err)
{
	const s2_vocoder *v = s->v;
	const range r = widen(range_of(out), v->pre.pad, in->n_frames);
	float *rows;
	S2_ALLOC(rows, s->x.scratch, r.end - r.first, v->cfg.in_dim, err);
	s2_vocoder_input_rows(in, v, rows, r.first, r.end);
	s2_conv1d_span(&s->x, out, (s2_span){rows, r.first, r.end}, &v->pre, &(s2_epilogue){0});
	s2_leaky_relu(&s->x, out.x, out.x, (out.end - out.first) * v->cfg.channels, INNER_SLOPE);
	return 0;
}

static int generate_tile(s2_vocoder_state *s, const s2_vocoder_input *in, range samples, float *wave, s2st_error *err)
{
	const s2_vocoder *v = s->v;
	const size_t n = v->cfg.n_stages;
	plan p;
	float *signal[2];
	make_plan(&p, v, in->n_frames, samples);
	S2_ALLOC(signal[0], s->x.scratch, p.floats, 1, err);
	S2_ALLOC(signal[1], s->x.scratch, p.floats, 1, err);
	s2_span cur = {signal[0], p.stage[0].first, p.stage[0].end};
	S2_TRY(first_rows(s, in, cur, err));
	for (size_t i = 0; i < n; i++) {
		const s2_mark mark = s2_arena_mark(s->x.scratch);
		const s2_span next = {signal[(i + 1) % 2], p.stage[i + 1].first, p.stage[i + 1].end};
		stage_job j = {.state = s,
			       .stage = &v->stages[i],
			       .out = next,
			       .in = cur,
			       .len = p.len[i + 1],
			       .in_len = p.len[i],
			       .slope = i + 1 < n ? INNER_SLOPE : LAST_SLOPE};
		const int rc = run_stage(&j, err);
		s2_arena_reset(s->x.scratch, mark);
		S2_TRY(rc);
		cur = next;
	}
	s2_conv1d_span(&s->x, (s2_span){wave + samples.first, samples.first, samples.end}, cur, &v->post,
			&(s2_epilogue){.act = S2_ACT_TANH});
	return 0;
}

int s2_vocoder_generate(s2_vocoder_state *s, const s2_vocoder_input *in, float *wave, s2st_error *err)
{
	const size_t total = s2_vocoder_out_len(s->v, in->n_frames);
	const size_t step = s2_max(s->tiles.frames, 1) * s->v->cfg.hop;
	for (size_t first = 0; first < total; first += step) {
		const s2_mark mark = s2_arena_mark(s->x.scratch);
		const int rc = generate_tile(s, in, (range){first, s2_min(first + step, total)}, wave, err);
		s2_arena_reset(s->x.scratch, mark);
		S2_TRY(rc);
	}
	return 0;
}
