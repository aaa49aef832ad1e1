#include "bench/stages.h"

#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/full_models.h"

enum { RATE = 16000 };

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

static const char *utterance(size_t i)
{
	char name[32];
	snprintf(name, sizeof name, "utterances/%02zu.wav", i);
	return in_folder(name);
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

void make_hubert(void)
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

void run_hubert(work *w)
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
static s2st_search_options forced_search(int steps)
{
	s2st_search_options opt = s2st_search_defaults();
	opt.beam = BEAM;
	opt.max_len_b = steps;
	opt.min_len = steps;
	return opt;
}

static void run_translator(work *w)
{
	const s2st_search_options opt = forced_search(w->steps);
	s2st_nbest best;
	must(s2st_s2ut_generate(w->translator, w->audio.samples, w->audio.n, &opt, &best, &err));
	if (best.n == 0 || best.hyps[0].n_tokens != (size_t)w->steps + 1)
		fprintf(stderr, "bench_stages: expected %d steps, found %zu tokens\n", w->steps,
			best.n ? best.hyps[0].n_tokens : 0);
}

/* Runs a tool; they lie in the folder above this program's. */
static void run_tool(const char *name, const char *const *args, size_t n)
{
	enum { MOST = 24 };
	char tool[512];
	char *all[MOST] = {tool};
	ssize_t length = readlink("/proc/self/exe", tool, sizeof tool - 32);
	tool[length < 0 ? 0 : length] = 0;
	for (int up = 0; up < 2; up++)
		if (strrchr(tool, '/'))
			*strrchr(tool, '/') = 0;
	strcat(strcat(tool, "/"), name);
	for (size_t i = 0; i < n && i + 2 < MOST; i++)
		all[i + 1] = (char *)(uintptr_t)args[i];
	/* Not fork, which takes time for each page that this process has. */
	pid_t child;
	int status = -1;
	if (posix_spawn(&child, tool, NULL, NULL, all, environ) != 0 || waitpid(child, &status, 0) < 0 || status != 0) {
		fprintf(stderr, "bench_stages: %s failed\n", name);
		exit(1);
	}
}

/* 10 s from FOLDER places of 20 s on. */
static void make_utterances(void)
{
	s2st_audio audio;
	make_translator();
	must(s2st_audio_read(&audio, in_folder("20s.wav"), RATE, &err));
	mkdir(in_folder("utterances"), 0777);
	for (size_t i = 0; i < FOLDER; i++) {
		s2st_writer *w;
		must(s2st_writer_open(&w, utterance(i), &err));
		must(s2st_wav_write(w, audio.samples + i * 2000, (size_t)10 * RATE, RATE, S2ST_S16, &err));
		must(s2st_writer_commit(w, &err));
	}
	s2st_audio_free(&audio);
}

static void run_utterances(work *w)
{
	char threads[16];
	snprintf(threads, sizeof threads, "%d", w->threads);
	const char *const args[] = {
		"-q", "--jobs", threads, "--precision", s2st_precision_name(w->precision),
		"--beam", "10", "--min-len", "200", "--max-len-b", "200", "--model", in_folder("s2ut.pt"),
		"-o", in_folder("units.txt"), "--overwrite", in_folder("utterances")};
	run_tool("s2ut-generate", args, sizeof args / sizeof *args);
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

static void run_demo(work *w)
{
	char threads[16];
	snprintf(threads, sizeof threads, "%d", w->threads);
	const char *const args[] = {
		"-q", "--overwrite", "--jobs", threads, "--precision", s2st_precision_name(w->precision),
		"--pack", DEMO_PACK, DEMO_AUDIO, "-o", in_folder("demo.wav")};
	run_tool("s2st-translate", args, sizeof args / sizeof *args);
}

static void nothing(void)
{
}

const stage stages[N_STAGES] = {
	{"hubert", "HuBERT base to layer 11, 1000 centroids, 20 s", 20, make_hubert, open_hubert, run_hubert,
	 work_hubert, 0, 0, 1},
	{"ctc", "wav2vec 2.0 large CTC, 20 s", 20, make_ctc, open_ctc, run_ctc, work_ctc, 0, 0, 1},
	{"s2ut-encoder", "S2UT encoder, 12 layers, 10 s", 10, make_translator, open_translator, run_translator_encoder,
	 work_translator_encoder, 0, 0, 1},
	{"s2ut", "S2UT 12/6 layers, beam 10, 10 s to 200 units", 10, make_translator, open_translator, run_translator,
	 NULL, 200, 0, 1},
	{"s2ut-folder", "S2UT, one of a folder of 64 such utterances", 10, make_utterances, NULL, run_utterances, NULL,
	 0, 0, FOLDER},
	{"vocoder", "unit HiFi-GAN, 500 units", 10, make_voice, open_voice, run_voice, work_voice, 0, 0, 1},
	{"demo", "demo pack, one file, exec to exit", 2.66, nothing, NULL, run_demo, NULL, 0, 0, 1},
};

void stage_open(work *w, const stage *s, int threads, s2st_precision precision)
{
	*w = (work){.threads = threads, .precision = precision, .steps = s->steps};
	w->audio_path = s->seconds > 10 ? in_folder("20s.wav") : in_folder("10s.wav");
	must(s2st_context_new(&w->ctx, &(s2st_context_options){.threads = threads, .precision = precision}, &err));
	must(s2st_audio_read(&w->audio, w->audio_path, RATE, &err));
	if (s->layer)
		open_layer(w, s->layer, false);
	else if (s->open)
		s->open(w);
}

void stage_close(work *w)
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

/* ---- the folder ------------------------------------------------------------------------------------------------- */

static void remove_folder(void)
{
	static const char *const files[] = {"hubert.pt",  "km.npy",       "ctc.pt",   "dict.ltr.txt", "s2ut.pt",
					    "vocoder.pt", "vocoder.json", "demo.wav", "10s.wav",      "20s.wav",
					    "units.txt"};
	for (size_t i = 0; i < FOLDER; i++)
		unlink(utterance(i));
	rmdir(in_folder("utterances"));
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		unlink(in_folder(files[i]));
	rmdir(folder);
}

void stage_folder(const char *keep)
{
	if (keep) {
		snprintf(folder, sizeof folder, "%s", keep);
		mkdir(folder, 0777);
	} else if (!mkdtemp(folder)) {
		perror(folder);
		exit(1);
	} else {
		atexit(remove_folder);
	}
	make_audio(in_folder("10s.wav"), 10 * RATE);
	make_audio(in_folder("20s.wav"), 20 * RATE);
}
