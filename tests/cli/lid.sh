# speech-lid: the reference's three likeliest languages, formats, both layouts, refusals.
g=data/golden
model=$g/mms/lid.pt
dict=$g/mms/lid.dict.lang.txt
wavs="$g/audio/austen_a.wav $g/audio/austen_b.wav $g/audio/es_phrase.wav $g/audio/tone.wav"

# shellcheck disable=SC2086
speech-lid -m $model --dict $dict -j 2 $wavs
# shellcheck disable=SC2086
speech-lid -m $model --dict $dict --format fairseq --shard 1/2 $wavs | sed 's/\(0\.[0-9]\{3\}\)[0-9]*/\1/g'
speech-lid -m $model --dict $dict --json --top 1 $g/audio/tone.wav -o one.jsonl
sed 's/\(0\.[0-9]\{3\}\)[0-9]*/\1/g' one.jsonl
exits 1 speech-lid -q -m $model --dict $dict --json $g/audio/tone.wav -o one.jsonl 2>&1 | grep -c 'is there already'
# shellcheck disable=SC2086
speech-lid -m data/zoo/lid_hf --top 100 $wavs
cp $model here.pt
cp $dict dict.lang.txt
speech-lid -m here.pt - <$g/audio/tone.wav

echo '--- again: with other names in the dictionary that is given, in the one beside the model'
cp $g/audio/tone.wav .
cp $dict names.txt
for dictionary in names.txt dict.lang.txt; do
	option=
	[ $dictionary = dict.lang.txt ] || option="--dict names.txt"
	speech-lid -q -m here.pt $option --resume -o $dictionary.tsv tone.wav
	first=$(cut -f 2 $dictionary.tsv)
	sed -i "s/^$first /new /" $dictionary
	speech-lid -q -m here.pt $option --resume -o $dictionary.tsv tone.wav
	cut -f 2 $dictionary.tsv
done

echo '--- refusals'
one=$g/audio/tone.wav
exits 2 speech-lid $one
exits 2 speech-lid -m $model --top 0 $one
exits 3 speech-lid -m $model $one
exits 3 speech-lid -m $g/ctc/hf $one
exits 3 speech-lid -m $g/hubert/base_like.pt $one
head -n 5 $dict >short.txt
exits 3 speech-lid -m $model --dict short.txt $one
exits 1 speech-lid -m $model --dict $dict nowhere.wav $one
cp -rL data/zoo/lid_hf broken
chmod -R u+w broken
sed -i 's/"5": "[a-z]*"/"6": "x"/' broken/config.json
exits 3 speech-lid -m broken $one
