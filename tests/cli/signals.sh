# Signals: the file at hand is finished, the report is written, the rest is left to --resume; a second one ends at once.
pack=models/es-en-demo
mkdir in
for i in 0 1 3 4; do wav 1 16000 $((2000 + 1000 * i)) >in/$i.wav; done
wav 1 16000 4000 >2.wav
cp 2.wav in/2.wav
translate=(s2st-translate -q -j 1 --batch 1 --pack $pack --beam 1 --max-len-b 9)
"${translate[@]}" -o whole in
rm in/2.wav
mkfifo in/2.wav # where a run stops until it is told to go on
rows() { sed -E 's/.*("id": "[^"]*").*("status": "[a-z]*").*/\1 \2/' "$1"; }
status=130
for signal in INT TERM; do
	echo "--- $signal"
	out=out$signal
	env --default-signal=INT "${translate[@]}" --report $out.jsonl -o $out in & # a shell lets its jobs ignore it
	tool=$!
	exec 5>in/2.wav # waits for the tool to open it
	kill -$signal $tool
	cat 2.wav >&5
	exec 5>&-
	exits $status wait $tool
	rows $out.jsonl
	(cd $out && echo *)
	cat 2.wav >in/2.wav &
	"${translate[@]}" --resume --report again$signal.jsonl -o $out in
	wait $!
	rows again$signal.jsonl
	diff -r -x '.s2st-state*' whole $out
	status=143
done
echo '--- a second one'
"${translate[@]}" --report twice.jsonl -o twice in &
tool=$!
exec 5>in/2.wav
kill -TERM $tool
until grep -q '^SigPnd:[[:space:]]*0*$' /proc/$tool/status && grep -q '^ShdPnd:[[:space:]]*0*$' /proc/$tool/status; do
	sleep 0.05 # until it has seen the first
done
kill -TERM $tool
exits 143 wait $tool # though what it waits for never comes
exec 5>&-
test ! -e twice.jsonl
(cd twice && echo *.wav)
