# Results that cannot be written: said, exit 1, nothing half-done is left under the name.
m=data/golden/s2ut/tied.pt
v=data/golden/vocoder/dur.pt
w=data/golden/audio/tone.wav
echo '1 2 3' >units.txt

echo '--- disk full'
exits 1 s2ut-generate -m $m $w >/dev/full
exits 1 s2ut-generate -m $m -o /dev/full $w
exits 1 s2ut-generate --help >/dev/full
exits 1 s2ut-generate --version >/dev/full
exits 1 vocode -m $v -o - units.txt >/dev/full
exits 1 vocode -m $v -o /dev/full --container raw units.txt
exits 1 vocode -m $v -o d --json units.txt >/dev/full
exits 1 s2st-inspect $m >/dev/full
exits 1 s2st-inspect --npy decoder.embed_tokens.weight -o /dev/full $m

echo '--- no place'
touch file
exits 1 s2ut-generate -m $m -o missing/units.txt $w
exits 1 s2ut-generate -m $m -o file/units.txt $w
exits 1 s2ut-generate -m $m -o . $w
exits 1 s2ut-generate -m $m --encoder-out file $w
exits 1 vocode -m $v -o file/out units.txt
exits 1 vocode -m $v -o missing/out.wav units.txt
mkdir dir
mkdir dir/0_pred.wav
exits 1 vocode -m $v -o dir units.txt

if can_bind; then
	mkdir closed
	chmod 555 closed
	exits 1 bound vocode -m $v -o closed units.txt 2>said
	exits 1 bound vocode -m $v -o closed/new units.txt 2>>said
	exits 1 bound vocode -m $v -o fresh --report closed/report.jsonl units.txt 2>>said
	grep -vE '^vocode: closed/(.s2st-state: cannot create|new: cannot make the folder|report.jsonl: cannot create): Permission denied$' said || true
	rm -r said closed fresh
fi

echo '--- closed pipes and closed streams'
mkfifo pipe
sleep 60 <pipe &
exec 5>pipe # waits for the reader, who then goes
kill $!
wait $! || true
exits 1 s2ut-generate -m $m $w $w >&5
exits 1 vocode -m $v -o - units.txt >&5
exits 1 s2st-inspect $m >&5
exits 1 s2st-inspect --help >&5
exec 5>&-
exits 1 s2ut-generate -m $m $w >&-
if [ -z "${S2ST_TEST_PREFIX:-}" ]; then
	exits 0 s2ut-generate -q -m $m -o closed.txt $w <&- >&- 2>&-
else # valgrind needs streams of its own
	exits 0 s2ut-generate -q -m $m -o closed.txt $w
fi
cat closed.txt

ls

echo '--- a signal'
mkfifo lines
vocode -j 1 -m $v -o signal.wav <lines &
tool=$!
exec 5>lines
echo '1 2 3' >&5
until ls signal.wav.*.tmp >/dev/null 2>&1; do sleep 0.05; done # the first line is being done
kill -TERM $tool
sleep 0.2
exec 5>&-
exits 143 wait $tool
ls signal.wav* 2>/dev/null || echo 'nothing is left'
