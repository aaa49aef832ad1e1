/* The recognisers of ASR-BLEU by language, as the field's script names them (fairseq
 * examples/speech_to_speech/asr_bleu/asr_model_cfgs.json, version oct22), looked up in a folder of models. */
#include <stdlib.h>
#include <string.h>

#include "cli_recordings.h"

static const cli_language languages[] = {
	{"eng", "en", "wav2vec_vox_960h_pl.pt", true},
	{"hok", "hok", "ust_asr/hok/checkpoint_best.pt", true},
	{"spa", "es", "jonatasgrosman/wav2vec2-large-xlsr-53-spanish", false},
	{"fra", "fr", "jonatasgrosman/wav2vec2-large-fr-voxpopuli-french", false},
	{"cmn", "zh", "ydshieh/wav2vec2-large-xlsr-53-chinese-zh-cn-gpt", false},
	{"tur", "tr", "cahya/wav2vec2-large-xlsr-turkish-artificial-cv", false},
	{"arb", "ar", "jonatasgrosman/wav2vec2-large-xlsr-53-arabic", false},
	{"vie", "vi", "not-tanh/wav2vec2-large-xlsr-53-vietnamese", false},
	{"deu", "de", "jonatasgrosman/wav2vec2-xls-r-1b-german", false},
	{"pol", "pl", "jonatasgrosman/wav2vec2-xls-r-1b-polish", false},
	{"ita", "it", "jonatasgrosman/wav2vec2-large-xlsr-53-italian", false},
	{"por", "pt", "jonatasgrosman/wav2vec2-xls-r-1b-portuguese", false},
	{"ron", "ro", "gigant/romanian-wav2vec2", false},
	{"ces", "cs", "comodoro/wav2vec2-xls-r-300m-cs-250", false},
	{"slk", "sk", "anuragshas/wav2vec2-xls-r-300m-sk-cv8-with-lm", false},
	{"slv", "sl", "anuragshas/wav2vec2-xls-r-300m-sl-cv8-with-lm", false},
	{"fin", "fi", "jonatasgrosman/wav2vec2-large-xlsr-53-finnish", false},
	{"hun", "hu", "jonatasgrosman/wav2vec2-large-xlsr-53-hungarian", false},
	{"est", "et", "RASMUS/wav2vec2-xlsr-1b-et", false},
	{"lit", "lt", "sammy786/wav2vec2-xlsr-lithuanian", false},
	{"nld", "nl", "jonatasgrosman/wav2vec2-xls-r-1b-dutch", false},
	{"lvs", "lv", "reach-vb/wav2vec2-large-xls-r-1B-common_voice7-lv-ft", false},
	{"swe", "sv", "marinone94/xls-r-300m-sv-robust", false},
	{"hrv", "hr", "classla/wav2vec2-xls-r-parlaspeech-hr", false},
};
enum { N_LANGUAGES = sizeof languages / sizeof *languages };

const cli_language *cli_find_language(const char *code)
{
	for (size_t i = 0; code && i < N_LANGUAGES; i++)
		if (strcmp(languages[i].code, code) == 0 || strcmp(languages[i].short_code, code) == 0)
			return &languages[i];
	return NULL;
}

const char *cli_language_codes(void)
{
	static const char codes[] = "en hok es fr zh tr ar vi de pl it pt ro cs sk sl fi hu et lt nl lv sv hr";
	return codes;
}

/* DIR/OWNER/NAME, else DIR/NAME. */
char *cli_language_model(const cli_language *l, const char *dir)
{
	const char *base = strrchr(l->model, '/');
	char *path = NULL;
	if (asprintf(&path, "%s/%s", dir, l->model) < 0)
		return NULL;
	if (cli_exists(path) || !base)
		return path;
	char *flat = NULL;
	if (asprintf(&flat, "%s%s", dir, base) < 0)
		flat = NULL;
	if (flat && cli_exists(flat)) {
		free(path);
		return flat;
	}
	free(flat);
	return path;
}
