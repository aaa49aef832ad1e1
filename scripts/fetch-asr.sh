#!/usr/bin/env bash
# The recognisers that ASR-BLEU listens with, into the folder that asr-bleu --models looks in.
set -euo pipefail
# shellcheck source=scripts/fetch-lib.sh
source "$(dirname "$0")/fetch-lib.sh"

usage() {
	cat <<'END'
usage: scripts/fetch-asr.sh [options] LANG
Fetches the recogniser that the field's ASR-BLEU uses for a language (fairseq's asr_model_cfgs.json, oct22). A model of
the Hugging Face hub is a folder OWNER/NAME; asr-bleu --lang LANG --models DIR finds it below -o DIR, and
asr-transcribe takes the folder itself.
  LANG            en es fr zh tr ar vi de pl it pt ro cs sk sl fi hu et lt nl lv sv hr hok
END
	fetch_usage
}

# The public name, as in tools/cli_languages.c, whose table it is.
model_of() {
	sed -n "s/^\t{\"[a-z]*\", \"$1\", \"\([^\"]*\)\".*/\1/p" "$fetch_top/tools/cli_languages.c"
}

fetch_options "$@"
[ ${#fetch_args[@]} -eq 1 ] || fetch_misuse "expected one language, found ${#fetch_args[@]} arguments"
language=${fetch_args[0]}
[[ $language =~ ^[a-z]{2,3}$ ]] || fetch_misuse "$language: expected a language, as en"
model=$(model_of "$language")
[ -n "$model" ] || fetch_misuse "$language: ASR-BLEU has no recogniser for it"
fetch_dir=${fetch_dir:-$fetch_top/models/asr}

case $language in
en)
	fetch_begin "asr-$language"
	fetch_text licence MIT
	fetch_file asr "$fetch_facebook/fairseq/wav2vec/$model"
	fetch_file asr_dict "$fetch_facebook/fairseq/wav2vec/dict.ltr.txt"
	;;
hok)
	fetch_dir=$fetch_dir/$(dirname "$model")
	fetch_begin "asr-$language"
	fetch_text licence 'CC-BY-NC 4.0'
	fetch_file asr "$fetch_facebook/$model"
	fetch_file asr_dict "$fetch_facebook/$(dirname "$model")/dict.ltr.txt"
	;;
*)
	fetch_dir=$fetch_dir/$model
	hub=https://huggingface.co/$model
	fetch_begin "asr-$language"
	fetch_text licence "see $hub"
	fetch_file - "$hub/resolve/main/config.json"
	fetch_file - "$hub/resolve/main/vocab.json"
	for file in preprocessor_config.json tokenizer_config.json special_tokens_map.json added_tokens.json; do
		fetch_maybe "$hub/resolve/main/$file" || true
	done
	fetch_maybe "$hub/resolve/main/model.safetensors" || fetch_file - "$hub/resolve/main/pytorch_model.bin"
	fetch_role asr .
	;;
esac
fetch_text target_language "$language"
fetch_end
