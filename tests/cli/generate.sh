# s2ut-generate: formats, orders, inputs, n-best, what it can write of its insides.
g=data/golden
for name in austen_a austen_b es_phrase tone; do cp $g/audio/$name.wav .; done
m=$g/s2ut/tied.pt
short() { sed -E 's/(-[0-9]+\.[0-9]{4})[0-9]+/\1/g'; } # last digits differ between kinds of CPU

echo '--- units'
s2ut-generate -m $m austen_a.wav austen_b.wav es_phrase.wav tone.wav
echo '--- fairseq, as fairseq orders it'
printf 'id\tsrc_audio\tsrc_n_frames\ttgt_audio\ttgt_n_frames\n' >test.tsv
printf 'a\tausten_a.wav\t153\t1  2 3\t3\nb\tausten_b.wav\t90\t4 5\t2\nc\tes_phrase.wav\t226\t0\t1\n' >>test.tsv
s2ut-generate -m $m --format fairseq --nbest 2 --order length test.tsv >gen.txt
short <gen.txt
test "$(grep -cE '^[HD]-[0-2]	-[0-9]\.[0-9]{7,17}	[0-9 ]+$' gen.txt)" = 12 # as Python prints them
echo '--- fairseq, in input order'
s2ut-generate -m $m --format fairseq test.tsv | cut -f1
echo '--- the usual recipe'
s2ut-generate -m $m --format fairseq --order length test.tsv | grep ^D- | sed 's/^D-//ig' | sort -nk1 | cut -f3
echo '--- json'
s2ut-generate -m $m --json --nbest 2 --beam 2 tone.wav | short
echo '--- n-best lines'
s2ut-generate -m $m --nbest 3 tone.wav

# the same input, however it is named
want=$(s2ut-generate -m $m austen_b.wav tone.wav)
test "$(printf 'austen_b.wav\ntone.wav\n' | s2ut-generate -m $m)" = "$want"
test "$(printf 'austen_b.wav\ntone.wav\n' | s2ut-generate -m $m -)" = "$want"
mkdir folder
cp austen_b.wav tone.wav folder
echo 'no audio' >folder/notes
test "$(s2ut-generate -m $m folder)" = "$want"
printf 'austen_b.wav\ntone.wav\n' >list.txt
test "$(s2ut-generate -m $m list.txt)" = "$want"
printf '%s\nausten_b.wav\t14363\ntone.wav\t8160\n' "$PWD" >gslm.tsv
test "$(s2ut-generate -m $m gslm.tsv)" = "$want"
test "$(s2ut-generate -m $m - <tone.wav)" = "stdin$(s2ut-generate -m $m tone.wav | sed 's/^tone//')"
s2ut-generate -m $m -o units.txt austen_b.wav tone.wav
test "$(cat units.txt)" = "$want"
for i in 0 1 2; do s2ut-generate -m $m --shard $i/3 austen_a.wav austen_b.wav es_phrase.wav tone.wav; done >shards.txt
test "$(cat shards.txt)" = "$(s2ut-generate -m $m austen_a.wav austen_b.wav es_phrase.wav tone.wav)"
test "$(s2ut-generate -j 1 -m $m es_phrase.wav)" = "$(s2ut-generate -j 3 -m $m es_phrase.wav)"

# arrays: their headers and sizes here, their values in tests/golden
s2ut-generate -q -m $m --features-out f/new --encoder-out e --force-prefix '2 7, 12' --logprobs-out l tone.wav >/dev/null
for file in f/new/tone.npy e/tone.npy l/tone.npy; do
	head -c 80 $file | tr -d '\0' | grep -ao "{.*}"
done
test "$(stat -c %s e/tone.npy)" = "$(stat -c %s $g/s2ut/tied.tone.enc.npy)"
cp tone.wav folder/other.wav
mkdir twice
cp tone.wav twice
exits 1 s2ut-generate -m $m --encoder-out e tone.wav twice # two of one id
