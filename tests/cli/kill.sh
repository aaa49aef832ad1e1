# kill -9 at any moment leaves complete outputs only, and a run that can be taken up again: runs are killed, half of
# them when some number of new files is there, half at a random time; then the folder is what an undisturbed run makes.
# It is counted where in its run each kill fell; there are more of them until enough fell between two outputs.
# S2ST_KILLS says how many: 40 without it; the full run is S2ST_KILLS=200 ctest --test-dir build -R cli_kill
kills=${S2ST_KILLS:-40}
top=$PWD
if [ -w /dev/shm ]; then # where fsync costs nothing, so that kills fall into all else too
	cd "$(mktemp -d /dev/shm/s2st-kill-XXXXXX)"
	trap 'rm -rf "$PWD"' EXIT
fi
v=$top/data/golden/vocoder/dur.pt
lines=10
RANDOM=20240607
for ((i = 0; i < lines; i++)); do
	units=
	for ((j = 0; j < 20 + 20 * (i % 3); j++)); do units+=" $(((i * 7 + j * 5) % 25))"; done
	echo "line$i|${units# }"
done >units.txt
vocode=(vocode -q -j 2 -m $v --dur-prediction --sample-format float)
"${vocode[@]}" -o whole units.txt
now() { local t=${EPOCHREALTIME/./}; echo $((t / 1000)); }
start=$(now)
"${vocode[@]}" -o timed units.txt
span=$(($(now) - start + 5)) # ms that a run takes here and now; corrected as kills come too late or too early

# what is under its name is whole
check() {
	diff -rq -x '.s2st-state*' -x '*.tmp' whole out | grep -v '^Only in whole' || return 0
	echo "after kill $killed"
	exit 1
}
count() { set -- out/*.wav; there=$#; } # outputs under their names

mkfifo never
exec 9<>never # to wait without a process: nothing ever comes
nap_ms() {
	local pause
	printf -v pause '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
	read -rt "$pause" -u 9 || true
}
killed=0 runs=0 finished=0 before=0 between=0 after=0
at=(0 0 0 0 0 0 0 0 0 0 0) # kills with so many outputs there
shopt -s nullglob
while [ $killed -lt "$kills" ] || [ $((4 * between)) -lt "$kills" ] || [ $before -eq 0 ]; do
	runs=$((runs + 1))
	if [ $runs -gt $((20 * kills)) ]; then
		echo "of $killed kills only $between fell between two outputs, $before before the first"
		exit 1
	fi
	mkdir -p out
	count
	first=$there left=$((lines - there))
	"${vocode[@]}" --resume -o out units.txt 9<&- &
	tool=$!
	timed=$((runs % 2))
	if [ $timed -eq 1 ]; then
		nap_ms $((RANDOM % (1 + span * (left + 1) / (lines + 1))))
	else
		wanted=$((first + RANDOM % (left + 1)))
		[ $wanted -gt $first ] || nap_ms $((RANDOM % (1 + span / lines)))
		while count && [ $there -lt $wanted ] && kill -0 $tool 2>/dev/null; do nap_ms 1; done
	fi
	kill -9 $tool 2>/dev/null || true
	status=0
	wait $tool 2>/dev/null || status=$?
	count
	case $status in
	137)
		killed=$((killed + 1))
		at[there]=$((at[there] + 1))
		if [ $there -eq $first ]; then
			before=$((before + 1))
			span=$((span + timed * span / 20))
		elif [ $there -lt $lines ]; then
			between=$((between + 1))
		else
			after=$((after + 1))
		fi
		check
		# a folder that is almost done gives few chances
		[ $((lines - there)) -gt 2 ] && [ $((killed % 2)) -eq 0 ] || rm -r out
		;;
	0)
		finished=$((finished + 1))
		span=$((span - timed * span / 20))
		diff -r -x '.s2st-state*' whole out
		rm -r out
		;;
	*) echo "status $status"; exit 1 ;;
	esac
done 2>/dev/null
"${vocode[@]}" --resume -o out units.txt
diff -r -x '.s2st-state*' whole out
echo "$killed kills: $before before the first new output, $between between two, $after after the last; $finished came late"
echo "with 0 to $lines outputs there: ${at[*]}"
