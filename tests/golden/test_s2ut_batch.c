/* Many inputs decoded together give the bytes that each gives alone: whatever the size of the batch, the number of
 * threads and the order of the inputs, and with inputs among them that fail. */
#include "golden/s2ut_cases.h"

static s2st_error err;

enum { MOST = 12 };

typedef struct inputs {
	s2st_audio audio[MOST];
	size_t n;
} inputs;

/* A copy of what a session gave for one input. */
typedef struct result {
	int status;
	s2st_error error;
	size_t n;
	struct {
		int32_t *tokens, *units;
		float *positional_scores;
		size_t n_tokens, n_units;
		double score;
		bool hit_max_len;
	} hyps[8];
} result;

static void *copy(const void *from, size_t n, size_t size)
{
	void *to = malloc(n * size + 1);
	REQUIRE(to != NULL);
	if (n)
		memcpy(to, from, n * size);
	return to;
}

static void alone(s2st_s2ut_session *s, const s2st_audio *a, const s2st_search_options *o, result *out)
{
	s2st_nbest best = {0};
	*out = (result){0};
	out->status = s2st_s2ut_generate(s, a->samples, a->n, o, &best, &out->error);
	out->n = best.n;
	REQUIRE(best.n <= 8);
	for (size_t i = 0; i < best.n; i++) {
		const s2st_hypothesis *h = &best.hyps[i];
		out->hyps[i].tokens = copy(h->tokens, h->n_tokens, sizeof *h->tokens);
		out->hyps[i].units = copy(h->units, h->n_units, sizeof *h->units);
		out->hyps[i].positional_scores = copy(h->positional_scores, h->n_tokens, sizeof(float));
		out->hyps[i].n_tokens = h->n_tokens;
		out->hyps[i].n_units = h->n_units;
		out->hyps[i].score = h->score;
		out->hyps[i].hit_max_len = h->hit_max_len;
	}
}

static void drop(result *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->hyps[i].tokens);
		free(r->hyps[i].units);
		free(r->hyps[i].positional_scores);
	}
}

static bool same(const result *want, const s2st_s2ut_item *got)
{
	if (got->status != want->status || got->best.n != want->n)
		return false;
	if (got->status < 0)
		return strcmp(got->error.text, want->error.text) == 0;
	for (size_t i = 0; i < want->n; i++) {
		const s2st_hypothesis *h = &got->best.hyps[i];
		size_t n = want->hyps[i].n_tokens;
		if (h->n_tokens != n || h->n_units != want->hyps[i].n_units ||
		    memcmp(h->tokens, want->hyps[i].tokens, n * sizeof *h->tokens) != 0 ||
		    memcmp(h->units, want->hyps[i].units, h->n_units * sizeof *h->units) != 0 ||
		    memcmp(h->positional_scores, want->hyps[i].positional_scores, n * sizeof(float)) != 0 ||
		    memcmp(&h->score, &want->hyps[i].score, sizeof h->score) != 0 ||
		    h->hit_max_len != want->hyps[i].hit_max_len)
			return false;
	}
	return true;
}

/* 0 .. n-1 in another order for each seed; 0: as they come. */
static void shuffle(size_t *order, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	for (size_t i = n; seed && i-- > 1;) {
		size_t j = test_rand(&seed) % (i + 1), kept = order[i];
		order[i] = order[j];
		order[j] = kept;
	}
}

static void check_batch(s2st_s2ut_session *s, const inputs *in, const s2st_search_options *o, const result *want,
			uint64_t seed, const char *what)
{
	size_t order[MOST], wrong = 0;
	s2st_s2ut_item items[MOST];
	shuffle(order, in->n, seed);
	for (size_t i = 0; i < in->n; i++)
		items[i] = (s2st_s2ut_item){.samples = in->audio[order[i]].samples, .n = in->audio[order[i]].n};
	REQUIRE_OK(s2st_s2ut_generate_batch(s, items, in->n, o, &err));
	for (size_t i = 0; i < in->n; i++)
		wrong += !same(&want[order[i]], &items[i]);
	if (wrong)
		fprintf(stderr, "%s, batch of %d, order %llu\n", what, o->batch, (unsigned long long)seed);
	CHECK_INT(wrong, 0);
}

static void check_model(const char *model, const inputs *in, s2st_search_options o, const int *batches,
			size_t n_batches)
{
	result want[MOST];
	for (int threads = 1; threads <= 3; threads++) {
		s2st_context *ctx;
		REQUIRE_OK(s2st_context_new(&ctx, &(s2st_context_options){.threads = threads}, &err));
		s2ut_case c = case_open(ctx, model, NULL, NULL);
		for (size_t i = 0; threads == 1 && i < in->n; i++)
			alone(c.session, &in->audio[i], &o, &want[i]);
		for (size_t b = 0; b < n_batches; b++) {
			o.batch = batches[b];
			check_batch(c.session, in, &o, want, (uint64_t)threads * n_batches + b, model);
		}
		case_close(&c);
		s2st_context_free(ctx);
	}
	for (size_t i = 0; i < in->n; i++)
		drop(&want[i]);
}

/* Recordings of the golden cases, parts of them, and some that fail: too short, not a number, too long to be taken. */
static void golden_inputs(inputs *in)
{
	static const char *const wavs[] = {"austen_a", "austen_b", "es_phrase", "tone"};
	static float nan[800], instant[100];
	nan[500] = NAN;
	in->n = 0;
	for (size_t i = 0; i < 4; i++) {
		s2st_audio a = case_audio(wavs[i]);
		in->audio[in->n++] = a;
		for (size_t part = 2; part < 4; part++)
			in->audio[in->n++] =
				(s2st_audio){.samples = copy(a.samples, a.n / part, sizeof(float)), .n = a.n / part};
	}
	s2st_audio_free(&in->audio[1]);
	s2st_audio_free(&in->audio[4]);
	in->audio[1] = (s2st_audio){.samples = copy(nan, 800, sizeof *nan), .n = 800};
	in->audio[4] = (s2st_audio){.samples = copy(instant, 100, sizeof *instant), .n = 100};
}

static void drop_inputs(inputs *in)
{
	for (size_t i = 0; i < in->n; i++)
		s2st_audio_free(&in->audio[i]);
}

static void test_golden(void)
{
	static const char *const models[] = {"golden/s2ut/pre_norm", "golden/s2ut/tied", "golden/s2ut/conv2d",
					     "golden/s2ut/stacked_r5", "s2ut/fisher", "s2ut/learned"};
	static const int batches[] = {0, 1, 2, 3, 7};
	inputs in;
	s2st_search_options o = s2st_search_defaults();
	golden_inputs(&in);
	o.nbest = o.beam = 4;
	o.max_len_a = 0.05; /* cuts each at a length of its own */
	o.max_len_b = 20;
	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		char path[1024];
		snprintf(path, sizeof path, FIXTURES "/%s.pt", models[i]);
		check_model(path, &in, o, batches, sizeof batches / sizeof *batches);
	}
	drop_inputs(&in);
}

static void test_demo(void)
{
	static const int batches[] = {0, 2, 3, 7};
	inputs in = {.n = 8};
	s2st_search_options o = s2st_search_defaults();
	for (size_t i = 0; i < in.n; i++) {
		char path[1024];
		snprintf(path, sizeof path, FIXTURES "/demo/test/es/test%05zu.flac", 3 * i);
		REQUIRE_OK(s2st_audio_read(&in.audio[i], path, 16000, &err));
	}
	o.nbest = 2;
	check_model(SOURCE_DIR "/models/es-en-demo/s2ut.pt", &in, o, batches, sizeof batches / sizeof *batches);
	drop_inputs(&in);
}

/* Options that no input can be searched with are an error of the call; inputs stay as they are. */
static void test_refusals(void)
{
	s2st_context *ctx;
	s2st_search_options o = s2st_search_defaults();
	REQUIRE_OK(s2st_context_new(&ctx, &(s2st_context_options){.threads = 1}, &err));
	s2ut_case c = case_open(ctx, FIXTURES "/golden/s2ut/pre_norm.pt", NULL, NULL);
	o.batch = -1;
	CHECK_INT(s2st_s2ut_generate_batch(c.session, NULL, 0, &o, &err), S2ST_EINPUT);
	CHECK_CONTAINS(err.text, "batch of 0 or more, found -1");
	o.batch = 3;
	REQUIRE_OK(s2st_s2ut_generate_batch(c.session, NULL, 0, &o, &err));
	o.prefix = "[no such symbol]";
	CHECK_INT(s2st_s2ut_generate_batch(c.session, NULL, 0, &o, &err), S2ST_EINPUT);
	case_close(&c);
	s2st_context_free(ctx);
}

int main(void)
{
	test_golden();
	test_demo();
	test_refusals();
	return TEST_RESULT();
}
