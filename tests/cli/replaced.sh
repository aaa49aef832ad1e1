# Models, archives and inputs that change under a running job: noticed, nothing wrong is kept, --resume completes it.
mkdir pack in
cp models/es-en-demo/*.* pack
for i in 0 1 3 4; do wav 1 16000 $((2000 + 1000 * i)) >in/$i.wav; done
cp in/1.wav 2.wav
translate=(s2st-translate -q -j 1 --batch 1 --pack pack --beam 1 --max-len-b 9)
cp 2.wav in/2.wav
"${translate[@]}" --units-out units.txt -o whole in
rm in/2.wav
mkfifo in/2.wav # where the run stops until it is told to go on
rows() { sed -E 's/.*("id": "[^"]*").*("status": "[a-z]*").*/\1 \2/' "$1"; }
# during COMMAND...: a run into $out, in the middle of which the command is done
during() {
	"${translate[@]}" --report $out.jsonl --resume -o $out in &
	local tool=$!
	exec 5>in/2.wav # waits for the tool to open it
	"$@"
	cat 2.wav >&5
	exec 5>&-
	exits "$status" wait $tool
	rows $out.jsonl
	(cd $out && echo *)
}
# again: what a run from here makes is what an undisturbed one does
again() {
	rm -f $out.jsonl
	cat 2.wav >in/2.wav &
	"${translate[@]}" --report $out.jsonl --resume -o $out in
	wait $!
	rows $out.jsonl
	diff -r -x '.s2st-state*' whole $out
}
other() { # another model of the same kind: some of its weights
	local size
	size=$(wc -c <"$1")
	cp "$1" other
	head -c 20000 /dev/zero | tr '\0' '\1' | dd of=other bs=1 seek=$((size / 2)) conv=notrunc status=none
}
back() { cp models/es-en-demo/{s2ut,vocoder}.pt pack; }

echo '--- another model is renamed over it'
rename_over() { other pack/s2ut.pt && mv other pack/s2ut.pt; }
out=renamed status=3
during rename_over
back
again
echo '--- it is rewritten in place'
rewrite() { other pack/vocoder.pt && cat other >pack/vocoder.pt; }
out=rewritten
during rewrite
back
again
echo '--- it is cut short: what is mapped of it has gone'
out=cut
during truncate -s 5000 pack/s2ut.pt
back
again
echo '--- it is removed'
out=gone
during rm pack/vocoder.pt
back
again
echo '--- it is touched, and replaced by a copy: the same'
copy() { cp pack/s2ut.pt other && mv other pack/s2ut.pt && touch -d 1980-01-01 pack/vocoder.pt; }
out=copied status=0
during copy

echo '--- lines: all or none'
generate() { s2ut-generate -q -j 1 --batch 1 --pack pack --beam 1 --max-len-b 9 "$@" in; }
cat 2.wav >in/2.wav &
generate -o lines.txt
wait $!
generate --resume -o resumed.txt &
tool=$!
exec 5>in/2.wav
rename_over
cat 2.wav >&5
exec 5>&-
exits 3 wait $tool
test ! -e resumed.txt
back
cat 2.wav >in/2.wav &
generate --resume --report lines.jsonl -o resumed.txt
wait $!
rows lines.jsonl
cmp lines.txt resumed.txt

echo '--- an input that is replaced after it was read is not taken for done'
rm in/2.wav
mkfifo in/2.wav
echo 'no audio' >other.wav
together() {
	s2st-translate -q -j 1 --batch 9 --pack pack --beam 1 --max-len-b 9 --report together.jsonl --resume -o together in
}
together &
tool=$!
exec 5>in/2.wav # of a group, 0 and 1 have been read then
wav 1 16000 9000 >other.wav
mv other.wav in/1.wav
cat 2.wav >&5
exec 5>&-
exits 0 wait $tool
cat 2.wav >in/2.wav &
rm together.jsonl
together
wait $!
rows together.jsonl
