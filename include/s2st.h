/* s2st: speech-to-speech translation from the original checkpoint files.
 *
 * The model of the library in one screen
 * --------------------------------------
 * context   threads and CPU kernels. Make one, share it, free it last.
 * model     an opened checkpoint (s2ut, encoder, kmeans, vocoder). Immutable; any number of threads may use one model.
 * session   scratch memory, caches and results of one caller. One thread at a time; as many sessions as you like.
 *
 *   s2st_error err;
 *   s2st_context *ctx;  s2st_s2ut *m;  s2st_s2ut_session *s;
 *   s2st_context_new(&ctx, NULL, &err);
 *   s2st_s2ut_open(&m, ctx, &(s2st_s2ut_files){.model = "s2ut.pt"}, &err);
 *   s2st_s2ut_session_new(&s, m, &err);
 *   s2st_audio a;
 *   if (s2st_audio_read(&a, "in.wav", 16000, &err) < 0) die(err.text);
 *   s2st_search_options opt = s2st_search_defaults();
 *   s2st_nbest best;
 *   s2st_s2ut_generate(s, a.samples, a.n, &opt, &best, &err);
 *   for (size_t i = 0; i < best.hyps[0].n_units; i++) printf("%d ", best.hyps[0].units[i]);
 *
 * Every function that can fail returns a negative s2st_status and writes one sentence (file, thing, expected, found)
 * into the caller's s2st_error. The library never prints, never exits and keeps no globals. `free`
 * functions accept NULL.
 */
#ifndef S2ST_H
#define S2ST_H

#include "s2st/asr.h"
#include "s2st/audio.h"
#include "s2st/base.h"
#include "s2st/encoder.h"
#include "s2st/files.h"
#include "s2st/mine.h"
#include "s2st/pack.h"
#include "s2st/s2ut.h"
#include "s2st/score.h"
#include "s2st/vocoder.h"

#endif
