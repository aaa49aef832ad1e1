#!/usr/bin/env bash
# Installs what the build needs, where it is not there already: Debian, Ubuntu and their relatives.
set -euo pipefail

usage() {
	cat <<'END'
usage: scripts/install-deps.sh [--check] [--list]
  --check  also what scripts/check.sh needs: valgrind, clang-tidy, cppcheck ...
  --list   print the packages that are missing and install nothing (exit 1 if there are any)
END
}

# Package, and how we know that it is there: libraries that came another way count too.
build_packages='
gcc              command cc
libc6-dev        header stdio.h
make             command make
cmake            command cmake
pkg-config       command pkg-config
libzip-dev       module libzip
zlib1g-dev       module zlib
libsndfile1-dev  module sndfile
libsoxr-dev      module soxr
libjansson-dev   module jansson
libyaml-dev      module yaml-0.1
libutf8proc-dev  module libutf8proc
'
check_packages='
g++              command c++
clang            command clang
curl             command curl
libclang-rt-dev  fuzzer clang
clang-tidy       command clang-tidy
cppcheck         command cppcheck
shellcheck       command shellcheck
valgrind         command valgrind
chromium         command chromium
parallel         command parallel
faketime         command faketime
slurm-wlm        command sbatch
munge            program /usr/sbin/munged
openssh-client   command ssh
openssh-server   program /usr/sbin/sshd
'

is_there() { # package, kind, name
	case $2 in
	command) command -v "$3" >/dev/null ;;
	program) [ -x "$3" ] ;;
	header) echo "#include <$3>" | cc -E - >/dev/null 2>&1 ;;
	fuzzer) printf 'int LLVMFuzzerTestOneInput(void) { return 0; }' | "$3" -fsanitize=fuzzer -x c -o /dev/null - 2>/dev/null ;;
	module) pkg-config --exists "$3" 2>/dev/null ;;
	esac
}

missing() { # prints the packages of its argument that are not there
	local package kind name
	while read -r package kind name; do
		[ -z "$package" ] || is_there "$package" "$kind" "$name" || echo "$package"
	done <<<"$1"
}

wanted=$build_packages
list_only=
for arg in "$@"; do
	case $arg in
	--check) wanted+=$check_packages ;;
	--list) list_only=1 ;;
	-h | --help) usage; exit 0 ;;
	*) echo "install-deps.sh: unknown option $arg" >&2; usage >&2; exit 2 ;;
	esac
done

mapfile -t packages < <(missing "$wanted")
if [ -n "$list_only" ]; then
	[ ${#packages[@]} -eq 0 ] || { printf '%s\n' "${packages[@]}"; exit 1; }
	exit 0
fi
[ ${#packages[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "install-deps.sh: there is no apt-get here; install what Debian calls ${packages[*]} in your system's way" >&2
	exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
	as_root=(sudo)
	[ -t 0 ] || as_root=(sudo -n) # nobody there to type a password
	if ! command -v sudo >/dev/null; then
		echo "install-deps.sh: not root and no sudo here; have somebody run: apt-get install ${packages[*]}" >&2
		exit 1
	fi
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1 </dev/null
}
echo "installing ${packages[*]}" >&2
# Package lists may be absent (containers) or too old: only then are they fetched.
if ! apt install -y --no-install-recommends "${packages[@]}"; then
	if ! apt update || ! apt install -y --no-install-recommends "${packages[@]}"; then
		cat "$log" >&2
		echo "install-deps.sh: apt-get could not install ${packages[*]}" >&2
		exit 1
	fi
fi
mapfile -t packages < <(missing "$wanted")
if [ ${#packages[@]} -gt 0 ]; then
	echo "install-deps.sh: installed, but still not found: ${packages[*]}" >&2
	exit 1
fi
