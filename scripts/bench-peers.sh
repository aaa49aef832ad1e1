#!/usr/bin/env bash
# scripts/bench-peers.sh [--build DIR] [--rounds N] [--threads "1 2"] [--modules DIR] [--cpu] [STAGE...]
#
# The same stages here, in ONNX Runtime (npm package onnxruntime-node) and in PyTorch (Debian's python3-torch), with as
# many threads, in turns: medians over the rounds and ratios. What is not installed is skipped with a word; npm
# installs into a temporary folder unless --modules names one that has the package. Stages: hubert vocoder s2ut
# s2ut-folder (an utterance of 64 by s2ut-generate here, of a batch of 16 in PyTorch) demo (exec to exit, by the wall).
# --cpu counts the threads' CPU time, for a machine that has other work too.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build rounds=3 threads="1 $(nproc)" modules='' clock=wall ort=1.22.0
while [ $# -gt 0 ]; do
	case $1 in
	--build) build=$2; shift 2 ;;
	--rounds) rounds=$2; shift 2 ;;
	--threads) threads=$2; shift 2 ;;
	--modules) modules=$2; shift 2 ;;
	--cpu) clock=cpu; shift ;;
	-h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
	-*) echo "bench-peers.sh: unknown option $1" >&2; exit 2 ;;
	*) break ;;
	esac
done
stages=${*:-hubert vocoder s2ut s2ut-folder demo}
ours=$build/tests/bench_stages
[ -x "$ours" ] || { echo "bench-peers.sh: $ours is missing: build with -DS2ST_BUILD_BENCH=ON" >&2; exit 2; }

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python=''
for p in python3 /usr/bin/python3; do
	[ -n "$python" ] || ! "$p" -c 'import torch' 2>/dev/null || python=$p
done
[ -n "$python" ] || echo "PyTorch skipped: no python3 here imports torch (Debian: python3-torch)" >&2

have_onnx=no
prepare_onnx() {
	if [ -z "$python" ]; then
		echo "ONNX Runtime skipped: its models are exported by PyTorch" >&2
		return
	fi
	if ! command -v node >/dev/null; then
		echo "ONNX Runtime skipped: no node" >&2
		return
	fi
	if [ -z "$modules" ]; then
		modules=$dir/node_modules
		if ! (cd "$dir" && npm install --no-audit --no-fund --ignore-scripts "onnxruntime-node@$ort" >npm.log 2>&1); then
			echo "ONNX Runtime skipped: npm install onnxruntime-node failed: $(tail -n 1 "$dir/npm.log")" >&2
			return
		fi
	fi
	"$python" tests/bench/peer_models.py export "$dir" >"$dir/export.log" 2>&1 && have_onnx=yes ||
		echo "ONNX Runtime skipped: export failed: $(tail -n 1 "$dir/export.log")" >&2
}
prepare_onnx

# Seconds of two runs, one a line, appended to $dir/PEER.STAGE.THREADS
run_ours() {
	local cpu=()
	[ $clock = wall ] || cpu=(--cpu)
	"$ours" --keep "$dir" --stage "$1" --threads "$2" --repeat 2 --json "${cpu[@]}" |
		sed 's/.*"seconds": \([0-9.]*\).*/\1/'
}
run_onnx() {
	[ $have_onnx = yes ] && [[ $1 = hubert || $1 = vocoder ]] || return 0
	node tests/bench/peer_onnx.js "$modules" "$dir" "$1" "$2" 2 $clock
}
run_torch() {
	[ -z "$python" ] || "$python" tests/bench/peer_models.py run "$1" "$2" 2 $clock
}

median() {
	[ ! -s "$1" ] || sort -n "$1" | awk '{v[NR] = $1} END {print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2}'
}

printf '%-11s %7s %9s %13s %7s %9s %7s\n' stage threads seconds "ONNX Runtime" ratio PyTorch ratio
for stage in $stages; do
	for t in $(tr ' ' '\n' <<<"$threads" | sort -nu); do
		for _ in $(seq "$rounds"); do
			for peer in ours onnx torch; do
				"run_$peer" "$stage" "$t" >>"$dir/$peer.$stage.$t"
			done
		done
		printf '%s %s %s %s %s\n' "$stage" "$t" "$(median "$dir/ours.$stage.$t")" \
			"$(x=$(median "$dir/onnx.$stage.$t"); echo "${x:--}")" "$(x=$(median "$dir/torch.$stage.$t"); echo "${x:--}")" |
			awk '{printf "%-11s %7d %9.3f %13s %7s %9s %7s\n", $1, $2, $3, $4 == "-" ? "-" : sprintf("%.3f", $4),
				$4 == "-" ? "-" : sprintf("%.2f", $4 / $3), $5 == "-" ? "-" : sprintf("%.3f", $5),
				$5 == "-" ? "-" : sprintf("%.2f", $5 / $3)}'
	done
done
