/* The stages that bench_stages measures, each on a model of full size that is written when it is asked for. */
#ifndef S2_TESTS_BENCH_STAGES_H
#define S2_TESTS_BENCH_STAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "s2st.h"

enum { N_STAGES = 7, BEAM = 10, FBANK_FRAMES = 998 /* of 10 s */, FOLDER = 64 /* utterances */ };

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
	s2st_precision precision;
	int steps; /* of the decoder */
} work;

typedef struct stage {
	const char *name, *what;
	double seconds; /* of audio in (the vocoder: out) */
	void (*make)(void);
	void (*open)(work *w); /* NULL: `run` is a tool's, exec to exit */
	void (*run)(work *w);
	double (*work)(void); /* multiply-adds; NULL: not counted */
	int steps;            /* of a decoder, whose bytes count instead */
	int layer;            /* of HuBERT, without units, in place of `open` */
	int inputs;           /* of a run, whose seconds are divided by them; 0: one */
} stage;

extern const stage stages[N_STAGES];

void stage_folder(const char *keep); /* where models lie: a folder to keep, or (NULL) one that goes with the program */
void stage_open(work *w, const stage *s, int threads, s2st_precision precision); /* any failure ends the program */
void stage_close(work *w);

/* HuBERT alone, to one of its layers: with these and `layer` a stage of one's own. */
void make_hubert(void);
void run_hubert(work *w);

#endif
