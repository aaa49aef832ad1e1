# s2st-translate with the demo pack: the reference's units, the same bytes as the tools one after another.
pack=models/es-en-demo
es=data/demo/test/es
mkdir in
cp $es/test00001.flac $es/test00004.flac in

s2st-translate --pack $pack --units-out units.txt -o out in
grep -E '^test0000(1|4)\|' data/demo/expected/units.beam10.txt | cmp - units.txt
ls out

s2ut-generate --pack $pack in | vocode --pack $pack -o staged
diff -r out staged
s2ut-generate -m $pack/s2ut.pt --config $pack/config.yaml --beam 10 in >staged.txt
cmp units.txt staged.txt
vocode -m $pack/vocoder.pt -c $pack/vocoder.json --dur-prediction -o staged2 staged.txt
diff -r out staged2

# one file, stdin to stdout, several threads
s2st-translate --pack $pack -j 3 in/test00004.flac -o one.wav
cmp one.wav out/test00004.wav
s2st-translate --pack $pack <in/test00004.flac >piped.wav
cmp one.wav piped.wav
s2st-translate --pack $pack - -o - <in/test00004.flac | cmp - one.wav
s2st-translate --pack $pack --container raw -o - in/test00004.flac | cmp - <(tail -c +45 one.wav)
s2st-translate -m $pack/s2ut.pt --beam 10 --vocoder $pack/vocoder.pt --dur-prediction --json in/test00004.flac -o json.wav |
	sed -E 's/"units": \[[0-9, ]*\]/"units": [...]/; s/"score": -0\.[0-9]+/"score": S/'
cmp one.wav json.wav

# some inputs fail, the others are done; --resume does what is missing
rm out/test00001.wav
echo old >out/test00004.wav
exits 1 s2st-translate --pack $pack --resume in missing.flac -o out
cat out/test00004.wav
cmp out/test00001.wav staged/test00001.wav
exits 2 s2st-translate --pack $pack in -o many.wav
exits 1 bash -c "ls in/*.flac | s2st-translate --pack $pack - -o many.wav"
test ! -e many.wav
