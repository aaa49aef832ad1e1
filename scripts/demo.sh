#!/usr/bin/env bash
# From a fresh clone to English speech: installs what is missing, builds, translates a Spanish recording.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
pack=$top/models/es-en-demo

usage() {
	cat <<'END'
usage: scripts/demo.sh [--no-install] [-o OUT.wav] [INPUT]
  INPUT         Spanish speech (wav, flac, ogg, mp3); without it a sample of the demo pack
  -o OUT.wav    where the English goes; without it s2st-demo.wav in the folder where you are
  --no-install  never install packages; the build says what is missing
The shipped model knows a phrasebook (numbers, prices, times, places, wishes) spoken by synthetic voices: it shows the
machinery, it is no translator for people. See models/es-en-demo/README.md.
END
}

install=1 input='' out=$PWD/s2st-demo.wav
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage; exit 0 ;;
	--no-install) install='' ;;
	-o)
		[ $# -gt 1 ] || { usage >&2; exit 2; }
		out=$2
		shift
		;;
	-*) echo "demo.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
	*) input=$1 ;;
	esac
	shift
done

if [ -n "$install" ]; then
	"$top/scripts/install-deps.sh"
fi
if [ -d "$top/build" ] || [ -w "$top" ]; then
	build=$top/build
else
	build=${TMPDIR:-/tmp}/s2st-build-$(id -u) # a checkout that others own
fi
echo "building in $build" >&2
mkdir -p "$build"
if ! { cmake -S "$top" -B "$build" && cmake --build "$build" -j "$(nproc)" --target tools; } >"$build/demo.log" 2>&1; then
	cat "$build/demo.log" >&2
	echo "demo.sh: the build failed" >&2
	exit 1
fi

spoken='' meant=''
if [ -z "$input" ]; then
	input=$pack/samples/train.flac
	IFS=$'\t' read -r _ spoken meant < <(grep '^train.flac' "$pack/samples/sentences.tsv")
fi
units=$(mktemp)
trap 'rm -f "$units"' EXIT
"$build/s2st-translate" --quiet --overwrite --pack "$pack" --units-out "$units" -o "$out" "$input"

echo "Spanish in:   $input"
[ -z "$spoken" ] || echo "  it says:    $spoken"
echo "English out:  $out"
[ -z "$meant" ] || echo "  it means:   $meant"
echo "units:        $(sed 's/^[^|]*|//' "$units")"
