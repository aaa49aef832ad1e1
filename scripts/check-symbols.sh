#!/usr/bin/env bash
# Rules of the library that its object code shows: every export is s2_ or s2st_; nothing prints or exits; no mutable
# globals (two sessions in two threads must share nothing but what their callers share).
# usage: scripts/check-symbols.sh LIBRARY.a
set -euo pipefail
lib=$1

# Mutable on purpose, "object:symbol: reason".
allowed_data='
'
faults=0
report() {
	echo "check-symbols.sh: $1" >&2
	faults=1
}

exports=$(nm -g --defined-only --format=posix "$lib" | awk 'NF >= 2 { print $1 }')
[ -n "$exports" ] || { echo "check-symbols.sh: $lib exports nothing" >&2; exit 1; }
other=$(grep -Ev '^s2(st)?_' <<<"$exports" || true)
[ -z "$other" ] || report "exports without our prefix: $(tr '\n' ' ' <<<"$other")"

forbidden='exit|_exit|_Exit|quick_exit|abort|printf|puts|putchar|vprintf|perror|stderr|__printf_chk|__vprintf_chk'
forbidden+='|system|popen|execve?|execl|execv|execvp|fork|posix_spawnp?|dlopen|setlocale|srand|rand|random|srandom'
calls=$(nm -A -u "$lib" | awk '{ print $1, $NF }' | grep -E " ($forbidden)\$" || true)
[ -z "$calls" ] || report "the library must not use: $(tr '\n' ';' <<<"$calls")"

# .data.rel.ro holds constant tables with addresses in them; .data and .bss are what a program can write.
data=$(objdump -t "$lib" | awk '
	/file format/ { object = $1; sub(/:$/, "", object) }
	$0 ~ /[ \t]\.(data|bss|tdata|tbss|data\.rel|data\.rel\.local)[ \t]/ && $2 != "d" && $3 != "d" && $NF !~ /^\./ { print object ":" $NF }')
while read -r symbol; do
	[ -z "$symbol" ] || grep -qF "$symbol: " <<<"$allowed_data" || report "mutable global $symbol"
done <<<"$data"
[ $faults -eq 0 ] || exit 1
echo "$(wc -l <<<"$exports") exports, all ours; no printing, no exits, no mutable globals"
