# s2u-quantize: models that do not fit, layers that are not there, k-means files that must be refused, bad inputs.
g=data/golden
m=$g/hubert/base_like.pt
k=$g/kmeans/km.bin
cp $g/audio/tone.wav .
q="s2u-quantize -m $m --layer 2 -k $k"

echo '--- models'
exits 3 s2u-quantize -m $m --layer 2 -k data/joblib/array.bin tone.wav
exits 3 s2u-quantize --feature-type mfcc -k $k tone.wav
for file in objects attack pca vector nan xz bz2; do
	exits 3 s2u-quantize -m $m --layer 2 -k data/joblib/$file.bin tone.wav
done
head -c 300 $k >cut.bin
exits 3 s2u-quantize -m $m --layer 2 -k cut.bin tone.wav
exits 3 s2u-quantize -m $m --layer 2 -k tone.wav tone.wav
exits 3 s2u-quantize -m $m --layer 2 -k missing.bin tone.wav
exits 3 s2u-quantize -m $g/vocoder/dur.pt --layer 2 -k $k tone.wav
exits 3 s2u-quantize -m $k --layer 2 -k $k tone.wav
for file in fortran big_endian; do # read correctly
	s2u-quantize -k data/joblib/$file.bin --overwrite --export-npy a.npy
	s2u-quantize --overwrite -k data/joblib/protocol4.bin --export-npy b.npy
	cmp a.npy b.npy
done

echo '--- packs'
mkdir pack
cp $m pack/hubert.pt
cp $k pack/km.bin
pack() {
	echo "{\"units\": {\"layer\": $1, \"k\": $2}, \"files\": {\"encoder\": \"hubert.pt\", \"kmeans\": \"km.bin\"}}" >pack/pack.json
}
pack 2 24
s2u-quantize --pack pack tone.wav | cmp - <($q tone.wav)
pack 2 50
exits 3 s2u-quantize --pack pack tone.wav
pack 9 24
exits 3 s2u-quantize --pack pack --layer 2 tone.wav
pack '"two"' 24
exits 3 s2u-quantize --pack pack tone.wav

echo '--- usage'
exits 2 s2u-quantize -m $m -k $k tone.wav
for layer in 0 4 -2 x 1.5; do exits 2 s2u-quantize -m $m -k $k --layer $layer tone.wav; done
exits 2 s2u-quantize -k $k --layer 2 tone.wav
exits 2 s2u-quantize -m $m --layer 2 tone.wav
exits 2 s2u-quantize --export-npy x.npy
exits 2 $q --feature-type logmel tone.wav
exits 2 $q --format s2ut-manifest tone.wav
exits 2 $q --format s2ut-manifest . .

echo '--- inputs'
wav 1 16000 399 >short.wav
: >empty.wav
wav 1 44100 44100 >rate.wav
wav 2 16000 8000 >stereo.wav
printf '%s\ntone.wav\t8160\nmissing.wav\t100\nshort.wav\t399\nempty.wav\t0\nrate.wav\t44100\nstereo.wav\t9000\n' "$PWD" >list.tsv
exits 1 $q list.tsv | cut -d'|' -f1
echo '--- km keeps the places'
exits 1 $q -q --format km list.tsv | sed 's/^..*/units/'
exits 1 $q -o out.txt list.tsv 2>/dev/null
wc -l <out.txt
printf '%s\na/tone.wav\t1\t2\n' "$PWD" >columns.tsv
exits 1 $q columns.tsv
exits 1 s2u-quantize --features-out /dev/null/f -m $m --layer 1 tone.wav
exits 1 s2u-quantize --features-out no/such/f.npy -m $m --layer 1 tone.wav
