# s2st-manifest: mined pairs and test sets to manifests.
show() { for f in "$@"; do echo "$f:"; cat "$f"; done; }

mkdir -p audios prep
# A zip with stored members is what is read of it: their bytes at an offset.
wav 1 16000 16000 >one.wav
wav 1 16000 8000 >two.wav
{ printf 'PK some header '; cat one.wav two.wav; } >audios/en_aud.zip
{ printf 'PK '; cat two.wav one.wav two.wav; } >audios/es_aud.zip
a=$(stat -c %s one.wav) b=$(stat -c %s two.wav)
# in two members, as parallel compressors write
printf 'score\ten_audio\tes_audio\n1.25\ten_aud.zip:15:%d\tes_aud.zip:%d:%d\n' "$a" $((3 + b)) "$a" | gzip -n >en-es.tsv.gz
{
	printf '1.08\ten_aud.zip:15:%d\tes_aud.zip:3:%d\n' "$a" "$b"
	printf '1.09\ten_aud.zip:%d:%d\tes_aud.zip:%d:%d\n' $((15 + a)) "$b" $((3 + a + b)) "$b"
} | gzip -n >>en-es.tsv.gz

echo "--- as published: 1.09 for en-es"
s2st-manifest -v --from pairs en-es.tsv.gz --audio-root audios --targets-out targets.txt -o prep/train.tsv
show prep/train.tsv prep/config.yaml targets.txt

echo "--- the other direction, another threshold, units, a second task"
printf '%s|%s\n' "en_aud_15_$a" '3 1 4' "en_aud_$((15 + a))_$b" '5 9' "es_aud_3_$b" 7 >en.units
printf '%s|%s\n' "es_aud_$((3 + a + b))_$b" '2 2' "es_aud_$((3 + b))_$a" '1 0' "es_aud_3_$b" 8 >es.units
s2st-manifest -v --overwrite --from pairs en-es.tsv.gz --source-lang es --target-lang en --threshold 1.05 --audio-root audios \
	--units en.units --source-units es.units --clusters 3 -o prep/train.tsv
show prep/train.tsv prep/source_unit/train.tsv prep/source_unit/dict.txt prep/config_multitask.yaml

echo "--- for XM"
s2st-manifest --from pairs en-es.tsv.gz --audio-root audios --units es.units --format xm --clusters 2 -o xm.tsv
show xm.tsv config.yaml dict.txt
s2ut-generate -m data/golden/s2ut/pre_norm.pt prep/train.tsv 2>/dev/null | wc -l

echo "--- thresholds"
printf 'id\tsrc_audio\tsrc_n_frames\ttgt_audio\ttgt_n_frames\tscore\nx\ta.zip:1:2\t50\t7 8 9\t3\t1.07\ny\tb\t60\t1\t1\t1.0699\n' >mined.tsv
for pair in en-es es-en cs-en sk-cs hr-lt; do
	s2st-manifest -v --overwrite --from pairs mined.tsv --source-lang ${pair%-*} --target-lang ${pair#*-} -o out.tsv
	tail -n +2 out.tsv
done

echo "--- EuroParl-ST"
mkdir -p epst/es/audios epst/es/en/test
cat one.wav >epst/es/audios/ep-1.wav
printf 'ep-1 0.25 0.75\nep-1 0.50 9.00\nep-1 5.00 6.00\n' >epst/es/en/test/segments.lst
printf 'Two (2) Words!\nA second one.\nThat is not there\n' >epst/es/en/test/segments.en
exits 1 s2st-manifest --from epst epst --source-lang es --target-lang en --audio-out cut -o epst.tsv
show epst.tsv epst.en
ls cut

echo "--- FLEURS"
mkdir -p fleurs/es_419/audio/test fleurs/en_us/test
cat one.wav >fleurs/es_419/audio/test/11.wav
cat two.wav >fleurs/es_419/audio/test/12.wav
cat two.wav >fleurs/en_us/test/21.wav
printf '7\t12.wav\tUno.\tuno\tu n o\t8000\tMALE\n3\t11.wav\tDos.\tdos\td o s\t16000\tMALE\n7\t11.wav\tUno.\tuno\tu n o\t1\tMALE\n' >fleurs/es_419/test.tsv
printf '7\t21.wav\tOne.\tone\to n e\t8000\tMALE\n9\t22.wav\tNo.\tno\tn o\t8000\tMALE\n' >fleurs/en_us/test.tsv
echo '21|4 4 4' >fleurs.units
s2st-manifest --from fleurs fleurs --source-lang es --target-lang en --units fleurs.units -o fleurs.tsv
show fleurs.tsv fleurs.en

echo "--- VoxPopuli"
vp=vp/transcribed_data/es
mkdir -p $vp/2017 $vp/en/2017
cat one.wav >$vp/2017/2017-es_1.ogg
printf 'id\traw_text\n2017-es_1\tuno\n' >$vp/asr_test.tsv
printf 'src_id\tsrc_text\tsrc_speaker_id\ttgt_id\ttgt_text\n2017-es_1\tuno\t1\t2017-en_1\tNumber One\n2017-es_2\tdos\t1\t2017-en_2\ttwo\n' >$vp/en/s2s_ref.tsv
s2st-manifest --from voxpopuli vp --source-lang es --target-lang en -o vp.tsv
show vp.tsv vp.en

echo "--- what cannot be"
exits 2 s2st-manifest --from pairs en-es.tsv.gz
exits 2 s2st-manifest --from pairs mined.tsv -o x.tsv
exits 2 s2st-manifest --from epst epst --source-lang es --target-lang en -o x.tsv
exits 1 s2st-manifest --from pairs mined.tsv --threshold 1 -o out.tsv
exits 1 s2st-manifest --from fleurs fleurs --source-lang es --target-lang de -o x.tsv
exits 1 s2st-manifest --overwrite --from pairs en-es.tsv.gz --audio-root nowhere -o x.tsv
exits 1 s2st-manifest --overwrite --from pairs en-es.tsv.gz --audio-root audios --units fleurs.units -o x.tsv
head -c 80 en-es.tsv.gz >cut.tsv.gz
exits 1 s2st-manifest --overwrite --from pairs cut.tsv.gz --threshold 1 --audio-root audios -o x.tsv
printf 'score\ta\tb\n1.5\taudios/en_aud.zip:99999999:10\ttwo.wav\n' >range.tsv
exits 1 s2st-manifest --overwrite --from pairs range.tsv --threshold 1 -o x.tsv
echo 'no bar' >bad.units
exits 1 s2st-manifest --overwrite --from pairs en-es.tsv.gz --units bad.units -o x.tsv
