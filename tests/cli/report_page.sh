# The page of s2st-report in a browser: it loads, every picture is drawn, every player opens its file, no script fails,
# a thousand files are no burden.
command -v chromium >/dev/null || { echo "there is no chromium to look at the page with"; exit 77; }

# look FILE[#HASH] WANTED: the page as it is after its scripts ran, given more time until it has what is WANTED (a busy
# machine draws few frames). Each time a profile of its own: a browser that is still on its way out would be asked to
# show the page, and this one would print nothing.
look() {
	local budget dom
	for budget in 1000 5000 20000 60000; do
		dom=$(HOME=$PWD timeout 300 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
			--user-data-dir="$(mktemp -d profile.XXXXXX)" --autoplay-policy=no-user-gesture-required \
			--virtual-time-budget=$budget --run-all-compositor-stages-before-draw \
			--window-size=1240,1500 --dump-dom "file://$PWD/$1" 2>/dev/null) || true
		[[ $dom != *$2* ]] || break
	done
	printf '%s\n' "$dom"
}
about() { grep -o '<body[^>]*>' | grep -o "data-$1=\"[0-9]*\""; }

pack=models/es-en-demo
mkdir in
cp $pack/samples/*.flac in/
echo 'no audio' >in/broken.wav
exits 1 s2st-translate --pack $pack --json --transcript --report run.jsonl -o out in >results.jsonl 2>errors
exits 1 s2ut-generate --pack $pack --attention-out out/attention in >units 2>>errors
s2st-report out run.jsonl results.jsonl

echo "--- every file"
look 'out/report.html#check' data-broken= >checked
for what in errors files drawn blank players broken; do about $what <checked; done

echo "--- what is in view" # how many files that is, depends on how many frames the browser drew; the first is always
look out/report.html '<canvas' >shown
grep -o 'aria-label="[a-z ]*"' shown | sort -u
grep -o '<dd>[^<]*' shown | head -n 1
grep -o '<p class="reason">[^<]*' shown | cut -c 1-70

echo "--- a thousand"
awk 'BEGIN { for (i = 0; i < 1000; i++)
	printf "{\"id\": \"file %04d\", \"source\": \"in/train.flac\", \"output\": \"out/train.wav\", \"score\": -0.%03d}\n", i, i }' >many.jsonl
s2st-report out many.jsonl -o out/many.html
look out/many.html '<h2' >shown
for what in errors files shown; do about $what <shown; done
test "$(grep -o '<canvas' shown | wc -l)" -lt 40 # those near the window only
test "$(wc -c <out/many.html)" -lt 30000000
