#!/usr/bin/env bash
# A pack of a SpeechMatrix model: speech of one European language to speech of another.
set -euo pipefail
# shellcheck source=scripts/fetch-lib.sh
source "$(dirname "$0")/fetch-lib.sh"

usage() {
	cat <<'END'
usage: scripts/fetch-speechmatrix.sh [options] SRC TGT
Fetches SpeechMatrix's textless S2UT model of a direction with the vocoder of its target language.
  SRC             cs de en es et fi fr hr hu it lt nl pl pt ro sk sl, or slavic (to en: one model for six languages)
  TGT             de en es fr it nl pl pt ro
  --xm            the XM transformer instead, 1.3 billion parameters; SRC: slavic or all, TGT: en
  --gshard        the mixture of experts instead, 4.3 billion parameters; SRC: slavic or all, TGT: en
  --dict FILE     the dictionary of these two; without it that of unit mBART, which their decoders started from, as
                  SpeechMatrix has published none. One of another size than the model is refused when it is opened.
  --with-encoder  also mHuBERT and k-means of the target's units, for s2u-quantize
  --laser         also the SpeechLASER encoder of the source's family, for speech-embed
END
	fetch_usage
	echo "The models are CC-BY-NC 4.0: not for commercial use."
}

# The SpeechLASER encoder that hears a language.
laser_of() {
	case $1 in
	es | fr | it | pt | ro) echo romance ;;
	cs | pl | sk | hr | slavic) echo slavic ;;
	de) echo germanic ;;
	fi | et | hu) echo uralic ;;
	en) echo english ;;
	sl) echo slovenian ;;
	lt) echo lithuanian ;;
	nl) echo dutch ;;
	esac
}

fetch_options "$@"
encoder='' laser='' kind=textless dict='' languages=()
set -- ${fetch_args[@]+"${fetch_args[@]}"}
while [ $# -gt 0 ]; do
	case $1 in
	--with-encoder) encoder=1 ;;
	--laser) laser=1 ;;
	--xm) kind=xm_transformer ;;
	--gshard) kind=gshard ;;
	--dict)
		[ $# -gt 1 ] || fetch_misuse '--dict takes a value'
		dict=$2
		shift
		;;
	-*) fetch_misuse "unknown option $1" ;;
	*) languages+=("$1") ;;
	esac
	shift
done
[ ${#languages[@]} -eq 2 ] || fetch_misuse "expected two languages, found ${#languages[@]}"
source=${languages[0]} target=${languages[1]}
[ -z "$dict" ] || [ -r "$dict" ] || fetch_die "$dict: cannot read"
[ -z "$dict" ] || [ $kind != textless ] || fetch_misuse '--dict: a textless model needs none'
[ "$source" = slavic ] || [ "$kind $source" = "xm_transformer all" ] || [ "$kind $source" = "gshard all" ] || fetch_units "$source" >/dev/null || fetch_misuse "$source: no source language of SpeechMatrix"
case $target in
de | en | es | fr | it | nl | pl | pt | ro) ;;
*) fetch_misuse "$target: no target language of SpeechMatrix" ;;
esac
[ "$source" != "$target" ] || fetch_misuse "there is no model from $source to itself"
[ "$source $laser" != "all 1" ] || fetch_misuse '--laser: an encoder hears a family of languages, not all'
model=checkpoint_textless_${source}_$target.pt name=speechmatrix-$source-$target
if [ $kind != textless ]; then
	case "$source $target" in
	"slavic en" | "all en") ;;
	*) fetch_misuse "these models hear slavic or all, and speak en" ;;
	esac
	model=checkpoint_xm_transformer_${source}_en_1.3b.pt name=speechmatrix-xm-$source-en
	[ $kind = xm_transformer ] || model=checkpoint_gshard_${source}_en_4.3b.tar name=speechmatrix-gshard-$source-en
elif [ "$source" = slavic ]; then
	[ "$target" = en ] || fetch_misuse "the slavic model speaks en only"
	model=checkpoint_textless_slavic_en_260m.pt
fi

fetch_begin "$name"
fetch_text source_language "$source"
fetch_text target_language "$target"
fetch_text licence 'CC-BY-NC 4.0'
fetch_units_member "$target"
fetch_file s2ut "$fetch_facebook/speech_matrix/s2s_models/$model"
fetch_unit_vocoder "$target"
[ -z "$encoder" ] || fetch_mhubert "$target"
[ -z "$laser" ] || fetch_file embedder "$fetch_facebook/speechlaser_encoders/$(laser_of "$source").pt"
if [ $kind = textless ]; then
	fetch_json search '{"beam": 10, "max_len_a": 1, "max_len_b": 200}'
	fetch_own config config.yaml <<'END'
input_channels: 1
input_feat_per_channel: 80
output_sample_rate: 16000
transforms:
  _eval: [utterance_cmvn]
END
else
	fetch_json search '{"beam": 10, "max_len_a": 0.003125, "max_len_b": 200}'
	if [ -n "$dict" ]; then
		fetch_own dict dict.txt <"$dict"
	else
		fetch_file dict "$fetch_facebook/fairseq/speech_to_speech/s2st_finetuning/dict.txt"
	fi
	fetch_own config config.yaml <<'END'
use_audio_input: true
output_sample_rate: 16000
vocab_filename: dict.txt
END
fi
fetch_end
