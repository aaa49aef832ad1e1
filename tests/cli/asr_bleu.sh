# asr-bleu with the demo pack: the reference's transcripts and scores, through the whole chain and from its parts.
pack=models/es-en-demo
demo=data/demo

echo '--- translate, speak, listen, score'
s2ut-generate --pack $pack $demo/test/es | tee units.txt | cmp - $demo/expected/units.beam10.txt
vocode --pack $pack -o english units.txt
asr-bleu --pack $pack --audio-dir english --references $demo/test/ref.en.txt --transcripts-out heard.txt
cmp heard.txt $demo/expected/transcripts.txt
cut -d'|' -f2 units.txt | vocode --pack $pack -o numbered
ls numbered | head -n 2
asr-bleu --pack $pack --audio-dir numbered --references $demo/test/ref.en.txt --json --min-bleu 95
s2st-translate --pack $pack -o translated $demo/test/es
diff -r -x '.s2st-state*' english translated

echo '--- the target speech itself: the ceiling'
asr-bleu -m $pack/asr.pt --dict $pack/dict.ltr.txt --references $demo/test/ref.en.txt $demo/test/en -q
paste <(echo id; cat $demo/test/ids.txt) <(echo tgt_text; cat $demo/test/ref.en.txt) >ref.tsv
ls $demo/test/en/*.flac | tac >list.txt
asr-bleu --pack $pack --references ref.tsv list.txt | head -n 1

echo '--- transcripts'
from() { asr-bleu --from-transcripts $demo/expected/transcripts.txt --references "$@"; }
from $demo/test/ref.en.txt
from $demo/test/ref.en.txt --json
from ref.tsv --per-sentence | sed -n '1,2p;$p'
from ref.tsv --per-sentence --json | sed -n '1p'
from ref.tsv --baseline $demo/expected/en.transcripts.txt --confidence --bootstrap-samples 200
from ref.tsv --metric wer
from ref.tsv --metric chrf++ --json
from ref.tsv --lowercase --tokenize char --smooth add-k --normalize whisper_basic
exits 1 from ref.tsv --min-bleu 95.01
from ref.tsv --min-bleu 95 -o score.txt
cat score.txt

echo '--- what is missing'
cp -r numbered holes
rm holes/7_pred.wav holes/12_pred.wav
exits 1 asr-bleu --pack $pack --audio-dir holes --references $demo/test/ref.en.txt
asr-bleu --pack $pack --audio-dir holes --references $demo/test/ref.en.txt --allow-missing | head -n 1
head -c 20 numbered/7_pred.wav >holes/7_pred.wav
cp numbered/12_pred.wav holes/12_spk3_pred.wav
exits 1 asr-bleu --pack $pack --audio-dir holes --references $demo/test/ref.en.txt
asr-bleu --pack $pack --audio-dir holes --references $demo/test/ref.en.txt --allow-missing | head -n 1
cp numbered/7_pred.wav holes/
asr-bleu --pack $pack --audio-dir holes --references $demo/test/ref.en.txt | head -n 1
