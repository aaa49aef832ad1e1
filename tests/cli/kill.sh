# kill -9 at any moment leaves complete outputs only, and a run that can be taken up again: runs are killed, half of
# them when the first new file appears, half at a random time; then the folder is what an undisturbed run makes.
# S2ST_KILLS says how many: 40 without it; the full run is S2ST_KILLS=200 ctest --test-dir build -R cli_kill
kills=${S2ST_KILLS:-40}
top=$PWD
if [ -w /dev/shm ]; then # where fsync costs nothing, so that kills fall into all else too
	cd "$(mktemp -d /dev/shm/s2st-kill-XXXXXX)"
	trap 'rm -rf "$PWD"' EXIT
fi
v=$top/data/golden/vocoder/dur.pt
RANDOM=20240607
for ((i = 0; i < 10; i++)); do
	units=
	for ((j = 0; j < 30 + 30 * (i % 3); j++)); do units+=" $(((i * 7 + j * 5) % 25))"; done
	echo "line$i|${units# }"
done >units.txt
vocode=(vocode -q -j 2 -m $v --dur-prediction --sample-format float)
"${vocode[@]}" -o whole units.txt
now() { local t=${EPOCHREALTIME/./}; echo $((t / 1000)); }
start=$(now)
"${vocode[@]}" -o timed units.txt
span=$(($(now) - start + 5)) # ms that a run takes here and now

# what is under its name is whole
check() {
	diff -rq -x '.s2st-state*' -x '*.tmp' whole out | grep -v '^Only in whole' || return 0
	echo "after kill $killed"
	exit 1
}
names() { set -- out/*; list=$*; }

mkfifo never
exec 9<>never # to wait without a process: nothing ever comes
killed=0 finished=0
shopt -s nullglob
while [ $killed -lt "$kills" ]; do
	mkdir -p out
	names
	before=$list
	"${vocode[@]}" --resume -o out units.txt 9<&- &
	tool=$!
	if [ $((killed % 2)) -eq 0 ]; then
		while names && [ "$list" = "$before" ] && kill -0 $tool 2>/dev/null; do read -rt 0.001 -u 9 || true; done
	else
		printf -v pause '0.%03d' $((RANDOM % (span > 900 ? 900 : span)))
		read -rt "$pause" -u 9 || true
	fi
	kill -9 $tool 2>/dev/null || true
	status=0
	wait $tool 2>/dev/null || status=$?
	case $status in
	137) killed=$((killed + 1)) ;;
	0)
		finished=$((finished + 1))
		diff -r -x '.s2st-state*' whole out
		rm -r out
		continue
		;;
	*) echo "status $status"; exit 1 ;;
	esac
	check
	# a folder that is almost done gives few chances
	[ $((killed % 8)) -ne 0 ] || rm -r out
done 2>/dev/null
"${vocode[@]}" --resume -o out units.txt
diff -r -x '.s2st-state*' whole out
echo "killed $killed times"
test $finished -lt $((2 * kills))
test $killed -eq "$kills"
