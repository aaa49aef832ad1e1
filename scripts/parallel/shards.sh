#!/usr/bin/env bash
# Runs a tool in N parts side by side with GNU parallel, on this machine or on several, and merges the reports.
set -euo pipefail

usage() {
	cat <<'END'
usage: scripts/parallel/shards.sh [-n N] [-j JOBS] [-r TRIES] [-S HOSTS] [--report FILE] -- TOOL OPTION... INPUT...
  -n N         parts [one for each core]
  -j JOBS      parts at a time, on each machine [as parallel does: one for each core]
  -r TRIES     how often a part that failed is tried [2]; what it has done already is skipped
  -S HOSTS     machines, as parallel --sshlogin takes them ('4/node1,4/node2', ':' is this one); they see the same
               folders under the same names
  --report F   what became of each input, of all parts in the order of the inputs
TOOL gets --shard I/N, --resume and --report of its own. Its output has to be a folder: all parts write into it.

  scripts/parallel/shards.sh -n 8 -- s2st-translate -j 1 --pack models/es-en-demo -o out -r talks/
END
}

parts=$(nproc) tries=2 report=
more=()
while [ $# -gt 0 ]; do
	case $1 in
	-n) parts=$2; shift 2 ;;
	-j) more+=(--jobs "$2"); shift 2 ;;
	-r) tries=$2; shift 2 ;;
	-S) more+=(--sshlogin "$2" --workdir .); shift 2 ;;
	--report) report=$2; shift 2 ;;
	-h | --help) usage; exit 0 ;;
	--) shift; break ;;
	*) echo "shards.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
	esac
done
[ $# -gt 0 ] || { usage >&2; exit 2; }
command -v parallel >/dev/null || { echo "shards.sh: GNU parallel is not installed" >&2; exit 1; }

reports=$(mktemp -d "$PWD/.shards-XXXXXX") # in this folder: other machines see it too
trap 'rm -rf "$reports"' EXIT
status=0
# A shell on another machine need not have the tool on its PATH.
tool=$(command -v "$1") || { echo "shards.sh: $1 is not to be found" >&2; exit 2; }
set -- "$(realpath -s "$tool")" "${@:2}"
printf -v command '%q ' "$@"
seq 0 $((parts - 1)) | parallel --will-cite --retries "$tries" ${more+"${more[@]}"} \
	"$command --resume --shard {}/$parts --report $(printf %q "$reports")/{}" || status=1
if [ -n "$report" ]; then
	for ((i = 0; i < parts; i++)); do
		[ ! -e "$reports/$i" ] || cat "$reports/$i"
	done >"$report"
fi
exit $status
