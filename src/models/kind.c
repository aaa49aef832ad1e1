#include "models/kind.h"

#include <string.h>

static const struct {
	const char *name, *text;
} kinds[S2_N_KINDS] = {
	[S2_KIND_UNKNOWN] = {"unknown", "a network of unknown kind"},
	[S2_KIND_S2UT] = {"s2ut_transformer", "an S2UT transformer (speech to units)"},
	[S2_KIND_S2UT_CONFORMER] = {"s2ut_conformer", "an S2UT conformer (speech to units)"},
	[S2_KIND_S2SPECT] = {"s2spect_transformer", "a speech-to-spectrogram transformer"},
	[S2_KIND_UNITY] = {"unity", "a two-pass UnitY model"},
	[S2_KIND_S2T] = {"s2t_transformer", "a speech-to-text transformer"},
	[S2_KIND_XM] = {"xm_transformer", "an XM transformer (wav2vec 2.0 encoder, mBART-like decoder)"},
	[S2_KIND_HUBERT] = {"hubert", "a HuBERT encoder"},
	[S2_KIND_WAV2VEC2] = {"wav2vec2", "a wav2vec 2.0 encoder"},
	[S2_KIND_WAVLM] = {"wavlm", "a WavLM encoder"},
	[S2_KIND_CTC] = {"wav2vec_ctc", "a wav2vec 2.0 CTC recogniser"},
	[S2_KIND_CTC_HF] = {"wav2vec2_hf", "a wav2vec 2.0 model of Hugging Face"},
	[S2_KIND_CLASSIFIER] = {"wav2vec_classification", "a wav2vec 2.0 classifier"},
	[S2_KIND_SPEAKER] = {"ecapa_tdnn", "a speaker encoder (ECAPA-TDNN)"},
	[S2_KIND_LASER] = {"wav2vec2_laser", "a SpeechLASER encoder"},
	[S2_KIND_SPEECHT5] = {"speecht5", "a SpeechT5 model"},
	[S2_KIND_VOCODER] = {"code_hifigan", "a unit vocoder (HiFi-GAN)"},
	[S2_KIND_VITS] = {"vits", "a VITS text-to-speech model"},
	[S2_KIND_EXPERTS] = {"experts", "one rank's experts of a mixture (the model is its -shared.pt)"},
	[S2_KIND_TEXT] = {"text", "a text model"},
};

/* Tensor names that begin so occur in this kind; the first row that fits decides, so the narrower come first. `arch` is
 * the beginning of the architecture that the config must name as well; NULL: any. */
static const struct {
	const char *prefix, *arch;
	s2_kind kind;
} signs[] = {
	{"speech_encoder_prenet.", NULL, S2_KIND_SPEECHT5},
	{"layer2.Res2Conv1dReluBn.", NULL, S2_KIND_SPEAKER},
	{"enc_p.emb.", NULL, S2_KIND_VITS},
	{"conv_pre.", NULL, S2_KIND_VOCODER},
	{"classifier.", NULL, S2_KIND_CLASSIFIER},
	{"wav2vec2.", NULL, S2_KIND_CTC_HF},
	{"synthesizer_encoder.", NULL, S2_KIND_UNITY},
	{"encoder.conformer_layers.", "unity", S2_KIND_UNITY},
	{"encoder.w2v_encoder.", "unity", S2_KIND_UNITY},
	{"encoder.conformer_layers.", NULL, S2_KIND_S2UT_CONFORMER},
	{"decoder.feat_proj.", NULL, S2_KIND_S2SPECT},
	{"encoder.subsample.", "s2t", S2_KIND_S2T},
	{"encoder.transformer_layers.", NULL, S2_KIND_S2UT},
	{"encoder.w2v_encoder.", NULL, S2_KIND_XM},
	{"w2v_encoder.", "wav2vec2_laser", S2_KIND_LASER},
	{"w2v_encoder.", "wav2vec_classification", S2_KIND_CLASSIFIER},
	{"pool_func.", NULL, S2_KIND_CLASSIFIER},
	{"pooling_layer.", NULL, S2_KIND_CLASSIFIER},
	{"w2v_encoder.", NULL, S2_KIND_CTC},
	{"encoder.layers.0.self_attn.grep_linear.", NULL, S2_KIND_WAVLM},
	{"label_embs_concat", NULL, S2_KIND_HUBERT},
	{"feature_extractor.", "hubert", S2_KIND_HUBERT},
	{"feature_extractor.", NULL, S2_KIND_WAV2VEC2},
	{"encoder.embed_tokens.", NULL, S2_KIND_TEXT},
	{"decoder.embed_tokens.", NULL, S2_KIND_TEXT},
};

enum { N_SIGNS = sizeof signs / sizeof *signs };

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

const char *s2_model_arch(const s2_checkpoint *c)
{
	const s2_value *cfg = s2_checkpoint_config(c, "model");
	const char *arch = s2_value_get_str(cfg, "arch", NULL);
	return arch ? arch : s2_value_get_str(cfg, "_name", NULL);
}

s2_kind s2_model_kind(const s2_checkpoint *c)
{
	const char *arch = s2_model_arch(c);
	size_t first = N_SIGNS, n_experts = 0, n = s2_checkpoint_n_tensors(c);
	for (size_t i = 0; i < n; i++) {
		const char *name = s2_checkpoint_tensor_at(c, i)->name;
		n_experts += strstr(name, ".moe_layer.experts.") != NULL;
		for (size_t j = 0; j < first; j++)
			if (begins(name, signs[j].prefix) && (!signs[j].arch || (arch && begins(arch, signs[j].arch))))
				first = j;
	}
	if (n && n_experts == n)
		return S2_KIND_EXPERTS;
	return first < N_SIGNS ? signs[first].kind : S2_KIND_UNKNOWN;
}

const char *s2_kind_name(s2_kind k)
{
	return kinds[k].name;
}

const char *s2_kind_text(s2_kind k)
{
	return kinds[k].text;
}

int s2_expect_kind(const s2_checkpoint *c, s2_kind want, s2st_error *err)
{
	s2_kind found = s2_model_kind(c);
	if (found == want)
		return 0;
	return s2_fail(err, S2ST_EMODEL, "%s: expected %s, found %s", s2_checkpoint_path(c), s2_kind_text(want),
		       s2_kind_text(found));
}
