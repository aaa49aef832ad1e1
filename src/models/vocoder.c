/* Unit HiFi-GAN: opening. Which tensors there are, what they must look like given the config, and that no others are
 * in the file (the reference loads strictly, too). */
#include "models/vocoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"
#include "models/kind.h"

enum { PRE_KERNEL = 7, POST_KERNEL = 7, NAME_BYTES = 96 };

/* ---- convolutions --------------------------------------------------------------------------------------------- */

typedef struct conv_shape {
	size_t c_in, c_out, k, dilation;
} conv_shape;

/* Conv1d with padding (k-1)*dilation/2: hifigan.py get_padding. */
static s2_conv1d same_conv(conv_shape s)
{
	return (s2_conv1d){.c_in = s.c_in,
			   .c_out = s.c_out,
			   .k = s.k,
			   .stride = 1,
			   .pad = (s.k - 1) * s.dilation / 2,
			   .dilation = s.dilation,
			   .groups = 1};
}

static int bind_conv(const s2_binder *b, s2_conv1d *c, const char *prefix, conv_shape s, bool weight_norm,
		     s2st_error *err)
{
	*c = same_conv(s);
	S2_TRY(s2_bind_conv1d(b, c, prefix, weight_norm ? 0 : -1, false, err));
	return s2_bind_bias(b, &c->bias, prefix, s.c_out, err);
}

/* A residual block's convolution, in its short form where it has one. */
static int bind_res_conv(const s2_binder *b, s2_conv1d *c, const s2_short_conv **fast, const char *prefix, conv_shape s,
			 s2st_error *err)
{
	*c = same_conv(s);
	return s2_bind_short_conv(b, c, fast, prefix, 0, true, err);
}

/* ConvTranspose1d(c, c/2, k, u, padding (k-u)/2); weight norm over its dim 0, the input channels. */
static int bind_up(const s2_binder *b, s2_conv1d *c, const s2_vocoder_config *cfg, size_t stage, s2st_error *err)
{
	char prefix[NAME_BYTES];
	const size_t k = cfg->kernel[stage], u = cfg->rate[stage];
	snprintf(prefix, sizeof prefix, "ups.%zu.", stage);
	*c = (s2_conv1d){.c_in = cfg->channels >> stage,
			 .c_out = cfg->channels >> (stage + 1),
			 .k = k,
			 .stride = u,
			 .pad = (k - u) / 2,
			 .dilation = 1,
			 .groups = 1};
	S2_TRY(s2_bind_conv1d(b, c, prefix, 0, true, err));
	return s2_bind_bias(b, &c->bias, prefix, c->c_out, err);
}

/* ---- stages --------------------------------------------------------------------------------------------------- */

static bool has_tensor(const s2_checkpoint *c, const char *prefix, const char *name)
{
	char full[2 * NAME_BYTES];
	snprintf(full, sizeof full, "%s%s", prefix, name);
	return s2_checkpoint_tensor(c, full) != NULL;
}

/* Residual block `n` of all. Its type is told by its tensors, as the reference ignores the config's "resblock": type 1
 * has convs1 and convs2 (fairseq knows only that), type 2 has convs (HiFi-GAN v3). */
static int bind_block(const s2_binder *b, s2_vocoder_block *out, const s2_vocoder_config *cfg, size_t n,
		      size_t channels, s2st_error *err)
{
	char prefix[NAME_BYTES];
	const size_t kind = n % cfg->n_kernels;
	snprintf(prefix, sizeof prefix, "resblocks.%zu.", n);
	const bool type2 = has_tensor(b->ckpt, prefix, "convs.0.bias");
	out->n_pairs = cfg->n_dilations[kind];
	for (size_t i = 0; i < out->n_pairs; i++) {
		s2_vocoder_pair *p = &out->pairs[i];
		conv_shape s = {channels, channels, cfg->res_kernel[kind], cfg->dilation[kind][i]};
		snprintf(prefix, sizeof prefix, type2 ? "resblocks.%zu.convs.%zu." : "resblocks.%zu.convs1.%zu.", n, i);
		S2_TRY(bind_res_conv(b, &p->first, &p->fast[0], prefix, s, err));
		if (type2)
			continue;
		s.dilation = 1;
		snprintf(prefix, sizeof prefix, "resblocks.%zu.convs2.%zu.", n, i);
		S2_TRY(bind_res_conv(b, &p->second, &p->fast[1], prefix, s, err));
	}
	return 0;
}

void s2_vocoder_stage_finish(s2_vocoder_stage *s)
{
	for (size_t i = 0; i < s->n_blocks; i++) {
		s2_vocoder_block *b = &s->blocks[i];
		b->reach = 0;
		for (size_t j = 0; j < b->n_pairs; j++) {
			const s2_vocoder_pair *p = &b->pairs[j];
			const size_t pads[2] = {p->first.pad, p->second.pad};
			for (int k = 0; k < 2; k++) {
				b->reach += p->fast[k] ? s2_short_conv_reach(p->fast[k]) : pads[k];
				s->conv_work = s2_max(s->conv_work, p->fast[k] ? s2_short_conv_work(p->fast[k]) : 0);
			}
		}
		s->reach = s2_max(s->reach, b->reach);
	}
}

static int bind_stages(const s2_binder *b, s2_vocoder *v, s2st_error *err)
{
	const s2_vocoder_config *cfg = &v->cfg;
	for (size_t i = 0; i < cfg->n_stages; i++) {
		s2_vocoder_stage *s = &v->stages[i];
		S2_TRY(bind_up(b, &s->up, cfg, i, err));
		s->n_blocks = cfg->n_kernels;
		for (size_t j = 0; j < s->n_blocks; j++)
			S2_TRY(bind_block(b, &s->blocks[j], cfg, i * cfg->n_kernels + j, s->up.c_out, err));
		s2_vocoder_stage_finish(s);
	}
	return 0;
}

/* ---- embeddings and durations --------------------------------------------------------------------------------- */

static int bind_conditions(const s2_binder *b, s2_vocoder *v, s2st_error *err)
{
	const s2_vocoder_config *c = &v->cfg;
	const size_t e = c->embedding_dim;
	const s2_bind_row dict = {"dict.weight", offsetof(s2_vocoder, dict), 2, {c->n_units, e}, 0};
	const s2_bind_row number = {"spkr.weight", offsetof(s2_vocoder, speakers), 2, {c->n_speakers, e}, 0};
	const s2_bind_row vector[] = {S2_ROWS_LINEAR(s2_vocoder, speaker, "spkr", e, c->embedder_dim)};
	const s2_bind_row style = {"style.weight", offsetof(s2_vocoder, styles), 2, {c->n_styles, e}, 0};
	const s2_bind_row f0 = {"f0_quant_embed.weight", offsetof(s2_vocoder, f0_bins), 2, {c->n_f0_bins, e}, 0};
	S2_TRY(s2_bind(b, v, &dict, 1, "", err));
	if (c->multispkr)
		S2_TRY(s2_bind(b, v, c->embedder ? vector : &number, c->embedder ? 2 : 1, "", err));
	if (c->multistyle)
		S2_TRY(s2_bind(b, v, &style, 1, "", err));
	if (c->f0 && c->n_f0_bins)
		S2_TRY(s2_bind(b, v, &f0, 1, "", err));
	return 0;
}

/* Always float32: a thousandth of the work, and a duration that rounds the other way moves all that follows. */
static int bind_durations(const s2_binder *full, s2_vocoder_durations *d, const s2_vocoder_config *c, s2st_error *err)
{
	const size_t h = c->dur_hidden_dim;
	const s2_binder exact = {.ckpt = full->ckpt, .arena = full->arena}, *b = &exact;
	const s2_bind_row rows[] = {
		S2_ROWS_NORM(s2_vocoder_durations, ln1, "ln1", h),
		S2_ROWS_NORM(s2_vocoder_durations, ln2, "ln2", h),
		S2_ROWS_LINEAR(s2_vocoder_durations, proj, "proj", 1, h),
	};
	S2_TRY(bind_conv(b, &d->conv1, "dur_predictor.conv1.0.", (conv_shape){c->embedding_dim, h, 3, 1}, false, err));
	S2_TRY(bind_conv(b, &d->conv2, "dur_predictor.conv2.0.", (conv_shape){h, h, 3, 1}, false, err));
	return s2_bind(b, d, rows, sizeof rows / sizeof rows[0], "dur_predictor.", err);
}

/* ---- no other tensors ----------------------------------------------------------------------------------------- */

/* Moves *name past "prefixN." where N < limit; false: it does not begin so. */
static bool skip_index(const char **name, const char *prefix, size_t limit, size_t *index)
{
	const size_t len = strlen(prefix);
	if (strncmp(*name, prefix, len) != 0)
		return false;
	const char *p = *name + len;
	size_t n = 0;
	int digits = 0;
	for (; *p >= '0' && *p <= '9' && digits < 6; p++, digits++)
		n = n * 10 + (size_t)(*p - '0');
	if (!digits || *p != '.' || n >= limit)
		return false;
	*index = n;
	*name = p + 1;
	return true;
}

static bool configured(const s2_vocoder_config *c, const char *name)
{
	const struct {
		const char *prefix;
		bool wanted;
	} parts[] = {
		{"dict.", true},
		{"conv_pre.", true},
		{"conv_post.", true},
		{"dur_predictor.", c->has_durations},
		{"spkr.", c->multispkr || c->embedder},
		{"style.", c->multistyle},
		{"f0_quant_embed.", c->n_f0_bins > 0},
	};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (strncmp(name, parts[i].prefix, strlen(parts[i].prefix)) == 0)
			return parts[i].wanted;
	size_t n, m;
	if (skip_index(&name, "ups.", c->n_stages, &n))
		return true;
	if (!skip_index(&name, "resblocks.", c->n_stages * c->n_kernels, &n))
		return false;
	const size_t pairs = c->n_dilations[n % c->n_kernels];
	return skip_index(&name, "convs1.", pairs, &m) || skip_index(&name, "convs2.", pairs, &m) ||
	       skip_index(&name, "convs.", pairs, &m);
}

static int refuse_others(const s2_vocoder *v, s2st_error *err)
{
	for (size_t i = 0; i < s2_checkpoint_n_tensors(v->ckpt); i++) {
		const s2_tensor *t = s2_checkpoint_tensor_at(v->ckpt, i);
		char shape[160];
		if (!configured(&v->cfg, t->name))
			return s2_fail(err, S2ST_EMODEL, "%s: tensor %s: expected none, found %s", v->name, t->name,
				       s2_tensor_shape_text(t, shape, sizeof shape));
	}
	return 0;
}

/* ---- open ----------------------------------------------------------------------------------------------------- */

static int bind_all(s2_vocoder *v, s2st_precision precision, s2st_error *err)
{
	const s2_vocoder_config *c = &v->cfg;
	const s2_binder b = {.ckpt = v->ckpt, .arena = v->arena, .precision = precision};
	const size_t last = c->channels >> c->n_stages;
	S2_TRY(bind_conditions(&b, v, err));
	if (c->has_durations)
		S2_TRY(bind_durations(&b, &v->durations, c, err));
	S2_TRY(bind_conv(&b, &v->pre, "conv_pre.", (conv_shape){c->in_dim, c->channels, PRE_KERNEL, 1}, true, err));
	S2_TRY(bind_stages(&b, v, err));
	S2_TRY(bind_conv(&b, &v->post, "conv_post.", (conv_shape){last, 1, POST_KERNEL, 1}, true, err));
	return refuse_others(v, err);
}

/* "dir/NAME.json" for "dir/NAME.pt"; NULL: out of memory. */
static char *named_config(const char *model)
{
	const char *base = s2_path_base(model), *dot = strrchr(base, '.');
	const size_t n = dot ? (size_t)(dot - model) : strlen(model);
	char *path = malloc(n + sizeof ".json");
	if (path) {
		memcpy(path, model, n);
		memcpy(path + n, ".json", sizeof ".json");
	}
	return path;
}

/* The config beside a model, malloc'ed. */
static int find_config(char **out, const char *model, s2st_error *err)
{
	char *const candidates[] = {named_config(model), s2_path_beside(model, "config.json"),
				    s2_path_beside(model, "vocoder.json")};
	int rc = 0;
	*out = NULL;
	for (int i = 0; i < 3; i++) {
		if (!candidates[i])
			rc = s2_fail_mem(err, "the config's path");
		else if (rc == 0 && !*out && access(candidates[i], F_OK) == 0)
			*out = candidates[i];
	}
	if (rc == 0 && !*out)
		rc = s2_fail(err, S2ST_EIO,
			     "%s: no config is named, and none is beside it: expected %s, config.json or vocoder.json",
			     model, s2_path_base(candidates[0]));
	for (int i = 0; i < 3; i++)
		if (candidates[i] != *out || rc < 0)
			free(candidates[i]);
	return rc;
}

static int open_with(s2_vocoder *v, const char *model, const char *config, s2st_precision precision, s2st_error *err)
{
	S2_TRY(s2_vocoder_config_read(&v->cfg, config, err));
	S2_TRY(s2_checkpoint_open(&v->ckpt, model, err));
	v->name = s2_checkpoint_path(v->ckpt);
	S2_TRY(s2_expect_kind(v->ckpt, S2_KIND_VOCODER, err));
	v->arena = s2_arena_new();
	if (!v->arena)
		return s2_fail_mem(err, model);
	const int rc = bind_all(v, precision, err);
	return rc == S2ST_EMODEL ? s2_fail_prefix(err, rc, "%s and %s disagree", s2_path_base(model), config) : rc;
}

int s2_vocoder_open(s2_vocoder *v, const char *model, const char *config, s2st_precision precision, s2st_error *err)
{
	*v = (s2_vocoder){0};
	if (config)
		return open_with(v, model, config, precision, err);
	char *found;
	S2_TRY(find_config(&found, model, err));
	const int rc = open_with(v, model, found, precision, err);
	free(found);
	return rc;
}

void s2_vocoder_free(s2_vocoder *v)
{
	s2_checkpoint_close(v->ckpt);
	s2_arena_free(v->arena);
	*v = (s2_vocoder){0};
}

size_t s2_vocoder_out_len(const s2_vocoder *v, size_t frames)
{
	size_t len = frames;
	for (size_t i = 0; i < v->cfg.n_stages; i++) {
		const s2_conv1d *up = &v->stages[i].up;
		if (!s2_mul(len, up->stride, &len) || !s2_add(len, (up->k - up->stride) % 2, &len))
			return SIZE_MAX;
	}
	return len;
}
