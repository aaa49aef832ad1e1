# Runs that are taken up again: what is done, what is not, what has changed meanwhile; refusals, dry runs, trees.
v=data/golden/vocoder/dur.pt
pack=models/es-en-demo
mkdir -p in/deep/er
wav 1 16000 3000 >in/a.wav
wav 1 16000 4000 >in/b.wav
wav 1 16000 5000 >in/deep/a.wav
wav 1 16000 6000 >in/deep/er/c.wav
ln -s .. in/deep/loop
translate() { s2st-translate -q --pack $pack --beam 1 --max-len-b 9 "$@"; }
# which inputs a run has worked on: the report says
worked() { sed -n 's/.*"id": "\([^"]*\)".*"status": "\([a-z]*\)".*/\1 \2/p' report.jsonl; }
again() { rm -f report.jsonl; translate --resume --report report.jsonl -o out -r in "$@" && worked; }

echo '--- a tree becomes a tree'
translate --report report.jsonl -o out -r in
(cd out && find . -name '*.wav' | sort)
cp -r out first

echo '--- overwriting is refused, and asked for'
exits 1 translate -o out in/a.wav
translate --overwrite -o out in/a.wav
exits 1 s2ut-generate -m data/golden/s2ut/tied.pt -o report.jsonl in/a.wav
exits 1 translate --report report.jsonl -o fresh in/a.wav

echo '--- all is done'
again
echo '--- an output is gone, one was cut, one touched'
rm out/deep/a.wav
: >out/b.wav
touch out/a.wav
again
diff -r -x '.s2st-state*' first out
echo '--- an input has other contents of the same size, one was touched'
tac -s '' <in/b.wav | tr '\000' '\001' | tail -c 4000 >tail
{ head -c 4044 in/b.wav; cat tail; } >b.wav
mv b.wav in/b.wav
touch in/a.wav
again
echo '--- other options, another model'
again --min-len 2 | sort | uniq -c
cp -r $pack other
printf x >>other/vocoder.json
sed -i 's/x$//' other/vocoder.json
s2st-translate -q --pack other --beam 1 --max-len-b 9 --min-len 2 --resume --report report2.jsonl -o out -r in
sed 's/.*"status": //; s/,.*//' report2.jsonl | sort | uniq -c
printf ' ' >>other/vocoder.json
s2st-translate -q --pack other --beam 1 --max-len-b 9 --min-len 2 --resume --report report2.jsonl -o out -r in
sed 's/.*"status": //; s/,.*//' report2.jsonl | sort | uniq -c

echo '--- lines: the file is made of what is recorded'
s2ut-generate -q --resume --pack $pack --beam 1 --max-len-b 9 -o lines.txt in
cp lines.txt before.txt
wav 1 16000 7000 >in/ab.wav
s2ut-generate -q --resume --pack $pack --beam 1 --max-len-b 9 --report report.jsonl -o lines.txt in
worked
grep -v '^ab|' lines.txt | cmp - before.txt
wc -l <lines.txt

echo '--- a damaged record is no record'
sed -i 's:^[0-9a-f]:x:' out/.s2st-state
printf 'torn' >>out/.s2st-state
again --min-len 2 | sort | uniq -c
again --min-len 2 | sort | uniq -c
cp lines.txt before.txt
sed -i 's/ab|/ab|9 /' .lines.txt.s2st-state # as if the disk had lost some bits
rm report.jsonl
s2ut-generate -q --resume --pack $pack --beam 1 --max-len-b 9 --report report.jsonl -o lines.txt in
worked
cmp lines.txt before.txt

echo '--- dry runs'
rm in/ab.wav out/b.wav
translate --dry-run --resume --min-len 2 -o out -r in
exits 1 translate --dry-run -o out -r in
translate --dry-run -o new -r in
test ! -e new
translate --dry-run -o new.wav in/a.wav
mkdir empty
there=$(find . -ls)
dry() { "$@" --dry-run --report dry.jsonl in/a.wav | cut -f 1,3; }
dry translate -o empty --units-out units.txt
dry translate -o empty --resume
dry s2ut-generate -q --pack $pack -o dry.txt --encoder-out encoded
dry s2ut-generate -q --pack $pack -o dry.txt --resume
dry s2u-quantize -q --pack $pack -o dry.txt --features-out all.npy
dry s2u-quantize -q --pack $pack -o dry.txt --features-out all
diff <(echo "$there") <(find . -ls)

echo '--- two inputs with one output'
cp in/a.wav in/a.flac
exits 1 translate -o none in
exits 1 translate -o none in/a.wav in/deep/a.wav
exits 2 translate -o none --units-out same --report same in/a.wav
exits 2 translate -o same.wav --report same.wav in/a.wav
exits 2 s2ut-generate --pack $pack --encoder-out none --logprobs-out none in/a.wav
test ! -e none
echo '--- through a pipe it is found when it comes, the others are done'
printf '%s\n' in/a.wav in/b.wav in/deep/a.wav in/deep/er/c.wav >list.txt
cat list.txt | exits 1 translate -o piped --report piped.jsonl -
sed -E 's/.*("id": "[^"]*").*("status": "[a-z]*").*/\1 \2/' piped.jsonl
(cd piped && echo *)
echo '--- results that the next run would take for inputs'
exits 2 translate -o in in
exits 2 translate -o in/out -r in
exits 2 translate -o in/deep/../new/out.wav -r "$PWD/in/"
ln -s in/deep link
exits 2 translate -o link/es -r in
cd in/deep
exits 2 s2st-translate --pack ../../$pack -o out -r .
exits 2 s2st-translate --pack ../../$pack -o . ../deep
cd ../..
translate -o in/deep/es in/b.wav in/deep
translate -o inside in/b.wav
(cd in/deep/es && echo *)
rm -r in/deep/es

rm in/a.flac
echo '--- left by a process that was killed'
touch out/a.wav.123-4.tmp out/deep/b.wav.99-0.tmp out/mine.tmp
exec 7>out/held.wav.5-0.tmp
flock 7
again --min-len 2 >/dev/null || true
(cd out && find . -name '*.tmp' | sort)
exec 7>&-
