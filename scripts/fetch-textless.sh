#!/usr/bin/env bash
# A pack of the units of "textless S2ST on real data": speech to units and units to speech, of one language.
set -euo pipefail
# shellcheck source=scripts/fetch-lib.sh
source "$(dirname "$0")/fetch-lib.sh"

usage() {
	cat <<'END'
usage: scripts/fetch-textless.sh [options] LANG
Fetches mHuBERT, its k-means model and the vocoder of a language: speech to units with s2u-quantize --pack, and back
with vocode --pack.
  LANG            en es fr (Lee et al. 2021), or de nl et fi hu it pt ro cs pl hr lt sk sl (SpeechMatrix)
END
	fetch_usage
	echo "The models of SpeechMatrix are CC-BY-NC 4.0: not for commercial use."
}

fetch_options "$@"
[ ${#fetch_args[@]} -eq 1 ] || fetch_misuse "expected one language, found ${#fetch_args[@]} arguments"
language=${fetch_args[0]}
[[ $language != -* ]] || fetch_misuse "unknown option $language"
fetch_units "$language" >/dev/null || fetch_misuse "$language: no language with units"

fetch_begin "textless-$language"
fetch_text source_language "$language"
fetch_text target_language "$language"
case $language in
en | es | fr) fetch_text licence MIT ;;
*) fetch_text licence 'CC-BY-NC 4.0' ;;
esac
fetch_units_member "$language"
fetch_mhubert "$language"
fetch_unit_vocoder "$language"
fetch_end
