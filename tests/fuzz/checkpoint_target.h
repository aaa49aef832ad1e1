/* Shared by the fuzz targets of checkpoint containers: opens the bytes and touches all that an open file offers. */
#ifndef S2_TESTS_CHECKPOINT_TARGET_H
#define S2_TESTS_CHECKPOINT_TARGET_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline void touch_tensors(const s2_checkpoint *c)
{
	for (size_t i = 0; i < s2_checkpoint_n_tensors(c); i++) {
		const s2_tensor *t = s2_checkpoint_tensor_at(c, i);
		if (!s2_checkpoint_tensor(c, t->name) || !t->data)
			abort();
		if (s2_tensor_count(t) > 100000)
			continue;
		float *out = malloc(s2_tensor_count(t) * sizeof *out + 1);
		if (!out)
			abort();
		s2_tensor_to_f32(t, out);
		free(out);
	}
}

static inline void open_and_touch(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2_checkpoint *c;
	int rc = s2_checkpoint_parse(&c, data, n, "f", &err);
	if (rc < 0) {
		if (c || !err.text[0] || (rc != S2ST_EFORMAT && rc != S2ST_EMODEL))
			abort();
		return;
	}
	touch_tensors(c);
	(void)s2_value_path(s2_checkpoint_config(c, "model"), "w2v_args.model");
	char *text = s2_value_to_json(s2_checkpoint_root(c), 5000);
	if (!text)
		abort();
	free(text);
	s2_checkpoint_close(c);
}

#endif
