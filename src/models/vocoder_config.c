/* config.json of a unit HiFi-GAN: the keys that codehifigan.py and hifigan.py read, with their defaults. */
#include "formats/json.h"
#include "models/vocoder.h"

/* Bounds that no trained vocoder comes near; below them no product of sizes here can overflow. */
enum {
	MAX_UNITS = 1 << 24,
	MAX_DIM = 1 << 16,
	MAX_IN_DIM = 1 << 18,
	MAX_RATE = 4096,
	MAX_HOP = 1 << 20,
	MAX_KERNEL = 1 << 12,
	MAX_DILATION = 1 << 10,
	MAX_SAMPLE_RATE = 1 << 20,
};

typedef struct reader {
	const s2_value *json;
	const char *name; /* of the file */
	s2st_error *err;
} reader;

/* Python's truth: the reference tests most optional keys as `if cfg.get(key)`. */
static bool truthy(const s2_value *v)
{
	if (!v)
		return false;
	switch (v->kind) {
	case S2_V_NONE: return false;
	case S2_V_BOOL: return v->u.b;
	case S2_V_INT: return v->u.i != 0;
	case S2_V_FLOAT: return v->u.f != 0;
	case S2_V_STR: return v->u.str.len > 0;
	case S2_V_DICT: return v->u.dict.n > 0;
	case S2_V_LIST: return v->u.list.n > 0;
	default: return true;
	}
}

static int bad_number(const reader *r, const char *key, int64_t lo, int64_t hi, int64_t found)
{
	return s2_fail(r->err, S2ST_EMODEL, "%s: %s: expected %lld to %lld, found %lld", r->name, key, (long long)lo,
		       (long long)hi, (long long)found);
}

/* A number from lo to hi; `def` < 0: the key must be there. */
static int read_size(const reader *r, const s2_value *from, const char *key, int64_t def, int64_t lo, int64_t hi,
		     size_t *out)
{
	int64_t n;
	const s2_value *v = s2_value_get(from, key);
	if (def < 0 && (!v || v->kind == S2_V_NONE))
		return s2_fail(r->err, S2ST_EMODEL, "%s: %s: expected a number, found none", r->name, key);
	S2_TRY(s2_value_get_int(from, key, def, &n, r->name, r->err));
	if (n < lo || n > hi)
		return bad_number(r, key, lo, hi, n);
	*out = (size_t)n;
	return 0;
}

/* A list of 1 to `max` numbers from lo to hi. */
static int read_sizes(const reader *r, const s2_value *list, const char *key, size_t max, int64_t lo, int64_t hi,
		      size_t *out, size_t *n)
{
	if (!list || list->kind != S2_V_LIST)
		return s2_fail(r->err, S2ST_EMODEL, "%s: %s: expected a list of numbers, found %s", r->name, key,
			       s2_value_kind_name(list));
	size_t len = s2_value_len(list);
	if (len < 1 || len > max)
		return s2_fail(r->err, S2ST_EMODEL, "%s: %s: expected 1 to %zu entries, found %zu", r->name, key, max,
			       len);
	for (size_t i = 0; i < len; i++) {
		const s2_value *v = s2_value_at(list, i);
		if (v->kind == S2_V_FLOAT)
			return s2_fail(r->err, S2ST_EMODEL, "%s: %s: expected whole numbers, found %g", r->name, key,
				       v->u.f);
		if (v->kind != S2_V_INT)
			return s2_fail(r->err, S2ST_EMODEL, "%s: %s: expected whole numbers, found %s", r->name, key,
				       s2_value_kind_name(v));
		if (v->u.i < lo || v->u.i > hi)
			return bad_number(r, key, lo, hi, v->u.i);
		out[i] = (size_t)v->u.i;
	}
	*n = len;
	return 0;
}

static int differ(const reader *r, const char *key, size_t n, const char *other, size_t m)
{
	return s2_fail(r->err, S2ST_EMODEL, "%s: %s: expected %zu entries as in %s, found %zu", r->name, key, m, other,
		       n);
}

static int read_stages(const reader *r, s2_vocoder_config *c)
{
	size_t n;
	S2_TRY(read_sizes(r, s2_value_get(r->json, "upsample_rates"), "upsample_rates", S2_VOCODER_MAX_STAGES, 1,
			  MAX_RATE, c->rate, &c->n_stages));
	S2_TRY(read_sizes(r, s2_value_get(r->json, "upsample_kernel_sizes"), "upsample_kernel_sizes",
			  S2_VOCODER_MAX_STAGES, 1, MAX_KERNEL, c->kernel, &n));
	if (n != c->n_stages)
		return differ(r, "upsample_kernel_sizes", n, "upsample_rates", c->n_stages);
	c->hop = 1;
	for (size_t i = 0; i < n; i++) {
		if (c->kernel[i] < c->rate[i])
			return s2_fail(
				r->err, S2ST_EMODEL,
				"%s: upsample_kernel_sizes: expected at least the rate %zu at entry %zu, found %zu",
				r->name, c->rate[i], i, c->kernel[i]);
		c->hop *= c->rate[i];
		if (c->hop > MAX_HOP)
			return s2_fail(r->err, S2ST_EMODEL,
				       "%s: upsample_rates: expected a product up to %d, found more", r->name, MAX_HOP);
	}
	S2_TRY(read_size(r, r->json, "upsample_initial_channel", -1, 1, MAX_DIM, &c->channels));
	if (c->channels >> n == 0)
		return s2_fail(
			r->err, S2ST_EMODEL,
			"%s: upsample_initial_channel: expected at least %zu, which %zu stages can halve, found %zu",
			r->name, (size_t)1 << n, n, c->channels);
	return 0;
}

static int read_blocks(const reader *r, s2_vocoder_config *c)
{
	const char *kernels = "resblock_kernel_sizes", *dilations = "resblock_dilation_sizes";
	S2_TRY(read_sizes(r, s2_value_get(r->json, kernels), kernels, S2_VOCODER_MAX_KERNELS, 1, MAX_KERNEL,
			  c->res_kernel, &c->n_kernels));
	const s2_value *lists = s2_value_get(r->json, dilations);
	if (!lists || lists->kind != S2_V_LIST)
		return s2_fail(r->err, S2ST_EMODEL, "%s: %s: expected a list of lists, found %s", r->name, dilations,
			       s2_value_kind_name(lists));
	if (s2_value_len(lists) != c->n_kernels)
		return differ(r, dilations, s2_value_len(lists), kernels, c->n_kernels);
	for (size_t i = 0; i < c->n_kernels; i++) {
		if (c->res_kernel[i] % 2 == 0) /* the reference's padding would change the length */
			return s2_fail(r->err, S2ST_EMODEL, "%s: %s: expected odd numbers, found %zu", r->name, kernels,
				       c->res_kernel[i]);
		S2_TRY(read_sizes(r, s2_value_at(lists, i), dilations, S2_VOCODER_MAX_DILATIONS, 1, MAX_DILATION,
				  c->dilation[i], &c->n_dilations[i]));
	}
	return 0;
}

/* What is concatenated to the unit embedding, and the width that comes of it (codehifigan.py). */
static int read_conditions(const reader *r, s2_vocoder_config *c)
{
	const s2_value *j = r->json;
	c->multispkr = truthy(s2_value_get(j, "multispkr"));
	c->embedder = truthy(s2_value_get(j, "embedder_params"));
	c->multistyle = truthy(s2_value_get(j, "multistyle"));
	c->f0 = truthy(s2_value_get(j, "f0"));
	S2_TRY(read_size(r, j, "num_speakers", 200, 1, MAX_UNITS, &c->n_speakers));
	S2_TRY(read_size(r, j, "embedder_dim", 256, 1, MAX_DIM, &c->embedder_dim));
	S2_TRY(read_size(r, j, "num_styles", 100, 1, MAX_UNITS, &c->n_styles));
	S2_TRY(read_size(r, j, "f0_quant_num_bin", 0, 0, MAX_UNITS, &c->n_f0_bins));
	size_t width = c->embedding_dim;
	if (c->f0)
		width += c->n_f0_bins ? c->embedding_dim : 1;
	if (c->multispkr)
		width += c->embedding_dim;
	if (c->multistyle)
		width += c->embedding_dim;
	if (c->in_dim < width)
		return s2_fail(r->err, S2ST_EMODEL,
			       "%s: model_in_dim: expected at least %zu (embedding_dim %zu, f0, speaker and style as "
			       "configured), "
			       "found %zu",
			       r->name, width, c->embedding_dim, c->in_dim);
	c->feature_dim = c->in_dim - width;
	return 0;
}

static int read_durations(const reader *r, s2_vocoder_config *c)
{
	const s2_value *d = s2_value_get(r->json, "dur_predictor_params");
	c->has_durations = truthy(d);
	if (!c->has_durations)
		return 0;
	size_t dim, kernel;
	S2_TRY(read_size(r, d, "encoder_embed_dim", -1, 1, MAX_DIM, &dim));
	S2_TRY(read_size(r, d, "var_pred_hidden_dim", -1, 1, MAX_DIM, &c->dur_hidden_dim));
	S2_TRY(read_size(r, d, "var_pred_kernel_size", -1, 1, MAX_KERNEL, &kernel));
	if (dim != c->embedding_dim)
		return s2_fail(r->err, S2ST_EMODEL, "%s: encoder_embed_dim: expected embedding_dim %zu, found %zu",
			       r->name, c->embedding_dim, dim);
	/* The second convolution's padding is a literal 1 (fastspeech2.py), so any other kernel changes the length. */
	if (kernel != 3)
		return s2_fail(r->err, S2ST_EMODEL, "%s: var_pred_kernel_size: expected 3, found %zu", r->name, kernel);
	return 0;
}

int s2_vocoder_config_parse(s2_vocoder_config *c, const s2_value *json, const char *name, s2st_error *err)
{
	const reader r = {json, name, err};
	*c = (s2_vocoder_config){0};
	if (!json || json->kind != S2_V_DICT)
		return s2_fail(err, S2ST_EMODEL, "%s: expected a vocoder's config (a JSON object), found %s", name,
			       s2_value_kind_name(json));
	S2_TRY(read_size(&r, json, "num_embeddings", -1, 1, MAX_UNITS, &c->n_units));
	S2_TRY(read_size(&r, json, "embedding_dim", -1, 1, MAX_DIM, &c->embedding_dim));
	S2_TRY(read_size(&r, json, "model_in_dim", 80, 1, MAX_IN_DIM, &c->in_dim));
	S2_TRY(read_stages(&r, c));
	S2_TRY(read_blocks(&r, c));
	S2_TRY(read_conditions(&r, c));
	S2_TRY(read_durations(&r, c));
	size_t rate;
	S2_TRY(read_size(&r, json, "sampling_rate", 16000, 1, MAX_SAMPLE_RATE, &rate));
	c->sample_rate = (int)rate;
	return 0;
}

int s2_vocoder_config_read(s2_vocoder_config *c, const char *path, s2st_error *err)
{
	s2_arena *a = s2_arena_new();
	if (!a)
		return s2_fail_mem(err, path);
	s2_value *json;
	int rc = s2_json_read(&json, a, path, err);
	if (rc >= 0)
		rc = s2_vocoder_config_parse(c, json, path, err);
	s2_arena_free(a);
	return rc;
}
