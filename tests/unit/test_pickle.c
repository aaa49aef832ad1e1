/* The pickle machine: hand-made streams, good and hostile. Real files are in test_checkpoint. */
#include "formats/pickle.h"

#include <unistd.h>

#include "test.h"

static s2_arena *arena;
static s2st_error err;

static int read_bytes(s2_pickle *out, const void *bytes, size_t n)
{
	unsigned char *exact = malloc(n + 1); /* a read past the end is seen by the sanitizer */
	REQUIRE(exact);
	memcpy(exact, bytes, n);
	int rc = s2_pickle_read(out, arena, exact, n, &(s2_pickle_options){.name = "p"}, &err);
	free(exact);
	return rc;
}

/* The stream's value as JSON text, or what is wrong with it. */
static void check_value(const char *bytes, size_t n, const char *expected)
{
	s2_pickle p;
	int rc = read_bytes(&p, bytes, n);
	if (rc < 0)
		fprintf(stderr, "%s\n", err.text);
	REQUIRE(rc == S2ST_OK);
	CHECK_INT(p.end, n);
	char *text = s2_value_to_json(p.root, 1 << 20);
	CHECK_STR(text, expected);
	free(text);
}

static void check_fails(const char *bytes, size_t n, const char *why)
{
	s2_pickle p;
	CHECK_INT(read_bytes(&p, bytes, n), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, why);
}

#define VALUE(bytes, expected) check_value(bytes, sizeof(bytes) - 1, expected)
#define FAILS(bytes, why) check_fails(bytes, sizeof(bytes) - 1, why)

static void test_scalars(void)
{
	VALUE("\x80\x02N.", "null");
	VALUE("\x88.", "true");
	VALUE("\x89.", "false");
	VALUE("K\xff.", "255");
	VALUE("M\xff\xff.", "65535");
	VALUE("J\xff\xff\xff\xff.", "-1");
	VALUE("J\x00\x00\x00\x80.", "-2147483648");
	VALUE("\x8a\x00.", "0");
	VALUE("\x8a\x01\xff.", "-1");
	VALUE("\x8a\x02\xff\x00.", "255");
	VALUE("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.", "9223372036854775807");
	VALUE("\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.", "-9223372036854775808");
	VALUE("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00.",
	      "{\"__class__\": \"builtins.int\", \"__args__\": [\"<9 bytes>\"]}");
	VALUE("\x8b\x01\x00\x00\x00\x07.", "7");
	VALUE("G\x3f\xf8\x00\x00\x00\x00\x00\x00.", "1.5");
	VALUE("U\x02" "ab.", "\"ab\"");
	VALUE("T\x02\x00\x00\x00" "ab.", "\"ab\"");
	VALUE("\x8c\x02" "ab.", "\"ab\"");
	VALUE("X\x02\x00\x00\x00" "ab.", "\"ab\"");
	VALUE("\x8d\x02\x00\x00\x00\x00\x00\x00\x00" "ab.", "\"ab\"");
	VALUE("C\x02" "ab.", "\"<2 bytes>\"");
	VALUE("\x96\x02\x00\x00\x00\x00\x00\x00\x00" "ab.", "\"<2 bytes>\"");
}

static void test_containers(void)
{
	VALUE(").", "[]");
	VALUE("K\x01K\x02\x86.", "[1, 2]");
	VALUE("(K\x01K\x02K\x03K\x04t.", "[1, 2, 3, 4]");
	VALUE("(K\x01l.", "[1]");
	VALUE("]K\x01" "a(K\x02K\x03" "e.", "[1, 2, 3]");
	VALUE("}U\x01kK\x01s(U\x01lK\x02U\x01mK\x03u.", "{\"k\": 1, \"l\": 2, \"m\": 3}");
	VALUE("(U\x01kK\x01" "d.", "{\"k\": 1}");
	VALUE("\x8f(K\x01K\x02\x90.", "[1, 2]");
	VALUE("(K\x01\x91.", "[1]");
	VALUE("]q\x00K\x01" "ah\x00.", "[1]");
	VALUE("]K\x01" "a20.", "[1]");                   /* DUP, POP */
	VALUE("K\x05(K\x01K\x02" "1.", "5");            /* POP_MARK */
	VALUE("K\x05(0.", "5");                         /* POP on a mark */
	VALUE("\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00K\x07.", "7");
}

static void test_known_names(void)
{
	VALUE("ccollections\nOrderedDict\n)R(U\x01kK\x01u.", "{\"k\": 1}");
	VALUE("ccollections\nOrderedDict\n]](U\x01kK\x01" "ea\x85R.", "{\"k\": 1}"); /* Python 2: a list of pairs */
	VALUE("ccollections\ndefaultdict\nc__builtin__\nint\n\x85R}U\x01kK\x01s0.", "{}");
	VALUE("c__builtin__\nset\n](K\x01K\x02" "e\x85R.", "[1, 2]");
	VALUE("cbuiltins\nfrozenset\n](K\x01" "e\x85R.", "[1]");
	VALUE("ctorch\nSize\n(K\x02K\x03t\x85R.", "[2, 3]");
	VALUE("c_codecs\nencode\nX\x04\x00\x00\x00" "a\xc3\xbf" "bU\x06latin1\x86R.", "\"<3 bytes>\"");
	VALUE("cbuiltins\nbytearray\nC\x02" "ab\x85R.", "\"<2 bytes>\"");
	VALUE("cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02"
	      "f8\x85R(K\x03U\x01<NtbC\x08\x00\x00\x00\x00\x00\x00\xd0?\x86R.",
	      "0.25");
	VALUE("cnumpy._core.multiarray\nscalar\ncnumpy\ndtype\nU\x02"
	      "i2\x85R(K\x03U\x01>NtbC\x02\x01\x02\x86R.",
	      "258");
	VALUE("ccopyreg\n_reconstructor\nca.b\nC\nc__builtin__\nobject\nN\x87R}U\x01xK\x01sb.",
	      "{\"__class__\": \"a.b.C\", \"x\": 1}");
}

/* Classes nobody knows are data: arguments, state, items. */
static void test_inert(void)
{
	VALUE("cargparse\nNamespace\n)\x81}U\x01kK\x01sb.", "{\"__class__\": \"argparse.Namespace\", \"k\": 1}");
	VALUE("\x8c\x05my.mo\x8c\x05" "A.B.C\x93K\x01\x85R.", "{\"__class__\": \"my.mo.A.B.C\", \"__args__\": [1]}");
	VALUE("(imy\nOld\n}U\x01kK\x01sb.", "{\"__class__\": \"my.Old\", \"k\": 1}");
	VALUE("(cmy\nOld\nK\x01o.", "{\"__class__\": \"my.Old\", \"__args__\": [1]}");
	VALUE("cmy\nNew\n)}\x92.", "{\"__class__\": \"my.New\"}");
	VALUE("cmy\nNew\n)}U\x01kK\x01s\x92.", "{\"__class__\": \"my.New\", \"__args__\": [{\"k\": 1}]}");
	VALUE("cmy\nList\n)\x81(K\x01K\x02" "e.", "{\"__class__\": \"my.List\", \"__items__\": [1, 2]}");
	VALUE("cmy\nDict\n)\x81(U\x01kK\x02u.", "{\"__class__\": \"my.Dict\", \"k\": 2}");
	VALUE("ctorch\nfloat32\n.", "{\"__class__\": \"torch.float32\"}");
	VALUE("cpathlib\nPosixPath\nU\x01/U\x03tmp\x86R.",
	      "{\"__class__\": \"pathlib.PosixPath\", \"__args__\": [\"/\", \"tmp\"]}");
	VALUE("cmy\nSlots\n)\x81N}U\x01kK\x01s\x86" "b.", "{\"__class__\": \"my.Slots\", \"k\": 1}");
	VALUE("cnumpy.random\n__RandomState_ctor\n)R}b.", "{\"__class__\": \"numpy.random.__RandomState_ctor\"}");
}

/* What an attacker would write. The file would appear if anything ran. */
static void test_nothing_runs(void)
{
	const char *const proof = "pickle_ran_something";
	unlink(proof);
	FAILS("cos\nsystem\nX\x1a\x00\x00\x00touch pickle_ran_something\x85R.",
	      "wants to call os.system; refused, nothing was run");
	FAILS("cposix\nsystem\nU\x1atouch pickle_ran_something\x85R.", "posix.system");
	FAILS("(U\x1atouch pickle_ran_somethingios\nsystem\n.", "os.system");
	FAILS("(cnt\nsystem\nU\x01xo.", "nt.system");
	FAILS("\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.", "os.system");
	FAILS("\x8c\x05torch\x8c\x17serialization.os.system\x93)R.", "torch.serialization.os.system");
	FAILS("csubprocess\nPopen\nU\x02id\x85R.", "subprocess.Popen");
	FAILS("cbuiltins\neval\nU\x03" "1+1\x85R.", "builtins.eval");
	FAILS("c__builtin__\nexec\nU\x03" "1+1\x85R.", "builtins.exec");
	FAILS("c__builtin__\ngetattr\nU\x01" "aU\x01" "b\x86R.", "builtins.getattr");
	FAILS("cbuiltins\n__import__\nU\x02os\x85R.", "builtins.__import__");
	FAILS("cbuiltins\nopen\nU\x04/etc\x85R.", "builtins.open");
	FAILS("cimportlib\nimport_module\nU\x02os\x85R.", "importlib.import_module");
	FAILS("cshutil\nrmtree\nU\x01/\x85\x81.", "shutil.rmtree");
	FAILS("csocket\nsocket\n).", "socket.socket");
	FAILS("crunpy\nrun_path\n)R.", "runpy.run_path");
	FAILS("cpty\nspawn\n)R.", "pty.spawn");
	FAILS("cos.path\njoin\n)R.", "os.path.join");
	FAILS("ctorch.hub\nload\n)R.", "torch.hub.load");
	FAILS("cbuiltins\n\n)R.", "class name");
	CHECK(access(proof, F_OK) != 0);
	VALUE("coscar\nWilde\n)R.", "{\"__class__\": \"oscar.Wilde\"}"); /* a module is a whole name */
}

static void test_malformed(void)
{
	FAILS("", "truncated");
	FAILS("\x80", "truncated");
	FAILS("\x80\x06N.", "protocol 6");
	FAILS("N", "truncated");
	FAILS(".", "underflow");
	FAILS("\xff.", "unknown opcode 0xff");
	FAILS("K\x01\x86.", "underflow");
	FAILS("K\x01(\x85.", "underflow"); /* not below the mark */
	FAILS("K\x01t.", "no mark");
	FAILS("h\x00.", "memo 0 is not set");
	FAILS("j\xff\xff\xff\xff.", "is not set");
	FAILS("Nr\xff\xff\xff\x7f.", "memo index");
	FAILS("Nr\x00\x00\x01\x00.", "memo index");
	FAILS("q\x00.", "underflow");
	FAILS("X\xff\xff\xff\xff" "a.", "truncated");
	FAILS("\x8d\xff\xff\xff\xff\xff\xff\xff\xff" "a.", "truncated");
	FAILS("\x8e\x00\x00\x00\x00\x00\x00\x00\x80" "a.", "truncated");
	FAILS("\x8b\xff\xff\xff\xff.", "truncated");
	FAILS("\x95\xff\xff\xff\xff\xff\xff\xff\xffN.", "frame");
	FAILS("}U\x01ks.", "underflow");
	FAILS("}(U\x01ku.", "key without a value");
	FAILS("(U\x01k" "d.", "key without a value");
	FAILS("]K\x01K\x02s.", "a dict to fill");
	FAILS("}K\x01" "a.", "a list to fill");
	FAILS("K\x01K\x02" "a.", "a list to fill");
	FAILS("K\x01)R.", "expected a class to call, found an integer");
	FAILS("cmy\nC\nK\x01R.", "expected a tuple of arguments");
	FAILS("cmy\nC\n)R)R.", "expected a class to call");
	FAILS("cmy\nC\n}b.", "state for the class");
	FAILS("cmy\nC\n)K\x01\x92.", "keyword arguments");
	FAILS("cmy", "truncated");
	FAILS("cmy\nC", "truncated");
	FAILS("K\x01K\x02\x93.", "class name");
	FAILS("\x8c\x02" "a\x00\x8c\x01" "b\x93.", "class name");
	FAILS("(o.", "underflow");
	FAILS("K\x01Q.", "no storage");
	FAILS("I1\n.", "INT is not supported");
	FAILS("S'a'\n.", "STRING is not supported");
	FAILS("\x82\x01.", "EXT1 is not supported");
	FAILS("\x97.", "NEXT_BUFFER is not supported");
	FAILS("ctorch\nSize\nK\x01\x85R.", "arguments");
	FAILS("ccollections\nOrderedDict\n]K\x01" "a\x85R.", "arguments");
	FAILS("c_codecs\nencode\nX\x03\x00\x00\x00\xe2\x82\xacU\x06latin1\x86R.", "arguments"); /* no latin-1 */
	FAILS("ctorch._utils\n_rebuild_tensor_v2\n)R.", "arguments of a tensor");
	FAILS("cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02" "f8\x85RC\x02" "ab\x86R.", "truncated");
}

/* ("storage", torch.FloatStorage, "0", "cpu", 10) and one tensor over it. */
#define STORAGE(n) "(U\x07storagectorch\nFloatStorage\nU\x01" "0U\x03" "cpu" n "tQ"
#define TENSOR(n, offset, size, stride) \
	"ctorch._utils\n_rebuild_tensor_v2\n(" STORAGE(n) offset "(" size "t(" stride "t\x89Nt" "R."

static int find_ten_floats(void *arg, const s2_storage *s, const unsigned char **bytes, size_t *n, s2st_error *e)
{
	static const float data[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
	(void)arg;
	(void)e;
	CHECK_STR(s->key, "0");
	*bytes = (const unsigned char *)data;
	*n = sizeof data;
	return S2ST_OK;
}

static s2_tensor *tensor(const char *bytes, size_t n)
{
	s2_pickle p;
	int rc = read_bytes(&p, bytes, n);
	REQUIRE_OK(rc);
	REQUIRE(p.root->kind == S2_V_TENSOR);
	CHECK_INT(s2_value_len(p.storages), 1);
	CHECK(p.root->u.tensor->data == NULL);
	return p.root->u.tensor;
}

static void check_outside(const char *bytes, size_t n, const char *why)
{
	CHECK_INT(s2_lazy_resolve(tensor(bytes, n), find_ten_floats, NULL, "p: tensor w", &err), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, "p: tensor w");
	CHECK_CONTAINS(err.text, why);
}

#define OUTSIDE(bytes, why) check_outside(bytes, sizeof(bytes) - 1, why)

static void test_tensors(void)
{
	static const char good[] = TENSOR("K\x0a", "K\x01", "K\x02K\x03", "K\x01K\x03");
	s2_tensor *t = tensor(good, sizeof good - 1);
	REQUIRE_OK(s2_lazy_resolve(t, find_ten_floats, NULL, "w", &err));
	float out[6];
	static const float expected[6] = {1, 4, 7, 2, 5, 8};
	s2_tensor_to_f32(t, out);
	CHECK(test_max_diff(out, expected, 6) == 0);
	static const char exact[] = TENSOR("K\x0a", "K\x00", "K\x0a", "K\x01");
	REQUIRE_OK(s2_lazy_resolve(tensor(exact, sizeof exact - 1), find_ten_floats, NULL, "w", &err));
	static const char empty[] =
		TENSOR("K\x00", "K\x63", "K\x00K\x05", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\x01");
	t = tensor(empty, sizeof empty - 1);
	REQUIRE_OK(s2_lazy_resolve(t, find_ten_floats, NULL, "w", &err));
	s2_tensor_to_f32(t, out);
	static const char one[] = TENSOR("K\x0a", "K\x09", "K\x01", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f");
	t = tensor(one, sizeof one - 1); /* the stride of a dimension of 1 means nothing */
	REQUIRE_OK(s2_lazy_resolve(t, find_ten_floats, NULL, "w", &err));
	s2_tensor_to_f32(t, out);
	CHECK(out[0] == 9);
	OUTSIDE(TENSOR("K\x0a", "K\x01", "K\x0a", "K\x01"), "last element is number 10, storage 0 has 10");
	OUTSIDE(TENSOR("K\x0a", "K\x0a", "", ""), "number 10");
	OUTSIDE(TENSOR("K\x0a", "K\x00", "K\x02K\x05", "K\x06K\x01"), "number 10");
	OUTSIDE(TENSOR("K\x0b", "K\x00", "K\x0b", "K\x01"), "expected 11 elements of 4 bytes, found 40 bytes");
	OUTSIDE(TENSOR("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "K\x00", "K\x02", "K\x01"), "found 40 bytes");
	OUTSIDE(TENSOR("K\x0a", "K\x00", "K\x03", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"), "number");
	OUTSIDE(TENSOR("K\x0a", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "K\x03K\x03",
		       "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\x01"),
		"overflow");
	FAILS(TENSOR("K\x0a", "K\x00", "K\x02", "K\x01K\x01"), "sizes and strides");
	FAILS(TENSOR("K\x0a", "K\x00", "J\xff\xff\xff\xff", "K\x01"), "sizes and strides");
	FAILS(TENSOR("K\x0a", "K\x00", "K\x02", "J\xff\xff\xff\xff"), "sizes and strides");
	FAILS(TENSOR("K\x0a", "K\x00", "K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01",
		     "K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01"),
	      "sizes and strides");
	/* 2^32 * 2^32 elements of stride 0: a count that no size_t holds */
	FAILS(TENSOR("K\x0a", "K\x00", "\x8a\x05\x00\x00\x00\x00\x01\x8a\x05\x00\x00\x00\x00\x01", "K\x00K\x00"),
	      "sizes and strides");
	FAILS(TENSOR("J\xff\xff\xff\xff", "K\x00", "K\x02", "K\x01"), "arguments of a tensor");
	FAILS(TENSOR("K\x0a", "J\xff\xff\xff\xff", "K\x02", "K\x01"), "arguments of a tensor");
	FAILS(TENSOR("NK\x0a", "K\x00", "K\x02", "K\x01"), "arguments of a tensor");
}

static void test_untyped_storage(void)
{
	static const char v3[] =
		"ctorch._utils\n_rebuild_tensor_v3\n((U\x07storagectorch.storage\nUntypedStorage\nU\x01"
		"0U\x03"
		"cpuK\x28tQK\x01(K\x02t(K\x02t\x89Nctorch\nfloat32\ntR.";
	s2_tensor *t = tensor(v3, sizeof v3 - 1);
	REQUIRE_OK(s2_lazy_resolve(t, find_ten_floats, NULL, "w", &err));
	float out[2];
	s2_tensor_to_f32(t, out);
	CHECK(out[0] == 1 && out[1] == 3);
	/* A type that tensors do not have is data, not an error: nobody may want this one. */
	VALUE("ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nComplexFloatStorage\nU\x01"
	      "0U\x03"
	      "cpuK\x0atQK\x00)"
	      ")\x89NtR0N.",
	      "null");
}

/* ---- bombs: small streams that ask for much ---------------------------------------------------------------------- */

typedef struct stream {
	unsigned char *bytes;
	size_t n, cap;
} stream;

static void add(stream *s, const void *bytes, size_t n)
{
	while (s->n + n > s->cap) {
		s->cap = s->cap ? 2 * s->cap : 4096;
		s->bytes = realloc(s->bytes, s->cap);
		REQUIRE(s->bytes);
	}
	memcpy(s->bytes + s->n, bytes, n);
	s->n += n;
}

#define ADD(s, text) add((s), (text), sizeof(text) - 1)

static void check_bomb(stream *s, const char *why)
{
	s2_arena *own = s2_arena_new();
	s2_pickle p;
	REQUIRE(own);
	CHECK_INT(s2_pickle_read(&p, own, s->bytes, s->n, &(s2_pickle_options){.name = "p"}, &err), S2ST_EFORMAT);
	CHECK_CONTAINS(err.text, why);
	CHECK(s2_arena_bytes(own) < ((size_t)3 << 29));
	s2_arena_free(own);
	free(s->bytes);
}

static void test_bombs(void)
{
	/* A list copied by set() over and over: quadratic in the stream. */
	stream s = {0};
	ADD(&s, "]\x94(");
	for (int i = 0; i < 50000; i++)
		ADD(&s, "N");
	ADD(&s, "e\x85\x94" "0c__builtin__\nset\n\x94" "0");
	for (int i = 0; i < 50000; i++)
		ADD(&s, "h\x02h\x01R0");
	check_bomb(&s, "more than 512 MB");
	/* Marks without end. */
	s = (stream){0};
	for (int i = 0; i < (1 << 22) + 1; i++)
		ADD(&s, "(");
	check_bomb(&s, "marks");
	/* A stack without end. */
	s = (stream){0};
	ADD(&s, "N");
	for (int i = 0; i < (1 << 22); i++)
		ADD(&s, "2");
	check_bomb(&s, "stack of more than");
}

/* Nesting costs the reader nothing: it never recurses. Walkers bound their own depth. */
static void test_depth(void)
{
	stream s = {0};
	for (int i = 0; i < 100000; i++)
		ADD(&s, "]");
	for (int i = 0; i < 99999; i++)
		ADD(&s, "a");
	ADD(&s, ".");
	s2_pickle p;
	REQUIRE_OK(read_bytes(&p, s.bytes, s.n));
	char *text = s2_value_to_json(p.root, 1000);
	CHECK_CONTAINS(text, "...");
	free(text);
	free(s.bytes);
	static const char self[] = "]q\x00h\x00" "a."; /* a list that holds itself */
	REQUIRE_OK(read_bytes(&p, self, sizeof self - 1));
	CHECK(p.root->u.list.at[0] == p.root);
}

static const char everything[] =
	"\x80\x02}q\x00(U\x01"
	"a](K\x01K\x02"
	"eU\x01"
	"bcmy\nC\nq\x01)\x81}U\x01kG?\xf0\0\0\0\0\0\0sbU\x01"
	"cctorch._utils\n_rebuild_tensor_v2\n(" STORAGE("K\x0a") "K\x00(K\x02t(K\x01t\x89NtRU\x01"
								 "d\x8a\x09"
								 "123456789U\x01"
								 "ecnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02"
								 "f8\x85R(K\x03U\x01<Ntb"
								 "C\x08"
								 "12345678\x86Ru.";

static void test_cut_and_changed(void)
{
	s2_pickle p;
	size_t n = sizeof everything - 1;
	REQUIRE_OK(read_bytes(&p, everything, n));
	for (size_t cut = 0; cut < n; cut++)
		CHECK_INT(read_bytes(&p, everything, cut), S2ST_EFORMAT);
	char changed[sizeof everything];
	for (size_t at = 0; at < n; at++)
		for (int bit = 0; bit < 8; bit++) {
			memcpy(changed, everything, n);
			changed[at] = (char)(changed[at] ^ 1 << bit);
			err.text[0] = 0;
			if (read_bytes(&p, changed, n) < 0) {
				CHECK(err.text[0]);
			} else {
				char *text = s2_value_to_json(p.root, 10000);
				CHECK(text != NULL);
				free(text);
			}
		}
}

int main(void)
{
	arena = s2_arena_new();
	REQUIRE(arena);
	test_scalars();
	test_containers();
	test_known_names();
	test_inert();
	test_nothing_runs();
	test_malformed();
	test_tensors();
	test_untyped_storage();
	test_bombs();
	test_depth();
	test_cut_and_changed();
	s2_arena_free(arena);
	return TEST_RESULT();
}
