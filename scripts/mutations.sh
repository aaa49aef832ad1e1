#!/usr/bin/env bash
# Are the tests of runs over folders good for something? Plants one fault after the other into a copy of the sources,
# builds the tools and expects the named tests of tests/cli to fail. By hand: it takes some minutes.
# usage: scripts/mutations.sh [NAME...]    only the faults of these names
set -euo pipefail
cd "$(dirname "$0")/.."
tree=build-mutations
jobs=$(nproc)

fail() {
	echo "mutations.sh: $*" >&2
	exit 1
}

build() {
	cmake --build $tree/build -j "$jobs" >$tree/build.log 2>&1 || { tail -n 20 $tree/build.log >&2; fail "$1: does not build"; }
}

passes() { # test
	timeout 600 tests/cli/run.sh $tree/build "tests/cli/$1.sh" >$tree/test.log 2>&1
}

planted=0
declare -A sound # tests that pass without a fault
fault() { # name, file, script for sed, tests...
	local name=$1 file=$2 script=$3 test
	shift 3
	if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then
		return
	fi
	for test in "$@"; do
		[ -n "${sound[$test]:-}" ] || passes "$test" || fail "tests/cli/$test.sh fails without a fault, or is skipped"
		sound[$test]=1
	done
	sed -i "$script" "$tree/$file"
	! cmp -s "$file" "$tree/$file" || fail "$name: $file has changed, the fault does not fit any more"
	build "$name"
	for test in "$@"; do
		! passes "$test" || fail "$name: tests/cli/$test.sh does not find it"
		echo "$name: found by tests/cli/$test.sh: $(grep -m 1 -E '^([-+][^-+]|after|status|.*: exit)' $tree/test.log || true)"
	done
	cp "$file" "$tree/$file"
	build "no fault"
	planted=$((planted + 1))
}

wanted=("$@")
rm -rf $tree
mkdir $tree
cp -r CMakeLists.txt include src tools scripts $tree/
cp README.md LICENSE $tree/
cmake -S $tree -B $tree/build -DBUILD_TESTING=OFF -DS2ST_BUILD_TESTS=OFF --log-level=NOTICE >/dev/null
build "no fault"

# Outputs are written under their own names.
fault in-place src/base/writer.c \
	's/snprintf(temp, size, "%s.%ld-%u.tmp", path, (long)getpid(), i)/snprintf(temp, size, "%s", path)/
	s/O_CREAT | O_EXCL/O_CREAT | O_TRUNC/' kill
# The record is made before the work.
fault early-record tools/cli_run.c \
	's/^\tif (wanted)$/\tif (wanted \&\& cli_state_add(\&e->state, e->w, item, \&err) == 0)/' kill
# Whatever is done is handed out, not what is next.
fault order tools/cli_run.c \
	's/^\twhile (e->head < e->taken && item_at(e, e->head)->done) {/\tfor (size_t i = e->head; i < e->taken; i++)\n\t\tif (item_at(e, i)->done \&\& !item_at(e, i)->unsaid) {\n\t\t\titem_at(e, i)->unsaid = true;\n\t\t\thand_out(e, item_at(e, i));\n\t\t}\n&/
	s/e->lost || hand_out(e, item)/e->lost || item->unsaid || hand_out(e, item)/' many
# A run goes on with what it has of a model that was replaced.
fault replaced-model tools/cli_depend.c 's/if (rc < 0 || torn || now.hash != f->stamp.hash)/if (0)/' replaced
# A page of a model that has gone ends the tool.
fault lost-page tools/cli_maps.c 's/^\tsigaction(SIGBUS, &act, before);/\tsigaction(SIGBUS, NULL, before);/' replaced
# An input that was replaced while it was worked on is recorded as done.
fault replaced-input tools/cli_state.c 's/ || !is_unchanged(&item->before, &in)//' replaced
# What is done is judged by the size of the input.
fault resume-by-size tools/cli_state.c 's/\tif (now.changed == changed)/\tif (1)/' resume
# What is done is judged without a look at the outputs.
fault lost-output tools/cli_state.c 's/const bool same = s2st_stamp_get.*/const bool same = s2st_stamp_get(\&now, path, S2ST_STAMP_TIME, \&missing) <= 0;/' resume
# A folder that cannot be read ends the run before it begins; and is passed over.
fault folder-ends-run src/audio/folder.c 's/if (rc < 0 && rc != S2ST_EMEM && above)/if (0)/' folders
fault folder-lost src/audio/folder.c 's/return add(f, dir, why.text, err);/return S2ST_OK;/' folders
# Links are followed round and round.
fault link-loop src/audio/folder.c 's/return true;/return false;/' folders
# Names reach the terminal as they are.
fault raw-names tools/cli.c 's/ || is_first || is_second ? .?. : s\[i\]/ ? 63 : s[i]/' names
# A slice that ends behind its archive gives what is there.
fault slice-range src/audio/audiofile.c \
	's/if (length == 0 || offset > map->size || length > map->size - offset)/length = offset > map->size ? 0 : length > map->size - offset ? map->size - offset : length;\n\tif (length == 0)/' damaged
# A list that is cut short ends where it ends.
fault cut-list src/base/gzip.c 's/return s2_fail(err, S2ST_EFORMAT, "the gzip stream is cut short");/return S2ST_OK;/' damaged
# A disk that is full is not noticed.
fault full-disk src/base/writer.c 's/fwrite(data, 1, n, w->f) == n ? S2ST_OK : fail_write(w, err)/fwrite(data, 1, n, w->f) <= n ? S2ST_OK : fail_write(w, err)/' disk_full
rm -rf $tree
echo "$planted faults planted, each found"
