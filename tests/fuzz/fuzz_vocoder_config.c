/* A vocoder's config: whatever the text, a config whose sizes are safe to compute with, or a sentence. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/json.h"
#include "models/vocoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool cond)
{
	if (!cond)
		abort();
}

static void check(const s2_vocoder_config *c)
{
	size_t hop = 1, width = c->embedding_dim + c->feature_dim;
	require(c->n_units && c->embedding_dim && c->sample_rate > 0);
	require(c->n_stages >= 1 && c->n_stages <= S2_VOCODER_MAX_STAGES && c->channels >> c->n_stages >= 1);
	require(c->n_kernels >= 1 && c->n_kernels <= S2_VOCODER_MAX_KERNELS);
	for (size_t i = 0; i < c->n_stages; i++) {
		require(c->rate[i] >= 1 && c->kernel[i] >= c->rate[i]);
		hop *= c->rate[i];
	}
	require(c->hop == hop && hop <= 1 << 20);
	for (size_t i = 0; i < c->n_kernels; i++) {
		require(c->res_kernel[i] % 2 == 1);
		require(c->n_dilations[i] >= 1 && c->n_dilations[i] <= S2_VOCODER_MAX_DILATIONS);
		for (size_t j = 0; j < c->n_dilations[i]; j++)
			require(c->dilation[i][j] >= 1);
	}
	width += (c->multispkr + c->multistyle) * c->embedding_dim;
	if (c->f0)
		width += c->n_f0_bins ? c->embedding_dim : 1;
	require(width == c->in_dim);
	require(!c->has_durations || c->dur_hidden_dim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	s2st_error err = {""};
	s2_arena *a = s2_arena_new();
	s2_value *json;
	s2_vocoder_config c;
	require(a != NULL);
	int rc = s2_json_parse(&json, a, (const char *)data, n, "config.json", &err);
	if (rc >= 0)
		rc = s2_vocoder_config_parse(&c, json, "config.json", &err);
	if (rc >= 0)
		check(&c);
	else
		require(err.text[0] != 0);
	s2_arena_free(a);
	return 0;
}
