#!/usr/bin/env bash
# Who may include whom. A file of src/LAYER includes only its own layer and those listed beside it; each library is
# known to one layer; tools see the public header and their own command line, nothing of src/.
# usage: scripts/check-includes.sh [ROOT]   prints each breach as FILE:LINE and exits 1
set -euo pipefail
root=${1:-$(dirname "$0")/..}
cd "$root"

mapfile -t files < <(find include src tools -name '*.[ch]' | sort)
awk '
BEGIN {
	sees["base"] = "base"
	sees["formats"] = "formats base"
	sees["audio"] = "audio base"
	sees["math"] = "math base"
	sees["search"] = "search base"
	sees["text"] = "text base"
	sees["layers"] = "layers base math formats"
	sees["models"] = "models layers audio formats math base"
	sees["mine"] = "mine math formats base"
	sees["api"] = "api mine models layers search text audio formats math base"

	home["zlib.h"] = "base"
	home["zip.h"] = home["jansson.h"] = home["yaml.h"] = "formats"
	home["sndfile.h"] = home["soxr.h"] = "audio"
	home["utf8proc.h"] = "text"
	home["cblas.h"] = "nowhere" # see src/math/gemm.h
}
function breach(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why
	breaches++
}
function layer_of(path,    part) {
	split(path, part, "/")
	return part[1] == "src" ? part[2] : part[1]
}
function has(list, word) {
	return index(" " list " ", " " word " ") > 0
}
FNR == 1 {
	files++
	layer = layer_of(FILENAME)
	if (FILENAME ~ /^src\// && !(layer in sees))
		breach("src/" layer " is no layer: give it a row in scripts/check-includes.sh")
}
/^[ \t]*#[ \t]*include[ \t]*</ {
	match($0, /<[^>]*>/)
	name = substr($0, RSTART + 1, RLENGTH - 2)
	if (name in home && home[name] != layer)
		breach("<" name "> belongs behind src/" home[name])
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	match($0, /"[^"]*"/)
	name = substr($0, RSTART + 1, RLENGTH - 2)
	included++
	if (name == "s2st.h")
		next
	if (layer == "include") {
		if (FILENAME == "include/s2st.h" ? name !~ /^s2st\/[a-z0-9]+\.h$/ : name !~ /^[a-z0-9]+\.h$/)
			breach("the public interface includes \"" name "\"; it may see its own parts")
	} else if (layer == "tools") {
		if (name !~ /^cli[a-z0-9_]*\.h$/)
			breach("a tool includes \"" name "\"; it may see s2st.h and cli*.h")
	} else if (name !~ /^[a-z0-9_]+\/[a-z0-9_]+\.h$/)
		breach("\"" name "\": write layer/file.h")
	else if (!has(sees[layer], layer_of(name)))
		breach("src/" layer " includes \"" name "\"; it may see: " sees[layer])
}
END {
	if (files < 2 || !included) {
		print "check-includes.sh: found no sources to check"
		exit 1
	}
	if (breaches)
		exit 1
	printf "%d files keep the include rules\n", files
}' "${files[@]}"
