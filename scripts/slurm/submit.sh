#!/usr/bin/env bash
# Spreads a run over a Slurm cluster: a job array whose tasks do a part each, and a job that merges their reports.
set -euo pipefail

usage() {
	cat <<'END'
usage: scripts/slurm/submit.sh -n N [-r TRIES] [--report FILE] [--wait] [SBATCH OPTION...] -- TOOL OPTION... INPUT...
  -n N           parts, a task of the array each
  -r TRIES       how often a part that failed is tried [2]; what it has done already is skipped
  --report FILE  what became of each input [s2st-report.jsonl]
  --wait         wait for the end; the exit status says whether all inputs are done
Other options go to sbatch, for the tasks (--partition=P, --cpus-per-task=C, --mem=M). TOOL gets --shard I/N, --resume
and --report of its own; its output has to be a folder that all nodes see, its paths are seen from here.

  scripts/slurm/submit.sh -n 64 --cpus-per-task=4 -- s2st-translate -j 4 --pack $PWD/pack -o $PWD/out talks.tsv
END
}

here=$(cd "$(dirname "$0")" && pwd)
parts='' tries=2 report=s2st-report.jsonl
wait=() options=()
while [ $# -gt 0 ]; do
	case $1 in
	-n) parts=$2; shift 2 ;;
	-r) tries=$2; shift 2 ;;
	--report) report=$2; shift 2 ;;
	--wait) wait=(--wait); shift ;;
	-h | --help) usage; exit 0 ;;
	--) shift; break ;;
	*) options+=("$1"); shift ;;
	esac
done
if [ -z "$parts" ] || [ $# -eq 0 ]; then
	usage >&2
	exit 2
fi
case $report in
/*) ;;
*) report=$PWD/$report ;;
esac
reports=$report.parts
mkdir -p "$reports" "$reports/log"
rm -f "$reports"/*.jsonl
export S2ST_REPORTS=$reports S2ST_PARTS=$parts S2ST_TRIES=$tries
array=$(sbatch --parsable --array="0-$((parts - 1))" --output="$reports/log/%a.log" ${options+"${options[@]}"} \
	"$here/shards.sbatch" "$@")
echo "array ${array%%;*}: $parts parts, their messages are in $reports/log"
sbatch ${wait+"${wait[@]}"} --dependency="afterany:${array%%;*}" --output="$reports/log/merge.log" \
	"$here/merge.sbatch" "$report"
