/* k-means models: the same centroids from every form of file, the units of fairseq's pipeline, and what is refused. */
#include "models/kmeans.h"

#include "models/encoder.h"
#include "npy.h"
#include "s2st.h"
#include "tempdir.h"
#include "test.h"

static s2st_error err;

static s2_kmeans *open_model(const char *file)
{
	char path[512];
	s2_kmeans *m;
	snprintf(path, sizeof path, FIXTURES "/%s", file);
	REQUIRE_OK(s2_kmeans_open(&m, path, &err));
	return m;
}

static void check_centroids(const char *file, const float *want, size_t k, size_t dim)
{
	s2_kmeans *m = open_model(file);
	CHECK_INT(m->k, k);
	CHECK_INT(m->dim, dim);
	CHECK(m->k == k && m->dim == dim && memcmp(m->centroids, want, k * dim * sizeof *want) == 0);
	s2_kmeans_free(m);
}

static void test_golden_files(void)
{
	static const char *const files[] = {"km.bin", "km_zlib.bin", "km_old.bin", "centroids.npy"};
	char path[512];
	size_t dims[S2_MAX_RANK];
	int rank;
	float *want = test_npy_f32(FIXTURES "/golden/kmeans/centroids.npy", dims, &rank);
	REQUIRE(rank == 2);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "golden/kmeans/%s", files[i]);
		check_centroids(path, want, dims[0], dims[1]);
	}
	free(want);
}

static void test_forms(void)
{
	static const char *const files[] = {
		"neighbours", "fortran",   "big_endian", "float64", "protocol3",
		"protocol4",  "protocol5", "zlib",       "gzip",    "array",
	};
	float want[12];
	char path[512];
	for (int i = 0; i < 12; i++)
		want[i] = (float)i;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "joblib/%s.bin", files[i]);
		check_centroids(path, want, 3, 4);
	}
	size_t dims[S2_MAX_RANK];
	int rank;
	float *fit = test_npy_f32(FIXTURES "/joblib/sklearn.npy", dims, &rank);
	check_centroids("joblib/sklearn.bin", fit, dims[0], dims[1]);
	free(fit);
}

static void check_refused(const char *path, int status, const char *sentence)
{
	s2_kmeans *m;
	CHECK_INT(s2_kmeans_open(&m, path, &err), status);
	CHECK(!m);
	CHECK_CONTAINS(err.text, path);
	CHECK_CONTAINS(err.text, sentence);
}

static void test_refused(void)
{
	static const struct {
		const char *file;
		int status;
		const char *sentence;
	} cases[] = {
		{"bz2", S2ST_EFORMAT, "compressed with bzip2, which is not supported"},
		{"xz", S2ST_EFORMAT, "compressed with xz"},
		{"lzma", S2ST_EFORMAT, "compressed with lzma"},
		{"vector", S2ST_EMODEL, "expected centroids [K, dim], found [12]"},
		{"objects", S2ST_EFORMAT, "expected arrays of numbers, found one of Python objects"},
		{"nan", S2ST_EMODEL, "centroid 1 holds a value that is not finite"},
		{"text", S2ST_EMODEL, "cluster_centers_: expected an array of numbers, found a string"},
		{"attack", S2ST_EFORMAT, "posix.system; refused, nothing was run"},
		{"pca", S2ST_EMODEL,
		 "expected a k-means model with cluster_centers_, found sklearn.decomposition._pca.PCA"},
	};
	char path[512];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(path, sizeof path, FIXTURES "/joblib/%s.bin", cases[i].file);
		check_refused(path, cases[i].status, cases[i].sentence);
	}
	check_refused(FIXTURES "/golden/audio/tone.wav", S2ST_EFORMAT, "expected a k-means model");
	check_refused(FIXTURES "/joblib/none.bin", S2ST_EIO, "cannot open");
}

/* Every cut of a file, plain and compressed, is refused with a sentence. */
static void test_cut(void)
{
	static const char *const files[] = {"protocol4", "protocol3", "gzip"};
	char path[512];
	unsigned char bytes[4096];
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, FIXTURES "/joblib/%s.bin", files[i]);
		FILE *f = fopen(path, "rb");
		REQUIRE(f);
		size_t n = fread(bytes, 1, sizeof bytes, f);
		fclose(f);
		for (size_t cut = 0; cut < n; cut += 1 + n / 64) {
			s2_kmeans *m;
			CHECK(s2_kmeans_open(&m, test_temp_file("cut.bin", bytes, cut), &err) < 0);
			CHECK_CONTAINS(err.text, "cut.bin");
		}
	}
	check_refused(test_temp_file("lz4.bin", "\x04\x22\x4d\x18 lz4", 8), S2ST_EFORMAT, "compressed with lz4");
}

/* features -> units exactly as scikit-learn's predict gave them */
static void test_units(void)
{
	s2_encoder *m;
	s2_pool *pool;
	const s2_kernels *kernels;
	s2_exec x;
	char line[4096], path[512];
	s2_kmeans *km = open_model("golden/kmeans/km.bin");
	REQUIRE_OK(s2_encoder_open(&m, FIXTURES "/golden/hubert/base_like.pt", S2ST_FP32, &err));
	REQUIRE_OK(s2_kernels_find(&kernels, NULL, &err));
	REQUIRE_OK(s2_pool_new(&pool, 2, &err));
	REQUIRE_OK(s2_exec_init(&x, pool, kernels, &err));
	FILE *f = fopen(FIXTURES "/golden/kmeans/base_like.L2.units.txt", "r");
	REQUIRE(f);
	int lines = 0;
	for (; fgets(line, sizeof line, f); lines++) {
		s2st_unit_line want;
		s2st_audio a;
		REQUIRE_OK(s2st_unit_line_parse(&want, line, strlen(line), &err));
		snprintf(path, sizeof path, FIXTURES "/golden/audio/%s.wav", want.name);
		REQUIRE_OK(s2st_audio_read(&a, path, 16000, &err));
		if (m->config.normalize)
			s2_encoder_normalize(a.samples, a.n);
		size_t frames = s2_encoder_frames(&m->config, a.n);
		float *features = malloc(frames * km->dim * sizeof *features);
		int32_t *units = malloc(frames * sizeof *units);
		REQUIRE(features && units && km->dim == m->config.layer.dim);
		REQUIRE_OK(s2_encoder_features(&x, m, features, a.samples, a.n, 2, false, &err));
		REQUIRE_OK(s2_kmeans_assign(&x, km, units, NULL, features, frames, &err));
		CHECK_INT(frames, want.n);
		CHECK(frames == want.n && memcmp(units, want.units, frames * sizeof *units) == 0);
		free(features);
		free(units);
		s2st_audio_free(&a);
		s2st_unit_line_free(&want);
	}
	CHECK_INT(lines, 4);
	fclose(f);
	s2_exec_free(&x);
	s2_pool_free(pool);
	s2_encoder_free(m);
	s2_kmeans_free(km);
}

int main(void)
{
	test_tempdir_make();
	test_golden_files();
	test_forms();
	test_refused();
	test_cut();
	test_units();
	return TEST_RESULT();
}
