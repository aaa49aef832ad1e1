#!/usr/bin/env bash
# A pack of MMS: speech recognition of over a thousand languages by one model, or language identification.
set -euo pipefail
# shellcheck source=scripts/fetch-lib.sh
source "$(dirname "$0")/fetch-lib.sh"

usage() {
	cat <<'END'
usage: scripts/fetch-mms.sh [options] LANG...
       scripts/fetch-mms.sh [options] --lid 126|256|512|1024|2048|4017
Fetches MMS's recogniser (about 1 billion parameters, with the adapters of all its languages) and the dictionaries of
the languages asked for, or its language identifier for so many languages.
  LANG            ISO 639-3 code, as eng or azj-script_latin
  --model NAME    mms1b_all (1162 languages, the default), mms1b_l1107 or mms1b_fl102
END
	fetch_usage
	echo "The models are CC-BY-NC 4.0: not for commercial use."
}

fetch_options "$@"
model=mms1b_all lid='' languages=()
set -- ${fetch_args[@]+"${fetch_args[@]}"}
while [ $# -gt 0 ]; do
	case $1 in
	--model | --lid)
		[ $# -gt 1 ] || fetch_misuse "$1 takes a value"
		if [ "$1" = --lid ]; then lid=$2; else model=$2; fi
		shift
		;;
	-*) fetch_misuse "unknown option $1" ;;
	*) languages+=("$1") ;;
	esac
	shift
done
case $model in
mms1b_all | mms1b_l1107 | mms1b_fl102) ;;
*) fetch_misuse "$model: expected mms1b_all, mms1b_l1107 or mms1b_fl102" ;;
esac

if [ -n "$lid" ]; then
	case $lid in
	126 | 256 | 512 | 1024 | 2048 | 4017) ;;
	*) fetch_misuse "--lid $lid: expected 126, 256, 512, 1024, 2048 or 4017" ;;
	esac
	[ ${#languages[@]} -eq 0 ] || fetch_misuse "--lid takes no languages"
	fetch_begin "mms-lid-$lid"
	fetch_text licence 'CC-BY-NC 4.0'
	fetch_file lid "$fetch_facebook/mms/lid/mms1b_l$lid.pt"
	fetch_file lid_dict "$fetch_facebook/mms/lid/dict/l$lid/dict.lang.txt"
else
	[ ${#languages[@]} -gt 0 ] || fetch_misuse "expected languages, found none"
	for language in "${languages[@]}"; do
		[[ $language =~ ^[a-z]{3}(-[a-z_]+)?$ ]] || fetch_misuse "$language: expected a code of three letters, as eng"
	done
	fetch_begin "mms-${model#mms1b_}"
	fetch_text source_language "${languages[0]}"
	fetch_text licence 'CC-BY-NC 4.0'
	fetch_file asr "$fetch_facebook/mms/asr/$model.pt"
	role=asr_dict # the pack's own language is the first
	for language in "${languages[@]}"; do
		fetch_file $role "$fetch_facebook/mms/asr/dict/$model/$language.txt"
		role=-
	done
fi
fetch_end
