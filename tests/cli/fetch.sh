# scripts/fetch-*.sh, from a mirror on disk: packs as they should be, downloads that go on, sums, what is refused.
command -v curl >/dev/null || { echo 'curl is not installed'; exit 77; }
top=$(dirname "$(readlink -f models)")
fetch() { # SCRIPT ARGS: its name and address lines without the folders of this machine
	local script=$1
	shift
	"$top/scripts/fetch-$script.sh" --mirror "file://$PWD/mirror" "$@"
}
serve() { # FILE ADDRESS
	mkdir -p "mirror/$(dirname "$2")"
	cp -L "$1" "mirror/$2"
}
pack=models/es-en-demo
f=dl.fbaipublicfiles.com
lj=$f/fairseq/speech_to_speech/vocoder/code_hifigan/mhubert_vp_en_es_fr_it3_400k_layer11_km1000_lj
serve $pack/s2ut.pt $f/speech_matrix/s2s_models/checkpoint_textless_es_en.pt
serve $pack/vocoder.pt $lj/g_00500000
serve $pack/vocoder.json $lj/config.json
serve $pack/hubert.pt $f/hubert/mhubert_base_vp_en_es_fr_it3.pt
serve $pack/km.bin $f/hubert/mhubert_base_vp_en_es_fr_it3_L11_km1000.bin
serve data/golden/laser/encoder.pt $f/speechlaser_encoders/romance.pt
serve data/golden/mms/asr.pt $f/mms/asr/mms1b_all.pt
serve data/golden/ctc/fairseq/dict.ltr.txt $f/mms/asr/dict/mms1b_all/spa.txt
serve data/golden/ctc/fairseq/dict.ltr.txt $f/mms/asr/dict/mms1b_all/hin.txt
serve data/golden/mms/lid.pt $f/mms/lid/mms1b_l126.pt
serve data/golden/mms/lid.dict.lang.txt $f/mms/lid/dict/l126/dict.lang.txt
serve $pack/asr.pt $f/fairseq/wav2vec/wav2vec_vox_960h_pl.pt
serve $pack/dict.ltr.txt $f/fairseq/wav2vec/dict.ltr.txt
serve data/golden/xm/proj.pt $f/speech_matrix/s2s_models/checkpoint_xm_transformer_all_en_1.3b.pt
serve data/golden/xm/proj.dict.txt $f/fairseq/speech_to_speech/s2st_finetuning/dict.txt
tar -chf moe.tar -C data/golden/xm moe-shared.pt moe-rank-0.pt moe-rank-1.pt
serve moe.tar $f/speech_matrix/s2s_models/checkpoint_gshard_slavic_en_4.3b.tar
for file in data/golden/ctc/hf/*; do
	serve "$file" "huggingface.co/jonatasgrosman/wav2vec2-large-xlsr-53-spanish/resolve/main/$(basename "$file")"
done

echo '--- addresses'
"$top/scripts/fetch-speechmatrix.sh" --list --laser --with-encoder cs it
"$top/scripts/fetch-speechmatrix.sh" --list --gshard all en
"$top/scripts/fetch-textless.sh" --list en
"$top/scripts/fetch-mms.sh" --list --lid 126
"$top/scripts/fetch-asr.sh" --list hr
echo '--- SpeechMatrix'
fetch speechmatrix --with-encoder --laser -o sm es en
cat sm/pack.json
(cd sm && sha256sum --quiet -c SHA256SUMS)
exits 3 s2st-translate --pack sm -o out.wav data/golden/audio/tone.wav # the pack of the mirror has 200 units
speech-embed --pack sm -o tone.npy data/golden/audio/tone.wav
echo '--- again: nothing is fetched, all is checked'
mv mirror away
fetch speechmatrix --with-encoder --laser -o sm es en
printf x >>sm/romance.pt
exits 1 fetch speechmatrix --laser -o sm es en
mv away mirror
echo '--- XM transformers'
fetch speechmatrix --xm -o xm all en
cat xm/pack.json
s2ut-generate --pack xm --max-len-b 9 data/golden/audio/austen_a.wav
printf '%s 1\n' $(seq 0 27) '[en]' '[es]' '<mask>' >own.txt
fetch speechmatrix --gshard --dict own.txt -o gshard slavic en
grep -A 5 '"files"' gshard/pack.json
cmp own.txt gshard/dict.txt
s2ut-generate --pack gshard --max-len-b 9 data/golden/audio/austen_a.wav
head -n 9 own.txt >short.txt # of another size than the model: said when it is opened
fetch speechmatrix --gshard --dict short.txt -o short slavic en
exits 3 s2ut-generate --pack short data/golden/audio/austen_a.wav
echo '--- one language'
fetch textless -o units en
grep -c sha256 units/pack.json
fetch mms -o mms spa hin
cat mms/pack.json
fetch mms -o lid --lid 126
speech-lid --pack lid --top 1 data/golden/audio/tone.wav
echo something >reference.txt
asr-bleu --pack mms --asr-lang hin --references reference.txt data/golden/audio/tone.wav | grep -o 'asr:[^|]*'
fetch asr -o zoo en
asr-transcribe --pack zoo data/demo/test/en/test00003.flac
fetch asr -o zoo es
asr-transcribe --pack zoo/jonatasgrosman/wav2vec2-large-xlsr-53-spanish data/golden/audio/tone.wav
cat zoo/jonatasgrosman/wav2vec2-large-xlsr-53-spanish/pack.json
s2st-inspect --verify zoo/jonatasgrosman/wav2vec2-large-xlsr-53-spanish | tail -n 1
echo x >>zoo/jonatasgrosman/wav2vec2-large-xlsr-53-spanish/vocab.json
exits 3 s2st-inspect --verify zoo/jonatasgrosman/wav2vec2-large-xlsr-53-spanish | tail -n 1

echo '--- a download that was cut off goes on'
mkdir cut
head -c 1000 mirror/$f/mms/lid/mms1b_l126.pt >cut/mms1b_l126.pt.part
fetch mms -o cut --lid 126
cmp cut/mms1b_l126.pt mirror/$f/mms/lid/mms1b_l126.pt
mkdir long
{ cat mirror/$f/mms/lid/mms1b_l126.pt; echo more; } >long/mms1b_l126.pt.part # no beginning of it: from the start
fetch mms -o long --lid 126
cmp long/mms1b_l126.pt mirror/$f/mms/lid/mms1b_l126.pt
mkdir wrong
head -c 1000 /dev/zero >wrong/mms1b_l126.pt.part # what is there was another file's
exits 1 fetch mms -o wrong --sums lid/SHA256SUMS --lid 126
test ! -e wrong/mms1b_l126.pt
rm wrong/mms1b_l126.pt.part
fetch mms -o wrong --sums lid/SHA256SUMS --lid 126

echo '--- refused'
exits 1 fetch speechmatrix -o missing fr en
test ! -e missing/pack.json
exits 1 fetch asr -o zoo de
mkdir bin
for tool in bash basename dirname mkdir env; do ln -s "$(command -v $tool)" bin/; done
PATH=$PWD/bin exits 1 fetch mms -o nocurl --lid 126
exits 1 fetch mms --sums no-such-file --lid 126
exits 2 fetch speechmatrix es 2>&1 | sed -n 1p
exits 2 fetch speechmatrix en en 2>&1 | sed -n 1p
exits 2 fetch speechmatrix en xx 2>&1 | sed -n 1p
exits 2 fetch speechmatrix slavic de 2>&1 | sed -n 1p
exits 2 fetch speechmatrix --xm es en 2>&1 | sed -n 1p
exits 2 fetch speechmatrix --gshard slavic de 2>&1 | sed -n 1p
exits 2 fetch speechmatrix all en 2>&1 | sed -n 1p
exits 2 fetch speechmatrix --laser --xm all en 2>&1 | sed -n 1p
exits 2 fetch speechmatrix --dict own.txt es en 2>&1 | sed -n 1p
exits 1 fetch speechmatrix --xm --dict missing.txt all en
exits 2 fetch textless sw 2>&1 | sed -n 1p
exits 2 fetch mms 2>&1 | sed -n 1p
exits 2 fetch mms ../x 2>&1 | sed -n 1p
exits 2 fetch mms --lid 7 2>&1 | sed -n 1p
exits 2 fetch asr xx 2>&1 | sed -n 1p
exits 2 fetch asr -o 2>&1 | sed -n 1p
exits 2 fetch asr --quick en 2>&1 | sed -n 1p
