# speech-mine --index: FAISS proposes, scores are exact. Looking into all lists gives what the exact search gives.
for name in en es; do # frames stand in for utterances
	s2u-quantize -q --feature-type mfcc --features-out $name.npy data/demo/test/$name/test0000?.flac
	seq "$(awk '{ n += $1 } END { print n }' $name.len)" >$name.ids
done
if ! speech-mine --index try --threshold 1 -o exact.tsv es.npy en.npy 2>err.txt; then
	! grep 'built without FAISS' err.txt || exit 77
	cat err.txt
	exit 1
fi
mine() {
	speech-mine -k 4 --threshold 1 --index index "$@" es.npy en.npy
}
speech-mine --overwrite -k 4 --threshold 1 -o exact.tsv es.npy en.npy
test "$(wc -l <exact.tsv)" -gt 100
mine --probes 100000 | cmp - exact.tsv
ls index
echo '--- the index is used again; threads change nothing'
touch -d 2001-01-01 index/*.index
mine --probes 4 -o some.tsv
mine --probes 4 -j 1 | cmp - some.tsv
mine --probes 4 -j 3 | cmp - some.tsv
find index -newermt 2002-01-01 -name '*.index'
# most pairs are found in a few of the lists
mine --probes 16 --overwrite -o some.tsv
common=$(comm -12 <(cut -f 2,3 exact.tsv | sort) <(cut -f 2,3 some.tsv | sort) | wc -l)
test $((10 * common)) -gt $((8 * $(wc -l <exact.tsv)))
echo '--- another kind of index'
speech-mine -k 4 --threshold 1 --index flat --index-type Flat es.npy en.npy | cmp - exact.tsv
echo '--- refused'
exits 1 speech-mine --index index en.npy es.npy
exits 1 speech-mine --index none --index-type nonsense es.npy en.npy
test ! -e none/target.index
# other embeddings of the same number and width: the same ones, a thousand rows on
turn=$((1000 * 39 * 4))
{ head -c 128 en.npy; tail -c +$((129 + turn)) en.npy; head -c $((128 + turn)) en.npy | tail -c $turn; } >turned.npy
cp en.ids turned.ids
exits 1 speech-mine --index index es.npy turned.npy
# a row that is not there in the last of the lists
cp -r index damaged
printf '\377\377\377\177\0\0\0\0' |
	dd of=damaged/target.index bs=1 seek=$(($(stat -c %s index/target.index) - 8)) conv=notrunc status=none
exits 1 speech-mine --index damaged --probes 100000 es.npy en.npy
head -c 100 index/target.index >cut
mv cut index/target.index
# FAISS loses what it had read of a damaged index: a leak checker would blame us for it
ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 exits 1 mine
exits 2 mine --probes 0
