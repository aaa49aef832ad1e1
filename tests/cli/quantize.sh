# s2u-quantize: formats, names, features, manifests.
g=data/golden
for name in austen_a austen_b es_phrase tone; do cp $g/audio/$name.wav .; done
m=$g/hubert/base_like.pt
k=$g/kmeans/km.bin
q="s2u-quantize -m $m --layer 2 -k $k"
want=$g/kmeans/base_like.L2.units.txt

# the units of the reference, from every form of the centroids and every way to name inputs
for form in km.bin km_zlib.bin km_old.bin centroids.npy; do
	s2u-quantize -m $m --layer 2 -k $g/kmeans/$form austen_a.wav austen_b.wav es_phrase.wav tone.wav | cmp - $want
done
printf '%s\nausten_a.wav\t24480\nausten_b.wav\t14363\nes_phrase.wav\t36202\ntone.wav\t8160\n' "$PWD" >gslm.tsv
$q -q gslm.tsv | cmp - $want
printf 'austen_a.wav\nausten_b.wav\nes_phrase.wav\ntone.wav\n' | $q | cmp - $want
for i in 0 1 2; do $q -q --shard $i/3 gslm.tsv; done | cmp - $want
for j in 1 2 3; do $q -j $j -q gslm.tsv | cmp - $want; done
$q -q -o units.txt gslm.tsv
cmp units.txt $want
s2u-quantize -q --pack models/es-en-demo data/demo/test/en | cmp - data/demo/expected/en.units.txt

echo '--- formats'
for options in '' --reduce --durations '--durations --hide-fname' '--format km' '--format km --reduce' \
	'--format json --durations' --json; do
	echo "$options:"
	# shellcheck disable=SC2086
	$q $options tone.wav
done
test "$($q --layer -1 es_phrase.wav)" = "$($q --layer 3 es_phrase.wav)"
test "$($q --layer -1 es_phrase.wav)" != "$($q es_phrase.wav)"

echo '--- names'
mkdir names
cp tone.wav names/nova.wav
cp tone.wav names/claw.wav
$q names | cut -d'|' -f1
$q --compat-names names | cut -d'|' -f1
$q - <tone.wav | cut -d'|' -f1
mkdir again
cp tone.wav again/nova.wav
exits 1 $q names/nova.wav again/nova.wav
$q --compat-names names/nova.wav again/nova.wav | cut -d'|' -f1
$q --hide-fname names/nova.wav again/nova.wav | uniq | wc -l

echo '--- channels'
wav_header 2 16000 8000 >both.wav
tail -c 8000 austen_a.wav >>both.wav
$q --channel 2 both.wav | cut -d'|' -f1
exits 1 $q --channel 3 both.wav
exits 1 $q --channel 2 tone.wav
$q both.wav | cut -d'|' -f1

echo '--- features'
header() { head -c 80 "$1" | tr -d '\0' | grep -ao "{.*}"; }
f='s2u-quantize --features-out'
$f f -m $m --layer 1 austen_b.wav tone.wav
header f/tone.npy
$f all.npy -m $m --layer 1 austen_b.wav missing.wav tone.wav || echo "exit $?"
header all.npy
cat all.len
cmp <({ tail -c +129 f/austen_b.npy; tail -c +129 f/tone.npy; }) <(tail -c +129 all.npy)
for type in logmel mfcc; do
	$f $type.npy --feature-type $type tone.wav
	header $type.npy
done
head -n 1 <($q -v --resume --features-out f tone.wav 2>/dev/null)
touch -d @0 f/tone.npy
$f f -m $m --layer 1 --resume tone.wav
test "$(stat -c %Y f/tone.npy)" = 0
echo '--- one matrix of all, again: the same, another layer, another input, a lost matrix'
whole="s2u-quantize -q --resume -m $m --features-out whole.npy"
again() {
	touch -d @0 whole.npy
	"$@"
	[ "$(stat -c %Y whole.npy)" = 0 ] && echo 'as it was' || echo 'made again'
}
cp tone.wav changing.wav
$whole --layer 1 changing.wav
again $whole --layer 1 changing.wav
again $whole --layer 2 changing.wav
again $whole --layer 2 changing.wav
cp austen_b.wav changing.wav
again $whole --layer 2 changing.wav
s2u-quantize -q -m $m --layer 2 --features-out fresh.npy changing.wav
cmp fresh.npy whole.npy
rm whole.npy # touched into an empty one
again $whole --layer 2 changing.wav
cmp fresh.npy whole.npy
rm whole.len
again $whole --layer 2 changing.wav
cmp fresh.len whole.len
exits 2 $whole --layer 2 - <changing.wav
s2u-quantize -k $k --export-npy k.npy
cmp k.npy $g/kmeans/centroids.npy
exits 2 s2u-quantize -k $k --export-npy k2.npy --report report.jsonl
s2u-quantize --feature-type mfcc -k mfcc.npy tone.wav | tr ' ' '\n' | tail -n 2 # its own frames are the centroids

echo '--- manifests'
mkdir es en data_dir
cp austen_a.wav es/one.wav
cp austen_b.wav es/two.wav
cp austen_b.wav es/alone.wav
cp tone.wav en/one.wav
cp tone.wav en/two.wav
cp tone.wav en/lonely.wav
$q --format s2ut-manifest --reduce -o data_dir/train.tsv es en
cat data_dir/train.tsv data_dir/config.yaml
exits 1 $q -q --format s2ut-manifest --strict --vocoder v.pt --vocoder-config 'a "b".json' -o t.tsv es en
tail -n 4 config.yaml
echo '--- again: the same pairs, another target, another source of the same size'
pairs() {
	rm -f pairs.jsonl
	$q -q --format s2ut-manifest --reduce --resume --report pairs.jsonl -o data_dir/again.tsv es en
	sed -E 's/.*("id": "[^"]*").*("status": "[a-z]*").*/\1 \2/' pairs.jsonl
}
pairs | grep -c done
cp austen_a.wav en/two.wav
pairs
tac -s '' <es/one.wav | tail -c 4000 | { head -c -4000 es/one.wav && cat; } >other.wav
mv other.wav es/one.wav
pairs
$q -q --format s2ut-manifest --reduce -o data_dir/fresh.tsv es en
cmp data_dir/again.tsv data_dir/fresh.tsv
cp austen_a.wav es/one.wav
cp tone.wav en/two.wav
echo '--- what goes with several manifests stays, another is not replaced'
echo '# by hand' >>data_dir/config.yaml
cp data_dir/config.yaml by_hand.yaml
exits 1 $q -q --format s2ut-manifest -o data_dir/dev.tsv es en
cmp data_dir/config.yaml by_hand.yaml
test ! -e data_dir/dev.tsv
echo '--- dry run: the files of features'
s2u-quantize -q --pack models/es-en-demo --dry-run --features-out feats data/golden/audio
test ! -e feats
s2ut-generate -q -m $g/s2ut/tied.pt data_dir/train.tsv | cut -d'|' -f1 # a manifest that our own tools read
