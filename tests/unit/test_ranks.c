/* Mixtures of experts over several files: names, what is missing, what does not belong together, and the same in a tar.
 * The fixtures' weights tell which expert of the whole they are (tests/data/ranks/make.py). */
#include "formats/ranks.h"
#include "formats/tar.h"
#include "models/kind.h"
#include "tar_archive.h"
#include "tempdir.h"
#include "test.h"

static s2st_error err;
static s2_arena *arena;

static unsigned char *read_fixture(const char *name, size_t *n)
{
	char path[1024];
	snprintf(path, sizeof path, FIXTURES "/ranks/%s", name);
	FILE *f = fopen(path, "rb");
	unsigned char *bytes = malloc(1 << 16);
	REQUIRE(f && bytes);
	*n = fread(bytes, 1, 1 << 16, f);
	REQUIRE(*n > 0 && *n < 1 << 16);
	fclose(f);
	return bytes;
}

/* The fixture `from` as `to` in the test's folder. */
static const char *place(const char *from, const char *to)
{
	size_t n;
	unsigned char *bytes = read_fixture(from, &n);
	const char *path = test_temp_file(to, bytes, n);
	free(bytes);
	return path;
}

static void check_names(void)
{
	static const struct {
		const char *path, *ext;
		int known, stem, rank;
	} cases[] = {
		{"a/model-shared.pt", ".pt", 1, 7, -1}, {"model-rank-12.pt", ".pt", 1, 5, 12},
		{"-shared.pt", ".pt", 1, 0, -1},        {"model-shared", "", 1, 5, -1},
		{"a.b/model", "", 0, 0, -1},            {"model-rank-.pt", "", 0, 0, -1},
		{"model-rank-1234567.pt", "", 0, 0, -1}, {"rank-1.pt", "", 0, 0, -1},
		{"7.pt", "", 0, 0, -1},                 {"shared.pt", "", 0, 0, -1},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		s2_rank_name name;
		CHECK_INT(s2_rank_name_parse(&name, cases[i].path), cases[i].known);
		if (!cases[i].known)
			continue;
		CHECK_INT(name.stem, cases[i].stem);
		CHECK_INT(name.rank, cases[i].rank);
		CHECK_STR(name.ext, cases[i].ext);
	}
}

static void check_whole(const s2_checkpoint *c)
{
	CHECK_INT(s2_checkpoint_n_ranks(c), 2);
	CHECK_INT(s2_checkpoint_n_tensors(c), 17);
	for (size_t e = 0; e < 4; e++) {
		char name[96];
		snprintf(name, sizeof name, "decoder.layers.1.moe_layer.experts.%zu.fc1.weight", e);
		const s2_tensor *t = s2_checkpoint_tensor(c, name);
		REQUIRE(t && s2_tensor_count(t) == 6);
		float values[6];
		s2_tensor_to_f32(t, values);
		CHECK(values[0] == (float)(e + 1) && values[5] == (float)(e + 1));
	}
	CHECK(!s2_checkpoint_tensor(c, "decoder.layers.1.moe_layer.experts.4.fc1.weight"));
	CHECK(s2_checkpoint_config(c, "model") != NULL);
}

static void check_refused(const char *path, const char *sentence)
{
	s2_checkpoint *c;
	err.text[0] = 0;
	int rc = s2_checkpoint_open(&c, path, &err);
	CHECK(rc == S2ST_EMODEL || rc == S2ST_EFORMAT);
	CHECK(!c);
	CHECK_CONTAINS(err.text, sentence);
}

static void test_folder(void)
{
	s2_checkpoint *c;
	const char *shared = place("set-shared.pt", "set-shared.pt");
	check_refused(shared, "set-shared.pt: expected its experts in set-rank-0.pt, ..., found no rank file");
	place("set-rank-0.pt", "set-rank-0.pt");
	check_refused(shared, "set-shared.pt: decoder.layers.1: expected 4 experts, those of its gate, 4 in each of 1 "
			      "rank files, found 2 in all and 2 in set-rank-0.pt; is a rank file missing?");
	place("set-rank-1.pt", "set-rank-2.pt");
	check_refused(shared, "set-shared.pt: the rank file set-rank-1.pt is missing, though set-rank-2.pt is there");
	place("set-rank-1.pt", "set-rank-1.pt");
	check_refused(shared, "decoder.layers.1: expected a number of rank files that divides its 4 experts, found 3");
	unlink(test_temp("set-rank-2.pt"));
	place("set-rank-1.pt", "reset-rank-2.pt"); /* of another model */
	REQUIRE_OK(s2_checkpoint_open(&c, shared, &err));
	check_whole(c);
	s2_checkpoint_close(c);

	place("other_run.pt", "set-rank-1.pt");
	check_refused(shared,
		      "set-rank-1.pt: belongs to another run than set-shared.pt: num_updates is 5 there and 7 here");
	place("other_shape.pt", "set-rank-1.pt");
	check_refused(shared, "belongs to another run than set-shared.pt: decoder_layers is 2 there and 3 here");
	place("set-shared.pt", "set-rank-1.pt");
	check_refused(shared, "NAME-shared.pt");
	test_temp_text("set-rank-1.pt", "no checkpoint");
	check_refused(shared, "set-rank-1.pt");
	check_refused(place("set-shared.pt", "whole.pt"),
		      "whole.pt: its experts are in other files: expected the name NAME-shared.pt");

	/* A rank alone opens, and says what it is. */
	REQUIRE_OK(s2_checkpoint_open(&c, place("set-rank-0.pt", "alone-rank-0.pt"), &err));
	CHECK_STR(s2_kind_name(s2_model_kind(c)), "experts");
	s2_checkpoint_close(c);
}

/* ---- tar ---- */

static void add_fixture(tar_archive *a, const char *from, const char *name)
{
	size_t n;
	unsigned char *bytes = read_fixture(from, &n);
	tar_add(a, name, '0', bytes, n);
	free(bytes);
}

static tar_archive set_archive(const char *last)
{
	tar_archive a = {.n = 0};
	tar_add(&a, "zoo/", '5', "", 0);
	add_fixture(&a, "set-rank-0.pt", "zoo/set-rank-0.pt");
	tar_add(&a, "zoo/README", '0', "some text\n", 10);
	add_fixture(&a, "set-shared.pt", "zoo/set-shared.pt");
	if (last)
		add_fixture(&a, last, "zoo/set-rank-1.pt");
	add_fixture(&a, "other_run.pt", "zoo/other-rank-2.pt");
	tar_finish(&a);
	return a;
}

static void test_tar_set(void)
{
	s2_checkpoint *c;
	tar_archive a = set_archive("set-rank-1.pt");
	REQUIRE_OK(s2_checkpoint_parse(&c, a.bytes, a.n, "set.tar", &err));
	check_whole(c);
	s2_checkpoint_close(c);
	REQUIRE_OK(s2_checkpoint_open(&c, test_temp_file("set.tar", a.bytes, a.n), &err));
	check_whole(c);
	s2_checkpoint_close(c);

	a = set_archive(NULL);
	check_refused(test_temp_file("set.tar", a.bytes, a.n), "is a rank file missing?");
	a = set_archive("other_run.pt");
	check_refused(test_temp_file("set.tar", a.bytes, a.n),
		      "set.tar:zoo/set-rank-1.pt: belongs to another run than ");
	a.n = 0;
	add_fixture(&a, "set-shared.pt", "set-shared.pt");
	tar_finish(&a);
	check_refused(test_temp_file("set.tar", a.bytes, a.n), "expected the experts of set-shared.pt in rank files");
	a.n = 0;
	add_fixture(&a, "set-rank-0.pt", "model.pt");
	tar_finish(&a);
	check_refused(test_temp_file("set.tar", a.bytes, a.n), "a tar archive without a NAME-shared.pt");
}

static void list(const tar_archive *a, s2_tar_member **members, size_t *n)
{
	REQUIRE_OK(s2_tar_list(members, n, arena, a->bytes, a->n, "t.tar", &err));
}

static void test_tar_names(void)
{
	static const char pax[] = "11 mtime=1\n22 path=from/pax/name\n";
	tar_archive a = {.n = 0};
	s2_tar_member *m;
	size_t n;
	tar_add(&a, "plain", '0', "12345", 5);
	unsigned char *h = tar_add(&a, "tail", '0', "", 0);
	memcpy(h + 345, "deep/folder", 11);
	tar_seal(h);
	tar_add(&a, "././@LongLink", 'L', "a/long/name", 12);
	tar_add(&a, "cut", '0', "x", 1);
	tar_add(&a, "pax", 'x', pax, sizeof pax - 1);
	tar_add(&a, "cut", '0', "y", 1);
	tar_add(&a, "link", '2', "", 0);
	h = tar_add(&a, "old", 0, "z", 1);
	memset(h + 124, 0, 12); /* GNU's binary size */
	h[124] = 0x80;
	h[135] = 1;
	memcpy(h + 257, "ustar  ", 8);
	memcpy(h + 345, "times", 5);
	tar_seal(h);
	tar_finish(&a);
	list(&a, &m, &n);
	REQUIRE(n == 5);
	CHECK_STR(m[0].name, "plain");
	CHECK(m[0].n == 5 && memcmp(m[0].bytes, "12345", 5) == 0);
	CHECK_STR(m[1].name, "deep/folder/tail");
	CHECK_STR(m[2].name, "a/long/name");
	CHECK_STR(m[3].name, "from/pax/name");
	CHECK_STR(m[4].name, "old");
	CHECK(m[4].n == 1 && m[4].bytes[0] == 'z');
	a.n -= 2 * TAR_BLOCK; /* no end blocks: the end of the file will do */
	list(&a, &m, &n);
	CHECK_INT(n, 5);
}

static void test_tar_broken(void)
{
	tar_archive good = {.n = 0};
	s2_tar_member *m;
	size_t n;
	tar_add(&good, "plain", '0', "12345", 5);
	for (size_t cut = 1; cut < TAR_BLOCK + 5; cut += 37) {
		CHECK_INT(s2_tar_list(&m, &n, arena, good.bytes, cut, "t.tar", &err), S2ST_EFORMAT);
		CHECK_CONTAINS(err.text, "t.tar: malformed tar archive");
	}
	tar_archive bad = good;
	bad.bytes[0] = 'P'; /* the sum is not right any more */
	CHECK_INT(s2_tar_list(&m, &n, arena, bad.bytes, bad.n, "t.tar", &err), S2ST_EFORMAT);
	bad = good;
	memset(bad.bytes + 124, '7', 11);
	tar_seal(bad.bytes);
	CHECK_INT(s2_tar_list(&m, &n, arena, bad.bytes, bad.n, "t.tar", &err), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "a member is cut off");
	bad = good;
	bad.bytes[124] = '9';
	tar_seal(bad.bytes);
	CHECK_INT(s2_tar_list(&m, &n, arena, bad.bytes, bad.n, "t.tar", &err), S2ST_EFORMAT);
	static const char *const records[] = {"99 path=x\n", "path=x\n", "0 path=x\n", "3 ", "5path=x\n"};
	for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
		bad.n = 0;
		tar_add(&bad, "pax", 'x', records[i], strlen(records[i]));
		CHECK_INT(s2_tar_list(&m, &n, arena, bad.bytes, bad.n, "t.tar", &err), S2ST_EFORMAT);
		CHECK_CONTAINS(err.text, "pax record");
	}
}

int main(void)
{
	arena = s2_arena_new();
	REQUIRE(arena);
	test_tempdir_make();
	check_names();
	test_folder();
	test_tar_set();
	test_tar_names();
	test_tar_broken();
	s2_arena_free(arena);
	return TEST_RESULT();
}
