/* Mini-batch k-means: finds groups that are there, the same for any threads, the same when stopped and resumed. */
#include "models/kmeans_train.h"

#include "s2st.h"
#include "tempdir.h"
#include "test.h"

enum { K = 7, DIM = 70, N = 4000 };

static s2st_error err;
static float groups[K * DIM];

/* Rows around K far points, in two files. */
static void write_rows(void)
{
	uint64_t seed = 3;
	s2st_npy_rows *w;
	float row[DIM];
	for (size_t i = 0; i < K * DIM; i++)
		groups[i] = 20 * test_randf(&seed);
	for (int part = 0; part < 2; part++) {
		REQUIRE_OK(s2st_npy_rows_open(&w, test_temp(part ? "b.npy" : "a.npy"), DIM, &err));
		for (size_t i = 0; i < N / 2; i++) {
			const size_t g = test_rand(&seed) % K;
			for (size_t c = 0; c < DIM; c++)
				row[c] = groups[g * DIM + c] + test_randf(&seed);
			REQUIRE_OK(s2st_npy_rows_add(w, row, 1, &err));
		}
		REQUIRE_OK(s2st_npy_rows_commit(w, &err));
	}
}

static s2st_kmeans_options options(void)
{
	s2st_kmeans_options o = s2st_kmeans_defaults();
	o.n_clusters = K;
	o.batch_size = 256;
	o.n_init = 3;
	o.seed = 5;
	o.reassignment_ratio = 0.01;
	return o;
}

static s2st_kmeans_trainer *open_trainer(s2st_context *ctx, const s2st_kmeans_options *o)
{
	s2st_kmeans_trainer *t;
	const char *const files[] = {test_temp("a.npy"), test_temp("b.npy")};
	REQUIRE_OK(s2st_kmeans_trainer_new(&t, ctx, files, 2, o, &err));
	return t;
}

static s2st_context *open_context(int threads)
{
	s2st_context *ctx;
	REQUIRE_OK(s2st_context_new(&ctx, &(s2st_context_options){.threads = threads}, &err));
	return ctx;
}

static s2st_kmeans_progress progress(const s2st_kmeans_trainer *t)
{
	s2st_kmeans_progress p;
	s2st_kmeans_trainer_get(t, &p);
	return p;
}

static void run_to_end(s2st_kmeans_trainer *t)
{
	int rc;
	while ((rc = s2st_kmeans_trainer_step(t, &err)) > 0)
		;
	REQUIRE_OK(rc);
	CHECK(progress(t).end);
	CHECK_INT(s2st_kmeans_trainer_step(t, &err), 0);
}

/* Each group has a centroid near its middle; noise of variance 1/3 a column is what is left. */
static void check_groups(s2st_kmeans_trainer *t)
{
	double inertia;
	const float *centroids = progress(t).centroids;
	for (size_t g = 0; g < K; g++) {
		double least = INFINITY;
		for (size_t k = 0; k < K; k++)
			least = fmin(least, test_max_diff(groups + g * DIM, centroids + k * DIM, DIM));
		CHECK(least < 0.3);
	}
	REQUIRE_OK(s2st_kmeans_trainer_inertia(t, &inertia, &err));
	CHECK(fabs(inertia - DIM / 3.0) < 0.05 * DIM / 3.0);
}

static void test_training(void)
{
	const s2st_kmeans_options o = options();
	float *first = NULL;
	for (int threads = 1; threads <= 3; threads++) {
		s2st_context *ctx = open_context(threads);
		s2st_kmeans_trainer *t = open_trainer(ctx, &o);
		CHECK_INT(progress(t).rows, N);
		CHECK_INT(progress(t).dim, DIM);
		run_to_end(t);
		check_groups(t);
		if (!first) {
			first = malloc(K * DIM * sizeof *first);
			REQUIRE(first);
			memcpy(first, progress(t).centroids, K * DIM * sizeof *first);
		}
		CHECK(memcmp(first, progress(t).centroids, K * DIM * sizeof *first) == 0);
		s2st_kmeans_trainer_free(t);
		s2st_context_free(ctx);
	}
	free(first);
}

/* A state belongs to all its options, and to what is in its files in their order. */
static void check_others(s2st_context *ctx)
{
	s2st_kmeans_options others[8];
	s2st_kmeans_trainer *t;
	for (size_t i = 0; i < 8; i++)
		others[i] = options();
	others[0].n_clusters--;
	others[1].batch_size--;
	others[2].n_init--;
	others[3].max_iter++;
	others[4].tol = 0.1;
	others[5].max_no_improvement++;
	others[6].reassignment_ratio = 0.02;
	others[7].seed++;
	for (size_t i = 0; i < 8; i++) {
		t = open_trainer(ctx, &others[i]);
		CHECK_INT(s2st_kmeans_trainer_load(t, test_temp("a.state"), &err), S2ST_EINPUT);
		CHECK_CONTAINS(err.text, "other features or options");
		s2st_kmeans_trainer_free(t);
	}
	const s2st_kmeans_options same = options();
	const char *const files[] = {test_temp("b.npy"), test_temp("a.npy")};
	REQUIRE_OK(s2st_kmeans_trainer_new(&t, ctx, files, 2, &same, &err));
	CHECK_INT(s2st_kmeans_trainer_load(t, test_temp("a.state"), &err), S2ST_EINPUT);
	s2st_kmeans_trainer_free(t);
}

static void test_resume(void)
{
	const s2st_kmeans_options o = options();
	s2st_context *ctx = open_context(2);
	s2st_kmeans_trainer *whole = open_trainer(ctx, &o), *part = open_trainer(ctx, &o);
	s2st_kmeans_trainer *rest = open_trainer(ctx, &o);
	const char *state = test_temp("a.state");
	CHECK_INT(s2st_kmeans_trainer_save(part, state, &err), S2ST_EINPUT);
	run_to_end(whole);
	for (int i = 0; i < 17; i++)
		CHECK_INT(s2st_kmeans_trainer_step(part, &err), 1);
	REQUIRE_OK(s2st_kmeans_trainer_save(part, state, &err));
	REQUIRE_OK(s2st_kmeans_trainer_load(rest, state, &err));
	CHECK_INT(progress(rest).step, 17);
	run_to_end(rest);
	CHECK_INT(progress(rest).step, progress(whole).step);
	CHECK(memcmp(progress(rest).centroids, progress(whole).centroids, K * DIM * sizeof(float)) == 0);

	check_others(ctx);
	state = test_temp("a.state");
	CHECK_INT(s2st_kmeans_trainer_load(rest, test_temp("a.npy"), &err), S2ST_EFORMAT);
	unsigned char bytes[4096];
	FILE *f = fopen(state, "rb");
	REQUIRE(f);
	const size_t n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	for (size_t cut = 1; cut < n; cut += 97)
		CHECK(s2st_kmeans_trainer_load(rest, test_temp_file("cut.state", bytes, cut), &err) < 0);
	s2st_kmeans_trainer_free(whole);
	s2st_kmeans_trainer_free(part);
	s2st_kmeans_trainer_free(rest);
	s2st_context_free(ctx);
}

static int ended_after(s2st_context *ctx, const s2st_kmeans_options *o, const char *why)
{
	s2st_kmeans_trainer *t = open_trainer(ctx, o);
	run_to_end(t);
	CHECK_STR(progress(t).end, why);
	const int steps = (int)progress(t).step;
	s2st_kmeans_trainer_free(t);
	return steps;
}

static void test_ends(void)
{
	s2st_context *ctx = open_context(1);
	s2st_kmeans_options o = options();
	o.max_iter = 2;
	o.max_no_improvement = 0;
	CHECK_INT(ended_after(ctx, &o, "all steps are done"), 2 * N / 256);
	o.max_iter = 1000;
	o.max_no_improvement = 10;
	CHECK(ended_after(ctx, &o, "the inertia has stopped to fall") > 10);
	o.max_no_improvement = 0;
	o.tol = 1e-2;
	CHECK(ended_after(ctx, &o, "the centroids have come to rest") >= 2);
	o = options();
	o.n_clusters = N; /* most are used rarely: they are set anew, and nothing breaks */
	o.reassignment_ratio = 1;
	o.n_init = 1;
	o.max_iter = 1;
	ended_after(ctx, &o, "all steps are done");
	s2st_context_free(ctx);
}

static void check_refused(s2st_context *ctx, const char *file, const s2st_kmeans_options *o, const char *sentence)
{
	s2st_kmeans_trainer *t;
	const char *const files[] = {test_temp("a.npy"), file};
	CHECK(s2st_kmeans_trainer_new(&t, ctx, files, 2, o, &err) < 0);
	CHECK(!t);
	CHECK_CONTAINS(err.text, sentence);
}

static void test_refused(void)
{
	s2st_context *ctx = open_context(1);
	s2st_kmeans_options o = options();
	s2st_npy_rows *w;
	const float nan[DIM] = {NAN};
	check_refused(ctx, FIXTURES "/joblib/sklearn.npy", &o, "expected rows of 70 values as in ");
	check_refused(ctx, FIXTURES "/golden/audio/tone.wav", &o, "expected a .npy file");
	check_refused(ctx, test_temp("none.npy"), &o, "cannot open");
	o.n_clusters = N + 1;
	check_refused(ctx, test_temp("b.npy"), &o, "as many rows as clusters, 4001, found 4000");
	o = options();
	o.reassignment_ratio = NAN;
	check_refused(ctx, test_temp("b.npy"), &o, "out of its range");
	REQUIRE_OK(s2st_npy_rows_open(&w, test_temp("nan.npy"), DIM, &err));
	for (int i = 0; i < 100; i++)
		REQUIRE_OK(s2st_npy_rows_add(w, nan, 1, &err));
	REQUIRE_OK(s2st_npy_rows_commit(w, &err));
	o = options();
	s2st_kmeans_trainer *t;
	const char *const files[] = {test_temp("nan.npy")};
	REQUIRE_OK(s2st_kmeans_trainer_new(&t, ctx, files, 1, &o, &err));
	CHECK_INT(s2st_kmeans_trainer_step(t, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "not finite");
	s2st_kmeans_trainer_free(t);
	s2st_context_free(ctx);
}

int main(void)
{
	test_tempdir_make();
	write_rows();
	test_training();
	test_resume();
	test_ends();
	test_refused();
	return TEST_RESULT();
}
