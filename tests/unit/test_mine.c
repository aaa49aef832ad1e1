/* Mining against straightforward twins: neighbours by sorting all similarities, pairs by the reference's procedure,
 * sets of segments by trying all; planted translations are found; blocks and threads change nothing. */
#include "base/random.h"
#include "mine/margin.h"
#include "mine/segments.h"
#include "tempdir.h"

static s2st_error err;
static s2_random dice;

static void open_exec(s2_exec *x, s2_pool **pool, int threads)
{
	const s2_kernels *k;
	REQUIRE_OK(s2_kernels_find(&k, NULL, &err));
	REQUIRE_OK(s2_pool_new(pool, threads, &err));
	REQUIRE_OK(s2_exec_init(x, *pool, k, &err));
}

static void close_exec(s2_exec *x, s2_pool *pool)
{
	s2_exec_free(x);
	s2_pool_free(pool);
}

/* About normal: the sum of twelve uniform numbers. */
static float noise(void)
{
	double sum = -6;
	for (int i = 0; i < 12; i++)
		sum += s2_random_double(&dice);
	return (float)sum;
}

static float *random_rows(size_t n, size_t dim)
{
	float *rows = malloc(n * dim * sizeof *rows);
	REQUIRE(rows);
	for (size_t i = 0; i < n * dim; i++)
		rows[i] = noise();
	return rows;
}

typedef struct set_path {
	char text[512];
} set_path;

/* Writes NAME.npy with NAME.ids ("PREFIX<row>"). */
static set_path write_set(const char *name, const float *rows, size_t n, size_t dim, const char *prefix)
{
	char file[64];
	s2st_npy_rows *w;
	set_path path;
	snprintf(file, sizeof file, "%s.npy", name);
	snprintf(path.text, sizeof path.text, "%s", test_temp(file));
	REQUIRE_OK(s2st_npy_rows_open(&w, path.text, dim, &err));
	REQUIRE_OK(s2st_npy_rows_add(w, rows, n, &err));
	REQUIRE_OK(s2st_npy_rows_commit(w, &err));
	snprintf(file, sizeof file, "%s.ids", name);
	FILE *f = fopen(test_temp(file), "w");
	REQUIRE(f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%zu\n", prefix, i);
	REQUIRE(fclose(f) == 0);
	return path;
}

/* ---- neighbours -------------------------------------------------------------------------------------------------- */

static double cosine(const float *a, const float *b, size_t dim)
{
	double ab = 0, aa = 0, bb = 0;
	for (size_t i = 0; i < dim; i++) {
		ab += (double)a[i] * (double)b[i];
		aa += (double)a[i] * (double)a[i];
		bb += (double)b[i] * (double)b[i];
	}
	return aa > 0 && bb > 0 ? ab / sqrt(aa) / sqrt(bb) : 0;
}

typedef struct candidate {
	double similarity;
	uint32_t row;
} candidate;

static int by_similarity(const void *a, const void *b)
{
	const candidate *p = a, *q = b;
	if (p->similarity != q->similarity)
		return p->similarity < q->similarity ? 1 : -1;
	return p->row < q->row ? -1 : 1;
}

static void check_list(const s2_neighbours *l, size_t i, const float *row, const float *others, size_t n, size_t dim)
{
	candidate *all = malloc(n * sizeof *all);
	REQUIRE(all);
	for (size_t j = 0; j < n; j++)
		all[j] = (candidate){cosine(row, others + j * dim, dim), (uint32_t)j};
	qsort(all, n, sizeof *all, by_similarity);
	for (size_t j = 0; j < l->k; j++) {
		const size_t at = i * l->k + j;
		CHECK(fabs((double)l->similarity[at] - all[j].similarity) < 1e-5);
		CHECK(fabs(cosine(row, others + l->row[at] * dim, dim) - all[j].similarity) < 1e-5);
		CHECK(j == 0 || l->similarity[at - 1] > l->similarity[at] || l->row[at - 1] < l->row[at]);
	}
	free(all);
}

static void search_all(s2_neighbour_search *s, const s2_exec *x, const s2_rows *a, const s2_rows *b, size_t k,
		       size_t block)
{
	REQUIRE_OK(s2_neighbours_init(s, x, a, b, k, block, &err));
	while (s2_neighbours_step(s))
		;
}

static void check_same(const s2_neighbours *a, const s2_neighbours *b)
{
	REQUIRE(a->n == b->n && a->k == b->k);
	CHECK(memcmp(a->similarity, b->similarity, a->n * a->k * sizeof *a->similarity) == 0);
	CHECK(memcmp(a->row, b->row, a->n * a->k * sizeof *a->row) == 0);
}

static void test_neighbours(void)
{
	enum { N = 157, M = 203, DIM = 37, K = 5 };
	float *a = random_rows(N, DIM), *b = random_rows(M, DIM);
	memcpy(b + 60 * DIM, b + 8 * DIM, DIM * sizeof *b); /* ties, over blocks too */
	memcpy(b + 61 * DIM, b + 8 * DIM, DIM * sizeof *b);
	memcpy(a + 100 * DIM, a + 3 * DIM, DIM * sizeof *a);
	memcpy(a + 101 * DIM, b + 8 * DIM, DIM * sizeof *a);
	memset(a + 7 * DIM, 0, DIM * sizeof *a); /* no direction: similarity 0 to all */
	const set_path path_a = write_set("a", a, N, DIM, "a"), path_b = write_set("b", b, M, DIM, "b");
	const char *paths[] = {path_a.text, path_b.text};
	s2_rows rows_a, rows_b;
	REQUIRE_OK(s2_rows_open(&rows_a, &paths[0], 1, &err));
	REQUIRE_OK(s2_rows_open(&rows_b, &paths[1], 1, &err));
	s2_exec one, three;
	s2_pool *pool_one, *pool_three;
	open_exec(&one, &pool_one, 1);
	open_exec(&three, &pool_three, 3);

	s2_neighbour_search first, s;
	search_all(&first, &one, &rows_a, &rows_b, K, 0);
	for (size_t i = 0; i < N; i++)
		check_list(&first.forward, i, a + i * DIM, b, M, DIM);
	for (size_t j = 0; j < M; j++)
		check_list(&first.backward, j, b + j * DIM, a, N, DIM);
	CHECK_INT(first.forward.row[101 * K], 8);
	CHECK_INT(first.forward.row[101 * K + 1], 60);
	CHECK_INT(first.forward.row[101 * K + 2], 61);
	static const size_t blocks[] = {1, 7, 64, 100, 1000};
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		search_all(&s, i % 2 ? &one : &three, &rows_a, &rows_b, K, blocks[i]);
		check_same(&s.forward, &first.forward);
		check_same(&s.backward, &first.backward);
		s2_neighbours_free(&s);
	}
	/* turned around, the two directions change places */
	search_all(&s, &three, &rows_b, &rows_a, K, 50);
	check_same(&s.forward, &first.backward);
	check_same(&s.backward, &first.forward);
	s2_neighbours_free(&s);
	/* more neighbours than rows */
	search_all(&s, &one, &rows_a, &rows_b, 1000, 64);
	CHECK_INT(s.forward.k, M);
	CHECK_INT(s.backward.k, N);
	check_list(&s.forward, 0, a, b, M, DIM);
	s2_neighbours_free(&s);
	s2_neighbours_free(&first);
	close_exec(&one, pool_one);
	close_exec(&three, pool_three);
	s2_rows_close(&rows_a);
	s2_rows_close(&rows_b);
	free(a);
	free(b);
}

/* ---- margins ----------------------------------------------------------------------------------------------------- */

static s2_neighbours random_lists(s2_arena *a, size_t n, size_t k, size_t others)
{
	s2_neighbours l;
	REQUIRE_OK(s2_neighbours_new(&l, a, n, k, &err));
	for (size_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < others; j++) {
			float similarity = (float)s2_random_below(&dice, 40) / 40; /* many ties */
			if (similarity > l.least[i])
				s2_neighbours_offer(&l, i, similarity, j);
		}
	return l;
}

static double naive_margin(s2st_margin margin, const s2_neighbours *f, const s2_neighbours *b, size_t i, size_t at)
{
	const size_t row = f->row[i * f->k + at];
	double own = 0, other = 0, similarity = (double)f->similarity[i * f->k + at];
	for (size_t j = 0; j < f->k; j++)
		own += (double)f->similarity[i * f->k + j];
	for (size_t j = 0; j < b->k; j++)
		other += (double)b->similarity[row * b->k + j];
	const double mean = (own / (double)f->k + other / (double)b->k) / 2;
	return margin == S2ST_MARGIN_RATIO ? similarity / mean
	       : margin == S2ST_MARGIN_DISTANCE ? similarity - mean : similarity;
}

/* The best candidate of row i; *score its margin. */
static size_t naive_best(s2st_margin margin, const s2_neighbours *f, const s2_neighbours *b, size_t i, double *score)
{
	size_t best = 0;
	*score = naive_margin(margin, f, b, i, 0);
	for (size_t j = 1; j < f->k; j++) {
		const double other = naive_margin(margin, f, b, i, j);
		if (other > *score) {
			*score = other;
			best = j;
		}
	}
	return f->row[i * f->k + best];
}

static bool is_pair(const s2_pair *pairs, size_t n, size_t source, size_t target)
{
	for (size_t i = 0; i < n; i++)
		if (pairs[i].source == source && pairs[i].target == target)
			return true;
	return false;
}

static void check_retrievals(const s2_neighbours *f, const s2_neighbours *b, s2st_margin margin, double threshold,
			     s2_arena *a)
{
	s2_pair *forward, *backward, *both, *max;
	size_t n_forward, n_backward, n_both, n_max, want = 0;
	REQUIRE_OK(s2_margin_pairs(&forward, &n_forward, f, b, margin, S2ST_RETRIEVE_FORWARD, threshold, a, &err));
	REQUIRE_OK(s2_margin_pairs(&backward, &n_backward, f, b, margin, S2ST_RETRIEVE_BACKWARD, threshold, a, &err));
	REQUIRE_OK(s2_margin_pairs(&both, &n_both, f, b, margin, S2ST_RETRIEVE_INTERSECTION, threshold, a, &err));
	REQUIRE_OK(s2_margin_pairs(&max, &n_max, f, b, margin, S2ST_RETRIEVE_MAX, threshold, a, &err));
	for (size_t i = 0; i < f->n; i++) {
		double score, back;
		const size_t target = naive_best(margin, f, b, i, &score);
		if (!(score >= threshold))
			continue;
		want++;
		CHECK(is_pair(forward, n_forward, i, target));
		const bool mutual = naive_best(margin, b, f, target, &back) == i;
		CHECK(is_pair(both, n_both, i, target) == mutual);
		CHECK(!mutual || is_pair(backward, n_backward, i, target));
	}
	CHECK_INT(n_forward, want);
	for (size_t i = 0; i < n_max; i++) {
		CHECK(is_pair(forward, n_forward, max[i].source, max[i].target) ||
		      is_pair(backward, n_backward, max[i].source, max[i].target));
		CHECK(max[i].score >= threshold && (i == 0 || max[i].score <= max[i - 1].score));
		for (size_t j = 0; j < i; j++)
			CHECK(max[j].source != max[i].source && max[j].target != max[i].target);
	}
	/* what max left out is taken by a pair that is not worse */
	for (size_t i = 0; i < n_forward; i++) {
		bool taken = false;
		for (size_t j = 0; j < n_max; j++)
			taken |= (max[j].source == forward[i].source || max[j].target == forward[i].target) &&
				 max[j].score >= forward[i].score;
		CHECK(taken);
	}
}

static void test_margins(void)
{
	s2_arena *a = s2_arena_new();
	REQUIRE(a);
	static const s2st_margin margins[] = {S2ST_MARGIN_RATIO, S2ST_MARGIN_DISTANCE, S2ST_MARGIN_ABSOLUTE};
	static const double thresholds[] = {1.05, 0.02, 0.9};
	for (size_t i = 0; i < 3; i++) {
		const s2_neighbours f = random_lists(a, 40, 4, 50), b = random_lists(a, 50, 6, 40);
		check_retrievals(&f, &b, margins[i], thresholds[i], a);
		check_retrievals(&f, &b, margins[i], -1e9, a);
	}
	/* similarities 0 all around: 0 / 0 is no pair */
	s2_neighbours f, b;
	s2_pair *pairs;
	size_t n;
	REQUIRE_OK(s2_neighbours_new(&f, a, 2, 1, &err));
	REQUIRE_OK(s2_neighbours_new(&b, a, 2, 1, &err));
	f.similarity[0] = f.similarity[1] = b.similarity[0] = b.similarity[1] = 0;
	REQUIRE_OK(s2_margin_pairs(&pairs, &n, &f, &b, S2ST_MARGIN_RATIO, S2ST_RETRIEVE_MAX, -1e9, a, &err));
	CHECK_INT(n, 0);
	s2_arena_free(a);
}

/* ---- segments ---------------------------------------------------------------------------------------------------- */

static void check_segment(const char *text, const char *recording, double start, double end)
{
	s2_segment g;
	char name[128];
	REQUIRE(s2_segment_parse(&g, text));
	snprintf(name, sizeof name, "%.*s", (int)g.n_recording, g.recording);
	CHECK_STR(name, recording);
	CHECK(g.start == start && g.end == end);
}

static void test_names(void)
{
	s2_segment g;
	check_segment("talk_10_20", "talk", 10, 20);
	check_segment("a/b.c/talk_x_10_20.wav", "a/b.c/talk_x", 10, 20);
	check_segment("en.20081117.23_0.0_4.13", "en.20081117.23", 0, 4.13);
	check_segment("en.20081117.23_0.0_4.13.flac", "en.20081117.23", 0, 4.13);
	check_segment("x/y.ogg|1600|32000", "x/y.ogg", 1600, 32000);
	check_segment("x/y.ogg|1600|32000|16", "x/y.ogg", 1600, 32000);
	check_segment("x/y z.ogg 1600 32000 16", "x/y z.ogg", 1600, 32000);
	static const char *const none[] = {"", "talk", "talk_10", "talk_20_10", "talk_10_10", "_10_20", "talk_-1_2",
					   "talk_1e3_2e3", "a.zip:10:20", "talk_1_2_", "y|1|x", "y|2|1|16", "|1|2",
					   "y 1 2", "talk_1.2.3_4", "talk_inf_nan", "talk_10_20/x.wav"};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		bool found = s2_segment_parse(&g, none[i]);
		if (found)
			fprintf(stderr, "\"%s\" was taken for a segment\n", none[i]);
		CHECK(!found);
	}
}

static double share(const s2_interval *a, const s2_interval *b)
{
	const double common = fmin(a->end, b->end) - fmax(a->start, b->start);
	return a->group == b->group && common > 0 ? common / fmax(a->end - a->start, b->end - b->start) : 0;
}

/* The most that a set without overlap is worth, by trying all. */
static double best_worth(const s2_interval *v, size_t n)
{
	double best = 0;
	for (uint32_t set = 0; set < 1u << n; set++) {
		double worth = 0;
		bool fits = true;
		for (size_t i = 0; i < n && fits; i++) {
			if (!(set >> i & 1))
				continue;
			worth += v[i].worth;
			for (size_t j = 0; j < i; j++)
				fits &= !(set >> j & 1) || share(&v[i], &v[j]) == 0;
		}
		if (fits && worth > best)
			best = worth;
	}
	return best;
}

static void check_intervals(const s2_interval *v, size_t n, double overlap, s2_arena *a)
{
	bool keep[16];
	double worth = 0;
	REQUIRE_OK(s2_best_intervals(keep, v, n, overlap, a, &err));
	for (size_t i = 0; i < n; i++) {
		worth += keep[i] ? v[i].worth : 0;
		for (size_t j = 0; j < i; j++)
			CHECK(!keep[i] || !keep[j] || share(&v[i], &v[j]) <= overlap + 1e-12);
	}
	if (overlap == 0)
		CHECK(fabs(worth - best_worth(v, n)) < 1e-12);
	else
		CHECK(worth >= best_worth(v, n) - 1e-12);
}

static void test_intervals(void)
{
	enum { N = 12 };
	s2_arena *a = s2_arena_new();
	REQUIRE(a);
	for (int round = 0; round < 60; round++) {
		s2_interval v[N];
		for (size_t i = 0; i < N; i++) {
			const double start = s2_random_below(&dice, 30);
			v[i] = (s2_interval){s2_random_below(&dice, 2), start, start + 1 + s2_random_below(&dice, 12),
					     (double)s2_random_below(&dice, 8) / 8};
		}
		check_intervals(v, N, 0, a);
		check_intervals(v, N, 0.2, a);
		check_intervals(v, N, 0.5, a);
	}
	/* neighbours that touch do not overlap; a free segment is kept even if it is worth nothing */
	const s2_interval row[] = {{0, 0, 5, 1}, {0, 5, 9, 0}, {0, 9, 10, 1}};
	bool keep[3];
	REQUIRE_OK(s2_best_intervals(keep, row, 3, 0, a, &err));
	CHECK(keep[0] && keep[1] && keep[2]);
	s2_arena_free(a);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

typedef struct mined {
	s2st_mined_pair *pairs;
	size_t n;
} mined;

static mined mine(const char *source, const char *target, const s2st_mine_options *opt, int threads)
{
	s2st_context *ctx;
	s2st_embeddings *a, *b;
	s2st_miner *m;
	s2st_miner_progress p;
	int rc;
	REQUIRE_OK(s2st_context_new(&ctx, &(s2st_context_options){.threads = threads}, &err));
	REQUIRE_OK(s2st_embeddings_open(&a, source, &err));
	REQUIRE_OK(s2st_embeddings_open(&b, target, &err));
	REQUIRE_OK(s2st_miner_new(&m, ctx, a, b, opt, &err));
	while ((rc = s2st_miner_step(m, &err)) > 0)
		;
	REQUIRE_OK(rc);
	s2st_miner_get(m, &p);
	CHECK_INT(p.done, p.total);
	mined out = {malloc(p.n * sizeof *p.pairs + 1), p.n};
	REQUIRE(out.pairs);
	memcpy(out.pairs, p.pairs, p.n * sizeof *p.pairs);
	s2st_miner_free(m);
	s2st_embeddings_free(a);
	s2st_embeddings_free(b);
	s2st_context_free(ctx);
	return out;
}

/* Of 600 and 500 rows 200 are translations: noisy copies, source 3 * i of target 499 - 2 * i. */
static void test_planted(void)
{
	enum { N = 600, M = 500, DIM = 96, PLANTED = 200 };
	float *a = random_rows(N, DIM), *b = random_rows(M, DIM);
	for (size_t i = 0; i < PLANTED; i++)
		for (size_t j = 0; j < DIM; j++)
			a[3 * i * DIM + j] = 3 * b[(499 - 2 * i) * DIM + j] + noise();
	const set_path source = write_set("source", a, N, DIM, "s"), target = write_set("target", b, M, DIM, "t");
	static const s2st_retrieval retrievals[] = {S2ST_RETRIEVE_MAX, S2ST_RETRIEVE_INTERSECTION};
	for (size_t r = 0; r < 2; r++) {
		s2st_mine_options opt = s2st_mine_defaults();
		opt.retrieval = retrievals[r];
		opt.threshold = 2;
		mined got = mine(source.text, target.text, &opt, 1),
		      again = mine(source.text, target.text, &opt, 3);
		size_t right = 0;
		for (size_t i = 0; i < got.n; i++)
			right += got.pairs[i].source % 3 == 0 &&
				 499 - 2 * (got.pairs[i].source / 3) == got.pairs[i].target;
		CHECK_INT(right, PLANTED); /* recall 1 */
		CHECK_INT(got.n, PLANTED); /* precision 1 */
		REQUIRE(again.n == got.n);
		for (size_t i = 0; i < got.n; i++)
			CHECK(got.pairs[i].score == again.pairs[i].score &&
			      got.pairs[i].source == again.pairs[i].source &&
			      got.pairs[i].target == again.pairs[i].target);
		free(got.pairs);
		free(again.pairs);
	}
	free(a);
	free(b);
}

static void refuse_new(const char *source, const char *target, s2st_mine_options opt, const char *sentence)
{
	s2st_context *ctx;
	s2st_embeddings *a, *b;
	s2st_miner *m;
	REQUIRE_OK(s2st_context_new(&ctx, NULL, &err));
	REQUIRE_OK(s2st_embeddings_open(&a, source, &err));
	REQUIRE_OK(s2st_embeddings_open(&b, target, &err));
	CHECK_INT(s2st_miner_new(&m, ctx, a, b, &opt, &err), S2ST_EINPUT);
	CHECK(m == NULL);
	CHECK_CONTAINS(err.text, sentence);
	s2st_embeddings_free(a);
	s2st_embeddings_free(b);
	s2st_context_free(ctx);
}

static void test_refusals(void)
{
	float *rows = random_rows(6, 8);
	s2st_embeddings *e;
	const s2st_mine_options opt = s2st_mine_defaults();
	s2st_mine_options bad = opt;
	const set_path a = write_set("good", rows, 6, 8, "g"), b = write_set("narrow", rows, 6, 7, "n");
	rows[3 * 8 + 5] = NAN;
	const set_path c = write_set("nan", rows, 6, 8, "x");
	const char *good = a.text, *narrow = b.text, *nan = c.text;
	refuse_new(good, narrow, opt, "expected rows of 8 values as in");
	refuse_new(good, nan, opt, "nan.npy: row 3 holds a value that is not finite");
	refuse_new(nan, good, opt, "nan.npy: row 3 holds");
	bad.k = 0;
	refuse_new(good, good, bad, "k: expected 1 to 1024 neighbours, found 0");
	bad = opt;
	bad.threshold = NAN;
	refuse_new(good, good, bad, "threshold");
	bad = opt;
	bad.max_overlap = 1;
	refuse_new(good, good, bad, "max_overlap");

	test_temp_text("good.ids", "a\nb\nc\n");
	CHECK_INT(s2st_embeddings_open(&e, good, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "good.ids: expected 6 ids, one for each row of");
	CHECK_CONTAINS(err.text, "found 3");
	test_temp_text("good.ids", "a\nb\nc\nd\ne\nf\ng\n");
	CHECK_INT(s2st_embeddings_open(&e, good, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "found 7");
	test_temp_text("good.ids", "a\nb\n\nd\ne\nf\n");
	CHECK_INT(s2st_embeddings_open(&e, good, &err), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "good.ids:3: expected an id");
	REQUIRE(remove(test_temp("good.ids")) == 0);
	CHECK_INT(s2st_embeddings_open(&e, good, &err), S2ST_EIO);
	CHECK_CONTAINS(err.text, "good.ids: cannot open");
	CHECK_INT(s2st_embeddings_open(&e, "x.txt", &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "expected FILE.npy");
	CHECK(e == NULL);
	free(rows);
}

int main(void)
{
	test_tempdir_make();
	s2_random_seed(&dice, 7);
	test_neighbours();
	test_margins();
	test_names();
	test_intervals();
	test_planted();
	test_refusals();
	return TEST_RESULT();
}
