# Downloads the files of a pack and writes its pack.json. Sourced by the fetch-*.sh scripts; nothing to run by itself.
#
#   fetch_options "$@"          the options that all of them take; what is left is in $fetch_args
#   fetch_begin NAME            the pack's folder, $fetch_dir (-o DIR, else models/NAME)
#   fetch_file ROLE URL [NAME]  a file and what it is to the pack; ROLE "-" is none of its own
#   fetch_own ROLE NAME         a file that does not come from anywhere: stdin
#   fetch_text KEY VALUE        a text member of pack.json
#   fetch_json KEY JSON         any other member
#   fetch_end                   writes pack.json
#
# A file is kept as NAME.part until it is whole, so that a run that was cut off goes on where it ended. Its SHA-256 is
# written to SHA256SUMS when it comes for the first time; from then on it has to be that. --sums FILE brings the sums of
# somebody who had the files before.
# shellcheck shell=bash

fetch_tool=$(basename "$0")
fetch_top=$(cd "$(dirname "$0")/.." && pwd)
fetch_dir='' fetch_mirror=${S2ST_MIRROR:-} fetch_sums='' fetch_list=''
fetch_args=()
fetch_roles=() fetch_members=()
fetch_facebook=https://dl.fbaipublicfiles.com

fetch_die() {
	echo "$fetch_tool: $1" >&2
	exit "${2:-1}"
}

fetch_misuse() {
	echo "$fetch_tool: $1" >&2
	usage >&2
	exit 2
}

# What every usage text ends with.
fetch_usage() {
	cat <<'END'
  -o DIR          the pack's folder; without it models/NAME here
  --mirror URL    take https://HOST/PATH from URL/HOST/PATH (also $S2ST_MIRROR); file:// works
  --sums FILE     SHA-256 sums (as sha256sum writes them) that the files must have
  --list          print the addresses and fetch nothing
A download that was cut off goes on where it ended. The sums of files are written to SHA256SUMS in the folder when they
come for the first time, and checked from then on.
END
}

fetch_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help) usage; exit 0 ;;
		--list) fetch_list=1 ;;
		-o | --mirror | --sums)
			[ $# -gt 1 ] || fetch_misuse "$1 takes a value"
			case $1 in
			-o) fetch_dir=$2 ;;
			--mirror) fetch_mirror=$2 ;;
			--sums) fetch_sums=$2 ;;
			esac
			shift
			;;
		*) fetch_args+=("$1") ;; # the script's own
		esac
		shift
	done
	[ -z "$fetch_sums" ] || [ -r "$fetch_sums" ] || fetch_die "$fetch_sums: cannot read"
}

fetch_begin() {
	fetch_dir=${fetch_dir:-$fetch_top/models/$1}
	fetch_roles=() fetch_members=()
	fetch_text name "$1"
	[ -z "$fetch_list" ] || return 0
	command -v curl >/dev/null || fetch_die 'there is no curl here; on Debian: apt-get install curl'
	mkdir -p "$fetch_dir" || fetch_die "$fetch_dir: cannot be made"
}

# A string of JSON.
fetch_quote() {
	local s=${1//\\/\\\\}
	printf '"%s"' "${s//\"/\\\"}"
}

fetch_text() {
	fetch_members+=("$(fetch_quote "$1"): $(fetch_quote "$2")")
}

fetch_json() {
	fetch_members+=("$(fetch_quote "$1"): $2")
}

# fetch_sum LIST NAME: the sum that a list has for a file; nothing where it has none.
fetch_sum() {
	[ ! -r "$1" ] || awk -v name="$2" '{ n = substr($0, 67) } n == name { print $1; exit }' "$1"
}

# fetch_check FILE NAME: has it the sums that are known? Records the sum of one that is new.
fetch_check() {
	local found known list
	found=$(sha256sum <"$1")
	found=${found%% *}
	for list in "$fetch_sums" "$fetch_dir/SHA256SUMS"; do
		known=$(fetch_sum "$list" "$2")
		[ -z "$known" ] || [ "$known" = "$found" ] ||
			fetch_die "$1: SHA-256 is $found, but $list says $known; remove the file to fetch it anew, or its line to trust this one"
	done
	[ -n "$known" ] || printf '%s  %s\n' "$found" "$2" >>"$fetch_dir/SHA256SUMS"
}

# fetch_download FILE ADDRESS [optional]: FILE.part grows until it is whole. An optional one that is not there: status 1.
fetch_download() {
	local status=0 how=(--fail --location --retry 3 --silent)
	[ $# -gt 2 ] || how+=(--show-error)
	[ ! -t 2 ] || how+=(--no-silent --progress-bar)
	curl "${how[@]}" --continue-at - --output "$1.part" "$2" || status=$?
	case $status in
	33 | 36) # what is there is no beginning of it, or the server gives no parts
		rm -f "$1.part"
		status=0
		curl "${how[@]}" --output "$1.part" "$2" || status=$?
		;;
	esac
	case $status in
	0)
		[ -e "$1.part" ] || : >"$1.part" # an empty file
		return 0
		;;
	22 | 37) [ $# -lt 3 ] || return 1 ;; # it is not there
	esac
	fetch_die "$2: could not be fetched (curl ended with $status)"
}

fetch_file() {
	local role=$1 name=${3:-$(basename "$2")} address=$2
	[ -z "$fetch_mirror" ] || address=${fetch_mirror%/}/${2#https://}
	if [ -n "$fetch_list" ]; then
		printf '%s\n' "$address"
	elif [ ! -e "$fetch_dir/$name" ]; then
		echo "$name" >&2
		mkdir -p "$(dirname "$fetch_dir/$name")"
		fetch_download "$fetch_dir/$name" "$address" ${4:+"$4"} || return 1
		fetch_check "$fetch_dir/$name.part" "$name"
		mv "$fetch_dir/$name.part" "$fetch_dir/$name"
	else
		fetch_check "$fetch_dir/$name" "$name"
	fi
	[ "$role" = - ] || fetch_role "$role" "$name"
}

# fetch_maybe URL [NAME]: a file that not every model has. Status 1: it is not there.
fetch_maybe() {
	fetch_file - "$1" "${2:-$(basename "$1")}" optional
}

# fetch_role ROLE NAME: what a file or folder that is there is to the pack.
fetch_role() {
	fetch_roles+=("$(fetch_quote "$1"): $(fetch_quote "$2")")
}

# fetch_own ROLE NAME: a file of ours, on stdin.
fetch_own() {
	[ -z "$fetch_list" ] || return 0
	[ -e "$fetch_dir/$2" ] || cat >"$fetch_dir/$2"
	fetch_check "$fetch_dir/$2" "$2"
	fetch_role "$1" "$2"
}

# Lines with commas between them, two levels in.
fetch_block() {
	local i
	for ((i = 1; i <= $#; i++)); do
		printf '    %s%s\n' "${!i}" "$([ $i -eq $# ] || echo ,)"
	done
}

fetch_end() {
	[ -z "$fetch_list" ] || return 0
	local sums=() sum name
	while read -r sum name; do
		[ ! -e "$fetch_dir/$name" ] || sums+=("$(fetch_quote "$name"): $(fetch_quote "$sum")")
	done <"$fetch_dir/SHA256SUMS"
	{
		echo '{'
		printf '  %s,\n' "${fetch_members[@]}"
		printf '  "files": {\n'
		fetch_block "${fetch_roles[@]}"
		printf '  },\n  "sha256": {\n'
		fetch_block "${sums[@]}"
		printf '  }\n}\n'
	} >"$fetch_dir/pack.json.part"
	mv "$fetch_dir/pack.json.part" "$fetch_dir/pack.json"
	echo "$fetch_dir" # where the pack is: the result
}

# ---- what several packs share: the units of mHuBERT and their vocoders ----------------------------------------------

# fetch_units LANG: how many units speech of this language has, and the family of its mHuBERT; status 1: it has none.
fetch_units() {
	case $1 in
	en | es | fr) echo 1000 en_es_fr ;;
	de | nl) echo 1000 germanic ;;
	et | fi | hu) echo 1000 uralic ;;
	it) echo 800 roman ;;
	pt | ro) echo 1000 roman ;;
	cs | pl | hr | lt | sk | sl) echo 1000 slavic ;;
	*) return 1 ;;
	esac
}

# fetch_mhubert LANG: the encoder that makes the units of a language, and its centroids.
fetch_mhubert() {
	local k family place=$fetch_facebook/speech_matrix/hubert
	read -r k family < <(fetch_units "$1")
	if [ "$family" = en_es_fr ]; then
		place=$fetch_facebook/hubert
		fetch_file kmeans "$place/mhubert_base_vp_en_es_fr_it3_L11_km1000.bin"
	else
		fetch_file kmeans "$place/mhubert_base_vp_$1_it3_L11_km$k.bin"
	fi
	fetch_file encoder "$place/mhubert_base_vp_${family}_it3.pt"
}

# fetch_unit_vocoder LANG: units to speech.
fetch_unit_vocoder() {
	local place=$fetch_facebook/fairseq/speech_to_speech/vocoder/code_hifigan/mhubert_vp_en_es_fr_it3_400k_layer11_km1000
	case $1 in
	en) place=${place}_lj ;;
	es | fr) place=${place}_$1_css10 ;;
	*)
		place=$fetch_facebook/speech_matrix/vocoder
		fetch_file vocoder "$place/vocoder_$1.pt"
		fetch_file vocoder_config "$place/config_$1.json"
		return
		;;
	esac
	fetch_file vocoder "$place/g_00500000" "vocoder_$1.pt"
	fetch_file vocoder_config "$place/config.json" "config_$1.json"
}

# fetch_units_member LANG [ENCODER]: what pack.json says about units.
fetch_units_member() {
	local k family
	read -r k family < <(fetch_units "$1")
	fetch_json units "{\"encoder\": \"mhubert_base_vp_${family}_it3.pt\", \"layer\": 11, \"k\": $k, \"reduced\": true}"
	fetch_json vocoder '{"dur_prediction": true}'
}
