/* Lists of inputs: every form of list, through files and pipes, whole and in parts, and lists that are wrong. */
#include <sys/stat.h>

#include "s2st.h"
#include "tempdir.h"

static s2st_error err;

typedef struct expected {
	const char *id, *path, *target;
	int64_t n_frames;
} expected;

static void check_string(const char *found, const char *wanted)
{
	if (wanted)
		CHECK_STR(found, wanted);
	else
		CHECK(found == NULL);
}

static void check_rows(s2st_inputs *in, const expected *rows, size_t n, size_t first)
{
	s2st_input row;
	for (size_t i = 0; i < n; i++) {
		int rc = s2st_inputs_next(in, &row, &err);
		REQUIRE_OK(rc);
		REQUIRE(rc == 1);
		check_string(row.id, rows[i].id);
		check_string(row.path, rows[i].path);
		check_string(row.target, rows[i].target);
		CHECK_INT(row.n_frames, rows[i].n_frames);
		CHECK_INT(row.index, first + i);
	}
	CHECK_INT(s2st_inputs_next(in, &row, &err), 0);
	CHECK_INT(s2st_inputs_next(in, &row, &err), 0);
}

static void check_list(const char *arg, const s2st_inputs_options *opt, const expected *rows, size_t n)
{
	s2st_inputs *in;
	REQUIRE_OK(s2st_inputs_open(&in, &arg, 1, opt, &err));
	CHECK_INT(s2st_inputs_count(in), n);
	check_rows(in, rows, n, 0);
	s2st_inputs_free(in);
}

static void check_refused(const char *arg, const s2st_inputs_options *opt, int code, const char *why)
{
	s2st_inputs *in;
	CHECK_INT(s2st_inputs_open(&in, &arg, 1, opt, &err), code);
	CHECK(in == NULL);
	CHECK_CONTAINS(err.text, why);
}

static void check_refused_text(const char *name, const char *text, const char *why)
{
	check_refused(test_temp_text(name, text), NULL, S2ST_EFORMAT, why);
}

static void test_files(void)
{
	const char *args[] = {"a/nova.wav", "b.c.flac", "plain", ".hidden", "dir.d/x", "z.zip:12:345"};
	const expected rows[] = {{"nova", "a/nova.wav", NULL, -1}, {"b.c", "b.c.flac", NULL, -1},
				 {"plain", "plain", NULL, -1},	   {".hidden", ".hidden", NULL, -1},
				 {"x", "dir.d/x", NULL, -1},	   {"z_12_345", "z.zip:12:345", NULL, -1}};
	s2st_inputs *in;
	REQUIRE_OK(s2st_inputs_open(&in, args, 6, NULL, &err));
	CHECK_INT(s2st_inputs_count(in), 6);
	check_rows(in, rows, 6, 0);
	s2st_inputs_free(in);
	CHECK_INT(s2st_inputs_open(&in, args, 0, NULL, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "no input");
	s2st_inputs_free(NULL);
}

static void test_folders(void)
{
	char a[512], b[512], c[512], d[512];
	REQUIRE(mkdir(test_temp("folder"), 0777) == 0 && mkdir(test_temp("folder/sub"), 0777) == 0);
	snprintf(a, sizeof a, "%s", test_temp_text("folder/B.WAV", ""));
	snprintf(b, sizeof b, "%s", test_temp_text("folder/a.flac", ""));
	snprintf(c, sizeof c, "%s", test_temp_text("folder/c.mp3", ""));
	snprintf(d, sizeof d, "%s", test_temp_text("folder/sub/d.ogg", ""));
	test_temp_text("folder/.e.wav", "");
	test_temp_text("folder/f.txt", "");
	REQUIRE(symlink("..", test_temp("folder/sub/loop")) == 0);
	const expected rows[] = {{"B", a, NULL, -1}, {"a", b, NULL, -1}, {"c", c, NULL, -1}, {"sub/d", d, NULL, -1}};
	check_list(test_temp("folder"), NULL, rows, 3);
	check_list(test_temp("folder"), &(s2st_inputs_options){.recursive = true}, rows, 4);
	REQUIRE(mkdir(test_temp("bare"), 0777) == 0);
	check_refused(test_temp("bare"), NULL, S2ST_EINPUT, "found none");
}

/* Folders deeper than any are meant: a row that says so, among the others, whose name takes none away from a file. */
static void test_folder_problem(void)
{
	char dir[512];
	s2st_inputs *in;
	s2st_input row;
	snprintf(dir, sizeof dir, "%s", test_temp("deep"));
	const char *arg = test_temp("deep");
	for (size_t i = 0; i <= 101; i++) {
		REQUIRE(mkdir(dir, 0777) == 0);
		strcat(dir, "/d");
	}
	test_temp_text("deep/d.wav", "");
	const s2st_inputs_options opt = {.recursive = true, .unique_ids = true};
	REQUIRE_OK(s2st_inputs_open(&in, &arg, 1, &opt, &err));
	CHECK_INT(s2st_inputs_count(in), 2);
	CHECK_INT(s2st_inputs_next(in, &row, &err), 1);
	CHECK_STR(row.id, "d");
	CHECK(row.problem == NULL);
	CHECK_INT(s2st_inputs_next(in, &row, &err), 1);
	CHECK_CONTAINS(row.problem, "expected folders at most 100 deep");
	CHECK_INT(s2st_inputs_next(in, &row, &err), 0);
	s2st_inputs_free(in);
}

static void test_gslm(void)
{
	const expected rows[] = {{"x", "/data/a/x.flac", NULL, 16000}, {"y", "/abs/y.wav", NULL, 7}};
	const char *text = "/data\na/x.flac\t16000\n\n/abs/y.wav\t7\n";
	check_list(test_temp_text("g.tsv", text), NULL, rows, 2);
	check_list(test_temp_text("crlf.TSV", "/data\r\na/x.flac\t16000\r\n/abs/y.wav\t7\r\n"), NULL, rows, 2);
	/* audio_root is not for these; the last line needs no end; a byte order mark does not matter. */
	check_list(test_temp_text("bom.tsv", "\xef\xbb\xbf/data\na/x.flac\t16000\n/abs/y.wav\t7"),
		   &(s2st_inputs_options){.audio_root = "/root"}, rows, 2);
	check_refused_text("g3.tsv", "/data\na.wav\t1\nb.wav\t2\textra\n", "g3.tsv:3: expected 2 columns");
	check_refused_text("g1.tsv", "/data\na.wav\n",
			   "g1.tsv:2: expected 2 columns (path, frames) below the root folder, found 1");
	check_refused_text("gx.tsv", "/data\na.wav\tten\n", "gx.tsv:2: expected a number of frames, found \"ten\"");
	check_refused_text("gneg.tsv", "/data\na.wav\t-1\n", "found \"-1\"");
	check_refused_text("ghuge.tsv", "/data\na.wav\t9999999999999999999\n", "expected a number of frames");
	check_refused_text("gp.tsv", "/data\n\t5\n", "gp.tsv:2: expected the path");
	check_refused_text("g0.tsv", "/data\n", "expected rows below the first line");
	check_refused_text("empty.tsv", "", "empty.tsv: expected a list of audio files, found nothing");
	check_refused_text("blank.tsv", "\n\r\n", "found nothing");
}

static void test_tables(void)
{
	const char *s2ut = "id\tsrc_audio\tsrc_n_frames\ttgt_audio\ttgt_n_frames\n"
			   "u1\ten/u1.wav\t101\t3 1 4\t3\nu2\t/abs/u2.wav\t5\t\"0\t1\n";
	const expected rows[] = {{"u1", "en/u1.wav", "3 1 4", 101}, {"u2", "/abs/u2.wav", "\"0", 5}};
	check_list(test_temp_text("s.tsv", s2ut), NULL, rows, 2);
	const expected joined[] = {{"u1", "/root/en/u1.wav", "3 1 4", 101}, {"u2", "/abs/u2.wav", "\"0", 5}};
	check_list(test_temp("s.tsv"), &(s2st_inputs_options){.audio_root = "/root"}, joined, 2);
	const char *s2t = "speaker\tn_frames\taudio\tid\ttgt_text\r\nspk\t9\ta.zip:5:6\tt1\thello\r\n";
	check_list(test_temp_text("t.tsv", s2t), NULL, &(expected){"t1", "a.zip:5:6", "hello", 9}, 1);
	check_list(test_temp_text("bare.tsv", "id\taudio\nq\tq.wav\n"), NULL, &(expected){"q", "q.wav", NULL, -1}, 1);

	check_refused_text("c4.tsv", "id\taudio\tn_frames\nx\tx.wav\n",
			   "c4.tsv:2: expected 3 columns as in the header, found 2");
	check_refused_text("c5.tsv", "id\taudio\nx\tx.wav\ty\n", "expected 2 columns as in the header, found 3");
	check_refused_text("cid.tsv", "name\taudio\nx\tx.wav\n",
			   "expected a root folder, or a header with the columns id and");
	check_refused_text("caudio.tsv", "id\tpath\nx\tx.wav\n", "found \"id?path\"");
	check_refused_text("cnone.tsv", "id\taudio\n", "expected rows below the first line");
	check_refused_text("cempty.tsv", "id\taudio\nx\t\n", "cempty.tsv:2: expected the path");
	check_refused_text("cnoid.tsv", "id\taudio\n\tx.wav\n", "cnoid.tsv:2: expected an id");
	check_refused_text("cframes.tsv", "id\taudio\tn_frames\nx\tx.wav\t1.5\n", "found \"1.5\"");
	check_refused(test_temp_file("nul.tsv", "id\taudio\nx\tx\0.wav\n", 19), NULL, S2ST_EFORMAT,
		      "nul.tsv:2: expected text, found a NUL byte");
}

static void test_lists(void)
{
	const expected rows[] = {{"a", "one/a.wav", NULL, -1}, {"b c", "/two/b c.flac", NULL, -1}};
	check_list(test_temp_text("l.txt", "one/a.wav\n\n/two/b c.flac\n"), NULL, rows, 2);
	check_list(test_temp_text("l.lst", "one/a.wav\r\n/two/b c.flac"), NULL, rows, 2);
	check_list(test_temp("l.lst"), &(s2st_inputs_options){.audio_root = "/root"}, rows, 2);
	/* A first line that is a folder is a manifest's. */
	check_list(test_temp_text("m.list", "/\nx.wav\t3\n"), NULL, &(expected){"x", "/x.wav", NULL, 3}, 1);
	check_list(test_temp_text("t.list", "id\taudio\nq\tq.wav\n"), NULL, &(expected){"q", "q.wav", NULL, -1}, 1);
	check_refused_text("e.txt", "\n", "found nothing");
	check_refused(test_temp("missing.txt"), NULL, S2ST_EIO, "missing.txt: cannot open");
}

static void test_long_lines(void)
{
	/* Longer than the first buffer, and too long. */
	size_t n = 17 << 20;
	char *text = malloc(n + 32);
	REQUIRE(text);
	memset(text, '7', n);
	memcpy(text, "id\taudio\ttgt_audio\nx\tx.wav\t", 27);
	text[200000] = 0;
	check_list(test_temp_text("long.tsv", text), NULL, &(expected){"x", "x.wav", text + 27, -1}, 1);
	text[200000] = '7';
	check_refused(test_temp_file("toolong.tsv", text, n), NULL, S2ST_EFORMAT,
		      "toolong.tsv:2: expected a line of at most");
	free(text);
}

/* The parts of any list, put together, are the list. */
static void test_shards(void)
{
	char text[4000] = "";
	for (int i = 0; i < 101; i++)
		sprintf(text + strlen(text), "f%d.wav\n", i);
	const char *path = test_temp_text("shards.txt", text);
	for (int n = 1; n <= 7; n++) {
		size_t at = 0;
		for (int k = 0; k < n; k++) {
			s2st_inputs *in;
			s2st_input row;
			s2st_inputs_options opt = {.shard = k, .n_shards = n};
			REQUIRE_OK(s2st_inputs_open(&in, &path, 1, &opt, &err));
			int64_t count = s2st_inputs_count(in);
			for (int64_t i = 0; i < count; i++, at++) {
				char id[16];
				snprintf(id, sizeof id, "f%zu", at);
				CHECK_INT(s2st_inputs_next(in, &row, &err), 1);
				CHECK_STR(row.id, id);
				CHECK_INT(row.index, at);
			}
			CHECK_INT(s2st_inputs_next(in, &row, &err), 0);
			s2st_inputs_free(in);
		}
		CHECK_INT(at, 101);
	}
	check_refused(path, &(s2st_inputs_options){.shard = 2, .n_shards = 2}, S2ST_EINPUT,
		      "shard: expected 0 to 1, found 2");
	check_refused(path, &(s2st_inputs_options){.shard = -1, .n_shards = 2}, S2ST_EINPUT, "found -1");
}

static void test_unique_ids(void)
{
	s2st_inputs_options opt = {.unique_ids = true};
	const char *path = test_temp_text("double.txt", "a/x.wav\nb/y.wav\nc/x.flac\n");
	check_refused(path, &opt, S2ST_EINPUT,
		      "c/x.flac: expected inputs with different names, found \"x\" again (first: input 1)");
	const char *args[] = {"one/x.wav", "two/x.wav"};
	s2st_inputs *in;
	CHECK_INT(s2st_inputs_open(&in, args, 2, &opt, &err), S2ST_EINPUT);
	REQUIRE_OK(s2st_inputs_open(&in, args, 2, NULL, &err));
	CHECK_INT(s2st_inputs_count(in), 2);
	s2st_inputs_free(in);
	/* Many ids, all different. */
	FILE *f = fopen(test_temp("many.txt"), "w");
	REQUIRE(f);
	for (int i = 0; i < 50000; i++)
		fprintf(f, "%d.wav\n", i);
	fclose(f);
	path = test_temp("many.txt");
	REQUIRE_OK(s2st_inputs_open(&in, &path, 1, &opt, &err));
	CHECK_INT(s2st_inputs_count(in), 50000);
	s2st_inputs_free(in);
}

static void check_stdin(const char *text, int by_pipe, const s2st_inputs_options *opt, const expected *rows, size_t n,
			int64_t count)
{
	s2st_inputs *in;
	const char *arg = "-";
	test_stdin(text, strlen(text), by_pipe);
	REQUIRE_OK(s2st_inputs_open(&in, &arg, 1, opt, &err));
	CHECK_INT(s2st_inputs_count(in), count);
	check_rows(in, rows, n, opt && opt->shard ? 1 : 0);
	s2st_inputs_free(in);
}

static void test_stdin_lists(void)
{
	const expected rows[] = {{"a", "a.wav", NULL, -1}, {"b", "d/b.wav", NULL, -1}};
	check_stdin("a.wav\nd/b.wav\n", 1, NULL, rows, 2, -1);
	check_stdin("a.wav\nd/b.wav", 0, NULL, rows, 2, 2);
	check_stdin("RIFF.wav\n", 1, NULL, &(expected){"RIFF", "RIFF.wav", NULL, -1}, 1, -1);
	/* A part of what comes through a pipe: all of it is read first. */
	check_stdin("a.wav\nd/b.wav\n", 1, &(s2st_inputs_options){.shard = 1, .n_shards = 2}, rows + 1, 1, 1);
	check_stdin("id\tsrc_audio\ttgt_audio\nq\tq.wav\t1 2\n", 1, NULL, &(expected){"q", "q.wav", "1 2", -1}, 1, -1);
	check_stdin("/\nx.wav\t3\n", 1, NULL, &(expected){"x", "/x.wav", NULL, 3}, 1, -1);
	test_stdin("", 0, 1);
	check_refused("-", NULL, S2ST_EINPUT, "stdin: expected audio or a list of audio files, found nothing");

	/* Bad rows and doubled ids of a pipe are found when they come. */
	s2st_inputs *in;
	s2st_input row;
	const char *arg = "-";
	test_stdin("id\taudio\nq\tq.wav\nq\n", 20, 1);
	REQUIRE_OK(s2st_inputs_open(&in, &arg, 1, NULL, &err));
	CHECK_INT(s2st_inputs_next(in, &row, &err), 1);
	CHECK_INT(s2st_inputs_next(in, &row, &err), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "stdin:3: expected 2 columns");
	s2st_inputs_free(in);
	test_stdin("x/a.wav\ny/a.wav\nz/b.wav\n", 24, 1);
	REQUIRE_OK(s2st_inputs_open(&in, &arg, 1, &(s2st_inputs_options){.unique_ids = true}, &err));
	CHECK_INT(s2st_inputs_next(in, &row, &err), 1);
	CHECK(!row.problem);
	CHECK_INT(s2st_inputs_next(in, &row, &err), 1);
	CHECK_STR(row.problem, "y/a.wav: expected inputs with different names, found \"a\" again (first: input 1)");
	CHECK_INT(s2st_inputs_next(in, &row, &err), 1);
	CHECK_STR(row.path, "z/b.wav");
	CHECK(!row.problem);
	CHECK_INT(s2st_inputs_next(in, &row, &err), 0);
	s2st_inputs_free(in);
}

static void check_stdin_audio(const char *path, int by_pipe)
{
	static char bytes[200000];
	FILE *f = fopen(path, "rb");
	REQUIRE(f);
	size_t n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	test_stdin(bytes, n, by_pipe);
	s2st_inputs *in;
	s2st_input row;
	s2st_audio direct, piped;
	const char *arg = "-";
	REQUIRE_OK(s2st_inputs_open(&in, &arg, 1, NULL, &err));
	CHECK_INT(s2st_inputs_count(in), 1);
	CHECK_INT(s2st_inputs_next(in, &row, &err), 1);
	CHECK_STR(row.id, "stdin");
	REQUIRE_OK(s2st_audio_read(&direct, path, 16000, &err));
	for (int again = 0; again < 2; again++) {
		REQUIRE_OK(s2st_audio_read(&piped, row.path, 16000, &err));
		REQUIRE(piped.n == direct.n);
		CHECK(memcmp(piped.samples, direct.samples, piped.n * sizeof *piped.samples) == 0);
		s2st_audio_free(&piped);
	}
	CHECK_INT(s2st_inputs_next(in, &row, &err), 0);
	s2st_inputs_free(in);
	s2st_audio_free(&direct);
}

static void test_stdin_audio(void)
{
	check_stdin_audio(FIXTURES "/golden/audio/tone.wav", 1);
	check_stdin_audio(FIXTURES "/golden/audio/tone.wav", 0);
	check_stdin_audio(FIXTURES "/demo/test/es/test00000.flac", 1);
	/* Audio that nobody can read is told of under the name that the user knows. */
	s2st_inputs *in;
	s2st_input row;
	s2st_audio a;
	const char *arg = "-";
	test_stdin("\0\1\2\3 noise noise noise", 24, 1);
	REQUIRE_OK(s2st_inputs_open(&in, &arg, 1, NULL, &err));
	CHECK_INT(s2st_inputs_next(in, &row, &err), 1);
	CHECK_INT(s2st_audio_read(&a, row.path, 16000, &err), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "stdin: expected wav");
	s2st_inputs_free(in);
}

int main(void)
{
	test_tempdir_make();
	test_files();
	test_folders();
	test_folder_problem();
	test_gslm();
	test_tables();
	test_lists();
	test_long_lines();
	test_shards();
	test_unique_ids();
	test_stdin_lists();
	test_stdin_audio();
	return TEST_RESULT();
}
