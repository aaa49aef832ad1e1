# s2st-translate with the demo pack: the reference's units, the same bytes as the tools one after another.
pack=models/es-en-demo
es=data/demo/test/es
mkdir in
cp $es/test00001.flac $es/test00004.flac in

s2st-translate --pack $pack --units-out units.txt -o out in
grep -E '^test0000(1|4)\|' data/demo/expected/units.beam10.txt | cmp - units.txt
ls out

s2ut-generate -m $pack/s2ut.pt --config $pack/config.yaml --beam 10 in | tee staged.txt | vocode --pack $pack -o staged
cmp units.txt staged.txt
diff -r -x '.s2st-state*' out staged
vocode -m $pack/vocoder.pt -c $pack/vocoder.json --dur-prediction -o staged2 staged.txt
diff -r -x '.s2st-state*' out staged2

# one file, stdin to stdout, several threads; a narrow beam is enough for what comes from here on
translate() { s2st-translate --pack $pack --beam 1 "$@"; }
file=in/test00004.flac
translate -j 3 $file -o one.wav --units-out one.txt
grep '^test00004|' data/demo/expected/units.beam1.txt | cmp - one.txt
translate <$file >piped.wav
cmp one.wav piped.wav
translate - -o - --container raw <$file | cmp - <(tail -c +45 one.wav)
s2st-translate -m $pack/s2ut.pt --beam 1 --vocoder $pack/vocoder.pt --dur-prediction --json $file -o json.wav |
	sed -E 's/"(units|durations)": \[[0-9, ]*\]/"\1": [...]/g; s/"score": -0\.[0-9]+/"score": S/'
cmp one.wav json.wav

# what a recogniser hears in it
s2st-translate --pack $pack --transcript in -o heard
diff -r -x '.s2st-state*' out heard
s2st-translate --pack $pack --transcript --json in/test00001.flac -o heard2 | grep -o '"transcript.*'
s2st-translate -m $pack/s2ut.pt --beam 10 --vocoder $pack/vocoder.pt --dur-prediction --asr $pack/asr.pt --transcript \
	in/test00001.flac -o heard3

# some inputs fail, the others are done; --resume does what is missing
rm out/test00001.wav
before=$(stat -c %i out/test00004.wav)
exits 1 s2st-translate --pack $pack --resume in missing.flac -o out
test "$(stat -c %i out/test00004.wav)" = "$before"
cmp out/test00001.wav staged/test00001.wav
exits 2 translate in -o many.wav
exits 1 bash -c "ls in/*.flac | s2st-translate --pack $pack --beam 1 - -o many.wav"
test ! -e many.wav
