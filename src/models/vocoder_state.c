/* Unit HiFi-GAN: a caller's scratch memory, and one call from units to waveform. */
#include <stdlib.h>

#include "models/vocoder.h"

/* 256 frames (5 s at 50 a second): the rows that tiles make twice are a few per cent of the widest stage.
 * 2^18 floats: larger tiles gain nothing, in smaller ones the rows made twice cost more than the cache gives. */
static const s2_vocoder_tiles default_tiles = {.frames = 256, .floats = 1 << 18};

int s2_vocoder_state_init(s2_vocoder_state *s, const s2_vocoder *v, s2_pool *pool, const s2_kernels *k, s2st_error *err)
{
	*s = (s2_vocoder_state){.v = v, .tiles = default_tiles};
	S2_TRY(s2_exec_init(&s->x, pool, k, err));
	s->input = s2_arena_new();
	return s->input ? 0 : s2_fail_mem(err, "a vocoder session");
}

void s2_vocoder_state_free(s2_vocoder_state *s)
{
	s2_exec_free(&s->x);
	s2_arena_free(s->input);
	free(s->wave);
	*s = (s2_vocoder_state){0};
}

static int room_for(s2_vocoder_state *s, size_t n, s2st_error *err)
{
	if (n <= s->wave_cap)
		return 0;
	free(s->wave);
	s->wave_cap = 0;
	s->wave = malloc(n * sizeof *s->wave);
	if (!s->wave)
		return s2_fail(err, S2ST_EMEM, "out of memory for %zu samples", n);
	s->wave_cap = n;
	return 0;
}

int s2_vocoder_run(s2_vocoder_state *s, const int32_t *units, size_t n, const s2st_vocode_options *opt,
		   s2st_waveform *out, s2st_error *err)
{
	s2_arena_reset(s->input, (s2_mark){0});
	s2_vocoder_input in;
	S2_TRY(s2_vocoder_input_init(&in, s, units, n, opt, err));
	const size_t samples = s2_vocoder_out_len(s->v, in.n_frames);
	S2_TRY(room_for(s, samples, err));
	S2_TRY(s2_vocoder_generate(s, &in, s->wave, err));
	*out = (s2st_waveform){.samples = s->wave,
			       .n = samples,
			       .sample_rate = s->v->cfg.sample_rate,
			       .durations = in.durations,
			       .n_durations = in.durations ? in.n_units : 0};
	return 0;
}
