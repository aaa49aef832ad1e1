/* What a checkpoint holds: container, kind, sizes that matter, what it fits with, configuration, tensors. */
#include "api/inspect.h"

#include <stdio.h>
#include <string.h>

#include "formats/dict.h"
#include "layers/bind.h"
#include "models/kind.h"

/* ---- sizes that matter for what fits ----------------------------------------------------------------------------- */

typedef enum how { DIM, COUNT } how;

/* A fact about a kind of network: a dimension of a tensor, or the number of layers, N of "tensorN." + suffix. */
typedef struct fact {
	s2_kind kind;
	const char *key;
	how how;
	const char *tensor, *suffix;
	int dim;
} fact;

/* Transformers have fc1, conformers ffn1.w_1. */
#define ENCODER(kind, prefix)                                                                    \
	{kind, "layers", COUNT, prefix "encoder.layers.", "final_layer_norm.weight", 0},        \
	{kind, "dim", DIM, prefix "encoder.layers.0.final_layer_norm.weight", NULL, 0},          \
	{kind, "ffn_dim", DIM, prefix "encoder.layers.0.fc1.weight", NULL, 0},                   \
	{kind, "ffn_dim", DIM, prefix "encoder.layers.0.ffn1.w_1.weight", NULL, 0}

#define XM_ENCODER "encoder.w2v_encoder.w2v_model.encoder.layers."

static const fact facts[] = {
	{S2_KIND_S2UT, "vocabulary", DIM, "decoder.embed_tokens.weight", NULL, 0},
	{S2_KIND_S2UT, "encoder_layers", COUNT, "encoder.transformer_layers.", "fc1.weight", 0},
	{S2_KIND_S2UT, "decoder_layers", COUNT, "decoder.layers.", "fc1.weight", 0},
	{S2_KIND_S2UT, "encoder_dim", DIM, "encoder.transformer_layers.0.fc1.weight", NULL, 1},
	{S2_KIND_S2UT, "decoder_dim", DIM, "decoder.layers.0.fc1.weight", NULL, 1},
	{S2_KIND_XM, "vocabulary", DIM, "decoder.embed_tokens.weight", NULL, 0},
	{S2_KIND_XM, "encoder_layers", COUNT, XM_ENCODER, "final_layer_norm.weight", 0},
	{S2_KIND_XM, "encoder_dim", DIM, XM_ENCODER "0.final_layer_norm.weight", NULL, 0},
	{S2_KIND_XM, "adaptor_layers", COUNT, "encoder.adaptor.layers.", "weight", 0},
	{S2_KIND_XM, "decoder_layers", COUNT, "decoder.layers.", "final_layer_norm.weight", 0},
	{S2_KIND_XM, "decoder_dim", DIM, "decoder.embed_tokens.weight", NULL, 1},
	{S2_KIND_VOCODER, "units", DIM, "dict.weight", NULL, 0},
	{S2_KIND_VOCODER, "embedding_dim", DIM, "dict.weight", NULL, 1},
	{S2_KIND_VOCODER, "speakers", DIM, "spkr.weight", NULL, 0},
	{S2_KIND_VOCODER, "upsampling_layers", COUNT, "ups.", "bias", 0},
	ENCODER(S2_KIND_HUBERT, ""),
	ENCODER(S2_KIND_WAV2VEC2, ""),
	ENCODER(S2_KIND_WAVLM, ""),
	ENCODER(S2_KIND_CTC, "w2v_encoder.w2v_model."),
	{S2_KIND_CTC, "vocabulary", DIM, "w2v_encoder.proj.weight", NULL, 0},
	ENCODER(S2_KIND_LASER, "w2v_encoder.w2v_model."),
	ENCODER(S2_KIND_CLASSIFIER, "w2v_encoder.w2v_model."),
};

static void report_facts(s2_report *r, const s2_checkpoint *c, s2_kind kind)
{
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
		const fact *f = &facts[i];
		if (f->kind != kind)
			continue;
		if (f->how == COUNT) {
			s2_report_int(r, f->key, (int64_t)s2_bind_count(c, f->tensor, f->suffix));
			continue;
		}
		const s2_tensor *t = s2_checkpoint_tensor(c, f->tensor);
		if (t && f->dim < t->rank)
			s2_report_int(r, f->key, (int64_t)t->dims[f->dim]);
	}
}

static long long found(const s2_report *r, const char *key)
{
	const s2_value *v = s2_value_get(r->root, key);
	return v && v->kind == S2_V_INT ? (long long)v->u.i : 0;
}

/* K of --target-is-code models; 0: the vocabulary comes from a dict.txt. */
static int64_t code_size(const s2_checkpoint *c)
{
	s2st_error ignored;
	int64_t k = 0;
	const s2_value *task = s2_checkpoint_config(c, "task");
	if (s2_value_get_int(task, "target_code_size", 0, &k, "", &ignored) < 0 || k < 0)
		return 0;
	return k;
}

/* Mixtures in place of feed-forward parts: how many layers have one, and of how many experts. */
static void report_experts(s2_report *r, const s2_checkpoint *c)
{
	size_t layers = 0, experts = 0;
	for (size_t i = 0; i < s2_checkpoint_n_tensors(c); i++) {
		const s2_tensor *t = s2_checkpoint_tensor_at(c, i);
		if (!strstr(t->name, ".moe_layer.gate.wg.weight") || t->rank != 2)
			continue;
		layers++;
		experts = t->dims[0];
	}
	if (layers == 0)
		return;
	s2_report_int(r, "mixture_layers", (int64_t)layers);
	s2_report_int(r, "experts", (int64_t)experts);
	s2_report_int(r, "rank_files", (int64_t)s2_checkpoint_n_ranks(c));
}

static void report_fit(s2_report *r, const s2_checkpoint *c, s2_kind kind)
{
	const int64_t k = code_size(c);
	switch (kind) {
	case S2_KIND_S2UT:
		if (k > 0)
			s2_report_int(r, "units", k);
		s2_report_format(r, "fits", "a vocoder for %s%lld units", k ? "" : "at most ",
				 k ? (long long)k : found(r, "vocabulary") - 4);
		break;
	case S2_KIND_XM:
		report_experts(r, c);
		s2_report_format(r, "fits",
				 "a dict.txt of %lld symbols, the special ones included, or one of %lld without them",
				 found(r, "vocabulary"), found(r, "vocabulary") - 4);
		break;
	case S2_KIND_VOCODER:
		s2_report_bool(r, "duration_predictor", s2_checkpoint_tensor(c, "dur_predictor.proj.weight") != NULL);
		s2_report_format(r, "fits", "units 0 to %lld (K = %lld), and its config.json", found(r, "units") - 1,
				 found(r, "units"));
		break;
	case S2_KIND_HUBERT:
	case S2_KIND_WAV2VEC2:
	case S2_KIND_WAVLM:
		s2_report_format(r, "fits", "k-means centroids of %lld values over one of its layers 1 to %lld",
				 found(r, "dim"), found(r, "layers"));
		break;
	case S2_KIND_CTC:
		s2_report_format(r, "fits", "a dict.ltr.txt of %lld symbols besides the four special ones",
				 found(r, "vocabulary") - 4);
		break;
	default: break;
	}
}

/* What --precision bf16 and int8 change; see math/packed.h. Nothing for kinds that are not computed here. */
static void report_precision(s2_report *r, s2_kind kind)
{
	static const char of_s2ut[] =
		"linear layers, convolutions, output projection, the encoder's attention; float32: norms, softmax, "
		"the decoder's attention";
	static const char of_xm[] =
		"linear layers, convolutions but the first, the encoder's attention; float32: norms, softmax, "
		"the decoder's attention";
	static const char of_encoders[] =
		"linear layers, convolutions but the first, attention; float32: norms, softmax";
	static const char *const texts[S2_N_KINDS] = {
		[S2_KIND_S2UT] = of_s2ut,
		[S2_KIND_XM] = of_xm,
		[S2_KIND_VOCODER] = "convolutions but the last; float32: durations",
	};
	const bool encoder = kind == S2_KIND_HUBERT || kind == S2_KIND_WAV2VEC2 || kind == S2_KIND_WAVLM ||
			     kind == S2_KIND_CTC || kind == S2_KIND_CTC_HF || kind == S2_KIND_LASER;
	s2_report_text(r, "bf16_int8", encoder ? of_encoders : texts[kind]);
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static void report_size(s2_report *r, const s2_checkpoint *c)
{
	uint64_t total = 0;
	int64_t counts[S2_N_DTYPES] = {0};
	for (size_t i = 0; i < s2_checkpoint_n_tensors(c); i++) {
		const s2_tensor *t = s2_checkpoint_tensor_at(c, i);
		if (__builtin_add_overflow(total, s2_tensor_count(t), &total))
			total = INT64_MAX; /* tensors that share storage can add up to anything */
		counts[t->dtype]++;
	}
	s2_report_int(r, "parameters", (int64_t)(total > INT64_MAX ? INT64_MAX : total));
	s2_value *dtypes = s2_report_dict(r, "dtypes");
	for (int d = 0; d < S2_N_DTYPES; d++)
		if (counts[d])
			s2_report_put(r, dtypes, s2_dtype_name((s2_dtype)d), s2_report_new_int(r, counts[d]));
}

/* Dictionaries in task_state: for some fine-tuned models the only copy. */
static void report_dictionaries(s2_report *r, const s2_value *root)
{
	const s2_pair *pairs = NULL;
	s2_value *out = NULL;
	const size_t n = s2_value_pairs(s2_value_get(root, "task_state"), &pairs);
	for (size_t i = 0; i < n; i++) {
		s2st_error ignored;
		s2_dict *d;
		const s2_value *v = pairs[i].val;
		if (pairs[i].key->kind != S2_V_STR || v->kind != S2_V_OBJECT ||
		    s2_dict_from_value(&d, v, pairs[i].key->u.str.s, &ignored) < 0)
			continue;
		if (!out)
			out = s2_report_dict(r, "dictionaries");
		s2_report_put(r, out, pairs[i].key->u.str.s, s2_report_new_int(r, (int64_t)s2_dict_size(d)));
		s2_dict_free(d);
	}
}

static const s2_value *config_of(const s2_value *root)
{
	const char *const keys[] = {"cfg", "args"};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const s2_value *v = s2_value_get(root, keys[i]);
		if (v && v->kind != S2_V_NONE)
			return v;
	}
	return NULL;
}

static void report_checkpoint(s2_report *r, const s2_checkpoint *c)
{
	const s2_kind kind = s2_model_kind(c);
	const s2_value *root = s2_checkpoint_root(c), *config = config_of(root);
	s2_report_text(r, "container", s2_checkpoint_container(c));
	s2_report_text(r, "kind", s2_kind_name(kind));
	s2_report_text(r, "description", s2_kind_text(kind));
	s2_report_text(r, "architecture", s2_model_arch(c));
	s2_report_bool(r, "optimizer_state", s2_checkpoint_has_optimizer(c));
	report_size(r, c);
	report_facts(r, c, kind);
	report_fit(r, c, kind);
	report_precision(r, kind);
	report_dictionaries(r, root);
	if (config)
		s2_report_value(r, "config", config);
	for (size_t i = 0; i < s2_checkpoint_n_tensors(c); i++)
		s2_report_tensor(r, s2_checkpoint_tensor_at(c, i)->name, s2_checkpoint_tensor_at(c, i));
}

int s2_describe_checkpoint(s2_subject *s, const char *path, s2st_error *err)
{
	S2_TRY(s2_checkpoint_open(&s->checkpoint, path, err));
	report_checkpoint(&s->report, s->checkpoint);
	return S2ST_OK;
}
