#!/usr/bin/env bash
# Length of functions (from { to } at the line's start) and files. Says what is over the aim, fails over the limit.
# usage: scripts/check-lengths.sh
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t files < <(find include src tools tests -name '*.[ch]' | sort)
awk '
BEGIN {
	aim_function = 60; limit_function = 130 # a forward pass may be long, straight through
	aim_file = 500; limit_file = 600
	width = 120
}
function tell(what, n, aim, limit) {
	if (n > limit) {
		printf "%s is too long: %d lines, the limit is %d\n", what, n, limit
		faults++
	} else if (n > aim) {
		printf "long: %s, %d lines\n", what, n
		long++
	}
}
function end_file() {
	if (file != "")
		tell(file, lines, aim_file, limit_file)
}
FNR == 1 {
	end_file()
	file = FILENAME
	start = 0
}
{
	lines = FNR
	expanded = $0
	gsub(/[\200-\277]/, "", expanded) # count characters, not bytes
	gsub(/\t/, "        ", expanded)
	if (length(expanded) > width) {
		printf "%s:%d: wider than %d columns\n", FILENAME, FNR, width
		wide++
	}
}
/^[a-zA-Z].*\(/ { signature = $0 }
/^\{/ { start = FNR }
/^\}/ && start {
	name = signature
	sub(/\(.*/, "", name)
	sub(/.*[ *]/, "", name)
	functions++
	tell(file ":" start " " name, FNR - start + 1, aim_function, limit_function)
	start = 0
}
END {
	end_file()
	if (!functions) {
		print "check-lengths.sh: found no functions"
		exit 1
	}
	printf "%d functions, %d things over the aim, %d lines over %d columns\n", functions, long, wide, width
	exit faults + wide > 0
}' "${files[@]}"
