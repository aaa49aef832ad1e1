# speech-mine: pairs of utterances that say the same, from embeddings of speech-embed; folders of parts, margins,
# segments, formats, refusals.
g=data/golden
m=$g/laser/encoder.pt

# the target says the same in another order and under other names; one source has no translation
mkdir es en
for name in austen_a austen_b es_phrase tone; do cp $g/audio/$name.wav es/$name.wav; done
cp $g/audio/tone.wav en/1_tone.wav
cp $g/audio/es_phrase.wav en/2_phrase.wav
cp $g/audio/austen_b.wav en/3_b.wav
speech-embed -m $m -o es.npy es
speech-embed -m $m -o en.npy en
speech-mine -v -k 2 --threshold 1 es.npy en.npy
echo '--- the same for threads, parts and directions'
speech-mine -k 2 --threshold 1 -o all.tsv es.npy en.npy
for threads in 1 3; do speech-mine -j $threads -k 2 --threshold 1 es.npy en.npy | cmp - all.tsv; done
mkdir parts
for i in 0 1 2; do speech-embed -m $m --shard $i/3 -o parts/$i.npy es; done
speech-mine -k 2 --threshold 1 parts en.npy | cmp - all.tsv
speech-mine -k 2 --threshold 1 en.npy es.npy | awk -F '\t' -v OFS='\t' 'NR > 1 { print $1, $3, $2 }' | cmp - <(tail -n +2 all.tsv)
speech-mine -k 2 --threshold 1 -o all.tsv.gz es.npy en.npy
gzip -dc all.tsv.gz | cmp - all.tsv
echo '--- the pairs as a training manifest'
s2st-manifest --from pairs all.tsv.gz --source-lang es --target-lang en --threshold 1 -o train.tsv
cut -f 1,2 train.tsv
echo '--- retrieval and margins'
for retrieval in max intersection forward backward; do
	speech-mine -k 2 --threshold 0 --retrieval $retrieval es.npy en.npy | tail -n +2 | wc -l
done
speech-mine -k 2 --margin absolute --threshold 0.99 es.npy en.npy | cut -f 2,3 | sort
speech-mine -k 2 --margin distance --threshold 0.01 es.npy en.npy | wc -l
speech-mine -k 2 --threshold 1000 es.npy en.npy
speech-mine -k 2 --threshold 1 --json es.npy en.npy | head -n 1
echo '--- segments'
rename() { # NAME ID...: the ids of the rows of NAME.npy
	local name=$1
	shift
	printf '%s\n' "$@" >$name.ids
}
rename es talk_0_50 talk_40_90 talk_80_120 other_0_10
rename en x_0_9 x_9_20 y_0_9
speech-mine -k 2 --threshold 1 es.npy en.npy | cut -f 2,3
speech-mine -v -k 2 --threshold 1 --max-overlap 0 es.npy en.npy | cut -f 2,3
speech-mine -v -k 2 --threshold 1 --max-overlap 0.5 --overlap-side both es.npy en.npy | cut -f 2,3
echo '--- resume'
mine() { speech-mine --resume -k 2 --threshold 1 -o kept.tsv es.npy en.npy; }
mine
tr 0-9 x <kept.tsv >marked && mv marked kept.tsv # of the same size: stays as it is
mine
exits 1 speech-mine -o kept.tsv es.npy en.npy
cat kept.tsv
rename en z_0_9 z_9_20 y_0_9 # no longer what it was made of
mine
cat kept.tsv
rename en x_0_9 x_9_20 y_0_9
swap() { mv $1 tmp && mv $2 $1 && mv tmp $2; }
mine
swap es.npy en.npy # the same files in each other's place are others
swap es.ids en.ids
mine
cut -f 2 kept.tsv
swap es.npy en.npy
swap es.ids en.ids
echo '--- refused'
exits 2 speech-mine --report report.jsonl es.npy en.npy
rename es a b c
exits 1 speech-mine es.npy en.npy
rename es a b c d
exits 1 speech-mine --max-overlap 0 -k 2 --threshold 1 es.npy en.npy
rm en.ids
exits 1 speech-mine es.npy en.npy
rename en a b c
s2u-quantize --feature-type mfcc --features-out mfcc.npy $g/audio/tone.wav
seq 1000 | head -n "$(cat mfcc.len)" >mfcc.ids
exits 1 speech-mine es.npy mfcc.npy
# the first value of row 1 of four is no number
{ head -c $((128 + 4096)) es.npy; printf '\x00\x00\xc0\x7f'; tail -c +$((128 + 4096 + 5)) es.npy; } >nan.npy
cp es.ids nan.ids
exits 1 speech-mine nan.npy en.npy
mkdir widths # parts of a folder: one of another width, one with a value that is none
cp es.npy widths/1.npy
cp es.ids widths/1.ids
cp mfcc.npy widths/2.npy
cp mfcc.ids widths/2.ids
exits 1 speech-mine widths en.npy
cp nan.npy widths/2.npy
cp nan.ids widths/2.ids
exits 1 speech-mine en.npy widths
mkdir nothing
speech-embed -q -m $m --shard 2/5 -o nothing/2.npy es # four files in five parts: the third has none
exits 1 speech-mine nothing en.npy
exits 1 speech-mine missing.npy en.npy
exits 1 speech-mine es en.npy
exits 2 speech-mine es.npy
exits 2 speech-mine --margin distance es.npy en.npy
exits 2 speech-mine --threshold high es.npy en.npy
exits 2 speech-mine --shard 0/2 es.npy en.npy
exits 2 speech-mine -k 0 es.npy en.npy
