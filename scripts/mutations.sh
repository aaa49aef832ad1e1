#!/usr/bin/env bash
# Are the tests of runs over folders good for something? Plants one fault after the other into a copy of the sources,
# builds the tools and expects the named tests (of tests/cli; unit_X: of tests/unit) to fail. By hand: it takes some
# minutes. What it builds goes in the end, and when it is stopped.
# usage: scripts/mutations.sh [NAME...]    only the faults of these names
set -euo pipefail
cd "$(dirname "$0")/.."
tree=build-mutations
jobs=$(nproc)

fail() {
	echo "mutations.sh: $*" >&2
	exit 1
}

running=
stop() { # status
	trap '' INT TERM
	if [ -n "$running" ]; then
		kill "$running" 2>/dev/null || true
		wait "$running" || true
	fi
	exit "$1"
}
trap 'rm -rf $tree' EXIT
trap 'stop 130' INT
trap 'stop 143' TERM

# limited SECONDS COMMAND...: where a signal to this script ends it too
limited() {
	local status=0
	timeout -k 5 "$@" &
	running=$!
	wait $running || status=$?
	running=
	return $status
}

units=()
build() { # what for
	limited 1800 cmake --build $tree/build -j "$jobs" --target "${tools[@]}" "${units[@]}" >$tree/build.log 2>&1 || {
		tail -n 20 $tree/build.log >&2
		fail "$1: does not build"
	}
}

passes() { # test, seconds
	case $1 in
	unit_*) limited "$2" ctest --test-dir $tree/build --output-on-failure --no-tests=error -R "^$1\$" >$tree/test.log 2>&1 ;;
	*) limited "$2" tests/cli/run.sh $tree/build "tests/cli/$1.sh" >$tree/test.log 2>&1 ;;
	esac
}

# What a test says of the fault: its first line that is not as expected.
finding() { # test's status
	if [ "$1" -eq 124 ] || [ "$1" -eq 137 ]; then
		echo 'it does not end'
	else
		grep -m 1 -E '^([-+][^-+]|after|of |status|.*: exit|.*\.c:[0-9]+:)|Exception' $tree/test.log || true
	fi
}

planted=0
declare -A sound # tests that pass without a fault -> seconds that they may take with one
fault() { # name, file, script for sed, tests...
	local name=$1 file=$2 script=$3 test start status
	shift 3
	if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then
		return
	fi
	for test in "$@"; do
		[ -z "${sound[$test]:-}" ] || continue
		[[ $test != unit_* ]] || { units+=("$test") && build "$test"; }
		start=$SECONDS
		passes "$test" 600 || fail "$test fails without a fault, or is skipped"
		sound[$test]=$((10 * (SECONDS - start) + 60))
	done
	sed -i "$script" "$tree/$file"
	! cmp -s "$file" "$tree/$file" || fail "$name: $file has changed, the fault does not fit any more"
	build "$name"
	for test in "$@"; do
		status=0
		passes "$test" "${sound[$test]}" || status=$?
		[ $status -ne 0 ] || fail "$name: $test does not find it"
		echo "$name: found by $test: $(finding $status)"
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
ln -s ../tests $tree/tests
tools=()
for source in tools/*.c; do
	source=${source##*/}
	[[ $source == cli* ]] || tools+=("${source%.c}")
done
cmake -S $tree -B $tree/build --log-level=NOTICE >/dev/null
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
# Rows are read and done however far behind them a slow one is; however much memory their results take.
fault window tools/cli_run.c 's/ && e->pulled - e->head < WINDOW//' unit_run
fault held tools/cli_run.c 's/return e->taken == e->head || e->held < e->n_workers \* HELD;/return true;/' unit_run
# Failures count for nothing; are left out of the report.
fault exit-code tools/cli_run.c 's/(e.bar.failed && !w->forgive)/false/' many
fault report-failed tools/cli_report.c 's/^\tif (!r->w)$/\tif (!r->w || item->failed)/' many
# A signal does not end the run; ends it without the report; is forgotten in the end.
fault signal-lost tools/cli_run.c 's/return replaced || cli_caught_signal();/return replaced;/' signals
fault signal-report tools/cli_report.c \
	's/return w ? s2st_writer_commit(w, err) : S2ST_OK;/if (cli_caught_signal()) {\n\t\ts2st_writer_abort(w);\n\t\tw = NULL;\n\t}\n\t&/' signals
fault signal-code tools/cli.c 's/^\tif (caught)$/\tif (0)/' signals
# A run goes on with what it has of a model that was replaced.
fault replaced-model tools/cli_depend.c 's/if (rc < 0 || torn || now.hash != f->stamp.hash)/if (0)/' replaced
# A page of a model that has gone ends the tool.
fault lost-page tools/cli_maps.c 's/^\tsigaction(SIGBUS, &act, before);/\tsigaction(SIGBUS, NULL, before);/' replaced
# An input that was replaced while it was worked on is recorded as done.
fault replaced-input tools/cli_state.c 's/ || !is_unchanged(&item->before, &in)//' replaced
# Each process has the weights for itself.
fault own-weights src/base/file.c \
	's/^\tint saved = errno;/&\n\tvoid *own = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);\n\tmemcpy(own, p, size);\n\tp = own;/' scale
# What is done is judged by the size of the input; whatever the options are; whatever the models hold; without a look at
# the outputs; by records that are damaged.
fault resume-by-size tools/cli_state.c 's/\tif (now.changed == changed)/\tif (1)/' resume
fault resume-any-options tools/cli_depend.c 's/^\th = hash_text(h, o->name);/\treturn h;/' resume
fault resume-any-model tools/cli_depend.c 's/files += hash_file.*/(void)hash_file;/' resume
fault lost-output tools/cli_state.c 's/const bool same = s2st_stamp_get.*/const bool same = s2st_stamp_get(\&now, path, S2ST_STAMP_TIME, \&missing) <= 0;/' resume
fault damaged-record src/api/journal.c 's/^\t       check == check_of(line + DIGITS + 1);/\t       check != 1;/' resume
# A pair of recordings is judged by the source alone.
fault paired-target tools/cli_state.c 's/ || !w->paired || / || /; s/^\tif (rc < 0 || !row->target)$/\tif (1)/' quantize
# Temporary files of a process that was killed stay for ever.
fault leftovers src/base/leftovers.c 's/unlinkat(dir, name, 0)/dir/' resume
# Centroids are done because they are there; a training goes on with the state of other features, of other options.
fault kmeans-there tools/s2u-kmeans.c 's/rc = cli_whole_find(c, c->output, &err);/rc = c->resume \&\& cli_exists(c->output);/' kmeans_resume
fault kmeans-features src/models/kmeans_state.c 's/(unsigned long long)t->features)/0ULL)/' kmeans_resume
fault kmeans-options src/models/kmeans_state.c 's/o->n_init, o->max_iter,/o->n_init, 0,/' kmeans_resume
fault kept-features tools/s2u-kmeans.c 's/l->taken = cli_hash_input/(void)cli_hash_input/
	s/code = cli_depend_inputs(c, &l->source, is_drawn, l);/code = CLI_OK;/' kmeans_resume
# Inputs of one result that change places are the same.
fault swapped-inputs tools/cli_depend.c 's/return f->named ? .*/return h;/' mine
# A file that is there is replaced unasked; two inputs write one output; the next run reads what this one writes; a dry
# run works, and begins a record.
fault overwrite tools/cli.c 's/if (c->overwrite || c->resume || !cli_is_file(path))/if (1)/' resume
fault same-output src/audio/inputs.c 's/if (in->unique && !row->problem)/if (0)/' resume
fault found-again tools/cli_inputs.c 's/^\t\t\treads = c->args\[i\];/\t\t\treads = NULL;/' resume
fault dry-run tools/cli_run.c 's/^\tif (c->dry_run) {/\tif (0) {/' resume
fault dry-record tools/cli_state.c 's/int rc = c->dry_run && !used ? S2ST_OK : /int rc = /' resume
# Parts of a list overlap.
fault shard src/base/shard.c 's/(size_t)nearbyint(part \* (shard + 1))/& + 1/' shards
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
# A list that is cut short ends where it ends; one of several members with the first.
fault cut-list src/base/gzip.c 's/return s2_fail(err, S2ST_EFORMAT, "the gzip stream is cut short");/return S2ST_OK;/' damaged
fault gzip-members src/base/gzip.c 's/^\t\t\tinflateReset(&g->z);/\t\t\tg->z.avail_in = 0;\n\t\t\tlseek(fd, 0, SEEK_END);/' manifest
# A disk that is full is not noticed.
fault full-disk src/base/writer.c 's/fwrite(data, 1, n, w->f) == n ? S2ST_OK : fail_write(w, err)/fwrite(data, 1, n, w->f) <= n ? S2ST_OK : fail_write(w, err)/' disk_full
# Times are taken from the clock on the wall.
fault wall-clock tools/cli_progress.c 's/CLOCK_MONOTONIC/CLOCK_REALTIME/' clock
echo "$planted faults planted, each found"
