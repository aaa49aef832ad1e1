# asr-transcribe: the reference's transcripts in every layout, formats, words with times, logits, refusals.
g=data/golden
pack=models/es-en-demo
wavs="$g/audio/austen_a.wav $g/audio/austen_b.wav $g/audio/es_phrase.wav $g/audio/tone.wav"

# shellcheck disable=SC2086
for model in $g/ctc/fairseq/model.pt $g/ctc/hf $g/ctc/hf_safetensors; do
	asr-transcribe -m $model $wavs | diff $g/ctc/transcripts.txt -
done
# shellcheck disable=SC2086
asr-transcribe -m $g/ctc/fairseq/model.pt --dict $g/ctc/fairseq/dict.ltr.txt -j 3 $wavs | diff $g/ctc/transcripts.txt -
asr-transcribe --pack $pack data/demo/test/en | cut -f2 | diff data/demo/expected/en.transcripts.txt -
asr-transcribe -m $pack/asr.pt --dict $pack/dict.ltr.txt data/demo/test/en --json -o all.jsonl
paste <(sed 's/.*/{"id": "&", "text": "/' data/demo/test/ids.txt) data/demo/expected/en.transcripts.txt |
	sed 's/\t//; s/$/"}/' | diff - all.jsonl

one=data/demo/test/en/test00003.flac
echo '--- formats'
asr-transcribe --pack $pack $one
asr-transcribe --pack $pack - <$one
asr-transcribe --pack $pack --format json --words $one
asr-transcribe --pack $pack --post-process none --format json --letters $one | cut -c1-150
asr-transcribe --pack $pack --format srt $one
asr-transcribe --pack $pack --format vtt $one data/demo/test/en/test00004.flac -o subs/
cat subs/test00003.vtt subs/test00004.vtt
before=$(stat -c %i subs/test00003.vtt)
asr-transcribe --pack $pack --resume --format vtt $one -o subs
test "$(stat -c %i subs/test00003.vtt)" = "$before"

echo '--- logits'
asr-transcribe -m $g/ctc/hf --logits-out logits $g/audio/tone.wav
s2st-inspect logits/tone.npy | head -n 2
stat -c %s logits/tone.npy $g/ctc/tone.logits.npy | uniq -c | wc -l

echo '--- beam search'
asr-transcribe --pack $pack --beam 8 data/demo/test/en/test0000?.flac | cut -f2 | diff <(head -n 10 data/demo/expected/en.transcripts.txt) -
# a language model puts a word right that the letters alone do not give
cat >words.arpa <<-'END'
	\data\
	ngram 1=8
	ngram 2=3

	\1-grams:
	-6	<unk>
	-99	<s>	0
	-1	</s>
	-1	the	-0.2
	-1	hospital	0
	-1	is	-0.1
	-1	near	0
	-1	museum	0

	\2-grams:
	-0.3	is near
	-0.3	near the
	-0.5	the museum

	\end\
END
unsure=data/demo/test/en/test00018.flac
asr-transcribe --pack $pack $unsure
asr-transcribe --pack $pack --lm words.arpa --lm-weight 1 --word-score 4 --json --words $unsure
asr-transcribe --pack $pack --lm words.arpa --lm-weight 0 $unsure
echo the hospital is near the museum >ref.txt
asr-bleu --pack $pack --lm words.arpa --lm-weight 1 --word-score 4 --references ref.txt $unsure
tr "[:lower:]" "[:upper:]" <words.arpa | sed 's/DATA/data/; s/END/end/; s/NGRAM/ngram/; s/GRAMS/grams/; s/<UNK>/<unk>/; s/<S>/<s>/; s/<.S>/<\/s>/' >capitals.arpa
exits 3 asr-transcribe --pack $pack --lm capitals.arpa $one
sed '/is near/d' words.arpa >short.arpa
exits 3 asr-transcribe --pack $pack --lm short.arpa $one
exits 2 asr-transcribe --pack $pack --lm words.arpa --beam 1 $one
echo '--- refused'
exits 3 asr-transcribe -m $pack/hubert.pt $one
exits 3 asr-transcribe -m $g/ctc/fairseq/model.pt --dict data/formats/no-such.txt $one
printf '| 1\ne 1\n' >short.txt
exits 3 asr-transcribe -m $g/ctc/fairseq/model.pt --dict short.txt $one
cp $g/ctc/fairseq/model.pt alone.pt
exits 3 asr-transcribe -m alone.pt $one
cp -r $g/ctc/hf hf
printf '{"<pad>": 0, "|": 1, "a": 99}' >hf/vocab.json
exits 3 asr-transcribe -m hf $one
printf '{"<pad>": 0, "|": 1, "a": ' >hf/vocab.json
exits 3 asr-transcribe -m hf $one
wav 1 16000 300 >short.wav
exits 1 asr-transcribe --pack $pack short.wav $one missing.wav
exits 2 asr-transcribe --pack $pack --format srt $one data/demo/test/en/test00004.flac
exits 2 asr-transcribe --pack $pack --words $one
exits 2 asr-transcribe $one
