/* The configuration of a wav2vec 2.0 model as YAML or JSON (--w2v-config), against the tensors of an XM transformer, of
 * which the first byte says. What is accepted agrees with itself and binds. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/json.h"
#include "models/encoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const s2_checkpoint *model(size_t which)
{
	static const char *const files[] = {FIXTURES "/golden/xm/proj.pt", FIXTURES "/zoo/xm_rope.pt",
					    FIXTURES "/zoo/xm_rel_pos.pt"};
	static s2_checkpoint *open[3];
	s2st_error err;
	if (!open[which] && s2_checkpoint_open(&open[which], files[which], &err) < 0)
		abort();
	return open[which];
}

static void check_config(const s2_encoder_config *c)
{
	size_t heads = c->conformer.dim ? c->conformer.heads : c->layer.heads;
	if (heads == 0 || c->layer.dim % heads != 0 || c->n_layers != 2)
		abort();
	for (size_t i = 0; i < c->n_conv; i++)
		if (c->conv[i].stride == 0)
			abort();
	(void)s2_encoder_frames(c, SIZE_MAX / 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2_value *tree;
	s2_encoder_config c;
	s2_encoder_weights w = {0};
	if (n == 0)
		return 0;
	const s2_binder b = {.ckpt = model(data[0] % 3), .arena = s2_arena_new()};
	if (!b.arena)
		abort();
	int rc = s2_yaml_parse(&tree, b.arena, (const char *)data + 1, n - 1, "w2v.yaml", &err);
	if (rc == S2ST_OK)
		rc = s2_encoder_config_fairseq(&c, b.ckpt, tree, b.arena, &err);
	if (rc == S2ST_OK) {
		check_config(&c);
		rc = s2_encoder_bind(&w, &c, &b, &err);
	}
	if (rc < 0 && !err.text[0])
		abort();
	s2_arena_free(b.arena);
	return 0;
}
