# Archives and lists of which a part is missing: what is there is done, the rest is said, one line each.
pack=models/es-en-demo
mkdir in
for i in 0 1 2 3 4 5; do wav 1 16000 $((2000 + 1000 * i)) >in/$i.wav; done
translate() { s2st-translate -q --pack $pack --beam 1 --max-len-b 9 "$@"; }
translate -o whole in

# What a stored zip is to its slices: bytes at an offset.
at=0
for i in 0 1 2 3 4 5; do
	size=$(wc -c <in/$i.wav)
	echo "audio.zip:$at:$size"
	at=$((at + size))
done >slices.txt
cat in/*.wav >audio.zip
# same NAMES...: these slices were done, with the bytes that their files give
same() {
	local i slice
	for i; do
		slice=$(sed -n $((i + 1))p slices.txt)
		cmp "whole/$i.wav" "$out/$(tr : _ <<<"${slice/.zip/}").wav"
	done
	find "$out" -name '*.wav' | wc -l
}

echo '--- slices out of range'
{
	cat slices.txt
	printf 'audio.zip:%s\n' $at:100 0:$((at + 1)) 18446744073709551615:1 1:18446744073709551615 99999999999999999999:1 5:0
	echo nowhere.zip:0:100
} >list.txt
out=out
exits 1 translate -j 2 --report report.jsonl -o out list.txt
same 0 1 2 3 4 5
grep -c '"status": "failed"' report.jsonl
echo '--- an archive cut short, in slice 4'
head -c $((at - $(wc -c <in/5.wav) - 1000)) audio.zip >cut
cp audio.zip good
mv cut audio.zip
out=cut
exits 1 translate -o cut slices.txt
same 0 1 2 3
echo '--- and whole again'
mv good audio.zip
translate --resume --report again.jsonl -o cut slices.txt
same 0 1 2 3 4 5
grep -c '"status": "skipped"' again.jsonl

echo '--- a compressed list cut short: said before anything is done, from a pipe too'
# lines of which each takes more than is read at once
{
	printf 'id\taudio\tn_frames\tnoise\n'
	for i in 0 1 2 3 4 5; do printf '%s\t%s\t9\t%s\n' $i "$PWD/in/$i.wav" "$(head -c 99999 /dev/urandom | base64 -w 0)"; done
} | gzip -n >list.tsv.gz
head -c 450000 list.tsv.gz >part.tsv.gz
exits 1 translate -o none part.tsv.gz
exits 1 translate -o none - < <(cat part.tsv.gz)
test ! -e none
echo '--- cut short while the run is at its second line'
mv in/1.wav 1.wav
mkfifo in/1.wav
translate -j 1 --batch 1 --report report3.jsonl -o cut3 list.tsv.gz &
tool=$!
exec 5>in/1.wav
truncate -s 450000 list.tsv.gz
cat 1.wav >&5
exec 5>&-
exits 1 wait $tool
sed -E 's/.*("id": "[^"]*").*("status": "[a-z]*").*/\1 \2/' report3.jsonl
for f in cut3/*.wav; do cmp "$f" "whole/${f#*/}"; done
