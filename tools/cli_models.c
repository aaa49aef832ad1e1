/* The models behind the tools: their options, packs, opening, closing. */
#include "cli_models.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- options ---- */

void cli_s2ut_defaults(cli_s2ut *m)
{
	m->standardize = true;
	m->search = s2st_search_defaults();
}

void cli_s2ut_options(cli_s2ut *m, cli_option out[CLI_N_S2UT_OPTIONS])
{
	s2st_search_options *s = &m->search;
	const cli_option options[CLI_N_S2UT_OPTIONS] = {
		{'m', "model", CLI_TEXT, "FILE", &m->files.model, 0, 0,
		 "S2UT or XM checkpoint as fairseq saved it; of a mixture of experts NAME-shared.pt, or a .tar of "
		 "its files"},
		{0, "config", CLI_TEXT, "FILE", &m->files.config, 0, 0,
		 "config.yaml; none: the one beside the model, if any"},
		{0, "dict", CLI_TEXT, "FILE", &m->files.dict, 0, 0,
		 "dict.txt of the units; none: units 0 to K-1, or what the config of an XM model names"},
		{0, "w2v-config", CLI_TEXT, "FILE", &m->files.w2v_config, 0, 0,
		 "XM models: the wav2vec 2.0 checkpoint they started from, or its keys (.json, .yaml); none: derived "
		 "from the tensors"},
		{0, "standardize", CLI_FLAG, NULL, &m->standardize, 0, 0,
		 "XM models: normalise the samples over the utterance, as fairseq always does"},
		{0, "speaker-embed", CLI_TEXT, "FILE", &m->speaker_file, 0, 0,
		 ".npy vector of the target speaker, for models with a speaker embedding"},
		{0, "beam", CLI_INT, "N", &s->beam, 1, 1000, "hypotheses kept at each step; XM models: 10"},
		{0, "max-len-a", CLI_REAL, "A", &s->max_len_a, 0, 1e6,
		 "at most A * frames + B units (frames of 10 ms; samples for XM models, and then 1/320)"},
		{0, "max-len-b", CLI_INT, "B", &s->max_len_b, 0, 1000000, "see --max-len-a"},
		{0, "min-len", CLI_INT, "N", &s->min_len, 0, 1000000, "at least N tokens, the closing one included"},
		{0, "lenpen", CLI_REAL, "L", &s->lenpen, -100, 100,
		 "scores are divided by length^L; more favours longer output"},
		{0, "unkpen", CLI_REAL, "P", &s->unkpen, -1e6, 1e6, "taken from the score of <unk>"},
		{0, "temperature", CLI_REAL, "T", &s->temperature, 1e-6, 1e6, "divides the logits"},
		{0, "no-repeat-ngram", CLI_INT, "N", &s->no_repeat_ngram, 0, 1000,
		 "no n-gram of this size twice; 0: off"},
		{0, "prefix", CLI_TEXT, "TOKEN", &s->prefix, 0, 0,
		 "first target symbol ('[en]') or token id, for multilingual models"},
		{0, "batch", CLI_INT, "N", &s->batch, 0, CLI_MAX_BATCH,
		 "inputs that each core decodes together, for speed alone; 0: as many as suit the beam"},
	};
	memcpy(out, options, sizeof options);
}

void cli_vocoder_defaults(cli_vocoder *v)
{
	v->seed = 1;
}

void cli_voice_options(cli_vocoder *v, cli_sink *sink, cli_option out[CLI_N_VOICE_OPTIONS])
{
	const cli_option options[CLI_N_VOICE_OPTIONS] = {
		{0, "dur-prediction", CLI_FLAG, NULL, &v->options.dur_prediction, 0, 0,
		 "predict how long each unit lasts (for reduced units); off: one frame each"},
		{0, "speaker", CLI_TEXT, "K", &v->speaker_text, 0, 0,
		 "speaker of a multi-speaker vocoder, or 'random'; none: 0, or the pack's"},
		{0, "style", CLI_INT, "K", &v->options.style, 0, INT_MAX, "style of a vocoder that has styles"},
		{0, "seed", CLI_INT, "N", &v->seed, 0, INT_MAX, "of --speaker random"},
		{0, "sample-format", CLI_CHOICE, "s16|float", &sink->sample_format, 0, 0, "samples of the output"},
		{0, "container", CLI_CHOICE, "auto|wav|raw", &sink->container, 0, 0,
		 "raw: samples without a header (little endian)"},
	};
	memcpy(out, options, sizeof options);
}

void cli_asr_defaults(cli_asr *m)
{
	m->options.lm_weight = 2;
}

void cli_asr_options(cli_asr *m, cli_option out[CLI_N_ASR_OPTIONS])
{
	const cli_option options[CLI_N_ASR_OPTIONS] = {
		{'m', "model", CLI_TEXT, "PATH", &m->files.model, 0, 0,
		 "recogniser with a CTC head: fairseq checkpoint or Hugging Face folder"},
		{0, "dict", CLI_TEXT, "FILE", &m->files.dict, 0, 0,
		 "dict.ltr.txt or vocab.json; none: the one in the checkpoint or beside the model"},
		{0, "post-process", CLI_CHOICE, "collapse|none", &m->post_process, 0, 0,
		 "collapse: symbols are letters; none: symbols are words or syllables, joined by spaces"},
		{0, "beam", CLI_INT, "N", &m->options.beam, 0, 10000,
		 "texts kept at each step; 1: the best path, as the reference; 0: 1, or 50 with --lm"},
		{0, "lm", CLI_TEXT, "FILE", &m->lm_file, 0, 0, "n-gram model of words in ARPA format (KenLM, SRILM)"},
		{0, "lm-weight", CLI_REAL, "W", &m->options.lm_weight, -1e6, 1e6, "times what the model says"},
		{0, "word-score", CLI_REAL, "S", &m->options.word_score, -1e6, 1e6, "for each word, with --lm"},
	};
	memcpy(out, options, sizeof options);
}

/* ---- from options and pack to files ---- */

static const char *pick(const char *given, const s2st_pack *pack, const char *role)
{
	return given || !pack ? given : s2st_pack_file(pack, role);
}

static void read_speaker(const cli *c, cli_vocoder *v)
{
	char *end;
	if (!v->speaker_text)
		return;
	v->random_speaker = strcmp(v->speaker_text, "random") == 0;
	if (v->random_speaker)
		return;
	errno = 0;
	long k = strtol(v->speaker_text, &end, 10);
	if (end == v->speaker_text || *end || errno || k < 0 || k > INT_MAX)
		cli_misuse(c, "--speaker: expected a number from 0 or 'random', found '%s'", v->speaker_text);
	v->options.speaker = (int)k;
}

static int open_pack(cli *c, cli_models *m)
{
	s2st_error err;
	if (s2st_pack_open(&m->pack, c->pack, &err) < 0) {
		cli_error(c, NULL, err.text);
		return CLI_MODEL;
	}
	if (m->vocoder)
		s2st_pack_vocode(m->pack, &m->vocoder->options);
	cli_parse(c); /* what the user says wins over what the pack recommends */
	return CLI_OK;
}

int cli_models_configure(cli *c, cli_models *m)
{
	int code = c->pack ? open_pack(c, m) : CLI_OK;
	if (code != CLI_OK)
		return code;
	if (m->s2ut) {
		s2st_s2ut_files *f = &m->s2ut->files;
		const bool own = f->model != NULL; /* the pack's config belongs to the pack's model only */
		f->no_standardize = !m->s2ut->standardize;
		f->model = pick(f->model, m->pack, "s2ut");
		f->config = pick(f->config, own ? NULL : m->pack, "config");
		f->dict = pick(f->dict, own ? NULL : m->pack, "dict");
		f->w2v_config = pick(f->w2v_config, own ? NULL : m->pack, "w2v_config");
		if (!f->model)
			cli_misuse(c, "no S2UT model: give -m MODEL.pt or --pack DIR");
	}
	if (m->vocoder) {
		cli_vocoder *v = m->vocoder;
		const bool own = v->model_file != NULL;
		v->model_file = pick(v->model_file, m->pack, "vocoder");
		v->config_file = pick(v->config_file, own ? NULL : m->pack, "vocoder_config");
		if (!v->model_file)
			cli_misuse(c, "no vocoder: give %s MODEL.pt or --pack DIR", m->s2ut ? "--vocoder" : "-m");
		read_speaker(c, v);
	}
	if (m->asr) {
		s2st_asr_files *f = &m->asr->files;
		const bool own = f->model != NULL || f->language; /* adapters of a language have their own dictionary */
		f->model = pick(f->model, m->pack, "asr");
		f->dict = pick(f->dict, own ? NULL : m->pack, "asr_dict");
		if (!f->model)
			cli_misuse(c, "no recogniser: give %s MODEL or --pack DIR", m->s2ut ? "--asr" : "-m");
	}
	return CLI_OK;
}

/* ---- opening ---- */

/* The speaker vector that the model `name` takes, [dim]; misuse where only one side has it. */
static int read_vector(const cli *c, float **out, const char *file, int dim, const char *name, const char *option)
{
	s2st_error err;
	size_t n = 0;
	if (!file && dim == 0)
		return CLI_OK;
	if (!file)
		return cli_misused(c, "%s takes a speaker vector of %d values: give %s FILE.npy", name, dim, option);
	if (dim == 0)
		return cli_misused(c, "%s %s: %s takes no speaker vector", option, file, name);
	if (s2st_npy_read(out, &n, file, &err) < 0)
		return cli_misused(c, "%s: %s", option, err.text);
	if (n != (size_t)dim)
		return cli_misused(c, "%s %s: expected %d values for %s, found %zu", option, file, dim, name, n);
	return CLI_OK;
}

static int open_s2ut(cli *c, cli_s2ut *m, s2st_context *context, const s2st_pack *pack)
{
	s2st_error err;
	if (s2st_s2ut_open(&m->model, context, &m->files, &err) < 0) {
		cli_error(c, m->files.model, err.text);
		return CLI_MODEL;
	}
	s2st_s2ut_get_info(m->model, &m->info);
	m->search = s2st_s2ut_search_defaults(m->model);
	if (pack)
		s2st_pack_search(pack, &m->search);
	cli_parse(c); /* what the user says wins over what the model and the pack recommend */
	int code = read_vector(c, &m->speaker, m->speaker_file, m->info.speaker_dim, m->files.model, "--speaker-embed");
	m->search.speaker = m->speaker;
	return code;
}

/* Does the vocoder have what the options ask for? */
static int check_voice(const cli *c, const cli_vocoder *v)
{
	const s2st_vocode_options *o = &v->options;
	const int speakers = v->info.n_speakers > 0 ? v->info.n_speakers : 1;
	if (!v->random_speaker && o->speaker >= speakers)
		return cli_misused(c, "--speaker %d: %s has %d speaker%s, counted from 0", o->speaker, v->model_file,
				   speakers, speakers == 1 ? "" : "s");
	if (o->style > 0 && o->style >= v->info.n_styles)
		return cli_misused(c, "--style %d: %s has %d styles", o->style, v->model_file, v->info.n_styles);
	if (o->dur_prediction && !v->info.has_duration_predictor)
		return cli_misused(c, "--dur-prediction: %s has no duration predictor", v->model_file);
	return CLI_OK;
}

static int open_vocoder(cli *c, cli_vocoder *v, s2st_context *context, const char *vector_option)
{
	s2st_error err;
	if (s2st_vocoder_open(&v->model, context, v->model_file, v->config_file, &err) < 0) {
		cli_error(c, v->model_file, err.text);
		return CLI_MODEL;
	}
	s2st_vocoder_get_info(v->model, &v->info);
	int code = read_vector(c, &v->speaker, v->speaker_file, v->info.speaker_dim, v->model_file, vector_option);
	v->options.speaker_vector = v->speaker;
	return code == CLI_OK ? check_voice(c, v) : code;
}

static int open_lm(cli *c, cli_asr *m)
{
	enum { BEAM = 50 };
	s2st_error err;
	if (m->options.beam == 0)
		m->options.beam = m->lm_file ? BEAM : 1;
	if (!m->lm_file)
		return CLI_OK;
	if (m->options.beam == 1)
		return cli_misused(c, "--lm: the best path of --beam 1 knows no words");
	int rc = s2st_lm_open(&m->lm, m->lm_file, &err);
	if (rc == S2ST_OK)
		rc = s2st_asr_check_lm(m->model, m->lm, &err);
	if (rc < 0)
		cli_error(c, m->lm_file, err.text);
	m->options.lm = m->lm;
	return rc < 0 ? CLI_MODEL : CLI_OK;
}

static int open_asr(cli *c, cli_asr *m, s2st_context *context)
{
	static const char *const post[] = {"collapse", "none"};
	s2st_error err;
	if (s2st_asr_open(&m->model, context, &m->files, &err) < 0) {
		cli_error(c, m->files.model, err.text);
		return CLI_MODEL;
	}
	s2st_asr_get_info(m->model, &m->info);
	m->options.post_process = post[m->post_process];
	return open_lm(c, m);
}

/* What the library looks for beside a model counts too. */
static int depend_on_all(cli *c, const cli_models *m, s2st_error *err)
{
	const char *s2ut = m->s2ut ? m->s2ut->files.model : NULL;
	const char *vocoder = m->vocoder ? m->vocoder->model_file : NULL;
	const char *asr = m->asr ? m->asr->files.model : NULL;
	const struct {
		const char *file, *beside, *name; /* name: of the file beside `beside` that is taken without `file` */
	} files[] = {
		{s2ut, NULL, NULL},
		{s2ut ? m->s2ut->files.config : NULL, s2ut, "config.yaml"},
		{s2ut ? m->s2ut->files.dict : NULL, NULL, NULL},
		{s2ut ? m->s2ut->speaker_file : NULL, NULL, NULL},
		{vocoder, NULL, NULL},
		{vocoder ? m->vocoder->config_file : NULL, vocoder, "config.json"},
		{vocoder ? m->vocoder->speaker_file : NULL, NULL, NULL},
		{asr, NULL, NULL},
		{asr ? m->asr->files.dict : NULL, asr, "dict.ltr.txt"},
		{asr ? m->asr->lm_file : NULL, NULL, NULL},
	};
	int rc = S2ST_OK;
	for (size_t i = 0; i < sizeof files / sizeof *files && rc == S2ST_OK; i++) {
		rc = cli_depend(c, files[i].file, err);
		if (rc == S2ST_OK && !files[i].file && files[i].beside)
			rc = cli_depend_beside(c, files[i].beside, files[i].name, err);
	}
	return rc;
}

int cli_models_open(cli *c, cli_models *m)
{
	s2st_error err;
	if (depend_on_all(c, m, &err) < 0) {
		cli_error(c, NULL, err.text);
		return CLI_MODEL;
	}
	const s2st_context_options options = {.threads = c->jobs, .precision = (s2st_precision)c->precision};
	int rc = s2st_context_new(&m->context, &options, &err);
	if (rc < 0) {
		cli_error(c, NULL, err.text);
		return rc == S2ST_EINPUT ? CLI_USAGE : CLI_FAILED;
	}
	int code = m->s2ut ? open_s2ut(c, m->s2ut, m->context, m->pack) : CLI_OK;
	if (code == CLI_OK && m->vocoder)
		code = open_vocoder(c, m->vocoder, m->context, m->s2ut ? "--vocoder-speaker-embed" : "--speaker-embed");
	if (code == CLI_OK && m->asr)
		code = open_asr(c, m->asr, m->context);
	if (code != CLI_OK)
		return code;
	const s2st_s2ut *s2ut = m->s2ut ? m->s2ut->model : NULL;
	const s2st_vocoder *vocoder = m->vocoder ? m->vocoder->model : NULL;
	rc = S2ST_OK;
	if (s2ut && vocoder)
		rc = s2st_check_fit(s2ut, vocoder, &err);
	if (rc == S2ST_OK && m->pack)
		rc = s2st_pack_check(m->pack, s2ut, vocoder, &err);
	if (rc < 0) {
		cli_error(c, NULL, err.text);
		return CLI_MODEL;
	}
	cli_info(c, "%d threads, %s kernels, %s", s2st_context_threads(m->context), s2st_context_isa(m->context),
		 s2st_precision_name(s2st_context_precision(m->context)));
	return CLI_OK;
}

void cli_models_close(cli_models *m)
{
	if (m->s2ut) {
		s2st_s2ut_free(m->s2ut->model);
		free(m->s2ut->speaker);
	}
	if (m->vocoder) {
		s2st_vocoder_free(m->vocoder->model);
		free(m->vocoder->speaker);
	}
	if (m->asr) {
		s2st_asr_free(m->asr->model);
		s2st_lm_free(m->asr->lm);
	}
	s2st_context_free(m->context);
	s2st_pack_free(m->pack);
}

/* ---- running ---- */

int cli_speaker(const cli_vocoder *v, size_t index)
{
	if (!v->random_speaker || v->info.n_speakers <= 0)
		return v->options.speaker;
	/* splitmix64 of (seed, index): the same for any order of the inputs, any shard */
	uint64_t z =
		(uint64_t)v->seed * 0x9e3779b97f4a7c15u + (uint64_t)index * 0xd1342543de82ef95u + 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (int)((z ^ (z >> 31)) % (uint64_t)v->info.n_speakers);
}

int cli_sessions_new(cli_sessions **out, const cli_models *m, s2st_error *err)
{
	cli_sessions *s = calloc(1, sizeof *s);
	if (!s)
		return cli_fail_memory(err);
	int rc = m->s2ut ? s2st_s2ut_session_new(&s->s2ut, m->s2ut->model, err) : S2ST_OK;
	if (rc == S2ST_OK && m->vocoder)
		rc = s2st_vocoder_session_new(&s->vocoder, m->vocoder->model, err);
	if (rc == S2ST_OK && m->asr)
		rc = s2st_asr_session_new(&s->asr, m->asr->model, err);
	if (rc == S2ST_OK)
		*out = s;
	else
		cli_sessions_free(s);
	return rc;
}

void cli_sessions_free(cli_sessions *s)
{
	if (!s)
		return;
	s2st_s2ut_session_free(s->s2ut);
	s2st_vocoder_session_free(s->vocoder);
	s2st_asr_session_free(s->asr);
	free(s);
}
