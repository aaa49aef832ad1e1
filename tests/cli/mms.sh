# asr-transcribe with adapters (MMS): languages, a file of them, refusals.
g=data/golden
model=$g/mms/asr.pt
wavs="$g/audio/austen_a.wav $g/audio/austen_b.wav $g/audio/es_phrase.wav $g/audio/tone.wav"

for lang in eng spa hin; do
	# shellcheck disable=SC2086
	asr-transcribe -m $model --lang $lang -j 2 $wavs | sed "s/^/$lang\t/"
done | diff $g/mms/transcripts.tsv -
for m in $model data/zoo/mms_hf; do
	asr-transcribe -m $m --list-langs
	asr-transcribe -m $m $g/audio/austen_a.wav # what it was saved with: eng
done

echo '--- a language each'
printf 'lang\tid\nhin\tausten_b\nspa\tausten_a\neng\ttone\nspa\tes_phrase\n' >langs.tsv
# shellcheck disable=SC2086
asr-transcribe -m $model --langs langs.tsv --json $wavs >mixed.jsonl
cut -d '"' -f 8 mixed.jsonl | tr '\n' ' '
echo
printf '%s\n' spa hin spa eng >langs.txt
# shellcheck disable=SC2086
asr-transcribe -m $model --langs langs.txt --json $wavs | diff mixed.jsonl -
asr-transcribe -m $model --langs langs.txt --shard 1/2 --json $wavs | diff <(tail -n 2 mixed.jsonl) -

echo '--- again: other languages in that file, another place in a list of them'
again() { # which inputs are done
	rm -f report.jsonl
	asr-transcribe -q -m $model --resume --report report.jsonl "$@"
	sed -E 's/.*("id": "[^"]*").*("status": "[a-z]*").*/\1 \2/' report.jsonl
}
cp $g/audio/{austen_a,tone}.wav .
again --langs langs.tsv -o again.txt austen_a.wav tone.wav | grep -c done
again --langs langs.tsv -o again.txt austen_a.wav tone.wav
sed -i 's/spa\tausten_a/hin\tausten_a/' langs.tsv
again --langs langs.tsv -o again.txt austen_a.wav tone.wav
asr-transcribe -m $model --lang hin austen_a.wav | cmp - <(head -n 1 again.txt)
again --langs langs.txt -o places.txt austen_a.wav tone.wav | grep -c done
again --langs langs.txt -o places.txt tone.wav austen_a.wav

echo '--- refusals'
one=$g/audio/tone.wav
exits 3 asr-transcribe -m $model --lang en $one
exits 3 asr-transcribe -m $model --lang klingon $one
exits 3 asr-transcribe -m data/zoo/mms_hf --lang spanish $one
exits 3 asr-transcribe -m $g/ctc/hf --lang spa $one
exits 3 asr-transcribe -m $g/ctc/hf --list-langs
exits 2 asr-transcribe -m $model --lang eng --langs langs.tsv $one
exits 2 asr-transcribe -m $model --langs langs.tsv --lm some.arpa $one
printf 'lang\neng\n' >noid.tsv
exits 1 asr-transcribe -m $model --langs noid.tsv $one
exits 1 asr-transcribe -m $model --langs langs.tsv data/demo/test/en/test00003.flac
printf 'id\tlang\ntone\tspx\nother\teng\n' >wrong.tsv
exits 3 asr-transcribe -m $model --langs wrong.tsv $one
printf 'id\tlang\nother\teng\ntone\tspx\n' >wrong.tsv
exits 3 asr-transcribe -m $model --langs wrong.tsv $one
: >empty.txt
exits 1 asr-transcribe -m $model --langs empty.txt $one
# an adapter that lacks a tensor of a layer
cp -rL data/zoo/mms_hf broken
chmod -R u+w broken
head -c 500 data/zoo/mms_hf/adapter.spa.safetensors >broken/adapter.spa.safetensors
exits 3 asr-transcribe -m broken --lang spa $one
cp data/golden/ctc/hf_safetensors/model.safetensors broken/adapter.spa.safetensors
exits 3 asr-transcribe -m broken --lang spa $one
cp data/zoo/mms_hf/adapter.spa.safetensors broken/adapter.hin.safetensors # 17 rows for 15 symbols
exits 3 asr-transcribe -m broken --lang hin $one
