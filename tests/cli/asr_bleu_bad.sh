# asr-bleu refuses what cannot be scored: exit 1 and no score, 2 for a senseless command line, 3 for the model.
pack=models/es-en-demo
printf 'one two\nthree four\n' >ref.txt
printf 'one\nthree\n' >hyp.txt
bleu() { asr-bleu --references "${refs:-ref.txt}" "$@"; }
mkdir wavs
cp data/demo/test/en/test00003.flac wavs/0_pred.wav
cp wavs/0_pred.wav wavs/1_pred.wav

echo '--- references and transcripts'
printf 'one\n' >short.txt
exits 1 bleu --from-transcripts short.txt
: >empty.txt
refs=empty.txt exits 1 bleu --from-transcripts hyp.txt
exits 1 bleu --from-transcripts empty.txt
printf 'ok\nab\303(\n' >bytes.txt
refs=bytes.txt exits 1 bleu --from-transcripts hyp.txt
exits 1 bleu --from-transcripts bytes.txt
printf 'one\n \n' >blank.txt
refs=blank.txt exits 1 bleu --from-transcripts hyp.txt
printf 'id\ttext\na\tone\nb\ttwo\n' >ref.tsv
refs=ref.tsv exits 1 bleu --from-transcripts hyp.txt
refs=ref.tsv bleu --reference-column text --from-transcripts hyp.txt | head -n 1
refs=missing.txt exits 1 bleu --from-transcripts hyp.txt

echo '--- recordings'
exits 1 bleu --pack $pack --audio-dir no-such
cp wavs/0_pred.wav wavs/0_spk1_pred.wav
exits 1 bleu --pack $pack --audio-dir wavs
mv wavs/0_spk1_pred.wav wavs/02_pred.wav
exits 1 bleu --pack $pack --audio-dir wavs
mv wavs/02_pred.wav wavs/2_pred.wav
exits 1 bleu --pack $pack --audio-dir wavs
mv wavs/2_pred.wav wavs/x_pred.wav
exits 1 bleu --pack $pack --audio-dir wavs
rm wavs/x_pred.wav
exits 1 bleu --pack $pack wavs/0_pred.wav
refs=ref.tsv exits 1 bleu --pack $pack --reference-column text wavs/0_pred.wav
cp wavs/0_pred.wav a.wav
refs=ref.tsv exits 1 bleu --pack $pack --reference-column text a.wav a.wav
refs=ref.tsv exits 1 bleu --pack $pack --reference-column text a.wav
printf 'id\ttext\na\tone\na\ttwo\n' >twice.tsv
refs=twice.tsv exits 1 bleu --pack $pack --reference-column text a.wav
echo noise >wavs/1_pred.wav
exits 1 bleu --pack $pack --audio-dir wavs --transcripts-out none.txt
test ! -e none.txt

echo '--- options and models'
exits 2 asr-bleu --from-transcripts hyp.txt
exits 2 bleu
exits 2 bleu --from-transcripts hyp.txt --audio-dir wavs
exits 2 bleu --audio-dir wavs
exits 2 bleu --audio-dir wavs --lang xx
exits 2 bleu --audio-dir wavs --lang en
exits 2 bleu --from-transcripts hyp.txt --normalize upper
exits 2 bleu --from-transcripts hyp.txt --metric wer --min-bleu 3
exits 2 bleu --from-transcripts hyp.txt --resume
exits 2 bleu --from-transcripts hyp.txt --report report.jsonl
exits 3 bleu --audio-dir wavs --lang en --models none
exits 3 bleu --audio-dir wavs -m $pack/hubert.pt
mkdir -p zoo/jonatasgrosman
cp -r data/golden/ctc/hf zoo/jonatasgrosman/wav2vec2-large-xlsr-53-spanish
cp wavs/0_pred.wav wavs/1_pred.wav
bleu --audio-dir wavs --lang es --models zoo
cp -r data/golden/ctc/hf zoo/wav2vec2-xls-r-1b-german
bleu --audio-dir wavs --lang deu --models zoo | tail -n 1
