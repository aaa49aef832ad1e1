#!/usr/bin/env bash
# Keeps README.md and the model cards true: links lead to files, every option shown for a tool is in its --help, and
# the blocks marked ```bash run as they stand, in order, from the top folder (those marked ```sh are only read).
# usage: scripts/check-readme.sh BUILD
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(cd "$1" && pwd)
faults=0
report() {
	echo "check-readme.sh: $1" >&2
	faults=1
}

links=0
for page in README.md models/README.md models/*/README.md; do
	while read -r target; do
		links=$((links + 1))
		[ -e "$(dirname "$page")/$target" ] || report "$page: the link to $target leads nowhere"
	done < <(grep -oE '\]\([^)#]+' "$page" | cut -c3- | grep -v '^https*:')
done

# What CMake looks for is what install-deps.sh installs and what the table of dependencies explains.
modules=$(sed -n 's/^set(S2ST_PC_REQUIRES \(.*\))$/\1/p' CMakeLists.txt)
[ -n "$modules" ] || report "CMakeLists.txt: no S2ST_PC_REQUIRES"
for module in $modules; do
	grep -q " module $module\$" scripts/install-deps.sh || report "install-deps.sh does not install $module"
	name=${module#lib}
	grep -qiE "^\| (lib)?${name%%-*} " README.md || report "README.md does not say why $module is needed"
done

# Commands of the fenced blocks and of the tool table, one a line.
commands() {
	awk '/^```(sh|bash)$/ { inside = 1; next } /^```/ { inside = 0 } inside' README.md | sed 's/#.*//' | tr '|;&' '\n'
	grep '^| [`]' README.md | tr '`' '\n'
}
options=0
while read -r tool rest; do
	[ -f "$build/${tool:-none}" ] || continue
	help=$("$build/$tool" --help)
	for word in $rest; do
		[[ $word == -?* ]] || continue
		options=$((options + 1))
		grep -qE -- "(^|[ ,])${word%%=*}([ ,=]|\$)" <<<"$help" || report "README.md: $tool has no option $word"
	done
done < <(commands)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r models "$scratch/"
ln -s "$build" "$scratch/build"
awk '/^```bash$/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md >"$scratch/blocks"
[ -s "$scratch/blocks" ] || report "README.md: no block to run"
(cd "$scratch" && bash -euo pipefail blocks) >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; report "README.md: a block fails"; }

[ $links -gt 0 ] || report "found no links"
[ $options -gt 0 ] || report "found no options of tools"
[ $faults -eq 0 ] || exit 1
echo "$links links, $options options and the runnable blocks hold"
