# Models that cannot be used: exit 3, one line that names the file; nothing in a file is ever run.
tone=data/golden/audio/tone.wav
cp data/golden/s2ut/tied.pt data/golden/vocoder/dur.pt data/golden/vocoder/dur.json .
cp data/bad/calls_os_system.pt evil.pt
cp data/bad/calls_os_system_legacy.pt evil_legacy.pt
echo '1 2 3' >units.txt

: >empty.pt
head -c 100000 tied.pt >cut.pt
head -c 100 tied.pt >stub.pt
head -c 100000 dur.pt >cut_vocoder.pt
cp tied.pt corrupt.pt
head -c 200 /dev/zero | tr '\0' '\377' | dd of=corrupt.pt bs=1 seek=100 conv=notrunc status=none
echo 'this is no model' >text.pt

for bad in missing.pt empty.pt cut.pt stub.pt corrupt.pt text.pt evil.pt evil_legacy.pt dur.pt $tone .; do
	exits 3 s2ut-generate -m $bad $tone
done
for bad in missing.pt empty.pt cut_vocoder.pt text.pt evil.pt tied.pt; do
	exits 3 vocode -m $bad -c dur.json -o out units.txt
done
exits 3 s2st-translate -m tied.pt --vocoder evil.pt --vocoder-config dur.json -o out.wav $tone
exits 3 s2st-translate -m evil.pt --vocoder dur.pt -o out.wav $tone
exits 3 s2st-translate -m tied.pt --vocoder evil.pt -o out.wav $tone # no config

# Files that disagree with each other.
sed 's/"embedding_dim": *[0-9]*/"embedding_dim": 99/' dur.json >other.json
! cmp -s dur.json other.json
exits 3 vocode -m dur.pt -c other.json -o out units.txt
exits 3 vocode -m dur.pt -c missing.json -o out units.txt
echo '{"a": ' >broken.json
exits 3 vocode -m dur.pt -c broken.json -o out units.txt
printf 'input_channels: 1\ninput_feat_per_channel: 40\n' >config.yaml
exits 3 s2ut-generate -m tied.pt --config config.yaml $tone
rm config.yaml
printf 'a 1\nb 1\n' >dict.txt
exits 3 s2ut-generate -m tied.pt --dict dict.txt $tone
exits 3 s2st-translate -m tied.pt --vocoder dur.pt -o out.wav $tone # 26 units, 25 embeddings

test ! -e pwned
test ! -e out && test ! -e out.wav
