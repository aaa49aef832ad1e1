#!/usr/bin/env bash
# tests/bench/scale.sh [--build DIR] [--files N] [--block N] [--rounds N] [--lines N] [--slices N] [--model S2UT.pt] [PART...]
#
# Folders of thousands of files, with the demo pack. Parts, all of them where none is named:
#   throughput  one worker against one on each core, in turns over --rounds blocks of --block files
#   memory      the peak of a block and of all --files
#   lists       --dry-run over --lines lines
#   weights     8 processes that have a model open: how much of it each has for itself (--model: another one)
#   slices      --slices slices of one stored zip of 2.2 GB, and a table of mined pairs of --lines lines
# Prints tables for tests/bench/README.md. CPU seconds stand beside wall time, for a machine that has other work too.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=build files=10000 block=500 rounds=5 lines=1000000 slices=20000 model=
while [ $# -gt 0 ]; do
	case $1 in
	--build) build=$2; shift 2 ;;
	--files) files=$2; shift 2 ;;
	--block) block=$2; shift 2 ;;
	--rounds) rounds=$2; shift 2 ;;
	--lines) lines=$2; shift 2 ;;
	--slices) slices=$2; shift 2 ;;
	--model) model=$(readlink -f "$2"); shift 2 ;;
	-h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
	-*) echo "scale.sh: unknown option $1" >&2; exit 2 ;;
	*) break ;;
	esac
done
parts=" ${*:-throughput memory lists weights slices} "
[ -x "$build/s2st-translate" ] || { echo "scale.sh: $build/s2st-translate is not built" >&2; exit 2; }
[ -x /usr/bin/time ] || { echo "scale.sh: GNU time is missing (Debian: time)" >&2; exit 2; }
top=$PWD
PATH=$(readlink -f "$build"):$PATH
pack=$top/models/es-en-demo
cores=$(nproc)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

wants() { [[ $parts == *" $1 "* ]]; }

# measure FILE COMMAND...: a line of wall, user and system seconds and peak KiB, appended to FILE.
measure() {
	local to=$1
	shift
	/usr/bin/time -q -a -o "$to" -f '%e %U %S %M' "$@" >/dev/null
}

# median FILE EXPRESSION: of an expression over the fields of its lines.
# shellcheck disable=SC2016 # here and where it is called: the fields are awk's
median() { awk "{print $2}" "$1" | sort -g | awk '{v[NR] = $1} END {print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2}'; }

# Clips of the pack's sentences, 0.4 to 0.7 s long, of which no two begin and end at the same place.
make_files() {
	mkdir -p epst/es/en/test
	ln -sfn "$pack/samples" epst/es/audios
	awk -v n="$files" 'BEGIN {
		split("coffee meeting paris train", names)
		for (i = 0; i < n; i++) {
			k = int(i / 4)
			start = k % 1000 / 1000
			printf "%s %.3f %.3f\n", names[i % 4 + 1], start, start + 0.4 + (7 * k + int(k / 1000)) % 300 / 1000
		}
	}' >epst/es/en/test/segments.lst
	sed 's/.*/x/' epst/es/en/test/segments.lst >epst/es/en/test/segments.en
	s2st-manifest -q --from epst epst --source-lang es --target-lang en --audio-out in -o in.tsv
	find "$dir/in" -name '*.wav' | sort >in.txt
	[ "$(wc -l <in.txt)" -eq "$files" ] || { echo "scale.sh: the clips are not $files files" >&2; exit 1; }
}

translate() { # FILE JOBS LIST
	rm -rf out
	measure "$1" s2st-translate -q -j "$2" --pack "$pack" -o out "$3"
	[ "$(find out -name '*.wav' | wc -l)" -eq "$(wc -l <"$3")" ] || { echo "scale.sh: outputs are missing" >&2; exit 1; }
}

# shellcheck disable=SC2016
throughput() {
	local r first n
	for ((r = 0; r < rounds; r++)); do
		first=$((r * block % files))
		sed -n "$((first + 1)),$((first + block))p" in.txt >block.txt
		n=$(wc -l <block.txt)
		# who goes first changes, so that neither always finds the files in memory
		for j in $([ $((r % 2)) -eq 0 ] && echo "1 $cores" || echo "$cores 1"); do
			translate one_run "$j" block.txt
			sed "s/$/ $n/" one_run >>"workers.$j"
			rm one_run
		done
	done
	paste -d ' ' workers.1 "workers.$cores" >ratios
	echo "| workers | files/s | CPU ms a file | peak MB |"
	echo "|---|---|---|---|"
	for j in 1 "$cores"; do
		printf '| %d | %.1f | %.1f | %.1f |\n' "$j" "$(median "workers.$j" '$5 / $1')" \
			"$(median "workers.$j" '1000 * ($2 + $3) / $5')" "$(median "workers.$j" '$4 * 1.024e-3')"
	done
	printf '\n%d workers: %.2f times the throughput of one (median of %d pairs); by CPU time alone %.2f\n\n' "$cores" \
		"$(median ratios '$1 / $6')" "$rounds" "$(median ratios "$cores * (\$2 + \$3) / (\$7 + \$8)")"
}

memory() {
	head -n "$block" in.txt >block.txt
	echo "| files | workers | peak MB | above the weights, a worker | files/s |"
	echo "|---|---|---|---|---|"
	local weights j list
	weights=$(cat "$pack/s2ut.pt" "$pack/vocoder.pt" | wc -c)
	for j in 1 "$cores"; do
		for list in block.txt in.txt; do
			[ "$j $list" != "1 in.txt" ] || continue # a long run, and one worker is the easier case
			rm -f peak
			translate peak "$j" "$list"
			awk -v n="$(wc -l <$list)" -v j="$j" -v w="$weights" '{
				printf "| %d | %d | %.1f | %.1f | %.1f |\n", n, j, $4 * 1.024e-3, ($4 * 1024 - w) / 1e6 / j, n / $1
			}' peak
		done
	done
	echo
}

lists() {
	awk -v n="$lines" 'BEGIN {
		print "/data/speech"
		for (i = 0; i < n; i++)
			printf "part-%04d/utterance-%08d.wav\t%d\n", i / 1000, i, 16000 + i % 7
	}' >list.tsv
	awk -v n="$lines" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "utterance-%08d|%d %d %d 7 93 12 55 8\n", i, i % 100, i % 97, i % 31
	}' >list.units
	echo "| --dry-run, $lines lines | seconds | CPU s | peak MB |"
	echo "|---|---|---|---|"
	local tool
	for tool in s2st-translate s2ut-generate s2u-quantize vocode asr-transcribe speech-embed; do
		local args=(--pack "$pack" --dry-run) list=list.tsv
		case $tool in
		s2st-translate) args+=(-o out) ;;
		vocode) args+=(-o out) list=list.units ;;
		speech-embed) args=(-m "$top/tests/data/golden/laser/encoder.pt" --dry-run -o out.npy) ;;
		esac
		rm -f dry
		measure dry "$tool" "${args[@]}" "$list"
		awk -v tool="$tool" '{printf "| %s | %.2f | %.2f | %.1f |\n", tool, $1, $2 + $3, $4 * 1.024e-3}' dry
	done
	echo
}

# Bytes of FIELD in the mapping of file $2, or in all of the process where there is no $2, summed over the processes.
sum_of() {
	local field=$1 file=${2:-}
	local pid
	for pid in "${pids[@]}"; do
		if [ -n "$file" ]; then
			awk -v file="$file" -v field="$field:" '/^[0-9a-f]+-/ {mine = $6 == file} mine && $1 == field {print $2}' "/proc/$pid/smaps"
		else
			awk -v field="$field:" '$1 == field {print $2}' "/proc/$pid/smaps_rollup"
		fi
	done | awk '{n += $1} END {print 1024 * n}'
}

# Each process has done one file and waits for the next when it is looked at.
weights() {
	local s2ut=${model:-$pack/s2ut.pt} n i
	local -a pids=() lists=()
	echo "| processes | weights MB | in each MB | in all (PSS) MB | a process for itself MB |"
	echo "|---|---|---|---|---|"
	mkfifo feed.{1..8}
	for ((i = 1; i <= 8; i++)); do
		s2ut-generate -q -j 1 -m "$s2ut" --max-len-b 10 - <"feed.$i" >"heard.$i" &
		pids+=($!)
		exec {n}>"feed.$i"
		lists+=("$n")
		echo "$dir/clip.wav" >&"$n"
	done
	for ((i = 1; i <= 8; i++)); do
		until [ -s "heard.$i" ]; do
			kill -0 "${pids[i - 1]}" || { echo "scale.sh: a process of 'weights' ended" >&2; exit 1; }
			sleep 0.1
		done
	done
	awk -v size="$(stat -c %s "$s2ut")" -v rss="$(sum_of Rss "$s2ut")" -v pss="$(sum_of Pss "$s2ut")" \
		-v all="$(sum_of Pss)" 'BEGIN {
		printf "| 8 | %.1f | %.1f | %.1f | %.1f |\n\n", size / 1e6, rss / 8e6, pss / 1e6, (all - pss) / 8e6
	}'
	for n in "${lists[@]}"; do exec {n}>&-; done
	wait
}

# One zip with stored members, as far as a reader of slices can tell: the clips again and again, up to 2.2 GB.
make_zip() {
	head -n 500 in.txt | while read -r f; do cat "$f"; done >chunk
	local size
	size=$(stat -c %s chunk)
	{ printf 'PK\003\004'; for ((i = 0; i * size < 2200000000; i++)); do cat chunk; done; } >speech.zip
	head -n 500 in.txt | xargs stat -c %s | awk -v n="$slices" -v size="$size" '
		{ at[NR] = sum; length_of[NR] = $1; sum += $1 }
		END {
			print "score\ten\tes"
			for (i = 0; i < n; i++) { # all over the archive
				k = i % NR + 1
				chunk = int(i * (2.2e9 / size) / n)
				printf "1.10\tspeech.zip:%.0f:%d\tspeech.zip:%.0f:%d\n", 4 + chunk * size + at[k], length_of[k], 4 + at[k], length_of[k]
			}
		}' >pairs.tsv
}

opens() { # of the archive, by a command
	command -v strace >/dev/null || { echo '?'; return; }
	strace -f -e trace=openat -o trace "$@" >/dev/null
	grep -c 'speech.zip", .* = [0-9]' trace
}

slices() {
	make_zip
	echo "| | rows/s | CPU s | peak MB | opens of the zip |"
	echo "|---|---|---|---|---|"
	local command=(s2st-manifest -q --overwrite --from pairs pairs.tsv --threshold 1 --audio-root "$dir" -o train.tsv)
	rm -f row
	measure row "${command[@]}"
	awk -v n="$slices" -v opens="$(opens "${command[@]}")" '{
		printf "| s2st-manifest, %d pairs of slices of a 2.2 GB zip | %.0f | %.2f | %.1f | %s |\n", n, n / $1, $2 + $3, $4 * 1.024e-3, opens
	}' row
	head -n 301 train.tsv >some.tsv
	command=(s2ut-generate -q --pack "$pack" --max-len-b 10 some.tsv)
	rm -f row
	measure row "${command[@]}"
	awk -v opens="$(opens "${command[@]}")" '{
		printf "| s2ut-generate, 300 of them | %.0f | %.2f | %.1f | %s |\n", 300 / $1, $2 + $3, $4 * 1.024e-3, opens
	}' row
	awk -v n="$lines" 'BEGIN {
		print "id\tsrc_audio\tsrc_n_frames\ttgt_audio\ttgt_n_frames\tscore"
		for (i = 0; i < n; i++)
			printf "s%d\tes.zip:%d:%d\t%d\t7 8 9\t3\t%.4f\n", i, i, 1000 + i % 99, 50 + i % 500, 1.05 + i % 100 / 1000
	}' | gzip >mined.tsv.gz
	rm -f row
	measure row s2st-manifest -q --overwrite --from pairs mined.tsv.gz --threshold 1.06 -o mined.tsv
	awk -v n="$lines" '{
		printf "| s2st-manifest, a .tsv.gz of %d mined pairs | %.0f | %.2f | %.1f | |\n", n, n / $1, $2 + $3, $4 * 1.024e-3
	}' row
	echo
}

if wants throughput || wants memory || wants slices || wants weights; then
	make_files
	cp "$(head -n 1 in.txt)" clip.wav
fi
for part in throughput memory lists weights slices; do
	if wants $part; then $part; fi
done
