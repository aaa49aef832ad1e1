# speaker-verify: scores, embeddings of the same model, refusals.
g=data/golden
m=data/zoo/ecapa.pth
for name in austen_a austen_b es_phrase tone; do cp $g/audio/$name.wav .; done

speaker-verify -m $m austen_a.wav austen_a.wav
speaker-verify -m $m austen_a.wav es_phrase.wav
speaker-verify -m $m --threshold 1 austen_a.wav es_phrase.wav
speaker-verify -m $m --json -j 2 austen_b.wav tone.wav -o score.json
sed 's/\(0\.[0-9]\{3\}\)[0-9]*/\1/' score.json
test "$(speaker-verify -m $m austen_a.wav tone.wav)" = "$(speaker-verify -m $m tone.wav austen_a.wav)"
speech-embed -m $m -o speakers.npy austen_a.wav tone.wav
s2st-inspect speakers.npy | grep float32
s2st-inspect $m | grep -E '^(kind|description)'

echo '--- refusals'
exits 2 speaker-verify austen_a.wav tone.wav
exits 2 speaker-verify -m $m tone.wav
exits 1 speaker-verify -m $m austen_a.wav tone.wav -o score.json
exits 2 speaker-verify -m $m --resume austen_a.wav tone.wav
exits 3 speaker-verify -m $g/laser/encoder.pt austen_a.wav tone.wav
exits 3 speaker-verify -m $g/wavlm/base_like.pt austen_a.wav tone.wav
exits 3 speaker-verify -m missing.pth austen_a.wav tone.wav
exits 1 speaker-verify -m $m austen_a.wav missing.wav
wav 1 16000 399 >short.wav
exits 1 speaker-verify -m $m short.wav tone.wav
mkdir many
cp tone.wav austen_a.wav many
exits 2 speaker-verify -m $m many tone.wav
head -c 20000 $m >cut.pth
exits 3 speaker-verify -m cut.pth austen_a.wav tone.wav
