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
encoder='' laser='' languages=()
for arg in ${fetch_args[@]+"${fetch_args[@]}"}; do
	case $arg in
	--with-encoder) encoder=1 ;;
	--laser) laser=1 ;;
	-*) fetch_misuse "unknown option $arg" ;;
	*) languages+=("$arg") ;;
	esac
done
[ ${#languages[@]} -eq 2 ] || fetch_misuse "expected two languages, found ${#languages[@]}"
source=${languages[0]} target=${languages[1]}
[ "$source" = slavic ] || fetch_units "$source" >/dev/null || fetch_misuse "$source: no source language of SpeechMatrix"
case $target in
de | en | es | fr | it | nl | pl | pt | ro) ;;
*) fetch_misuse "$target: no target language of SpeechMatrix" ;;
esac
[ "$source" != "$target" ] || fetch_misuse "there is no model from $source to itself"
model=checkpoint_textless_${source}_$target.pt
if [ "$source" = slavic ]; then
	[ "$target" = en ] || fetch_misuse "the slavic model speaks en only"
	model=checkpoint_textless_slavic_en_260m.pt
fi

fetch_begin "speechmatrix-$source-$target"
fetch_text source_language "$source"
fetch_text target_language "$target"
fetch_text licence 'CC-BY-NC 4.0'
fetch_units_member "$target"
fetch_json search '{"beam": 10, "max_len_a": 1, "max_len_b": 200}'
fetch_file s2ut "$fetch_facebook/speech_matrix/s2s_models/$model"
fetch_unit_vocoder "$target"
[ -z "$encoder" ] || fetch_mhubert "$target"
[ -z "$laser" ] || fetch_file embedder "$fetch_facebook/speechlaser_encoders/$(laser_of "$source").pt"
fetch_own config config.yaml <<'END'
input_channels: 1
input_feat_per_channel: 80
output_sample_rate: 16000
transforms:
  _eval: [utterance_cmvn]
END
fetch_end
