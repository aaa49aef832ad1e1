#!/usr/bin/env bash
# What CI does beyond scripts/test.sh. Each part stands alone; every one can fail, and `self` shows that it does.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)
quick="includes shell headers werror symbols install demo readme lengths self"
all="$quick tidy cppcheck asan tsan"

usage() {
	cat <<'END'
usage: scripts/check.sh [PART...] [--valgrind] [--fuzz SECONDS]
without arguments: all parts but the last two
  includes    no layer includes what it may not know (scripts/check-includes.sh)
  shell       shellcheck over the scripts
  headers     every header compiles alone; the public one as strict C11 and as C++ too
  werror      the whole tree compiles without a warning
  symbols     the library exports only s2_ and s2st_ names, keeps no mutable globals, never prints or exits
  install     cmake --install, then the README's C example is built through pkg-config and run
  demo        scripts/demo.sh translates its sample as the reference does
  readme      the README's links lead somewhere, its options exist
  lengths     tells long functions and files; too long ones and lines over 120 columns fail
  self        each of the checks above finds a planted fault
  tidy        clang-tidy
  cppcheck    cppcheck
  asan        all tests under AddressSanitizer and UBSan, leaks included
  tsan        the tests that use threads under ThreadSanitizer
  quick       the parts above `tidy`
  --valgrind  the command-line tests under valgrind
  --fuzz N    each fuzz target with libFuzzer for N seconds (clang); findings stay in build-fuzz/findings
END
}

fail() {
	echo "check.sh: $*" >&2
	exit 1
}

configure() { # build folder, options
	local dir=$1
	shift
	cmake -S . -B "$dir" --log-level=NOTICE -DS2ST_WERROR=ON "$@" >/dev/null
}

build() { # build folder, options: configures, builds quietly, shows the log of a failure
	configure "$@"
	cmake --build "$1" -j "$jobs" >"$1/build.log" 2>&1 || { cat "$1/build.log" >&2; fail "$1: the build failed"; }
}

part_includes() { scripts/check-includes.sh; }

part_shell() {
	shellcheck scripts/*.sh .ci/run tests/cli/run.sh
	echo "shellcheck: clean"
}

part_headers() {
	local header count=0 flags=(-fsyntax-only -Wall -Wextra -Werror -D_GNU_SOURCE -Iinclude -Isrc)
	command -v c++ >/dev/null || fail "headers: no C++ compiler (scripts/install-deps.sh --check)"
	for header in include/s2st.h include/s2st/*.h; do
		cc -std=c11 -Wpedantic "${flags[@]}" -x c "$header"
		c++ -std=c++11 -Wpedantic "${flags[@]}" -x c++ "$header"
		count=$((count + 1))
	done
	for header in $(find src tools -name '*.h' | sort); do
		[[ $header != *_impl.h ]] || continue # a body that several files compile, each with its own macros
		cc -std=gnu11 "${flags[@]}" -x c "$header"
		count=$((count + 1))
	done
	echo "$count headers stand alone"
}

part_werror() { build build-check -DCMAKE_BUILD_TYPE=Release -DS2ST_BUILD_BENCH=ON; }

part_symbols() {
	part_werror
	scripts/check-symbols.sh build-check/libs2st.a
}

# The first C block of the README, as a user would build and run it.
part_install() {
	part_werror
	local dir=$PWD/build-check/consumer
	rm -rf "$dir"
	cmake --install build-check --prefix "$dir/prefix" >/dev/null
	awk '/^```c$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' README.md >"$dir/example.c"
	[ -s "$dir/example.c" ] || fail "install: the README has no C example"
	local pc
	pc=$(dirname "$(find "$dir/prefix" -name s2st.pc)")
	# shellcheck disable=SC2046 # words are what pkg-config gives
	cc -std=c11 -Wall -Wextra -Werror "$dir/example.c" -o "$dir/example" \
		$(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs s2st)
	local demo=tests/data/demo
	"$dir/example" models/es-en-demo $demo/test/es/test00000.flac "$dir/out.wav" >"$dir/units"
	sed -n 's/^test00000|//p' $demo/expected/units.beam10.txt | diff - "$dir/units" >&2 ||
		fail "install: the README's example gives other units than the reference"
	[ -s "$dir/out.wav" ] || fail "install: the README's example wrote no wav"
	echo "the README's example, built with pkg-config against the installed library, gives the expected units"
}

part_demo() {
	local out=$PWD/build/check-demo.wav id=test00004 # the sample's name in tests/data/demo
	mkdir -p build
	(cd / && "$OLDPWD/scripts/demo.sh" --no-install -o "$out") >build/check-demo.txt
	[ -s "$out" ] || fail "demo: no wav"
	sed -n "s/^$id|//p" tests/data/demo/expected/units.beam10.txt >build/check-demo.expected
	[ -s build/check-demo.expected ] || fail "demo: no expected units"
	sed -n 's/^units: *//p' build/check-demo.txt | diff build/check-demo.expected - >&2 ||
		fail "demo: other units than the reference's"
	echo "the demo's units are the reference's"
}

part_readme() { scripts/check-readme.sh build-check; }

part_lengths() { scripts/check-lengths.sh; }

# A copy of the tree with one fault; the check must find it.
plant() { # name, file, text to append, command...
	local name=$1 file=$2 text=$3 tree=build-check/self
	shift 3
	rm -rf $tree
	mkdir -p $tree
	cp -r .ci CMakeLists.txt LICENSE include src tools scripts README.md models $tree/
	ln -s ../../tests $tree/tests
	(cd $tree && "$@") >/dev/null || fail "self: $* fails without the fault too"
	printf '%s\n' "$text" >>"$tree/$file"
	if (cd $tree && "$@") >/dev/null 2>&1; then
		fail "self: $name is not found"
	fi
	rm -rf $tree
}

part_self() {
	plant "base including formats" src/base/status.c '#include "formats/value.h"' scripts/check-includes.sh
	plant "audio including math" src/audio/fbank.h '#include "math/gemm.h"' scripts/check-includes.sh
	plant "a tool including src" tools/vocode.c '#include "base/status.h"' scripts/check-includes.sh
	plant "libsndfile in formats" src/formats/value.h '#include <sndfile.h>' scripts/check-includes.sh
	plant "a header that needs another" include/s2st/audio.h 'int s2_f(FILE *f);' scripts/check.sh headers
	plant "src in the public header" include/s2st/audio.h '#include "math/gemm.h"' scripts/check-includes.sh
	plant "C++ trouble in the public header" include/s2st/audio.h 'int s2_f(int class);' scripts/check.sh headers
	plant "a broken link" README.md '[x](src/nowhere.c)' scripts/check-readme.sh ..
	plant "a variable without quotes" scripts/demo.sh "rm -r \$1" scripts/check.sh shell
	plant "a long function" src/base/status.c "int s2_f(void)
{
$(yes ';' | head -n 200)
	return 0;
}" scripts/check-lengths.sh
	plant_symbol "an export of another name" 'int other(void); int other(void) { return 1; }'
	plant_symbol "a mutable global" 'int *s2_f(void); int *s2_f(void) { static int n; return &n; }'
	plant_symbol "a library that prints" '#include <stdio.h>
void s2_f(void); void s2_f(void) { printf("%d", 1); }'
	plant_symbol "a library that exits" '#include <stdlib.h>
void s2_f(void); void s2_f(void) { exit(1); }'
	plant_finding clang-tidy --quiet build-check/fault.c --
	plant_finding cppcheck --quiet --error-exitcode=1 build-check/fault.c
	echo "the checks find the faults that they are for"
}

plant_symbol() { # name, C text
	local dir=build-check/self
	mkdir -p $dir
	printf '%s\n' "$2" | cc -c -O2 -x c -o $dir/fault.o -
	cp build-check/libs2st.a $dir/libfault.a
	ar r $dir/libfault.a $dir/fault.o
	if scripts/check-symbols.sh $dir/libfault.a >/dev/null 2>&1; then
		fail "self: $1 is not found"
	fi
	rm -rf $dir
}

plant_finding() { # command...
	printf 'int s2_f(int n);\nint s2_f(int n)\n{\n\tint a[2] = {1, 2};\n\treturn n ? a[2] : *(int *)0;\n}\n' >build-check/fault.c
	if "$@" >/dev/null 2>&1; then
		fail "self: $1 finds nothing"
	fi
	rm build-check/fault.c
}

part_tidy() {
	configure build-check
	local files
	mapfile -t files < <(find src tools -name '*.c' | sort)
	[ ${#files[@]} -gt 0 ] || fail "tidy: no sources"
	# One file a run: clang-tidy 14 forgets va_start after its first file. The notes of the path to a finding are long:
	# `clang-tidy -p build-check FILE` shows them.
	printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$jobs" clang-tidy --quiet -p build-check >build-check/tidy.log 2>&1 ||
		{ grep -vE 'note:|warnings generated' build-check/tidy.log | grep -E -A 2 '[Ee]rror' >&2; fail "tidy: findings above"; }
	echo "clang-tidy: ${#files[@]} files clean"
}

part_cppcheck() {
	configure build-check
	cppcheck --quiet -j "$jobs" --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--library=posix --library=gnu --suppressions-list=scripts/cppcheck.txt -D__GNUC__ -D_GNU_SOURCE -D__x86_64__ \
		-Iinclude -Isrc -Itools src tools
	echo "cppcheck: clean"
}

part_asan() {
	build build-asan -DCMAKE_BUILD_TYPE=RelWithDebInfo -DS2ST_SANITIZE=ON
	ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 \
		ctest --test-dir build-asan --output-on-failure --no-tests=error -j "$jobs"
}

part_tsan() {
	build build-tsan -DCMAKE_BUILD_TYPE=RelWithDebInfo -DS2ST_SANITIZE=thread
	TSAN_OPTIONS=halt_on_error=1 ctest --test-dir build-tsan --output-on-failure --no-tests=error -j 1 \
		-R 'unit_base|gemm|conv|ops|attention|session|golden|api|vocoder'
}

part_valgrind() {
	build build-valgrind -DCMAKE_BUILD_TYPE=RelWithDebInfo
	S2ST_TEST_PREFIX="valgrind -q --leak-check=full --errors-for-leak-kinds=definite,possible --error-exitcode=99" \
		ctest --test-dir build-valgrind --output-on-failure --no-tests=error -j "$jobs" -R '^cli_'
}

part_fuzz() { # seconds
	local seconds=$1 target name corpus count=0
	CC=clang build build-fuzz -DCMAKE_BUILD_TYPE=RelWithDebInfo -DS2ST_SANITIZE=ON -DS2ST_FUZZ=ON
	mkdir -p build-fuzz/findings
	for target in $(find build-fuzz/tests -maxdepth 1 -name "fuzz_*" -executable -type f | sort); do
		name=$(basename "$target")
		corpus=build-fuzz/corpus/${name#fuzz_}
		mkdir -p "$corpus" # new inputs gather here; add the ones worth keeping to tests/fuzz/corpus
		echo "$name: $seconds s"
		"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
			-artifact_prefix=build-fuzz/findings/"$name"- "$corpus" "tests/fuzz/corpus/${name#fuzz_}" \
			>"build-fuzz/$name.log" 2>&1 || { tail -n 60 "build-fuzz/$name.log" >&2; fail "fuzz: $name found something"; }
		grep -E 'number_of_executed_units|new_units_added' "build-fuzz/$name.log"
		count=$((count + 1))
	done
	[ $count -gt 0 ] || fail "fuzz: no targets"
}

parts=()
fuzz_seconds=
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage; exit 0 ;;
	quick) read -r -a more <<<"$quick"; parts+=("${more[@]}") ;;
	--valgrind | valgrind) parts+=(valgrind) ;;
	--fuzz | fuzz)
		[[ ${2:-} =~ ^[0-9]+$ ]] || { echo "check.sh: --fuzz needs a number of seconds" >&2; exit 2; }
		fuzz_seconds=$2
		parts+=(fuzz)
		shift
		;;
	*)
		[[ " $all " == *" $1 "* ]] || { echo "check.sh: no part is called $1" >&2; usage >&2; exit 2; }
		parts+=("$1")
		;;
	esac
	shift
done
[ ${#parts[@]} -gt 0 ] || read -r -a parts <<<"$all"

if [ ${#parts[@]} -eq 1 ]; then
	echo "== ${parts[0]}"
	"part_${parts[0]}" "$fuzz_seconds"
	exit
fi
# One process a part: a part that fails ends there, the others still say what they find.
failed=()
for part in "${parts[@]}"; do
	if [ "$part" = fuzz ]; then
		scripts/check.sh --fuzz "$fuzz_seconds" || failed+=(fuzz)
	else
		scripts/check.sh "$part" || failed+=("$part")
	fi
done
[ ${#failed[@]} -eq 0 ] || fail "failed: ${failed[*]}"
echo "all checks passed: ${parts[*]}"
