# The README's pipeline, one tool a stage, on the demo pack's test set: quantize, generate, vocode, listen and score.
pack=models/es-en-demo
demo=data/demo

echo '--- units of the target speech: a table that S2UT training takes, and the source audio for the next stage'
s2u-quantize --pack $pack --format s2ut-manifest -o test.tsv $demo/test/es $demo/test/en
head -n 1 test.tsv
wc -l <test.tsv
# the units of the table are those that the reference made of the English recordings
paste -d'|' <(cut -f1 test.tsv) <(cut -f4 test.tsv) | tail -n +2 | sort | cmp - <(sort $demo/expected/en.units.txt)

echo '--- the source audio of the table through the translator'
s2ut-generate --pack $pack test.tsv >units.txt
sort units.txt | cmp - <(sort $demo/expected/units.beam10.txt)
vocode --pack $pack --dur-prediction -o english <units.txt
asr-bleu --pack $pack --audio-dir english --references $demo/test/ref.en.txt --min-bleu 95 --json | tee score.json |
	grep -o '"score": [0-9.]*'

echo '--- the last two stages in one pipe'
s2ut-generate --pack $pack test.tsv | vocode --pack $pack --dur-prediction -o piped
diff -r -x '.s2st-state*' english piped

echo '--- resynthesis: the target speech through its units, which bounds what a translator can reach'
s2u-quantize --pack $pack --reduce $demo/test/en | vocode --pack $pack --dur-prediction -o resynthesised
asr-bleu --pack $pack --audio-dir resynthesised --references $demo/test/ref.en.txt | head -n 1
