# Names of files may hold any byte but NUL and '/': outputs, lines, messages, the report and --resume get them right, or
# say what cannot be.
pack=models/es-en-demo
translate() { s2st-translate -q --pack $pack --beam 1 --max-len-b 9 "$@"; }
# id and status of each line of a report
rows() { sed -E 's/.*("id": .*), "output".*("status": "[a-z]*").*/\1 \2/' "$1"; }
names=(-dash.wav '--report.wav' 'two  words .wav' $'\xc3\xbcber.wav' $'\xff\xfe.wav' $'new\nline.wav' $'tab\there.wav'
	$'cr\r.wav' $'esc\e[31m.wav' 'quote"back\slash.wav' 'bar|bar.wav' '100%s.wav' 'a.zip:0:44.wav' '*.wav' .wav.wav)
folder=$'sub \n\xff'
mkdir -p "in/$folder"
for name in "${names[@]}"; do wav 1 16000 2000 >"in/$name"; done
wav 1 16000 3000 >"in/$folder/-x.wav"
(cd in && find . -name '*.wav' ! -name '.*' -print0 | sort -z) >names

echo '--- a folder'
translate --report report.jsonl -o out -r in
(cd out && find . -name '*.wav' -print0 | sort -z) | cmp - names
rows report.jsonl
rm 'out/*.wav'
translate --resume --report again.jsonl -o out -r in
rows again.jsonl | grep -c skipped
rows again.jsonl | grep done
(cd out && find . -name '*.wav' -print0 | sort -z) | cmp - names
translate --dry-run --resume -o out -r in

echo '--- a list: a line holds all but a line end, and a carriage return in the end'
(cd in && for name in "${names[@]}"; do case $name in *$'\n'*) ;; *) printf '%s\n' "$PWD/$name" ;; esac; done) >list.txt
translate -o listed list.txt
translate -o listed2 - <list.txt
diff -r -x '.s2st-state*' listed listed2
(cd listed && ls -Q)
printf '%s\n' in/*new* >list2.txt
exits 1 translate -o none list2.txt

echo '--- arguments'
pack=../$pack
cd in
translate -o ../args -- -dash.wav --report.wav $'new\nline.wav' $'\xff\xfe.wav'
diff -q ../args/-dash.wav ../out/-dash.wav
exits 2 translate -o ../none -dash.wav
translate -o ./-o.wav ./-dash.wav
rm ./-o.wav
cd ..
pack=${pack#../}
ls -AQ args

echo '--- lines: what cannot stand in one is refused, the others are done'
exits 1 s2ut-generate -q --pack $pack --beam 1 --max-len-b 9 in >units.txt
cut -d '|' -f 1 units.txt | cat -v
vocode -q --pack $pack -o spoken units.txt
(cd spoken && ls -Q)
s2ut-generate -q --json --pack $pack --beam 1 --max-len-b 9 in | sed 's/, "nbest".*//'
exits 1 s2u-quantize -q --pack $pack --format s2ut-manifest -o train.tsv in out
cut -f 1 train.tsv | cat -v
exits 1 speech-lid -q -m data/golden/mms/lid.pt --dict data/golden/mms/lid.dict.lang.txt in | cut -f 1 | cat -v
exits 1 asr-transcribe -q --pack $pack in | cut -f 1 | cat -v

echo '--- messages are lines of their own, whatever is in a name'
mkdir bad
: >bad/$'a\nb\r\e[2J\x7f\xc2\x9b2J.wav'
: >bad/$'\xff.wav'
exits 1 translate -o none bad
