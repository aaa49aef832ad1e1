/* Adapters of a language: the bytes of an adapter.LANG.safetensors (or .bin) for a trunk whose layers have them. What
 * binds recognises a bit of silence. */
#include <stdint.h>
#include <stdlib.h>

#include "models/encoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const s2_encoder *trunk(void)
{
	static s2_encoder *m;
	s2st_error err;
	if (!m && s2_encoder_open(&m, FIXTURES "/zoo/mms_hf", S2ST_FP32, &err) < 0)
		abort();
	return m;
}

/* The forward pass reads all of the adapters and the head. */
static void recognise(const s2_encoder *m)
{
	static s2_exec x;
	static const s2_kernels *k;
	float silence[800] = {0};
	s2st_error err;
	if (!k && (s2_kernels_find(&k, NULL, &err) < 0 || s2_exec_init(&x, NULL, k, &err) < 0))
		abort();
	if (m->config.n_vocab > 1000)
		return;
	s2_mark mark = s2_arena_mark(x.scratch);
	const size_t frames = s2_encoder_frames(&m->config, 800);
	float *logits = s2_arena_alloc(x.scratch, frames, m->config.n_vocab, sizeof *logits);
	if (!logits || s2_encoder_logits(&x, m, logits, silence, 800, &err) < 0)
		abort();
	s2_arena_reset(x.scratch, mark);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	const s2_encoder *t = trunk();
	s2_encoder m = {.config = t->config, .weights = t->weights, .trunk = t, .language = "spa"};
	m.arena = s2_arena_new();
	if (!m.arena)
		abort();
	if (s2_checkpoint_parse(&m.ckpt, data, n, "adapter.spa.safetensors", &err) == S2ST_OK) {
		const s2_binder b = {.ckpt = m.ckpt, .arena = m.arena};
		if (s2_encoder_bind_language(&m, &b, &err) == S2ST_OK)
			recognise(&m);
		else if (!err.text[0])
			abort();
	}
	s2_checkpoint_close(m.ckpt);
	s2_arena_free(m.arena);
	return 0;
}
