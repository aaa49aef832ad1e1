/* Mined pairs, plain and compressed; gzip lists; what is cut short, damaged or something else. */
#include <fcntl.h>
#include <zlib.h>

#include "audio/lines.h"
#include "s2st.h"
#include "tempdir.h"

static s2st_error err;

static const char ALIGNED[] = "score\ten_audio\tes_audio\n"
			      "1.25\ten_aud.zip:10:20\tes_aud.zip:30:40\n"
			      "\n"
			      "1.0625\ten_aud.zip:50:60\tes_aud.zip:70:80\r\n";

static const char *gzipped(const char *name, const char *text, size_t cut)
{
	unsigned char out[4096];
	z_stream z = {0};
	REQUIRE(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)strlen(text);
	z.next_out = out;
	z.avail_out = sizeof out;
	REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
	const size_t n = sizeof out - z.avail_out;
	deflateEnd(&z);
	return test_temp_file(name, out, n - cut);
}

static void check_pair(s2st_pairs *p, double score, const char *source, const char *target, size_t line)
{
	s2st_pair pair;
	const int rc = s2st_pairs_next(p, &pair, &err);
	REQUIRE_OK(rc);
	REQUIRE(rc == 1);
	CHECK(pair.score == score);
	CHECK_STR(pair.source, source);
	CHECK_STR(pair.target, target);
	CHECK_INT(pair.line, line);
}

static void check_aligned(const char *path, size_t first)
{
	s2st_pair pair;
	s2st_pairs *p;
	REQUIRE_OK(s2st_pairs_open(&p, path, &err));
	check_pair(p, 1.25, "en_aud.zip:10:20", "es_aud.zip:30:40", first);
	check_pair(p, 1.0625, "en_aud.zip:50:60", "es_aud.zip:70:80", first + 2);
	CHECK_INT(s2st_pairs_next(p, &pair, &err), 0);
	CHECK_INT(s2st_pairs_next(p, &pair, &err), 0);
	s2st_pairs_free(p);
}

static void test_layouts(void)
{
	s2st_pairs *p;
	s2st_pair pair;
	check_aligned(test_temp_text("a.tsv", ALIGNED), 2);
	check_aligned(test_temp_text("b.tsv", strchr(ALIGNED, '\n') + 1), 1);
	test_temp_text("c.tsv", "id\tsrc_audio\tsrc_n_frames\ttgt_audio\ttgt_n_frames\tscore\n"
				"x_1\tz.zip:1:2\t120\t7 8 9\t3\t1.07\n");
	REQUIRE_OK(s2st_pairs_open(&p, test_temp("c.tsv"), &err));
	check_pair(p, 1.07, "z.zip:1:2", "7 8 9", 2);
	s2st_pairs_free(p);
	REQUIRE_OK(s2st_pairs_open(&p, test_temp("c.tsv"), &err));
	REQUIRE(s2st_pairs_next(p, &pair, &err) == 1);
	CHECK_STR(pair.id, "x_1");
	CHECK_INT(pair.source_frames, 120);
	CHECK_INT(pair.target_frames, 3);
	s2st_pairs_free(p);
	s2st_pairs_free(NULL);
}

static void test_compressed(void)
{
	check_aligned(gzipped("a.tsv.gz", ALIGNED, 0), 2);
	check_aligned(gzipped("called_otherwise", ALIGNED, 0), 2);
	/* A file of two members is one text. */
	FILE *both = fopen(test_temp("two.gz"), "wb"), *one;
	const char *const parts[] = {gzipped("1.gz", "1.25\ten_aud.zip:10:20\tes_aud.zip:", 0),
				     gzipped("2.gz", "30:40\n\n1.0625\ten_aud.zip:50:60\tes_aud.zip:70:80", 0)};
	for (size_t i = 0; i < 2; i++) {
		char bytes[1000];
		REQUIRE(both && (one = fopen(parts[i], "rb")));
		const size_t n = fread(bytes, 1, sizeof bytes, one);
		REQUIRE(n > 0 && fwrite(bytes, 1, n, both) == n);
		fclose(one);
	}
	fclose(both);
	check_aligned(test_temp("two.gz"), 1);
	/* Through a pipe. */
	char bytes[1000];
	one = fopen(test_temp("a.tsv.gz"), "rb");
	REQUIRE(one);
	const size_t n = fread(bytes, 1, sizeof bytes, one);
	fclose(one);
	test_stdin(bytes, n, 1);
	check_aligned("-", 2);
}

/* What the library compresses, it reads: long enough for many pieces, the same bytes each time. */
static void test_writer(void)
{
	enum { ROWS = 20000 };
	char text[100], first[4096], second[4096];
	s2st_writer *w;
	s2st_pairs *p;
	s2st_pair pair;
	for (int again = 0; again < 2; again++) {
		REQUIRE_OK(s2st_writer_open(&w, test_temp(again ? "again.tsv.gz" : "long.tsv.gz"), &err));
		for (int i = 0; i < ROWS; i++)
			REQUIRE_OK(s2st_writer_printf(w, &err, "%.4f\ta.zip:%d:7\tb.zip:%d:9\n", 1 + i / 1e4, i,
						      i * i));
		REQUIRE_OK(s2st_writer_commit(w, &err));
	}
	REQUIRE_OK(s2st_pairs_open(&p, test_temp("long.tsv.gz"), &err));
	for (int i = 0; i < ROWS; i++) {
		REQUIRE(s2st_pairs_next(p, &pair, &err) == 1);
		snprintf(text, sizeof text, "b.zip:%d:9", i * i);
		CHECK_STR(pair.target, text);
		CHECK_INT(pair.line, i + 1);
	}
	CHECK_INT(s2st_pairs_next(p, &pair, &err), 0);
	s2st_pairs_free(p);
	FILE *a = fopen(test_temp("long.tsv.gz"), "rb"), *b = fopen(test_temp("again.tsv.gz"), "rb");
	REQUIRE(a && b);
	size_t n, total = 0;
	while ((n = fread(first, 1, sizeof first, a)) > 0) {
		REQUIRE(fread(second, 1, sizeof second, b) == n);
		CHECK(memcmp(first, second, n) == 0);
		total += n;
	}
	CHECK(total > 1000 && total < ROWS * 20);
	fclose(a);
	fclose(b);
	REQUIRE_OK(s2st_writer_open(&w, test_temp("dropped.gz"), &err));
	s2st_writer_abort(w);
	CHECK(access(test_temp("dropped.gz"), F_OK) != 0);
	CHECK_INT(s2st_writer_open(&w, test_temp("no/folder.gz"), &err), S2ST_EIO);
}

/* Every list of inputs may be compressed; a pipe too, and in parts. */
static void test_inputs(void)
{
	const s2st_inputs_options second = {.shard = 1, .n_shards = 2};
	const char *list = gzipped("list.txt.gz", "a.wav\nb.wav\nc.wav\n", 0), *from_stdin = "-";
	s2st_inputs *in;
	s2st_input row;
	for (int piped = 0; piped < 2; piped++) {
		char bytes[200];
		FILE *f = fopen(list, "rb");
		REQUIRE(f);
		const size_t n = fread(bytes, 1, sizeof bytes, f);
		fclose(f);
		if (piped)
			test_stdin(bytes, n, 1);
		REQUIRE_OK(s2st_inputs_open(&in, piped ? &from_stdin : &list, 1, &second, &err));
		CHECK_INT(s2st_inputs_next(in, &row, &err), 1);
		CHECK_STR(row.path, "c.wav");
		CHECK_INT(row.index, 2);
		CHECK_INT(s2st_inputs_next(in, &row, &err), 0);
		s2st_inputs_free(in);
	}
	const char *tsv = gzipped("m.tsv.gz", "id\tsrc_audio\nx\ta.wav\n", 0);
	REQUIRE_OK(s2st_inputs_open(&in, &tsv, 1, NULL, &err));
	CHECK_INT(s2st_inputs_next(in, &row, &err), 1);
	CHECK_STR(row.id, "x");
	s2st_inputs_free(in);
	tsv = gzipped("cut.tsv.gz", "id\tsrc_audio\nx\ta.wav\n", 9);
	CHECK_INT(s2st_inputs_open(&in, &tsv, 1, NULL, &err), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "cut.tsv.gz:");
	CHECK_CONTAINS(err.text, "cut short");
}

static void check_refused(const char *path, int code, const char *why)
{
	s2st_pairs *p;
	s2st_pair pair;
	int rc = s2st_pairs_open(&p, path, &err);
	CHECK(rc >= 0 || p == NULL);
	if (rc == S2ST_OK)
		while ((rc = s2st_pairs_next(p, &pair, &err)) == 1)
			continue;
	CHECK_INT(rc, code);
	CHECK_CONTAINS(err.text, why);
	s2st_pairs_free(p);
}

static void check_refused_text(const char *text, const char *why)
{
	check_refused(test_temp_text("bad.tsv", text), S2ST_EFORMAT, why);
}

static void test_bad(void)
{
	check_refused(test_temp("missing.tsv"), S2ST_EIO, "missing.tsv: cannot open");
	check_refused_text("", "expected mined pairs, found nothing");
	check_refused_text("a.wav\tb.wav\n", "bad.tsv:1: expected mined pairs");
	check_refused_text("score\ta\n", "expected mined pairs");
	check_refused_text("1.2\ta\n", "bad.tsv:1: expected 3 columns, found 2");
	check_refused_text("1.2\ta\tb\n1.1\ta\n", "bad.tsv:2: expected 3 columns, found 2");
	check_refused_text("score\ta\tb\nhigh\ta\tb\n", "bad.tsv:2: expected a score, found \"high\"");
	check_refused_text("score\ta\tb\nnan\ta\tb\n", "expected a score");
	check_refused_text("score\ta\tb\n1e999\ta\tb\n", "expected a score");
	check_refused_text("score\ta\tb\n1.5\ta\t\n", "found an empty column");
	check_refused_text("score\tid\tsrc_audio\tsrc_n_frames\ttgt_audio\n1\tx\ta\t-4\tb\n",
			   "expected a number of frames");
	/* Damage in the first bytes, in the middle, at the end; the line where it shows is named. */
	char rows[2000] = "";
	for (int i = 0; i < 40; i++)
		snprintf(rows + strlen(rows), sizeof rows - strlen(rows), "1.%d\ta.zip:%d:1\tb.zip:%d:1\n", i, i,
			 i * 7);
	check_refused(gzipped("cut1.gz", rows, 8), S2ST_EFORMAT, "cut1.gz:41: the gzip stream is cut short");
	check_refused(gzipped("cut2.gz", rows, 100), S2ST_EFORMAT, ": the gzip stream is cut short");
	check_refused(test_temp_file("cut3.gz", "\x1f\x8b\x08", 3), S2ST_EFORMAT,
		      "cut3.gz:1: the gzip stream is cut short");
	check_refused(test_temp_file("bad.gz", "\x1f\x8bnot gzip at all", 17), S2ST_EFORMAT,
		      "bad.gz:1: the gzip stream is damaged");
}

int main(void)
{
	test_tempdir_make();
	test_layouts();
	test_compressed();
	test_writer();
	test_inputs();
	test_bad();
	return TEST_RESULT();
}
