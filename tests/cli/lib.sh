# Functions for the scripts of this folder.

# exits STATUS COMMAND...: runs the command; its streams are left alone, another status fails the test.
exits() {
	local want=$1 status=0
	shift
	"$@" || status=$?
	if [ "$status" -ne "$want" ]; then
		echo "status is $status, expected $want: $*"
		exit 1
	fi
}

# bound COMMAND...: runs it bound by the modes of files, which root is not; can_bind says whether that is possible.
bound() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --bounding-set=-dac_override,-dac_read_search "$@"
	else
		"$@"
	fi
}
can_bind() {
	local closed seen=0
	closed=$(mktemp -d closed-XXXXXX)
	chmod 0 "$closed"
	bound true 2>/dev/null && ! bound ls "$closed" >/dev/null 2>&1 || seen=1
	rmdir "$closed"
	return $seen
}

# little_endian BYTES N
little_endian() {
	local n=$2 hex i
	for ((i = 0; i < $1; i++)); do
		printf -v hex '\\x%02x' $((n & 255))
		# shellcheck disable=SC2059
		printf "$hex"
		n=$((n >> 8))
	done
}
le32() { little_endian 4 "$1"; }
le16() { little_endian 2 "$1"; }

# wav CHANNELS RATE FRAMES: a 16-bit wav of a rough tone on stdout; the same in all channels.
# wav_header CHANNELS RATE BYTES [FORMAT BITS]: its head alone; format 3 is float.
wav_header() {
	local channels=$1 rate=$2 bytes=$3 format=${4:-1} bits=${5:-16}
	local frame=$((channels * bits / 8))
	printf RIFF
	le32 $((bytes + 36))
	printf 'WAVEfmt '
	le32 16
	le16 "$format"
	le16 "$channels"
	le32 "$rate"
	le32 $((rate * frame))
	le16 $frame
	le16 "$bits"
	printf data
	le32 "$bytes"
}
wav() {
	local channels=$1 rate=$2 frames=$3 half=$(($2 / 400)) i cycle=''
	wav_header "$channels" "$rate" $((channels * frames * 2))
	# a square wave of 200 Hz: +4096 for half a cycle, -4096 for the other
	for ((i = 0; i < half * channels; i++)); do cycle+='\x00\x10'; done
	for ((i = 0; i < half * channels; i++)); do cycle+='\x00\xf0'; done
	local cycles=$((frames / (2 * half) + 1))
	{ for ((i = 0; i < cycles; i++)); do printf '%b' "$cycle"; done; } | head -c $((channels * frames * 2)) || true
}

# no_times FILE.jsonl: a report without what differs from run to run, and without the first folder of outputs.
no_times() { sed -E 's/"seconds": .*//; s:"output"\: "[a-z]*/:"output"\: ":' "$1"; }

# flaky_tool FILE: an s2st-translate that is cut off by kill -9 the first time it does part 2 of 4, while there is no
# folder `cut`.
flaky_tool() {
	{ echo '#!/bin/sh'; echo "PATH=$PATH"; } >"$1"
	cat >>"$1" <<'END'
case "$*" in
*'--shard 2/4'*) if mkdir cut 2>/dev/null; then kill -9 $$; fi ;;
esac
exec s2st-translate "$@"
END
	chmod +x "$1"
}
