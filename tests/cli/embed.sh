# speech-embed: a row an input and its id, JSON lines, parts of a list, pipes; what fails has no row.
g=data/golden
m=$g/laser/encoder.pt
wavs="$g/audio/austen_a.wav $g/audio/austen_b.wav $g/audio/es_phrase.wav $g/audio/tone.wav"

# shellcheck disable=SC2086
speech-embed -m $m -o all.npy $wavs
cat all.ids
s2st-inspect all.npy | tail -n 1
# the same bytes for threads, parts and zip slices
# shellcheck disable=SC2086
speech-embed -m $m -j 3 -o again.npy $wavs
cmp all.npy again.npy
mkdir parts
for i in 0 1; do speech-embed -m $m --shard $i/2 -o parts/$i.npy $g/audio; done
cmp <(tail -c +129 all.npy) <(tail -q -c +129 parts/0.npy parts/1.npy)
cat parts/0.ids parts/1.ids | cut -f1 | diff <(cut -f1 all.ids) -
echo '--- json'
speech-embed -m $m --json - <$g/audio/tone.wav | cut -c1-60
speech-embed -m $m --json $g/audio/tone.wav -o tone.json
tr ',' '\n' <tone.json | wc -l
echo '--- resume'
cp $g/audio/*.wav .
cp $m model.pt
embed() { rm -f report.jsonl; speech-embed -q -m model.pt --resume --report report.jsonl -o resumed.npy "$@" ./*.wav; }
rows() { sed -E 's/.*("id": "[^"]*").*("status": "[a-z]*").*/\1 \2/' report.jsonl; }
echo 'not what is recorded' >resumed.npy
embed
cmp all.npy resumed.npy
rm resumed.ids
cp tone.wav austen_b.wav
embed
rows
cmp resumed.npy <(speech-embed -q -m $m --overwrite -o again.npy ./*.wav && cat again.npy)
embed --precision bf16
rows | grep -c done
rm ./*.wav
echo '--- refused'
wav 1 16000 300 >short.wav
exits 1 speech-embed -m $m -o some.npy short.wav $g/audio/tone.wav missing.wav
cat some.ids
s2st-inspect some.npy | tail -n 1
exits 3 speech-embed -m models/es-en-demo/asr.pt -o no.npy $g/audio/tone.wav
exits 2 speech-embed -m $m $g/audio/tone.wav
exits 2 speech-embed -m $m -o no.txt $g/audio/tone.wav
exits 2 speech-embed -o no.npy $g/audio/tone.wav
exits 2 speech-embed --pack models/es-en-demo -o no.npy $g/audio/tone.wav
exits 1 speech-embed -m $m -o no/such/no.npy $g/audio/tone.wav
test ! -e no.npy
