# A disk that is full half-way: outputs are complete or absent, what is lost is said, and --resume makes of it what an
# undisturbed run makes, once there is room. On a small disk of our own, which takes the right to mount one.
v=$PWD/data/golden/vocoder/dur.pt
for ((i = 0; i < 6; i++)); do
	units=
	for ((j = 0; j < 1 + 3 * (i % 3); j++)); do units+=" $(((i * 7 + j * 5) % 25))"; done
	echo "line$i|${units# }"
done >units.txt
vocode=(vocode -q -j 2 -m "$v" --dur-prediction)
"${vocode[@]}" --json -o whole units.txt | sed 's:"whole/:":' >whole.jsonl
mkdir disk
cat >inside.sh <<'END'
mount -t tmpfs -o size=256k none disk
shopt -s nullglob
full() { # KIB: a run with this much room, then one with more
	local rc=0
	rm -rf disk/* disk/.[a-z]*
	head -c $(((256 - $1) * 1024)) /dev/zero >disk/ballast
	"${vocode[@]}" --report report.jsonl --overwrite -o disk/out units.txt 2>said || rc=$?
	test $rc -eq 1
	find disk -name '*.tmp'
	for f in disk/out/*.wav; do cmp "$f" "whole/${f##*/}"; done
	# one line for each that failed, and nothing else
	test "$(grep -c 'No space left on device' said)" -eq "$(wc -l <said)"
	test "$(grep -c '"status": "failed"' report.jsonl)" -eq "$(wc -l <said)"
	runs=$((runs + 1)) n_done=$((n_done + $(grep -c '"status": "done"' report.jsonl || true)))
	rm disk/ballast
	"${vocode[@]}" --resume --report report.jsonl --overwrite -o disk/out units.txt
	test "$(grep -c '"status": "skipped"' report.jsonl)" -eq $((6 - $(wc -l <said)))
	diff -r -x '.s2st-state*' whole disk/out
}
vocode=(vocode -q -j 2 -m "$1" --dur-prediction)
runs=0 n_done=0
for room in 8 12 16 20 24 28 32 36 40 44 48 56 64 72 80 88 96 104; do full $room; done
echo "$runs runs"
test $n_done -gt $runs

# Lines: the file is whole or not there; what was recorded is not done again.
generate() { s2ut-generate -q -j 1 --batch 1 --beam 1 --max-len-b 9 --pack models/es-en-demo "$@"; }
inputs=(data/golden/audio/*.wav)
generate -o whole.txt "${inputs[@]}"
for room in 0 4; do
	rm -rf disk/* disk/.[a-z]*
	head -c $(((256 - room) * 1024)) /dev/zero >disk/ballast
	rc=0
	generate --resume -o disk/lines.txt "${inputs[@]}" 2>said || rc=$?
	test $rc -eq 1
	cat said
	(cd disk && ls -A)
	rm disk/ballast report.jsonl
	generate --resume --report report.jsonl -o disk/lines.txt "${inputs[@]}"
	sed -E 's/.*("id": "[^"]*").*("status": "[a-z]*").*/\1 \2/' report.jsonl
	cmp whole.txt disk/lines.txt
done
END
if ! unshare -rm true 2>/dev/null || ! unshare -rm mount -t tmpfs none disk 2>/dev/null; then
	echo 'no disk can be mounted here: what becomes of a run when the disk is full is not tested' >&2
	exit 77
fi
unshare -rm bash -euo pipefail inside.sh "$v"
