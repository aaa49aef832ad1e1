/* Opening of S2UT models: the checkpoint, config.yaml and the dictionary, and whether they fit. */
#include "api/s2ut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "formats/json.h"

enum { SAMPLE_RATE = 16000, N_SPECIAL = 4 };

/* ---- files beside the model ---- */

/* Path of `name` in the model's folder, in the model's arena; NULL: there is none. */
static int find_beside(const s2st_s2ut *m, const char *name, const char **out, s2st_error *err)
{
	char *path = s2_path_beside(s2_checkpoint_path(m->ckpt), name);
	*out = NULL;
	if (!path)
		return s2_fail_mem(err, "path");
	bool there = access(path, F_OK) == 0;
	if (there)
		*out = s2_arena_strndup(m->arena, path, strlen(path));
	free(path);
	return there && !*out ? s2_fail_mem(err, "path") : 0;
}

static int open_data_config(s2st_s2ut *m, const char *path, s2st_error *err)
{
	size_t n_feat = m->net.cfg.n_feat;
	const char *file = s2_checkpoint_path(m->ckpt);
	bool waveform = m->net.cfg.waveform;
	if (!path)
		S2_TRY(find_beside(m, "config.yaml", &path, err));
	S2_TRY(path ? s2_data_config_read(&m->data, m->arena, path, err)
		    : s2_data_config_default(&m->data, m->arena, waveform, n_feat, err));
	if (m->data.waveform != waveform)
		return s2_fail(err, S2ST_EMODEL, "%s: use_audio_input: expected %s, as %s takes %s, found %s", path,
			       waveform ? "true" : "false", file, waveform ? "samples" : "filter banks",
			       waveform ? "false" : "true");
	if (m->data.channels != 1 || m->data.n_bins != n_feat)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: expected frames of %zu values in 1 channel, as %s takes, found %zu in %zu",
			       path ? path : "filter bank", n_feat, file, m->data.n_bins, m->data.channels);
	return 0;
}

/* ---- dictionary ---- */

static int open_unit_dict(s2st_s2ut *m, s2st_error *err)
{
	const s2_s2ut_config *c = &m->net.cfg;
	size_t k = c->code_size ? c->code_size : c->vocab - N_SPECIAL;
	if (k + N_SPECIAL != c->vocab)
		return s2_fail(
			err, S2ST_EMODEL,
			"%s: tensor decoder.embed_tokens.weight: expected %zu rows for target_code_size %zu, found "
			"%zu; a model with language tags needs its dict.txt",
			s2_checkpoint_path(m->ckpt), k + N_SPECIAL, k, c->vocab);
	return s2_dict_units(&m->dict, k, err);
}

/* Tokens of an XM transformer are what its dictionary says, in the order of the file: nothing else tells. */
static int find_dict(const s2st_s2ut *m, const char **path, s2st_error *err)
{
	if (!*path && (m->data.lang_tag_first || m->net.cfg.waveform))
		*path = m->data.vocab;
	if (*path || !m->net.cfg.waveform)
		return 0;
	S2_TRY(find_beside(m, "dict.txt", path, err));
	if (!*path)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: expected a dictionary of its %zu tokens (vocab_filename of config.yaml, or "
			       "dict.txt beside the model), found none",
			       s2_checkpoint_path(m->ckpt), m->net.cfg.vocab);
	return 0;
}

static int open_dict(s2st_s2ut *m, const char *path, s2st_error *err)
{
	S2_TRY(find_dict(m, &path, err));
	if (!path)
		S2_TRY(open_unit_dict(m, err));
	else
		S2_TRY(s2_dict_read(&m->dict, path, err));
	if (s2_dict_size(m->dict) != m->net.cfg.vocab)
		return s2_fail(err, S2ST_EMODEL,
			       "%s: expected %zu symbols, the rows of decoder.embed_tokens.weight in %s, found %zu",
			       path, m->net.cfg.vocab, s2_checkpoint_path(m->ckpt), s2_dict_size(m->dict));
	for (size_t i = 0; i < s2_dict_size(m->dict); i++) {
		int32_t unit = s2_dict_unit(m->dict, i);
		if (unit >= 0 && (size_t)unit >= m->n_units)
			m->n_units = (size_t)unit + 1;
	}
	return 0;
}

/* "[en]" (SpeechMatrix) and "<lang:en>" (fairseq's own template). */
static bool is_lang_tag(const char *symbol)
{
	size_t n = strlen(symbol);
	return (n > 2 && symbol[0] == '[' && symbol[n - 1] == ']') ||
	       (strncmp(symbol, "<lang:", 6) == 0 && symbol[n - 1] == '>');
}

int s2_s2ut_token(const s2st_s2ut *m, const char *name, int32_t *out, s2st_error *err)
{
	static const char *const forms[][2] = {{"", ""}, {"[", "]"}, {"<lang:", ">"}};
	int64_t id = -1;
	size_t size = s2_dict_size(m->dict);
	if (name[0] && strlen(name) < 10 && strspn(name, "0123456789") == strlen(name))
		id = strtol(name, NULL, 10);
	for (size_t i = 0; id < 0 && i < sizeof forms / sizeof *forms; i++) {
		char symbol[96];
		int len = snprintf(symbol, sizeof symbol, "%s%s%s", forms[i][0], name, forms[i][1]);
		if ((size_t)len < sizeof symbol)
			id = s2_dict_index(m->dict, symbol);
	}
	if (id < 0 || (size_t)id >= size)
		return s2_fail(err, S2ST_EINPUT,
			       "prefix \"%.64s\": expected a symbol of the dictionary or a token id below %zu", name,
			       size);
	*out = (int32_t)id;
	return 0;
}

/* The only language tag of the dictionary; S2_ASK: there are several, or none. */
static int32_t only_lang_tag(const s2st_s2ut *m)
{
	size_t tags = 0;
	int32_t found = S2_ASK;
	for (size_t i = 0; i < s2_dict_size(m->dict); i++)
		if (is_lang_tag(s2_dict_symbol(m->dict, i)) && tags++ == 0)
			found = (int32_t)i;
	return tags == 1 ? found : S2_ASK;
}

/* Which tokens start and end a sentence (SpeechToSpeechTask.setup_task, SpeechToTextTask.build_generator). */
static int find_ends(s2st_s2ut *m, s2st_error *err)
{
	m->eos = S2_EOS;
	if (m->data.eos) {
		int64_t id = s2_dict_index(m->dict, m->data.eos);
		if (id < 0)
			return s2_fail(err, S2ST_EMODEL,
				       "%s: eos_token: expected a symbol of the dictionary, found \"%.64s\"",
				       s2_checkpoint_path(m->ckpt), m->data.eos);
		m->eos = (int32_t)id;
	}
	m->first_token = m->eos;
	m->first_output = m->data.lang_tag_forced && m->net.cfg.waveform ? only_lang_tag(m) : S2_FREE;
	if (!m->data.lang_tag_first)
		return 0;
	const s2_value *task = s2_checkpoint_config(m->ckpt, "task");
	const char *lang = s2_value_get_str(task, "infer_target_lang", "");
	if (lang[0])
		return s2_s2ut_token(m, lang, &m->first_token, err);
	m->first_token = only_lang_tag(m);
	return 0;
}

/* ---- life cycle ---- */

/* The configuration of a wav2vec 2.0 model: that of its checkpoint, or a file of its keys. */
static int read_w2v_config(const s2_value **out, s2_checkpoint **ckpt, s2_arena *a, const char *path, s2st_error *err)
{
	const char *dot = strrchr(s2_path_base(path), '.');
	s2_value *tree = NULL;
	if (dot && (strcmp(dot, ".json") == 0 || strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0)) {
		S2_TRY(s2_yaml_read(&tree, a, path, err));
		*out = tree;
	} else {
		S2_TRY(s2_checkpoint_open(ckpt, path, err));
		*out = s2_checkpoint_config(*ckpt, "model");
	}
	if (s2_value_get(*out, "model"))
		*out = s2_value_get(*out, "model");
	if (!s2_value_get(*out, "encoder_layers"))
		return s2_fail(err, S2ST_EMODEL,
			       "%s: expected the configuration of a wav2vec 2.0 model (encoder_layers, ...), found "
			       "none",
			       path);
	return 0;
}

static int bind_network(s2st_s2ut *m, const char *w2v_config, s2st_error *err)
{
	const s2_binder b = {.ckpt = m->ckpt, .arena = m->arena, .precision = m->ctx->precision};
	const s2_value *w2v = NULL;
	s2_checkpoint *ckpt = NULL;
	int rc = w2v_config ? read_w2v_config(&w2v, &ckpt, m->arena, w2v_config, err) : 0;
	if (rc >= 0)
		rc = s2_s2ut_bind(&m->net, &b, w2v, err);
	s2_checkpoint_close(ckpt);
	return rc;
}

static int open_parts(s2st_s2ut *m, const s2st_s2ut_files *files, s2st_error *err)
{
	m->arena = s2_arena_new();
	if (!m->arena)
		return s2_fail_mem(err, "model");
	S2_TRY(s2_checkpoint_open(&m->ckpt, files->model, err));
	S2_TRY(bind_network(m, files->w2v_config, err));
	S2_TRY(open_data_config(m, files->config, err));
	m->standardize = !files->no_standardize;
	if (!m->data.waveform)
		S2_TRY(s2_fbank_new(&m->fbank, SAMPLE_RATE, (int)m->data.n_bins, err));
	S2_TRY(open_dict(m, files->dict, err));
	return find_ends(m, err);
}

int s2st_s2ut_open(s2st_s2ut **out, s2st_context *ctx, const s2st_s2ut_files *files, s2st_error *err)
{
	*out = NULL;
	s2st_s2ut *m = calloc(1, sizeof *m);
	if (!m)
		return s2_fail_mem(err, "model");
	m->ctx = ctx;
	int rc = open_parts(m, files, err);
	if (rc < 0) {
		s2st_s2ut_free(m);
		return rc;
	}
	*out = m;
	return 0;
}

void s2st_s2ut_free(s2st_s2ut *m)
{
	if (!m)
		return;
	s2_dict_free(m->dict);
	s2_fbank_free(m->fbank);
	s2_checkpoint_close(m->ckpt);
	s2_arena_free(m->arena);
	free(m);
}

void s2st_s2ut_get_info(const s2st_s2ut *m, s2st_s2ut_info *out)
{
	const s2_s2ut_config *c = &m->net.cfg;
	*out = (s2st_s2ut_info){
		.kind = c->arch,
		.n_units = (int)m->n_units,
		.n_vocab = (int)c->vocab,
		.units_per_step = (int)c->units_per_step,
		.encoder_dim = (int)c->encoder.dim,
		.encoder_layers = (int)c->encoder_layers,
		.decoder_layers = (int)c->decoder_layers,
		.speaker_dim = (int)c->speaker_dim,
		.waveform = c->waveform,
		.max_source_positions = (int)c->max_source_positions,
		.max_target_positions = (int)c->max_target_positions,
		.features = m->data.text,
	};
}

const char *s2st_s2ut_symbol(const s2st_s2ut *m, int32_t token)
{
	return token < 0 ? NULL : s2_dict_symbol(m->dict, (size_t)token);
}
