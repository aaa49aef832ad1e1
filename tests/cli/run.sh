#!/usr/bin/env bash
# Runs one test of the command line and compares what it prints and returns with what is expected.
#
#   tests/cli/run.sh [--update] BUILD_DIR SCRIPT.sh
#
# The script runs under `bash -euo pipefail` in a fresh folder, with the tools on PATH, stdin empty, and two links:
#   data    tests/data
#   models  the models folder of the project
# and the functions of lib.sh. Beside it lie, where they are not the default (exit 0, nothing printed):
#   SCRIPT.sh.stdout  SCRIPT.sh.stderr   expected lines; a line may be a glob pattern, "..." stands for any lines
#   SCRIPT.sh.exit                       expected exit status
# A script that exits 77 is skipped and has to say why. --update writes what was seen into these files (patterns are lost).
# $S2ST_TEST_PREFIX, as in 'valgrind -q --error-exitcode=99', is put before every tool.
set -euo pipefail

update=
if [ "${1:-}" = --update ]; then
	update=1
	shift
fi
[ $# -eq 2 ] || { echo "usage: tests/cli/run.sh [--update] BUILD_DIR SCRIPT.sh" >&2; exit 2; }
build=$(cd "$1" && pwd)
script=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

scratch=$(mktemp -d "${TMPDIR:-/tmp}/s2st-cli-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin" "$scratch/work"
ln -s "$top/tests/data" "$top/models" "$scratch/work/"

# One small program a tool: PATH then holds these tools and no others that happen to be installed.
for source in "$top"/tools/*.c; do
	tool=$(basename "$source" .c)
	case $tool in cli*) continue ;; esac
	[ -x "$build/$tool" ] || { echo "run.sh: $build/$tool is not built" >&2; exit 1; }
	printf '#!/bin/sh\nexec %s "%s" "$@"\n' "${S2ST_TEST_PREFIX:-}" "$build/$tool" >"$scratch/bin/$tool"
	chmod +x "$scratch/bin/$tool"
done

status=0
(
	cd "$scratch/work"
	PATH=$scratch/bin:$PATH LC_ALL=C exec bash -euo pipefail -c 'source "$1"; source "$2"' test "$here/lib.sh" "$script"
) </dev/null >"$scratch/stdout" 2>"$scratch/stderr" || status=$?

if [ $status -eq 77 ]; then
	cat "$scratch/stdout" "$scratch/stderr" >&2
	exit 77
fi

if [ -n "$update" ]; then
	for stream in stdout stderr; do
		if [ -s "$scratch/$stream" ]; then
			cp "$scratch/$stream" "$script.$stream"
		else
			rm -f "$script.$stream"
		fi
	done
	if [ $status -ne 0 ]; then
		echo $status >"$script.exit"
	else
		rm -f "$script.exit"
	fi
	exit 0
fi

# Lines against patterns. A line that equals its pattern fits too: "[1, 2]" need not be quoted.
fits() { # expected file, found file
	local -a patterns lines
	local i=0 j=0
	mapfile -t patterns <"$1"
	mapfile -t lines <"$2"
	while [ $i -lt ${#patterns[@]} ]; do
		if [ "${patterns[i]}" = ... ]; then
			i=$((i + 1))
			if [ $i -eq ${#patterns[@]} ]; then
				return 0
			fi
			while [ $j -lt ${#lines[@]} ] && ! line_fits "${patterns[i]}" "${lines[j]}"; do
				j=$((j + 1))
			done
		elif [ $j -lt ${#lines[@]} ] && line_fits "${patterns[i]}" "${lines[j]}"; then
			i=$((i + 1))
			j=$((j + 1))
		else
			return 1
		fi
	done
	[ $j -eq ${#lines[@]} ]
}

line_fits() {
	# shellcheck disable=SC2053 # the right side is a pattern
	[ "$1" = "$2" ] || [[ $2 == $1 ]]
}

failed=0
for stream in stdout stderr; do
	want=$script.$stream
	[ -e "$want" ] || want=/dev/null
	if ! fits "$want" "$scratch/$stream"; then
		echo "$(basename "$script"): $stream is not as expected:"
		diff -u --label expected --label found "$want" "$scratch/$stream" || true
		failed=1
	fi
done
want=0
[ ! -e "$script.exit" ] || want=$(cat "$script.exit")
if [ "$status" != "$want" ]; then
	echo "$(basename "$script"): exit status is $status, expected $want"
	cat "$scratch/stderr"
	failed=1
fi
exit $failed
