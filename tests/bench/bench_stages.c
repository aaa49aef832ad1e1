/* Speed of whole stages on models of full size with random weights (full_models.h), against what this machine can do.
 *
 *   bench_stages [--stage NAME]... [--threads N]... [--repeat N] [--cpu] [--json] [--keep DIR]
 *
 * Stages: hubert (base to layer 11, 1000 centroids, 20 s), ctc (wav2vec 2.0 large, 20 s), s2ut-encoder (10 s), s2ut
 * (10 s to 200 units, beam 10), vocoder (500 units), demo (the demo pack, one file, from exec to exit), layers (HuBERT
 * base to each of its layers, 20 s). Default: all, on one thread and on all cores.
 *
 * A stage's runs alternate with a large product of OpenBLAS (and readings of memory for decoding), so that a slow
 * minute of the machine slows both. Medians are printed. --cpu counts CPU time instead of the wall's, which says more
 * where other programs run. Each stage has a process of its own, and one more run in another for its memory. */
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/full_models.h"
#include "bench/machine.h"
#include "s2st.h"

enum { RATE = 16000, MAX_REPEAT = 99, BEAM = 10 };

#define DEMO_PACK  SOURCE_DIR "/models/es-en-demo"
#define DEMO_AUDIO DEMO_PACK "/samples/train.flac"

static s2st_error err;

static void must(int status)
{
	if (status < 0) {
		fprintf(stderr, "bench_stages: %s\n", err.text);
		exit(1);
	}
}

/* ---- files and audio -------------------------------------------------------------------------------------------- */

static char folder[256] = "/tmp/bench_stages-XXXXXX";

static const char *in_folder(const char *name)
{
	static char paths[8][512];
	static int next;
	char *path = paths[next++ % 8];
	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static bool is_there(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

/* Noise of speech's loudness, the same every time. */
static void make_audio(const char *path, size_t n)
{
	float *samples = malloc(n * sizeof *samples);
	uint32_t seed = 1;
	s2st_writer *w;
	for (size_t i = 0; samples && i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		samples[i] = ((float)(seed >> 8) / (1 << 23) - 1) * 0.2f * sinf((float)i * 0.001f);
	}
	must(s2st_writer_open(&w, path, &err));
	must(s2st_wav_write(w, samples, samples ? n : 0, RATE, S2ST_S16, &err));
	must(s2st_writer_commit(w, &err));
	free(samples);
}

static void make_centroids(const char *path)
{
	enum { K = 1000, D = 768 };
	float *centroids = malloc(sizeof(float) * K * D);
	s2st_writer *w;
	for (size_t i = 0; centroids && i < (size_t)K * D; i++)
		centroids[i] = sinf((float)(i * i % 7919));
	must(s2st_writer_open(&w, path, &err));
	must(s2st_npy_write(w, "<f4", (size_t[]){K, D}, 2, centroids, &err));
	must(s2st_writer_commit(w, &err));
	free(centroids);
}

static void make_dict(const char *path)
{
	FILE *f = fopen(path, "w");
	for (int i = 0; f && i < 28; i++) /* with four special symbols the head's 32 rows */
		fprintf(f, "%c 1\n", i ? 'A' + i - 1 : '|');
	if (!f || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

/* ---- stages ----------------------------------------------------------------------------------------------------- */

/* An opened stage; the fields that it does not use are NULL. */
typedef struct work {
	s2st_context *ctx;
	s2st_encoder *encoder;
	s2st_kmeans *kmeans;
	s2st_quantizer *quantizer;
	s2st_asr *asr;
	s2st_asr_session *listener;
	s2st_s2ut *s2ut;
	s2st_s2ut_session *translator;
	s2st_vocoder *vocoder;
	s2st_vocoder_session *voice;
	s2st_audio audio;
	const char *audio_path;
	int threads;
	int steps; /* of the decoder */
} work;

typedef struct stage {
	const char *name, *what;
	double seconds; /* of audio in (the vocoder: out) */
	void (*make)(void);
	void (*open)(work *w);
	void (*run)(work *w);
	double (*work)(void); /* multiply-adds; NULL: not counted */
	int steps;            /* of a decoder, whose bytes count instead */
	int layer;
} stage;

static void make_hubert(void)
{
	if (!is_there(in_folder("hubert.pt")))
		make_encoder(in_folder("hubert.pt"), false);
	make_centroids(in_folder("km.npy"));
}

static void open_layer(work *w, int layer, bool units)
{
	must(s2st_encoder_open(&w->encoder, w->ctx, S2ST_FEATURE_NETWORK, in_folder("hubert.pt"), &err));
	if (units)
		must(s2st_kmeans_open(&w->kmeans, in_folder("km.npy"), &err));
	must(s2st_quantizer_new(&w->quantizer, w->encoder, layer, w->kmeans, &err));
}

static void open_hubert(work *w)
{
	open_layer(w, 11, true);
}

static void run_hubert(work *w)
{
	s2st_frames frames;
	int rc;
	must(s2st_quantizer_open(w->quantizer, w->audio_path, 0, &err));
	while ((rc = s2st_quantizer_next(w->quantizer, &frames, &err)) > 0)
		;
	must(rc);
}

static double work_hubert(void)
{
	const size_t n = 20 * RATE;
	return encoder_work(false, n, 11, false) + (double)(n / 320 * 768 * 1000);
}

static void make_ctc(void)
{
	if (!is_there(in_folder("ctc.pt")))
		make_encoder(in_folder("ctc.pt"), true);
	make_dict(in_folder("dict.ltr.txt"));
}

static void open_ctc(work *w)
{
	const s2st_asr_files files = {.model = in_folder("ctc.pt"), .dict = in_folder("dict.ltr.txt")};
	must(s2st_asr_open(&w->asr, w->ctx, &files, &err));
	must(s2st_asr_session_new(&w->listener, w->asr, &err));
}

static void run_ctc(work *w)
{
	s2st_transcript text;
	must(s2st_asr_transcribe(w->listener, w->audio.samples, w->audio.n, NULL, &text, &err));
}

static double work_ctc(void)
{
	return encoder_work(true, 20 * RATE, 24, true);
}

enum { FBANK_FRAMES = 998 }; /* of 10 s */

static void make_translator(void)
{
	if (!is_there(in_folder("s2ut.pt")))
		make_s2ut(in_folder("s2ut.pt"));
}

static void open_translator(work *w)
{
	must(s2st_s2ut_open(&w->s2ut, w->ctx, &(s2st_s2ut_files){.model = in_folder("s2ut.pt")}, &err));
	must(s2st_s2ut_session_new(&w->translator, w->s2ut, &err));
}

static void run_translator_encoder(work *w)
{
	s2st_matrix out;
	must(s2st_s2ut_encode(w->translator, w->audio.samples, w->audio.n, NULL, &out, &err));
}

static double work_translator_encoder(void)
{
	return s2ut_encoder_work(FBANK_FRAMES);
}

/* Of forced length: no </s> before the last step. */
static void run_translator(work *w)
{
	s2st_search_options opt = s2st_search_defaults();
	s2st_nbest best;
	opt.beam = BEAM;
	opt.max_len_b = w->steps;
	opt.min_len = w->steps;
	must(s2st_s2ut_generate(w->translator, w->audio.samples, w->audio.n, &opt, &best, &err));
	if (best.n == 0 || best.hyps[0].n_tokens != (size_t)w->steps + 1)
		fprintf(stderr, "bench_stages: expected %d steps, found %zu tokens\n", w->steps,
			best.n ? best.hyps[0].n_tokens : 0);
}

static void make_voice(void)
{
	if (!is_there(in_folder("vocoder.pt")))
		make_vocoder(in_folder("vocoder.pt"), in_folder("vocoder.json"));
}

static void open_voice(work *w)
{
	must(s2st_vocoder_open(&w->vocoder, w->ctx, in_folder("vocoder.pt"), NULL, &err));
	must(s2st_vocoder_session_new(&w->voice, w->vocoder, &err));
}

static void run_voice(work *w)
{
	int32_t units[500];
	s2st_waveform wave;
	for (int i = 0; i < 500; i++)
		units[i] = i * 7919 % 1000;
	must(s2st_vocoder_run(w->voice, units, 500, &(s2st_vocode_options){0}, &wave, &err));
}

static double work_voice(void)
{
	return vocoder_work(500);
}

/* The tools lie in the folder above this program's. */
static void run_demo(work *w)
{
	char tool[512], threads[16];
	ssize_t n = readlink("/proc/self/exe", tool, sizeof tool - 32);
	tool[n < 0 ? 0 : n] = 0;
	for (int up = 0; up < 2; up++)
		if (strrchr(tool, '/'))
			*strrchr(tool, '/') = 0;
	strcat(tool, "/s2st-translate");
	snprintf(threads, sizeof threads, "%d", w->threads);
	pid_t child = fork();
	if (child == 0) {
		execl(tool, tool, "-q", "--jobs", threads, "--pack", DEMO_PACK, DEMO_AUDIO, "-o", in_folder("demo.wav"),
		      (char *)NULL);
		perror(tool);
		_exit(127);
	}
	int status = -1;
	if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
		fprintf(stderr, "bench_stages: s2st-translate failed\n");
		exit(1);
	}
}

static void nothing(void)
{
}

static const stage stages[] = {
	{"hubert", "HuBERT base to layer 11, 1000 centroids, 20 s", 20, make_hubert, open_hubert, run_hubert,
	 work_hubert, 0, 0},
	{"ctc", "wav2vec 2.0 large CTC, 20 s", 20, make_ctc, open_ctc, run_ctc, work_ctc, 0, 0},
	{"s2ut-encoder", "S2UT encoder, 12 layers, 10 s", 10, make_translator, open_translator, run_translator_encoder,
	 work_translator_encoder, 0, 0},
	{"s2ut", "S2UT 12/6 layers, beam 10, 10 s to 200 units", 10, make_translator, open_translator, run_translator,
	 NULL, 200, 0},
	{"vocoder", "unit HiFi-GAN, 500 units", 10, make_voice, open_voice, run_voice, work_voice, 0, 0},
	{"demo", "demo pack, one file, exec to exit", 2.66, nothing, NULL, run_demo, NULL, 0, 0},
};
enum { N_STAGES = sizeof stages / sizeof stages[0], LAYERS = 12 };

/* ---- measuring -------------------------------------------------------------------------------------------------- */

typedef struct options {
	const char *wanted[16];
	int n_wanted, threads[16], n_threads, repeat;
	bool cpu, json;
} options;

typedef struct result {
	double seconds, sgemm; /* of a run; GFLOP/s of the product beside it */
	double step, stream;   /* of a decoder: seconds, GB/s of reading memory */
	double megabytes;      /* most memory held, file pages that were touched included */
} result;

static void begin(work *w, const stage *s, int threads)
{
	*w = (work){.threads = threads, .steps = s->steps};
	w->audio_path = s->seconds > 10 ? in_folder("20s.wav") : in_folder("10s.wav");
	must(s2st_context_new(&w->ctx, &(s2st_context_options){.threads = threads}, &err));
	must(s2st_audio_read(&w->audio, w->audio_path, RATE, &err));
	if (s->layer)
		open_layer(w, s->layer, false);
	else if (s->open)
		s->open(w);
}

static void end(work *w)
{
	s2st_audio_free(&w->audio);
	s2st_quantizer_free(w->quantizer);
	s2st_kmeans_free(w->kmeans);
	s2st_encoder_free(w->encoder);
	s2st_asr_session_free(w->listener);
	s2st_asr_free(w->asr);
	s2st_s2ut_session_free(w->translator);
	s2st_s2ut_free(w->s2ut);
	s2st_vocoder_session_free(w->voice);
	s2st_vocoder_free(w->vocoder);
	s2st_context_free(w->ctx);
}

static double timed(const stage *s, work *w, int steps, bool cpu)
{
	w->steps = steps;
	double start = bench_now(cpu, w->threads);
	s->run(w);
	return bench_now(cpu, w->threads) - start;
}

static void measure(result *r, const stage *s, int threads, const options *o)
{
	double took[MAX_REPEAT], sgemm[MAX_REPEAT], stream[MAX_REPEAT], step[MAX_REPEAT];
	const bool cpu = o->cpu && s->open; /* another process's time is not ours */
	work w;
	begin(&w, s, threads);
	bench_machine *m = bench_machine_new(threads, cpu);
	bench_sgemm(m);
	s->run(&w);
	for (int i = 0; i < o->repeat; i++) {
		sgemm[i] = bench_sgemm(m);
		took[i] = timed(s, &w, s->steps, cpu);
		if (s->steps) { /* what the second half of the steps costs more than the first */
			step[i] = (took[i] - timed(s, &w, s->steps / 2, cpu)) / (s->steps - s->steps / 2);
			stream[i] = bench_stream(m);
		}
	}
	const size_t n = (size_t)o->repeat;
	r->seconds = bench_median(took, n);
	r->sgemm = bench_median(sgemm, n);
	r->step = s->steps ? bench_median(step, n) : 0;
	r->stream = s->steps ? bench_median(stream, n) : 0;
	bench_machine_free(m);
	end(&w);
}

/* Runs `what` in a process of its own; its memory is not this one's. */
static void apart(result *r, const stage *s, int threads, const options *o, bool memory)
{
	int ends[2], status;
	struct rusage use;
	pid_t child = pipe(ends) == 0 ? fork() : -1;
	if (child == 0) {
		result own = {0};
		if (memory) {
			work w;
			begin(&w, s, threads);
			s->run(&w);
			end(&w);
		} else {
			measure(&own, s, threads, o);
		}
		_exit(write(ends[1], &own, sizeof own) != sizeof own);
	}
	if (child < 0 || wait4(child, &status, 0, &use) < 0 || status != 0 ||
	    (!memory && read(ends[0], r, sizeof *r) != sizeof *r)) {
		fprintf(stderr, "bench_stages: stage %s failed\n", s->name);
		exit(1);
	}
	close(ends[0]);
	close(ends[1]);
	if (memory)
		r->megabytes = 1024e-6 * (double)use.ru_maxrss;
}

static void print_text(const stage *s, int threads, const result *r)
{
	printf("%-48s %2d thread%s %8.3f s  x %6.1f real time", s->what, threads, threads > 1 ? "s" : " ", r->seconds,
	       s->seconds / r->seconds);
	if (s->work) {
		double rate = 2e-9 * s->work() / r->seconds;
		printf("  %6.1f GFLOP/s", rate);
		if (r->sgemm > 0)
			printf(", %3.0f %% of sgemm's %.1f", 100 * rate / r->sgemm, r->sgemm);
	}
	if (s->steps) {
		double bytes = 1e-9 * s2ut_step_bytes(BEAM, (size_t)s->steps * 3 / 4, FBANK_FRAMES);
		printf("  step %.2f ms, %.1f GB/s, %3.0f %% of reading's %.1f", 1e3 * r->step, bytes / r->step,
		       100 * bytes / r->step / r->stream, r->stream);
	}
	if (r->megabytes > 0)
		printf("  %.0f MB", r->megabytes);
	printf("\n");
	fflush(stdout);
}

static void print_json(const stage *s, int threads, const result *r)
{
	printf("{\"stage\": \"%s\", \"layer\": %d, \"threads\": %d, \"seconds\": %.6f, \"x_real_time\": %.3f", s->name,
	       s->layer, threads, r->seconds, s->seconds / r->seconds);
	if (s->work)
		printf(", \"gflops\": %.3f, \"sgemm_gflops\": %.3f", 2e-9 * s->work() / r->seconds, r->sgemm);
	if (s->steps)
		printf(", \"step_seconds\": %.6f, \"step_bytes\": %.0f, \"stream_gb\": %.3f", r->step,
		       s2ut_step_bytes(BEAM, (size_t)s->steps * 3 / 4, FBANK_FRAMES), r->stream);
	if (r->megabytes > 0)
		printf(", \"peak_mb\": %.1f", r->megabytes);
	printf("}\n");
	fflush(stdout);
}

static void bench(const stage *s, const options *o, bool memory)
{
	s->make();
	for (int i = 0; i < o->n_threads; i++) {
		result r = {0};
		apart(&r, s, o->threads[i], o, false);
		if (memory)
			apart(&r, s, o->threads[i], o, true);
		(o->json ? print_json : print_text)(s, o->threads[i], &r);
	}
}

static void bench_layers(const options *o)
{
	for (int layer = 1; layer <= LAYERS; layer++) {
		char what[64];
		snprintf(what, sizeof what, "HuBERT base to layer %d, 20 s", layer);
		const stage s = {.name = "layers",
				 .what = what,
				 .seconds = 20,
				 .make = make_hubert,
				 .open = open_hubert,
				 .run = run_hubert,
				 .layer = layer};
		bench(&s, o, false);
	}
}

/* ---- command line ----------------------------------------------------------------------------------------------- */

static bool wanted(const options *o, const char *name)
{
	for (int i = 0; i < o->n_wanted; i++)
		if (strcmp(o->wanted[i], name) == 0)
			return true;
	return o->n_wanted == 0;
}

static void usage(void)
{
	fprintf(stderr, "usage: bench_stages [--stage hubert|ctc|s2ut-encoder|s2ut|vocoder|demo|layers]... "
			"[--threads N]... [--repeat N] [--cpu] [--json] [--keep DIR]\n");
	exit(2);
}

static void check_stages(const options *o)
{
	for (int i = 0; i < o->n_wanted; i++) {
		bool known = strcmp(o->wanted[i], "layers") == 0;
		for (int j = 0; j < N_STAGES; j++)
			known = known || strcmp(o->wanted[i], stages[j].name) == 0;
		if (!known)
			usage();
	}
}

static int number(const char *text, int most)
{
	char *end;
	long n = strtol(text, &end, 10);
	if (*end || n < 1 || n > most)
		usage();
	return (int)n;
}

static const char *parse(options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{"stage", 1, NULL, 's'}, {"threads", 1, NULL, 't'}, {"repeat", 1, NULL, 'r'}, {"cpu", 0, NULL, 'c'},
		{"json", 0, NULL, 'j'},  {"keep", 1, NULL, 'k'},    {NULL, 0, NULL, 0}};
	const char *keep = NULL;
	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (c == 's' && o->n_wanted < 16)
			o->wanted[o->n_wanted++] = optarg;
		else if (c == 't' && o->n_threads < 16)
			o->threads[o->n_threads++] = number(optarg, 1024);
		else if (c == 'r')
			o->repeat = number(optarg, MAX_REPEAT);
		else if (c == 'c')
			o->cpu = true;
		else if (c == 'j')
			o->json = true;
		else if (c == 'k')
			keep = optarg;
		else
			usage();
	}
	if (optind < argc)
		usage();
	check_stages(o);
	return keep;
}

static void remove_folder(void)
{
	static const char *const files[] = {"hubert.pt",  "km.npy",       "ctc.pt",   "dict.ltr.txt", "s2ut.pt",
					    "vocoder.pt", "vocoder.json", "demo.wav", "10s.wav",      "20s.wav"};
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		unlink(in_folder(files[i]));
	rmdir(folder);
}

int main(int argc, char **argv)
{
	options o = {.repeat = 5};
	const char *keep = parse(&o, argc, argv);
	const int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
	if (o.n_threads == 0) {
		o.threads[o.n_threads++] = 1;
		if (cores > 1)
			o.threads[o.n_threads++] = cores;
	}
	if (keep) {
		snprintf(folder, sizeof folder, "%s", keep);
		mkdir(folder, 0777);
	} else if (!mkdtemp(folder)) {
		perror(folder);
		return 1;
	} else {
		atexit(remove_folder);
	}
	make_audio(in_folder("10s.wav"), 10 * RATE);
	make_audio(in_folder("20s.wav"), 20 * RATE);
	for (int i = 0; i < N_STAGES; i++)
		if (wanted(&o, stages[i].name))
			bench(&stages[i], &o, true);
	if (wanted(&o, "layers"))
		bench_layers(&o);
	return 0;
}
