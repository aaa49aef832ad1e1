# s2u-kmeans: from audio and from features, cards, fractions, kept features, misuse (kmeans_resume.sh: what is done).
g=data/golden
m=$g/hubert/base_like.pt
t='s2u-kmeans -q -k 8 --batch-size 64 --n-init 2'
header() { head -c 80 "$1" | tr -d '\0' | grep -ao "{.*}"; }

$t -m $m --layer 2 -o km.npy $g/audio
header km.npy
sed -E 's/("(inertia|steps)": )[0-9.]+/\1X/g; s/"[0-9a-f]{64}"/HASH/' km.json
ls
s2u-quantize -m $m --layer 2 -k km.npy $g/audio/tone.wav | tr '|' '\n' | head -n 1

# the same from features, however they are cut up, on any number of threads
s2u-quantize -m $m --layer 2 --features-out all.npy $g/audio
$t -j 1 -o again.npy all.npy
cmp km.npy again.npy
for i in 0 1; do s2u-quantize -m $m --layer 2 --features-out part$i.npy --shard $i/2 $g/audio; done
$t --overwrite -j 3 -o again.npy part0.npy part1.npy
cmp km.npy again.npy
$t --seed 1 -o other.npy all.npy
exits 1 cmp -s km.npy other.npy
$t -o mfcc.npy --feature-type mfcc --features-out mfcc_features.npy $g/audio
header mfcc.npy
header mfcc_features.npy
$t --json -o card.npy all.npy | grep -oE '"(rows|end)": ("[^"]*"|[0-9]*)'

$t --json --fraction 0.5 -o half.npy all.npy | grep -oE '"(rows|fraction)": [0-9.]*'
$t -j 1 --fraction 0.5 -o half1.npy part0.npy part1.npy
cmp half.npy half1.npy
exits 1 $t --fraction 0.0001 -o none.npy all.npy

echo '--- features that were kept are gone on with only where they are of the same encoder and audio'
keep="$t --resume --layer 2 --features-out kept.npy $g/audio"
$keep -m $m -o kept1.npy
cmp kept1.npy km.npy
sed -E 's/"[0-9a-f]{64}"/HASH/; s/"[0-9a-f]{16}"/HASH/' kept.json
touch -d @0 kept.npy
$keep -m $m -k 9 -o kept2.npy # other training options do not matter to them
test "$(stat -c %Y kept.npy)" = 0
exits 1 $keep -m $g/hubert/large_like.pt -o kept3.npy
exits 1 $keep -m $m --layer 1 -o kept3.npy
exits 1 $keep -m $m --fraction 0.9 -o kept3.npy
exits 1 $keep -m $m -o kept3.npy $g/audio/tone.wav
rm kept.json
exits 1 $keep -m $m -o kept3.npy
test ! -e kept3.npy

echo '--- what is there is not replaced unasked'
exits 1 $t -o km.npy all.npy
echo mine >card.json
rm card.npy
exits 1 $t -o card.npy all.npy
exits 1 $t -m $m --layer 2 --features-out all.npy -o new.npy $g/audio
cat card.json

echo '--- misuse'
exits 2 s2u-kmeans -k 8 all.npy
exits 2 s2u-kmeans -k 8 -o km.bin all.npy
exits 2 s2u-kmeans -k 0 -o k.npy all.npy
exits 2 s2u-kmeans -k 8 -o k.npy all.npy $g/audio
exits 2 s2u-kmeans -k 8 -o k.npy -m $m $g/audio
exits 2 s2u-kmeans -k 8 -o k.npy --report report.jsonl all.npy
exits 1 s2u-kmeans -k 1000 -o k.npy all.npy
exits 1 s2u-kmeans -k 8 -o k.npy all.npy mfcc.npy
exits 1 s2u-kmeans -k 8 -o k.npy missing.npy
exits 1 $t -m $m --layer 2 -o k.npy $g/audio/tone.wav missing.wav # trained on the others
header k.npy
exits 1 s2u-kmeans -q -k 8 -m $m --layer 2 --fraction 0.000001 -o none.npy $g/audio
