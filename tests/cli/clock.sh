# Clocks that jump: results, the report and --resume do not depend on what time it is.
pack=models/es-en-demo
mkdir in
for i in 0 1 2 3; do wav 1 16000 $((2000 + 1000 * i)) >in/$i.wav; done
touch -d 1970-01-01 in/0.wav
touch -d 2093-07-09 in/1.wav
translate() { s2st-translate -q -j 2 --pack $pack --beam 1 --max-len-b 9 "$@"; }
rows() { sed -E 's/.*("id": "[^"]*").*("status": "[a-z]*").*/\1 \2/' "$1"; }
translate --report whole.jsonl -o whole in

echo '--- files of the past and of the future'
translate --report first.jsonl -o out in
diff -r -x '.s2st-state*' whole out
touch -d 2093-07-09 out/2.wav out/.s2st-state
touch -d 1970-01-01 out/3.wav
translate --resume --report again.jsonl -o out in
rows again.jsonl
echo '--- what has other contents is done, whatever its date says'
touch -r in/3.wav date
wav 1 8000 5000 >in/3.wav # of the same size
touch -r date in/3.wav
touch -d 2093-07-09 in/2.wav
rm again.jsonl
translate --resume --report again.jsonl -o out in
rows again.jsonl

command -v faketime >/dev/null || {
	echo 'faketime is not installed: jumps of the clock within a run are not tested' >&2
	exit 77
}
wav 1 16000 5000 >in/3.wav
# every look at the clock finds it an hour earlier, or ten years later
echo '--- a clock that runs backwards, and one that leaps'
lib=$(dirname "$(dpkg -L libfaketime | grep -m 1 'libfaketimeMT.so')")/libfaketimeMT.so.1
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 # where the tools are built with it
for jump in i-3600.0 i315360000.0; do
	rm -rf out report.jsonl
	LD_PRELOAD=$lib FAKETIME="@2020-01-01 00:00:00 $jump" DONT_FAKE_MONOTONIC=1 translate --report report.jsonl -o out in
	diff -r -x '.s2st-state*' whole out
	sed -E 's/.*"seconds": ([^,]*),.*/\1/' report.jsonl | grep -c '^[0-9]\.[0-9]*$'
	rm report.jsonl
	translate --resume --report report.jsonl -o out in
	rows report.jsonl
done
