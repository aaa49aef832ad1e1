#!/usr/bin/env bash
# Builds the release and runs every test; the last lines are ctest's summary.
# usage: scripts/test.sh [--no-install] [options of ctest, as in -R vocoder]
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = --no-install ]; then
	shift
else
	scripts/install-deps.sh
fi
jobs=$(nproc)
cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=ON -DS2ST_BUILD_TESTS=ON --log-level=NOTICE
cmake --build build -j "$jobs"
ctest --test-dir build --output-on-failure --no-tests=error -j "$jobs" "$@"
